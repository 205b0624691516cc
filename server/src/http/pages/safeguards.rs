//! Safeguards: the page, and its forms. Each form calls what REST calls.

use super::query::{Fields, Sent};
use super::render::{Form, Visit, came_of};
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
    let form = Form { page: PAGE, name: SWITCH, fields: &["reason"] };
    came_of(state.plane.switch_automation(&visit.actor, switch).await, form, &sent, |_| words.to_owned())
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
    let fields = &["application", "reason", "starts_at", "ends_at"];
    let form = Form { page: PAGE, name: DECLARE, fields };
    came_of(answer.await, form, &sent, |_| "The freeze is declared".to_owned())
}

pub async fn lift(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let id: Uuid = text.parse().map_err(|_| Problem::not_found("change freeze", &text))?;
        state.plane.lift_freeze(&visit.actor, id).await
    };
    let form = Form { page: PAGE, name: "lift", fields: &[] };
    came_of(answer.await, form, &sent, |()| "The freeze is lifted".to_owned())
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
