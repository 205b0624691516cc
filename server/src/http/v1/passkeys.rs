//! `/session/passkeys`: the keys (WebAuthn) of the person who asks, and `/people/{id}/passkeys`: of somebody else. What a key is
//! asked and what it answers is what browsers take and give.

use super::{
    super::{
        body::{JsonBody, MaybeJson, Segment, Segments},
        principal::Principal,
        problem::{ProblemBody, Reply},
        repeats::KeepInstead,
        sign_in::{Here, Peer},
    },
    List,
};
use crate::state::AppState;
use axum::{Extension, Json, extract::State, http::StatusCode};
use holdfast_api::passkeys::{AddPasskey, AddedPasskeyView, PasskeyChallengeView, PasskeyView};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// Which key it is, as its owner calls it.
    name: String,
    /// What `navigator.credentials.create()` gave, as `PublicKeyCredential.toJSON()` writes it.
    #[schema(value_type = Object)]
    answer: Value,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyName {
    name: String,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofFor {
    /// What the proof is for: a page's path, such as `/runs/…`. The answer is taken with the same.
    #[serde(default)]
    page: Option<String>,
}

/// One's own keys.
#[utoipa::path(get, path = "/session/passkeys", tag = "session", responses((status = 200, body = List<PasskeyView>)))]
pub async fn get_passkeys(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<PasskeyView>>> {
    Ok(Json(List { items: state.plane.passkeys(&actor).await? }))
}

/// What a new key is asked. Wants a fresh proof, by the second factor where there is one. Good for one answer within five
/// minutes, in this session.
#[utoipa::path(post, path = "/session/passkeys/challenge", tag = "session", responses((status = 201, body = PasskeyChallengeView)))]
pub async fn post_passkey_challenge(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Here(here): Here,
) -> Reply<(StatusCode, Json<PasskeyChallengeView>)> {
    let challenge = state.plane.begin_passkey(&actor, &here.unwrap_or_default()).await?;
    Ok((StatusCode::CREATED, Json(challenge)))
}

/// Registers a key by its answer. With the first second factor come codes to recover with, which are not shown again.
#[utoipa::path(post, path = "/session/passkeys", tag = "session", request_body = NewPasskey, responses(
    (status = 201, body = AddedPasskeyView),
    (status = 401, description = "`passkey_refused`: the key's answer is not right", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`challenge_gone`: nothing waits for the answer; `already_there`; `too_many_passkeys`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many failures", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_passkey(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Here(here): Here,
    Peer(from): Peer,
    JsonBody(NewPasskey { name, answer }): JsonBody<NewPasskey>,
) -> Reply<(StatusCode, Extension<KeepInstead>, Json<AddedPasskeyView>)> {
    let new = AddPasskey { name, answer };
    let added = state.plane.add_passkey(&actor, new, &here.unwrap_or_default(), &from).await?;
    let kept = serde_json::json!({ "passkey": added.passkey }).to_string();
    Ok((StatusCode::CREATED, Extension(KeepInstead(kept)), Json(added)))
}

/// Calls a key something else.
#[utoipa::path(patch, path = "/session/passkeys/{id}", tag = "session", request_body = PasskeyName, params(("id" = String, Path)),
    responses((status = 200, body = PasskeyView)))]
pub async fn patch_passkey(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<Uuid>,
    JsonBody(PasskeyName { name }): JsonBody<PasskeyName>,
) -> Reply<Json<PasskeyView>> {
    Ok(Json(state.plane.rename_passkey(&actor, id, &name).await?))
}

/// Removes a key of one's own. Wants a fresh proof by a second factor; with the last one go the codes to recover with.
#[utoipa::path(delete, path = "/session/passkeys/{id}", tag = "session", params(("id" = String, Path)),
    responses((status = 204, description = "Removed")))]
pub async fn delete_passkey(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<Uuid>,
) -> Reply<StatusCode> {
    state.plane.remove_passkey(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a key is asked that proves anew who the session's person is; its answer goes to `POST /session/proof` as `passkey`. Good
/// for one answer within five minutes, in this session.
#[utoipa::path(post, path = "/session/proof/challenge", tag = "session", request_body = ProofFor, responses(
    (status = 201, body = PasskeyChallengeView),
    (status = 404, description = "There is no key to ask", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Asked too often without an answer", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn post_proof_challenge(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Here(here): Here,
    Peer(from): Peer,
    MaybeJson(ProofFor { page }): MaybeJson<ProofFor>,
) -> Reply<(StatusCode, Json<PasskeyChallengeView>)> {
    let here = here.unwrap_or_default();
    let challenge = state.plane.challenge_proof(&actor, page.as_deref(), &here, &from).await?;
    Ok((StatusCode::CREATED, Json(challenge)))
}

/// Somebody's keys. For admins.
#[utoipa::path(get, path = "/people/{id}/passkeys", tag = "people",
    params(("id" = String, Path, description = "The person's id or e-mail address")),
    responses((status = 200, body = List<PasskeyView>)))]
pub async fn get_passkeys_of(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
) -> Reply<Json<List<PasskeyView>>> {
    Ok(Json(List { items: state.plane.passkeys_of(&actor, &id).await? }))
}

/// Takes a key of somebody who has lost it. For admins; never one's own.
#[utoipa::path(delete, path = "/people/{id}/passkeys/{passkey}", tag = "people",
    params(("id" = String, Path, description = "The person's id or e-mail address"), ("passkey" = String, Path)),
    responses((status = 204, description = "Taken away")))]
pub async fn delete_passkey_of(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segments(id, passkey): Segments<String, Uuid>,
) -> Reply<StatusCode> {
    state.plane.remove_passkey_of(&actor, &id, passkey).await?;
    Ok(StatusCode::NO_CONTENT)
}
