//! `/sessions`: where the person who asks is signed in; and `/people/sign_out`, which ends everybody's. Not for tokens.

use super::{
    super::{
        body::{JsonBody, Params, Segment},
        principal::Principal,
        problem::Reply,
        sign_in::Here,
    },
    List,
};
use crate::state::AppState;
use axum::{Json, extract::State, http::StatusCode};
use holdfast_api::sessions::OwnSession;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// All but the one that asks.
    #[serde(default)]
    others: bool,
}

/// Where one is signed in.
#[utoipa::path(get, path = "/sessions", tag = "session", responses((status = 200, body = List<OwnSession>)))]
pub async fn get_sessions(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Here(current): Here,
) -> Reply<Json<List<OwnSession>>> {
    Ok(Json(List { items: state.plane.own_sessions(&actor, current.as_deref()).await? }))
}

/// Ends one: at once, everywhere, and its open streams with it.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "session",
    params(("id" = String, Path, description = "As `GET /sessions` has it")),
    responses((status = 204, description = "Ended")))]
pub async fn delete_session_of(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
) -> Reply<StatusCode> {
    state.plane.end_session(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs out everywhere.
#[utoipa::path(delete, path = "/sessions", tag = "session", params(Which),
    responses((status = 204, description = "Ended")))]
pub async fn delete_sessions(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Here(current): Here,
    Params(which): Params<Which>,
) -> Reply<StatusCode> {
    let but = current.filter(|_| which.others);
    state.plane.end_sessions(&actor, but.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignEverybodyOut {
    /// `everybody`.
    confirm: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EverybodySignedOut {
    pub sessions_ended: u64,
}

/// Signs everybody out, oneself too: at once, on every server, and open streams end with it. For admins, on a fresh proof. API tokens stay.
#[utoipa::path(post, path = "/people/sign_out", tag = "people", request_body = SignEverybodyOut,
    responses((status = 200, body = EverybodySignedOut)))]
pub async fn post_sign_everybody_out(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(SignEverybodyOut { confirm }): JsonBody<SignEverybodyOut>,
) -> Reply<Json<EverybodySignedOut>> {
    let sessions_ended = state.plane.end_everybodys_sessions(&actor, &confirm).await?;
    Ok(Json(EverybodySignedOut { sessions_ended }))
}
