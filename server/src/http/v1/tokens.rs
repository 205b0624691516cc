//! `/tokens`: API tokens of the person who asks. The secret is shown once.

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
use holdfast_api::{Problem, people::TokenView};
use holdfast_domain::{Reach, Scope};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    #[schema(example = "pipeline")]
    name: String,
    #[schema(example = json!(["inventory:read", "runs:request"]))]
    scopes: Vec<String>,
    /// Some applications only, such as `team=payments,tier=1`; absent: all that one may oneself.
    #[serde(default)]
    within: Option<String>,
    /// 1 to 90; 90 when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 90)]
    days: Option<u16>,
}

/// # Errors
/// 422 when it limits by nothing that there is.
pub fn within(text: Option<&str>) -> Result<Reach, Problem> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map_or(Ok(Reach::default()), str::parse).map_err(|error| {
        Problem::bad_field("within", error.0, "Write it as `team=payments,tier=1`, or leave it out.")
    })
}

#[utoipa::path(get, path = "/tokens", tag = "people", responses((status = 200, body = List<TokenView>)))]
pub async fn get_tokens(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<TokenView>>> {
    Ok(Json(List { items: state.plane.tokens(&actor).await? }))
}

/// Makes a token. `token` in the answer is its secret: it is not shown again, also not to a repeat of the request.
#[utoipa::path(post, path = "/tokens", tag = "people", request_body = NewToken,
    responses((status = 201, body = TokenView)))]
pub async fn post_token(
    State(state): State<AppState>,
    Principal(actor): Principal,
    JsonBody(new): JsonBody<NewToken>,
) -> Reply<(StatusCode, Extension<KeepInstead>, Json<TokenView>)> {
    let mut scopes = Vec::new();
    for (index, text) in new.scopes.iter().enumerate() {
        let scope: Scope = text.parse().map_err(|error: holdfast_domain::Invalid| {
            Problem::bad_field(&format!("scopes[{index}]"), error.0, "Use one of the scopes named.")
        })?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let within = within(new.within.as_deref())?;
    let view = state.plane.create_token(&actor, &new.name, scopes, within, new.days.unwrap_or(90)).await?;
    // A repeat learns which token it made, and not its secret: that is stored nowhere.
    let kept = serde_json::to_string(&TokenView { token: None, ..view.clone() }).unwrap_or_default();
    Ok((StatusCode::CREATED, Extension(KeepInstead(kept)), Json(view)))
}

#[utoipa::path(delete, path = "/tokens/{id}", tag = "people",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "Revoked")))]
pub async fn delete_token(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<String>,
) -> Reply<StatusCode> {
    state.plane.revoke_token(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
