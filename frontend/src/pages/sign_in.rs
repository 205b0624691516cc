//! Sign-in, and proving again who one is. The answer to a wrong address and to a wrong password is the same.

use crate::components::parts;
use crate::components::tone::Tone;
use crate::screen::{Screen, typed};
use leptos::prelude::*;

/// `next`: the path to go to afterwards. `failed`: what the last attempt was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignIn {
    pub next: String,
    pub failed: Option<String>,
    pub email: String,
    pub demo: bool,
}

#[must_use]
pub fn page(sign_in: SignIn) -> Screen {
    Screen::new("Sign in", "/sign-in", move || {
        let SignIn { next, failed, email, demo } = sign_in;
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
                {demo}
            </section>
        }
        .into_any()
    })
}
