//! Safeguards: the page, and its forms. Each form calls what REST calls.

use super::flash;
use super::query::{Fields, Sent};
use super::render::{Visit, back};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use holdfast_api::safeguards::{DeclareFreeze, SwitchAutomation};
use holdfast_api::{Answer, Problem};
use holdfast_frontend::pages::safeguards::{self, DECLARE, SWITCH};
use jiff::Timestamp;
use uuid::Uuid;

const PAGE: &str = "/safeguards";

pub async fn page(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = async {
        Ok(safeguards::page(safeguards::Safeguards {
            automation: state.plane.automation(&visit.actor).await?,
            freezes: state.plane.freezes(&visit.actor).await?,
            signed: visit.signed(),
        }))
    };
    let answer = answer.await;
    visit.show(&state, answer).await
}

pub async fn switch(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let on = sent.text("on") == "true";
    let switch = SwitchAutomation { on, reason: sent.get("reason") };
    let words = if on { "Automation goes on" } else { "All automation has stopped" };
    match state.plane.switch_automation(&visit.actor, switch).await {
        Ok(_) => back(PAGE, flash::done(words.to_owned())),
        Err(problem) => back(PAGE, flash::refused(&problem, SWITCH, sent.typed(&["reason"]))),
    }
}

pub async fn declare(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let answer = async {
        let freeze = DeclareFreeze {
            application: sent.get("application"),
            reason: sent.text("reason"),
            starts_at: time(&sent, "starts_at")?,
            ends_at: time(&sent, "ends_at")?
                .ok_or_else(|| Problem::bad_field("ends_at", "is missing", "Say when changes may go on."))?,
        };
        state.plane.declare_freeze(&visit.actor, freeze).await
    };
    match answer.await {
        Ok(_) => back(PAGE, flash::done("The freeze is declared".to_owned())),
        Err(problem) => {
            let typed = sent.typed(&["application", "reason", "starts_at", "ends_at"]);
            back(PAGE, flash::refused(&problem, DECLARE, typed))
        }
    }
}

pub async fn lift(State(state): State<AppState>, visit: Visit, Path(text): Path<String>) -> Response {
    let answer = async {
        let id: Uuid = text.parse().map_err(|_| Problem::not_found("change freeze", &text))?;
        state.plane.lift_freeze(&visit.actor, id).await
    };
    match answer.await {
        Ok(()) => back(PAGE, flash::done("The freeze is lifted".to_owned())),
        Err(problem) => back(PAGE, flash::refused(&problem, "lift", Default::default())),
    }
}

fn time(sent: &Fields, field: &str) -> Answer<Option<Timestamp>> {
    sent.get(field)
        .map(|text| {
            text.parse::<Timestamp>().map_err(|_| {
                Problem::bad_field(
                    field,
                    format!("`{text}` is not a time"),
                    "Write it as 2026-12-20T00:00:00Z.",
                )
            })
        })
        .transpose()
}
