//! System health: is Holdfast itself well?

use crate::components::tone::{Tone, badge};
use crate::components::{audit_log, clocks, gaps, parts, runs};
use crate::screen::Screen;
use holdfast_api::runs::RunSummary;
use holdfast_api::system::SystemView;
use leptos::prelude::*;

#[must_use]
pub fn page(system: SystemView) -> Screen {
    let well = system.not_ready.is_none()
        && system.audit.blocks_starts.is_none()
        && system.set_aside.is_empty()
        && system.gaps.is_empty()
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
