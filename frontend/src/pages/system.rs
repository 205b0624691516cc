//! System health: is Holdfast itself well?

use crate::components::tone::{Tone, badge};
use crate::components::{audit_log, clocks, gaps, parts, runs};
use crate::screen::Screen;
use holdfast_api::runs::RunSummary;
use holdfast_api::system::{SystemView, UnreadableView};
use leptos::prelude::*;

#[must_use]
pub fn page(system: SystemView) -> Screen {
    let well = system.not_ready.is_none()
        && system.audit.blocks_starts.is_none()
        && system.set_aside.is_empty()
        && system.gaps.is_empty()
        && system.unreadable.is_empty()
        && system.clocks.iter().all(|clock| clock.state != "bad");
    let mark = if well { Tone::Quiet } else { Tone::Bad };
    Screen::new("System", "/system", move || body(&system)).mark(mark)
}

fn body(system: &SystemView) -> AnyView {
    let state = match &system.not_ready {
        None => badge(Tone::Good, "ready"),
        Some(why) => view! { {badge(Tone::Bad, "not ready")}" "{why.clone()} }.into_any(),
    };
    let notes = if system.notes.is_empty() {
        view! { <span class="muted">"none"</span> }.into_any()
    } else {
        let items = system.notes.iter().map(|note| view! { <li>{note.clone()}</li> }).collect_view();
        view! { <ul class="bare">{items}</ul> }.into_any()
    };
    let server = view! {
        <table class="plain pairs">
            <tbody>
                <tr><th scope="row">"State"</th><td>{state}</td></tr>
                <tr><th scope="row">"Version"</th><td>{system.version.clone()}</td></tr>
                <tr><th scope="row">"Mode"</th><td>{system.mode.clone()}</td></tr>
                <tr><th scope="row">"To know"</th><td>{notes}</td></tr>
            </tbody>
        </table>
    };
    view! {
        {parts::head("System", view! { "Whether Holdfast itself can do its work." }.into_any(), parts::nothing())}
        {parts::card("server", "This server", parts::nothing(), server.into_any())}
        {set_aside(&system.set_aside)}
        {unreadable(&system.unreadable)}
        {gaps::card(&system.gaps)}
        {clocks::card(&system.clocks)}
        {audit_log::card(&system.audit)}
    }
    .into_any()
}

/// Shown when there are any.
fn set_aside(set_aside: &[RunSummary]) -> AnyView {
    if set_aside.is_empty() {
        return parts::nothing();
    }
    let aside = view! { "workers crashed on them; nobody drives them until somebody has them tried again" };
    parts::card(
        "set-aside",
        "Runs set aside",
        aside.into_any(),
        runs::table("Runs set aside", set_aside, "Open"),
    )
}

/// Shown when there are any.
fn unreadable(found: &[UnreadableView]) -> AnyView {
    let Some(way_out) = found.first().map(|one| one.way_out.clone()) else { return parts::nothing() };
    let row = |one: &UnreadableView| {
        view! { <tr><th scope="row">{one.application.clone()}</th><td>{one.why.clone()}</td></tr> }
    };
    let rows = found.iter().map(row).collect_view();
    let head = view! { <th scope="col">"Application"</th><th scope="col">"What cannot be read"</th> };
    let aside = view! { "they are left out of every list, sweep and move" };
    let body = view! {
        {parts::folding_table("Applications that cannot be read", head.into_any(), rows.into_any())}
        <p>{way_out}</p>
    };
    parts::card("unreadable", "Applications that cannot be read", aside.into_any(), body.into_any())
}
