//! Sign-in: the password, then the code or the key of whoever has a second factor. The answer to a wrong address and to a wrong password
//! is the same.

use crate::components::parts;
use crate::components::tone::Tone;
use crate::pages::passkeys::{Asking, asking};
use crate::screen::{Screen, typed};
use holdfast_api::passkeys::FactorsDue;
use leptos::prelude::*;

/// `next`: the path to go to afterwards. `failed`: what the last attempt was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignIn {
    pub next: String,
    pub failed: Option<String>,
    pub email: String,
    pub demo: bool,
    /// What the identity provider is called, where there is one.
    pub provider: Option<String>,
}

/// The second half. `refused`: the code of what the last attempt was told. `due`: what the person has.
#[must_use]
pub fn code_page(next: String, refused: Option<String>, due: FactorsDue) -> Screen {
    Screen::new("Sign in", "/sign-in", move || {
        let failed = refused.map(|code| {
            let why = refusal_of_code(&code);
            view! { <div role="alert">{parts::callout(Tone::Bad, "Not signed in", view! { <p>{why}</p> }.into_any())}</div> }
        });
        let class = if due.passkeys { "btn" } else { "btn primary" };
        let anew = crate::format::query("/sign-in", &[("next", Some(&crate::format::own_path(&next)))]);
        view! {
            <section class="card sign-in" aria-labelledby="h-sign-in">
                <h1 id="h-sign-in">"Your second factor"</h1>
                {failed}
                {due.passkeys.then(|| by_key(&next))}
                <form method="post" action="/sign-in/code" class="stack">
                    <input type="hidden" name="next" value=crate::format::own_path(&next) />
                    {code_field(!due.passkeys, due.codes)}
                    <button class=class type="submit">"Sign in to Holdfast"</button>
                </form>
                <p class="muted hint"><a href=anew>"Begin again"</a></p>
            </section>
        }
        .into_any()
    })
}

fn by_key(next: &str) -> AnyView {
    let next = crate::format::own_path(next);
    asking(Asking {
        what: "get",
        challenge: "/sign-in/challenge",
        page: None,
        action: "/sign-in/passkey",
        fields: view! { <input type="hidden" name="next" value=next /> }.into_any(),
        words: "Use a passkey",
        without: "A key is asked by a script, and scripts are off in this browser: use a code.",
    })
}

/// The way to the identity provider: a link, since a form may lead nowhere but here.
pub(super) fn by_provider(name: &str, next: &str, purpose: Option<&str>) -> AnyView {
    let next = crate::format::own_path(next);
    let href = crate::format::query("/sign-in/provider", &[("next", Some(&next)), ("for", purpose)]);
    let words = if purpose.is_some() { "Prove it with" } else { "Sign in with" };
    view! { <p><a class="btn" href=href>{format!("{words} {name}")}</a></p> }.into_any()
}

/// What went wrong at the identity provider, by its code; `None`: it was something else.
#[must_use]
pub fn refusal_of_provider(code: &str) -> Option<&'static str> {
    Some(match code {
        "provider_unreachable" => {
            "The identity provider does not answer. Accounts that are kept here work: sign in by password."
        }
        "provider_refused" => "The identity provider did not let you in.",
        "provider_not_awaited" => {
            "This browser was not waiting for that answer, or it came too late. Begin again."
        }
        "provider_not_believed" => {
            "What the identity provider sent does not prove who you are. An administrator finds the reason in the log."
        }
        "provider_too_weak" => {
            "The identity provider asked less of you than Holdfast wants it to. Sign in there in a stronger way, with a second factor or a key; which ways count stands in Holdfast's configuration (oidc.acr_values, oidc.amr)."
        }
        "no_provider" => "This server has no identity provider.",
        "no_role" => {
            "None of your groups at the identity provider gives you a role in Holdfast. Ask whoever keeps the groups."
        }
        "no_address" => "The identity provider gave no verified e-mail address of yours.",
        "address_taken" => {
            "Your address is that of an account that is kept here, and alone does not prove that it is yours. An admin can link the two."
        }
        "person_disabled" => "You have been shut out of Holdfast. An admin can let you in again.",
        "somebody_else" => "The identity provider vouched for somebody else than who is signed in here.",
        "not_proved_anew" => "The identity provider did not have you prove anew who you are.",
        _ => return None,
    })
}

/// The field for a code of an authenticator app, where there is one, or for one to recover with.
pub(super) fn code_field(autofocus: bool, app: bool) -> AnyView {
    let hint = if app {
        "The six digits that your authenticator app shows now, or one of your codes to recover with."
    } else {
        "One of your codes to recover with, which you were shown when you registered your first key."
    };
    view! {
        <div class="field">
            <label for="code">"Code"</label>
            <input id="code" name="code" type="text" required maxlength="40" autocomplete="one-time-code" inputmode="text" spellcheck="false" aria-describedby="code-hint" autofocus=autofocus />
            <span class="hint" id="code-hint">{hint}</span>
        </div>
    }
    .into_any()
}

/// In words, what stands behind the code of a refusal; a link can put no others into the page.
pub(super) fn refusal_of_code(code: &str) -> &'static str {
    match code {
        "code_locked" => "There were too many wrong codes. Wait fifteen minutes.",
        "passkey_refused" => "The key's answer is not right. Try again, or use a code.",
        "passkey_count_went_back" => {
            "The key says that it has signed less often than it had before: there may be a copy of it. Use another second factor, remove this key, and tell your administrator."
        }
        "challenge_gone" => {
            "What the key was asked was answered already, or more than five minutes ago. Try again."
        }
        "challenge_for_something_else" => {
            "The key was asked for another page than this one. Begin again from the page that you want to go on with."
        }
        "passkeys_not_offered" => "No key is asked at this server's address. Use a code.",
        "invalid" => "What came was not the answer of a key. Try again, or use a code.",
        "proof_incomplete" => "Something is missing: fill in every field.",
        "factor_unreadable" => {
            "This server cannot check codes of the app now. A code to recover with works; an administrator finds the reason in the log."
        }
        _ => "The code is not the one of now, or it was used already. Wait for the next one.",
    }
}

#[must_use]
pub fn page(sign_in: SignIn) -> Screen {
    Screen::new("Sign in", "/sign-in", move || {
        let SignIn { next, failed, email, demo, provider } = sign_in;
        let provider = provider.map(|name| by_provider(&name, &next, None));
        let email = typed("sign-in", "email").unwrap_or(email);
        let failed = failed.map(|why| {
            view! { <div role="alert">{parts::callout(Tone::Bad, "Not signed in", view! { <p>{why}</p> }.into_any())}</div> }
        });
        let demo = demo.then(|| {
            view! {
                <p class="muted hint">
                    "This is the demonstration: its people and their passwords stand in "<code>"people.json"</code>
                    " in its data folder, and the terminal that started it says where that is."
                </p>
            }
        });
        view! {
            <section class="card sign-in" aria-labelledby="h-sign-in">
                <h1 id="h-sign-in">"Sign in"</h1>
                {failed}
                <form method="post" action="/sign-in" class="stack">
                    <input type="hidden" name="next" value=crate::format::own_path(&next) />
                    <div class="field">
                        <label for="email">"E-mail"</label>
                        <input id="email" name="email" type="email" required maxlength="254" autocomplete="username" value=email autofocus />
                    </div>
                    <div class="field">
                        <label for="password">"Password"</label>
                        <input id="password" name="password" type="password" required maxlength="1000" autocomplete="current-password" />
                    </div>
                    <button class="btn primary" type="submit">"Sign in to Holdfast"</button>
                </form>
                {provider}
                {demo}
            </section>
        }
        .into_any()
    })
}
