//! Accounts: can Holdfast reach them, and if not, what mends it?

use crate::components::tone::{self, Tone, badge};
use crate::components::{applications, parts, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::Screen;
use holdfast_api::accounts::{AccountView, DiscoveredAccount, PermissionsAnswer, RoleAnswer};
use leptos::prelude::*;

#[must_use]
pub fn page(accounts: Vec<AccountView>, discovered: Vec<DiscoveredAccount>) -> Screen {
    // Not tried yet is as it should be.
    let tried = |answer: &RoleAnswer| (answer.state != "unknown").then(|| tone::role(&answer.state).0);
    let reached =
        accounts.iter().flat_map(|a| std::iter::once(tone::role(&a.read.state).0).chain(tried(&a.act)));
    let mark = reached.chain(accounts.iter().map(allowed)).min().unwrap_or(Tone::Quiet);
    Screen::new("Accounts", "/accounts", move || body(&accounts, &discovered)).mark(mark).live(LOOK_AGAIN)
}

/// The worst that IAM says of an account's roles; quiet while it was not asked.
fn allowed(account: &AccountView) -> Tone {
    account.permissions.iter().map(|p| permission_tone(&p.state)).min().unwrap_or(Tone::Quiet)
}

fn permission_tone(state: &str) -> Tone {
    match state {
        "ok" => Tone::Good,
        "missing" => Tone::Bad,
        _ => Tone::Unknown,
    }
}

fn body(accounts: &[AccountView], discovered: &[DiscoveredAccount]) -> AnyView {
    let list = if accounts.is_empty() {
        parts::empty(
            "No accounts yet",
            view! { "Name them in the inventory file with a read role and an act role, then run "<code>"holdfast apply"</code>". Holdfast then says which external id their trust policies must ask for." }.into_any(),
        )
    } else {
        accounts.iter().map(account).collect_view().into_any()
    };
    view! {
        {parts::head("Accounts", view! { "Each is reached through two roles: one that only reads, and one that only a run's steps assume." }.into_any(), parts::nothing())}
        <div class="stack-cards">{list}{(!discovered.is_empty()).then(|| others(discovered))}</div>
    }
    .into_any()
}

/// Nothing is asked of anybody here: an account without a part in any recovery need not be registered.
fn others(discovered: &[DiscoveredAccount]) -> AnyView {
    let rows = discovered
        .iter()
        .map(|account| {
            let status = match account.status.as_str() {
                "ACTIVE" => "active".to_owned(),
                other => format::plain(&other.to_lowercase()),
            };
            view! {
                <tr>
                    <td><b>{account.name.clone()}</b></td>
                    {parts::labelled("Account", view! { <code>{account.id.clone()}</code> }.into_any())}
                    {parts::labelled("State", view! { {status} }.into_any())}
                    <td class="whole"><span class="narrow-label">"Told by"</span>{format!("{}, ", account.told_by)}{time::ago(account.seen_at)}</td>
                </tr>
            }
        })
        .collect_view();
    let head = view! { <th scope="col">"Name"</th><th scope="col">"Account"</th><th scope="col">"State"</th><th scope="col">"Told by"</th> };
    let body = view! {
        <p class="muted lead">"The organization has these too. Whatever takes part in a recovery should be named in the inventory; the rest need not."</p>
        {parts::paired_table("Accounts that are not in the inventory", head.into_any(), rows.into_any())}
    };
    let count = view! { {format::count(discovered.len(), "account", "accounts")} };
    parts::card("discovered", "Not in the inventory", count.into_any(), body.into_any())
}

fn account(account: &AccountView) -> AnyView {
    let used = account
        .applications
        .iter()
        .map(|name| view! { <a href=applications::href(name)>{name.clone()}</a>" " })
        .collect_view();
    let used = if account.applications.is_empty() {
        view! { <span class="muted">"no application"</span> }.into_any()
    } else {
        used.into_any()
    };
    let external = account
        .external_id
        .clone()
        .map_or_else(|| badge(Tone::Unknown, "none yet"), |id| view! { <code>{id}</code> }.into_any());
    let key = format!("account-{}", account.id);
    let told = |role: &str| account.permissions.iter().find(|p| p.role == role);
    view! {
        <section class="card" data-live=key.clone() aria-labelledby=format!("h-{key}")>
            <header><h2 id=format!("h-{key}")>{account.name.clone()}</h2><div class="aside"><code>{account.id.clone()}</code></div></header>
            <div class="grid halves">
                {role("Read role", "used by every look", &account.read_role_arn, &account.read, told("read"))}
                {role("Act role", "a run's steps alone act with it", &account.act_role_arn, &account.act, told("act"))}
            </div>
            <table class="plain pairs apart-table">
                <tbody>
                    <tr><th scope="row">"External id"</th><td>{external}<span class="muted">" · both trust policies must ask for it; it is no secret"</span></td></tr>
                    <tr><th scope="row">{format::count(account.applications.len(), "application", "applications")}</th><td class="names">{used}</td></tr>
                </tbody>
            </table>
        </section>
    }
    .into_any()
}

/// What IAM says that the role may do; nothing while it was not asked.
fn permissions(answer: &PermissionsAnswer) -> AnyView {
    let tone = permission_tone(&answer.state);
    let word = match answer.state.as_str() {
        "ok" => "may do all that was asked".to_owned(),
        "missing" => format!("lacks {}", format::count(answer.missing.len(), "action", "actions")),
        _ => "permissions not known".to_owned(),
    };
    let missing =
        answer.missing.iter().map(|action| view! { <code>{action.clone()}</code>" " }).collect_view();
    let missing = (!answer.missing.is_empty()).then(|| view! { <p class="small">{missing}</p> });
    let reason = answer.reason.clone().map(|r| view! { <p class="muted">{parts::prose(&r)}</p> });
    let way_out = answer.way_out.clone().map(|w| view! { <p class="way-out">{parts::prose(&w)}</p> });
    view! {
        <p>{badge(tone, word)}<span class="muted">", "{time::ago(answer.at)}</span></p>
        {missing}
        {reason}
        {way_out}
    }
    .into_any()
}

fn role(
    name: &'static str,
    means: &'static str,
    arn: &str,
    answer: &RoleAnswer,
    told: Option<&PermissionsAnswer>,
) -> AnyView {
    let (tone, word) = tone::role(&answer.state);
    let at = answer.at.map(|at| view! { <span class="muted">", "{time::ago(at)}</span> });
    let identity =
        answer.identity.clone().map(|i| view! { <p class="small muted">"as "<code>{i}</code></p> });
    let trust = match answer.demands_external_id {
        // The pair below names the id; that it is asked for is as it should be.
        Some(true) => Some(view! { <p class="small muted">"refuses whoever lacks its external id"</p> }.into_any()),
        Some(false) => Some(parts::callout(
            Tone::Bad,
            "Open to anybody who knows its ARN",
            view! {
                <p>"It can be assumed without its external id. Runs that would use it are refused."</p>
                <p class="way-out">"Let its trust policy demand the external id below (infra/member-account.yaml does), and refresh an application that uses it."</p>
            }
            .into_any(),
        )),
        None => None,
    };
    let reason = answer.reason.clone().map(|r| view! { <p>{parts::prose(&r)}</p> });
    let way_out = answer.way_out.clone().map(|w| view! { <p class="way-out">{parts::prose(&w)}</p> });
    // Only what is to be mended stands out; that nobody has asked yet is as it should be.
    let mend = match (tone, reason.is_some() || way_out.is_some()) {
        (_, false) => None,
        (Tone::Bad, true) => {
            Some(parts::callout(tone, "What to mend", view! { {reason}{way_out} }.into_any()))
        }
        (_, true) => Some(view! { <div class="muted">{reason}{way_out}</div> }.into_any()),
    };
    view! {
        <div class="role">
            <h3>{name}<span class="means">{format!(", {means}")}</span></h3>
            <p>{badge(tone, word)}{at}</p>
            {mend}
            {trust}
            {told.map(permissions)}
            <p class="small"><code>{arn.to_owned()}</code></p>
            {identity}
        </div>
    }
    .into_any()
}
