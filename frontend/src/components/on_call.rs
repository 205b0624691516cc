//! Who is on call, in a line, beside what waits for them.

use crate::components::time;
use crate::components::tone::{Tone, badge};
use holdfast_api::on_call::OnCallView;
use leptos::prelude::*;

/// Of the teams that are asked here and have a schedule.
#[must_use]
pub fn of_teams<'a>(all: &[OnCallView], teams: impl IntoIterator<Item = &'a str>) -> AnyView {
    let lines: Vec<AnyView> = teams
        .into_iter()
        .filter_map(|team| all.iter().find(|view| view.team == team))
        .map(|view| view! { <li><b>{view.team.clone()}</b>" "{now(view)}</li> }.into_any())
        .collect();
    if lines.is_empty() {
        return ().into_any();
    }
    view! { <h3>"On call now"</h3><ul class="bare">{lines}</ul> }.into_any()
}

/// Who it is, and what follows where nobody is.
#[must_use]
pub fn now(view: &OnCallView) -> AnyView {
    if view.now.is_empty() {
        let (tone, word) = match view.state.as_str() {
            "known" => (Tone::Watch, "nobody"),
            _ => (Tone::Unknown, "not known"),
        };
        return view! { {badge(tone, word)}<span class="muted">" everybody hears at once"</span> }.into_any();
    }
    let until =
        view.next.as_ref().map(|next| view! { <span class="muted">" until "{time::moment(next.at)}</span> });
    let instead =
        view.overridden.then(|| view! { <span class="muted">" in place of whose turn it is"</span> });
    view! { <span>{view.now.join(", ")}</span>{instead}{until} }.into_any()
}
