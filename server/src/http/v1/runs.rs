//! `/runs`: request, read, drive.

use super::super::{
    body::{JsonBody, MaybeJson, Params, Segment, Segments},
    principal::Principal,
    problem::Reply,
    repeats,
};
use crate::state::AppState;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use holdfast_api::{
    Page, Problem,
    runs::{
        AbortReview, AbortRun, EscalateRun, EscalationReview, RequestRun, RunFilter, RunSummary, RunVerb,
        RunView,
    },
};
use holdfast_domain::{RunId, StepId};
use holdfast_failover::{DrillKind, Intent, Mode};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const MOST_AT_ONCE: u32 = 500;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    application: Option<String>,
    /// Such as `running`.
    state: Option<String>,
    /// Only those that have not ended.
    #[serde(default)]
    live: bool,
    /// Only those that nobody drives because workers crashed on them.
    #[serde(default)]
    set_aside: bool,
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// What is asked for. `split` is refused unless empty: this version does not have it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    #[schema(example = "shop")]
    application: String,
    #[schema(value_type = String, example = "failover")]
    intent: Intent,
    #[schema(value_type = String, example = "planned")]
    mode: Mode,
    /// Of a drill: `isolated` where nothing is said, or `live`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "isolated")]
    drill: Option<DrillKind>,
    /// Of a live drill: how long the application is served from there before the way back begins.
    #[serde(default)]
    drill_minutes: Option<u32>,
    /// Defaults to the Region observed serving.
    #[serde(default)]
    from_region: Option<String>,
    /// Defaults to the only recovery Region, or home for a failback.
    #[serde(default)]
    to_region: Option<String>,
    /// In the place of `to_region`, when a Region leaves an active-active application: what percentage of its load each of the
    /// others takes over. They sum to 100; whoever is not named takes nothing. Without it the application's own rule holds.
    #[serde(default)]
    split: Option<BTreeMap<String, u8>>,
    /// Makes no changing call and lists every call that the run would make.
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    incident: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    impact_began_at: Option<Timestamp>,
    /// When the impact was noticed; without it nothing tells detecting from deciding in what is measured.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    detected_at: Option<Timestamp>,
    /// Guards that are overridden, by their codes.
    #[serde(default)]
    overrides: Vec<String>,
    /// Once traffic has moved, so long (5 to 86,400) for a person's commit; without it the run is taken back. Refused
    /// where something is done before it that nothing takes back.
    #[serde(default)]
    commit_within_seconds: Option<u32>,
    /// Start it at once, without approvals, under the break-glass that the requester holds open.
    #[serde(default)]
    break_glass: Option<bool>,
    /// What the person was shown: refused as `stale_plan` when the plan made now differs.
    #[serde(default)]
    plan_digest: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    #[serde(default)]
    pub(super) reason: Option<String>,
}

impl Because {
    pub fn into_reason(self) -> String {
        self.reason.unwrap_or_default()
    }
}

impl NewRun {
    fn request(self) -> Reply<RequestRun> {
        Ok(RequestRun {
            application: self.application,
            intent: self.intent,
            mode: self.mode,
            drill: self.drill,
            drill_minutes: self.drill_minutes,
            from_region: self.from_region,
            to_region: self.to_region,
            split: self.split.filter(|split| !split.is_empty()),
            dry_run: self.dry_run,
            reason: self.reason.unwrap_or_default(),
            incident: self.incident,
            impact_began_at: self.impact_began_at,
            detected_at: self.detected_at,
            overrides: self.overrides,
            commit_within_seconds: self.commit_within_seconds,
            break_glass: self.break_glass.unwrap_or_default(),
            plan_digest: self.plan_digest,
        })
    }
}

pub fn check_limit(limit: Option<u32>) -> Reply<()> {
    match limit {
        Some(limit) if !(1..=MOST_AT_ONCE).contains(&limit) => Err(Problem::bad_field(
            "limit",
            format!("{limit} is not 1 to {MOST_AT_ONCE}"),
            "Take pages: `next` goes back as `cursor`.",
        )
        .into()),
        _ => Ok(()),
    }
}

/// Newest first.
#[utoipa::path(get, path = "/runs", tag = "runs", params(Filter),
    responses((status = 200, body = Page<RunSummary>)))]
pub async fn get_runs(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(filter): Params<Filter>,
) -> Reply<Json<Page<RunSummary>>> {
    check_limit(filter.limit)?;
    let Filter { application, state: run_state, live, set_aside, cursor, limit } = filter;
    let filter =
        RunFilter { application, state: run_state, live, set_aside, told_singly: false, cursor, limit };
    Ok(Json(state.plane.runs(&actor, &filter).await?))
}

/// Asks for a run. It starts when the approvals that its policy asks for are given; the answer names them.
#[utoipa::path(post, path = "/runs", tag = "runs", request_body = NewRun,
    params(("idempotency-key" = String, Header, description = "The same key with the same body answers the first run again")),
    responses((status = 201, body = RunView, headers(("location" = String))),
        (status = 409, description = "`run_active` (`blocked_by` names the run), `nobody_can_approve`, `stale_plan`, `guard_refused`, `override_needed`, `break_glass_not_open`, `idempotency_key_reused`",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_run(
    State(state): State<AppState>,
    Principal(actor): Principal,
    headers: HeaderMap,
    JsonBody(new): JsonBody<NewRun>,
) -> Reply<(StatusCode, HeaderMap, Json<RunView>)> {
    let key = repeats::key(&headers)?;
    let view = state.plane.request_run(&actor, new.request()?, &key).await?;
    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/runs/{}", view.summary.id)) {
        headers.insert(header::LOCATION, location);
    }
    Ok((StatusCode::CREATED, headers, Json(view)))
}

/// Steps with attempts, times, calls and AWS request ids, approvals, and what was measured.
#[utoipa::path(get, path = "/runs/{id}", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = RunView)))]
pub async fn get_run(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.run(&actor, id).await?))
}

/// Starts no further step; what is under way reaches its end.
#[utoipa::path(post, path = "/runs/{id}/pause", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_pause(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    MaybeJson(because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::Pause { reason: because.reason }).await?))
}

#[utoipa::path(post, path = "/runs/{id}/resume", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_resume(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    MaybeJson(_because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::Resume).await?))
}

/// Ends the run where it stands.
#[utoipa::path(post, path = "/runs/{id}/cancel", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_cancel(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    MaybeJson(because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    let verb = RunVerb::Cancel { reason: because.reason.unwrap_or_default() };
    Ok(Json(state.plane.drive_run(&actor, id, verb).await?))
}

/// What an escalation would do now, which guards it must override by name, and what it would be refused for.
#[utoipa::path(get, path = "/runs/{id}/escalate", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = EscalationReview)))]
pub async fn get_escalation(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
) -> Reply<Json<EscalationReview>> {
    Ok(Json(state.plane.escalation(&actor, id).await?))
}

/// Carries out the emergency variant in the place of what is left of a planned run, or of one `step` of it. What was not
/// copied is given up, so `confirm` is the application's name. A person's own session with fresh identity; tokens cannot.
#[utoipa::path(post, path = "/runs/{id}/escalate", tag = "runs", params(("id" = String, Path)),
    request_body = EscalateRun,
    responses((status = 200, body = RunView),
        (status = 403, description = "`fresh_identity_needed`, `person_needed`",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`confirmation_needed`, `override_needed`, `no_emergency_variant`, or the state of the run does not allow it",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_escalate(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    JsonBody(asked): JsonBody<EscalateRun>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::Escalate(asked)).await?))
}

/// What an abort would undo now and by which calls, what it would leave and why, and what it would be refused for.
#[utoipa::path(get, path = "/runs/{id}/abort", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = AbortReview)))]
pub async fn get_abort(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
) -> Reply<Json<AbortReview>> {
    Ok(Json(state.plane.abort_review(&actor, id).await?))
}

/// Takes back what the run has done, step by step in the reverse of their order. Where something cannot be taken back,
/// `confirm` is the application's name. A person's own session with fresh identity; tokens cannot.
#[utoipa::path(post, path = "/runs/{id}/abort", tag = "runs", params(("id" = String, Path)),
    request_body = AbortRun,
    responses((status = 200, body = RunView),
        (status = 403, description = "`fresh_identity_needed`, `person_needed`",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`confirmation_needed`, or the state of the run does not allow it",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_abort(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    JsonBody(asked): JsonBody<AbortRun>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::Abort(asked)).await?))
}

/// Says that what the run has done stays, of a run that waits for that. A person's own word: tokens cannot.
#[utoipa::path(post, path = "/runs/{id}/commit", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_commit(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    MaybeJson(because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::Commit { comment: because.reason }).await?))
}

/// Says that a person has read how the run ended. Until then, automation leaves the application alone.
#[utoipa::path(post, path = "/runs/{id}/acknowledge", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_acknowledge(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    MaybeJson(_because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::Acknowledge).await?))
}

/// Has a run driven again that was set aside because workers crashed on it.
#[utoipa::path(post, path = "/runs/{id}/try_again", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_try_again(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    MaybeJson(_because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::TryAgain).await?))
}

/// Ends a live drill before its time: the way back is asked for now, and starts on the drill's approval where it only takes
/// back what the way there has changed.
#[utoipa::path(post, path = "/runs/{id}/end_drill", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView),
        (status = 409, description = "`not_a_live_drill`, `wrong_state`, `run_active`, or a guard refuses the way back",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_end_drill(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    MaybeJson(_because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::EndDrill).await?))
}

/// Starts a request that waits for approval without it, under the break-glass that whoever asks holds open. A person's own
/// session with fresh identity.
#[utoipa::path(post, path = "/runs/{id}/break_glass", tag = "runs", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView),
        (status = 409, description = "`break_glass_not_open`, `stale_plan`, `guard_refused`, or the state of the run does not allow it",
            body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_break_glass_start(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
    MaybeJson(_because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::BreakGlass).await?))
}

/// Tries a step again that failed or asks for a person.
#[utoipa::path(post, path = "/runs/{id}/steps/{step}/retry", tag = "runs",
    params(("id" = String, Path), ("step" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_retry(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(id, step): Segments<RunId, StepId>,
    MaybeJson(_because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    Ok(Json(state.plane.drive_run(&actor, id, RunVerb::RetryStep { step }).await?))
}

/// Says that what a step of one's own waits for is so. A person's word: tokens cannot.
#[utoipa::path(post, path = "/runs/{id}/steps/{step}/confirm", tag = "runs",
    params(("id" = String, Path), ("step" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_confirm(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(id, step): Segments<RunId, StepId>,
    MaybeJson(because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    let verb = RunVerb::ConfirmStep { step, comment: because.reason };
    Ok(Json(state.plane.drive_run(&actor, id, verb).await?))
}

/// Leaves a step out, with a reason.
#[utoipa::path(post, path = "/runs/{id}/steps/{step}/skip", tag = "runs",
    params(("id" = String, Path), ("step" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = RunView)))]
pub async fn post_skip(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(id, step): Segments<RunId, StepId>,
    MaybeJson(because): MaybeJson<Because>,
) -> Reply<Json<RunView>> {
    let verb = RunVerb::SkipStep { step, reason: because.reason.unwrap_or_default() };
    Ok(Json(state.plane.drive_run(&actor, id, verb).await?))
}
