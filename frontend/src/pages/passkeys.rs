//! Passkeys and security keys: one's own, those of somebody else for whoever may take them away, and the form that a key answers.
//! Only a script can ask a key: without it the form stays hidden and says what there is instead.

use crate::components::tone::{Tone, badge};
use crate::components::{parts, time};
use crate::format;
use crate::screen::{Assets, Screen, typed};
use holdfast_api::passkeys::PasskeyView;
use holdfast_api::people::PersonView;
use holdfast_api::proofs::FactorsView;
use leptos::prelude::*;

/// The form of a new key, and of its name.
pub const ADD: &str = "add-passkey";
pub const RENAME: &str = "rename-passkey";
const SCRIPT: &str = "passkey.js";

/// The page of somebody's keys.
#[must_use]
pub fn of_href(person: &str) -> String {
    format!("/people/{}/passkeys", format::encode(person))
}

/// What a form wants of a key, and where it is sent with the answer.
pub(super) struct Asking {
    /// `create` or `get`, of `navigator.credentials`.
    pub what: &'static str,
    /// Where the challenge comes from.
    pub challenge: &'static str,
    /// What the proof is for, where it is for something.
    pub page: Option<String>,
    pub action: &'static str,
    pub fields: AnyView,
    pub words: &'static str,
    /// What is said where no script runs.
    pub without: &'static str,
}

pub(super) fn asking(asking: Asking) -> AnyView {
    let Asking { what, challenge, page, action, fields, words, without } = asking;
    let script = use_context::<Assets>().map(|assets| assets.get(SCRIPT)).filter(|url| !url.is_empty());
    let script = script.map(|url| view! { <script type="module" src=url></script> });
    view! {
        <form method="post" action=action class="stack" hidden data-passkey=what data-challenge=challenge data-page=page>
            {fields}
            <input type="hidden" name="passkey" value="" />
            <p class="said" role="alert" data-said="" hidden></p>
            <button class="btn primary" type="submit">{words}</button>
        </form>
        <noscript><p class="muted hint">{without}</p></noscript>
        {script}
    }
    .into_any()
}

/// One's own, on the page of one's sign-in.
pub(super) fn own(keys: &[PasskeyView], factors: &FactorsView) -> AnyView {
    let list = if keys.is_empty() {
        view! { <p>"A passkey of this device or phone, or a security key. It is asked for beside the password, proves anew who you are by itself, and answers to this address alone."</p> }.into_any()
    } else {
        table(keys, own_verbs)
    };
    let add = match &factors.passkeys_not_offered {
        Some(why) => view! { <p>{badge(Tone::Quiet, "not offered")}" "{why.clone()}</p> }.into_any(),
        None => add(),
    };
    view! { <div class="stack">{list}{add}</div> }.into_any()
}

fn add() -> AnyView {
    asking(Asking {
        what: "create",
        challenge: "/api/v1/session/passkeys/challenge",
        page: None,
        action: "/me/passkeys",
        fields: parts::text_field(
            ADD,
            "name",
            "Name of the key",
            "Which one it is, such as: the blue one on my ring.",
            true,
        ),
        words: "Register a key",
        without: "A key is registered by a script, and scripts are off in this browser. An authenticator app works without.",
    })
}

fn table(keys: &[PasskeyView], verbs: impl Fn(&PasskeyView) -> AnyView) -> AnyView {
    let head = view! {
        <th scope="col">"Key"</th><th scope="col">"Registered"</th><th scope="col">"Last used"</th><th scope="col">"Kept"</th>
        <th scope="col"><span class="sr">"Change"</span></th>
    };
    let rows = keys.iter().map(|key| line(key, verbs(key))).collect_view();
    parts::paired_table("Passkeys and security keys", head.into_any(), rows.into_any())
}

fn line(key: &PasskeyView, verbs: AnyView) -> AnyView {
    let kept = if key.backed_up {
        badge(Tone::Watch, "copied elsewhere too")
    } else {
        badge(Tone::Good, "in one place")
    };
    view! {
        <tr>
            <td><b>{key.name.clone()}</b></td>
            {parts::labelled("Registered", time::ago(key.added_at))}
            {parts::labelled("Last used", time::ago_or(key.last_used_at, "never"))}
            {parts::labelled("Kept", kept)}
            <td class="whole">{verbs}</td>
        </tr>
    }
    .into_any()
}

fn own_verbs(key: &PasskeyView) -> AnyView {
    let path = format!("/me/passkeys/{}", key.id);
    let form = format!("{RENAME}-{}", key.id);
    let id = format!("{form}-name");
    let name = typed(&form, "name").unwrap_or_else(|| key.name.clone());
    let body = view! {
        <form method="post" action=format!("{path}/name") class="stack">
            <div class="field">
                <label for=id.clone()>"Name of the key"</label>
                <input id=id name="name" type="text" value=name required maxlength="100" autocomplete="off" />
            </div>
            <button class="btn" type="submit">{format!("Rename {}", key.name)}</button>
        </form>
        <div class="apart verbs-down">
            <form method="post" action=format!("{path}/remove")>
                <button class="btn danger" type="submit">{format!("Remove {}", key.name)}</button>
            </form>
        </div>
    };
    let summary = view! { "Change…"<span class="sr">{format!(" {}", key.name)}</span> }.into_any();
    parts::fold(form.clone(), typed(&form, "name").is_some(), "plain-fold", summary, body.into_any())
}

/// `own`: whoever looks is that person, who removes their keys on their own page.
#[must_use]
pub fn of_somebody(person: PersonView, keys: Vec<PasskeyView>, own: bool) -> Screen {
    Screen::new(format!("Keys of {}", person.email), "/people", move || {
        let count = format::count(keys.len(), "key", "keys");
        let under = "What they prove with that it is them. Take away what they have lost; it proves nothing from then on.";
        let list = if keys.is_empty() {
            parts::empty("No keys", view! { "They register them on their own page." }.into_any())
        } else {
            table(&keys, |key| if own { parts::nothing() } else { take_away(key, &person.id) })
        };
        view! {
            {parts::head(format!("Keys of {}", person.email), view! { {under} }.into_any(), parts::nothing())}
            {parts::card("passkeys", count, parts::nothing(), list)}
        }
        .into_any()
    })
    .crumb("People", "/people")
}

fn take_away(key: &PasskeyView, person: &str) -> AnyView {
    view! {
        <form method="post" action=format!("{}/{}/remove", of_href(person), key.id)>
            <button class="btn small danger" type="submit">{format!("Take away {}", key.name)}</button>
        </form>
    }
    .into_any()
}
