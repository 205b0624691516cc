//! Which Regions serve an application, read from its traffic resources alone: never from `home_region`,
//! never from our own last run.

mod recovery;
mod routed;

pub use recovery::{LastRun, Protected, StoreProtection, protections, recovery_state};
pub(crate) use routed::{Health, answering, is_open, policy};
pub use routed::{Routed, routed};

use crate::plan::Plan;
use holdfast_domain::{Application, Name, ObservationMap, RegionCode, ResourceKind};
use serde::{Deserialize, Serialize};

/// `regions` is empty when nothing can be told; `reasons` then says why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Serving {
    /// Regions that traffic is routed to, in the application's order.
    pub regions: Vec<RegionCode>,
    /// Where the writer is, per store; `None`: not known.
    pub writers: Vec<(Name, Option<RegionCode>)>,
    /// False when any traffic resource could not be seen, or they disagree.
    pub certain: bool,
    /// Everything was seen, and the resources lead to different Regions.
    pub disagree: bool,
    pub reasons: Vec<String>,
}

/// The kinds that lead traffic to a Region.
#[must_use]
pub fn is_traffic(kind: ResourceKind) -> bool {
    matches!(
        kind,
        ResourceKind::Route53Records
            | ResourceKind::GlobalAccelerator
            | ResourceKind::CloudfrontDistribution
            | ResourceKind::ArcRoutingControl
            | ResourceKind::S3MultiRegionAccessPoint
    )
}

impl Serving {
    /// Seen in this Region with all its writers, and nowhere else.
    #[must_use]
    pub(crate) fn is_all_in(&self, region: &RegionCode) -> bool {
        self.certain
            && self.regions == std::slice::from_ref(region)
            && self.writers.iter().all(|(_, writer)| writer.as_ref() == Some(region))
    }
}

/// The kinds by which traffic is moved, whether or not they show where it goes.
#[must_use]
pub fn steers(kind: ResourceKind) -> bool {
    is_traffic(kind)
        || matches!(
            kind,
            ResourceKind::Route53HealthCheck
                | ResourceKind::ArcRegionSwitchPlan
                | ResourceKind::S3SwitchObject
        )
}

/// Which Regions serve the application, as far as its resources show.
#[must_use]
pub fn serving(application: &Application, observations: &ObservationMap) -> Serving {
    let regions: Vec<RegionCode> = application.regions().cloned().collect();
    let of = |wanted: fn(ResourceKind) -> bool| -> Vec<Name> {
        application.resources.iter().filter(|r| wanted(r.spec.kind())).map(|r| r.name.clone()).collect()
    };
    let traffic = of(is_traffic);
    let stores = of(ResourceKind::has_writer);
    serving_of(&regions, &traffic, &stores, observations, None)
}

/// The same, from the names of the resources that count; `stood` as for [`routed`].
#[must_use]
pub fn serving_of(
    regions: &[RegionCode],
    traffic: &[Name],
    stores: &[Name],
    observations: &ObservationMap,
    stood: Option<&Plan>,
) -> Serving {
    let mut serving = Serving { certain: true, ..Serving::default() };
    let mut led: Vec<(&Name, Vec<RegionCode>)> = Vec::new();
    for name in traffic {
        let routed = routed(name, regions, observations, stood);
        serving.certain &= routed.certain;
        serving.reasons.extend(routed.reasons);
        // A simple record says nothing of Regions where something else does.
        if !(routed.weak && traffic.len() > 1) {
            led.push((name, routed.regions));
        }
    }
    let led_to: Vec<&RegionCode> =
        regions.iter().filter(|r| led.iter().any(|(_, led)| led.contains(r))).collect();
    for store in stores {
        let writer = writer(store, regions, observations, &led_to, stood);
        if let Err(reason) = &writer {
            serving.reasons.push(reason.clone());
        }
        serving.writers.push((store.clone(), writer.ok()));
    }
    if traffic.is_empty() {
        for (store, writer) in &serving.writers {
            match writer {
                Some(region) => led.push((store, vec![region.clone()])),
                None => serving.certain = false,
            }
        }
        if stores.is_empty() {
            serving.certain = false;
            serving.reasons.push("nothing in the inventory shows which Region traffic goes to".into());
        }
    }
    if let Some((first, regions)) = led.first()
        && let Some((other, others)) = led.iter().find(|(_, others)| others != regions)
        && serving.certain
    {
        serving.certain = false;
        serving.disagree = true;
        serving.reasons.push(format!(
            "{first} leads to {}, while {other} leads to {}",
            words(regions),
            words(others)
        ));
    }
    serving.regions =
        regions.iter().filter(|r| led.iter().any(|(_, regions)| regions.contains(r))).cloned().collect();
    serving
}

/// The Region of the store's writer, or why it is not known. `led_to`: where traffic leads.
fn writer(
    store: &Name,
    regions: &[RegionCode],
    observations: &ObservationMap,
    led_to: &[&RegionCode],
    stood: Option<&Plan>,
) -> Result<RegionCode, String> {
    let mut writers = Vec::new();
    let mut unseen = Vec::new();
    let mut each_its_own = true;
    for region in regions {
        match observations.get(&(store.clone(), region.clone())) {
            Some(sight) => match sight.known() {
                Some(facts) if facts.writes() == Some(true) => {
                    each_its_own &= facts.leaves_old_writer();
                    writers.push(region.clone());
                }
                Some(_) => {}
                None => unseen.push(format!("{region} is {}", sight.word())),
            },
            None => unseen.push(format!("{region} was not looked at")),
        }
    }
    match (writers.as_slice(), unseen.is_empty()) {
        ([one], _) => Ok(one.clone()),
        ([], false) => Err(format!("the writer of {store} is not known: {}", unseen.join(", "))),
        ([], true) => Err(format!("{store} has no writer in any of the application's Regions")),
        (several, _) => {
            let used = if each_its_own { used(store, several, led_to, stood) } else { None };
            used.cloned().ok_or_else(|| format!("{store} shows writers in {}", words(several)))
        }
    }
}

/// Of several databases that each take writes, as a promotion leaves them, the one that the application uses: where
/// its traffic leads, or, while a move is under way, the one that was a copy when the plan was made.
fn used<'a>(
    store: &Name,
    writers: &'a [RegionCode],
    led_to: &[&RegionCode],
    stood: Option<&Plan>,
) -> Option<&'a RegionCode> {
    let promoted = |region: &&RegionCode| {
        stood.and_then(|plan| plan.stood(store, region)).is_some_and(|facts| facts.writes() == Some(false))
    };
    let mut since: Vec<_> = writers.iter().filter(promoted).collect();
    if since.is_empty() {
        since = writers.iter().filter(|region| led_to.contains(region)).collect();
    }
    match since.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// "us-east-1 and eu-central-1"; "no Region" for none.
pub(crate) fn words(regions: &[RegionCode]) -> String {
    match regions {
        [] => "no Region".into(),
        [one] => one.to_string(),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(RegionCode::as_str).collect();
            format!("{} and {last}", most.join(", "))
        }
    }
}

/// Where an application stands between home and recovery, worked out from what is observed and what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryState {
    Steady,
    FailingOver,
    FailedOver,
    Reprotecting,
    ReadyToFailBack,
    FailingBack,
    PartlyMoved,
    MovedOutside,
    Evacuated,
    ReHomed,
    /// Nothing of it can be seen: said aloud rather than called steady.
    Unknown,
}

impl RecoveryState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::FailingOver => "failing_over",
            Self::FailedOver => "failed_over",
            Self::Reprotecting => "reprotecting",
            Self::ReadyToFailBack => "ready_to_fail_back",
            Self::FailingBack => "failing_back",
            Self::PartlyMoved => "partly_moved",
            Self::MovedOutside => "moved_outside",
            Self::Evacuated => "evacuated",
            Self::ReHomed => "re_homed",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests;
