//! Who must approve, who has, and what the approval is bound to.

use crate::components::time;
use crate::components::tone::{Tone, badge};
use crate::format;
use holdfast_failover::{Review, Tally};
use leptos::prelude::*;

#[must_use]
pub fn tally(policy: &str, tally: &Tally, reviews: &[Review]) -> AnyView {
    let rules = tally
        .rules
        .iter()
        .map(|rule| {
            let (given, needed) = (rule.given.len(), usize::from(rule.needed));
            let tone = if given >= needed { Tone::Good } else { Tone::Watch };
            let who = if rule.given.is_empty() { "nobody yet".to_owned() } else { rule.given.join(", ") };
            view! {
                <li>
                    {badge(tone, format!("{given} of {needed}"))}
                    <span>" from group "<b>{rule.group.to_string()}</b>": "{who}</span>
                </li>
            }
        })
        .collect_view();
    let nobody =
        tally.rules.is_empty().then(|| view! { <li>{badge(Tone::Watch, "no approval is asked for")}</li> });
    let reviews = (!reviews.is_empty()).then(|| {
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
        <p class="muted">"Policy "<b>{policy.to_owned()}</b>", as it was when the request was made. Who asks does not count."</p>
        <ul class="bare rules">{nobody}{rules}</ul>
        {reviews}
    }
    .into_any()
}

#[must_use]
pub fn digest(digest: &str) -> AnyView {
    view! {
        <p class="digest">
            "Bound to digest "<code title=digest.to_owned()>{format::short_digest(digest)}</code>
            <span class="muted">": steps, parameters, roles and facts. Any change voids it."</span>
        </p>
    }
    .into_any()
}
