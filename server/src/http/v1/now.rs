//! `/now` and `/approvals`: what the first page shows.

use super::{
    super::{principal::Principal, problem::Reply},
    List,
};
use crate::state::AppState;
use axum::{Json, extract::State};
use holdfast_api::{now::NowView, runs::RunSummary};

/// Is anything wrong, is anything moving?
#[utoipa::path(get, path = "/now", tag = "status", responses((status = 200, body = NowView)))]
pub async fn get_now(State(state): State<AppState>, Principal(actor): Principal) -> Reply<Json<NowView>> {
    Ok(Json(state.plane.now(&actor).await?))
}

/// Runs that wait for this person's review.
#[utoipa::path(get, path = "/approvals", tag = "runs", responses((status = 200, body = List<RunSummary>)))]
pub async fn get_approvals(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<RunSummary>>> {
    Ok(Json(List { items: state.plane.approvals(&actor).await? }))
}
