//! API tokens of whoever looks: what may act in my name, and until when?

use crate::components::tone::{Tone, badge};
use crate::components::{parts, time};
use crate::format;
use crate::screen::{Screen, now, typed};
use holdfast_api::people::TokenView;
use holdfast_domain::Scope;
use leptos::prelude::*;

/// `made`: the token that the form just made, with its secret: this page is the only one that ever shows it.
#[must_use]
pub fn page(tokens: Vec<TokenView>, made: Option<TokenView>) -> Screen {
    Screen::new("Tokens", "/tokens", move || body(&tokens, made.as_ref()))
}

fn body(tokens: &[TokenView], made: Option<&TokenView>) -> AnyView {
    let secret = made.and_then(|t| t.token.clone().map(|secret| (t.name.clone(), secret))).map(|(name, secret)| {
        let words = view! {
            <p>"Copy it now: it is not shown again."</p>
            <p><code class="secret">{secret}</code></p>
        };
        view! { <div role="status">{parts::callout(Tone::Good, format!("The token {name}"), words.into_any())}</div> }
    });
    let list = if tokens.is_empty() {
        parts::empty(
            "No tokens yet",
            view! { "A pipeline or a script acts in your name with one, within its scopes." }.into_any(),
        )
    } else {
        let head = view! {
            <th scope="col">"Name"</th><th scope="col">"Scopes"</th><th scope="col">"Last used"</th><th scope="col">"State"</th>
            <th scope="col"><span class="sr">"Revoke"</span></th>
        };
        let rows = tokens.iter().map(token).collect_view();
        parts::paired_table("API tokens", head.into_any(), rows.into_any())
    };
    view! {
        {parts::head("API tokens", view! { "They act in your name within their scopes, and never approve." }.into_any(), parts::nothing())}
        {secret}
        {parts::card("tokens", format::count(tokens.len(), "token", "tokens"), parts::nothing(), list)}
        {parts::card("add-token", "Make a token", parts::nothing(), add())}
    }
    .into_any()
}

fn token(token: &TokenView) -> AnyView {
    let over = token.expires_at <= now();
    let state = match (token.revoked, over) {
        (true, _) => badge(Tone::Quiet, "revoked"),
        (false, true) => badge(Tone::Quiet, "expired"),
        (false, false) => {
            view! { {badge(Tone::Good, "good")}" for "{time::until(token.expires_at)} }.into_any()
        }
    };
    let revoke = (!token.revoked && !over).then(|| {
        view! {
            <form method="post" action=format!("/tokens/{}/revoke", format::encode(&token.id))>
                <button class="btn small danger" type="submit">{format!("Revoke {}", token.name)}</button>
            </form>
        }
    });
    let within =
        token.within.clone().map(|within| view! { <div class="muted">{format!("within {within}")}</div> });
    view! {
        <tr>
            <td><b>{token.name.clone()}</b></td>
            <td class="whole"><span class="narrow-label">"Scopes"</span>{token.scopes.join(", ")}{within}</td>
            {parts::labelled("Last used", time::ago_or(token.last_used_at, "never"))}
            {parts::labelled("State", state)}
            <td class="whole">{revoke}</td>
        </tr>
    }
    .into_any()
}

fn add() -> AnyView {
    let form = "add-token";
    let scopes = Scope::ALL
        .iter()
        .map(|scope| {
            let name = format!("scope-{}", scope.as_str());
            let id = format!("{form}-{}", scope.as_str().replace(':', "-"));
            let checked = typed(form, &name).is_some();
            view! {
                <span class="check"><input id=id.clone() name=name type="checkbox" value="on" checked=checked /><label for=id><code>{scope.as_str()}</code></label></span>
            }
        })
        .collect_view();
    let days = typed(form, "days").unwrap_or_else(|| "90".to_owned());
    view! {
        <form method="post" action="/tokens" class="stack">
            {parts::text_field(form, "name", "Name", "What it is for.", true)}
            <fieldset class="field"><legend>"Scopes"</legend><div class="checks">{scopes}</div></fieldset>
            {parts::text_field(form, "within", "Only over", "Some applications only, such as team=payments,tier=1. Empty: all that you may yourself.", false)}
            <div class="field">
                <label for="add-token-days">"Days that it lives"</label>
                <input id="add-token-days" name="days" type="number" min="1" max="90" value=days required=true />
            </div>
            <button class="btn primary" type="submit">"Make this token"</button>
        </form>
    }
    .into_any()
}
