//! Runs as lines of a list.

use crate::components::time;
use crate::components::tone::{self, Tone, badge};
use crate::{format, words};
use holdfast_api::runs::RunSummary;
use holdfast_failover::{DrillKind, RunState};
use leptos::prelude::*;

/// `shop: us-east-1 → eu-central-1`.
#[must_use]
pub fn route(run: &RunSummary) -> String {
    format!("{}: {} → {}", run.application, run.from_region, run.to_region)
}

/// `planned failover`, `dry run of an emergency failover`, `isolated drill`.
#[must_use]
pub fn what(run: &RunSummary) -> String {
    let what = match (run.drill, run.drill_leg.as_deref()) {
        (Some(DrillKind::Isolated), _) => "isolated drill".to_owned(),
        (Some(DrillKind::Live), Some("back")) => "live drill, the way back".to_owned(),
        (Some(DrillKind::Live), _) => "live drill, the way there".to_owned(),
        (None, _) => format!("{} {}", run.mode.as_str(), run.intent.as_str()),
    };
    if run.dry_run {
        format!("dry run of {} {what}", if what.starts_with(['e', 'i']) { "an" } else { "a" })
    } else {
        what
    }
}

/// Its state as it is called; one that nobody drives is in none of its own.
#[must_use]
pub fn state(run: &RunSummary) -> (Tone, &'static str) {
    state_of(run.state, run.set_aside.is_some())
}

#[must_use]
pub fn state_of(state: RunState, set_aside: bool) -> (Tone, &'static str) {
    if set_aside { (Tone::Bad, "set aside") } else { tone::run_state(state) }
}

#[must_use]
pub fn href(id: &str) -> String {
    format!("/runs/{}", format::encode(id))
}

/// A table of runs. `action` names the link of each line.
#[must_use]
pub fn table(label: &'static str, runs: &[RunSummary], action: &'static str) -> AnyView {
    let rows = runs
        .iter()
        .map(|run| {
            let (tone, word) = state(run);
            let took = run.rto_seconds.map_or_else(|| view! { <span class="muted">"–"</span> }.into_any(), |s| view! { {words::span(s)} }.into_any());
            let lag = run.worst_lag_ms.map_or_else(|| view! { <span class="muted">"–"</span> }.into_any(), |ms| view! { {format::lag(ms)} }.into_any());
            let until = run.expires_at.filter(|_| run.state == RunState::AwaitingApproval).map(|at| view! { <span class="muted">", expires in "{time::until(at)}</span> });
            let glass = run.break_glass.as_ref().map(|_| view! { <div>{badge(Tone::Bad, if run.executed_offline { "executed offline" } else { "under break-glass" })}</div> });
            let go = view! { <a class="go" href=href(&run.id)>{action}<span class="sr">{format!(" run {} of {}", format::short(&run.id), run.application)}</span></a> };
            let progress = if run.ended_at.is_none() && run.steps_done < run.steps_total && run.steps_done > 0 {
                format!("{word}, {} of {}", run.steps_done, run.steps_total)
            } else {
                word.to_owned()
            };
            view! {
                <tr>
                    <td>
                        <a class="row-link" href=href(&run.id)><b>{run.application.clone()}</b>" "<span class="route">{format!("{} → {}", run.from_region, run.to_region)}</span></a>
                        <div class="muted">{what(run)}<span class="opt-inline">" · "{run.reason.clone()}</span></div>
                    </td>
                    <td>{badge(tone, progress)}{glass}<div class="muted">{super::parts::prose(&run.now)}{until}</div></td>
                    <td class="opt">{time::ago(run.requested_at)}<div class="muted">{run.requested_by.clone()}</div></td>
                    <td class="n opt">{took}</td>
                    <td class="n opt">{lag}</td>
                    <td class="n">{go}</td>
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        <th scope="col">"Run"</th><th scope="col">"State"</th><th scope="col" class="opt">"Asked for"</th>
        <th scope="col" class="n opt">"Took (RTO)"</th><th scope="col" class="n opt">"Lag at the cut"</th>
        <th scope="col"><span class="sr">"Open"</span></th>
    };
    super::parts::folding_table(label, head.into_any(), rows.into_any())
}
