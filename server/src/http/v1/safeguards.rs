//! `/automation` and `/freezes`: what holds runs back beside the approvals.

use super::super::{
    body::{JsonBody, Segment},
    principal::Principal,
    problem::Reply,
};
use super::List;
use crate::state::AppState;
use axum::{Json, extract::State, http::StatusCode};
use holdfast_api::safeguards::{AutomationView, DeclareFreeze, FreezeView, SwitchAutomation};
use uuid::Uuid;

/// Whether anything starts that no person asked for.
#[utoipa::path(get, path = "/automation", tag = "safeguards", responses((status = 200, body = AutomationView)))]
pub async fn get_automation(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<AutomationView>> {
    Ok(Json(state.plane.automation(&actor).await?))
}

/// The one switch that stops all automation. For people's own sessions.
#[utoipa::path(put, path = "/automation", tag = "safeguards", request_body = SwitchAutomation,
    responses((status = 200, body = AutomationView)))]
pub async fn put_automation(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(switch): JsonBody<SwitchAutomation>,
) -> Reply<Json<AutomationView>> {
    Ok(Json(state.plane.switch_automation(&actor, switch).await?))
}

/// The change freezes that hold or will; the next to begin first.
#[utoipa::path(get, path = "/freezes", tag = "safeguards", responses((status = 200, body = List<FreezeView>)))]
pub async fn get_freezes(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<FreezeView>>> {
    Ok(Json(List { items: state.plane.freezes(&actor).await? }))
}

/// Declares a time in which nothing is to change. Planned runs then need an override by name. For people's own sessions.
#[utoipa::path(post, path = "/freezes", tag = "safeguards", request_body = DeclareFreeze,
    responses((status = 201, body = FreezeView)))]
pub async fn post_freeze(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(freeze): JsonBody<DeclareFreeze>,
) -> Reply<(StatusCode, Json<FreezeView>)> {
    Ok((StatusCode::CREATED, Json(state.plane.declare_freeze(&actor, freeze).await?)))
}

/// Lifts a freeze before its time. For people's own sessions.
#[utoipa::path(delete, path = "/freezes/{id}", tag = "safeguards",
    params(("id" = String, Path, description = "As the list gives it")), responses((status = 204)))]
pub async fn delete_freeze(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<Uuid>,
) -> Reply<StatusCode> {
    state.plane.lift_freeze(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
