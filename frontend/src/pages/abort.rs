//! A run on its way back: what will be undone and in which order, what stays as the run has made it, and what stands
//! against it. A page of its own, since that of a run under way is drawn anew all the time.

use crate::components::tone::Tone;
use crate::components::{parts, plan, runs};
use crate::format;
use crate::screen::{Screen, Signed};
use holdfast_api::runs::{AbortReview, StaysView};
use leptos::prelude::*;

pub const FORM: &str = "abort";

#[must_use]
pub fn page(review: AbortReview, signed: Signed) -> Screen {
    let (name, path) = (review.run.summary.application.clone(), runs::href(&review.run.summary.id));
    Screen::new(format!("Abort: {name}"), "/runs", move || body(&review, &signed))
        .mark(Tone::Bad)
        .crumb("Runs", "/runs")
        .crumb(format!("The run of {name}"), path)
}

fn body(review: &AbortReview, signed: &Signed) -> AnyView {
    let s = &review.run.summary;
    let under = view! { {runs::what(s)}" · "{s.now.clone()} };
    let undone = if review.undone.is_empty() {
        parts::empty(
            "Nothing to take back",
            view! { "The run has changed nothing that could be." }.into_any(),
        )
    } else {
        plan::steps(&review.undone)
    };
    let what = (review.refused.is_none()).then(|| {
        view! {
            {parts::card("plan", "What will be taken back, in this order", view! { "each looks first, and sets what stood when its step was about to act" }.into_any(), undone)}
            {stays(&review.stays)}
        }
    });
    view! {
        {parts::head(format!("Abort the run of {}, and take back what it did?", s.application), under.into_any(), parts::nothing())}
        <div class="grid wide-left">
            <div class="stack-cards">{what}</div>
            <div class="stack-cards">
                {parts::card("abort", "Abort it", parts::nothing(), decide(review, signed))}
            </div>
        </div>
    }
    .into_any()
}

/// What nothing takes back, step by step.
#[must_use]
pub fn stays(stays: &[StaysView]) -> AnyView {
    if stays.is_empty() {
        return parts::nothing();
    }
    let items = stays
        .iter()
        .map(|one| view! { <li><b>{one.title.clone()}</b>": "{parts::prose(&one.reason)}</li> })
        .collect_view();
    parts::card("stays", "What stays as it is", parts::nothing(), view! { <ul>{items}</ul> }.into_any())
}

fn decide(review: &AbortReview, signed: &Signed) -> AnyView {
    let run = &review.run;
    let name = &run.summary.application;
    let path = runs::href(&run.summary.id);
    let verb = run.verbs.iter().find(|verb| verb.verb == "abort").and_then(|verb| verb.refused.clone());
    if let Some(refusal) = verb.or_else(|| review.refused.clone()) {
        return parts::refused_verb("Abort the run", refusal);
    }
    let prove = (!signed.is_fresh(crate::screen::now())).then(|| {
        let href = format::query(crate::pages::prove::PATH, &[("next", Some(&format!("{path}/abort")))]);
        let body = view! { <p>"Aborting needs a proof of who you are, of the last five minutes."</p><a class="btn" href=href>"Prove who you are"</a> };
        parts::callout(Tone::Watch, "Prove who you are first", body.into_any())
    });
    let left = (!review.stays.is_empty()).then(|| {
        let what = format::count(review.stays.len(), "step", "steps");
        let body = view! { <p>{format!("What {what} did stays: the application may be left between two Regions. Read what it is, on the left.")}</p> };
        parts::callout(Tone::Bad, "Not everything can be taken back", body.into_any())
    });
    let confirm = (!review.stays.is_empty()).then(|| {
        parts::text_field(
            FORM,
            "confirm",
            "The application's name, to leave that as it is",
            "Typed as it stands in the title above.",
            true,
        )
    });
    view! {
        {left}
        {prove}
        <form method="post" action=format!("{path}/abort") class="stack">
            <p>"Nothing further of the plan begins. A call whose answer is still out is waited for first. No capacity is taken away before traffic is seen where it came from."</p>
            {parts::text_field(FORM, "reason", "Why", "Kept in the journal and the audit log.", true)}
            {confirm}
            <button class="btn danger" type="submit">{format!("Abort: take back what was done to {name}")}</button>
        </form>
    }
    .into_any()
}
