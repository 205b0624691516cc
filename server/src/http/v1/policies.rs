//! `/policies`: who must approve. They are a section of the inventory file too; changing them needs a person.

use super::{
    super::{
        body::{Raw, Segment},
        etag,
        principal::Principal,
        problem::Reply,
    },
    List, entry,
};
use crate::state::AppState;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use holdfast_api::{people::PolicyView, version};
use holdfast_domain::Name;

#[utoipa::path(get, path = "/policies", tag = "people", responses((status = 200, body = List<PolicyView>)))]
pub async fn get_policies(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<PolicyView>>> {
    Ok(Json(List { items: state.plane.policies(&actor).await? }))
}

/// Makes a policy: an entry of the inventory file, as JSON.
#[utoipa::path(post, path = "/policies", tag = "people",
    request_body(content = Object, description = "`{name, rules: [{group, approvals}], expires_after}`", content_type = "application/json"),
    responses((status = 201, body = PolicyView, headers(("location" = String), ("etag" = String)))))]
pub async fn post_policy(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Raw(bytes): Raw,
) -> Reply<(StatusCode, HeaderMap, Json<PolicyView>)> {
    let policy = entry::policy(None, &bytes)?;
    let view = state.plane.add_policy(&actor, policy).await?;
    let place = format!("/api/v1/policies/{}", view.name);
    Ok((StatusCode::CREATED, etag::created(&version::of_policy(&view), &place), Json(view)))
}

#[utoipa::path(get, path = "/policies/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 200, body = PolicyView, headers(("etag" = String)))))]
pub async fn get_policy(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
) -> Reply<(HeaderMap, Json<PolicyView>)> {
    let view = state.plane.policy(&actor, &name).await?;
    Ok((etag::header(&version::of_policy(&view)), Json(view)))
}

/// Makes or changes a policy. Requests that wait keep the one that they were made under.
#[utoipa::path(put, path = "/policies/{name}", tag = "people",
    params(("name" = String, Path),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was edited")),
    request_body(content = Object, description = "`{rules: [{group, approvals}], expires_after}`", content_type = "application/json"),
    responses((status = 200, body = PolicyView, headers(("etag" = String))),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn put_policy(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> Reply<(HeaderMap, Json<PolicyView>)> {
    let policy = entry::policy(Some(name.as_str()), &bytes)?;
    let view = state.plane.put_policy(&actor, policy, &etag::if_match(&headers)).await?;
    Ok((etag::header(&version::of_policy(&view)), Json(view)))
}

/// Removes a policy under which no application stands.
#[utoipa::path(delete, path = "/policies/{name}", tag = "people",
    params(("name" = String, Path),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was read")),
    responses((status = 204, description = "Removed"),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn delete_policy(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
    headers: HeaderMap,
) -> Reply<StatusCode> {
    state.plane.remove_policy(&actor, &name, &etag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
