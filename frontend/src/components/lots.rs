//! Evacuations as lines of a list, and what their pages share: who is left out, and which policies decide.

use crate::components::tone::{self, Tone, badge};
use crate::components::{applications, approval, parts, time};
use crate::format;
use holdfast_api::evacuations::{EvacuationSummary, LeftOutView, PolicyTally};
use holdfast_failover::Review;
use holdfast_failover::evacuation::Direction;
use leptos::prelude::*;

#[must_use]
pub fn href(id: &str) -> String {
    format!("/evacuations/{}", format::encode(id))
}

/// Where one is thought of: its preview.
#[must_use]
pub fn ask_href(region: &str) -> String {
    format!("/regions/{}/evacuate", format::encode(region))
}

/// The lot by its name: `Evacuation of us-east-1`, `Return home to us-east-1`.
#[must_use]
pub fn called(direction: Direction, region: &str) -> String {
    match direction {
        Direction::Out => format!("Evacuation of {region}"),
        Direction::Home => format!("Return home to {region}"),
    }
}

/// What is asked for: `evacuate us-east-1`.
#[must_use]
pub fn verb(direction: Direction, region: &str) -> String {
    match direction {
        Direction::Out => format!("evacuate {region}"),
        Direction::Home => format!("bring applications home to {region}"),
    }
}

/// `planned evacuation`, `dry run of an emergency evacuation`.
#[must_use]
pub fn what(evacuation: &EvacuationSummary) -> String {
    let mode = evacuation.mode.as_str();
    let lot = if evacuation.direction.is_out() { "evacuation" } else { "return" };
    if evacuation.dry_run {
        format!("dry run of {} {mode} {lot}", if mode.starts_with('e') { "an" } else { "a" })
    } else {
        format!("{mode} {lot}")
    }
}

#[must_use]
pub fn table(evacuations: &[EvacuationSummary]) -> AnyView {
    let rows = evacuations
        .iter()
        .map(|one| {
            let (tone, word) = tone::evacuation_state(one.state);
            let moved = format!("{} of {} moved", one.moved, one.applications);
            let left = (one.left_out_total > 0).then(|| badge(Tone::Watch, format!("{} left out", one.left_out_total)));
            view! {
                <tr>
                    <td>
                        <a class="row-link" href=href(&one.id)><b>{one.region.clone()}</b></a>
                        <div class="muted">{what(one)}<span class="opt-inline">" · "{one.reason.clone()}</span></div>
                    </td>
                    <td>{badge(tone, word)}<div class="muted">{parts::prose(&one.now)}</div></td>
                    <td>{moved}<div>{left}</div></td>
                    <td class="opt">{time::ago(one.requested_at)}<div class="muted">{one.requested_by.clone()}</div></td>
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        <th scope="col">"Region"</th><th scope="col">"State"</th><th scope="col">"Applications"</th>
        <th scope="col" class="opt">"Asked for"</th>
    };
    parts::folding_table("Evacuations", head.into_any(), rows.into_any())
}

/// Said aloud before and after: an application that is not in the lot is still in the Region, or still away from it.
#[must_use]
pub fn left_out(left: &[LeftOutView], direction: Direction, region: &str) -> AnyView {
    if left.is_empty() {
        let all = match direction {
            Direction::Out => format!("Every application with a foot in {region} is in the lot."),
            Direction::Home => format!("Every application that is to come home to {region} is in the lot."),
        };
        return parts::empty("Nobody is left out", view! { {all} }.into_any());
    }
    let items = left
        .iter()
        .map(|one| {
            view! {
                <li>
                    <div>
                        <h3><a href=applications::href(&one.application)>{one.application.clone()}</a></h3>
                        <p>{parts::refusal(one.because.clone())}</p>
                    </div>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="inbox">{items}</ul> }.into_any()
}

/// The policies of the lot, each with the applications under it; a review counts in all of them.
#[must_use]
pub fn policies(policies: &[PolicyTally], reviews: &[Review], digest: &str) -> AnyView {
    let each = policies
        .iter()
        .map(|one| {
            let of = format!(
                "For {}: {}",
                format::count(one.applications.len(), "application", "applications"),
                one.applications.join(", ")
            );
            view! { <div class="of-policy"><p>{of}</p>{approval::tally(&one.policy, &one.tally, &[])}</div> }
        })
        .collect_view();
    let given = (!reviews.is_empty()).then(|| {
        let items = reviews
            .iter()
            .map(|review| {
                let comment = review.comment.clone().map(|c| view! { ": “"{c}"”" });
                view! { <li>{review.email.clone()}" approved "{time::ago(review.at)}{comment}</li> }
            })
            .collect_view();
        view! { <ul class="bare reviews">{items}</ul> }
    });
    view! {
        {each}{given}
        <p class="digest">
            "Bound to digest "<code title=digest.to_owned()>{format::short_digest(digest)}</code>
            <span class="muted">": every run with its own digest, their order, the limit and the stop rule. Any change voids it."</span>
        </p>
    }
    .into_any()
}

/// What cannot be put in order.
#[must_use]
pub fn circles(circles: &[Vec<String>]) -> AnyView {
    if circles.is_empty() {
        return parts::nothing();
    }
    let items = circles.iter().map(|circle| view! { <li>{circle.join(", ")}</li> }).collect_view();
    let body = view! {
        <p>"These depend on each other, so none can go before the other. They share a wave:"</p>
        <ul>{items}</ul>
        <p>"Where a step runs the plan of another of them, its run waits for the other's, and goes on only if the limit lets both move at once."</p>
    };
    parts::callout(Tone::Watch, "Dependencies in a circle", body.into_any())
}
