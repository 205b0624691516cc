//! The menu: where one can go, what waits there, and who is signed in.

use crate::components::icon::icon;
use crate::screen::{Chrome, Theme};
use leptos::prelude::*;

struct Entry {
    href: &'static str,
    words: &'static str,
    icon: &'static str,
}

const fn entry(href: &'static str, words: &'static str, icon: &'static str) -> Entry {
    Entry { href, words, icon }
}

const DECIDE: &[Entry] = &[
    entry("/", "Now", "now"),
    entry("/applications", "Applications", "layers"),
    entry("/runs", "Runs", "run"),
    entry("/approvals", "Approvals", "approve"),
];
const SEE: &[Entry] = &[
    entry("/regions", "Regions", "globe"),
    entry("/safeguards", "Safeguards", "lock"),
    entry("/on-call", "On call", "people"),
    entry("/break-glass", "Break-glass", "alarm"),
];
const PROVE: &[Entry] = &[entry("/compliance", "Compliance", "shield"), entry("/audit", "Audit", "log")];

const SETTINGS: &[Entry] = &[
    entry("/accounts", "Accounts", "cloud"),
    entry(PEOPLE, "People", "people"),
    entry("/policies", "Policies", "rules"),
    entry("/tokens", "Tokens", "key"),
    entry("/system", "System", "server"),
    entry("/api", "API", "braces"),
];
/// Only admins may read who the people are.
const PEOPLE: &str = "/people";

/// Both menus, the wide one and the narrow one, show this; only one of them is displayed.
#[must_use]
pub fn links(chrome: &Chrome, section: &'static str) -> AnyView {
    let count = |href: &str| match href {
        "/runs" => chrome.active_runs,
        "/approvals" => chrome.approvals,
        _ => None,
    };
    let admin = chrome.signed.as_ref().is_some_and(|s| s.roles.iter().any(|role| role == "admin"));
    let group = |entries: &'static [Entry]| {
        let items = entries
            .iter()
            .filter(|e| admin || e.href != PEOPLE)
            .map(|e| {
                let waiting = count(e.href).filter(|n| *n > 0).map(|n| {
                    let class = if e.href == "/runs" { "count moving" } else { "count watch" };
                    let what = if e.href == "/runs" { " active" } else { " waiting for you" };
                    view! { <span class=class>{n.to_string()}<span class="sr">{what}</span></span> }
                });
                let current = (e.href == section).then_some("page");
                view! { <li><a href=e.href aria-current=current>{icon(e.icon)}<span>{e.words}</span>{waiting}</a></li> }
            })
            .collect_view();
        view! { <ul>{items}</ul> }
    };
    let simulator = chrome.simulator_url.clone().map(|url| {
        view! { <ul><li><a href=url rel="noopener">{icon("flask")}<span>"Simulator"</span></a></li></ul> }
    });
    view! {
        {group(DECIDE)}
        {group(SEE)}
        {group(PROVE)}
        {group(SETTINGS)}
        {simulator}
    }
    .into_any()
}

/// Who is signed in, the theme, and the way out.
#[must_use]
pub fn person(chrome: &Chrome) -> AnyView {
    let signed = chrome.signed.clone().map(|signed| {
        view! {
            <div class="who">
                <a class="who-mail" href="/me" title="Your sign-in">{signed.email}</a>
                <div class="muted">{signed.roles.join(", ")}</div>
            </div>
            <form method="post" action="/sign-out"><button class="btn small" type="submit">"Sign out"</button></form>
        }
    });
    view! { {signed}{theme(chrome)} }.into_any()
}

fn theme(chrome: &Chrome) -> AnyView {
    let button = |theme: Theme, name: &'static str, symbol: &'static str| {
        let pressed = if chrome.theme == theme { "true" } else { "false" };
        view! {
            <button type="submit" name="theme" value=theme.as_str() aria-pressed=pressed title=name>
                {icon(symbol)}<span class="sr">{name}</span>
            </button>
        }
    };
    view! {
        <form class="theme" method="post" action="/theme" data-theme-form="">
            <input type="hidden" name="back" value=chrome.path.clone() />
            {button(Theme::Light, "Light theme", "sun")}
            {button(Theme::Dark, "Dark theme", "moon")}
            {button(Theme::System, "Theme of the system", "auto")}
        </form>
    }
    .into_any()
}
