//! `/applications`: what stands where, whether it would survive, and what moving it would do.

use super::{
    super::{
        body::{Params, Raw, Segment, Segments},
        etag,
        principal::Principal,
        problem::Reply,
        repeats::KeepInstead,
    },
    List, entry, filters,
};
use crate::state::AppState;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use holdfast_api::{
    Page, Problem,
    applications::{
        ApplicationFilter, ApplicationStatus, ApplicationSummary, ApplicationView, WebhookSecret,
    },
    runs::{RequestRun, RunPreview},
    shapes::FindingShape,
    version,
};
use holdfast_domain::Name;
use holdfast_failover::{Intent, Mode, readiness::Finding};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `backup_restore`, `pilot_light`, `warm_standby` or `active_active`.
    strategy: Option<String>,
    /// Home or recovery Region.
    region: Option<String>,
    #[param(value_type = Option<u8>, minimum = 1, maximum = 4)]
    tier: Option<String>,
    owner: Option<String>,
    /// Such as `steady`.
    recovery_state: Option<String>,
    /// `met`, `missed` or `unknown`.
    compliance: Option<String>,
    /// Part of a name or owner.
    search: Option<String>,
    cursor: Option<String>,
    /// 200 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    pub application: String,
    /// What stands in the way, worst first; empty only when everything was seen and is well.
    #[schema(value_type = Vec<FindingShape>)]
    pub findings: Vec<Finding>,
}

/// What one move would do if it were asked for now.
#[derive(Debug, Serialize, ToSchema)]
pub struct WouldBe {
    #[schema(value_type = String, example = "failover")]
    pub intent: Intent,
    #[schema(value_type = String, example = "planned")]
    pub mode: Mode,
    pub from_region: String,
    pub to_region: String,
    pub plan: Option<RunPreview>,
    /// Why there is no plan.
    pub problem: Option<Problem>,
}

/// In the order of their names.
#[utoipa::path(get, path = "/applications", tag = "status", params(Filter),
    responses((status = 200, body = Page<ApplicationSummary>)))]
pub async fn get_applications(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(filter): Params<Filter>,
) -> Reply<Json<Page<ApplicationSummary>>> {
    super::runs::check_limit(filter.limit)?;
    let Filter { strategy, region, tier, owner, recovery_state, compliance, search, cursor, limit } = filter;
    filters::strategy(strategy.as_deref())?;
    filters::region(region.as_deref())?;
    let tier = filters::tier(tier.as_deref())?;
    filters::recovery_state(recovery_state.as_deref())?;
    filters::one_of("compliance", compliance.as_deref(), &ApplicationFilter::COMPLIANCE)?;
    let filter = ApplicationFilter {
        strategy,
        region,
        tier,
        owner,
        recovery_state,
        compliance,
        search,
        cursor,
        limit,
    };
    Ok(Json(state.plane.applications(&actor, &filter).await?))
}

/// Inventory entry, status, findings and runs. The ETag covers the entry alone.
#[utoipa::path(get, path = "/applications/{name}", tag = "status", params(("name" = String, Path)),
    responses((status = 200, body = ApplicationView, headers(("etag" = String)))))]
pub async fn get_application(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
) -> Reply<(HeaderMap, Json<ApplicationView>)> {
    let view = state.plane.application(&actor, &name).await?;
    Ok((etag::header(&version::of_application(&view.application)), Json(view)))
}

/// Registers or changes an application: an entry of the inventory file, as JSON (`application` of GET).
#[utoipa::path(put, path = "/applications/{name}", tag = "inventory",
    params(("name" = String, Path),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was edited")),
    request_body(content = Object, description = "The entry as the inventory file has it", content_type = "application/json"),
    responses((status = 200, body = ApplicationView, headers(("etag" = String))),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn put_application(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> Reply<(HeaderMap, Json<ApplicationView>)> {
    let application = entry::application(name.as_str(), &bytes)?;
    let view = state.plane.put_application(&actor, application, &etag::if_match(&headers)).await?;
    Ok((etag::header(&version::of_application(&view.application)), Json(view)))
}

/// Removes an application; one that has runs or audit history is archived.
#[utoipa::path(delete, path = "/applications/{name}", tag = "inventory",
    params(("name" = String, Path),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was read")),
    responses((status = 204, description = "Removed"),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn delete_application(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
    headers: HeaderMap,
) -> Reply<StatusCode> {
    state.plane.remove_application(&actor, &name, &etag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Live status per resource and Region: `known`, `stale` or `unknown`, with time and reason.
#[utoipa::path(get, path = "/applications/{name}/status", tag = "status", params(("name" = String, Path)),
    responses((status = 200, body = ApplicationStatus)))]
pub async fn get_status(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
) -> Reply<Json<ApplicationStatus>> {
    Ok(Json(state.plane.application_status(&actor, &name).await?))
}

/// Would a failover work right now, and why not.
#[utoipa::path(get, path = "/applications/{name}/readiness", tag = "status", params(("name" = String, Path)),
    responses((status = 200, body = Readiness)))]
pub async fn get_readiness(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
) -> Reply<Json<Readiness>> {
    let findings = state.plane.application_readiness(&actor, &name).await?;
    Ok(Json(Readiness { application: name.to_string(), findings }))
}

/// For each move that is possible from here, planned and emergency: the steps it would take now.
#[utoipa::path(get, path = "/applications/{name}/plans", tag = "runs", params(("name" = String, Path)),
    responses((status = 200, body = List<WouldBe>)))]
pub async fn get_plans(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
) -> Reply<Json<List<WouldBe>>> {
    let view = state.plane.application(&actor, &name).await?;
    let mut items = Vec::new();
    for possible in view.moves {
        let Some(intent) =
            [Intent::Failover, Intent::Failback].into_iter().find(|i| i.as_str() == possible.intent)
        else {
            continue;
        };
        for mode in [Mode::Planned, Mode::Emergency] {
            let request = RequestRun {
                application: name.to_string(),
                intent,
                mode,
                drill: None,
                drill_minutes: None,
                from_region: Some(possible.from.clone()),
                to_region: Some(possible.to.clone()),
                split: None,
                dry_run: true,
                reason: String::new(),
                incident: None,
                impact_began_at: None,
                detected_at: None,
                overrides: Vec::new(),
                commit_within_seconds: None,
                break_glass: false,
                plan_digest: None,
            };
            let (plan, problem) = match state.plane.preview_run(&actor, &request).await {
                Ok(preview) => (Some(preview), None),
                Err(problem) if problem.status < 500 => (None, Some(problem)),
                Err(problem) => return Err(problem.into()),
            };
            let (from_region, to_region) = (possible.from.clone(), possible.to.clone());
            items.push(WouldBe { intent, mode, from_region, to_region, plan, problem });
        }
    }
    Ok(Json(List { items }))
}

/// A new secret for a webhook among the application's own steps. It is shown this once, and not to a repeat of the
/// request; the one before signs nothing any more.
#[utoipa::path(post, path = "/applications/{name}/webhooks/{step}/secret", tag = "inventory",
    params(("name" = String, Path), ("step" = String, Path)),
    responses((status = 200, body = WebhookSecret)))]
pub async fn post_webhook_secret(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(name, step): Segments<Name, Name>,
) -> Reply<(Extension<KeepInstead>, Json<WebhookSecret>)> {
    let secret = state.plane.new_webhook_secret(&actor, &name, &step).await?;
    let kept = serde_json::to_string(&WebhookSecret { secret: None }).unwrap_or_default();
    Ok((Extension(KeepInstead(kept)), Json(WebhookSecret { secret: Some(secret) })))
}

/// Asks for a fresh look; the answer does not wait for it.
#[utoipa::path(post, path = "/applications/{name}/refresh", tag = "status", params(("name" = String, Path)),
    responses((status = 202, description = "Asked for")))]
pub async fn post_refresh(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
) -> Reply<StatusCode> {
    state.plane.refresh_application(&actor, &name).await?;
    Ok(StatusCode::ACCEPTED)
}
