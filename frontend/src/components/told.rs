//! Who was told of something, by which channel, and what became of it.

use crate::components::tone::{Tone, badge};
use crate::components::{parts, time};
use crate::format;
use holdfast_api::notices::DeliveryView;
use leptos::prelude::*;

/// More than these are folded away.
const SHOWN: usize = 8;

#[must_use]
pub fn state(state: &str) -> (Tone, &'static str) {
    match state {
        "delivered" => (Tone::Good, "delivered"),
        "waiting" => (Tone::Moving, "on its way"),
        "failed" => (Tone::Bad, "not delivered"),
        "overtaken" => (Tone::Quiet, "no longer needed"),
        "no_channel" => (Tone::Watch, "no channel"),
        _ => (Tone::Unknown, "not known"),
    }
}

/// What a message is about.
fn matter(matter: &str) -> &'static str {
    match matter {
        "approval_wanted" => "asked to approve",
        "unanswered" => "told that nobody has answered",
        "emergency" => "told of an emergency",
        "started" => "told that it is approved",
        "denied" => "told that it was denied",
        "expired" => "told that it expired",
        "turn_refused" => "told that it did not begin",
        "cancelled" => "told that it was cancelled",
        "needs_person" => "asked to see to it",
        "commit_wanted" => "asked to commit it",
        "rolled_back" => "told that it was taken back",
        "completed" => "told that it is done",
        "failed" => "told that it failed",
        "journal_gap" => "told what the database has lost of it",
        "test" => "a test",
        _ => "told of it",
    }
}

/// A card of a run's or an evacuation's page.
#[must_use]
pub fn card(told: &[DeliveryView]) -> AnyView {
    let body = if told.is_empty() {
        let next = view! { "Each person says on "<a href="/me/channels">"a page of their own"</a>" how they are reached." };
        parts::empty("Nobody was told", next.into_any())
    } else {
        list(told)
    };
    parts::card("told", "Who was told", view! { <a href="/on-call">"who is on call"</a> }.into_any(), body)
}

fn list(told: &[DeliveryView]) -> AnyView {
    let (newest, older) = told.split_at(told.len().min(SHOWN));
    let older = (!older.is_empty()).then(|| {
        let summary =
            view! { {format::count(older.len(), "earlier message", "earlier messages")} }.into_any();
        parts::fold("told-earlier".to_owned(), false, "plain-fold", summary, lines(older))
    });
    view! { {lines(newest)}{older} }.into_any()
}

fn lines(told: &[DeliveryView]) -> AnyView {
    let all = told.iter().map(|one| view! { <li>{line(one)}</li> }).collect_view();
    view! { <ul class="bare told">{all}</ul> }.into_any()
}

fn line(one: &DeliveryView) -> AnyView {
    let (tone, word) = state(&one.state);
    let by = match &one.channel {
        Some(channel) => channel.clone(),
        None => "has told no channel, and was not reached".to_owned(),
    };
    let again = (one.round > 1).then(|| format!(" · told again, round {}", one.round));
    let tries = (one.attempts > 1).then(|| format!(" · {} attempts", one.attempts));
    let why = one.error.clone().filter(|_| one.state != "delivered").map(|why| {
        view! { <div class="why">{format::sentence(&why)}</div> }
    });
    let next = one.next_attempt_at.map(|at| view! { " · next attempt in "{time::until(at)} });
    view! {
        <div>{badge(tone, word)}" "<b>{one.person.clone()}</b>" "{by}</div>
        <div class="muted">{matter(&one.matter)}" · "{time::ago(one.at)}{again}{tries}{next}</div>
        {why}
    }
    .into_any()
}
