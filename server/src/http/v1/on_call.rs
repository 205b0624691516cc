//! `/on_call`: who is on call for each team, its schedule, and who takes it over for a time.

use super::{
    super::{
        body::{JsonBody, Segment, Segments},
        principal::Principal,
        problem::Reply,
    },
    List,
};
use crate::state::AppState;
use axum::{Json, extract::State, http::StatusCode};
use holdfast_api::on_call::{NewOverride, OnCallView, PutOnCall};
use holdfast_domain::Name;
use uuid::Uuid;

/// Who is on call now and next, by team. `state: unknown` says that a calendar could not be read lately.
#[utoipa::path(get, path = "/on_call", tag = "people", responses((status = 200, body = List<OnCallView>)))]
pub async fn get_on_call(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<OnCallView>>> {
    Ok(Json(List { items: state.plane.on_call(&actor).await? }))
}

/// Makes or replaces a team's schedule: people who take turns, or a calendar elsewhere, whose address is sealed. The team is a group
/// that approves, or the owner of applications. For people's own sessions.
#[utoipa::path(put, path = "/on_call/{name}", tag = "people", request_body = PutOnCall,
    params(("name" = String, Path, description = "The team")),
    responses((status = 200, body = OnCallView)))]
pub async fn put_on_call(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(team): Segment<Name>,
    JsonBody(put): JsonBody<PutOnCall>,
) -> Reply<Json<OnCallView>> {
    Ok(Json(state.plane.put_on_call(&actor, &team, put).await?))
}

/// The team has nobody on call any more: all of it hears at once. For people's own sessions.
#[utoipa::path(delete, path = "/on_call/{name}", tag = "people",
    params(("name" = String, Path, description = "The team")),
    responses((status = 204, description = "Removed, with its overrides")))]
pub async fn delete_on_call(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(team): Segment<Name>,
) -> Reply<StatusCode> {
    state.plane.remove_on_call(&actor, &team).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody takes the duty over for a time. For people's own sessions.
#[utoipa::path(post, path = "/on_call/{name}/overrides", tag = "people", request_body = NewOverride,
    params(("name" = String, Path, description = "The team")),
    responses((status = 201, body = OnCallView)))]
pub async fn post_override(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(team): Segment<Name>,
    JsonBody(new): JsonBody<NewOverride>,
) -> Reply<(StatusCode, Json<OnCallView>)> {
    Ok((StatusCode::CREATED, Json(state.plane.override_on_call(&actor, &team, new).await?)))
}

/// Ends it before its time. For people's own sessions.
#[utoipa::path(delete, path = "/on_call/{name}/overrides/{id}", tag = "people",
    params(("name" = String, Path, description = "The team"), ("id" = String, Path, description = "As the list gives it")),
    responses((status = 200, body = OnCallView)))]
pub async fn delete_override(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(team, id): Segments<Name, Uuid>,
) -> Reply<Json<OnCallView>> {
    Ok(Json(state.plane.end_override(&actor, &team, id).await?))
}
