//! One application's picture, put together from what is stored: inventory, what was last seen, its runs.

use crate::App;
use crate::problems::of_store;
use crate::runs::{last_run, under_way};
use holdfast_api::Answer;
use holdfast_domain::observation::Observed;
use holdfast_domain::{Account, Application, Facts, Name, ObservationMap, RegionCode};
use holdfast_failover::serving::{RecoveryState, Serving, recovery_state, serving};
use holdfast_failover::{Finding, Intent, Picture, Run, readiness};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// An application as it can be judged now.
#[derive(Debug, Clone)]
pub struct Judged {
    pub application: Application,
    pub observations: ObservationMap,
    pub serving: Serving,
    pub state: RecoveryState,
    pub findings: Vec<Finding>,
    pub active: Option<Run>,
    pub last: Option<Run>,
}

impl App {
    /// What may be believed now of each (resource, Region) of the application; those never looked at included.
    pub(crate) fn sights(
        &self,
        application: &Application,
        observed: &BTreeMap<(Name, RegionCode), Observed>,
        now: Timestamp,
    ) -> ObservationMap {
        let mut map = ObservationMap::new();
        for resource in &application.resources {
            for region in application.regions() {
                let key = (resource.name.clone(), region.clone());
                let sight = match observed.get(&key) {
                    Some(seen) => seen.sight(now, self.settings.stale_after),
                    None if resource.spec.kind().is_observed() => Observed::default().sight(now, self.settings.stale_after),
                    None => holdfast_domain::Sight::Unknown {
                        reason: format!("this version cannot look at {}", resource.spec.kind().as_str()),
                        since: None,
                        last: None,
                    },
                };
                map.insert(key, sight);
            }
        }
        map
    }

    pub(crate) async fn judge(&self, name: &Name, now: Timestamp) -> Answer<Judged> {
        let application = self.application_named(name).await?;
        let observed = self.store.observations(name).await.map_err(of_store)?;
        let accounts = self.store.accounts().await.map_err(of_store)?;
        let active = self.active_run(name).await?;
        let last = self.last_moved(name).await?;
        Ok(self.judged(application, &accounts, &observed, active, last, now))
    }

    pub(crate) fn judged(
        &self,
        application: Application,
        accounts: &[Account],
        observed: &BTreeMap<(Name, RegionCode), Observed>,
        active: Option<Run>,
        last: Option<Run>,
        now: Timestamp,
    ) -> Judged {
        let observations = self.sights(&application, observed, now);
        let serving = serving(&application, &observations);
        let (moving, ended) = (under_way(active.as_ref()), last_run(last.as_ref()));
        let state = recovery_state(&application, &serving, &observations, moving, ended.as_ref());
        let findings = readiness::findings(&application, accounts, &observations, now);
        Judged { application, observations, serving, state, findings, active, last }
    }

    /// # Errors
    /// 404 that names it.
    pub(crate) async fn application_named(&self, name: &Name) -> Answer<Application> {
        match self.store.application(name).await {
            Err(holdfast_store::Error::NotFound) => Err(holdfast_api::Problem::not_found("application", name.as_str())),
            other => other.map_err(of_store),
        }
    }

    /// The live run that holds the application.
    pub(crate) async fn active_run(&self, name: &Name) -> Answer<Option<Run>> {
        match self.store.active_run(name).await.map_err(of_store)? {
            Some(id) => self.replayed(id).await.map(Some),
            None => Ok(None),
        }
    }

    /// The newest run that ended having moved something.
    pub(crate) async fn last_moved(&self, name: &Name) -> Answer<Option<Run>> {
        match self.store.last_moving_run(name).await.map_err(of_store)? {
            Some(id) => self.replayed(id).await.map(Some),
            None => Ok(None),
        }
    }

    /// How everything stood before the failover that a failback would take back.
    pub(crate) fn before(last: Option<&Run>) -> BTreeMap<(Name, RegionCode), Facts> {
        last.filter(|run| run.request.movement.intent == Intent::Failover)
            .map(|run| {
                run.request
                    .plan
                    .before
                    .iter()
                    .map(|b| ((b.resource.clone(), b.region.clone()), b.facts.clone()))
                    .collect()
            })
            .unwrap_or_default()
    }

    pub(crate) async fn picture(&self, judged: &Judged, now: Timestamp) -> Answer<Picture> {
        let accounts = self.store.accounts().await.map_err(of_store)?;
        Ok(Picture {
            application: judged.application.clone(),
            accounts: accounts
                .into_iter()
                .filter(|a| judged.application.resources.iter().any(|r| r.account == a.name))
                .collect(),
            observations: judged.observations.clone(),
            before: Self::before(judged.last.as_ref()),
            now,
        })
    }
}
