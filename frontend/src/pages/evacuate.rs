//! Before an evacuation is asked for: can we leave this Region? Who moves, in which order, who is left out and why, who
//! must approve.

use crate::components::tone::{Tone, badge};
use crate::components::{applications, lots, parts, runs};
use crate::format;
use crate::screen::{Screen, typed};
use holdfast_api::evacuations::{EvacuationPreview, PlannedPart};
use holdfast_failover::Mode;
use leptos::prelude::*;

pub const FORM: &str = "evacuate";

/// What holds back an evacuation and not a dry run of it.
const NOT_OF_DRY_RUNS: &str = "audit_not_kept";

/// `idempotency_key` is fresh for every rendering: sending the form twice asks once.
#[must_use]
pub fn page(preview: EvacuationPreview, idempotency_key: String) -> Screen {
    let title = upper(&lots::verb(preview.request.direction, &preview.request.region));
    let region = format!("/regions#{}", format::encode(&preview.request.region));
    let code = preview.request.region.clone();
    Screen::new(title, "/regions", move || body(&preview, &idempotency_key))
        .mark(Tone::Watch)
        .crumb("Regions", "/regions")
        .crumb(code, region)
}

fn body(preview: &EvacuationPreview, key: &str) -> AnyView {
    let request = &preview.request;
    let count: usize = preview.waves.iter().map(Vec::len).sum();
    let title = format!(
        "{} in {}",
        format::count(count, "application", "applications"),
        format::count(preview.waves.len(), "wave", "waves")
    );
    let once = format!("at most {} at once", preview.concurrency);
    let waves = if count == 0 {
        parts::empty("Nobody would be moved", view! { "What is left out below says why." }.into_any())
    } else {
        (1..)
            .zip(&preview.waves)
            .map(|(number, wave)| planned_wave(request.commit_within_seconds, number, wave))
            .collect_view()
            .into_any()
    };
    let left_tone = if preview.left_out.is_empty() {
        parts::nothing()
    } else {
        let stay = if request.direction.is_out() { "stay" } else { "not come home" };
        badge(Tone::Bad, format!("{} would {stay}", preview.left_out.len()))
    };
    let stays = format::count(preview.stays.len(), "application", "applications");
    let which = if request.direction.is_out() { "without a foot here" } else { "that need not come home" };
    let staying = preview
        .stays
        .iter()
        .map(|one| {
            view! { <li><a href=applications::href(&one.application)>{one.application.clone()}</a>" "{one.because.clone()}</li> }
        })
        .collect_view();
    view! {
        {parts::head(format!("{}?", upper(&lots::verb(request.direction, &request.region))), view! { "Nothing has been asked for yet." }.into_any(), parts::nothing())}
        {modes(preview)}
        {windows(preview)}
        {preview.refused.clone().map(|refusal| {
            view! { <div role="status">{parts::callout(Tone::Bad, "This request would be refused now", parts::refusal(refusal))}</div> }
        })}
        <div class="grid wide-left">
            <div class="stack-cards">
                {parts::card("waves", title, view! { {once} }.into_any(), view! { {lots::circles(&preview.circles)}{waves} }.into_any())}
                {parts::card("left-out", "Left out, and why", left_tone, view! { {overridable(preview)}{lots::left_out(&preview.left_out, request.direction, &request.region)} }.into_any())}
                {parts::card("stays", "Nothing to move", view! { {stays.clone()} }.into_any(), parts::fold("stays".into(), false, "plain-fold", view! { {stays}" "{which} }.into_any(), view! { <ul class="bare">{staying}</ul> }.into_any()))}
            </div>
            <div class="stack-cards">
                {parts::card("ask", "Ask for it", parts::nothing(), form(preview, key))}
                {parts::card("approvers", "Who must approve", parts::nothing(), lots::policies(&preview.policies, &[], &preview.plan_digest))}
            </div>
        </div>
    }
    .into_any()
}

/// The same page for another mode, with the rules as they were chosen.
fn again(preview: &EvacuationPreview, mode: Mode, overrides: &str) -> String {
    within(preview, mode, overrides, preview.request.commit_within_seconds)
}

fn within(preview: &EvacuationPreview, mode: Mode, overrides: &str, window: Option<u32>) -> String {
    let window = window.map(|seconds| seconds.to_string());
    let home = (!preview.request.direction.is_out()).then_some("home");
    let concurrency = preview.concurrency.to_string();
    format::query(
        &lots::ask_href(&preview.request.region),
        &[
            ("direction", home),
            ("mode", Some(mode.as_str())),
            ("commit", window.as_deref()),
            ("concurrency", Some(&concurrency)),
            ("stop_on_failure", Some(if preview.stop_on_failure { "true" } else { "false" })),
            ("overrides", Some(overrides).filter(|codes| !codes.is_empty())),
        ],
    )
}

fn modes(preview: &EvacuationPreview) -> AnyView {
    let choice = |mode: Mode, words: &'static str, means: &'static str| {
        let current = (preview.request.mode == mode).then_some("true");
        view! { <a href=again(preview, mode, "") aria-current=current><b>{words}</b><span>{means}</span></a> }
    };
    view! {
        <nav class="segments" aria-label="Mode">
            {choice(Mode::Planned, "Planned", "Graceful: nothing is lost. The Region must still answer.")}
            {choice(Mode::Emergency, "Emergency", "The Region may be gone. What was not copied may be lost.")}
        </nav>
    }
    .into_any()
}

/// Whether each part is taken back by itself unless somebody commits it: it is part of what is approved.
fn windows(preview: &EvacuationPreview) -> AnyView {
    let request = &preview.request;
    let choice = |window: Option<u32>, words: &'static str| {
        let current = (request.commit_within_seconds == window).then_some("true");
        let href = within(preview, request.mode, &request.overrides.join(","), window);
        view! { <a href=href aria-current=current><b>{words}</b></a> }
    };
    view! {
        <nav class="segments" aria-label="Commit window">
            {choice(None, "Parts stay as they are moved")}
            {choice(Some(600), "Each taken back unless committed in 10 min")}
            {choice(Some(3_600), "Each taken back unless committed in 1 h")}
        </nav>
    }
    .into_any()
}

fn upper(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn planned_wave(window: Option<u32>, number: usize, wave: &[PlannedPart]) -> AnyView {
    let rows = wave
        .iter()
        .map(|part| {
            let once = (part.irreversible > 0)
                .then(|| badge(Tone::Bad, format!("{} cannot be undone", part.irreversible)));
            let overrides = (!part.overrides.is_empty())
                .then(|| badge(Tone::Watch, format!("overrides {}", part.overrides.join(", "))));
            let unheld = (window.is_some() && part.commit_within_seconds.is_none())
                .then(|| badge(Tone::Watch, "no commit window: not all of it can be taken back"));
            let instead = part
                .takes_the_place_of
                .iter()
                .map(|run| view! { <div>"Takes the place of "<a href=runs::href(run)>"a run that waits for approval"</a></div> })
                .collect_view();
            view! {
                <tr>
                    <td><a href=applications::href(&part.application)><b>{part.application.clone()}</b></a><div class="muted">{format!("tier {}, {}", part.tier, format::strategy(&part.strategy))}</div></td>
                    <td>{format!("{} to {}", part.intent.as_str(), part.to_region)}<div>{overrides}</div><div>{unheld}</div>{instead}</td>
                    <td class="n">{format!("{}, {}", format::count(part.steps, "step", "steps"), format::count(part.changes, "call", "calls"))}<div>{once}</div></td>
                </tr>
            }
        })
        .collect_view();
    let head = view! { <th scope="col">"Application"</th><th scope="col">"Move"</th><th scope="col" class="n">"Steps"</th> };
    view! {
        <section class="wave" aria-labelledby=format!("wave-{number}")>
            <h3 id=format!("wave-{number}")>{format!("Wave {number}")}</h3>
            {parts::folding_table(&format!("Applications of wave {number}"), head.into_any(), rows.into_any())}
        </section>
    }
    .into_any()
}

/// Each guard that holds applications out, with a link that shows the lot with it overridden by name.
fn overridable(preview: &EvacuationPreview) -> AnyView {
    if preview.overridable.is_empty() {
        return parts::nothing();
    }
    let items = preview
        .overridable
        .iter()
        .map(|one| {
            let mut codes = preview.request.overrides.clone();
            codes.push(one.guard.clone());
            let href = again(preview, preview.request.mode, &codes.join(","));
            view! {
                <div class="field">
                    <span>{one.sentence.clone()}</span>
                    <span class="hint">{format!("Instead: {}", one.way_out)}</span>
                    <a href=href>"Show the lot with "<code>{one.guard.clone()}</code>" overridden"</a>
                </div>
            }
        })
        .collect_view();
    let body = view! { <p>"What holds these out may be overridden by name. Approvers see each override, and it stays in the audit log."</p>{items} };
    parts::callout(Tone::Watch, "Guards hold applications out", body.into_any())
}

fn form(preview: &EvacuationPreview, key: &str) -> AnyView {
    let request = &preview.request;
    let hidden = |name: &'static str, value: String| view! { <input type="hidden" name=name value=value /> };
    let may_be_dry = preview.refused.as_ref().is_none_or(|why| why.code == NOT_OF_DRY_RUNS);
    if !may_be_dry {
        return view! { <p class="muted">"Neither it nor a dry run of it can be asked for while the refusal above stands."</p> }.into_any();
    }
    let reason = typed(FORM, "reason").unwrap_or_default();
    let stop = if preview.stop_on_failure {
        "A wave that does not go well holds the next ones until a person says go on."
    } else {
        "The next wave begins whatever became of the one before it."
    };
    let other_rule = EvacuationPreview { stop_on_failure: !preview.stop_on_failure, ..preview.clone() };
    let other_href = again(&other_rule, request.mode, &request.overrides.join(","));
    let other = if preview.stop_on_failure {
        "Do not stop at a wave that fails"
    } else {
        "Stop at a wave that fails"
    };
    let losing =
        request.mode == Mode::Emergency && preview.waves.iter().flatten().any(|part| part.irreversible > 0);
    let warning = losing.then(|| {
        parts::callout(
            Tone::Bad,
            "Data may be lost",
            view! { <p>"What had not been copied at each application's cut is given up."</p> }.into_any(),
        )
    });
    let staying = (!preview.left_out.is_empty()).then(|| {
        let words = format!(
            "{} would {} {}",
            format::count(preview.left_out.len(), "application", "applications"),
            if request.direction.is_out() { "stay in" } else { "not come home to" },
            request.region
        );
        parts::callout(
            Tone::Watch,
            words,
            view! { <p>"They are named below the waves, each with the way out."</p> }.into_any(),
        )
    });
    let ask = if preview.refused.is_some() {
        view! { <p class="muted">"It cannot be asked for while the refusal above stands. A dry run may still show what it would do."</p> }.into_any()
    } else {
        view! {
            <div class="apart">
                <button class="btn danger" type="submit" name="dry_run" value="false">{format!("Ask to {}", lots::verb(request.direction, &request.region))}</button>
                <p class="hint">"Nothing is changed before the last approval. Then the first wave begins at once."</p>
            </div>
        }
        .into_any()
    };
    view! {
        <form method="post" action=lots::ask_href(&request.region) class="stack">
            {(!request.direction.is_out()).then(|| hidden("direction", "home".to_owned()))}
            {request.commit_within_seconds.map(|seconds| hidden("commit", seconds.to_string()))}
            {hidden("mode", request.mode.as_str().to_owned())}
            {hidden("overrides", request.overrides.join(","))}
            {hidden("concurrency", preview.concurrency.to_string())}
            {hidden("stop_on_failure", preview.stop_on_failure.to_string())}
            {hidden("plan_digest", preview.plan_digest.clone())}
            {hidden("idempotency_key", key.to_owned())}
            <div class="field">
                <label for="reason">"Why"</label>
                <textarea id="reason" name="reason" rows="3" required maxlength="1000" inner_html=format::escaped(&reason)></textarea>
                <span class="hint">"Approvers read this first."</span>
            </div>
            {parts::text_field(FORM, "incident", "Incident", "Its number or link, if there is one.", false)}
            <p>{stop}" "<a href=other_href>{other}</a></p>
            {staying}
            {warning}
            <div class="verbs-down">
                <button class="btn" type="submit" name="dry_run" value="true">{format!("Dry run: show how it would {}", lots::verb(request.direction, &request.region))}</button>
                {ask}
            </div>
        </form>
    }
    .into_any()
}
