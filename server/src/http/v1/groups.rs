//! `/groups`: whose approvals count.

use super::{
    super::{
        body::{JsonBody, Segment},
        etag,
        principal::Principal,
        problem::Reply,
    },
    List,
};
use crate::state::AppState;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use holdfast_api::{
    Problem,
    people::{GroupView, PutGroup},
    version,
};
use holdfast_domain::Name;
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    #[schema(example = "sre")]
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// E-mail addresses of people that there are.
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupEdit {
    #[serde(default)]
    description: Option<String>,
    /// All who can sign in: the others stay as they are. Absent leaves all of them so.
    #[serde(default)]
    members: Option<Vec<String>>,
}

#[utoipa::path(get, path = "/groups", tag = "people", responses((status = 200, body = List<GroupView>)))]
pub async fn get_groups(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<GroupView>>> {
    Ok(Json(List { items: state.plane.groups(&actor).await? }))
}

/// Makes a group.
#[utoipa::path(post, path = "/groups", tag = "people", request_body = NewGroup,
    responses((status = 201, body = GroupView, headers(("location" = String), ("etag" = String)))))]
pub async fn post_group(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(new): JsonBody<NewGroup>,
) -> Reply<(StatusCode, HeaderMap, Json<GroupView>)> {
    let name = Name::parse(&new.name)
        .map_err(|error| Problem::bad_field("name", error.0, "Choose another name."))?;
    let new = PutGroup { name, description: new.description, members: Some(new.members) };
    let view = state.plane.add_group(&actor, new).await?;
    let place = format!("/api/v1/groups/{}", view.name);
    Ok((StatusCode::CREATED, etag::created(&version::of_group(&view), &place), Json(view)))
}

#[utoipa::path(get, path = "/groups/{name}", tag = "people", params(("name" = String, Path)),
    responses((status = 200, body = GroupView, headers(("etag" = String)))))]
pub async fn get_group(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
) -> Reply<(HeaderMap, Json<GroupView>)> {
    let view = state.plane.group(&actor, &name).await?;
    Ok((etag::header(&version::of_group(&view)), Json(view)))
}

/// Makes or changes a group. Nobody puts themselves into one, or takes themselves out (`own_rights`).
#[utoipa::path(put, path = "/groups/{name}", tag = "people",
    params(("name" = String, Path),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was edited")),
    request_body = GroupEdit,
    responses((status = 200, body = GroupView, headers(("etag" = String))),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn put_group(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(name): Segment<Name>,
    headers: HeaderMap,
    JsonBody(edit): JsonBody<GroupEdit>,
) -> Reply<(HeaderMap, Json<GroupView>)> {
    let group = PutGroup { name, description: edit.description, members: edit.members };
    let view = state.plane.put_group(&actor, group, &etag::if_match(&headers)).await?;
    Ok((etag::header(&version::of_group(&view)), Json(view)))
}
