//! A planned run on its way to an emergency: what will be done in the place of what is left, what is given up, and what
//! stands against it. A page of its own, since that of a run under way is drawn anew all the time.

use crate::components::tone::Tone;
use crate::components::{parts, plan, runs};
use crate::format;
use crate::pages::review::overriding;
use crate::screen::{Screen, Signed, typed};
use holdfast_api::runs::{EscalatableStep, EscalationReview, StepView};
use leptos::prelude::*;

pub const FORM: &str = "escalate";

#[must_use]
pub fn page(review: EscalationReview, signed: Signed) -> Screen {
    let (name, path) = (review.run.summary.application.clone(), runs::href(&review.run.summary.id));
    Screen::new(format!("Escalate: {name}"), "/runs", move || body(&review, &signed))
        .mark(Tone::Bad)
        .crumb("Runs", "/runs")
        .crumb(format!("The run of {name}"), path)
}

fn body(review: &EscalationReview, signed: &Signed) -> AnyView {
    let run = &review.run;
    let s = &run.summary;
    let steps = run.if_escalated.as_ref().map(|e| e.steps.as_slice()).unwrap_or_default();
    let notes = run.if_escalated.as_ref().map(|e| e.notes.as_slice()).unwrap_or_default();
    let left: Vec<&StepView> = run.steps.iter().filter(|step| !step.state.is_done()).collect();
    let under = view! { {runs::what(s)}" · "{s.now.clone()} };
    let left_out = left.iter().map(|step| view! { <li>{step.title.clone()}</li> }).collect_view();
    view! {
        {parts::head(format!("Escalate the run of {} to an emergency?", s.application), under.into_any(), parts::nothing())}
        <div class="grid wide-left">
            <div class="stack-cards">
                {parts::card("plan", "What will be done instead", view! { "each step looks first, and what is reached already is not done again" }.into_any(), plan::steps(steps))}
                {parts::card("left-out", "What is left of the plan, and replaced", parts::nothing(), view! { <ul>{left_out}</ul> }.into_any())}
            </div>
            <div class="stack-cards">
                {parts::card("escalate", "Escalate it", parts::nothing(), decide(review, signed))}
                {parts::card("notes", "Cautions", parts::nothing(), plan::notes(notes))}
            </div>
        </div>
    }
    .into_any()
}

fn decide(review: &EscalationReview, signed: &Signed) -> AnyView {
    let run = &review.run;
    let (name, from, to) = (&run.summary.application, &run.summary.from_region, &run.summary.to_region);
    let path = runs::href(&run.summary.id);
    let verb = run.verbs.iter().find(|verb| verb.verb == "escalate").and_then(|verb| verb.refused.clone());
    if let Some(refusal) = verb.or_else(|| review.refused.clone()) {
        return parts::refused_verb("Escalate to an emergency", refusal);
    }
    let prove = (!signed.is_fresh(crate::screen::now())).then(|| {
        let href = format::query(crate::pages::prove::PATH, &[("next", Some(&format!("{path}/escalate")))]);
        let body = view! { <p>"Escalating needs a proof of who you are, of the last five minutes."</p><a class="btn" href=href>"Prove who you are"</a> };
        parts::callout(Tone::Watch, "Prove who you are first", body.into_any())
    });
    let overrides = (!review.overrides_needed.is_empty()).then(|| overriding(&review.overrides_needed));
    view! {
        {parts::callout(Tone::Bad, "Data may be lost", view! { <p>{format!("{to} takes over without waiting for {from}. What had not been copied at the cut is given up.")}</p> }.into_any())}
        {prove}
        <form method="post" action=format!("{path}/escalate") class="stack">
            <p>"Approved with the plan: nobody need approve it again. A call whose answer is still out is waited for, so that nothing is done twice. A paused run goes on."</p>
            {which(&review.steps)}
            {parts::text_field(FORM, "reason", "Why", "Kept in the journal and the audit log.", true)}
            {parts::text_field(FORM, "confirm", "The application's name, to accept the loss", "Typed as it stands in the title above.", true)}
            {overrides}
            <button class="btn danger" type="submit">{format!("Escalate: move {name} to {to} as an emergency")}</button>
        </form>
    }
    .into_any()
}

/// The whole run, or one step of it alone.
fn which(steps: &[EscalatableStep]) -> AnyView {
    if steps.is_empty() {
        return parts::nothing();
    }
    let chosen = typed(FORM, "step");
    let options = steps
        .iter()
        .map(|alone| {
            let selected = chosen.as_deref() == Some(alone.step.as_str());
            view! { <option value=alone.step.clone() selected=selected>{format!("Only {}: {}", alone.step, alone.becomes)}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for="escalate-step">"What goes on as an emergency"</label>
            <select id="escalate-step" name="step">
                <option value="" selected=chosen.is_none()>"All that is left of the run"</option>
                {options}
            </select>
            <span class="hint">"One step alone stays in its place, and the others go on as planned."</span>
        </div>
    }
    .into_any()
}
