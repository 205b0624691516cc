//! `/policies`: who must approve. They are edited in the inventory file.

use super::{
    super::{principal::Principal, problem::Reply},
    List, inventory,
};
use crate::state::AppState;
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyView {
    pub name: String,
    /// Every rule must be met; one person counts once.
    pub rules: Vec<RuleView>,
    pub expires_after_seconds: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RuleView {
    pub group: String,
    pub approvals: u8,
}

#[utoipa::path(get, path = "/policies", tag = "people", responses((status = 200, body = List<PolicyView>)))]
pub async fn get_policies(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<PolicyView>>> {
    let stored = inventory::stored(&state, &actor).await?;
    let items = stored
        .approval_policies
        .unwrap_or_default()
        .into_iter()
        .map(|policy| PolicyView {
            name: policy.name.to_string(),
            rules: policy
                .rules
                .into_iter()
                .map(|rule| RuleView { group: rule.group.to_string(), approvals: rule.approvals })
                .collect(),
            expires_after_seconds: policy.expires_after.get(),
        })
        .collect();
    Ok(Json(List { items }))
}
