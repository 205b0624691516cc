//! Proving anew who one is, before what is not done on an old sign-in. It leads back to where the proof was asked for.

use crate::components::parts;
use crate::components::tone::Tone;
use crate::format;
use crate::pages::passkeys::{Asking, asking};
use crate::pages::sign_in::{by_provider, code_field, refusal_of_code, refusal_of_provider};
use crate::screen::Screen;
use holdfast_api::proofs::FactorsView;
use leptos::prelude::*;

pub const PATH: &str = "/prove";

/// `provider`: what the identity provider is called, where there is one. `next`: the path to go to afterwards. `refused`: the code of what the last attempt was told.
#[must_use]
pub fn page(factors: FactorsView, next: String, refused: Option<String>, provider: Option<String>) -> Screen {
    Screen::new("Prove who you are", PATH, move || {
        let (app, keys) = (factors.codes_since.is_some(), factors.passkeys > 0);
        let has_codes = factors.password && (app || keys);
        let by_key =
            (factors.password && keys && factors.passkeys_not_offered.is_none()).then(|| by_key(&next));
        let failed = refused.map(|code| {
            let words = match code.as_str() {
                "sign_in_refused" => "The password is not right.",
                "sign_in_locked" => "There were too many wrong passwords. Wait fifteen minutes.",
                other => refusal_of_provider(other).unwrap_or_else(|| refusal_of_code(other)),
            };
            view! { <div role="alert">{parts::callout(Tone::Bad, "Not proved", view! { <p>{words}</p> }.into_any())}</div> }
        });
        let by_provider =
            provider.filter(|_| factors.provider).map(|name| by_provider(&name, &next, Some("prove")));
        let body = if factors.password || has_codes {
            let focus = !keys;
            let password = factors.password.then(|| {
                view! {
                    <div class="field">
                        <label for="password">"Password"</label>
                        <input id="password" name="password" type="password" required maxlength="1000" autocomplete="current-password" autofocus=focus />
                    </div>
                }
            });
            let code = has_codes.then(|| code_field(!factors.password, app));
            let class = if by_key.is_some() { "btn" } else { "btn primary" };
            view! {
                <form method="post" action=PATH class="stack">
                    <input type="hidden" name="next" value=format::own_path(&next) />
                    {password}
                    {code}
                    <button class=class type="submit">"Prove who you are"</button>
                </form>
            }
            .into_any()
        } else if by_provider.is_some() {
            view! { <p>"Your identity provider asks you anew who you are, and sends you back here."</p> }
                .into_any()
        } else {
            view! { <p>"There is neither a password nor a second factor of yours here: sign out, and sign in again."</p> }.into_any()
        };
        let under = view! { "Good for five minutes. It is asked for before anything is approved, started, overridden or escalated, and before people, policies or tokens change." };
        view! {
            {parts::head("Prove who you are", under.into_any(), parts::nothing())}
            {failed}
            {parts::card("prove", "Your proof", parts::nothing(), view! { <div class="stack">{by_key}{body}{by_provider}</div> }.into_any())}
        }
        .into_any()
    })
}

/// A key alone proves it: it makes sure of its holder itself. What it is for is kept with what it is asked.
fn by_key(next: &str) -> AnyView {
    let next = format::own_path(next);
    asking(Asking {
        what: "get",
        challenge: "/api/v1/session/proof/challenge",
        page: Some(next.clone()),
        action: PATH,
        fields: view! { <input type="hidden" name="next" value=next /> }.into_any(),
        words: "Prove it with a passkey",
        without: "A key is asked by a script, and scripts are off in this browser: use your password and a code.",
    })
}
