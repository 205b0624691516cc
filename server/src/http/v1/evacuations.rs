//! `/evacuations`: many applications out of a Region, asked for, approved and carried out as one lot.

use super::super::{
    body::{JsonBody, MaybeJson, Params, Segment},
    principal::Principal,
    problem::Reply,
    repeats,
};
use super::runs::{Because, check_limit};
use crate::state::AppState;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use holdfast_api::{
    Page,
    evacuations::{
        CommittedEvacuation, EvacuationFilter, EvacuationPreview, EvacuationSummary, EvacuationVerb,
        EvacuationView, RequestEvacuation, ReviewEvacuation,
    },
};
use holdfast_domain::{EvacuationId, RegionCode};
use holdfast_failover::Mode;
use holdfast_failover::evacuation::Direction;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those that have not ended.
    #[serde(default)]
    live: bool,
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `planned` (when absent) or `emergency`.
    #[param(value_type = Option<String>)]
    mode: Option<Mode>,
    /// `out` of the Region (when absent), or `home` to it.
    #[param(value_type = Option<String>)]
    direction: Option<Direction>,
    /// As the request has it.
    #[param(minimum = 5, maximum = 86400)]
    commit_within_seconds: Option<u32>,
    /// Codes of guards, separated by commas.
    overrides: Option<String>,
    #[param(minimum = 1, maximum = 64)]
    concurrency: Option<u16>,
    stop_on_failure: Option<bool>,
    #[serde(default)]
    dry_run: bool,
    /// Names, separated by commas; absent: every application with a foot in the Region.
    applications: Option<String>,
}

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// What an evacuation of the Region would do now: who moves, in which order, who is left out and why.
#[utoipa::path(get, path = "/regions/{code}/evacuation", tag = "runs",
    params(("code" = String, Path, description = "Such as `eu-central-1`"), Asked),
    responses((status = 200, body = EvacuationPreview)))]
pub async fn get_evacuation_preview(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(code): Segment<RegionCode>,
    Params(asked): Params<Asked>,
) -> Reply<Json<EvacuationPreview>> {
    let request = RequestEvacuation {
        region: code.to_string(),
        direction: asked.direction.unwrap_or_default(),
        mode: asked.mode.unwrap_or(Mode::Planned),
        commit_within_seconds: asked.commit_within_seconds,
        reason: String::new(),
        incident: None,
        concurrency: asked.concurrency,
        stop_on_failure: asked.stop_on_failure,
        dry_run: asked.dry_run,
        overrides: asked.overrides.as_deref().map(listed).unwrap_or_default(),
        applications: asked.applications.as_deref().map(listed).filter(|named| !named.is_empty()),
        plan_digest: None,
    };
    Ok(Json(state.plane.preview_evacuation(&actor, &request).await?))
}

/// Newest first.
#[utoipa::path(get, path = "/evacuations", tag = "runs", params(Filter),
    responses((status = 200, body = Page<EvacuationSummary>)))]
pub async fn get_evacuations(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(filter): Params<Filter>,
) -> Reply<Json<Page<EvacuationSummary>>> {
    check_limit(filter.limit)?;
    let filter = EvacuationFilter { live: filter.live, cursor: filter.cursor, limit: filter.limit };
    Ok(Json(state.plane.evacuations(&actor, &filter).await?))
}

/// Asks for the evacuation of a Region. It starts when the policies of all its parts are met.
#[utoipa::path(post, path = "/evacuations", tag = "runs", request_body = RequestEvacuation,
    params(("idempotency-key" = String, Header, description = "The same key with the same body answers the first evacuation again")),
    responses((status = 201, body = EvacuationView, headers(("location" = String))),
        (status = 409, description = "`nothing_to_move`, `run_active`, `stale_plan`, `idempotency_key_reused`",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_evacuation(
    State(state): State<AppState>,
    Principal(actor): Principal,
    headers: HeaderMap,
    JsonBody(request): JsonBody<RequestEvacuation>,
) -> Reply<(StatusCode, HeaderMap, Json<EvacuationView>)> {
    let key = repeats::key(&headers)?;
    let view = state.plane.request_evacuation(&actor, request, &key).await?;
    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/evacuations/{}", view.summary.id)) {
        headers.insert(header::LOCATION, location);
    }
    Ok((StatusCode::CREATED, headers, Json(view)))
}

/// Its waves with every run's state, what was left out, who has approved, and its own journal.
#[utoipa::path(get, path = "/evacuations/{id}", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = EvacuationView)))]
pub async fn get_evacuation(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<EvacuationId>,
) -> Reply<Json<EvacuationView>> {
    Ok(Json(state.plane.evacuation(&actor, id).await?))
}

/// Approves or denies the whole lot, exactly as `plan_digest` names it. One denial ends it.
#[utoipa::path(post, path = "/evacuations/{id}/reviews", tag = "runs", params(("id" = String, Path)),
    request_body = ReviewEvacuation,
    responses((status = 200, body = EvacuationView),
        (status = 403, description = "`self_review`, `not_an_approver`, `fresh_identity_needed`, or a token asks",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`stale_plan`, or the evacuation does not wait for approval",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_evacuation_review(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<EvacuationId>,
    JsonBody(review): JsonBody<ReviewEvacuation>,
) -> Reply<Json<EvacuationView>> {
    Ok(Json(state.plane.review_evacuation(&actor, id, review).await?))
}

/// Withdraws one's own approval, until it starts.
#[utoipa::path(delete, path = "/evacuations/{id}/reviews", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = EvacuationView)))]
pub async fn delete_evacuation_review(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<EvacuationId>,
) -> Reply<Json<EvacuationView>> {
    Ok(Json(state.plane.drive_evacuation(&actor, id, EvacuationVerb::Withdraw).await?))
}

/// Starts the lot without the approvals that it waits for, under the break-glass that whoever asks holds open. A person's own
/// session with fresh identity.
#[utoipa::path(post, path = "/evacuations/{id}/break_glass", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = EvacuationView),
        (status = 409, description = "`break_glass_not_open`, or the evacuation does not wait for approval",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_evacuation_break_glass(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<EvacuationId>,
    MaybeJson(_because): MaybeJson<Because>,
) -> Reply<Json<EvacuationView>> {
    Ok(Json(state.plane.drive_evacuation(&actor, id, EvacuationVerb::BreakGlass).await?))
}

/// Says of every run of it that waits for its commit that what it has done stays, each as by its own `commit`; `parts` tells what
/// became of each. Said again it changes nothing. A person's own word: tokens cannot.
#[utoipa::path(post, path = "/evacuations/{id}/commit", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = CommittedEvacuation),
        (status = 403, description = "`person_needed`, `out_of_scope`",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "No part was committed before, and none can be now: `expired`, `break_glass_over`, or none waits for it",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_evacuation_commit(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<EvacuationId>,
    MaybeJson(because): MaybeJson<Because>,
) -> Reply<Json<CommittedEvacuation>> {
    Ok(Json(state.plane.commit_evacuation(&actor, id, because.reason).await?))
}

/// Lets the next waves begin although the last did not go well. A person's word, with fresh identity: tokens cannot.
#[utoipa::path(post, path = "/evacuations/{id}/go_on", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = EvacuationView)))]
pub async fn post_go_on(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<EvacuationId>,
    MaybeJson(because): MaybeJson<Because>,
) -> Reply<Json<EvacuationView>> {
    let verb = EvacuationVerb::GoOn { reason: because.into_reason() };
    Ok(Json(state.plane.drive_evacuation(&actor, id, verb).await?))
}

/// Begins no further part. What is under way goes on as the run that it is.
#[utoipa::path(post, path = "/evacuations/{id}/cancel", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = EvacuationView)))]
pub async fn post_evacuation_cancel(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<EvacuationId>,
    MaybeJson(because): MaybeJson<Because>,
) -> Reply<Json<EvacuationView>> {
    let verb = EvacuationVerb::Cancel { reason: because.into_reason() };
    Ok(Json(state.plane.drive_evacuation(&actor, id, verb).await?))
}
