//! Moments and lengths of time: relative words that the browser keeps true, the absolute moment on hover and for
//! screen readers. Without scripts they are true as of the rendering.

use crate::{format, screen, words};
use jiff::Timestamp;
use leptos::prelude::*;

/// `4 min ago`.
#[must_use]
pub fn ago(at: Timestamp) -> AnyView {
    let words = words::ago(format::seconds_between(at, screen::now()));
    clock(at, "ago", words)
}

/// How long since, running: `3m 41s`.
#[must_use]
pub fn since(at: Timestamp) -> AnyView {
    let words = words::clock(format::seconds_between(at, screen::now()));
    clock(at, "since", words)
}

/// How long until, running; `now` once it has come.
#[must_use]
pub fn until(at: Timestamp) -> AnyView {
    let words = words::clock(format::seconds_between(screen::now(), at));
    clock(at, "until", words)
}

fn clock(at: Timestamp, kind: &'static str, words: String) -> AnyView {
    let moment = format::moment(at);
    view! {
        <time datetime=at.to_string() data-clock=kind title=moment.clone()>{words}</time>
        <span class="sr">{format!(" ({moment})")}</span>
    }
    .into_any()
}

/// `14:08:02`, the date on hover.
#[must_use]
pub fn moment(at: Timestamp) -> AnyView {
    view! { <time class="mono" datetime=at.to_string() title=format::moment(at)>{format::clock(at)}</time> }
        .into_any()
}

/// `4 min ago`, or that it never was.
#[must_use]
pub fn ago_or(at: Option<Timestamp>, never: &'static str) -> AnyView {
    match at {
        Some(at) => ago(at),
        None => view! { <span class="muted">{never}</span> }.into_any(),
    }
}
