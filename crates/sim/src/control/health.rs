//! The health endpoints of the world's services, for probes from outside: `/_sim/health/REGION/CLUSTER/SERVICE`. A
//! dark Region takes the connection and never answers.

use super::problem;
use crate::state::Shared;
use crate::wire;
use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn ask(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<wire::Peer>,
    Path((region, cluster, service)): Path<(String, String, String)>,
) -> Response {
    let (dark, running) = shared.with(|state, now| {
        let dark = state.world.regions.get(&region).is_some_and(|r| r.dark);
        let is = |s: &&crate::world::compute::EcsService| {
            s.region == region && s.cluster == cluster && s.name == service
        };
        (dark, state.world.services.iter().find(is).map(|s| s.running(now.virtual_ms)))
    });
    if dark {
        shared.stopping().await;
        peer.cut();
    }
    match running {
        None => {
            problem(StatusCode::NOT_FOUND, format!("no service {service} of cluster {cluster} in {region}"))
        }
        Some(0) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "no task runs"}))).into_response(),
        Some(running) => {
            Json(json!({"status": "ready", "region": region, "service": service, "running": running}))
                .into_response()
        }
    }
}
