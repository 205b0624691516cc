//! Where an application stands between home and recovery, from what is observed and what its runs did.

use super::{RecoveryState, Serving};
use crate::movement::{Intent, Movement};
use holdfast_domain::{Application, ObservationMap, RegionCode, Resource, Strategy};
use serde::{Deserialize, Serialize};

/// The last run of ours that began and is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    pub movement: Movement,
    /// Completed, with or without exceptions.
    pub completed: bool,
}

/// How well the stores are protected by a copy that could take over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    Connected,
    NotYet,
    NotKnown,
}

/// `active`: the movement of a run that has started and is not over. Drills that move nothing for good
/// (an active drill) leave the state to what is observed.
#[must_use]
pub fn recovery_state(
    application: &Application,
    serving: &Serving,
    observations: &ObservationMap,
    active: Option<&Movement>,
    last: Option<&LastRun>,
) -> RecoveryState {
    match active.map(|m| m.intent) {
        Some(Intent::Failover) => return RecoveryState::FailingOver,
        Some(Intent::Failback) => return RecoveryState::FailingBack,
        Some(Intent::Drill) | None => {}
    }
    if serving.disagree {
        return RecoveryState::PartlyMoved;
    }
    if !serving.certain || serving.regions.is_empty() {
        return RecoveryState::Unknown;
    }
    if application.strategy == Strategy::ActiveActive {
        return active_active(application, serving, last);
    }
    let [place] = serving.regions.as_slice() else { return RecoveryState::PartlyMoved };
    if serving.writers.iter().any(|(_, writer)| writer.as_ref().is_some_and(|w| w != place)) {
        return RecoveryState::PartlyMoved;
    }
    if serving.writers.iter().any(|(_, writer)| writer.is_none()) {
        return RecoveryState::Unknown;
    }
    let protection = protection(application, observations, place);
    if *place == application.home_region {
        let back = last.is_some_and(|l| l.completed && l.movement.intent == Intent::Failback);
        return if back && protection != Protection::Connected {
            RecoveryState::Reprotecting
        } else {
            RecoveryState::Steady
        };
    }
    let ours = last.is_some_and(|l| l.completed && l.movement.to == *place);
    match (ours, protection) {
        (false, _) => RecoveryState::MovedOutside,
        (true, Protection::Connected) => RecoveryState::ReadyToFailBack,
        (true, Protection::NotYet) => RecoveryState::Reprotecting,
        (true, Protection::NotKnown) => RecoveryState::FailedOver,
    }
}

fn active_active(application: &Application, serving: &Serving, last: Option<&LastRun>) -> RecoveryState {
    let out: Vec<&RegionCode> = application.regions().filter(|r| !serving.regions.contains(r)).collect();
    if serving.writers.iter().any(|(_, writer)| writer.as_ref().is_some_and(|w| out.contains(&w))) {
        return RecoveryState::PartlyMoved;
    }
    if serving.writers.iter().any(|(_, writer)| writer.is_none()) {
        return RecoveryState::Unknown;
    }
    if out.is_empty() {
        return RecoveryState::Steady;
    }
    let ours = last.is_some_and(|l| {
        l.completed && l.movement.intent != Intent::Failback && out.contains(&&l.movement.from)
    });
    if ours { RecoveryState::Evacuated } else { RecoveryState::MovedOutside }
}

/// The copies that a failback would go to: the home Region's when away, the recovery Regions' when at home.
fn protection(application: &Application, observations: &ObservationMap, place: &RegionCode) -> Protection {
    let places: Vec<&RegionCode> = if *place == application.home_region {
        application.recovery_regions.iter().collect()
    } else {
        vec![&application.home_region]
    };
    let stores: Vec<&Resource> = application.resources.iter().filter(|r| r.spec.kind().is_store()).collect();
    if stores.is_empty() {
        return home_seen(application, observations);
    }
    let mut worst = Protection::Connected;
    for store in stores {
        match copies(store, place, &places, observations) {
            Protection::Connected => {}
            Protection::NotKnown => return Protection::NotKnown,
            Protection::NotYet => worst = Protection::NotYet,
        }
    }
    worst
}

fn copies(
    store: &Resource,
    place: &RegionCode,
    places: &[&RegionCode],
    observations: &ObservationMap,
) -> Protection {
    let mut worst = Protection::NotYet;
    // Where the inventory has nothing of it, there is nothing to be seen: it protects nothing there.
    for region in places.iter().filter(|region| store.spec.is_in(region)) {
        let seen = observations.get(&(store.name.clone(), (*region).clone())).and_then(|s| s.known());
        match seen.and_then(|facts| facts.protects(place)) {
            Some(true) => return Protection::Connected,
            Some(false) => {}
            None => worst = Protection::NotKnown,
        }
    }
    worst
}

/// Without a store that tells, the home Region counts as ready when everything of it can be seen.
fn home_seen(application: &Application, observations: &ObservationMap) -> Protection {
    let mut home =
        observations.iter().filter(|((_, region), _)| *region == application.home_region).peekable();
    if home.peek().is_some() && home.all(|(_, sight)| sight.known().is_some()) {
        Protection::Connected
    } else {
        Protection::NotKnown
    }
}
