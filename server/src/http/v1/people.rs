//! `/people`: who there is, with which roles and groups. For admins' own sessions; tokens change nobody.

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
    people::{AddPerson, ChangePerson, PersonView},
    version,
};
use holdfast_domain::HeldRole;
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    #[schema(example = "operator@example.com")]
    email: String,
    /// `viewer`, `operator`, `approver`, `admin`; over some applications only: `operator:team=payments,tier=1`, by any of
    /// `application`, `tier`, `team`, `environment`.
    #[schema(example = json!(["operator"]))]
    roles: Vec<String>,
    /// Made if need be.
    #[serde(default)]
    groups: Vec<String>,
    /// At least 12 characters, and none of those that are guessed first. Good for choosing their own with it, for 72 hours. Without one
    /// they cannot sign in until they are given one.
    #[serde(default)]
    #[schema(format = Password)]
    password: Option<String>,
}

/// What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// All that they have from now on.
    #[serde(default)]
    roles: Option<Vec<String>>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    /// Ends every session of theirs, and is good for choosing their own with it, for 72 hours. Not for oneself (`own_password`).
    #[serde(default)]
    #[schema(format = Password)]
    password: Option<String>,
    /// Ends every session and token of theirs.
    #[serde(default)]
    disabled: Option<bool>,
    /// The e-mail address of another account of the same person: for approvals and reviews both are one from now on. Empty: the
    /// account is nobody else's.
    #[serde(default)]
    #[schema(example = "operator@example.com")]
    same_person_as: Option<String>,
}

/// # Errors
/// 422 that names the one that is no role.
fn roles(texts: &[String]) -> Result<Vec<HeldRole>, Problem> {
    let mut roles = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let role: HeldRole = text.parse().map_err(|error: holdfast_domain::Invalid| {
            Problem::bad_field(&format!("roles[{index}]"), error.0, "Use one of the roles named.")
        })?;
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(roles)
}

#[utoipa::path(get, path = "/people", tag = "people", responses((status = 200, body = List<PersonView>)))]
pub async fn get_people(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<PersonView>>> {
    Ok(Json(List { items: state.plane.people(&actor).await? }))
}

/// Makes a person.
#[utoipa::path(post, path = "/people", tag = "people", request_body = NewPerson,
    responses((status = 201, body = PersonView, headers(("location" = String), ("etag" = String)))))]
pub async fn post_person(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(new): JsonBody<NewPerson>,
) -> Reply<(StatusCode, HeaderMap, Json<PersonView>)> {
    let NewPerson { email, roles: texts, groups, password } = new;
    let new = AddPerson { email, roles: roles(&texts)?, groups, password };
    let view = state.plane.add_person(&actor, new).await?;
    let place = format!("/api/v1/people/{}", view.id);
    Ok((StatusCode::CREATED, etag::created(&version::of_person(&view), &place), Json(view)))
}

#[utoipa::path(get, path = "/people/{id}", tag = "people",
    params(("id" = String, Path, description = "The person's id or e-mail address")),
    responses((status = 200, body = PersonView, headers(("etag" = String)))))]
pub async fn get_person(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
) -> Reply<(HeaderMap, Json<PersonView>)> {
    let view = state.plane.person(&actor, &id).await?;
    Ok((etag::header(&version::of_person(&view)), Json(view)))
}

/// Changes a person. Nobody changes their own roles or groups, or whose other accounts are theirs (`own_rights`).
#[utoipa::path(patch, path = "/people/{id}", tag = "people",
    params(("id" = String, Path, description = "The person's id or e-mail address"),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was edited")),
    request_body = PersonChange,
    responses((status = 200, body = PersonView, headers(("etag" = String))),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn patch_person(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
    headers: HeaderMap,
    JsonBody(change): JsonBody<PersonChange>,
) -> Reply<(HeaderMap, Json<PersonView>)> {
    let PersonChange { roles: texts, groups, password, disabled, same_person_as } = change;
    let roles = texts.as_deref().map(roles).transpose()?;
    let change = ChangePerson { roles, groups, password, disabled, same_person_as };
    let view = state.plane.change_person(&actor, &id, change, &etag::if_match(&headers)).await?;
    Ok((etag::header(&version::of_person(&view)), Json(view)))
}
