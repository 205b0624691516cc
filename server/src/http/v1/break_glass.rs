//! `/break_glass`, `/break_glasses` and `/sealed_codes`: starting without others what would wait for them, and its review.

use super::super::{
    body::{JsonBody, MaybeJson, Params, Segment},
    principal::Principal,
    problem::{ProblemBody, Reply},
    repeats::KeepInstead,
};
use super::List;
use super::runs::{Because, check_limit};
use crate::state::AppState;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use holdfast_api::{
    Page,
    break_glass::{
        BreakGlassState, BreakGlassView, MakeSealedCode, NewSealedCodeView, OpenBreakGlass, ReviewBreakGlass,
        SealedCodeView,
    },
};
use holdfast_domain::BreakGlassId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Whether the glass is broken now, by whom, until when and why; and the reviews that are due.
#[utoipa::path(get, path = "/break_glass", tag = "safeguards", responses((status = 200, body = BreakGlassState)))]
pub async fn get_state(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<BreakGlassState>> {
    Ok(Json(state.plane.break_glass_state(&actor).await?))
}

/// Each time that the glass was broken, newest first, with what was started under it.
#[utoipa::path(get, path = "/break_glasses", tag = "safeguards", params(Paging),
    responses((status = 200, body = Page<BreakGlassView>)))]
pub async fn get_break_glasses(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(Paging { cursor, limit }): Params<Paging>,
) -> Reply<Json<Page<BreakGlassView>>> {
    check_limit(limit)?;
    Ok(Json(state.plane.break_glasses(&actor, cursor.as_deref(), limit).await?))
}

/// Breaks the glass, for at most an hour: its holder then starts runs without approvals. A person's own session with fresh
/// identity by a second factor, or with a sealed code, which is used up.
#[utoipa::path(post, path = "/break_glasses", tag = "safeguards", request_body = OpenBreakGlass,
    responses((status = 201, body = BreakGlassView, headers(("location" = String))),
        (status = 403, description = "`fresh_identity_needed`, `strong_factor_needed`, `sealed_code_refused`, `person_needed`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`break_glass_open`: one at a time", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_break_glass(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(open): JsonBody<OpenBreakGlass>,
) -> Reply<(StatusCode, HeaderMap, Json<BreakGlassView>)> {
    let view = state.plane.open_break_glass(&actor, open).await?;
    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/break_glasses/{}", view.id)) {
        headers.insert(header::LOCATION, location);
    }
    Ok((StatusCode::CREATED, headers, Json(view)))
}

#[utoipa::path(get, path = "/break_glasses/{id}", tag = "safeguards", params(("id" = String, Path)),
    responses((status = 200, description = "One time that the glass was broken", body = BreakGlassView)))]
pub async fn get_break_glass(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<BreakGlassId>,
) -> Reply<Json<BreakGlassView>> {
    Ok(Json(state.plane.break_glass(&actor, id).await?))
}

/// Ends it before its time. Runs that were begun under it go on.
#[utoipa::path(post, path = "/break_glasses/{id}/end", tag = "safeguards", params(("id" = String, Path)),
    request_body(content = Option<Because>), responses((status = 200, body = BreakGlassView)))]
pub async fn post_end(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<BreakGlassId>,
    MaybeJson(_because): MaybeJson<Because>,
) -> Reply<Json<BreakGlassView>> {
    Ok(Json(state.plane.end_break_glass(&actor, id).await?))
}

/// Closes its review, once it and its runs are over. By an approver or an administrator, never by its holder; until then
/// compliance is not green.
#[utoipa::path(post, path = "/break_glasses/{id}/review", tag = "safeguards", params(("id" = String, Path)),
    request_body = ReviewBreakGlass,
    responses((status = 200, body = BreakGlassView),
        (status = 403, description = "`self_review`, `fresh_identity_needed`, `person_needed`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`review_not_due`, `review_closed`", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_break_glass_review(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<BreakGlassId>,
    JsonBody(review): JsonBody<ReviewBreakGlass>,
) -> Reply<Json<BreakGlassView>> {
    Ok(Json(state.plane.review_break_glass(&actor, id, review).await?))
}

/// The codes that are kept under seal, without the codes. For administrators.
#[utoipa::path(get, path = "/sealed_codes", tag = "safeguards", responses((status = 200, body = List<SealedCodeView>)))]
pub async fn get_sealed_codes(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<SealedCodeView>>> {
    Ok(Json(List { items: state.plane.sealed_codes(&actor).await? }))
}

/// Makes a code that breaks the glass one time, for anybody but whoever made it. `code` is not shown again, also not to a
/// repeat of the request.
#[utoipa::path(post, path = "/sealed_codes", tag = "safeguards", request_body = MakeSealedCode,
    responses((status = 201, body = NewSealedCodeView)))]
pub async fn post_sealed_code(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(make): JsonBody<MakeSealedCode>,
) -> Reply<(StatusCode, Extension<KeepInstead>, Json<NewSealedCodeView>)> {
    let made = state.plane.make_sealed_code(&actor, make).await?;
    let kept = serde_json::json!({ "id": made.id, "kept_at": made.kept_at }).to_string();
    Ok((StatusCode::CREATED, Extension(KeepInstead(kept)), Json(made)))
}

/// From then on it breaks nothing.
#[utoipa::path(delete, path = "/sealed_codes/{id}", tag = "safeguards", params(("id" = String, Path)),
    responses((status = 204, description = "Withdrawn")))]
pub async fn delete_sealed_code(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<Uuid>,
) -> Reply<StatusCode> {
    state.plane.withdraw_sealed_code(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
