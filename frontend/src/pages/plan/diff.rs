//! One version of a plan against another: steps added, removed, moved and changed, field by field.

use crate::components::tone::{Tone, badge};
use crate::components::{applications, parts};
use crate::format;
use crate::pages::plans::{href, version_href};
use crate::screen::Screen;
use holdfast_api::plans::PlanDiff;
use holdfast_failover::plan::sheet::{Compared, FieldChange, StepChange};
use leptos::prelude::*;

#[must_use]
pub fn page(diff: PlanDiff) -> Screen {
    let application = diff.application.clone();
    let version = diff.after.version;
    Screen::new(title(&diff), "/applications", move || body(&diff))
        .mark(Tone::Quiet)
        .crumb("Applications", "/applications")
        .crumb(application.clone(), applications::href(&application))
        .crumb("Plans", href(&application))
        .crumb(format!("Version {version}"), version_href(&application, version))
}

fn title(diff: &PlanDiff) -> String {
    format!("Version {} against {}", diff.after.version, diff.before.version)
}

fn body(diff: &PlanDiff) -> AnyView {
    let head = &diff.after;
    let under = format!(
        "{} of {} from {} to {}",
        format::sentence(head.intent.as_str()),
        diff.application,
        head.from_region,
        head.to_region
    );
    let edit = |tone, word: &'static str, edits: &[String]| {
        edits.iter().map(|words| view! { <li>{badge(tone, word)}" "{words.clone()}</li> }).collect_view()
    };
    let edits = (!diff.edits_added.is_empty() || !diff.edits_removed.is_empty()).then(|| {
        let list = view! {
            <ul class="plain-list">
                {edit(Tone::Good, "edit added", &diff.edits_added)}
                {edit(Tone::Bad, "edit taken back", &diff.edits_removed)}
            </ul>
        };
        parts::card("edits", "Edits", parts::nothing(), list.into_any())
    });
    let same = diff
        .compared
        .is_empty()
        .then(|| parts::empty("They would do the same", view! { "No step differs." }.into_any()));
    let forms = diff.compared.iter().map(form).collect_view();
    view! { {parts::head(title(diff), view! { {under} }.into_any(), parts::nothing())}{edits}{same}{forms} }
        .into_any()
}

fn form(compared: &Compared) -> AnyView {
    let word = match compared.mode {
        holdfast_failover::Mode::Planned => "Planned",
        holdfast_failover::Mode::Emergency => "Emergency",
    };
    let refusal = compared.refusal.as_ref().map(|change| fields(std::slice::from_ref(change)));
    let steps = compared.steps.iter().map(step).collect_view();
    let key = if word == "Planned" { "planned" } else { "emergency" };
    let body = view! { {refusal}<ul class="plain-list">{steps}</ul> };
    parts::card(key, word, parts::nothing(), body.into_any())
}

fn step(change: &StepChange) -> AnyView {
    let (tone, word, id, title, changed) = match change {
        StepChange::Added { step, title, .. } => (Tone::Good, "added", step, title, &[][..]),
        StepChange::Removed { step, title } => (Tone::Bad, "removed", step, title, &[][..]),
        StepChange::Moved { step, title, fields } => (Tone::Moving, "moved", step, title, fields.as_slice()),
        StepChange::Changed { step, title, fields } => {
            (Tone::Watch, "changed", step, title, fields.as_slice())
        }
    };
    view! {
        <li>{badge(tone, word)}" "<b>{title.clone()}</b>" "<code>{id.to_string()}</code>{fields(changed)}</li>
    }
    .into_any()
}

fn fields(changes: &[FieldChange]) -> AnyView {
    if changes.is_empty() {
        return parts::nothing();
    }
    let side = |value: &Option<String>| {
        value.clone().map_or_else(
            || view! { <span class="muted">"nothing"</span> }.into_any(),
            |value| view! { {value} }.into_any(),
        )
    };
    let rows = changes
        .iter()
        .map(|change| {
            view! {
                <tr>
                    <th scope="row"><code>{change.field.clone()}</code></th>
                    <td><span class="was">{side(&change.before)}</span><span class="arrow" aria-label="becomes">" → "</span><span class="to-be">{side(&change.after)}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! { <table class="plain pairs"><tbody>{rows}</tbody></table> }.into_any()
}
