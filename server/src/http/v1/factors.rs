//! `/session/factors`: the second factor of the person who asks. Secrets and codes are shown once.

use super::super::{
    body::{JsonBody, Segment},
    principal::Principal,
    problem::{ProblemBody, Reply},
    repeats::KeepInstead,
    sign_in::Peer,
};
use crate::state::AppState;
use axum::{Extension, Json, extract::State, http::StatusCode};
use holdfast_api::proofs::{EnrolmentView, FactorsView, RecoveryCodesView};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstCode {
    /// The one that the app shows now.
    #[schema(format = Password)]
    code: String,
}

/// A repeat of the request learns that it was done, and no secret: that is stored nowhere.
fn once<T>(view: T) -> (Extension<KeepInstead>, Json<T>) {
    (Extension(KeepInstead("{}".to_owned())), Json(view))
}

/// What the person is asked for when they prove who they are.
#[utoipa::path(get, path = "/session/factors", tag = "session", responses((status = 200, body = FactorsView)))]
pub async fn get_factors(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<FactorsView>> {
    Ok(Json(state.plane.factors(&actor).await?))
}

/// A new secret for an authenticator app. It proves nothing until `confirm` is sent the app's first code, within 15 minutes.
#[utoipa::path(post, path = "/session/factors/totp", tag = "session", responses((status = 201, body = EnrolmentView)))]
pub async fn post_totp(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<(StatusCode, (Extension<KeepInstead>, Json<EnrolmentView>))> {
    Ok((StatusCode::CREATED, once(state.plane.begin_codes(&actor).await?)))
}

/// Sets the authenticator app up. Answers with codes to recover with when the app is lost.
#[utoipa::path(post, path = "/session/factors/totp/confirm", tag = "session", request_body = FirstCode, responses(
    (status = 200, body = RecoveryCodesView),
    (status = 401, description = "The code is not right", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_confirm_totp(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Peer(from): Peer,
    JsonBody(FirstCode { code }): JsonBody<FirstCode>,
) -> Reply<(Extension<KeepInstead>, Json<RecoveryCodesView>)> {
    Ok(once(state.plane.confirm_codes(&actor, &code, &from).await?))
}

/// Signing in asks for the password alone from then on.
#[utoipa::path(delete, path = "/session/factors/totp", tag = "session", responses((status = 204, description = "Removed")))]
pub async fn delete_totp(State(state): State<AppState>, Principal(actor): Principal) -> Reply<StatusCode> {
    state.plane.remove_codes(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// In place of those that are left.
#[utoipa::path(post, path = "/session/factors/recovery_codes", tag = "session",
    responses((status = 200, body = RecoveryCodesView),
        (status = 404, description = "There is no second factor", body = super::super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post_recovery_codes(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<(Extension<KeepInstead>, Json<RecoveryCodesView>)> {
    Ok(once(state.plane.new_recovery_codes(&actor).await?))
}

/// Takes the second factor of somebody who has lost it. For admins; never one's own.
#[utoipa::path(delete, path = "/people/{id}/factors", tag = "people",
    params(("id" = String, Path, description = "The person's id or e-mail address")),
    responses((status = 204, description = "Signing in asks them for the password alone")))]
pub async fn delete_factors(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
) -> Reply<StatusCode> {
    state.plane.reset_codes(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
