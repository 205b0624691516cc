//! What a step must have looked at before it can say anything.

use super::{Step, Work};
use crate::change::Change;
use crate::plan::Plan;
use holdfast_domain::{Name, RegionCode};
use std::collections::{BTreeMap, BTreeSet};

impl Step {
    /// The resources, and of each the Regions, that the executor reads for this step's check and verification.
    #[must_use]
    pub fn looks_at(&self, plan: &Plan) -> BTreeMap<Name, BTreeSet<RegionCode>> {
        let mut looks: BTreeMap<Name, BTreeSet<RegionCode>> = BTreeMap::new();
        let mut all = |resource: &Name| {
            for fact in plan.facts.iter().filter(|f| &f.resource == resource) {
                looks.entry(fact.resource.clone()).or_default().insert(fact.region.clone());
            }
        };
        match &self.work {
            Work::ObserveAgain => plan.facts.iter().for_each(|f| all(&f.resource)),
            Work::RecordLag { stores, .. } | Work::ConfirmProtected { stores, .. } => {
                stores.iter().for_each(all)
            }
            Work::CatchUp { store, region } => {
                looks.entry(store.clone()).or_default().insert(region.clone());
            }
            Work::ConfirmServing { region, probes, .. } => {
                // A record whose health check is held out is not answered, so the checks are looked at as well.
                plan.traffic().iter().chain(&plan.stores()).chain(&plan.health_checks()).for_each(all);
                for probe in probes {
                    looks.entry(probe.clone()).or_default().insert(region.clone());
                }
            }
            // ---- steps of one's own
            Work::WaitForPerson { .. } | Work::WaitForTime { .. } => {}
            Work::WaitForSignal { signal, region } => {
                looks.entry(signal.clone()).or_default().insert(region.clone());
            }
            Work::Call { .. } => {
                if let Some(resource) = &self.resource {
                    looks.entry(resource.clone()).or_default().extend(self.regions.iter().cloned());
                }
                // Where an endpoint is set, the store that it is the endpoint of.
                if let Some(to) = self.change().and_then(Change::endpoint_of) {
                    looks.entry(to.store.clone()).or_default().extend(self.regions.iter().cloned());
                }
            }
        }
        if let Some(condition) = &self.how.only_if {
            looks.entry(condition.resource().clone()).or_default().insert(condition.region().clone());
        }
        looks
    }
}

impl Plan {
    /// Resources that lead traffic, as the plan's facts have them.
    #[must_use]
    pub fn traffic(&self) -> BTreeSet<Name> {
        self.having(&["record", "routed"])
    }

    /// Health checks that the inventory names and the objects that they watch, as the plan's facts have them.
    #[must_use]
    pub fn health_checks(&self) -> BTreeSet<Name> {
        self.having(&["inverted", "holds_out"])
    }

    /// Everything by which traffic is moved, whether or not it shows where traffic goes.
    #[must_use]
    pub fn steers(&self) -> BTreeSet<Name> {
        self.having(&["record", "routed", "inverted", "holds_out", "switch_plan"])
    }

    /// Stores with a writer, as the plan's facts have them.
    #[must_use]
    pub fn stores(&self) -> BTreeSet<Name> {
        self.having(&["writer"])
    }

    /// Stores that a move cuts off from their source: those with a writer, and those that it restores.
    #[must_use]
    pub fn cut_stores(&self) -> BTreeSet<Name> {
        let restored = self
            .steps
            .iter()
            .filter(|step| matches!(step.change(), Some(Change::StartRestoreJob { .. })))
            .filter_map(|step| step.resource.clone());
        self.stores().into_iter().chain(restored).collect()
    }

    /// The Regions that the plan's facts speak of, in alphabetical order.
    #[must_use]
    pub fn regions(&self) -> BTreeSet<RegionCode> {
        self.facts.iter().map(|f| f.region.clone()).collect()
    }

    fn having(&self, what: &[&str]) -> BTreeSet<Name> {
        self.facts.iter().filter(|f| what.contains(&f.what.as_str())).map(|f| f.resource.clone()).collect()
    }
}
