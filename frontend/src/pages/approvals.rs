//! Approvals: what waits for me?

use crate::components::tone::{Tone, badge};
use crate::components::{parts, runs, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::Screen;
use holdfast_api::runs::RunSummary;
use leptos::prelude::*;

#[must_use]
pub fn page(waiting: Vec<RunSummary>) -> Screen {
    let title = if waiting.is_empty() {
        "Approvals".to_owned()
    } else {
        format!("▲ {} · Approvals", waiting.len())
    };
    let mark = if waiting.is_empty() { Tone::Quiet } else { Tone::Watch };
    Screen::new(title, "/approvals", move || body(&waiting)).mark(mark).live(LOOK_AGAIN)
}

fn body(waiting: &[RunSummary]) -> AnyView {
    let list = if waiting.is_empty() {
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
        view! { <ul class="inbox">{items}</ul> }.into_any()
    };
    view! {
        {parts::head("Approvals", view! { "Requests that wait for you. Each shows every call before you decide." }.into_any(), parts::nothing())}
        {parts::card("list", format::count(waiting.len(), "request", "requests"), parts::nothing(), list)}
    }
    .into_any()
}
