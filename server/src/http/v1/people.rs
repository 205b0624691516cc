//! `/people` and `/groups`: who there is. They are made by `holdfast admin`, which needs the database.

use super::{
    super::{principal::Principal, problem::Reply},
    List, inventory,
};
use crate::state::AppState;
use axum::{Json, extract::State};
use holdfast_api::people::PersonView;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub struct GroupView {
    pub name: String,
    pub description: Option<String>,
    /// E-mail addresses. A group without members cannot approve.
    pub members: Vec<String>,
}

#[utoipa::path(get, path = "/people", tag = "people", responses((status = 200, body = List<PersonView>)))]
pub async fn get_people(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<PersonView>>> {
    Ok(Json(List { items: state.plane.people(&actor).await? }))
}

#[utoipa::path(get, path = "/groups", tag = "people", responses((status = 200, body = List<GroupView>)))]
pub async fn get_groups(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<GroupView>>> {
    let people = state.plane.people(&actor).await?;
    let declared = inventory::stored(&state, &actor).await?.groups.unwrap_or_default();
    let mut groups: BTreeMap<String, GroupView> = declared
        .into_iter()
        .map(|group| {
            let name = group.name.to_string();
            (name.clone(), GroupView { name, description: group.description, members: Vec::new() })
        })
        .collect();
    for person in people.iter().filter(|person| !person.disabled) {
        for name in &person.groups {
            let group = groups.entry(name.clone()).or_insert_with(|| GroupView {
                name: name.clone(),
                description: None,
                members: Vec::new(),
            });
            group.members.push(person.email.clone());
        }
    }
    Ok(Json(List { items: groups.into_values().collect() }))
}
