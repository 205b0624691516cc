//! The forms that edit a plan. Each is one edit; a browser without scripts fills them in like any other.

use crate::components::parts;
use crate::pages::plans::version_href;
use crate::screen;
use holdfast_api::plans::PlanVersionView;
use holdfast_domain::own_step::Phase;
use leptos::prelude::*;
use std::collections::BTreeSet;

pub const ORDER: &str = "plan-order";
pub const TIME: &str = "plan-time";
pub const WHEN: &str = "plan-when";
pub const INSERT: &str = "plan-insert";

type Options = Vec<(String, String)>;

pub(super) fn forms(view: &PlanVersionView) -> AnyView {
    let steps = steps(view);
    let either = || {
        options(&[
            ("", "In both forms"),
            ("planned", "Only when planned"),
            ("emergency", "Only in an emergency"),
        ])
    };
    let order = view! {
        {select(ORDER, "step", "Step", steps.clone())}
        {select(ORDER, "kind", "Order", options(&[("wait_for", "waits for, too"), ("do_not_wait_for", "no longer waits for")]))}
        {select(ORDER, "other", "The other step", steps.clone())}
        {select(ORDER, "mode", "Where", either())}
    };
    let time = view! {
        {select(TIME, "step", "Step", steps.clone())}
        {select(TIME, "kind", "What", options(&[("timeout", "seconds until a person is asked"), ("tries", "times it is tried where AWS refuses it")]))}
        {parts::text_field(TIME, "number", "Number", "", true)}
        {select(TIME, "mode", "Where", either())}
    };
    let when = view! {
        {select(WHEN, "step", "Step", steps)}
        {select(WHEN, "kind", "What", options(&[
            ("leave_out", "is left out"),
            ("go_on", "may fail: the run goes on without it"),
            ("only_if_well", "only where this signal is well"),
            ("only_if_not_well", "only where this signal is not well"),
        ]))}
        {parts::text_field(WHEN, "signal", "Signal", "For a condition: resource@region, such as shop-healthy@eu-central-1.", false)}
        {select(WHEN, "mode", "Where", either())}
    };
    let insert = view! {
        {parts::text_field(INSERT, "name", "Name", "Lower case letters, digits and hyphens.", true)}
        {select(INSERT, "place", "Place", places(view))}
        {select(INSERT, "kind", "What", options(&[("person", "wait until a person says"), ("time", "wait for a length of time")]))}
        {parts::text_field(INSERT, "says", "What the person says, or how long", "Such as: the bank knows. Or: 15m.", true)}
        {select(INSERT, "mode", "Where", either())}
    };
    view! {
        {one(view, ORDER, "Change the order", "Change the order", order.into_any())}
        {one(view, TIME, "Change its time or tries", "Change it", time.into_any())}
        {one(view, WHEN, "Say when it is carried out", "Say so", when.into_any())}
        {one(view, INSERT, "Put a wait in", "Put it in", insert.into_any())}
    }
    .into_any()
}

/// Open where it was refused, so that what had been typed is seen.
fn one(
    view: &PlanVersionView,
    name: &'static str,
    summary: &'static str,
    button: &'static str,
    fields: AnyView,
) -> AnyView {
    let action = format!("{}/edit", version_href(&view.application, view.head.version));
    let open = screen::typed(name, "kind").is_some();
    let form = view! {
        <form method="post" action=action class="stack">
            <input type="hidden" name="form" value=name />
            {fields}
            {parts::text_field(name, "reason", "Why", "Kept with the version.", false)}
            <button class="btn" type="submit">{button}</button>
        </form>
    };
    parts::fold(format!("f-{name}"), open, "plain-fold", view! { {summary} }.into_any(), form.into_any())
}

fn options(of: &[(&str, &str)]) -> Options {
    of.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect()
}

/// Of both forms, each once.
fn steps(view: &PlanVersionView) -> Options {
    let mut seen = BTreeSet::new();
    let all = view.planned.steps.iter().chain(&view.emergency.steps);
    all.filter(|step| seen.insert(step.id.clone()))
        .map(|step| (step.id.clone(), format!("{} ({})", step.title, step.id)))
        .collect()
}

fn places(view: &PlanVersionView) -> Options {
    let mut places = Vec::new();
    for phase in Phase::ALL {
        let words = phase.as_str().replace('_', " ");
        if *phase != Phase::Observe {
            places.push((format!("before:{}", phase.as_str()), format!("Before: {words}")));
        }
        places.push((format!("after:{}", phase.as_str()), format!("After: {words}")));
    }
    for (id, _) in steps(view) {
        places.push((format!("before_step:{id}"), format!("Before the step {id}")));
        places.push((format!("after_step:{id}"), format!("After the step {id}")));
    }
    places
}

fn select(form: &str, name: &'static str, label: &'static str, options: Options) -> AnyView {
    let id = format!("{form}-{name}");
    let chosen = screen::typed(form, name).unwrap_or_default();
    let options = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    view! {
        <div class="field"><label for=id.clone()>{label}</label><select id=id name=name>{options}</select></div>
    }
    .into_any()
}
