//! Compliance: would we meet our objectives, and on what evidence? Prints as it stands.

use crate::components::tone::{self, Tone, badge};
use crate::components::{applications, bars, parts, runs, time};
use crate::pages::{LOOK_AGAIN, break_glass, plans};
use crate::screen::Screen;
use crate::{format, words};
use holdfast_api::break_glass::BreakGlassView;
use holdfast_api::compliance::{ComplianceRow, ComplianceView};
use holdfast_failover::compliance::{Evidence, RtoSplit, Standing};
use leptos::prelude::*;

#[must_use]
pub fn page(view: ComplianceView) -> Screen {
    let mark = if view.missed > 0 {
        Tone::Bad
    } else if view.unknown > 0 || view.rows.is_empty() {
        Tone::Unknown
    } else if view.green {
        Tone::Good
    } else {
        Tone::Watch
    };
    Screen::new("Compliance", "/compliance", move || body(&view)).mark(mark).live(LOOK_AGAIN)
}

fn body(view: &ComplianceView) -> AnyView {
    let csv = view! { <a class="btn" href="/compliance.csv" download="">{crate::components::icon::icon("download")}"Download as CSV"</a> };
    let note = |tone: Tone, words: &'static str| badge(tone, words);
    let number = |n: usize| view! { {n.to_string()} }.into_any();
    let list = if view.rows.is_empty() {
        parts::empty(
            "No applications yet",
            view! { "Run "<code>"holdfast apply FILE"</code>"; objectives come with the inventory." }
                .into_any(),
        )
    } else {
        table(&view.rows)
    };
    let under =
        view! { "Objectives against the worst that runs have measured, as of "{format::moment(view.at)}"." };
    view! {
        {parts::head("Compliance", under.into_any(), csv.into_any())}
        {reviews_due(&view.break_glass_reviews_due)}
        {parts::figures("figures", vec![
            parts::figure("Met", number(view.met), note(Tone::Good, "measured, within")),
            parts::figure("Missed", number(view.missed), note(Tone::Bad, "measured, beyond")),
            parts::figure("Unknown", number(view.unknown), note(Tone::Unknown, "not measured")),
        ])}
        {parts::card("list", "By application", view! { "worst first" }.into_any(), list)}
        <p class="muted">"Only runs that ended count: real ones and live drills. An isolated drill shows that there is capacity and that a backup can be restored; it proves neither traffic nor promotion, and is told apart. An estimate is never evidence: what no run has measured is unknown."</p>
    }
    .into_any()
}

/// Whatever the figures below say.
fn reviews_due(due: &[BreakGlassView]) -> AnyView {
    if due.is_empty() {
        return parts::nothing();
    }
    let items = due
        .iter()
        .map(|glass| {
            let started = match glass.runs.len() {
                0 => "nothing was started under it".to_owned(),
                n => format!("{} started under it", format::count(n, "run was", "runs were")),
            };
            view! { <li><a href=break_glass::href(&glass.id)>{format!("{}, {}", glass.holder, format::moment(glass.opened_at))}</a>": "{started}</li> }
        })
        .collect_view();
    let body = view! {
        <p>"Compliance is not green until somebody else has closed the review of each break-glass. What was started under one counts for nothing until then: an objective of such an application is not called met."</p>
        <ul>{items}</ul>
    };
    view! { <div role="status">{parts::callout(Tone::Watch, "Break-glass reviews are due", body.into_any())}</div> }.into_any()
}

fn rank(row: &ComplianceRow) -> (u8, u8, String) {
    let one = |s: Standing| match s {
        Standing::Missed => 0,
        Standing::Unknown => 1,
        Standing::Met => 2,
    };
    let gap = if row.gaps.is_empty() { 3 } else { 0 };
    (one(row.rto).min(one(row.rpo)).min(gap), row.tier, row.application.clone())
}

fn table(rows: &[ComplianceRow]) -> AnyView {
    let mut sorted: Vec<&ComplianceRow> = rows.iter().collect();
    sorted.sort_by_key(|row| rank(row));
    let rows = sorted.into_iter().map(row).collect_view();
    let head = view! {
        <th scope="col">"Application"</th>
        <th scope="col">"RTO: worst of objective"</th>
        <th scope="col">"RPO: worst of objective"</th>
        <th scope="col">"Strategy reaches"</th>
        <th scope="col">"Evidence"</th>
        <th scope="col">"Verified"</th>
    };
    parts::folding_table("Compliance by application", head.into_any(), rows.into_any())
}

fn measured(
    what: &'static str,
    standing: Standing,
    worst: Option<f64>,
    objective: f64,
    show: fn(f64) -> String,
    seconds: fn(f64) -> f64,
) -> AnyView {
    let (tone, word) = tone::standing(standing);
    let value = worst.map(|worst| view! { {show(worst)}" " });
    let word = if worst.is_none() && standing == Standing::Unknown { "never measured" } else { word };
    view! {
        <div class="measure">
            <span class="narrow-label">{what}</span>
            {badge(tone, word)}
            <span class="measure-words">{value}<span class="muted">{format!("of {}", words::span(objective))}</span></span>
            {bars::against(worst.map(seconds), objective, tone)}
        </div>
    }
    .into_any()
}

/// Where the time of the last run went, part by part.
fn went(split: &RtoSplit) -> AnyView {
    let part = |(_, words, seconds): (&str, &'static str, Option<f64>)| {
        let name = words.split(" (").next().unwrap_or(words);
        format!("{name} {}", seconds.map_or_else(|| "unknown".to_owned(), words::span))
    };
    let parts: Vec<String> = bars::parts(split).into_iter().map(part).collect();
    view! { <div class="muted">{parts.join(", ")}</div> }.into_any()
}

fn row(row: &ComplianceRow) -> AnyView {
    let because = row
        .verification
        .reasons
        .first()
        .map(|reason| view! { <div class="muted">{parts::prose(&reason.sentence)}</div> });
    let gaps = row
        .gaps
        .iter()
        .map(|gap| view! { <div>{badge(Tone::Bad, "out of reach")}</div><div class="muted">{gap.clone()}</div> })
        .collect_view();
    let evidence = match (row.last_measured_at, &row.last_run) {
        (Some(at), Some(run)) => view! { <a href=runs::href(run)>{time::ago(at)}</a><div class="muted">{format!("worst of {}", format::count(row.runs_counted, "run", "runs"))}</div>{row.last_split.as_ref().map(went)} }.into_any(),
        (Some(at), None) => view! { {time::ago(at)} }.into_any(),
        (None, _) => badge(Tone::Unknown, "no run yet"),
    };
    view! {
        <tr>
            <td>
                <a class="row-link" href=applications::href(&row.application)><b>{row.application.clone()}</b></a>
                <div class="muted">{format!("{} · tier {} · {}", row.owner, row.tier, format::strategy(&row.strategy))}</div>
                {row.break_glass_reviews_due.first().map(|id| view! { <div><a href=break_glass::href(id)>{badge(Tone::Watch, "break-glass review due")}</a></div> })}
            </td>
            <td>{measured("RTO", row.rto, row.rto_worst_seconds, f64::from(row.rto_objective_seconds), words::span, |s| s)}</td>
            <td>{measured("RPO", row.rpo, row.rpo_worst_ms, f64::from(row.rpo_objective_seconds), format::lag, |ms| ms / 1_000.0)}</td>
            <td>{format!("{} · {}", row.rto_band, row.rpo_band)}{gaps}</td>
            <td class="words">{evidence}{sorts(row)}</td>
            <td class="words"><span class="narrow-label">"Verified"</span><a href=plans::href(&row.application)>{plans::verified(&row.verification)}</a>{because}</td>
        </tr>
    }
    .into_any()
}

/// Real runs, live drills and isolated ones, each by themselves, and what of it proves that traffic moves.
fn sorts(row: &ComplianceRow) -> AnyView {
    let lines = row
        .evidence
        .iter()
        .filter(|of| of.runs > 0)
        .map(|of| {
            let what = match of.evidence {
                Evidence::RealRun => format::count(of.runs, "real run", "real runs"),
                Evidence::LiveDrill => format::count(of.runs, "live drill", "live drills"),
                Evidence::IsolatedDrill => format::count(of.runs, "isolated drill", "isolated drills"),
            };
            let of_them =
                if of.completed < of.runs { format!(", {} completed", of.completed) } else { String::new() };
            let last = of.last_at.zip(of.last_run.as_ref()).map(|(at, run)| {
                view! { ", last "<a href=runs::href(run)>{time::ago(at)}</a> }
            });
            view! { <div class="muted">{what}{of_them}{last}</div> }
        })
        .collect_view();
    let only_beside = row.proved_by.is_none() && row.evidence.iter().any(|of| of.runs > 0);
    let unproved =
        only_beside.then(|| view! { <div>{badge(Tone::Unknown, "traffic and promotion not proved")}</div> });
    view! { {lines}{unproved} }.into_any()
}
