//! `/system`: whether Holdfast itself is well.

use super::super::{principal::Principal, problem::Reply};
use crate::state::AppState;
use axum::{Json, extract::State};
use holdfast_api::{Answer, runs::RunFilter, system::SystemView};
use holdfast_domain::Actor;

/// What pages and REST show.
///
/// # Errors
/// The control plane's.
pub async fn view(state: &AppState, actor: &Actor) -> Answer<SystemView> {
    let audit = state.plane.audit_log(actor).await?;
    let set_aside = RunFilter { set_aside: true, limit: Some(200), ..RunFilter::default() };
    Ok(SystemView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: if state.site.production { "production" } else { "local" }.to_owned(),
        not_ready: state.plane.ready().await.err(),
        notes: state.site.notes.clone(),
        gaps: state.plane.gaps(actor).await?,
        unreadable: state.plane.unreadable_applications(actor).await?,
        clocks: state.plane.clocks(actor).await?,
        set_aside: state.plane.runs(actor, &set_aside).await?.items,
        audit,
    })
}

/// Version, mode, readiness, how the database is connected, and how the audit log stands.
#[utoipa::path(get, path = "/system", tag = "system", responses((status = 200, body = SystemView)))]
pub async fn get_system(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<SystemView>> {
    Ok(Json(view(&state, &actor).await?))
}
