//! Where an application stands between home and recovery, from what is observed and what its runs did.

use super::{RecoveryState, Serving, words};
use crate::movement::{Intent, Movement};
use holdfast_domain::{Application, Name, ObservationMap, RegionCode, Resource, Strategy};
use serde::{Deserialize, Serialize};

/// The last run of ours that began and is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    pub movement: Movement,
    /// Completed, with or without exceptions.
    pub completed: bool,
}

/// Whether a store would outlive the Region that it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protected {
    Yes,
    No,
    NotKnown,
}

/// What protects one store now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreProtection {
    pub store: Name,
    pub state: Protected,
    /// Where a copy is that could take over.
    pub by: Vec<RegionCode>,
    pub sentence: String,
}

/// How well all the stores together are protected.
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
        let came = last.filter(|l| l.completed && l.movement.to == *place).map(|l| l.movement.intent);
        return match (came, protection) {
            (Some(Intent::Failover | Intent::Failback), Protection::NotYet | Protection::NotKnown) => {
                RecoveryState::Reprotecting
            }
            // It failed over to what the inventory calls home by now.
            (Some(Intent::Failover), Protection::Connected) => RecoveryState::ReHomed,
            _ => RecoveryState::Steady,
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

/// The Regions whose copies count: home's when away, any recovery Region's when at home. Of an active-active application
/// every Region that serves must find its stores again in another.
fn counted<'a>(application: &'a Application, place: &RegionCode) -> Vec<&'a RegionCode> {
    if *place == application.home_region || application.strategy == Strategy::ActiveActive {
        application.regions().filter(|region| *region != place).collect()
    } else {
        vec![&application.home_region]
    }
}

fn protection(application: &Application, observations: &ObservationMap, place: &RegionCode) -> Protection {
    let stores = of_stores(application, observations, place);
    if stores.is_empty() {
        return home_seen(application, observations);
    }
    if stores.iter().any(|store| store.state == Protected::NotKnown) {
        return Protection::NotKnown;
    }
    if stores.iter().any(|store| store.state == Protected::No) {
        Protection::NotYet
    } else {
        Protection::Connected
    }
}

/// What protects each store now, where the application serves from one Region. Empty where that is not known.
#[must_use]
pub fn protections(
    application: &Application,
    serving: &Serving,
    observations: &ObservationMap,
) -> Vec<StoreProtection> {
    match serving.regions.as_slice() {
        [place] => of_stores(application, observations, place),
        // Everywhere at once: any of the others may be the copy.
        [place, ..] if application.strategy == Strategy::ActiveActive => {
            let written = |store: &Resource| {
                let writer = serving.writers.iter().find(|(name, _)| *name == store.name);
                writer.and_then(|(_, region)| region.clone()).unwrap_or_else(|| place.clone())
            };
            stores(application)
                .map(|store| of_store(application, store, observations, &written(store)))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn stores(application: &Application) -> impl Iterator<Item = &Resource> {
    application.resources.iter().filter(|resource| resource.spec.kind().is_store())
}

fn of_stores(
    application: &Application,
    observations: &ObservationMap,
    place: &RegionCode,
) -> Vec<StoreProtection> {
    stores(application).map(|store| of_store(application, store, observations, place)).collect()
}

/// One copy that could take over is enough; one that cannot be seen leaves it unknown where no other does.
fn of_store(
    application: &Application,
    store: &Resource,
    observations: &ObservationMap,
    place: &RegionCode,
) -> StoreProtection {
    let mut by = Vec::new();
    let mut unseen = Vec::new();
    let mut apart = Vec::new();
    let mut not_connected = Vec::new();
    // Where the inventory has nothing of it, there is nothing to be seen: it protects nothing there.
    for region in counted(application, place).into_iter().filter(|region| store.spec.is_in(region)) {
        let seen = observations.get(&(store.name.clone(), region.clone())).and_then(|s| s.known());
        match seen.and_then(|facts| facts.protects(place)) {
            Some(true) => by.push(region.clone()),
            Some(false) if seen.and_then(|facts| facts.writes()) == Some(true) => apart.push(region.clone()),
            Some(false) => not_connected.push(region.clone()),
            None => unseen.push(region.clone()),
        }
    }
    let (state, sentence) = if !by.is_empty() {
        (Protected::Yes, format!("A copy in {} is connected and could take over from {place}.", words(&by)))
    } else if !unseen.is_empty() {
        let sentence =
            format!("Whether a copy in {} could take over from {place} is not known.", words(&unseen));
        (Protected::NotKnown, sentence)
    } else if !apart.is_empty() {
        let sentence = format!(
            "What stands in {} takes writes of its own and copies nothing of {place}: a copy must be built anew.",
            words(&apart)
        );
        (Protected::No, sentence)
    } else if not_connected.is_empty() {
        (Protected::No, format!("The inventory has no copy of what is written in {place}."))
    } else {
        (Protected::No, format!("The copy in {} is not connected to {place}.", words(&not_connected)))
    };
    StoreProtection { store: store.name.clone(), state, by, sentence }
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

impl RecoveryState {
    /// What it means, and what comes next. `stores`: what protects each now.
    #[must_use]
    pub fn sentence(
        self,
        application: &Application,
        serving: &Serving,
        stores: &[StoreProtection],
    ) -> String {
        let home = &application.home_region;
        let place = words(&serving.regions);
        let open: Vec<&str> =
            stores.iter().filter(|s| s.state != Protected::Yes).map(|s| s.store.as_str()).collect();
        let open = if open.is_empty() { format!("all of it in {home}") } else { open.join(", ") };
        match self {
            Self::Steady if application.strategy == Strategy::ActiveActive => format!("Every Region serves: {place}."),
            Self::Steady => format!("Served from home, {home}."),
            Self::FailingOver => "A run is failing it over.".into(),
            Self::FailingBack => "A run is failing it back.".into(),
            Self::FailedOver => {
                format!("Served from {place}. Whether it could go back is not known: {open} cannot be seen.")
            }
            Self::Reprotecting => format!(
                "Served from {place}. Not done: {open} would be lost with that Region, and a planned failback is not possible yet."
            ),
            Self::ReadyToFailBack => {
                format!("Served from {place}. Every store is copied to {home} again: it can fail back.")
            }
            Self::PartlyMoved => {
                "Its parts are not in one Region. A person must look where each is, and finish the move or take it back.".into()
            }
            Self::MovedOutside => {
                format!("Served from {place}, where no run of Holdfast has taken it.")
            }
            Self::Evacuated => format!("A run took a Region of it out of service; {place} go on."),
            Self::ReHomed => format!("It failed over to {home}, which is home by now."),
            Self::Unknown => "Where it stands is not known.".into(),
        }
    }
}
