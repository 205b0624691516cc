//! The forms behind the sign-in page. The page itself is the pages' business; this takes what it sends.

use super::{
    body::Raw,
    principal::{find, own_path},
    problem::Refused,
    session,
};
use crate::state::AppState;
use axum::{
    extract::{ConnectInfo, FromRequest, FromRequestParts, Request, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use holdfast_api::Problem;
use holdfast_domain::PersonId;
use std::net::SocketAddr;
use tower_sessions::Session;

/// `POST /sign-in` with `email`, `password` and `next`. What went wrong goes back as a code, never as words that
/// a link could put into our page.
pub async fn sign_in(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let bytes = match Raw::from_request(Request::from_parts(parts.clone(), body), &state).await {
        Ok(Raw(bytes)) => bytes,
        Err(refused) => return refused.into_response(),
    };
    let mut form = Form::default();
    for (name, value) in form_urlencoded::parse(&bytes) {
        match name.as_ref() {
            "email" => form.email = value.into_owned(),
            "password" => form.password = value.into_owned(),
            "next" => form.next = value.into_owned(),
            _ => {}
        }
    }
    let next = own_path(&form.next).unwrap_or("/").to_owned();
    match admit(&mut parts, &state, &form.email, &form.password).await {
        Ok(_) => Redirect::to(&next).into_response(),
        Err(Refused(problem)) if problem.status < 500 => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("refused", &problem.code);
            if next != "/" {
                query.append_pair("next", &next);
            }
            Redirect::to(&format!("/sign-in?{}", query.finish())).into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

/// `POST /sign-out`.
pub async fn sign_out(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match dismiss(&mut parts, &state).await {
        Ok(()) => Redirect::to("/sign-in").into_response(),
        Err(refused) => refused.into_response(),
    }
}

#[derive(Default)]
struct Form {
    email: String,
    password: String,
    next: String,
}

/// Checks the password and begins a session.
///
/// # Errors
/// The control plane's refusal, or the session store's.
pub async fn admit(
    parts: &mut Parts,
    state: &AppState,
    email: &str,
    password: &str,
) -> Result<PersonId, Refused> {
    let person = state.plane.sign_in(email.trim(), password, &peer(parts)).await?;
    let session = session_of(parts, state).await?;
    session::begin(&session, person).await?;
    Ok(person)
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

async fn session_of(parts: &mut Parts, state: &AppState) -> Result<Session, Refused> {
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

/// The address that the connection came from. Forwarding headers are anybody's word and are not read.
fn peer(parts: &Parts) -> String {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or_else(|| "unknown".to_owned(), |peer| peer.0.ip().to_string())
}
