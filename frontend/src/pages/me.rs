//! How whoever looks signs in: the password, the second factor, and where they are signed in. What is secret is shown by the answer that makes it, once.

use crate::components::tone::{Tone, badge};
use crate::components::{parts, time};
use crate::format;
use crate::pages::sign_in::code_field;
use crate::screen::Screen;
use holdfast_api::passkeys::PasskeyView;
use holdfast_api::proofs::{EnrolmentView, FactorsView, RecoveryCodesView};
use holdfast_api::sessions::OwnSession;
use leptos::prelude::*;

pub const PATH: &str = "/me";
/// The form of an app's first code.
pub const CONFIRM: &str = "confirm-codes";
const TITLE: &str = "Your sign-in";

#[must_use]
pub fn page(factors: FactorsView, keys: Vec<PasskeyView>, sessions: Vec<OwnSession>) -> Screen {
    Screen::new(TITLE, PATH, move || {
        let count = format::count(sessions.len(), "session", "sessions");
        view! {
            {head()}
            {factors.password.then(|| parts::card("password", "Password", parts::nothing(), super::password::own(false)))}
            {parts::card("factor", "Second factor", parts::nothing(), factor(&factors))}
            {parts::card("passkeys", "Passkeys and security keys", parts::nothing(), super::passkeys::own(&keys, &factors))}
            {parts::card("sessions", count, parts::nothing(), signed_in(&sessions))}
            <p><a class="btn" href=super::channels::PATH>"How you are told"</a></p>
        }
        .into_any()
    })
}

/// Until they have a password of their own there is nothing else for them here.
#[must_use]
pub fn own_password_due() -> Screen {
    Screen::new(TITLE, PATH, || {
        view! {
            <section class="card sign-in" aria-labelledby="h-due">
                <h1 id="h-due">"Choose a password of your own"</h1>
                <p>"The one that you signed in with was chosen by an administrator. Until you have your own it is good for nothing else, and after 72 hours for nothing at all."</p>
                {super::password::own(true)}
                {sign_out()}
            </section>
        }
        .into_any()
    })
}

/// Until they have one there is nothing else for them here.
#[must_use]
pub fn second_factor_due(factors: FactorsView) -> Screen {
    Screen::new(TITLE, PATH, move || {
        view! {
            {parts::head("Set up a second factor", view! { "A role of yours asks for one beside the password. Set up either of the two; then go on to where you were going." }.into_any(), parts::nothing())}
            {parts::card("factor", "Authenticator app", parts::nothing(), factor(&factors))}
            {parts::card("passkeys", "Passkey or security key", parts::nothing(), super::passkeys::own(&[], &factors))}
            {sign_out()}
        }
        .into_any()
    })
}

/// Where there is no menu that has it.
fn sign_out() -> AnyView {
    view! { <form method="post" action="/sign-out"><button class="btn" type="submit">"Sign out"</button></form> }
        .into_any()
}

fn signed_in(sessions: &[OwnSession]) -> AnyView {
    let head = view! {
        <th scope="col">"Signed in"</th><th scope="col">"From"</th><th scope="col">"Browser"</th><th scope="col">"Last seen"</th>
        <th scope="col"><span class="sr">"End"</span></th>
    };
    let rows = sessions.iter().map(session).collect_view();
    let others = (sessions.len() > 1).then(|| {
        view! {
            <form method="post" action="/me/sessions/end">
                <input type="hidden" name="others" value="true" />
                <button class="btn" type="submit">"Sign out everywhere else"</button>
            </form>
        }
    });
    view! {
        {parts::paired_table("Sessions", head.into_any(), rows.into_any())}
        <div class="verbs">
            {others}
            <form method="post" action="/me/sessions/end"><button class="btn danger" type="submit">"Sign out everywhere"</button></form>
        </div>
    }
    .into_any()
}

fn session(session: &OwnSession) -> AnyView {
    let here = session.current.then(|| badge(Tone::Good, "this one"));
    let end = (!session.current).then(|| {
        let of = session.from.clone().unwrap_or_default();
        view! {
            <form method="post" action=format!("/me/sessions/{}/end", format::encode(&session.id))>
                <button class="btn small danger" type="submit">"End it"<span class="sr">{format!(": from {of}")}</span></button>
            </form>
        }
    });
    let agent =
        session.agent.clone().filter(|agent| !agent.is_empty()).unwrap_or_else(|| "not told".to_owned());
    view! {
        <tr>
            <td>{time::ago(session.signed_in_at)}" "{here}</td>
            {parts::labelled("From", view! { {session.from.clone().unwrap_or_else(|| "not known".to_owned())} }.into_any())}
            <td class="whole"><span class="narrow-label">"Browser"</span>{agent}</td>
            {parts::labelled("Last seen", time::ago(session.last_seen_at))}
            <td class="whole">{end}</td>
        </tr>
    }
    .into_any()
}

/// The only page that shows this secret.
#[must_use]
pub fn begun(shown: EnrolmentView) -> Screen {
    Screen::new(TITLE, PATH, move || {
        let letters: Vec<char> = shown.secret.chars().collect();
        let letters: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
        let words = view! {
            <p>"Add it to an authenticator app now: it is not shown again. Type these letters into the app, or open the link on the device that has it."</p>
            <p><code class="secret">{letters.join(" ")}</code></p>
            <p><a href=shown.uri.clone()>"Open in an authenticator app"</a></p>
            <p><code class="secret uri">{shown.uri.clone()}</code></p>
        };
        view! {
            {head()}
            <div role="status">{parts::callout(Tone::Watch, "The secret of your second factor", words.into_any())}</div>
            {parts::card("factor", "Then prove that it works", parts::nothing(), confirm())}
        }
        .into_any()
    })
    .crumb(TITLE, PATH)
}

/// The only page that shows these codes.
#[must_use]
pub fn recovery_codes(codes: RecoveryCodesView) -> Screen {
    Screen::new(TITLE, PATH, move || {
        let list = codes
            .recovery_codes
            .iter()
            .map(|code| view! { <li><code class="secret">{code.clone()}</code></li> })
            .collect_view();
        let words = view! {
            <p>"Keep them where the app is not: they are not shown again. Each signs you in once when the app is lost."</p>
            <ul class="bare">{list}</ul>
        };
        view! {
            {head()}
            <div role="status">{parts::callout(Tone::Good, "Your codes to recover with", words.into_any())}</div>
            <p><a class="btn" href=PATH>"I have kept them"</a></p>
        }
        .into_any()
    })
    .crumb(TITLE, PATH)
}

fn head() -> AnyView {
    parts::head(TITLE, view! { "What proves that it is you." }.into_any(), parts::nothing())
}

fn confirm() -> AnyView {
    view! {
        <form method="post" action="/me/codes/confirm" class="stack">
            {code_field(true, true)}
            <button class="btn primary" type="submit">"Set the second factor up"</button>
        </form>
    }
    .into_any()
}

fn factor(factors: &FactorsView) -> AnyView {
    let body = match (factors.codes_since, &factors.not_offered) {
        (Some(since), _) => set_up(since, factors.recovery_codes_left),
        (None, Some(why)) => view! { <p>{badge(Tone::Quiet, "not offered")}" "{why.clone()}</p> }.into_any(),
        (None, None) => {
            let waiting = factors.codes_begun.then(|| {
                view! {
                    <p>{badge(Tone::Watch, "begun")}" An app waits for its first code. Its secret was shown once: without it, begin again."</p>
                    {confirm()}
                }
            });
            let words = if factors.codes_begun {
                "Begin again with another secret"
            } else {
                "Set up an authenticator app"
            };
            view! {
                <p>"Codes of an authenticator app on another device. They are asked for beside the password: whoever has only one of the two gets nowhere."</p>
                {waiting}
                <form method="post" action="/me/codes"><button class="btn" type="submit">{words}</button></form>
            }
            .into_any()
        }
    };
    // Beside keys alone too: they are what is left when the key is lost.
    let recovery = (factors.codes_since.is_none() && factors.passkeys > 0)
        .then(|| to_recover(factors.recovery_codes_left));
    view! { <div class="stack">{body}{recovery}</div> }.into_any()
}

fn set_up(since: jiff::Timestamp, left: u32) -> AnyView {
    view! {
        <p>{badge(Tone::Good, "set up")}" An authenticator app, "{time::ago(since)}"."</p>
        {to_recover(left)}
        <form method="post" action="/me/codes/remove"><button class="btn danger" type="submit">"Remove the authenticator app"</button></form>
    }
    .into_any()
}

fn to_recover(left: u32) -> AnyView {
    let tone = if left < 3 { Tone::Watch } else { Tone::Good };
    view! {
        <p>{badge(tone, format!("{left} left"))}" Codes to recover with."</p>
        <form method="post" action="/me/recovery-codes"><button class="btn" type="submit">"Make new codes to recover with"</button></form>
    }
    .into_any()
}
