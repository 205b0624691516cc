//! `/regions`: observed beside declared.

use super::super::{
    body::{JsonBody, Segment},
    etag,
    principal::Principal,
    problem::Reply,
};
use crate::state::AppState;
use axum::{Json, extract::State, http::HeaderMap};
use holdfast_api::{
    Problem,
    regions::{RegionView, Replication},
    version,
};
use holdfast_domain::{Declaration, RegionCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub struct RegionList {
    pub items: Vec<RegionView>,
    /// Arcs from each writer's Region to each copy's.
    pub replication: Vec<Replication>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Declare {
    /// `normal`, `impaired`, `evacuating` or `evacuated`.
    #[schema(example = "impaired")]
    declared: String,
    #[serde(default)]
    reason: Option<String>,
}

/// The Regions that the inventory uses.
#[utoipa::path(get, path = "/regions", tag = "status", responses((status = 200, body = RegionList)))]
pub async fn get_regions(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<RegionList>> {
    let view = state.plane.regions(&actor).await?;
    Ok(Json(RegionList { items: view.regions, replication: view.replication }))
}

#[utoipa::path(get, path = "/regions/{code}", tag = "status",
    params(("code" = String, Path, description = "Such as `eu-central-1`")),
    responses((status = 200, body = RegionView, headers(("etag" = String)))))]
pub async fn get_region(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(code): Segment<RegionCode>,
) -> Reply<(HeaderMap, Json<RegionView>)> {
    let view = state.plane.region(&actor, &code).await?;
    Ok((etag::header(&version::of_region_view(&view)), Json(view)))
}

/// Declares what operators know of a Region, beside what is observed.
#[utoipa::path(patch, path = "/regions/{code}", tag = "status",
    params(("code" = String, Path, description = "Such as `eu-central-1`"),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was edited")),
    request_body = Declare,
    responses((status = 200, body = RegionView, headers(("etag" = String))),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn patch_region(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(code): Segment<RegionCode>,
    headers: HeaderMap,
    JsonBody(declare): JsonBody<Declare>,
) -> Reply<(HeaderMap, Json<RegionView>)> {
    let declared =
        Declaration::ALL.into_iter().find(|known| known.as_str() == declare.declared).ok_or_else(|| {
            let all: Vec<_> = Declaration::ALL.iter().map(|known| known.as_str()).collect();
            Problem::bad_field(
                "declared",
                format!("`{}` is no declaration", declare.declared),
                format!("Send one of {}.", all.join(", ")),
            )
        })?;
    let if_match = etag::if_match(&headers);
    let view = state.plane.declare_region(&actor, &code, declared, declare.reason, &if_match).await?;
    Ok((etag::header(&version::of_region_view(&view)), Json(view)))
}
