//! `/bundle`, `/offline_codes` and `/journals`: what there is to act with where no server is, and what comes back.

use super::super::{
    body::{JsonBody, Segment},
    principal::Principal,
    problem::{ProblemBody, Reply},
    repeats::KeepInstead,
};
use crate::state::AppState;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use holdfast_api::bundles::{BundleView, HandInJournal, HandedInView, NewOfflineCodeView};
use uuid::Uuid;

/// How the file is called where it is taken away.
const DISPOSITION: &str = "attachment; filename=\"holdfast.bundle\"";

/// Whether there is a bundle, how old it and each of its copies is, who can open it, and what is wrong.
#[utoipa::path(get, path = "/bundle", tag = "safeguards", responses((status = 200, body = BundleView)))]
pub async fn get_bundle(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<BundleView>> {
    Ok(Json(state.plane.bundle(&actor).await?))
}

/// The newest bundle: signed with the audit log's key, and sealed for those who have an offline code. For operators and
/// administrators; a token needs `status:read`.
#[utoipa::path(get, path = "/bundle/copy", tag = "safeguards",
    responses((status = 200, description = "The bundle", content_type = "text/plain", body = String),
        (status = 404, description = "None was made yet", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn get_bundle_copy(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<([(HeaderName, &'static str); 2], String)> {
    let copy = state.plane.bundle_copy(&actor).await?;
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CONTENT_DISPOSITION, DISPOSITION)];
    Ok((headers, copy))
}

/// Makes one's own code, in the place of the one before: it opens every bundle from the next one on. `code` is not shown
/// again, also not to a repeat of the request.
#[utoipa::path(post, path = "/offline_codes", tag = "safeguards",
    responses((status = 201, body = NewOfflineCodeView),
        (status = 403, description = "`fresh_identity_needed`, `strong_factor_needed`, `person_needed`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`factor_too_new`, `no_secrets_key`", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_offline_code(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<(StatusCode, Extension<KeepInstead>, Json<NewOfflineCodeView>)> {
    let made = state.plane.make_offline_code(&actor).await?;
    let kept = serde_json::json!({ "id": made.id }).to_string();
    Ok((StatusCode::CREATED, Extension(KeepInstead(kept)), Json(made)))
}

/// The next bundle is not opened by it. One's own, or anybody's for an administrator.
#[utoipa::path(delete, path = "/offline_codes/{id}", tag = "safeguards", params(("id" = String, Path)),
    responses((status = 204, description = "Ended")))]
pub async fn delete_offline_code(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<Uuid>,
) -> Reply<StatusCode> {
    state.plane.end_offline_code(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hands in the journal of a run that was carried out without a server. It is written down whole: the run, marked for ever,
/// its audit entries, and a break-glass whose review is due. The same journal again changes nothing.
#[utoipa::path(post, path = "/journals", tag = "safeguards", request_body = HandInJournal,
    responses((status = 201, body = HandedInView),
        (status = 409, description = "`run_not_over`, `journal_handed_in`, `journal_of_unknown_codes`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`journal_tampered`, `bundle_tampered`", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_journal(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(journal): JsonBody<HandInJournal>,
) -> Reply<(StatusCode, Json<HandedInView>)> {
    Ok((StatusCode::CREATED, Json(state.plane.hand_in_journal(&actor, journal).await?)))
}
