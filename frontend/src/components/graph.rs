//! A plan drawn as the graph that it is: what waits for what, what goes side by side, what waits, what asks first. Drawn on the
//! server; the list of steps beside it says the same in words and stays what is read first.

mod layout;

use crate::components::tone::{self, Tone};
use crate::components::{own_steps, parts, plan, steps};
use crate::format;
use holdfast_api::runs::StepView;
use layout::{HEIGHT, Layout, WIDTH, layout};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// More is no picture any more.
const STEPS_AT_MOST: usize = 150;

/// Whether the steps are carried out: then their states are shown, else what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    Yes,
    No,
}

/// The graph as a card of its own.
#[must_use]
pub fn card(all: &[StepView], live: Live) -> AnyView {
    if all.len() < 2 {
        return parts::nothing();
    }
    let anchor: fn(&StepView) -> String = match live {
        Live::Yes => steps::anchor,
        Live::No => |step| format!("p-{}", step.id),
    };
    parts::card(
        "graph",
        "The plan as a graph",
        aside(all),
        drawn(all, "The plan as a graph, drawing", live, Some(anchor)),
    )
}

/// The graph behind a fold, where a page has several; `form` is the form of the plan that it draws.
#[must_use]
pub fn fold(all: &[StepView], key: &str, form: &str) -> AnyView {
    if all.len() < 2 {
        return parts::nothing();
    }
    let summary = view! { "As a graph: "{aside(all)} };
    let drawing = drawn(all, &format!("{form} form as a graph, drawing"), Live::No, None);
    parts::fold(format!("graph-{key}"), false, "plain-fold", summary.into_any(), drawing)
}

fn aside(all: &[StepView]) -> AnyView {
    let place = layout(&waited_for(all));
    view! { {format!("{} in {}", format::count(all.len(), "step", "steps"), format::count(place.stages, "stage", "stages"))} }
        .into_any()
}

/// Of each step the numbers of those that it waits for.
fn waited_for(all: &[StepView]) -> Vec<Vec<usize>> {
    let at: BTreeMap<&str, usize> = all.iter().enumerate().map(|(i, step)| (step.id.as_str(), i)).collect();
    all.iter().map(|step| step.after.iter().filter_map(|id| at.get(id.as_str()).copied()).collect()).collect()
}

fn drawn(all: &[StepView], label: &str, live: Live, anchor: Option<fn(&StepView) -> String>) -> AnyView {
    if all.len() > STEPS_AT_MOST {
        return view! { <p class="muted">{format!("{} steps are too many to draw; the list has them all.", all.len())}</p> }.into_any();
    }
    let Layout { width, height, stages, spots, lines } = layout(&waited_for(all));
    let edges = lines
        .iter()
        .map(|line| {
            view! { <path class="edge" d=line.path() /><path class="tip" d=line.tip() /> }
        })
        .collect_view();
    let nodes = all
        .iter()
        .zip(&spots)
        .enumerate()
        .map(|(number, (step, (x, y)))| {
            let node = node(step, live, (*x, *y));
            match anchor {
                Some(anchor) => {
                    let says = says(number + 1, step, live);
                    view! { <a href=format!("#{}", anchor(step))><title>{says}</title>{node}</a> }.into_any()
                }
                None => node,
            }
        })
        .collect_view();
    let words = format!(
        "The plan as a graph: {} in {}. The list of steps says the same in words.",
        format::count(all.len(), "step", "steps"),
        format::count(stages, "stage", "stages")
    );
    let role = if anchor.is_some() { "group" } else { "img" };
    view! {
        <div class="scroll graph-box" tabindex="0" role="region" aria-label=label.to_owned()>
            <div class="graph-sheet">
                <svg class="graph" width=width.to_string() height=height.to_string() viewBox=format!("0 0 {width} {height}") role=role aria-label=words>
                    {edges}{nodes}
                </svg>
                <div class="graph-middle"></div>
            </div>
        </div>
        {legend(all, live)}
    }
    .into_any()
}

/// What a step is, where nothing is carried out.
fn what(step: &StepView) -> &'static str {
    if step.kind == own_steps::RUNS_A_PLAN {
        "runs another plan"
    } else if own_steps::CALLS.contains(&step.kind.as_str()) {
        "calls your own"
    } else if waits(step) {
        "waits"
    } else if step.action.is_some() {
        "changes AWS"
    } else {
        "only looks"
    }
}

fn waits(step: &StepView) -> bool {
    step.kind.starts_with("wait_for_")
}

fn part(step: &StepView) -> String {
    match (&step.phase, &step.undoes) {
        (_, Some(_)) => "takes back".to_owned(),
        (Some(phase), None) => format::plain(phase),
        (None, None) => "your own".to_owned(),
    }
}

fn state(step: &StepView, live: Live) -> (Tone, String) {
    match live {
        Live::Yes => {
            let (tone, word) = tone::step_state(step.state);
            (tone, format!("{} {word}", tone.glyph()))
        }
        Live::No => (Tone::Quiet, what(step).to_owned()),
    }
}

fn node(step: &StepView, live: Live, (x, y): (f64, f64)) -> AnyView {
    let (tone, word) = state(step, live);
    let mut class = format!("node {}", tone.as_str());
    if step.only_if.is_some() {
        class.push_str(" asks-first");
    }
    let round = if waits(step) { HEIGHT / 2.0 } else { 6.0 };
    let inset = if waits(step) { 24.0 } else { 12.0 };
    let part = if step.only_if.is_some() { format!("◇ {}", part(step)) } else { part(step) };
    let irreversible = plan::cannot_be_undone(step).then(|| {
        view! { <text class="node-once" x=one(x + WIDTH - inset) y=one(y + 53.0) text-anchor="end">"no way back"</text> }
    });
    let condition =
        step.only_if.clone().map(|condition| format!(", only where {condition}")).unwrap_or_default();
    view! {
        <g class=class>
            <title>{format!("{}{condition}", step.title)}</title>
            <rect class="node-box" x=one(x) y=one(y) width=one(WIDTH) height=one(HEIGHT) rx=one(round) />
            <text class="node-part" x=one(x + inset) y=one(y + 17.0)>{part}</text>
            <text class="node-title" x=one(x + inset) y=one(y + 35.0)>{short(&step.title, if waits(step) { 22 } else { 26 })}</text>
            <text class="node-state" x=one(x + inset) y=one(y + 53.0)>{word}</text>
            {irreversible}
        </g>
    }
    .into_any()
}

/// The whole of a node for whoever does not see it.
fn says(number: usize, step: &StepView, live: Live) -> String {
    let (_, word) = match live {
        Live::Yes => tone::step_state(step.state),
        Live::No => (Tone::Quiet, what(step)),
    };
    let after =
        if step.after.is_empty() { String::new() } else { format!(", after {}", step.after.join(" and ")) };
    let condition = step.only_if.as_ref().map(|c| format!(", only where {c}")).unwrap_or_default();
    let once = if plan::cannot_be_undone(step) { ", cannot be undone" } else { "" };
    format!("Step {number}, {}: {}, {word}{after}{condition}{once}", part(step), step.title)
}

fn legend(all: &[StepView], live: Live) -> AnyView {
    let mut words = vec!["From top to bottom; what stands side by side goes on at once."];
    if live == Live::No && all.iter().any(waits) {
        words.push("Round: it waits.");
    }
    if all.iter().any(|step| step.only_if.is_some()) {
        words.push("◇ and dashed: only where its condition holds.");
    }
    view! { <p class="hint">{words.join(" ")}</p> }.into_any()
}

/// Coordinates to a tenth of a pixel.
fn one(number: f64) -> String {
    format!("{number:.1}")
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}
