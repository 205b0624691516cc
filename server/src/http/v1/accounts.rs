//! `/accounts`: AWS accounts, and what came of assuming their roles.

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
use holdfast_api::{
    accounts::{AccountView, DiscoveredAccount},
    version,
};

#[utoipa::path(get, path = "/accounts", tag = "inventory", responses((status = 200, body = List<AccountView>)))]
pub async fn get_accounts(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<AccountView>>> {
    Ok(Json(List { items: state.plane.accounts(&actor).await? }))
}

/// The accounts of the organization that the inventory does not have yet.
#[utoipa::path(get, path = "/discovered_accounts", tag = "inventory", responses((status = 200, body = List<DiscoveredAccount>)))]
pub async fn get_discovered_accounts(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<DiscoveredAccount>>> {
    Ok(Json(List { items: state.plane.discovered_accounts(&actor).await? }))
}

#[utoipa::path(get, path = "/accounts/{id}", tag = "inventory",
    params(("id" = String, Path, description = "The account's id or name")),
    responses((status = 200, body = AccountView, headers(("etag" = String)))))]
pub async fn get_account(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
) -> Reply<(HeaderMap, Json<AccountView>)> {
    let view = state.plane.account(&actor, &id).await?;
    Ok((etag::header(&version::of_account_view(&view)), Json(view)))
}

/// Registers or changes an account: an entry of the inventory file, as JSON.
#[utoipa::path(put, path = "/accounts/{id}", tag = "inventory",
    params(("id" = String, Path, description = "Twelve digits"),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was edited")),
    request_body(content = Object, description = "`{name, read_role_arn, act_role_arn, external_id?}`", content_type = "application/json"),
    responses((status = 200, body = AccountView, headers(("etag" = String))),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn put_account(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> Reply<(HeaderMap, Json<AccountView>)> {
    let account = entry::account(&id, &bytes)?;
    let view = state.plane.put_account(&actor, account, &etag::if_match(&headers)).await?;
    Ok((etag::header(&version::of_account_view(&view)), Json(view)))
}

/// Removes an account that no application names.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "inventory",
    params(("id" = String, Path, description = "The account's id or name"),
        ("if-match" = Option<String>, Header, description = "The ETag of the version that was read")),
    responses((status = 204, description = "Removed"),
        (status = 412, description = "Changed meanwhile", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn delete_account(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
    headers: HeaderMap,
) -> Reply<StatusCode> {
    state.plane.remove_account(&actor, &id, &etag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
