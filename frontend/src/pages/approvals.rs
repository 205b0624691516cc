//! Approvals: what waits for me?

use crate::components::tone::{Tone, badge};
use crate::components::{lots as evacuations, parts, runs, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::Screen;
use holdfast_api::evacuations::EvacuationSummary;
use holdfast_api::runs::RunSummary;
use leptos::prelude::*;

#[must_use]
pub fn page(waiting: Vec<RunSummary>, lots: Vec<EvacuationSummary>) -> Screen {
    let count = waiting.len() + lots.len();
    let title = if count == 0 { "Approvals".to_owned() } else { format!("▲ {count} · Approvals") };
    let mark = if count == 0 { Tone::Quiet } else { Tone::Watch };
    Screen::new(title, "/approvals", move || body(&waiting, &lots)).mark(mark).live(LOOK_AGAIN)
}

fn body(waiting: &[RunSummary], lots: &[EvacuationSummary]) -> AnyView {
    let count = waiting.len() + lots.len();
    let list = if count == 0 {
        parts::empty("Nothing waits for your approval", view! { "Requests that ask for one of your groups appear here, and only those you did not ask for yourself. "<a href="/runs?state=awaiting_approval">"All requests that wait"</a> }.into_any())
    } else {
        let items = waiting
            .iter()
            .map(|run| {
                let expires = run.expires_at.map(|at| view! { <p>{badge(Tone::Watch, "expires in")}" "{time::until(at)}</p> });
                view! {
                    <li>
                        <div>
                            <h3>{runs::route(run)}</h3>
                            <p>{runs::what(run)}", asked for by "<b>{run.requested_by.clone()}</b>" "{time::ago(run.requested_at)}</p>
                            <p class="why">{run.reason.clone()}</p>
                            {expires}
                        </div>
                        <a class="btn" href=runs::href(&run.id)>"Review "{run.application.clone()}</a>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="inbox">{lots.iter().map(lot).collect_view()}{items}</ul> }.into_any()
    };
    view! {
        {parts::head("Approvals", view! { "Requests that wait for you. Each shows every call before you decide." }.into_any(), parts::nothing())}
        {parts::card("list", format::count(count, "request", "requests"), parts::nothing(), list)}
    }
    .into_any()
}

/// A lot is one request: one approval for all its runs.
fn lot(evacuation: &EvacuationSummary) -> AnyView {
    let expires = evacuation
        .expires_at
        .map(|at| view! { <p>{badge(Tone::Watch, "expires in")}" "{time::until(at)}</p> });
    let size = format::count(evacuation.applications, "application", "applications");
    view! {
        <li>
            <div>
                <h3>{format!("{}: {size}", evacuations::called(evacuation.direction, &evacuation.region))}</h3>
                <p>{evacuations::what(evacuation)}", asked for by "<b>{evacuation.requested_by.clone()}</b>" "{time::ago(evacuation.requested_at)}</p>
                <p class="why">{evacuation.reason.clone()}</p>
                {expires}
            </div>
            <a class="btn" href=evacuations::href(&evacuation.id)>{format!("Review: {}", evacuations::verb(evacuation.direction, &evacuation.region))}</a>
        </li>
    }
    .into_any()
}
