//! `/session/password`: the password of the person who asks.

use super::super::{
    body::JsonBody,
    principal::find,
    problem::{ProblemBody, Reply, not_signed_in},
    sign_in::change_password,
};
use crate::state::AppState;
use axum::{
    Json,
    extract::{FromRequest, Request, State},
};
use holdfast_api::passwords::ChangePassword;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    #[schema(format = Password)]
    present: String,
    /// 12 to 256 characters, and none of those that are guessed first.
    #[schema(format = Password)]
    new: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordChanged {
    /// How many other sessions of the person ended.
    sessions_ended: u64,
}

/// Changes one's own password by the present one. Every other session of one's own ends, and this one goes on under another cookie.
#[utoipa::path(put, path = "/session/password", tag = "session", request_body = PasswordChange, responses(
    (status = 200, body = PasswordChanged, headers(("set-cookie" = String, description = "`__Host-holdfast`, in place of the one that was sent"))),
    (status = 401, description = "`password_refused`: the present password is not right", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`no_password`: the person signs in by the identity provider alone", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn put_password(State(state): State<AppState>, request: Request) -> Reply<Json<PasswordChanged>> {
    let (mut parts, body) = request.into_parts();
    let actor = find(&mut parts, &state).await?.ok_or_else(not_signed_in)?;
    let again = Request::from_parts(parts.clone(), body);
    let JsonBody(PasswordChange { present, new }) = JsonBody::from_request(again, &state).await?;
    let change = ChangePassword { present, new };
    let sessions_ended = change_password(&mut parts, &state, &actor, change).await?;
    Ok(Json(PasswordChanged { sessions_ended }))
}
