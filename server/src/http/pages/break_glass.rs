//! Break-glass: its pages and their forms. Each form calls what REST calls.

use super::flash;
use super::query::Sent;
use super::render::{Form, Visit, back, came_of};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use holdfast_api::break_glass::{MakeSealedCode, OpenBreakGlass, ReviewBreakGlass};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{BreakGlassId, Role};
use holdfast_frontend::pages::break_glass::{
    self, MAKE_CODE, MAKE_OFFLINE_CODE, MadeCode, OPEN, PATH, REVIEW,
};
use holdfast_frontend::screen::Screen;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Each time that is shown on the page; REST has them all.
const LINES: u32 = 50;

pub async fn page(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = whole(&state, &visit, None).await;
    visit.show(&state, answer).await
}

async fn whole(state: &AppState, visit: &Visit, made: Option<MadeCode>) -> Answer<Screen> {
    let actor = &visit.actor;
    let codes = async {
        // Whether they are shown; whether they may be kept is the control plane's to say.
        if actor.has(Role::Admin) { state.plane.sealed_codes(actor).await.map(Some) } else { Ok(None) }
    };
    let (now, history, codes, bundle) = futures::try_join!(
        state.plane.break_glass_state(actor),
        state.plane.break_glasses(actor, None, Some(LINES)),
        codes,
        state.plane.bundle(actor)
    )?;
    let signed = visit.signed();
    let view = break_glass::BreakGlass { state: now, history: history.items, codes, bundle, signed };
    Ok(break_glass::page(view, made))
}

pub async fn one(State(state): State<AppState>, visit: Visit, Path(text): Path<String>) -> Response {
    let answer = async {
        let glass = state.plane.break_glass(&visit.actor, id(&text)?).await?;
        Ok(break_glass::one(glass, visit.signed()))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

fn id(text: &str) -> Answer<BreakGlassId> {
    text.parse().map_err(|_| Problem::not_found("break-glass", text))
}

pub async fn open(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let answer = async {
        let minutes = sent.get("minutes").map(|text| text.parse::<u16>()).transpose();
        let open = OpenBreakGlass {
            reason: sent.text("reason"),
            incident: sent.get("incident"),
            minutes: minutes
                .map_err(|_| Problem::bad_field("minutes", "is no number", "Write a number, such as 30."))?,
            sealed_code: sent.get("sealed_code"),
        };
        state.plane.open_break_glass(&visit.actor, open).await
    };
    // A code is not shown again, not even to whoever typed it.
    let form = Form { page: PATH, name: OPEN, fields: &["reason", "incident", "minutes"] };
    came_of(answer.await, form, &sent, |_| "The glass is broken".to_owned())
}

pub async fn end(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async { state.plane.end_break_glass(&visit.actor, id(&text)?).await };
    let form = Form { page: &break_glass::href(&text), name: "end-break-glass", fields: &[] };
    came_of(answer.await, form, &sent, |_| "Break-glass has ended".to_owned())
}

pub async fn review(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let review = ReviewBreakGlass { words: sent.text("words") };
        state.plane.review_break_glass(&visit.actor, id(&text)?, review).await
    };
    let form = Form { page: &break_glass::href(&text), name: REVIEW, fields: &["words"] };
    came_of(answer.await, form, &sent, |_| "The review is closed".to_owned())
}

/// Answers with the page itself and not with a way back to it: the code is in this answer and nowhere else.
pub async fn make_code(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let make = MakeSealedCode { kept_at: sent.text("kept_at") };
    match state.plane.make_sealed_code(&visit.actor, make).await {
        Ok(made) => {
            let answer = whole(&state, &visit, Some(MadeCode::Sealed(made))).await;
            visit.show(&state, answer).await
        }
        Err(problem) => back(PATH, flash::refused(&problem, MAKE_CODE, sent.typed(&["kept_at"]))),
    }
}

/// The same of one's own code: this answer is the only one that shows it.
pub async fn make_offline_code(State(state): State<AppState>, visit: Visit) -> Response {
    match state.plane.make_offline_code(&visit.actor).await {
        Ok(made) => {
            let answer = whole(&state, &visit, Some(MadeCode::Offline(made))).await;
            visit.show(&state, answer).await
        }
        Err(problem) => back(PATH, flash::refused(&problem, MAKE_OFFLINE_CODE, BTreeMap::new())),
    }
}

pub async fn end_offline_code(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let id: Uuid = text.parse().map_err(|_| Problem::not_found("offline code", &text))?;
        state.plane.end_offline_code(&visit.actor, id).await
    };
    let form = Form { page: PATH, name: "end-offline-code", fields: &[] };
    came_of(answer.await, form, &sent, |()| "The next bundle is not opened by that code".to_owned())
}

/// The file as a browser saves it.
pub async fn bundle_copy(State(state): State<AppState>, visit: Visit) -> Response {
    match state.plane.bundle_copy(&visit.actor).await {
        Ok(copy) => {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"holdfast.bundle\""),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, copy).into_response()
        }
        Err(problem) => back(PATH, flash::refused(&problem, MAKE_OFFLINE_CODE, BTreeMap::new())),
    }
}

pub async fn withdraw_code(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let id: Uuid = text.parse().map_err(|_| Problem::not_found("sealed code", &text))?;
        state.plane.withdraw_sealed_code(&visit.actor, id).await
    };
    let form = Form { page: PATH, name: "withdraw-sealed-code", fields: &[] };
    came_of(answer.await, form, &sent, |()| "The sealed code opens nothing any more".to_owned())
}
