//! What exactly would happen: the steps with values now and to be, and what they rest on. For reviews.

use crate::components::own_steps;
use crate::components::parts;
use crate::components::time;
use crate::components::tone::{Tone, badge};
use crate::{format, words};
use holdfast_api::runs::{EmergencyView, StepView};
use holdfast_failover::plan::{Fact, Measurement};
use leptos::prelude::*;

#[must_use]
pub fn steps(steps: &[StepView]) -> AnyView {
    if steps.is_empty() {
        return parts::empty("The plan has no steps", view! { "Nothing would be changed." }.into_any());
    }
    let rows = steps
        .iter()
        .enumerate()
        .map(|(i, step)| {
            let irreversible = cannot_be_undone(step).then(|| badge(Tone::Bad, "cannot be undone"));
            let calls = step.action.is_some();
            let what = if step.kind == own_steps::RUNS_A_PLAN {
                view! { <span class="tag">"runs another plan"</span> }.into_any()
            } else if own_steps::CALLS.contains(&step.kind.as_str()) {
                view! { <span class="tag">"calls your own"</span> }.into_any()
            } else if step.kind.starts_with("wait_for_") {
                view! { <span class="tag quiet">"waits"</span> }.into_any()
            } else if calls {
                view! { <span class="tag">"changes AWS"</span> }.into_any()
            } else {
                view! { <span class="tag quiet">"only looks"</span> }.into_any()
            };
            let summary = view! {
                <span class="plan-n">{(i + 1).to_string()}</span>
                <span class="plan-title">{step.title.clone()}<span class="plan-tags">{what}{irreversible}</span></span>
                <span class="plan-change">{change_words(step)}</span>
            }
            .into_any();
            let body = view! {
                <table class="plain pairs"><tbody>{call_rows(step)}</tbody></table>
                <div class="raws">{raw_call(step)}</div>
            }
            .into_any();
            view! { <li>{parts::fold(format!("p-{}", step.id), step.irreversible, "plan-fold", summary, body)}</li> }
        })
        .collect_view();
    view! { <ol class="plan">{rows}</ol> }.into_any()
}

/// Nothing takes back what it does.
#[must_use]
pub fn cannot_be_undone(step: &StepView) -> bool {
    step.irreversible || step.undo.as_ref().is_some_and(|undo| !undo.possible)
}

/// What the run does instead once somebody escalates it: approved with it, and so shown with it.
#[must_use]
pub fn if_escalated(emergency: Option<&EmergencyView>) -> AnyView {
    let Some(emergency) = emergency else { return parts::nothing() };
    let body = match &emergency.none_because {
        Some(reason) => {
            view! { <p class="muted">"It cannot be escalated: "{parts::prose(reason)}</p> }.into_any()
        }
        None => {
            let changes = emergency.steps.iter().filter(|s| s.action.is_some()).count();
            let summary = format::count(changes, "changing call", "changing calls");
            let body = view! { {steps(&emergency.steps)}{notes(&emergency.notes)} }.into_any();
            parts::fold("emergency".into(), false, "plain-fold", view! { {summary} }.into_any(), body)
        }
    };
    let aside = view! { "part of what is approved; a person decides it, with the loss accepted by name" };
    parts::card("if-escalated", "If it is escalated to an emergency", aside.into_any(), body)
}

/// `2 → 6`, or what it looks at.
#[must_use]
pub fn change_words(step: &StepView) -> AnyView {
    let (now, to_be) = (step.value_now.clone(), step.value_to_be.clone());
    match (now.is_empty(), to_be.is_empty()) {
        (true, true) => view! { <span class="muted">"nothing changes"</span> }.into_any(),
        (true, false) => view! { <span class="to-be">{to_be}</span> }.into_any(),
        _ => view! { <span class="was">{now}</span><span class="arrow" aria-label="becomes">" → "</span><span class="to-be">{to_be}</span> }.into_any(),
    }
}

/// The call, the plane it needs, its time and what it waits for, as rows of a table.
#[must_use]
pub fn call_rows(step: &StepView) -> AnyView {
    let action = step.action.clone().map_or_else(
        || view! { <span class="muted">"none: it only looks"</span> }.into_any(),
        |action| view! { <code>{action}</code> }.into_any(),
    );
    let plane = (!step.plane.is_empty()).then(|| view! { <tr><th scope="row">"Needs the plane"</th><td><code>{step.plane.clone()}</code></td></tr> });
    let resource = step
        .resource
        .clone()
        .map(|r| view! { <tr><th scope="row">"Resource"</th><td><code>{r}</code></td></tr> });
    let after = (!step.after.is_empty())
        .then(|| view! { <tr><th scope="row">"Begins after"</th><td>{step.after.join(", ")}</td></tr> });
    let undo = match (&step.undo, &step.undoes) {
        (_, Some(undone)) => format!("it takes back {undone}"),
        (Some(undo), _) if undo.possible => format!("yes: {}", undo.words),
        (Some(undo), _) => format!("no: {}", undo.words),
        (None, None) => "nothing to undo".to_owned(),
    };
    view! {
        {resource}
        <tr><th scope="row">"Call"</th><td>{action}</td></tr>
        {plane}
        {after}
        <tr><th scope="row">"Asks a person after"</th><td>{words::span(f64::from(step.timeout_seconds))}</td></tr>
        <tr><th scope="row">"Can be undone"</th><td>{undo}</td></tr>
    }
    .into_any()
}

/// The parameters to the letter.
#[must_use]
pub fn raw_call(step: &StepView) -> AnyView {
    let text = step.call.as_ref().and_then(|call| serde_json::to_string_pretty(call).ok());
    text.map_or_else(parts::nothing, |text| {
        view! { <div class="raw"><h3>"The call's parameters"</h3><pre tabindex="0">{text}</pre></div> }
            .into_any()
    })
}

/// What the digest covers beside the steps: a change of any of these voids an approval.
#[must_use]
pub fn facts(facts: &[Fact]) -> AnyView {
    if facts.is_empty() {
        return parts::empty(
            "The plan rests on no facts",
            view! { "It has nothing to compare with what AWS says." }.into_any(),
        );
    }
    let rows = facts
        .iter()
        .map(|fact| {
            view! {
                <tr>
                    <td class="when"><code>{fact.resource.to_string()}</code><div class="muted">{fact.region.to_string()}</div></td>
                    <td>{format::plain(&fact.what)}</td>
                    <td class="long">{fact.value.clone()}</td>
                </tr>
            }
        })
        .collect_view();
    let head =
        view! { <th scope="col">"Resource"</th><th scope="col">"What"</th><th scope="col">"Seen"</th> };
    let table = parts::table("Facts that the plan rests on", head.into_any(), rows.into_any());
    let summary = view! { {format::count(facts.len(), "fact", "facts")} }.into_any();
    parts::fold("facts".into(), false, "plain-fold", summary, table)
}

/// Beside the digest: measured again before the first change.
#[must_use]
pub fn measurements(measurements: &[Measurement]) -> AnyView {
    if measurements.is_empty() {
        return parts::empty(
            "Nothing is measured for this plan",
            view! { "Its stores, if it has any, give no lag." }.into_any(),
        );
    }
    // A lag is what may be lost, also where an emergency holds it to no limit; counts stand in the steps already.
    let (held, noted): (Vec<&Measurement>, Vec<&Measurement>) =
        measurements.iter().partition(|m| m.limit.is_some() || m.what == "lag");
    let more = (!noted.is_empty()).then(|| {
        let words = view! { {format::count(noted.len(), "figure", "figures")}" without a limit" };
        let table = table_of("Measurements without a limit", &noted);
        parts::fold("unlimited".into(), false, "plain-fold", words.into_any(), table)
    });
    let table = (!held.is_empty()).then(|| table_of("Measurements and their limits", &held));
    view! { {table}{more} }.into_any()
}

fn table_of(label: &'static str, measurements: &[&Measurement]) -> AnyView {
    let rows = measurements
        .iter()
        .map(|m| {
            let value = m.value.map_or_else(
                || badge(Tone::Unknown, "not known"),
                |v| view! { {amount(v, &m.unit)} }.into_any(),
            );
            let limit = match (m.limit, m.value) {
                (None, _) => view! { <span class="muted">"none"</span> }.into_any(),
                (Some(limit), None) => badge(Tone::Unknown, amount(limit, &m.unit)),
                (Some(limit), Some(v)) if v <= limit => badge(Tone::Good, format!("within {}", amount(limit, &m.unit))),
                (Some(limit), Some(_)) => badge(Tone::Bad, format!("above {}", amount(limit, &m.unit))),
            };
            view! {
                <tr>
                    <td><b>{m.resource.to_string()}</b>" "<span class="muted unbroken">{m.region.to_string()}</span></td>
                    {parts::labelled("What", view! { {format::plain(&m.what)} }.into_any())}
                    {parts::labelled("Now", value)}
                    {parts::labelled("Limit", limit)}
                    {parts::labelled("Measured", time::ago_or(m.at, "never"))}
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        <th scope="col">"Resource"</th><th scope="col">"What"</th><th scope="col">"Now"</th>
        <th scope="col">"Limit"</th><th scope="col">"Measured"</th>
    };
    parts::paired_table(label, head.into_any(), rows.into_any())
}

fn amount(value: f64, unit: &str) -> String {
    match unit {
        "ms" | "milliseconds" => format::lag(value),
        "s" | "seconds" => words::span(value),
        unit if value.fract() == 0.0 => format!("{value:.0} {unit}").trim_end().to_owned(),
        unit => format!("{value:.1} {unit}").trim_end().to_owned(),
    }
}

#[must_use]
pub fn notes(notes: &[String]) -> AnyView {
    if notes.is_empty() {
        return view! { <p class="muted">"The plan has no cautions."</p> }.into_any();
    }
    let items = notes.iter().map(|note| view! { <li>{parts::prose(note)}</li> }).collect_view();
    view! { <ul class="notes">{items}</ul> }.into_any()
}
