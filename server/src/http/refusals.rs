//! Refusals of the door itself: a change that somebody who is signed in asked for and that never reached the control plane,
//! because what was sent could not be read or made no sense. What the control plane refuses it has written down already.

use super::{principal, problem::Told};
use crate::state::AppState;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use holdfast_api::Problem;

/// Nothing stands there that could have refused.
const OF_NOTHING: [&str; 2] = ["unknown_path", "wrong_method"];

pub async fn write_down(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let response = next.run(Request::from_parts(parts.clone(), body)).await;
    let Some(Told(problem)) = response.extensions().get().filter(|Told(problem)| is_the_doors(problem))
    else {
        return response;
    };
    let Ok(Some(actor)) = principal::who(&mut parts, &state).await else { return response };
    let asked = format!("{} {}", parts.method, parts.uri.path());
    match state.plane.turned_away(&actor, &asked, problem).await {
        Ok(()) => response,
        // As everywhere: a refusal that cannot be written down is not told either.
        Err(problem) => super::problem::Refused(problem).into_response(),
    }
}

fn is_the_doors(problem: &Problem) -> bool {
    problem.is_refusal() && !problem.written_down && !OF_NOTHING.contains(&problem.code.as_str())
}
