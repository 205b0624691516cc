//! A lag curve as small as a word: the last minutes of one copy against its objective.

use crate::format;
use jiff::Timestamp;
use leptos::prelude::*;
use std::fmt::Write as _;

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;

/// The curve only; the newest value and its age stand beside it in words. Fewer than two points draw nothing.
#[must_use]
pub fn curve(points: &[(Timestamp, f64)], objective_ms: f64) -> AnyView {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return ().into_any() };
    let length = format::seconds_between(first.0, last.0);
    if points.len() < 2 || length <= 0.0 {
        return ().into_any();
    }
    let highest = points.iter().map(|(_, ms)| *ms).fold(1.0, f64::max);
    // The objective is drawn where it tells something: when the curve comes near it.
    let shows_objective = highest > objective_ms * 0.4 && objective_ms > 0.0;
    let top = if shows_objective { highest.max(objective_ms) * 1.1 } else { highest * 1.25 };
    let y = |ms: f64| HEIGHT - 2.0 - (ms / top).clamp(0.0, 1.0) * (HEIGHT - 4.0);
    let mut path = String::new();
    for (i, (at, ms)) in points.iter().enumerate() {
        let x = 1.0 + format::seconds_between(first.0, *at) / length * (WIDTH - 5.0);
        let _ = write!(path, "{}{x:.1} {:.1}", if i == 0 { 'M' } else { 'L' }, y(*ms));
    }
    let area = format!("{path}L{} {HEIGHT}L1 {HEIGHT}Z", WIDTH - 4.0);
    let above = last.1 > objective_ms;
    let class = if above { "spark watch" } else { "spark" };
    let limit = shows_objective.then(
        || view! { <line class="spark-limit" x1="0" x2=WIDTH y1=y(objective_ms) y2=y(objective_ms) /> },
    );
    view! {
        <svg class=class viewBox=format!("0 0 {WIDTH} {HEIGHT}") width=WIDTH height=HEIGHT aria-hidden="true">
            <path class="spark-area" d=area />
            {limit}
            <path class="spark-line" d=path fill="none" />
            <circle cx=WIDTH - 4.0 cy=y(last.1) r="2.5" />
        </svg>
    }
    .into_any()
}
