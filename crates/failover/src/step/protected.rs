//! Seeing the stores protected again: where the writes go now, and what elsewhere would bring them back.

use super::check::known;
use super::{Seen, Verdict};
use crate::plan::Plan;
use crate::serving::words;
use holdfast_domain::{Name, RegionCode};
use std::collections::BTreeSet;

/// Every store that has a writer has it in `region`, and every store has a copy in another that is kept up to date.
pub(super) fn protected(stores: &[Name], region: &RegionCode, seen: &Seen, plan: &Plan) -> Verdict {
    let mut wait = Vec::new();
    for store in stores {
        let places: BTreeSet<&RegionCode> =
            plan.facts.iter().filter(|f| &f.resource == store).map(|f| &f.region).collect();
        let mut copies = Vec::new();
        for place in places {
            match known(seen, store, place) {
                Ok(facts) if place == region => {
                    if facts.writes() == Some(false) {
                        wait.push(format!("the writer of {store} is not in {region}"));
                    }
                }
                Ok(facts) if facts.protects(region) == Some(true) => copies.push(place),
                Ok(_) | Err(_) => {}
            }
        }
        if copies.is_empty() {
            wait.push(format!("{store} has no connected copy outside {region}"));
        }
    }
    if wait.is_empty() {
        let stores: Vec<_> = stores.iter().map(Name::as_str).collect();
        Verdict::Reached {
            note: format!("{} protected outside {}", stores.join(", "), words(std::slice::from_ref(region))),
        }
    } else {
        Verdict::Wait { note: wait.join("; ") }
    }
}
