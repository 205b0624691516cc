//! Safeguards: the switch that stops all automation, change freezes, and what each guard means for which run.

use crate::components::tone::{Tone, badge};
use crate::components::{applications, parts, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::{Screen, Signed};
use holdfast_api::safeguards::{AutomationView, FreezeView};
use holdfast_failover::guard::{Guard, Ruling, RunKind};
use leptos::prelude::*;

pub const DECLARE: &str = "declare-freeze";
pub const SWITCH: &str = "switch-automation";

/// What the page shows, and who looks at it.
#[derive(Debug, Clone)]
pub struct Safeguards {
    pub automation: AutomationView,
    pub freezes: Vec<FreezeView>,
    pub signed: Signed,
}

#[must_use]
pub fn page(view: Safeguards) -> Screen {
    let mark = if view.automation.on { Tone::Quiet } else { Tone::Watch };
    Screen::new("Safeguards", "/safeguards", move || body(&view)).mark(mark).live(LOOK_AGAIN)
}

fn has(signed: &Signed, roles: &[&str]) -> bool {
    signed.roles.iter().any(|role| roles.contains(&role.as_str()))
}

fn body(view: &Safeguards) -> AnyView {
    view! {
        {parts::head("Safeguards", view! { "What holds a run back beside its approvals. Each no says since when, who can lift it, and how." }.into_any(), parts::nothing())}
        <div class="grid halves">
            {parts::card("automation", "Automation", parts::nothing(), automation(view))}
            {parts::card("freezes", "Change freezes", parts::nothing(), freezes(view))}
        </div>
        {parts::card("guards", "Guards", view! { "by kind of run" }.into_any(), table())}
    }
    .into_any()
}

fn automation(view: &Safeguards) -> AnyView {
    let automation = &view.automation;
    let (tone, word) = if automation.on { (Tone::Good, "on") } else { (Tone::Watch, "off") };
    let who = automation.changed_by.clone().zip(automation.changed_at).map(|(by, at)| {
        view! { <p class="muted">{format!("Switched {word} by {by} ")}{time::ago(at)}</p> }
    });
    let why = automation.reason.clone().map(|reason| view! { <p>{parts::prose(&reason)}</p> });
    let form = if !has(&view.signed, &["operator", "admin"]) {
        view! { <p class="hint">"Switching it needs an operator or an administrator."</p> }.into_any()
    } else if automation.on {
        view! {
            <form method="post" action="/safeguards/automation" class="stack">
                <input type="hidden" name="on" value="false" />
                {parts::text_field(SWITCH, "reason", "Why", "Everybody reads this on every page while it is off.", true)}
                <button class="btn danger" type="submit">"Stop all automation"</button>
                <p class="hint">"Then nothing starts that no person asked for. Runs under way go on."</p>
            </form>
        }
        .into_any()
    } else {
        view! {
            <form method="post" action="/safeguards/automation" class="stack">
                <input type="hidden" name="on" value="true" />
                <button class="btn primary" type="submit">"Let automation go on"</button>
            </form>
        }
        .into_any()
    };
    let yet = view! { <p class="muted">"Nothing starts by itself in this version: there are no triggers and no game days yet. The switch holds for those to come."</p> };
    view! { <div class="stack"><p>"Automation is "{badge(tone, word)}</p>{why}{who}{yet}{form}</div> }
        .into_any()
}

fn freezes(view: &Safeguards) -> AnyView {
    let may = view.signed.holds(&["admin"]);
    let list = if view.freezes.is_empty() {
        parts::empty(
            "Nothing is frozen",
            view! { "A freeze asks planned runs for an override by name, and refuses drills." }.into_any(),
        )
    } else {
        let items = view.freezes.iter().map(|freeze| one(freeze, may)).collect_view();
        view! { <div class="stack">{items}</div> }.into_any()
    };
    let declare = if may {
        view! {
            <form method="post" action="/safeguards/freezes" class="stack">
                <h3>"Declare a freeze"</h3>
                {parts::text_field(DECLARE, "application", "Application", "Empty: every application.", false)}
                {parts::text_field(DECLARE, "reason", "Why", "Everybody reads this where it holds a run back.", true)}
                {parts::text_field(DECLARE, "starts_at", "From", "Such as 2026-12-20T00:00:00Z. Empty: from now on.", false)}
                {parts::text_field(DECLARE, "ends_at", "Until", "Such as 2027-01-04T08:00:00Z.", true)}
                <button class="btn" type="submit">"Declare the freeze"</button>
            </form>
        }
        .into_any()
    } else {
        view! { <p class="hint">"Declaring and lifting need an administrator."</p> }.into_any()
    };
    view! { <div class="stack">{list}{declare}</div> }.into_any()
}

fn one(freeze: &FreezeView, may: bool) -> AnyView {
    let (tone, word) = if freeze.holds { (Tone::Watch, "holds") } else { (Tone::Quiet, "to come") };
    let scope = match &freeze.application {
        Some(name) => view! { <a href=applications::href(name)>{name.clone()}</a> }.into_any(),
        None => view! { "Every application" }.into_any(),
    };
    let lift = may.then(|| {
        view! {
            <form method="post" action=format!("/safeguards/freezes/{}/lift", freeze.id)>
                <button class="btn small" type="submit">"Lift this freeze"</button>
            </form>
        }
    });
    view! {
        <div class="stack freeze">
            <div>{scope}" "{badge(tone, word)}</div>
            <p>{parts::prose(&freeze.reason)}</p>
            <p class="muted">{format!("{} to {}, declared by {}", format::moment(freeze.starts_at), format::moment(freeze.ends_at), freeze.declared_by)}</p>
            {lift}
        </div>
    }
    .into_any()
}

/// From the rules themselves, so that the page cannot say otherwise.
fn table() -> AnyView {
    let column = |kind: RunKind| match kind {
        RunKind::Automatic => "Automatic run",
        RunKind::Planned => "Planned run",
        RunKind::Emergency => "Emergency",
        RunKind::Drill => "Drill",
    };
    let heads = RunKind::ALL.iter().map(|kind| view! { <th scope="col">{column(*kind)}</th> }).collect_view();
    let rows = Guard::ALL
        .iter()
        .map(|guard| {
            let cells = RunKind::ALL
                .iter()
                .map(|kind| parts::labelled(column(*kind), ruling(guard.ruling(*kind))))
                .collect_view();
            view! { <tr><th scope="row" class="rule">{format::sentence(guard.words())}<div><code>{guard.as_str()}</code></div></th>{cells}</tr> }
        })
        .collect_view();
    let head = view! { <th scope="col">"When"</th>{heads} }.into_any();
    view! {
        <p class="muted lead">"Refused: not this kind of run, whoever asks. Override: only where the request names the guard, and whoever approves sees that it does. Noted: said in the plan, and no more."</p>
        {parts::paired_table("Guards by kind of run", head, rows.into_any())}
    }
    .into_any()
}

fn ruling(ruling: Ruling) -> AnyView {
    match ruling {
        Ruling::Refuse => view! { <b>"refused"</b> }.into_any(),
        Ruling::Override => view! { "override" }.into_any(),
        Ruling::Note => view! { <span class="muted">"noted"</span> }.into_any(),
        Ruling::NotAsked => view! { <span class="muted">"–"</span> }.into_any(),
    }
}
