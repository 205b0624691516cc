//! To the identity provider and back. A failure leads to the page that it was begun on, with a code: accounts that are kept here
//! go on working whatever the provider does.

use super::{
    client,
    pages::{
        cookies,
        query::{Asked, Fields, Sent},
    },
    principal::{find, own_path},
    problem::{Refused, unknown_path},
    session,
    sign_in::{PROVE, SIGN_IN, browser, page, session_of},
};
use crate::{
    oidc::{Answered, Back, Failure, Provider, Purpose},
    state::AppState,
};
use axum::{
    extract::{FromRequest as _, Request, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use holdfast_api::{
    Problem,
    federation::{self, NotTaken, Vouched},
};
use holdfast_store::BegunBy;
use jiff::Timestamp;

/// Ours to leave by; the provider sends people back to [`CALLBACK`].
pub const LEAVE: &str = "/sign-in/provider";
pub const CALLBACK: &str = "/sign-in/provider/callback";
/// Where the provider itself, by no browser, says that somebody is signed out there.
pub const LOGOUT: &str = "/sign-in/provider/logout";
/// What the browser keeps meanwhile.
const COOKIE: &str = "__Host-holdfast-provider";
const KEPT_SECONDS: u32 = 600;

/// `GET /sign-in/provider?next=…`, with `for=prove` to prove anew who one is.
pub async fn leave(State(state): State<AppState>, Asked(asked): Asked) -> Response {
    let next = own_path(&asked.text("next")).unwrap_or("/").to_owned();
    let (purpose, from) =
        if asked.text("for") == "prove" { (Purpose::Prove, PROVE) } else { (Purpose::SignIn, SIGN_IN) };
    let Some(provider) = &state.site.provider else {
        return Redirect::to(&page(from, &next, Some("no_provider"))).into_response();
    };
    match provider.leave(&next, purpose).await {
        Ok(leaving) => {
            let mut response = Redirect::to(&leaving.to).into_response();
            if let Some(cookie) = cookies::set(COOKIE, &leaving.kept, KEPT_SECONDS) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(failure) => failed(&failure, from, &next),
    }
}

/// `GET /sign-in/provider/callback`.
pub async fn come_back(State(state): State<AppState>, mut parts: Parts, Asked(asked): Asked) -> Response {
    let mut response = arrived(&state, &mut parts, &asked).await;
    // It is good for one way back.
    if let Some(cookie) = cookies::remove(COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

async fn arrived(state: &AppState, parts: &mut Parts, asked: &Fields) -> Response {
    let Some(provider) = &state.site.provider else {
        return Redirect::to(&page(SIGN_IN, "/", Some("no_provider"))).into_response();
    };
    let kept = cookies::read(&parts.headers, COOKIE).map(str::to_owned);
    let answered = Answered {
        code: asked.get("code"),
        state: asked.get("state"),
        error: asked.get("error"),
        issuer: asked.get("iss"),
    };
    let Back { vouched, next, purpose } = match provider.come_back(kept.as_deref(), answered).await {
        Ok(back) => back,
        Err(failure) => {
            return match not_taken(state, provider, "session.sign_in", &failure, parts).await {
                Ok(()) => failed(&failure, SIGN_IN, "/"),
                // As everywhere: a refusal that cannot be written down is not told either.
                Err(refused) => refused.into_response(),
            };
        }
    };
    let (done, from) = match purpose {
        Purpose::SignIn => (begin(state, parts, vouched).await, SIGN_IN),
        Purpose::Prove => (prove(state, parts, vouched).await, PROVE),
    };
    match done {
        Ok(()) => Redirect::to(&next).into_response(),
        Err(Refused(problem)) if problem.status < 500 => {
            Redirect::to(&page(from, &next, Some(&problem.code))).into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

/// `POST /sign-in/provider/logout` with `logout_token`. There is no session to it: what it says is signed.
pub async fn signed_out(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let sent = match Sent::from_request(Request::from_parts(parts.clone(), body), &state).await {
        Ok(Sent(sent)) => sent,
        Err(refused) => return refused,
    };
    match sign_out(&state, &parts, &sent.text("logout_token")).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn sign_out(state: &AppState, parts: &Parts, token: &str) -> Result<(), Refused> {
    let Some(provider) = &state.site.provider else { return Err(unknown_path(LOGOUT).into()) };
    match provider.signed_out(token).await {
        Ok(word) => {
            state.plane.sign_out_by_provider(word, &client::address(parts)).await?;
            Ok(())
        }
        Err(failure) => {
            not_taken(state, provider, federation::SIGN_OUT, &failure, parts).await?;
            Err(match failure.not_taken() {
                Some(_) => not_believed(),
                None => unreachable(),
            }
            .into())
        }
    }
}

fn not_believed() -> Problem {
    Problem::new(
        400,
        "provider_not_believed",
        "Not taken",
        "The logout token is not one of the identity provider's for this server, or no longer.",
        "The audit log says why.",
    )
}

fn unreachable() -> Problem {
    Problem::new(
        503,
        "provider_unreachable",
        "Not now",
        "The identity provider's keys cannot be had, so that its word cannot be told from another's.",
        "Send it again in a moment.",
    )
}

async fn begin(state: &AppState, parts: &mut Parts, vouched: Vouched) -> Result<(), Refused> {
    // Fresh identity is what the person gave the provider, and when: an older sign-in there proves nothing here and now.
    let proved_at = vouched.authenticated_at.unwrap_or(Timestamp::UNIX_EPOCH).min(holdfast_clock::now());
    let by = BegunBy { issuer: vouched.issuer.clone(), session: vouched.session.clone() };
    let person = state.plane.sign_in_by_provider(vouched, &client::address(parts)).await?;
    let session = session_of(parts, state).await?;
    session::begin(&session, person, browser(parts), vouched_for(proved_at, Some(by))).await.map(drop)
}

async fn prove(state: &AppState, parts: &mut Parts, vouched: Vouched) -> Result<(), Refused> {
    let actor = find(parts, state).await?.ok_or_else(super::problem::not_signed_in)?;
    let proved_at = vouched.authenticated_at.unwrap_or(Timestamp::UNIX_EPOCH).min(holdfast_clock::now());
    state.plane.prove_by_provider(&actor, vouched, &client::address(parts)).await?;
    session::proved(&session_of(parts, state).await?, vouched_for(proved_at, None)).await
}

/// What the provider asked of them is its own business: no second factor was checked here.
fn vouched_for(at: Timestamp, by: Option<BegunBy>) -> session::Proven {
    session::Proven { at, second_factor: false, passkey: None, by }
}

/// Writes down that something that came as the provider's word was not taken.
async fn not_taken(
    state: &AppState,
    provider: &Provider,
    action: &str,
    failure: &Failure,
    parts: &Parts,
) -> Result<(), Refused> {
    let Some(why) = failure.not_taken() else { return Ok(()) };
    let from = client::address(parts);
    let word = NotTaken { issuer: provider.issuer(), action, code: failure.code(), why, from: &from };
    Ok(state.plane.provider_not_taken(word).await?)
}

fn failed(failure: &Failure, from: &str, next: &str) -> Response {
    match failure {
        Failure::Unreachable(why) | Failure::NotBelieved(why) | Failure::TooWeak(why) => {
            tracing::warn!(code = failure.code(), why, "nobody signed in by the identity provider");
        }
        Failure::Refused(_) | Failure::NotAwaited => {}
    }
    Redirect::to(&page(from, next, Some(failure.code()))).into_response()
}
