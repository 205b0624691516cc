//! Bars: what was measured against its objective, and the parts that a recovery time is made of. The numbers
//! stand beside each bar in words.

use crate::components::tone::{Tone, badge};
use crate::words;
use holdfast_failover::compliance::RtoSplit;
use leptos::prelude::*;

fn percent(value: f64) -> String {
    format!("{:.2}%", value.clamp(0.0, 100.0))
}

/// A value on the way to its objective, which is marked. What was not measured has an empty, dashed track.
#[must_use]
pub fn against(value: Option<f64>, objective: f64, tone: Tone) -> AnyView {
    let top = value.unwrap_or(0.0).max(objective) * 1.08;
    let top = if top > 0.0 { top } else { 1.0 };
    let bar = value.map(|v| view! { <rect class="bar-value" x="0" y="3" width=percent((v / top * 100.0).max(0.7)) height="6" rx="2" /> });
    let class = format!("bar {}", if value.is_some() { tone.as_str() } else { "unknown" });
    let mark = percent(objective / top * 100.0);
    view! {
        <svg class=class width="100%" height="12" aria-hidden="true">
            <rect class="bar-track" x="0" y="3" width="100%" height="6" rx="2" />
            {bar}
            <line class="bar-mark" x1=mark.clone() x2=mark y1="0" y2="12" />
        </svg>
    }
    .into_any()
}

/// Its class, what it is called, and how long it took.
pub type Part = (&'static str, &'static str, Option<f64>);

/// Detecting and deciding stand apart where somebody said when it was detected, and as one where only the whole is known.
#[must_use]
pub fn parts(split: &RtoSplit) -> Vec<Part> {
    let before = match (split.detect_seconds, split.decide_seconds, split.detect_and_decide_seconds) {
        (None, None, Some(both)) => {
            vec![("part-1", "detect and decide (nobody said when it was detected)", Some(both))]
        }
        (detect, decide, _) => {
            let detecting =
                if split.from_impact { "detect" } else { "detect (nobody said when the impact began)" };
            vec![("part-1", detecting, detect), ("part-5", "decide", decide)]
        }
    };
    let after = [
        ("part-2", "approve", split.approve_seconds),
        ("part-3", "execute", split.execute_seconds),
        ("part-4", "verify", split.verify_seconds),
    ];
    before.into_iter().chain(after).collect()
}

/// Where the time went, part by part, as one bar with its table.
#[must_use]
pub fn split(split: &RtoSplit, objective: f64) -> AnyView {
    let parts = parts(split);
    let sum: f64 = parts.iter().filter_map(|(_, _, s)| *s).sum();
    let top = sum.max(objective).max(1.0) * 1.04;
    let mut x = 0.0;
    let rects = parts
        .iter()
        .filter_map(|(class, _, seconds)| {
            let width = (*seconds)? / top * 100.0;
            let rect = view! { <rect class=*class x=percent(x) y="4" width=percent(width) height="16" /> };
            x += width;
            Some(rect)
        })
        .collect_view();
    let mark = percent(objective / top * 100.0);
    let rows = parts
        .iter()
        .map(|(class, words, seconds)| {
            let value = seconds.map_or_else(
                || badge(Tone::Unknown, "unknown"),
                |s| view! { {words::span(s)} }.into_any(),
            );
            view! {
                <tr>
                    <th scope="row"><svg class="key" width="10" height="10" aria-hidden="true"><rect class=*class width="10" height="10" rx="2" /></svg>{*words}</th>
                    <td class="n">{value}</td>
                </tr>
            }
        })
        .collect_view();
    let total = split.total_seconds.map_or_else(
        || badge(Tone::Unknown, "unknown"),
        |s| view! { <strong>{words::span(s)}</strong> }.into_any(),
    );
    let from = if split.from_impact {
        "from the impact to seen serving"
    } else {
        "from the request to seen serving"
    };
    view! {
        <svg class="split" width="100%" height="24" aria-hidden="true">
            <rect class="bar-track" x="0" y="4" width="100%" height="16" rx="2" />
            {rects}
            <line class="bar-mark" x1=mark.clone() x2=mark y1="0" y2="24" />
        </svg>
        <table class="plain">
            <tbody>
                {rows}
                <tr><th scope="row">"Total, " {from}</th><td class="n">{total}</td></tr>
                <tr><th scope="row">"Objective (the mark on the bar)"</th><td class="n">{words::span(objective)}</td></tr>
            </tbody>
        </table>
    }
    .into_any()
}
