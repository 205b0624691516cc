//! The steps of a run over time: each line is a bar on one common axis and, opened, everything that is known of
//! the step. List and picture are the same thing, so neither can say what the other does not.

use crate::components::icon::icon;
use crate::components::own_steps;
use crate::components::parts;
use crate::components::plan;
use crate::components::time;
use crate::components::tone::{self, Tone, badge};
use crate::{format, words};
use holdfast_api::runs::{RunView, StepView};
use holdfast_failover::run::StepState;
use jiff::Timestamp;
use leptos::prelude::*;

/// The common axis: where it begins, how long it is, and the end of what was.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    begin: Timestamp,
    seconds: f64,
    now: Option<f64>,
}

impl Axis {
    fn of(run: &RunView) -> Self {
        let starts = run.steps.iter().filter_map(|s| s.started_at);
        let begin = run.approved_at.or_else(|| starts.clone().min()).unwrap_or(run.summary.requested_at);
        let live = run.summary.ended_at.is_none();
        let last = run.steps.iter().filter_map(|s| s.ended_at).max();
        let end =
            if live { run.at } else { run.summary.ended_at.into_iter().chain(last).max().unwrap_or(run.at) };
        let elapsed = format::seconds_between(begin, end).max(1.0);
        Self { begin, seconds: elapsed * if live { 1.15 } else { 1.0 }, now: live.then_some(elapsed) }
    }

    fn percent(&self, seconds: f64) -> f64 {
        (seconds / self.seconds * 100.0).clamp(0.0, 100.0)
    }

    fn at(&self, at: Timestamp) -> f64 {
        self.percent(format::seconds_between(self.begin, at))
    }

    /// At most six, at round lengths of time.
    fn ticks(&self) -> Vec<f64> {
        const ROUND: [f64; 14] =
            [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0];
        let step = ROUND.into_iter().find(|s| self.seconds / s <= 6.0).unwrap_or((self.seconds / 6.0).ceil());
        let mut ticks = Vec::new();
        let mut at = 0.0;
        while at < self.seconds && ticks.len() < 7 {
            ticks.push(at);
            at += step;
        }
        ticks
    }
}

/// Where a step is on its run's page.
#[must_use]
pub fn anchor(step: &StepView) -> String {
    format!("d-{}", key(step))
}

fn key(step: &StepView) -> String {
    format!("step-{}", step.id)
}

#[must_use]
pub fn timeline(run: &RunView) -> AnyView {
    let axis = Axis::of(run);
    let count = run.steps.len();
    let labels = axis
        .ticks()
        .into_iter()
        .map(|t| {
            let anchor = if t == 0.0 { "start" } else { "middle" };
            view! { <text x=format!("{:.2}%", axis.percent(t)) y="11" text-anchor=anchor>{format!("+{}", words::clock(t))}</text> }
        })
        .collect_view();
    let id = run.summary.id.clone();
    let ended = run.summary.ended_at.is_some();
    let decides = |step: &StepView| {
        !step.state.is_done()
            && run.forecast.as_ref().is_some_and(|f| f.critical_path.iter().any(|id| id.as_str() == step.id))
    };
    let rows = run
        .steps
        .iter()
        .enumerate()
        .map(|(i, step)| row(&id, step, (i + 1, count, decides(step)), axis, run.at, ended))
        .collect_view();
    view! {
        <div class="steps-head" data-live="axis" aria-hidden="true">
            <span>"Step"</span>
            <svg class="axis" width="100%" height="14">{labels}</svg>
            <span class="n">"Took"</span>
        </div>
        <ol class="steps">{rows}</ol>
    }
    .into_any()
}

fn row(
    run: &str,
    step: &StepView,
    // Which one it is of how many, and whether it decides the end.
    (number, count, decides): (usize, usize, bool),
    axis: Axis,
    now: Timestamp,
    ended: bool,
) -> AnyView {
    let (tone, word) = tone::step_state(step.state);
    let took = step.started_at.map(|from| format::seconds_between(from, step.ended_at.unwrap_or(now)));
    let took = match (step.started_at, step.ended_at, took) {
        (Some(from), None, _) if !ended => time::since(from),
        (_, _, Some(seconds)) => view! { {words::span(seconds)} }.into_any(),
        _ => view! { <span class="muted">"–"</span> }.into_any(),
    };
    let open = matches!(
        step.state,
        StepState::Running | StepState::Waiting | StepState::Unknown | StepState::NeedsPerson
    );
    let mut class = format!("step {}", tone.as_str());
    if open {
        class.push_str(" step-now");
    }
    let irreversible =
        plan::cannot_be_undone(step).then(|| view! { <span class="tag danger">"cannot be undone"</span> });
    let attempt =
        (step.attempt > 1).then(|| view! { <span class="tag">{format!("attempt {}", step.attempt)}</span> });
    if decides {
        class.push_str(" decides");
    }
    // Most steps of most plans: the rail at their left says it, and words would drown the states.
    let critical = decides.then(|| view! { <span class="sr">", on the critical path"</span> });
    let summary = view! {
        <span class="step-name">
            <span class="sr">{format!("Step {number} of {count}: ")}</span>
            <span class="step-title">{step.title.clone()}</span>
            <span class="step-state">{badge(tone, word)}{irreversible}{critical}{attempt}</span>
        </span>
        <span class="step-bar">{bar(step, tone, axis, now)}</span>
        <span class="step-took n">{took}</span>
    }
    .into_any();
    view! {
        <li class=class data-live=key(step) title=decides.then_some("A delay of this step delays the end")>
            {parts::fold(anchor(step), open, "step-fold", summary, detail(run, step))}
        </li>
    }
    .into_any()
}

fn bar(step: &StepView, tone: Tone, axis: Axis, now: Timestamp) -> AnyView {
    let grid = axis
        .ticks()
        .into_iter()
        .map(|t| {
            let x = format!("{:.2}%", axis.percent(t));
            view! { <line class="grid" x1=x.clone() x2=x y1="0" y2="20" /> }
        })
        .collect_view();
    let rect = step.started_at.map(|from| {
        let (x, to) = (axis.at(from), axis.at(step.ended_at.unwrap_or(now)));
        let class = format!("gantt {}", tone.as_str());
        view! { <rect class=class x=format!("{x:.2}%") y="4" width=format!("{:.2}%", (to - x).max(0.8)) height="12" rx="2" /> }
    });
    let now = axis.now.map(|seconds| {
        let x = format!("{:.2}%", axis.percent(seconds));
        view! { <line class="now" x1=x.clone() x2=x y1="0" y2="20" /> }
    });
    view! { <svg width="100%" height="20" aria-hidden="true">{grid}{rect}{now}</svg> }.into_any()
}

fn detail(run: &str, step: &StepView) -> AnyView {
    let asks = step.parked.as_ref().map(|parked| parked.reason.as_str());
    let note = step
        .note
        .clone()
        .filter(|note| asks != Some(note))
        .map(|note| view! { <p class="step-note">{note}</p> });
    let parked = step.parked.clone().map(|parked| {
        let body =
            view! { <p>{parts::prose(&parked.reason)}</p><p>{parts::prose(&parked.way_out)}</p> }.into_any();
        parts::callout(Tone::Bad, "This step asks a person", body)
    });
    let skipped = step.skipped.clone().map(|skipped| {
        view! { <p>{badge(Tone::Watch, format!("Skipped by {}", skipped.by))} ": " {skipped.reason}</p> }
    });
    let times = step.started_at.map(|from| {
        let to = step.ended_at.map(|to| view! { " to " {time::moment(to)} });
        view! { <tr><th scope="row">"When"</th><td>{time::moment(from)}{to}</td></tr> }
    });
    let other = step
        .other_run
        .as_ref()
        .map(|run| view! { <tr><th scope="row">"Its run"</th><td>{own_steps::other_run(run)}</td></tr> });
    // Of a run that it asked for, the line above tells all that the answer says.
    let answers = (!step.answers.is_empty() && step.kind != own_steps::RUNS_A_PLAN).then(|| {
        let rows = step
            .answers
            .iter()
            .map(|answer| {
                let id = answer.request_id.clone().map_or_else(
                    || view! { <span class="muted">"no request id"</span> }.into_any(),
                    |id| view! { <code>{id}</code> }.into_any(),
                );
                view! { <li>{time::moment(answer.at)}" "<code>{answer.action.clone()}</code>" in "{answer.region.clone()}", AWS request "{id}</li> }
            })
            .collect_view();
        view! { <tr><th scope="row">"AWS answered"</th><td><ul class="bare">{rows}</ul></td></tr> }
    });
    let seen = |title: &'static str, value: &serde_json::Value| {
        let empty = value.is_null()
            || value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        (!empty).then(|| view! { <div class="raw"><h3>{title}</h3><pre tabindex="0">{text}</pre></div> })
    };
    view! {
        {parked}
        {note}
        {skipped}
        {person_forms(run, step)}
        <table class="plain pairs">
            <tbody>
                <tr><th scope="row">"Value now → to be"</th><td>{plan::change_words(step)}</td></tr>
                {times}
                {plan::call_rows(step)}
                {other}
                {answers}
            </tbody>
        </table>
        <div class="raws">
            {plan::raw_call(step)}
            {seen("Before", &step.before)}
            {seen("After", &step.after_values)}
        </div>
    }
    .into_any()
}

fn person_forms(run: &str, step: &StepView) -> AnyView {
    if !step.may_retry && !step.may_skip && !step.may_confirm {
        return parts::nothing();
    }
    let path =
        |verb: &str| format!("/runs/{}/steps/{}/{verb}", format::encode(run), format::encode(&step.id));
    let confirm = step.may_confirm.then(|| {
        let form = format!("confirm-{}", step.id);
        view! {
            <form method="post" action=path("confirm") class="stack">
                {parts::text_field(&form, "comment", "What you saw", "Kept in the journal and the audit log.", false)}
                <button class="btn primary" type="submit">{icon("approve")}{format!("Confirm step {}", step.id)}</button>
            </form>
        }
    });
    let retry = (step.may_retry && !step.may_confirm).then(|| {
        view! {
            <form method="post" action=path("retry")>
                <button class="btn" type="submit">{icon("again")}{format!("Retry step {}", step.id)}</button>
            </form>
        }
    });
    let skip = step.may_skip.then(|| {
        let form = format!("skip-{}", step.id);
        let summary = view! { <span class="btn danger">{format!("Skip step {}…", step.id)}</span> }.into_any();
        let body = view! {
            <form method="post" action=path("skip") class="stack">
                <p>"The run goes on without this step. What it would have done stays undone, and the run ends with an exception."</p>
                {parts::text_field(&form, "reason", "Why it may be skipped", "Kept in the journal and the audit log.", true)}
                <button class="btn danger" type="submit">{format!("Skip step {} for good", step.id)}</button>
            </form>
        }
        .into_any();
        parts::fold(form.clone(), crate::screen::typed(&form, "reason").is_some(), "ask", summary, body)
    });
    view! { <div class="verbs step-verbs">{confirm}{retry}<div class="apart">{skip}</div></div> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(seconds: f64) -> Axis {
        Axis { begin: Timestamp::UNIX_EPOCH, seconds, now: None }
    }

    #[test]
    fn an_axis_of_any_length_has_few_round_ticks() {
        for seconds in [1.0, 14.0, 61.0, 599.0, 8_000.0, 90_000.0] {
            let ticks = axis(seconds).ticks();
            assert!((1..=7).contains(&ticks.len()), "{seconds}: {ticks:?}");
            assert!(ticks.iter().all(|t| *t < seconds));
        }
    }

    #[test]
    fn a_bar_never_leaves_the_axis() {
        assert!((axis(10.0).percent(50.0) - 100.0).abs() < 1e-9);
        assert!(axis(10.0).percent(-5.0).abs() < 1e-9);
    }
}
