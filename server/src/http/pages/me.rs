//! How somebody signs in: the page, proving anew who they are, the password, the second factor, where they are signed in. Secrets and codes are in the answer that
//! makes them and nowhere else.

use super::flash;
use super::query::{Asked, Sent};
use super::render::{self, Form, Visit, back, came_of};
use crate::http::principal::own_path;
use crate::http::sign_in::{self, Here, Peer, factors_due};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::{StatusCode, request::Parts};
use axum::response::{IntoResponse as _, Redirect, Response};
use holdfast_api::passwords::ChangePassword;
use holdfast_api::{Answer, Problem};
use holdfast_domain::Due;
use holdfast_frontend::pages;
use holdfast_frontend::pages::me::{CONFIRM, PATH};
use holdfast_frontend::pages::password::CHANGE;
use holdfast_frontend::pages::people::{PATH as PEOPLE, SIGN_EVERYBODY_OUT};
use holdfast_frontend::screen::Screen;

/// The second half of signing in.
pub async fn code(State(state): State<AppState>, mut parts: Parts, Asked(asked): Asked) -> Response {
    let next = asked.text("next");
    match factors_due(&mut parts, &state).await {
        Ok(Some(due)) => {
            let failed = asked.get("refused");
            let status = if failed.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
            render::alone(&state, &parts.headers, status, pages::sign_in::code_page(next, failed, due))
        }
        // Nobody's password was right here a moment ago.
        Ok(None) => Redirect::to(&sign_in::page(sign_in::SIGN_IN, own_path(&next).unwrap_or("/"), None))
            .into_response(),
        Err(refused) => render::page_problem(&state, &parts.headers, refused.0),
    }
}

/// What a form was told is kept for the page that it leads back to.
pub async fn prove(State(state): State<AppState>, visit: Visit, Asked(asked): Asked) -> Response {
    let provider = state.site.provider.as_ref().map(|provider| provider.name().to_owned());
    let answer = async {
        let factors = state.plane.factors(&visit.actor).await?;
        let next = asked.text("next");
        let next = own_path(&next).unwrap_or("/").to_owned();
        Ok(pages::prove::page(factors, next, asked.get("refused"), provider))
    };
    let answer: Answer<Screen> = answer.await;
    visit.leaving_the_flash().show(&state, answer).await
}

pub async fn page(State(state): State<AppState>, visit: Visit, Here(current): Here) -> Response {
    if let Some(due) = visit.actor.due {
        let answer = match due {
            Due::OwnPassword => Ok(pages::me::own_password_due()),
            Due::SecondFactor => state.plane.factors(&visit.actor).await.map(pages::me::second_factor_due),
        };
        return visit.show(&state, answer).await;
    }
    let answer = futures::try_join!(
        state.plane.factors(&visit.actor),
        state.plane.passkeys(&visit.actor),
        state.plane.own_sessions(&visit.actor, current.as_deref())
    );
    visit.show(&state, answer.map(|(factors, keys, sessions)| pages::me::page(factors, keys, sessions))).await
}

pub async fn change_password(
    State(state): State<AppState>,
    visit: Visit,
    mut parts: Parts,
    Sent(sent): Sent,
) -> Response {
    let typed = |name: &str| sent.untrimmed(name).unwrap_or_default();
    let answer = async {
        let (present, new) = (typed("present"), typed("new"));
        if new != typed("again") {
            return Err(Problem::bad_field("again", "is not the new password", "Type the new one twice."));
        }
        let change = ChangePassword { present, new };
        let changed = sign_in::change_password(&mut parts, &state, &visit.actor, change).await;
        changed.map_err(|refused| refused.0)
    };
    let form = Form { page: PATH, name: CHANGE, fields: &[] };
    came_of(answer.await, form, &sent, |ended| {
        format!("The password is changed, and you are signed out everywhere else: {ended} ended")
    })
}

pub async fn end_session(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let form = Form { page: PATH, name: "end-session", fields: &[] };
    came_of(state.plane.end_session(&visit.actor, &id).await, form, &sent, |()| {
        "That session is over, and its open pages with it".to_owned()
    })
}

/// Everywhere, or everywhere else.
pub async fn end_sessions(
    State(state): State<AppState>,
    visit: Visit,
    Here(current): Here,
    Sent(sent): Sent,
) -> Response {
    let but = current.filter(|_| sent.text("others") == "true");
    let form = Form { page: PATH, name: "end-sessions", fields: &[] };
    let answer = state.plane.end_sessions(&visit.actor, but.as_deref()).await;
    if but.is_none() && answer.is_ok() {
        return Redirect::to(sign_in::SIGN_IN).into_response();
    }
    came_of(answer, form, &sent, |ended| format!("Signed out everywhere else: {ended} ended"))
}

/// Oneself too, so that it leads to the sign-in.
pub async fn sign_everybody_out(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    match state.plane.end_everybodys_sessions(&visit.actor, &sent.text("confirm")).await {
        Ok(_) => Redirect::to(sign_in::SIGN_IN).into_response(),
        Err(problem) => back(PEOPLE, flash::refused(&problem, SIGN_EVERYBODY_OUT, sent.typed(&["confirm"]))),
    }
}

pub async fn begin_codes(State(state): State<AppState>, visit: Visit) -> Response {
    match state.plane.begin_codes(&visit.actor).await {
        Ok(shown) => visit.show(&state, Ok(pages::me::begun(shown))).await,
        Err(problem) => back(PATH, flash::refused(&problem, "begin-codes", Default::default())),
    }
}

pub async fn confirm_codes(
    State(state): State<AppState>,
    visit: Visit,
    Peer(from): Peer,
    Sent(sent): Sent,
) -> Response {
    match state.plane.confirm_codes(&visit.actor, &sent.text("code"), &from).await {
        Ok(codes) => visit.show(&state, Ok(pages::me::recovery_codes(codes))).await,
        Err(problem) => back(PATH, flash::refused(&problem, CONFIRM, Default::default())),
    }
}

pub async fn new_recovery_codes(State(state): State<AppState>, visit: Visit) -> Response {
    match state.plane.new_recovery_codes(&visit.actor).await {
        Ok(codes) => visit.show(&state, Ok(pages::me::recovery_codes(codes))).await,
        Err(problem) => back(PATH, flash::refused(&problem, "recovery-codes", Default::default())),
    }
}

pub async fn remove_codes(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let form = Form { page: PATH, name: "remove-codes", fields: &[] };
    came_of(state.plane.remove_codes(&visit.actor).await, form, &sent, |()| {
        "The authenticator app is removed: it proves nothing any more".to_owned()
    })
}

/// Of somebody else, who has lost it.
pub async fn reset_codes(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let form = Form { page: PEOPLE, name: &format!("person-{id}"), fields: &[] };
    came_of(state.plane.reset_codes(&visit.actor, &id).await, form, &sent, |()| {
        "The second factor is taken away: signing in asks them for the password alone".to_owned()
    })
}
