//! Who asks: a bearer token or a browser's session, in that order. Pages send strangers to sign in, REST answers
//! 401. What they may do is decided by the control plane, not here.

use super::{
    observe::RequestId,
    problem::{Refused, not_signed_in},
    session::{self, SignedIn},
};
use crate::state::{AppState, Wakeup};
use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, Method, Uri, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use holdfast_api::{Answer, Problem};
use holdfast_domain::Actor;
use std::time::{Duration, Instant};
use tower_sessions::Session;

/// A request from somebody who is known.
#[derive(Debug, Clone)]
pub struct Principal(pub Actor);

/// Somebody whom a layer before the handler has found already, as an extension of the request.
#[derive(Debug, Clone)]
pub struct Known(pub Actor);

impl FromRequestParts<AppState> for Principal {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let path =
            parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.clone(), |uri| uri.0.clone());
        let for_machines = path.path().starts_with("/api/") || path.path() == "/metrics";
        match find(parts, state).await {
            Ok(Some(actor)) => Ok(Self(actor)),
            Ok(None) if for_machines => Err(Refused(not_signed_in()).into_response()),
            Ok(None) => {
                let back = if parts.method == Method::GET {
                    path.path_and_query().map_or("/", |whole| whole.as_str()).to_owned()
                } else {
                    referring_path(&parts.headers)
                };
                Err(Redirect::to(&sign_in_path(&back)).into_response())
            }
            Err(refused) => Err(refused.into_response()),
        }
    }
}

/// How often a stream looks by itself whether it may go on: news of a session's end may be lost with a connection.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Somebody to whom a stream is open, for as long as what they opened it with is good.
#[derive(Debug, Clone)]
pub struct Listener {
    pub actor: Actor,
    by: By,
}

#[derive(Debug, Clone)]
enum By {
    Session(Session),
    Token(String),
}

impl FromRequestParts<AppState> for Listener {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let Principal(actor) = Principal::from_request_parts(parts, state).await?;
        if let Some(due) = actor.due {
            return Err(Refused(Problem::first(due)).into_response());
        }
        let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let by = match token.and_then(bearer) {
            Some(token) => By::Token(token.to_owned()),
            None => By::Session(
                Session::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?,
            ),
        };
        Ok(Self { actor, by })
    }
}

impl Listener {
    /// Whether the session or the token is still good, and may what it might when the stream was opened. Whoever loses a role
    /// is signed out, but their tokens live on with less. A database that does not answer ends no stream.
    pub async fn may_go_on(&self, state: &AppState) -> bool {
        let person = self.actor.person;
        match &self.by {
            By::Token(token) => match state.plane.actor_of_token(token).await {
                Ok(actor) => Actor { request: self.actor.request, ..actor } == self.actor,
                Err(problem) => problem.status >= 500,
            },
            By::Session(session) => match session::stands(session, person).await {
                Ok(None) => false,
                Ok(Some(signed_in)) => match actor_of(state, signed_in).await {
                    Ok(actor) => actor.due.is_none(),
                    Err(problem) => problem.status >= 500,
                },
                Err(_) => true,
            },
        }
    }

    /// Whether the news may be about the end of it.
    #[must_use]
    pub fn concerns(&self, news: &Wakeup) -> bool {
        match news {
            Wakeup::Person(id) => *id == self.actor.person,
            Wakeup::Everything => true,
            Wakeup::Run(_) | Wakeup::Application(_) => false,
        }
    }
}

/// Whoever asks, or nobody; counted as one request of theirs.
///
/// # Errors
/// When the token is not known, sessions cannot be read, or they ask too often.
pub async fn find(parts: &mut Parts, state: &AppState) -> Result<Option<Actor>, Refused> {
    if let Some(Known(actor)) = parts.extensions.get::<Known>() {
        return Ok(Some(actor.clone()));
    }
    let found = who(parts, state).await?;
    if let Some(actor) = &found {
        state.pace.take(actor, Instant::now())?;
    }
    Ok(found)
}

/// Whoever asks, or nobody. A bearer token that is not accepted is refused even beside a good session.
///
/// # Errors
/// When the token is not known, or sessions cannot be read.
pub async fn who(parts: &mut Parts, state: &AppState) -> Result<Option<Actor>, Refused> {
    let request = parts.extensions.get::<RequestId>().map(|RequestId(id)| *id);
    Ok(known(parts, state).await?.map(|actor| Actor { request, ..actor }))
}

async fn known(parts: &mut Parts, state: &AppState) -> Result<Option<Actor>, Refused> {
    if let Some(header) = parts.headers.get(header::AUTHORIZATION) {
        let token = header.to_str().ok().and_then(bearer).ok_or_else(not_signed_in)?;
        return Ok(Some(state.plane.actor_of_token(token).await?));
    }
    let Ok(session) = Session::from_request_parts(parts, state).await else { return Ok(None) };
    let Some(signed_in) = session::current(&session).await? else { return Ok(None) };
    match actor_of(state, signed_in).await {
        Ok(actor) => Ok(Some(actor)),
        // The person was disabled since: their session is over.
        Err(problem) if problem.status == 401 => {
            session::end(&session).await?;
            Ok(None)
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Who a session's person is now, and with what they proved it.
async fn actor_of(state: &AppState, signed_in: SignedIn) -> Answer<Actor> {
    let actor = state.plane.actor_of_session(signed_in.person, Some(signed_in.proved_at)).await?;
    // What a password owes is nothing of a sign-in that had none.
    let due = actor.due.filter(|_| signed_in.begun_by.is_none());
    Ok(Actor { second_factor: signed_in.second_factor, passkey: signed_in.passkey, due, ..actor })
}

/// RFC 6750, 2.1; the scheme's case does not matter.
#[must_use]
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// `/sign-in?next=…`, coming back to `path` where it is one of ours.
#[must_use]
pub fn sign_in_path(path: &str) -> String {
    match own_path(path) {
        Some("/") | None => "/sign-in".to_owned(),
        Some(path) => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", path).finish();
            format!("/sign-in?{query}")
        }
    }
}

/// The path if a browser that is sent there stays here. `//host` and `/\host` lead elsewhere, and browsers drop
/// tabs and line ends before they look.
#[must_use]
pub fn own_path(path: &str) -> Option<&str> {
    let own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.len() <= 2_000
        && !path.chars().any(char::is_control)
        && !path.starts_with("/sign-in")
        && !path.starts_with("/sign-out")
        && !path.starts_with("/prove");
    own.then_some(path)
}

/// Where a form was sent from, so that signing in leads back to it.
fn referring_path(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let uri = referer.and_then(|text| text.parse::<Uri>().ok());
    uri.as_ref().and_then(Uri::path_and_query).map_or("/", |whole| whole.as_str()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_to_another_site() {
        for path in ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "", "x"]
        {
            assert_eq!(own_path(path), None, "{path:?}");
        }
        assert_eq!(own_path("/runs?state=running"), Some("/runs?state=running"));
    }

    #[test]
    fn a_path_to_come_back_to_is_kept_whole() {
        assert_eq!(
            sign_in_path("/runs?state=running&x=1"),
            "/sign-in?next=%2Fruns%3Fstate%3Drunning%26x%3D1"
        );
        assert_eq!(sign_in_path("/sign-in?next=/sign-in"), "/sign-in");
    }

    #[test]
    fn a_bearer_token_is_read_in_any_case() {
        assert_eq!(bearer("bearer hf_x"), Some("hf_x"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer "), None);
    }
}
