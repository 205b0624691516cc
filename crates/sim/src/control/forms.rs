//! What the control page's forms do. Each is one field `do` with what it needs beside it; the answer is
//! the page again, or a sentence that says what was wrong.

use super::page::page;
use super::{MAX_LAG_MS, change_clock};
use crate::faults::{Fault, FaultKind};
use crate::state::{Shared, State as SimState};
use crate::world::clock::Moment;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;

/// All fields of all forms; a form sends the ones it has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    #[serde(rename = "do")]
    what: String,
    a: String,
    b: String,
    value: String,
    service: String,
    operation: String,
    region: String,
    account: String,
    kind: String,
    times: String,
    live: String,
}

pub(super) async fn submit(State(shared): State<Arc<Shared>>, Form(fields): Form<Fields>) -> Response {
    let done = shared.with(|state, now| {
        let done = act(state, now, &fields);
        state.save();
        done
    });
    match done {
        Ok(section) => {
            let live = if fields.live == "true" { "?live=true" } else { "" };
            Redirect::to(&format!("/{live}#{section}")).into_response()
        }
        Err(why) => {
            let content = format!(
                "<h1>That did not work</h1><p role=\"alert\">{}</p><p><a href=\"/\">Back to the simulator</a></p>",
                quick_xml::escape::escape(why.as_str())
            );
            (StatusCode::UNPROCESSABLE_ENTITY, page(&content, false)).into_response()
        }
    }
}

/// Does it and names the section to show; or says why not.
fn act(state: &mut SimState, now: Moment, fields: &Fields) -> Result<&'static str, String> {
    let on = fields.value == "true";
    let known = |known: bool, section: &'static str| {
        if known { Ok(section) } else { Err("The world has no such Region.".to_owned()) }
    };
    match fields.what.as_str() {
        "dark" => known(state.world.set_region(&fields.a, Some(on), None, now), "regions"),
        "control_plane_dark" => known(state.world.set_region(&fields.a, None, Some(on), now), "regions"),
        "capacity_short" => known(state.world.set_capacity_short(&fields.a, on, now.virtual_ms), "regions"),
        "cut" => known(state.world.set_link(&fields.a, &fields.b, Some(on), None, now), "links"),
        "lag" => {
            let lag_ms = match optional::<f64>("Lag", &fields.value)? {
                Some(seconds) if !(0.0..=MAX_LAG_MS / 1_000.0).contains(&seconds) => {
                    return Err("Lag must lie between 0 and 86400 seconds.".to_owned());
                }
                seconds => seconds.map(|s| s * 1_000.0),
            };
            known(state.world.set_link(&fields.a, &fields.b, None, Some(lag_ms), now), "links")
        }
        "speed" => change_clock(state, optional("Speed", &fields.value)?, None).map(|_| "clock"),
        "advance" => change_clock(state, None, optional("Seconds", &fields.value)?).map(|_| "clock"),
        "fault" => add_fault(state, fields).map(|()| "faults"),
        "clear_faults" => {
            state.faults.clear();
            Ok("faults")
        }
        _ => Err("This form asks for something that the simulator does not know.".to_owned()),
    }
}

fn optional<T: std::str::FromStr>(label: &str, value: &str) -> Result<Option<T>, String> {
    match value.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("{label}: '{text}' is not a number.")),
    }
}

fn add_fault(state: &mut SimState, fields: &Fields) -> Result<(), String> {
    let kind = match fields.kind.as_str() {
        "throttle" => FaultKind::Throttle,
        "deny" => FaultKind::Deny,
        "error" => FaultKind::Error,
        "hang" => FaultKind::Hang,
        "lose_answer" => FaultKind::LoseAnswer,
        "stale" => FaultKind::Stale,
        _ => return Err("Choose how calls are to go wrong.".to_owned()),
    };
    let given = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    state.faults.add(Fault {
        service: given(&fields.service),
        operation: given(&fields.operation),
        region: given(&fields.region),
        account: given(&fields.account),
        times: optional("Times", &fields.times)?,
        ..Fault::new(kind)
    });
    Ok(())
}
