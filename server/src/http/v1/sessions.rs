//! `/sessions`: where the person who asks is signed in. Not for tokens.

use super::{
    super::{
        body::{Params, Segment},
        principal::Principal,
        problem::Reply,
        sign_in::Here,
    },
    List,
};
use crate::state::AppState;
use axum::{Json, extract::State, http::StatusCode};
use holdfast_api::sessions::OwnSession;
use serde::Deserialize;
use utoipa::IntoParams;

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
