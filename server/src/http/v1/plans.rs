//! `/applications/{name}/plans` and what stands beside them: kept versions, edits, evaluations, waivers.

use super::super::{
    body::{JsonBody, Params, Segment, Segments},
    principal::Principal,
    problem::{ProblemBody, Reply},
};
use crate::state::AppState;
use axum::{Json, extract::State, http::StatusCode};
use holdfast_api::{
    Page,
    plans::{EditPlan, NewWaiver, PlanDiff, PlanHeadView, PlanVersionView, PlansView},
};
use holdfast_domain::Name;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Cursor {
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct With {
    /// The version that it is compared with, of the same plan; else the one before it.
    with: Option<i32>,
}

/// The plans that are kept, one for each way of moving the application; their evaluation, whether they are verified, and
/// the waivers.
#[utoipa::path(get, path = "/applications/{name}/plans/kept", tag = "plans", params(("name" = String, Path)),
    responses((status = 200, body = PlansView)))]
pub async fn get_kept_plans(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
) -> Reply<Json<PlansView>> {
    Ok(Json(state.plane.plans(&actor, &name).await?))
}

/// Every version of every plan of the application, the newest first.
#[utoipa::path(get, path = "/applications/{name}/plans/versions", tag = "plans",
    params(("name" = String, Path), Cursor), responses((status = 200, body = Page<PlanHeadView>)))]
pub async fn get_plan_versions(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
    Params(query): Params<Cursor>,
) -> Reply<Json<Page<PlanHeadView>>> {
    Ok(Json(state.plane.plan_versions(&actor, &name, query.cursor.as_deref()).await?))
}

/// One version: the steps of both forms, the edits over what was generated, the plane lint.
#[utoipa::path(get, path = "/applications/{name}/plans/{version}", tag = "plans",
    params(("name" = String, Path), ("version" = i32, Path)), responses((status = 200, body = PlanVersionView)))]
pub async fn get_plan_version(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(name, version): Segments<Name, i32>,
) -> Reply<Json<PlanVersionView>> {
    Ok(Json(state.plane.plan_version(&actor, &name, version).await?))
}

/// What differs in this version: steps added, removed, moved and changed, field by field.
#[utoipa::path(get, path = "/applications/{name}/plans/{version}/diff", tag = "plans",
    params(("name" = String, Path), ("version" = i32, Path), With), responses((status = 200, body = PlanDiff)))]
pub async fn get_plan_comparison(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(name, version): Segments<Name, i32>,
    Params(query): Params<With>,
) -> Reply<Json<PlanDiff>> {
    Ok(Json(state.plane.compare_plans(&actor, &name, query.with, version).await?))
}

/// Edits a plan: all the edits that it is to have, over what is generated. Makes a version. What does not fit names the
/// field that stands in the way, and nothing is stored.
#[utoipa::path(post, path = "/applications/{name}/plans", tag = "plans", params(("name" = String, Path)),
    request_body = EditPlan,
    responses((status = 201, body = PlanVersionView),
        (status = 409, description = "There is a newer version, which it names, or none can be generated now", body = ProblemBody,
            content_type = "application/problem+json")))]
pub async fn post_plan(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
    JsonBody(edit): JsonBody<EditPlan>,
) -> Reply<(StatusCode, Json<PlanVersionView>)> {
    Ok((StatusCode::CREATED, Json(state.plane.edit_plan(&actor, &name, edit).await?)))
}

/// Has the application's plans generated and evaluated now: roles, permissions, resources, capacity, quotas, edits,
/// planes. The version is the one that was looked at; all of the application's plans are evaluated.
#[utoipa::path(post, path = "/applications/{name}/plans/{version}/evaluations", tag = "plans",
    params(("name" = String, Path), ("version" = i32, Path)),
    responses((status = 200, body = PlansView)))]
pub async fn post_evaluation(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(name, version): Segments<Name, i32>,
) -> Reply<Json<PlansView>> {
    Ok(Json(state.plane.evaluate_plans(&actor, &name, version).await?))
}

/// Answers for a plane that a step needs: by the caller's name, with a reason, until a date.
#[utoipa::path(post, path = "/applications/{name}/waivers", tag = "plans", params(("name" = String, Path)),
    request_body = NewWaiver, responses((status = 201, body = PlansView)))]
pub async fn post_waiver(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
    JsonBody(waiver): JsonBody<NewWaiver>,
) -> Reply<(StatusCode, Json<PlansView>)> {
    Ok((StatusCode::CREATED, Json(state.plane.waive(&actor, &name, waiver).await?)))
}

/// Takes a waiver back.
#[utoipa::path(delete, path = "/applications/{name}/waivers/{waiver}", tag = "plans",
    params(("name" = String, Path),
        ("waiver" = String, Path, description = "What it covers and of which plane: `front-door:route53@us-east-1`")),
    responses((status = 200, body = PlansView)))]
pub async fn delete_waiver(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(name, waiver): Segments<Name, String>,
) -> Reply<Json<PlansView>> {
    let (step, plane) = waiver.split_once(':').unwrap_or((&waiver, ""));
    Ok(Json(state.plane.end_waiver(&actor, &name, step, plane).await?))
}
