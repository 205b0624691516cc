//! The forms behind signing in and proving anew who one is. The pages themselves are the pages' business; this takes what they
//! send. What went wrong goes back as a code, never as words that a link could put into our page.

use super::{
    body::Raw,
    client,
    principal::{find, own_path},
    problem::{Refused, Reply},
    session, session_store,
};
use crate::state::AppState;
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use holdfast_api::{
    Problem,
    passkeys::{FactorsDue, PasskeyAnswer, PasskeyChallengeView},
    passwords::ChangePassword,
    proofs::{Admitted, Proof, Proved},
};
use holdfast_domain::Actor;
use serde_json::Value;
use std::{collections::BTreeMap, convert::Infallible};
use tower_sessions::Session;
use uuid::Uuid;

pub const SIGN_IN: &str = "/sign-in";
pub const CODE: &str = "/sign-in/code";
/// What a key is asked of whoever's password was right, and where its answer goes.
pub const CHALLENGE: &str = "/sign-in/challenge";
pub const PASSKEY: &str = "/sign-in/passkey";
pub const PROVE: &str = "/prove";

/// `POST /sign-in` with `email`, `password` and `next`. Whoever has a second factor is asked for its code on a page of its own.
pub async fn sign_in(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, form) = match read(&state, request).await {
        Ok(read) => read,
        Err(refused) => return refused.into_response(),
    };
    let next = form.next();
    match admit(&mut parts, &state, &form.text("email"), &form.text("password"), None).await {
        Ok(Admitted::Whole(_) | Admitted::WithCode(_)) => Redirect::to(&next).into_response(),
        Ok(Admitted::CodeDue(_)) => Redirect::to(&page(CODE, &next, None)).into_response(),
        Err(refused) => again(SIGN_IN, &next, refused),
    }
}

/// `POST /sign-in/code`, once the password was right.
pub async fn code(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, form) = match read(&state, request).await {
        Ok(read) => read,
        Err(refused) => return refused.into_response(),
    };
    let next = form.next();
    match admit_by_code(&mut parts, &state, &form.text("code")).await {
        Ok(true) => Redirect::to(&next).into_response(),
        Ok(false) => Redirect::to(&page(SIGN_IN, &next, Some("code_late"))).into_response(),
        Err(refused) => again(CODE, &next, refused),
    }
}

/// `POST /sign-in/challenge`, once the password was right: JSON, for the page's script.
pub async fn challenge(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match challenge_waiting(&mut parts, &state).await {
        Ok(challenge) => Json(challenge).into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// `POST /sign-in/passkey` with a key's answer, once the password was right.
pub async fn passkey(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, form) = match read(&state, request).await {
        Ok(read) => read,
        Err(refused) => return refused.into_response(),
    };
    let next = form.next();
    match admit_by_passkey(&mut parts, &state, form.passkey()).await {
        Ok(true) => Redirect::to(&next).into_response(),
        Ok(false) => Redirect::to(&page(SIGN_IN, &next, Some("code_late"))).into_response(),
        Err(refused) => again(CODE, &next, refused),
    }
}

/// `POST /prove` with `password` and `code`, or with `passkey`, and `next`: back to where the proof was asked for.
pub async fn prove(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, form) = match read(&state, request).await {
        Ok(read) => read,
        Err(refused) => return refused.into_response(),
    };
    let next = form.next();
    let passkey = match form.given("passkey") {
        Some(_) => Some(PasskeyAnswer {
            answer: form.passkey(),
            session: here(&mut parts, &state).await,
            page: Some(next.clone()),
        }),
        None => None,
    };
    let proof = Proof { password: form.given("password"), code: form.given("code"), passkey };
    match prove_again(&mut parts, &state, proof).await {
        Ok(_) => Redirect::to(&next).into_response(),
        Err(Refused(problem)) if problem.code == "not_signed_in" => {
            Redirect::to(&page(SIGN_IN, &next, None)).into_response()
        }
        Err(refused) => again(PROVE, &next, refused),
    }
}

/// `POST /sign-out`.
pub async fn sign_out(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match dismiss(&mut parts, &state).await {
        Ok(()) => (FORGET, Redirect::to(SIGN_IN)).into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// Has the browser forget what pages stored. Not its cache, which holds nothing of anybody's.
pub const FORGET: [(&str, &str); 1] = [("clear-site-data", "\"storage\"")];

/// What a form sent. Passwords are not trimmed.
struct Form(BTreeMap<String, String>);

impl Form {
    fn text(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_default()
    }

    fn given(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|text| !text.is_empty()).cloned()
    }

    /// A key's answer, as the page's script wrote it; what cannot be read is none.
    fn passkey(&self) -> Value {
        serde_json::from_str(&self.text("passkey")).unwrap_or_default()
    }

    fn next(&self) -> String {
        own_path(&self.text("next")).unwrap_or("/").to_owned()
    }
}

async fn read(state: &AppState, request: Request) -> Reply<(Parts, Form)> {
    let (parts, body) = request.into_parts();
    let Raw(bytes) = Raw::from_request(Request::from_parts(parts.clone(), body), state).await?;
    let fields = form_urlencoded::parse(&bytes).map(|(name, value)| (name.into_owned(), value.into_owned()));
    Ok((parts, Form(fields.collect())))
}

fn again(path: &str, next: &str, Refused(problem): Refused) -> Response {
    if problem.status >= 500 && problem.code != "factor_unreadable" {
        return Refused(problem).into_response();
    }
    Redirect::to(&page(path, next, Some(&problem.code))).into_response()
}

/// The page with what it leads to and what was refused.
#[must_use]
pub fn page(path: &str, next: &str, refused: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(code) = refused {
        query.append_pair("refused", code);
    }
    if next != "/" {
        query.append_pair("next", next);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Checks the password, and the code where one is sent, and begins a session: one that waits where a code is due.
///
/// # Errors
/// The control plane's refusal, or the session store's.
pub async fn admit(
    parts: &mut Parts,
    state: &AppState,
    email: &str,
    password: &str,
    code: Option<&str>,
) -> Result<Admitted, Refused> {
    let admitted = state.plane.sign_in(email.trim(), password, code, &client::address(parts)).await?;
    let session = session_of(parts, state).await?;
    match admitted {
        Admitted::Whole(person) => {
            session::begin(&session, person, browser(parts), now_by(false, None)).await?;
        }
        Admitted::WithCode(person) => {
            session::begin(&session, person, browser(parts), now_by(true, None)).await?;
        }
        Admitted::CodeDue(person) => session::await_code(&session, person).await?,
    }
    Ok(admitted)
}

fn now_by(second_factor: bool, passkey: Option<Uuid>) -> session::Proven {
    session::Proven { at: holdfast_clock::now(), second_factor, passkey, by: None }
}

/// False: no code is waited for here (any more).
async fn admit_by_code(parts: &mut Parts, state: &AppState, code: &str) -> Result<bool, Refused> {
    let session = session_of(parts, state).await?;
    let Some(person) = session::code_due(&session).await? else { return Ok(false) };
    state.plane.finish_sign_in(person, code, &client::address(parts)).await?;
    session::begin(&session, person, browser(parts), now_by(true, None)).await?;
    Ok(true)
}

async fn challenge_waiting(parts: &mut Parts, state: &AppState) -> Result<PasskeyChallengeView, Refused> {
    let session = session_of(parts, state).await?;
    let Some(person) = session::code_due(&session).await? else { return Err(nobody_waits().into()) };
    let here = here(parts, state).await;
    Ok(state.plane.challenge_sign_in(person, &here, &client::address(parts)).await?)
}

/// False: no key is waited for here (any more).
async fn admit_by_passkey(parts: &mut Parts, state: &AppState, answer: Value) -> Result<bool, Refused> {
    let session = session_of(parts, state).await?;
    let Some(person) = session::code_due(&session).await? else { return Ok(false) };
    let answer = PasskeyAnswer { answer, session: here(parts, state).await, page: None };
    let key = state.plane.finish_sign_in_by_passkey(person, answer, &client::address(parts)).await?;
    session::begin(&session, person, browser(parts), now_by(true, Some(key))).await?;
    Ok(true)
}

fn nobody_waits() -> Problem {
    Problem::new(
        401,
        "code_late",
        "Nothing waits for a key here",
        "No password was right here within the last five minutes.",
        "Sign in again, from the password on.",
    )
}

/// What finishes the sign-in of whoever's password was right here a moment ago; `None`: nobody's was.
///
/// # Errors
/// When the session store or the control plane does not answer.
pub async fn factors_due(parts: &mut Parts, state: &AppState) -> Result<Option<FactorsDue>, Refused> {
    let session = session_of(parts, state).await?;
    match session::code_due(&session).await? {
        Some(person) => Ok(Some(state.plane.factors_due(person).await?)),
        None => Ok(None),
    }
}

/// Takes the proof and makes the session's identity fresh, under a new id.
///
/// # Errors
/// The control plane's refusal, or the session store's.
pub async fn prove_again(parts: &mut Parts, state: &AppState, proof: Proof) -> Result<Proved, Refused> {
    let actor = find(parts, state).await?.ok_or_else(super::problem::not_signed_in)?;
    let proved = state.plane.prove(&actor, proof, &client::address(parts)).await?;
    session::proved(&session_of(parts, state).await?, now_by(proved.second_factor, proved.passkey)).await?;
    Ok(proved)
}

/// Changes the password of whoever asks. Their other sessions end, and this one goes on under a new id.
///
/// # Errors
/// The control plane's refusal, or the session store's.
pub async fn change_password(
    parts: &mut Parts,
    state: &AppState,
    actor: &Actor,
    change: ChangePassword,
) -> Result<u64, Refused> {
    let Ok(Here(here)) = Here::from_request_parts(parts, state).await;
    let ended = state.plane.change_password(actor, change, here.as_deref(), &client::address(parts)).await?;
    session::renew(&session_of(parts, state).await?).await?;
    Ok(ended)
}

/// Ends the session, if there is one.
///
/// # Errors
/// When the store does not answer.
pub async fn dismiss(parts: &mut Parts, state: &AppState) -> Result<(), Refused> {
    let actor = find(parts, state).await?;
    let session = session_of(parts, state).await?;
    if let Some(actor) = actor.filter(|actor| actor.token_scopes.is_none()) {
        state.plane.sign_out(&actor).await?;
    }
    session::end(&session).await
}

pub(super) async fn session_of(parts: &mut Parts, state: &AppState) -> Result<Session, Refused> {
    Session::from_request_parts(parts, state).await.map_err(|_| {
        Problem::new(
            500,
            "no_sessions",
            "Not available",
            "This server keeps no sessions.",
            "Report this as a defect.",
        )
        .into()
    })
}

/// Where a request came from.
#[derive(Debug)]
pub struct Peer(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(client::address(parts)))
    }
}

/// The session that asks, as [`holdfast_api::sessions`] names it; none for a token.
#[derive(Debug)]
pub struct Here(pub Option<String>);

/// The session that asks, by the name that its challenges are kept under.
pub(super) async fn here(parts: &mut Parts, state: &AppState) -> String {
    let Ok(Here(session)) = Here::from_request_parts(parts, state).await;
    session.unwrap_or_default()
}

impl<S: Send + Sync> FromRequestParts<S> for Here {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let session = Session::from_request_parts(parts, state).await.ok();
        Ok(Self(session.and_then(|session| session.id()).map(|id| session_store::shown(&id))))
    }
}

pub(super) fn browser(parts: &Parts) -> session::Browser {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    session::Browser {
        from: client::address(parts),
        agent: agent.unwrap_or_default().chars().take(300).collect(),
    }
}
