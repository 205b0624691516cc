//! Keys: the forms on one's own page, and the page of somebody else's. What a key is asked comes from REST, by the page's script;
//! its answer comes with the form.

use super::flash;
use super::query::{Fields, Sent};
use super::render::{Form, Visit, back, came_of};
use crate::http::sign_in::{Here, Peer};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use holdfast_api::passkeys::AddPasskey;
use holdfast_api::proofs::RecoveryCodesView;
use holdfast_api::{Answer, Problem};
use holdfast_frontend::pages;
use holdfast_frontend::pages::me::PATH;
use holdfast_frontend::pages::passkeys::{ADD, RENAME, of_href};
use holdfast_frontend::screen::Screen;
use uuid::Uuid;

/// Answers with the codes to recover with where the key brought some: they are in this answer and nowhere else.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    Here(here): Here,
    Peer(from): Peer,
    Sent(sent): Sent,
) -> Response {
    let new = AddPasskey { name: sent.text("name"), answer: answer(&sent) };
    match state.plane.add_passkey(&visit.actor, new, &here.unwrap_or_default(), &from).await {
        Ok(added) if !added.recovery_codes.is_empty() => {
            let codes = RecoveryCodesView { recovery_codes: added.recovery_codes };
            visit.show(&state, Ok(pages::me::recovery_codes(codes))).await
        }
        Ok(added) => back(PATH, flash::done(format!("The key is registered: {}", added.passkey.name))),
        Err(problem) => back(PATH, flash::refused(&problem, ADD, sent.typed(&["name"]))),
    }
}

/// What cannot be read is no answer, and is refused as one.
fn answer(sent: &Fields) -> serde_json::Value {
    serde_json::from_str(&sent.text("passkey")).unwrap_or_default()
}

fn key(text: &str) -> Answer<Uuid> {
    text.parse().map_err(|_| Problem::not_found("key", text))
}

pub async fn rename(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let asked = async { state.plane.rename_passkey(&visit.actor, key(&text)?, &sent.text("name")).await };
    let name = format!("{RENAME}-{text}");
    let form = Form { page: PATH, name: &name, fields: &["name"] };
    came_of(asked.await, form, &sent, |key| format!("The key is called {} now", key.name))
}

pub async fn remove(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let asked = async { state.plane.remove_passkey(&visit.actor, key(&text)?).await };
    let form = Form { page: PATH, name: "remove-passkey", fields: &[] };
    came_of(asked.await, form, &sent, |()| "The key is removed: it proves nothing any more".to_owned())
}

/// Somebody else's.
pub async fn of(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> Response {
    let answer = async {
        let (person, keys) = futures::try_join!(
            state.plane.person(&visit.actor, &id),
            state.plane.passkeys_of(&visit.actor, &id)
        )?;
        let email = &visit.actor.email;
        let own = person.email == *email || person.other_accounts.contains(email);
        Ok(pages::passkeys::of_somebody(person, keys, own))
    };
    let answer: Answer<Screen> = answer.await;
    visit.show(&state, answer).await
}

pub async fn remove_of(
    State(state): State<AppState>,
    visit: Visit,
    Path((id, text)): Path<(String, String)>,
    Sent(sent): Sent,
) -> Response {
    let asked = async { state.plane.remove_passkey_of(&visit.actor, &id, key(&text)?).await };
    let page = of_href(&id);
    let form = Form { page: &page, name: "remove-passkey", fields: &[] };
    came_of(asked.await, form, &sent, |()| "The key is taken away: it proves nothing any more".to_owned())
}
