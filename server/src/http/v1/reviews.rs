//! `/runs/{id}/reviews`: approve, deny, withdraw. For people's own sessions; tokens cannot approve.

use super::super::{
    body::{JsonBody, Segment},
    principal::Principal,
    problem::Reply,
};
use crate::state::AppState;
use axum::{Json, extract::State};
use holdfast_api::runs::{ReviewRun, RunVerb, RunView};
use holdfast_domain::RunId;

/// Approves or denies exactly what `plan_digest` names. The last approval starts the run, one denial ends it.
#[utoipa::path(post, path = "/runs/{id}/reviews", tag = "runs", params(("id" = String, Path)),
    request_body = ReviewRun,
    responses((status = 200, body = RunView),
        (status = 403, description = "`self_review`, `not_an_approver`, `fresh_identity_needed`, or a token asks",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`stale_plan`, or the run does not wait for approval",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_review(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    JsonBody(review): JsonBody<ReviewRun>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.review_run(&actor, id, review).await?))
}

/// Withdraws one's own approval, until the run starts.
#[utoipa::path(delete, path = "/runs/{id}/reviews", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = RunView)))]
pub async fn delete_review(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::Withdraw).await?))
}
