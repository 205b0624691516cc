//! The bundle for where no server is, as a card of the page Break-glass: is there one, how old, where, and who can open it.
//! What is stale says so.

use crate::components::tone::{Tone, badge};
use crate::components::{parts, time};
use crate::pages::break_glass::{MAKE_OFFLINE_CODE, PATH};
use crate::screen::Signed;
use holdfast_api::bundles::{BundlePlaceView, BundleView};
use leptos::prelude::*;

#[must_use]
pub fn card(view: &BundleView, signed: &Signed) -> AnyView {
    let may = signed.roles.iter().any(|role| role == "operator" || role == "admin");
    let problems = (!view.problems.is_empty()).then(|| {
        let items =
            view.problems.iter().map(|problem| view! { <li>{parts::prose(problem)}</li> }).collect_view();
        let title = if view.stale {
            "Nothing fresh could be carried out without a server"
        } else {
            "Something is wrong"
        };
        let tone = if view.stale { Tone::Bad } else { Tone::Watch };
        parts::callout(tone, title, view! { <ul>{items}</ul> }.into_any())
    });
    let state = match (view.made_at, view.stale) {
        (None, _) => badge(Tone::Bad, "none"),
        (Some(_), true) if view.places.iter().all(|place| place.made_at.is_none()) => {
            badge(Tone::Bad, "in no place")
        }
        (Some(_), true) => badge(Tone::Bad, "stale"),
        (Some(_), false) => badge(Tone::Good, "fresh"),
    };
    let newest = view.made_at.map(|at| {
        view! { ", made "{time::ago(at)}{format!(", with {} plans of {} applications", view.plans, view.applications)} }
    });
    let copy = (may && view.made_at.is_some()).then(|| {
        view! { <p><a class="target" href=format!("{PATH}/bundle") download="holdfast.bundle">"Take a copy"</a></p> }
    });
    let body = view! {
        <div class="stack">
            <p>"If this server and its database are lost, the program, this file and your offline code are enough to carry an emergency out."</p>
            <p>"The newest bundle is "{state}{newest}</p>
            {problems}
            {copy}
            {places(&view.places)}
            {holders(view, signed)}
            {may.then(|| make_form(view, signed))}
        </div>
    };
    parts::card("offline-bundle", "Without a server", view! { "the bundle" }.into_any(), body.into_any())
}

fn places(all: &[BundlePlaceView]) -> AnyView {
    if all.is_empty() {
        return parts::nothing();
    }
    let head = view! { <th scope="col">"Place"</th><th scope="col">"State"</th><th scope="col">"Holds one from"</th> };
    let rows = all
        .iter()
        .map(|place| {
            let state = match (&place.error, place.made_at, place.stale) {
                (_, None, _) => badge(Tone::Bad, "nothing"),
                (_, Some(_), true) => badge(Tone::Bad, "stale"),
                (Some(_), Some(_), false) => badge(Tone::Watch, "last copy failed"),
                (None, Some(_), false) => badge(Tone::Good, "fresh"),
            };
            view! {
                <tr>
                    <td><b>{parts::prose(&place.name)}</b></td>
                    {parts::labelled("State", state)}
                    {parts::labelled("Holds one from", time::ago_or(place.made_at, "never"))}
                </tr>
            }
        })
        .collect_view();
    parts::paired_table("Where copies of the bundle are", head.into_any(), rows.into_any())
}

fn holders(view: &BundleView, signed: &Signed) -> AnyView {
    if view.opened_by.is_empty() {
        return parts::nothing();
    }
    let admin = signed.roles.iter().any(|role| role == "admin");
    let items = view
        .opened_by
        .iter()
        .map(|code| {
            let end = (admin || code.person == signed.email).then(|| {
                view! {
                    <form method="post" action=format!("{PATH}/offline-codes/{}/end", code.id)>
                        <button class="btn small danger" type="submit">{format!("End the code of {}", code.person)}</button>
                    </form>
                }
            });
            view! { <li>{code.person.clone()}", made "{time::ago(code.made_at)}{end}</li> }
        })
        .collect_view();
    view! { <h3>"Who can open it"</h3><ul>{items}</ul> }.into_any()
}

fn make_form(view: &BundleView, signed: &Signed) -> AnyView {
    let mine = view.opened_by.iter().any(|code| code.person == signed.email);
    let (button, hint) = if mine {
        ("Make another offline code", "The one that you have opens no bundle that is made from then on.")
    } else {
        ("Make my offline code", "Needs the code of an authenticator app that was set up at least a day ago.")
    };
    view! {
        <form method="post" action=format!("{PATH}/offline-code") class="stack" id=MAKE_OFFLINE_CODE>
            <button class="btn" type="submit">{button}</button>
            <p class="hint">{hint}</p>
        </form>
    }
    .into_any()
}
