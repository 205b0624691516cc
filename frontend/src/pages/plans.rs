//! The kept plans of an application: would they work, are they what was rehearsed, and who answers for what they need?

use crate::components::tone::{Tone, badge};
use crate::components::{applications, parts, runs, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::{Screen, Signed};
use holdfast_api::plans::{EvaluationView, PlanHeadView, PlanLine, PlansView, VerificationView, WaiverView};
use holdfast_failover::evaluation::{Check, Outcome};
use leptos::prelude::*;

pub const WAIVE: &str = "waive";

/// The page, and who looks at it.
#[derive(Debug, Clone)]
pub struct Plans {
    pub view: PlansView,
    pub signed: Signed,
}

#[must_use]
pub fn href(application: &str) -> String {
    format!("{}/plans", applications::href(application))
}

#[must_use]
pub fn version_href(application: &str, version: i32) -> String {
    format!("{}/{version}", href(application))
}

#[must_use]
pub fn page(of: Plans) -> Screen {
    let mark = outcome(of.view.evaluation.outcome).0;
    let (title, application) = (format!("Plans of {}", of.view.application), of.view.application.clone());
    Screen::new(title, "/applications", move || body(&of))
        .mark(mark)
        .crumb("Applications", "/applications")
        .crumb(application.clone(), applications::href(&application))
        .live(LOOK_AGAIN)
}

fn body(of: &Plans) -> AnyView {
    let view = &of.view;
    let evaluate = view.plans.iter().find_map(|plan| plan.newest.as_ref()).map(|head| {
        let action = format!("{}/evaluate", version_href(&view.application, head.version));
        view! { <form method="post" action=action><button class="btn" type="submit">"Evaluate them now"</button></form> }
    });
    let under = view! { "Generated from strategy and inventory, with your edits over them; evaluated at least every half hour." };
    view! {
        {parts::head(format!("Plans of {}", view.application), under.into_any(), evaluate.into_any())}
        {parts::card("verified", "Verified", parts::nothing(), verification(&view.verification))}
        {parts::card("plans", "Plans", parts::nothing(), plans(view))}
        {parts::card("evaluation", "Evaluation", parts::nothing(), evaluation(&view.evaluation))}
        {parts::card("waivers", "Waivers", parts::nothing(), waivers(view, &of.signed))}
    }
    .into_any()
}

#[must_use]
pub fn outcome(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Good => (Tone::Good, "good"),
        Outcome::Failed => (Tone::Bad, "failed"),
        Outcome::Unknown => (Tone::Unknown, "unknown"),
    }
}

/// Verified, or needs a rehearsal and why.
#[must_use]
pub fn verification(of: &VerificationView) -> AnyView {
    let rehearsed = of.rehearsed_at.map(|at| {
        let run = of.rehearsed_by.clone().map(|id| view! { " by "<a href=runs::href(&id)>"this run"</a> });
        view! { <p class="muted">"Last rehearsed "{time::ago(at)}{run}"."</p> }
    });
    let state = verified(of);
    let reasons =
        of.reasons.iter().map(|reason| view! { <li>{parts::refusal(reason.clone())}</li> }).collect_view();
    view! { <p>{state}</p>{rehearsed}<ul class="plain-list">{reasons}</ul> }.into_any()
}

/// The word alone.
#[must_use]
pub fn verified(of: &VerificationView) -> AnyView {
    if of.is_verified() { badge(Tone::Good, "verified") } else { badge(Tone::Watch, "needs rehearsal") }
}

fn plans(view: &PlansView) -> AnyView {
    let head = view! {
        <th scope="col">"Plan"</th><th scope="col">"Version"</th><th scope="col">"Made"</th><th scope="col">"Edits"</th>
    };
    let rows = view.plans.iter().map(|plan| line(&view.application, plan)).collect_view();
    parts::folding_table("Plans", head.into_any(), rows.into_any())
}

fn line(application: &str, plan: &PlanLine) -> AnyView {
    let way = format!("{} to {}", plan.from_region, plan.to_region);
    let intent = format::sentence(plan.intent.as_str());
    let (name, version, made) = match &plan.newest {
        Some(newest) => {
            let href = version_href(application, newest.version);
            (
                view! { <a href=href><b>{intent}</b></a> }.into_any(),
                view! { {newest.version.to_string()} }.into_any(),
                made_words(newest),
            )
        }
        None => {
            let why = if plan.passable {
                "not yet: not everything that it rests on was seen"
            } else {
                "made once the application stands where it begins"
            };
            (
                view! { <b>{intent}</b> }.into_any(),
                badge(if plan.passable { Tone::Unknown } else { Tone::Quiet }, "none"),
                view! { <span class="muted">{why}</span> }.into_any(),
            )
        }
    };
    let misfits = (plan.misfits > 0).then(|| badge(Tone::Bad, format!("{} no longer apply", plan.misfits)));
    view! {
        <tr>
            <td>{name}<div class="muted">{way}</div></td>
            {parts::labelled("Version", version)}
            {parts::labelled("Made", made)}
            {parts::labelled("Edits", view! { {plan.edits.to_string()}" "{misfits} }.into_any())}
        </tr>
    }
    .into_any()
}

/// Who made a version, why and when.
#[must_use]
pub fn made_words(head: &PlanHeadView) -> AnyView {
    let why = match head.cause.as_str() {
        "first" => "the first",
        "inventory" => "the inventory was changed",
        "edited" => "edited",
        "seen" => "what was seen has changed",
        _ => "made",
    };
    let reason = head.reason.clone().map(|r| view! { <div class="muted">{parts::prose(&r)}</div> });
    view! { {format!("{why}, by {} ", head.made_by)}{time::ago(head.made_at)}{reason} }.into_any()
}

fn evaluation(of: &EvaluationView) -> AnyView {
    let (tone, word) = outcome(of.outcome);
    let at = match of.at {
        Some(at) => view! { "made "{time::ago(at)} }.into_any(),
        None => view! { "never made" }.into_any(),
    };
    let stale = of.stale.then(|| {
        view! { <p>"It is too old to be believed: what was found then is not known now."</p> }
    });
    let checks = of.found.iter().flat_map(|found| &found.checks).map(check).collect_view();
    let notes = of.found.as_ref().filter(|found| !found.notes.is_empty()).map(|found| {
        let items = found.notes.iter().map(|note| view! { <li>{parts::prose(note)}</li> }).collect_view();
        let summary = view! { {format::count(found.notes.len(), "note", "notes")} }.into_any();
        let body = view! { <ul class="plain-list">{items}</ul> }.into_any();
        parts::fold("evaluation-notes".into(), false, "plain-fold", summary, body)
    });
    view! {
        <p>{badge(tone, word)}" "<span class="muted">{at}</span></p>
        {stale}
        <ul class="plain-list">{checks}</ul>
        {notes}
    }
    .into_any()
}

fn check(check: &Check) -> AnyView {
    let (tone, word) = outcome(check.outcome);
    let plan = check.plan.as_ref().map(|key| {
        view! { <span class="muted">{format!("{} {} to {}", key.intent.as_str(), key.from, key.to)}</span>" " }
    });
    view! {
        <li>
            {badge(tone, format!("{}: {word}", check.topic.as_str()))}" "{plan}
            {parts::prose(&check.sentence)}" "<span class="way-out">{parts::prose(&check.way_out)}</span>
        </li>
    }
    .into_any()
}

fn waivers(view: &PlansView, signed: &Signed) -> AnyView {
    let may = signed.holds(&["operator", "admin"]);
    let list = if view.waivers.is_empty() {
        parts::empty(
            "Nothing is waived",
            view! { "Each plane that an emergency should not need counts." }.into_any(),
        )
    } else {
        view.waivers.iter().map(|waiver| one_waiver(&view.application, waiver, may)).collect_view().into_any()
    };
    let form = may.then(|| {
        view! {
            <form method="post" action=format!("{}/waivers", href(&view.application)) class="stack">
                {parts::text_field(WAIVE, "step", "Resource or step", "As the evaluation names it.", true)}
                {parts::text_field(WAIVE, "plane", "Plane", "Such as route53@us-east-1.", true)}
                {parts::text_field(WAIVE, "reason", "Why an emergency is no worse for it", "Auditors read it, with your name.", true)}
                {parts::text_field(WAIVE, "review_on", "Looked at again by", "Such as 2027-03-01; at most a year from now.", true)}
                <button class="btn" type="submit">"Waive it in my name"</button>
            </form>
        }
    });
    view! { <div class="stack">{list}{form}</div> }.into_any()
}

fn one_waiver(application: &str, waiver: &WaiverView, may: bool) -> AnyView {
    let (tone, word) = if waiver.expired {
        (Tone::Bad, "review overdue: counts as not waived")
    } else {
        (Tone::Watch, "waived")
    };
    let end = may.then(|| {
        view! {
            <form method="post" action=format!("{}/waivers/end", href(application))>
                <input type="hidden" name="step" value=waiver.step.clone() />
                <input type="hidden" name="plane" value=waiver.plane.clone() />
                <button class="btn small" type="submit">{format!("Take the waiver of {} back", waiver.step)}</button>
            </form>
        }
    });
    view! {
        <div class="waiver">
            <div><code>{waiver.step.clone()}</code>" needs "<code>{waiver.plane.clone()}</code>" "{badge(tone, word)}</div>
            <p>{parts::prose(&waiver.reason)}</p>
            <p class="muted">{format!("by {}, to be looked at again by {}", waiver.by, waiver.review_on)}</p>
            {end}
        </div>
    }
    .into_any()
}
