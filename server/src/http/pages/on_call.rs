//! Who is on call: the page, and its forms. Each form calls what REST calls. Where a calendar is read is never typed in again: it
//! would travel in a cookie.

use super::query::{Fields, Sent};
use super::render::{Form, Visit, came_of};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use holdfast_api::on_call::{NewOverride, PutOnCall, RotationView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::Name;
use holdfast_frontend::pages::on_call::{self, FOLLOW, PATH, ROTATE, TAKE_OVER};
use jiff::Timestamp;
use uuid::Uuid;

pub async fn page(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = state.plane.on_call(&visit.actor).await;
    let signed = visit.signed();
    visit.show(&state, answer.map(|teams| on_call::page(teams, signed))).await
}

pub async fn rotate(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let fields = &["team", "people", "time_zone", "starts_on", "hand_over", "turn_days"];
    let answer = async {
        let team = team(&sent.text("team"))?;
        let apart = |c: char| c.is_whitespace() || c == ',' || c == ';';
        let people = sent.text("people").split(apart).filter(|e| !e.is_empty()).map(str::to_owned).collect();
        let rotation = RotationView {
            people,
            time_zone: sent.text("time_zone"),
            starts_on: sent.text("starts_on"),
            hand_over: sent.text("hand_over"),
            turn_days: sent.text("turn_days").trim().parse().map_err(|_| {
                Problem::bad_field("turn_days", "is no number of days", "Write 1 for a day, 7 for a week.")
            })?,
        };
        let put = PutOnCall { rotation: Some(rotation), calendar_url: None };
        state.plane.put_on_call(&visit.actor, &team, put).await.map_err(without_prefix)
    };
    let form = Form { page: PATH, name: ROTATE, fields };
    came_of(answer.await, form, &sent, |view| format!("{} takes turns from now on", view.team))
}

pub async fn follow(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let answer = async {
        let team = team(&sent.text("team"))?;
        let put = PutOnCall { rotation: None, calendar_url: Some(sent.text("calendar_url")) };
        state.plane.put_on_call(&visit.actor, &team, put).await
    };
    let form = Form { page: PATH, name: FOLLOW, fields: &["team"] };
    came_of(answer.await, form, &sent, |view| {
        format!("The calendar of {} is read within seconds: what it said appears here", view.team)
    })
}

pub async fn take_over(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let answer = async {
        let team = team(&sent.text("team"))?;
        let until = time(&sent, "until")?
            .ok_or_else(|| Problem::bad_field("until", "is missing", "Say when it ends."))?;
        let new = NewOverride { person: sent.text("person"), from: time(&sent, "from")?, until };
        state.plane.override_on_call(&visit.actor, &team, new).await
    };
    let form = Form { page: PATH, name: TAKE_OVER, fields: &["team", "person", "from", "until"] };
    came_of(answer.await, form, &sent, |view| format!("The duty of {} is taken over", view.team))
}

pub async fn remove(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async { state.plane.remove_on_call(&visit.actor, &team(&text)?).await };
    let form = Form { page: PATH, name: "remove-on-call", fields: &[] };
    came_of(answer.await, form, &sent, |()| {
        format!("Nobody is on call for {text} any more: all of it hears at once")
    })
}

pub async fn end_override(
    State(state): State<AppState>,
    visit: Visit,
    Path((text, id)): Path<(String, String)>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let id: Uuid = id.parse().map_err(|_| Problem::not_found("override", &id))?;
        state.plane.end_override(&visit.actor, &team(&text)?, id).await
    };
    let form = Form { page: PATH, name: "end-override", fields: &[] };
    came_of(answer.await, form, &sent, |_| "The duty is its holder's again".to_owned())
}

fn team(text: &str) -> Answer<Name> {
    Name::parse(text.trim()).map_err(|wrong| {
        Problem::bad_field("team", wrong.0, "Write a group that approves, or an application's owner.")
    })
}

/// The form has the fields of a rotation without its name before them.
fn without_prefix(mut problem: Problem) -> Problem {
    for field in &mut problem.fields {
        if let Some(rest) = field.path.strip_prefix("rotation.") {
            field.path = rest.to_owned();
        }
    }
    problem
}

fn time(sent: &Fields, field: &str) -> Answer<Option<Timestamp>> {
    let parsed = sent.get(field).map(|text| {
        text.parse::<Timestamp>().map_err(|_| {
            Problem::bad_field(field, format!("`{text}` is not a time"), "Write it as 2026-12-20T09:00:00Z.")
        })
    });
    parsed.transpose()
}
