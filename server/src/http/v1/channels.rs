//! `/channels`: how the person who asks is told; and who was told of a run or an evacuation. What is secret is shown once.

use super::{
    super::{
        body::{JsonBody, Segment},
        principal::Principal,
        problem::Reply,
        repeats::KeepInstead,
    },
    List,
};
use crate::state::AppState;
use axum::{Extension, Json, extract::State, http::StatusCode};
use holdfast_api::notices::{ChannelView, DeliveryView, NewChannel};
use holdfast_domain::{EvacuationId, RunId};

/// One's own channels, each with what became of the last message through it. Not for tokens.
#[utoipa::path(get, path = "/channels", tag = "people", responses((status = 200, body = List<ChannelView>)))]
pub async fn get_channels(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<ChannelView>>> {
    Ok(Json(List { items: state.plane.channels(&actor).await? }))
}

/// Makes a channel. Where it leads is sealed. A webhook's `secret` is in this answer alone, also not in that to a repeat.
#[utoipa::path(post, path = "/channels", tag = "people", request_body = NewChannel,
    responses((status = 201, body = ChannelView)))]
pub async fn post_channel(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(new): JsonBody<NewChannel>,
) -> Reply<(StatusCode, Extension<KeepInstead>, Json<ChannelView>)> {
    let view = state.plane.add_channel(&actor, new).await?;
    let kept = serde_json::to_string(&ChannelView { secret: None, ..view.clone() }).unwrap_or_default();
    Ok((StatusCode::CREATED, Extension(KeepInstead(kept)), Json(view)))
}

/// Nothing is told by it any more, and what was sealed of it is gone.
#[utoipa::path(delete, path = "/channels/{id}", tag = "people",
    params(("id" = String, Path, description = "As `GET /channels` has it")),
    responses((status = 204, description = "Removed")))]
pub async fn delete_channel(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
) -> Reply<StatusCode> {
    state.plane.remove_channel(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message through it. The answer does not wait for it: `last` of the channel tells what became of it.
#[utoipa::path(post, path = "/channels/{id}/test", tag = "people",
    params(("id" = String, Path, description = "As `GET /channels` has it")),
    responses((status = 202, body = ChannelView)))]
pub async fn post_test(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
) -> Reply<(StatusCode, Json<ChannelView>)> {
    Ok((StatusCode::ACCEPTED, Json(state.plane.test_channel(&actor, &id).await?)))
}

/// Who was told of a run, by which channel, and what became of it; newest first.
#[utoipa::path(get, path = "/runs/{id}/notices", tag = "runs",
    params(("id" = String, Path, description = "The run's id")),
    responses((status = 200, body = List<DeliveryView>)))]
pub async fn get_run_notices(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<RunId>,
) -> Reply<Json<List<DeliveryView>>> {
    Ok(Json(List { items: state.plane.told_of_run(&actor, id).await? }))
}

/// Who was told of an evacuation, by which channel, and what became of it; newest first.
#[utoipa::path(get, path = "/evacuations/{id}/notices", tag = "runs",
    params(("id" = String, Path, description = "The evacuation's id")),
    responses((status = 200, body = List<DeliveryView>)))]
pub async fn get_evacuation_notices(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<EvacuationId>,
) -> Reply<Json<List<DeliveryView>>> {
    Ok(Json(List { items: state.plane.told_of_evacuation(&actor, id).await? }))
}
