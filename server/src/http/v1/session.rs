//! `/session`: signing in and out by REST. A session's cookie and the sign-in page's are the same.

use super::super::{
    body::JsonBody,
    principal::Principal,
    problem::Reply,
    sign_in::{admit, dismiss},
};
use crate::state::AppState;
use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use holdfast_api::Problem;
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub email: String,
    #[schema(format = Password)]
    pub password: String,
    /// A second factor; people have none in this version.
    #[serde(default)]
    pub code: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    pub person: String,
    pub email: String,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    /// The scopes of the API token that asks; absent for a person's own session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Approving needs this to be less than five minutes ago.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub identity_proved_at: Option<Timestamp>,
}

impl From<Actor> for SessionView {
    fn from(actor: Actor) -> Self {
        Self {
            person: actor.person.to_string(),
            email: actor.email,
            roles: actor.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            groups: actor.groups.iter().map(ToString::to_string).collect(),
            scopes: actor
                .token_scopes
                .map(|scopes| scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
            identity_proved_at: actor.identity_proved_at,
        }
    }
}

/// Who is asking.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionView)))]
pub async fn get_session(Principal(actor): Principal) -> Json<SessionView> {
    Json(actor.into())
}

/// Signs a person in: sets the session's cookie. Fresh identity for five minutes.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn, responses(
    (status = 200, body = SessionView, headers(("set-cookie" = String, description = "`__Host-holdfast`"))),
    (status = 401, description = "Unknown address or wrong password", body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures: the account's door is closed for a while", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_session(State(state): State<AppState>, request: Request) -> Reply<Json<SessionView>> {
    let (mut parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), body);
    let JsonBody(sign_in) = JsonBody::<SignIn>::from_request(again, &state).await?;
    if sign_in.code.as_deref().is_some_and(|code| !code.is_empty()) {
        return Err(Problem::bad_field(
            "code",
            "people have no second factor in this version",
            "Leave `code` out.",
        )
        .into());
    }
    let person = admit(&mut parts, &state, &sign_in.email, &sign_in.password).await?;
    let actor = state.plane.actor_of_session(person, Some(Timestamp::now())).await?;
    Ok(Json(actor.into()))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204, description = "Signed out")))]
pub async fn delete_session(
    State(state): State<AppState>,
    Principal(_actor): Principal,
    request: Request,
) -> Reply<StatusCode> {
    let (mut parts, _) = request.into_parts();
    dismiss(&mut parts, &state).await?;
    Ok(StatusCode::NO_CONTENT)
}
