//! People and groups: who is there, and whose approvals count? For admins.

use crate::components::tone::{Tone, badge};
use crate::components::{parts, time};
use crate::format;
use crate::pages::{calls, passkeys};
use crate::screen::{Screen, typed};
use holdfast_api::people::{GroupView, PersonView};
use holdfast_api::version;
use holdfast_domain::Role;
use leptos::prelude::*;

pub const PATH: &str = "/people";
/// The form's name.
pub const SIGN_EVERYBODY_OUT: &str = "sign-everybody-out";

/// `me`: the e-mail address of whoever looks; nobody changes their own rights, of whichever account.
#[must_use]
pub fn page(people: Vec<PersonView>, groups: Vec<GroupView>, me: String) -> Screen {
    Screen::new("People", PATH, move || body(&people, &groups, &me))
}

fn body(people: &[PersonView], groups: &[GroupView], me: &str) -> AnyView {
    let list = people.iter().map(|p| person(p, me)).collect_view();
    let head = view! {
        <th scope="col">"E-mail"</th><th scope="col">"Roles"</th><th scope="col">"Groups"</th><th scope="col">"State"</th>
        <th scope="col"><span class="sr">"Change"</span></th>
    };
    let group_list = if groups.is_empty() {
        parts::empty(
            "No groups yet",
            view! { "A policy's rules name groups; they are made here or by the inventory file." }.into_any(),
        )
    } else {
        let head = view! { <th scope="col">"Group"</th><th scope="col">"Members"</th><th scope="col"><span class="sr">"Change"</span></th> };
        let rows = groups.iter().map(group).collect_view();
        parts::paired_table("Groups", head.into_any(), rows.into_any())
    };
    view! {
        {parts::head("People", view! { "Who can sign in, what they may do, and whose approvals count." }.into_any(), parts::nothing())}
        {parts::card("people", format::count(people.len(), "person", "people"), parts::nothing(), parts::paired_table("People", head.into_any(), list.into_any()))}
        <div class="grid halves">
            {parts::card("add-person", "Add a person", parts::nothing(), add_person())}
            {parts::card("add-group", "Add a group", parts::nothing(), add_group())}
        </div>
        {parts::card("groups", format::count(groups.len(), "group", "groups"), parts::nothing(), group_list)}
        {parts::card("sign-out", "When something has got out", parts::nothing(), sign_everybody_out())}
    }
    .into_any()
}

fn person(person: &PersonView, me: &str) -> AnyView {
    let (tone, word) = if person.disabled { (Tone::Quiet, "disabled") } else { (Tone::Good, "active") };
    let temporary = person.temporary_password_until.filter(|_| !person.disabled).map(|at| {
        view! { " "{badge(Tone::Watch, "to choose a password")}" "{time::until(at)} }
    });
    let others = (!person.other_accounts.is_empty())
        .then(|| view! { <p class="hint">{format!("Also {}", person.other_accounts.join(", "))}</p> });
    let groups = if person.groups.is_empty() { "–".to_owned() } else { person.groups.join(", ") };
    let own = person.email == me || person.other_accounts.iter().any(|other| other == me);
    view! {
        <tr>
            <td><b>{person.email.clone()}</b>{others}</td>
            {parts::labelled("Roles", view! { {person.roles.join(" · ")} }.into_any())}
            {parts::labelled("Groups", view! { {groups} }.into_any())}
            {parts::labelled("State", view! { {badge(tone, word)}{temporary} }.into_any())}
            <td class="whole">{change(person, own)}</td>
        </tr>
    }
    .into_any()
}

/// The roles as boxes to tick; `chosen` unless the form was just refused.
fn roles(form: &str, chosen: &[String]) -> AnyView {
    let retyped = typed(form, "email").is_some();
    let boxes = Role::ALL
        .iter()
        .map(|role| {
            let name = format!("role-{}", role.as_str());
            let id = format!("{form}-{name}");
            let was = chosen.iter().any(|c| c == role.as_str());
            let checked = if retyped { typed(form, &name).is_some() } else { was };
            view! {
                <span class="check"><input id=id.clone() name=name type="checkbox" value="on" checked=checked /><label for=id>{role.as_str()}</label></span>
            }
        })
        .collect_view();
    view! { <fieldset class="field"><legend>"Roles"</legend><div class="checks">{boxes}</div></fieldset> }
        .into_any()
}

/// What is no box to tick: roles over some applications only.
fn scoped(form: &str, held: &[String]) -> AnyView {
    let stored: Vec<&str> = held.iter().map(String::as_str).filter(|role| role.contains(':')).collect();
    let hint = "Such as operator:team=payments,tier=1; by application, tier, team or environment. Separated by blanks.";
    filled(form, "scoped_roles", "Roles over some applications only", hint, &stored.join(" "))
}

fn filled(form: &str, name: &'static str, label: &'static str, hint: &'static str, stored: &str) -> AnyView {
    let id = format!("{form}-{name}");
    let value = typed(form, name).unwrap_or_else(|| stored.to_owned());
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id.clone() name=name type="text" value=value maxlength="2000" autocomplete="off" aria-describedby=format!("{id}-hint") />
            <span class="hint" id=format!("{id}-hint")>{hint}</span>
        </div>
    }
    .into_any()
}

fn password(form: &str, label: &'static str) -> AnyView {
    let id = format!("{form}-password");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id.clone() name="password" type="password" autocomplete="new-password" maxlength="256" aria-describedby=format!("{id}-hint") />
            <span class="hint" id=format!("{id}-hint")>"At least 12 characters of any kind, and none of the common ones. They choose their own with it at their sign-in, within 72 hours."</span>
        </div>
    }
    .into_any()
}

fn change(person: &PersonView, own: bool) -> AnyView {
    let form = format!("person-{}", person.id);
    let path = format!("/people/{}", format::encode(&person.id));
    let (email, tag) = (person.email.clone(), version::of_person(person));
    let edit = (!own).then(|| {
        view! {
            <form method="post" action=path.clone() class="stack">
                <input type="hidden" name="if_match" value=tag.clone() />
                <input type="hidden" name="email" value=email.clone() />
                {roles(&form, &person.roles)}
                {scoped(&form, &person.roles)}
                {filled(&form, "groups", "Groups", "Separated by commas; made if need be.", &person.groups.join(", "))}
                {filled(&form, "same_person_as", "Another account of theirs", "Its e-mail address. For approvals they count as one person.", person.other_accounts.first().map_or("", String::as_str))}
                {password(&form, "New password")}
                <button class="btn" type="submit">{format!("Change {email}")}</button>
            </form>
        }
    });
    let note = own.then(|| view! { <p class="hint">"Nobody changes their own roles or groups. Your password is changed on "<a href=super::me::PATH>"the page of your sign-in"</a>"."</p> });
    let (state, words, class) = if person.disabled {
        ("enable", "Let in again", "btn")
    } else {
        ("disable", "Disable", "btn danger")
    };
    let switch = (!own).then(|| {
        view! {
            <form method="post" action=format!("{path}/{state}")>
                <input type="hidden" name="if_match" value=tag />
                <button class=class type="submit">{format!("{words}: {email}")}</button>
            </form>
        }
    });
    let called = view! { <p><a class="target" href=calls::href("person", &person.email)>{format!("What was called in AWS for {}", person.email)}</a></p> };
    let keys = view! { <p><a class="target" href=passkeys::of_href(&person.id)>{format!("Keys of {}", person.email)}</a></p> };
    let reset = (!own).then(|| {
        view! {
            <form method="post" action=format!("{path}/reset-factor")>
                <button class="btn danger" type="submit">{format!("Take the second factor away: {}", person.email)}</button>
            </form>
        }
    });
    let body = view! {
        {edit}
        {note}
        <div class="apart verbs-down">{switch}{reset}</div>
        {called}
        {keys}
    }
    .into_any();
    let summary = view! { "Change…"<span class="sr">{format!(" {}", person.email)}</span> }.into_any();
    parts::fold(form.clone(), typed(&form, "email").is_some(), "plain-fold", summary, body)
}

/// Folded away, and confirmed by a word: nobody is to come upon it by accident in an incident.
fn sign_everybody_out() -> AnyView {
    let form = SIGN_EVERYBODY_OUT;
    let body = view! {
        <form method="post" action="/people/sign-out" class="stack">
            <p>"Every session of every person ends at once, on every server, yours too; open pages stop hearing of anything. Whoever works now signs in again and goes on: no run stops for it. API tokens stay: they are revoked by their owners, or by disabling them."</p>
            {parts::text_field(form, "confirm", "To confirm", "Type everybody.", true)}
            <button class="btn danger" type="submit">"Sign everybody out"</button>
        </form>
    }
    .into_any();
    let summary = view! { "End everybody's sessions…" }.into_any();
    parts::fold(form.to_owned(), typed(form, "confirm").is_some(), "plain-fold", summary, body)
}

fn add_person() -> AnyView {
    let form = "add-person";
    view! {
        <form method="post" action="/people" class="stack">
            {parts::text_field(form, "email", "E-mail", "What they sign in with.", true)}
            {roles(form, &[])}
            {scoped(form, &[])}
            {filled(form, "groups", "Groups", "Separated by commas; made if need be.", "")}
            {password(form, "Password")}
            <button class="btn primary" type="submit">"Add this person"</button>
        </form>
    }
    .into_any()
}

fn add_group() -> AnyView {
    let form = "add-group";
    view! {
        <form method="post" action="/groups" class="stack">
            {parts::text_field(form, "name", "Name", "Small letters, digits and hyphens.", true)}
            {parts::text_field(form, "description", "What it is for", "", false)}
            {filled(form, "members", "Members", "E-mail addresses, separated by commas.", "")}
            <button class="btn primary" type="submit">"Add this group"</button>
        </form>
    }
    .into_any()
}

fn group(group: &GroupView) -> AnyView {
    let form = format!("group-{}", group.name);
    let described = group.description.clone().map(|d| view! { <div class="muted">{d}</div> });
    let members = if group.members.is_empty() {
        badge(Tone::Watch, "nobody: it cannot approve")
    } else {
        view! { {group.members.join(", ")} }.into_any()
    };
    let body = view! {
        <form method="post" action=format!("/groups/{}", format::encode(&group.name)) class="stack">
            <input type="hidden" name="if_match" value=version::of_group(group) />
            {filled(&form, "description", "What it is for", "", group.description.as_deref().unwrap_or_default())}
            {filled(&form, "members", "Members", "E-mail addresses, separated by commas.", &group.members.join(", "))}
            <button class="btn" type="submit">{format!("Change {}", group.name)}</button>
        </form>
    }
    .into_any();
    let summary = view! { "Change…"<span class="sr">{format!(" {}", group.name)}</span> }.into_any();
    view! {
        <tr>
            <td><b>{group.name.clone()}</b>{described}</td>
            <td class="whole"><span class="narrow-label">"Members"</span>{members}</td>
            <td class="whole">{parts::fold(form.clone(), typed(&form, "members").is_some(), "plain-fold", summary, body)}</td>
        </tr>
    }
    .into_any()
}
