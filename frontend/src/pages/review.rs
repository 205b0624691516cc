//! Before a run is requested: what exactly would happen, on what it rests, who must approve.

use crate::components::graph::Live;
use crate::components::tone::{Tone, badge};
use crate::components::{applications, approval, graph, on_call, parts, plan, shares};
use crate::format;
use crate::pages::application::move_words;
use crate::screen::{Screen, typed};
use holdfast_api::on_call::OnCallView;
use holdfast_api::runs::{OverrideNeeded, RunPreview};
use holdfast_failover::guard::Guard;
use holdfast_failover::{DrillKind, Intent, Mode};
use leptos::prelude::*;

pub const FORM: &str = "request";

/// What holds back a run and not a dry run, which changes nothing.
const NOT_OF_DRY_RUNS: [&str; 3] = ["run_active", "audit_not_kept", "nobody_can_approve"];

/// Where no team has a schedule.
#[must_use]
pub fn page(preview: RunPreview, idempotency_key: String) -> Screen {
    page_with(preview, Vec::new(), idempotency_key)
}

/// `idempotency_key` is fresh for every rendering: sending the form twice asks once.
#[must_use]
pub fn page_with(preview: RunPreview, on_call: Vec<OnCallView>, idempotency_key: String) -> Screen {
    let name = preview.request.application.clone();
    let title = move_words(preview.request.intent.as_str(), &name, &preview.to_region);
    Screen::new(format!("Review: {title}"), "/applications", move || {
        body(&preview, &on_call, &idempotency_key)
    })
    .mark(Tone::Watch)
    .crumb("Applications", "/applications")
    .crumb(name.clone(), applications::href(&name))
}

fn body(preview: &RunPreview, on_call: &[OnCallView], key: &str) -> AnyView {
    let asked = preview.tally.rules.iter().map(|rule| rule.group.as_str());
    let request = &preview.request;
    let words = move_words(request.intent.as_str(), &request.application, &preview.to_region);
    let under = view! { {format!("{} → {}", preview.from_region, preview.to_region)}" · nothing has been asked for yet" };
    let changes = preview.steps.iter().filter(|s| s.action.is_some()).count();
    let irreversible = preview.steps.iter().filter(|s| plan::cannot_be_undone(s)).count();
    let once = if irreversible == 0 {
        view! { <span class="muted">"each can be undone"</span> }.into_any()
    } else {
        badge(Tone::Bad, format!("{irreversible} cannot be undone"))
    };
    view! {
        {parts::head(format!("{words}?"), under.into_any(), parts::nothing())}
        {if request.intent == Intent::Drill { kinds(preview) } else { modes(preview) }}
        {windows(preview)}
        {glass(preview)}
        {preview.refused.clone().map(|refusal| {
            view! { <div role="status">{parts::callout(Tone::Bad, "This request would be refused now", parts::refusal(refusal))}</div> }
        })}
        <div class="grid wide-left">
            <div class="stack-cards">
                {parts::card("plan", format!("What would happen: {}", format::count(changes, "changing call", "changing calls")), once, plan::steps(&preview.steps))}
                {graph::card(&preview.steps, Live::No)}
                {shares::card(preview.split.as_ref())}
                {shares::choose(preview)}
                {parts::card("measurements", "Measured beside the plan", view! { "checked again before the first change" }.into_any(), plan::measurements(&preview.measurements))}
                {plan::if_escalated(preview.if_escalated.as_ref())}
                {parts::card("facts", "Facts it rests on", view! { "a change of any voids the plan" }.into_any(), plan::facts(&preview.facts))}
            </div>
            <div class="stack-cards">
                {parts::card("ask", "Ask for it", parts::nothing(), form(preview, key, &words))}
                {parts::card("approvers", "Who must approve", parts::nothing(), view! { {approval::tally(&preview.approval_policy, &preview.tally, &[])}{on_call::of_teams(on_call, asked)}{approval::digest(&preview.plan_digest)} }.into_any())}
                {parts::card("notes", "Cautions", parts::nothing(), plan::notes(&preview.notes))}
            </div>
        </div>
    }
    .into_any()
}

/// The mode changes the plan, so choosing one asks for the page anew.
fn modes(preview: &RunPreview) -> AnyView {
    let request = &preview.request;
    let choice = |mode: Mode, words: &'static str, means: &'static str| {
        let href = other(preview, mode, None);
        let current = (request.mode == mode).then_some("true");
        view! { <a href=href aria-current=current><b>{words}</b><span>{means}</span></a> }
    };
    view! {
        <nav class="segments" aria-label="Mode">
            {choice(Mode::Planned, "Planned", "Graceful: nothing is lost. Both Regions must answer.")}
            {choice(Mode::Emergency, "Emergency", "The Region being left may be gone. What was not copied may be lost.")}
        </nav>
    }
    .into_any()
}

/// What is rehearsed changes the plan as the mode does.
fn kinds(preview: &RunPreview) -> AnyView {
    let request = &preview.request;
    let path = format!("{}/runs/new", applications::href(&request.application));
    let choice = |kind: DrillKind, words: &'static str, means: &'static str| {
        let href = format::query(
            &path,
            &[
                ("intent", Some("drill")),
                ("drill", Some(kind.as_str())),
                ("to", Some(&preview.to_region)),
                ("from", Some(&preview.from_region)),
                ("mode", Some("planned")),
            ],
        );
        let current = (kind_of(preview) == kind).then_some("true");
        view! { <a href=href aria-current=current><b>{words}</b><span>{means}</span></a> }
    };
    view! {
        <nav class="segments" aria-label="Drill">
            {choice(DrillKind::Isolated, "Isolated", "Beside production: capacity raised, backups restored, probed, cleaned up. Nothing is promoted, no traffic moves.")}
            {choice(DrillKind::Live, "Live", "A planned failover and, after a time, the failback. Only this proves traffic and promotion.")}
        </nav>
    }
    .into_any()
}

/// Whoever holds break-glass open chooses whether this waits for others. What stands against it is another thing then.
fn glass(preview: &RunPreview) -> AnyView {
    let request = &preview.request;
    if request.intent == Intent::Drill || !(preview.holds_break_glass || request.break_glass) {
        return parts::nothing();
    }
    let choice = |under: bool, words: &'static str, means: &'static str| {
        let href = under_or_not(preview, request.mode, request.commit_within_seconds, under);
        let current = (request.break_glass == under).then_some("true");
        view! { <a href=href aria-current=current><b>{words}</b><span>{means}</span></a> }
    };
    view! {
        <nav class="segments" aria-label="Approvals">
            {choice(false, "With approvals", "It waits for those whom its policy names.")}
            {choice(true, "Under break-glass", "It starts at once, on your word alone, and is marked for ever.")}
        </nav>
    }
    .into_any()
}

/// The page of the same move in this mode, with this commit window.
fn other(preview: &RunPreview, mode: Mode, window: Option<u32>) -> String {
    under_or_not(preview, mode, window, preview.request.break_glass)
}

fn under_or_not(preview: &RunPreview, mode: Mode, window: Option<u32>, under: bool) -> String {
    let request = &preview.request;
    let window = window.map(|seconds| seconds.to_string());
    format::query(
        &format!("{}/runs/new", applications::href(&request.application)),
        &[
            ("intent", Some(request.intent.as_str())),
            ("to", Some(&preview.to_region)),
            ("from", Some(&preview.from_region)),
            ("mode", Some(mode.as_str())),
            ("commit", window.as_deref()),
            ("break_glass", under.then_some("yes")),
            ("split", shares::sent(preview).as_deref()),
        ],
    )
}

/// Whether it is taken back by itself unless somebody commits it: part of what is approved, so that choosing asks for the
/// page anew. An emergency has done by then what nothing takes back, and a drill has its own way back.
fn windows(preview: &RunPreview) -> AnyView {
    let request = &preview.request;
    if request.mode == Mode::Emergency || request.intent == Intent::Drill {
        return parts::nothing();
    }
    let choice = |window: Option<u32>, words: &'static str| {
        let current = (request.commit_within_seconds == window).then_some("true");
        view! { <a href=other(preview, request.mode, window) aria-current=current><b>{words}</b></a> }
    };
    view! {
        <nav class="segments" aria-label="Commit window">
            {choice(None, "It stays as it is moved")}
            {choice(Some(600), "Taken back unless committed in 10 min")}
            {choice(Some(3_600), "Taken back unless committed in 1 h")}
        </nav>
    }
    .into_any()
}

/// How long a live drill stays there.
fn minutes(preview: &RunPreview) -> AnyView {
    if kind_of(preview) != DrillKind::Live {
        return parts::nothing();
    }
    let value = preview.request.drill_minutes.unwrap_or(30).to_string();
    view! {
        <div class="field">
            <label for="drill_minutes">"Minutes there"</label>
            <input id="drill_minutes" name="drill_minutes" type="number" min="1" max="1440" value=value required />
            <span class="hint">"Then the way back begins by itself. Another number is another plan: it is shown again before it is asked for."</span>
        </div>
    }
    .into_any()
}

fn kind_of(preview: &RunPreview) -> DrillKind {
    preview.request.drill.unwrap_or(DrillKind::Isolated)
}

fn form(preview: &RunPreview, key: &str, words: &str) -> AnyView {
    let request = &preview.request;
    let hidden = |name: &'static str, value: String| view! { <input type="hidden" name=name value=value /> };
    let reason = typed(FORM, "reason").unwrap_or_else(|| request.reason.clone());
    let refused = preview.refused.as_ref();
    let may_be_dry = refused.is_none_or(|why| NOT_OF_DRY_RUNS.contains(&why.code.as_str()));
    if !may_be_dry {
        return view! { <p class="muted">"Neither it nor a dry run of it can be asked for while the refusal above stands."</p> }.into_any();
    }
    let overriding = (!preview.overrides_needed.is_empty()).then(|| overriding(&preview.overrides_needed));
    let losing = request.mode == Mode::Emergency && preview.steps.iter().any(|s| s.irreversible);
    let warning = losing.then(|| {
        parts::callout(Tone::Bad, "Data may be lost", view! { <p>"What had not been copied at the cut is given up. The measurements say how much that is now."</p> }.into_any())
    });
    let ask = if refused.is_some() {
        view! { <p class="muted">"It cannot be asked for while the refusal above stands. A dry run may still show what it would do."</p> }.into_any()
    } else {
        let (verb, hint) = if request.break_glass {
            (
                "Start now, without approvals:",
                "The run begins at once. Somebody else has to close the review of your break-glass.",
            )
        } else {
            ("Ask to", "Nothing is changed before the last approval. Then the run begins at once.")
        };
        view! {
            <div class="apart">
                <button class="btn danger" type="submit" name="dry_run" value="false">{format!("{verb} {}", lower(words))}</button>
                <p class="hint">{hint}</p>
            </div>
        }
        .into_any()
    };
    view! {
        <form method="post" action=format!("{}/runs", applications::href(&request.application)) class="stack">
            {hidden("intent", request.intent.as_str().to_owned())}
            {hidden("mode", request.mode.as_str().to_owned())}
            {(request.intent == Intent::Drill).then(|| hidden("drill", kind_of(preview).as_str().to_owned()))}
            {hidden("from_region", preview.from_region.clone())}
            {hidden("to_region", preview.to_region.clone())}
            {shares::sent(preview).map(|split| hidden("split", split))}
            {request.commit_within_seconds.map(|seconds| hidden("commit", seconds.to_string()))}
            {request.break_glass.then(|| hidden("break_glass", "yes".to_owned()))}
            {hidden("plan_digest", preview.plan_digest.clone())}
            {hidden("idempotency_key", key.to_owned())}
            <div class="field">
                <label for="reason">"Why"</label>
                <textarea id="reason" name="reason" rows="3" required maxlength="1000" inner_html=format::escaped(&reason)></textarea>
                <span class="hint">"Approvers read this first."</span>
            </div>
            {parts::text_field(FORM, "incident", "Incident", "Its number or link, if there is one.", false)}
            {parts::text_field(FORM, "impact_began_at", "Impact began at", "Such as 2026-11-21T14:02:00Z. The recovery time counts from here; without it, from the request.", false)}
            {parts::text_field(FORM, "detected_at", "Detected at", "When somebody or something noticed. It tells detecting from deciding in what is measured.", false)}
            {minutes(preview)}
            {overriding}
            {warning}
            <div class="verbs-down">
                <button class="btn" type="submit" name="dry_run" value="true">{format!("Dry run: show how it would {}", lower(words))}</button>
                {ask}
            </div>
        </form>
    }
    .into_any()
}

/// One box for each guard that stands in the way: nobody overrides what they were not shown.
pub(super) fn overriding(needed: &[OverrideNeeded]) -> AnyView {
    let boxes = needed
        .iter()
        .map(|one| {
            let id = format!("override_{}", one.guard);
            let for_id = id.clone();
            // It holds no emergency up: it is said, and named unless somebody takes it out.
            let ticked = one.guard == Guard::PlaneLint.as_str()
                || [FORM, super::escalate::FORM].iter().any(|form| typed(form, &id).is_some());
            view! {
                <div class="field">
                    <label class="check" for=for_id>
                        <input type="checkbox" id=id.clone() name=id value="yes" required checked=ticked />
                        <span>"Override "<code>{one.guard.clone()}</code></span>
                    </label>
                    <span class="hint">{one.sentence.clone()}</span>
                    <span class="hint">{format!("Instead: {}", one.way_out)}</span>
                </div>
            }
        })
        .collect_view();
    let body = view! {
        <p>"What stands against it may be overridden by name. Approvers see each override, and it stays in the audit log."</p>
        {boxes}
    };
    parts::callout(Tone::Watch, "Guards stand in the way", body.into_any())
}

fn lower(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
