//! How the person who looks is told: the page, and a form per verb. What is typed of where a channel leads is never typed in
//! again for them: it would travel in a cookie.

use super::flash;
use super::query::{Fields, Sent};
use super::render::{Form, Visit, back, came_of};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use holdfast_api::notices::NewChannel;
use holdfast_api::{Answer, Problem};
use holdfast_domain::ChannelKind;
use holdfast_frontend::pages;
use holdfast_frontend::pages::channels::{ADD, PATH};

pub async fn page(State(state): State<AppState>, visit: Visit) -> Response {
    let answer = state.plane.channels(&visit.actor).await;
    visit.show(&state, answer.map(|channels| pages::channels::page(channels, None))).await
}

/// The form has one field for where it leads, whatever the kind.
fn new(sent: &Fields) -> Answer<NewChannel> {
    let text = sent.text("kind");
    let kind: ChannelKind = text.parse().map_err(|e: holdfast_domain::Invalid| {
        Problem::bad_field("kind", e.0, "Choose one of those offered.")
    })?;
    let mut new = NewChannel { kind, name: sent.text("name"), address: None, url: None, routing_key: None };
    let to = sent.get("to");
    match kind {
        ChannelKind::Email => new.address = to,
        ChannelKind::Webhook | ChannelKind::Slack => new.url = to,
        ChannelKind::PagerDuty => new.routing_key = to,
    }
    Ok(new)
}

/// A webhook's secret is in this answer and nowhere else.
pub async fn add(State(state): State<AppState>, visit: Visit, Sent(sent): Sent) -> Response {
    let made = async { state.plane.add_channel(&visit.actor, new(&sent)?).await };
    match made.await {
        Ok(made) if made.secret.is_some() => {
            let answer = state.plane.channels(&visit.actor).await;
            visit.show(&state, answer.map(|channels| pages::channels::page(channels, Some(made)))).await
        }
        Ok(made) => back(PATH, flash::done(format!("You are told by {} from now on", made.name))),
        Err(problem) => back(PATH, flash::refused(&problem, ADD, sent.typed(&["kind", "name"]))),
    }
}

pub async fn test(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let form = Form { page: PATH, name: "test-channel", fields: &[] };
    came_of(state.plane.test_channel(&visit.actor, &id).await, form, &sent, |channel| {
        format!("A message is on its way to {}: what became of it appears here", channel.name)
    })
}

pub async fn remove(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let form = Form { page: PATH, name: "remove-channel", fields: &[] };
    came_of(state.plane.remove_channel(&visit.actor, &id).await, form, &sent, |()| {
        "The channel was removed, and what was kept of it".to_owned()
    })
}
