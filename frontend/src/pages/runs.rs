//! Runs: what moves, what happened?

use crate::components::tone::{self, Tone};
use crate::components::{parts, runs};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::Screen;
use holdfast_api::Page;
use holdfast_api::runs::{RunFilter, RunSummary};
use holdfast_failover::RunState;
use leptos::prelude::*;

const STATES: [(&str, RunState); 13] = [
    ("awaiting_approval", RunState::AwaitingApproval),
    ("running", RunState::Running),
    ("paused", RunState::Paused),
    ("needs_person", RunState::NeedsPerson),
    ("undoing", RunState::Undoing),
    ("awaiting_commit", RunState::AwaitingCommit),
    ("completed", RunState::Completed),
    ("completed_with_exceptions", RunState::CompletedWithExceptions),
    ("rolled_back", RunState::RolledBack),
    ("cancelled", RunState::Cancelled),
    ("denied", RunState::Denied),
    ("expired", RunState::Expired),
    ("failed", RunState::Failed),
];

#[must_use]
pub fn page(page: Page<RunSummary>, filter: RunFilter) -> Screen {
    let moving = page.items.iter().any(|r| r.ended_at.is_none());
    let mark = if moving { Tone::Moving } else { Tone::Quiet };
    let screen = Screen::new("Runs", "/runs", move || body(&page, &filter)).mark(mark).live(LOOK_AGAIN);
    if moving { screen.refresh(5) } else { screen }
}

fn body(page: &Page<RunSummary>, filter: &RunFilter) -> AnyView {
    let filtered =
        filter.application.is_some() || filter.state.is_some() || filter.live || filter.cursor.is_some();
    let list = if !page.items.is_empty() {
        runs::table("Runs", &page.items, "Open")
    } else if filtered {
        parts::empty("No run fits these filters", view! { <a href="/runs">"Show all runs"</a> }.into_any())
    } else {
        parts::empty("Nothing was run yet", view! { "A failover, or a dry run of one, begins on an "<a href="/applications">"application's page"</a>"." }.into_any())
    };
    let older = page.next.as_deref().map(|next| {
        let live = filter.live.then_some("true");
        let href = format::query(
            "/runs",
            &[
                ("application", filter.application.as_deref()),
                ("state", filter.state.as_deref()),
                ("live", live),
                ("cursor", Some(next)),
            ],
        );
        view! { <p class="more"><a class="btn" href=href rel="next">"Older runs"</a></p> }
    });
    let states = STATES
        .iter()
        .map(|(value, state)| ((*value).to_owned(), tone::run_state(*state).1.to_owned()))
        .collect();
    let title = if filter.cursor.is_some() { "Older runs" } else { "Newest first" };
    view! {
        {parts::head("Runs", view! { "Every failover, failback and drill, with what it measured." }.into_any(), parts::nothing())}
        <form class="filters" method="get" action="/runs" role="search">
            {parts::search("application", "Application", filter.application.as_deref())}
            {parts::choice("state", "State", "any", states, filter.state.as_deref())}
            <div class="field check">
                <input id="f-live" type="checkbox" name="live" value="true" checked=filter.live /><label for="f-live">"Only those that have not ended"</label>
            </div>
            <div class="field"><button class="btn" type="submit">"Filter runs"</button></div>
        </form>
        {parts::card("list", title, parts::nothing(), view! { {list}{older} }.into_any())}
    }
    .into_any()
}
