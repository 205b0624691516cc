//! A run that is over: how it ended, what was measured, which exceptions stand.

use crate::components::tone::{Tone, badge};
use crate::components::{bars, parts, steps, time};
use crate::{format, words};
use holdfast_api::runs::RunView;
use holdfast_failover::{DrillKind, StepState};
use leptos::prelude::*;

#[must_use]
pub fn body(run: &RunView) -> AnyView {
    let ran = run.steps.iter().any(|s| s.started_at.is_some());
    let measured = ran.then(|| {
        view! {
            <div class="grid halves">
                {parts::card("rto", "Recovery time", rto_verdict(run), bars::split(&run.measured.rto, f64::from(run.rto_objective_seconds)))}
                {parts::card("rpo", "Data at the cut", rpo_verdict(run), stores(run))}
            </div>
        }
    });
    view! {
        {measured}
        {run.undoing.as_ref().map(|undoing| crate::pages::abort::stays(&undoing.stays))}
        {exceptions(run)}
        <section class="card" aria-labelledby="h-timeline">
            <header><h2 id="h-timeline">{if ran { "Timeline" } else { "The plan that did not run" }}</h2></header>
            {steps::timeline(run)}
        </section>
    }
    .into_any()
}

fn rto_verdict(run: &RunView) -> AnyView {
    if run.summary.dry_run {
        return badge(Tone::Quiet, "a dry run measures nothing");
    }
    if run.summary.drill == Some(DrillKind::Isolated) {
        return badge(Tone::Quiet, "an isolated drill moves nothing, so it measures none");
    }
    match run.measured.rto.total_seconds {
        None => badge(Tone::Unknown, "not measured"),
        Some(s) if s <= f64::from(run.rto_objective_seconds) => badge(Tone::Good, "met"),
        Some(_) => badge(Tone::Bad, "missed"),
    }
}

/// The worst store whose lag is known; `None` also when one of them is not.
#[must_use]
pub fn worst_store(run: &RunView) -> Option<(String, f64)> {
    let known: Option<Vec<(String, f64)>> =
        run.measured.stores.iter().map(|s| Some((s.store.to_string(), s.milliseconds?))).collect();
    known?.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))
}

fn rpo_verdict(run: &RunView) -> AnyView {
    if run.measured.stores.is_empty() {
        return badge(Tone::Quiet, "no store was measured");
    }
    match worst_store(run) {
        None => badge(Tone::Unknown, "unknown"),
        Some((_, ms)) if ms <= f64::from(run.rpo_objective_seconds) * 1_000.0 => badge(Tone::Good, "met"),
        Some(_) => badge(Tone::Bad, "missed"),
    }
}

fn stores(run: &RunView) -> AnyView {
    if run.measured.stores.is_empty() {
        return parts::empty(
            "No store was measured",
            view! { "The application has none, or the run ended before the cut." }.into_any(),
        );
    }
    let objective = f64::from(run.rpo_objective_seconds);
    let rows = run
        .measured
        .stores
        .iter()
        .map(|store| {
            let value = store.milliseconds.map_or_else(
                || badge(Tone::Unknown, "unknown"),
                |ms| view! { <b>{format::lag(ms)}</b> }.into_any(),
            );
            let reason = store.reason.clone().map(|r| view! { <div>{r}</div> });
            let tone = match store.milliseconds {
                None => Tone::Unknown,
                Some(ms) if ms <= objective * 1_000.0 => Tone::Good,
                Some(_) => Tone::Bad,
            };
            let metric = store.metric.clone().map(|m| view! { <code>{m}</code>", " });
            view! {
                <tr>
                    <th scope="row">{store.store.to_string()}<div class="muted">{metric}{time::ago_or(store.measured_at, "never measured")}{reason}</div></th>
                    <td class="bar-cell">{bars::against(store.milliseconds.map(|ms| ms / 1_000.0), objective, tone)}</td>
                    <td class="n">{value}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="plain"><tbody>{rows}</tbody></table>
        <p class="muted">{format!("Objective {} (the mark on each bar). Read just before traffic or data moved.", words::span(objective))}</p>
    }
    .into_any()
}

fn exceptions(run: &RunView) -> AnyView {
    let items: Vec<AnyView> = run
        .steps
        .iter()
        .filter_map(|step| {
            let why = match (step.state, &step.skipped, &step.note) {
                (StepState::Skipped, Some(skipped), _) => {
                    format!("skipped by {}: {}", skipped.by, skipped.reason)
                }
                (StepState::Skipped, None, _) => "skipped".to_owned(),
                (StepState::Failed | StepState::Unknown | StepState::NeedsPerson, _, note) => {
                    note.clone().unwrap_or_else(|| "did not end well".to_owned())
                }
                _ => return None,
            };
            Some(view! { <li>{badge(Tone::Watch, step.title.clone())}": "{why}</li> }.into_any())
        })
        .collect();
    if items.is_empty() {
        return parts::nothing();
    }
    parts::card(
        "exceptions",
        "Exceptions",
        parts::nothing(),
        view! { <ul class="bare">{items}</ul> }.into_any(),
    )
}
