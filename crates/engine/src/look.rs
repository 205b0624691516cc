//! Fresh sight of what a step is about, under the run's own role.

use holdfast_cloud::{Access, Cloud};
use holdfast_domain::{Account, Application, Name, RegionCode, Resource, Sight};
use holdfast_failover::Step;
use holdfast_failover::step::Seen;
use jiff::Timestamp;

/// The application's resources and accounts as they stand now, not as they stood at the request: what the
/// request froze is compared with them before anything is done.
#[derive(Debug, Clone)]
pub struct Ground {
    pub application: Application,
    pub accounts: Vec<Account>,
}

impl Ground {
    pub fn account(&self, name: &Name) -> Option<&Account> {
        self.accounts.iter().find(|a| &a.name == name)
    }

    /// The resources that a step reads: its own, or all of the application's that can be read at all.
    pub fn resources<'a>(&'a self, step: &Step) -> Vec<&'a Resource> {
        match &step.resource {
            Some(name) => self.application.resource(name).into_iter().collect(),
            None => self.application.resources.iter().filter(|r| r.spec.kind().is_observed()).collect(),
        }
    }

    /// All looks side by side: a Region that does not answer costs its own deadline once, not once per resource.
    pub async fn look(&self, cloud: &dyn Cloud, access: &Access, step: &Step, now: Timestamp) -> Seen {
        let regions: Vec<RegionCode> =
            if step.regions.is_empty() { self.application.regions().cloned().collect() } else { step.regions.clone() };
        let looks = self.resources(step).into_iter().map(|resource| {
            let regions = &regions;
            async move {
                let looked = match self.account(&resource.account) {
                    Some(account) => cloud.observe(account, access, resource, regions).await.into_iter().map(
                        |(region, result)| (region, result.map_err(|e| e.to_string())),
                    ).collect::<Vec<_>>(),
                    None => regions
                        .iter()
                        .map(|r| (r.clone(), Err(format!("the inventory has no account `{}`", resource.account))))
                        .collect(),
                };
                looked.into_iter().map(move |(region, result)| {
                    let sight = match result {
                        Ok(facts) => Sight::Known { at: now, facts },
                        Err(reason) => Sight::Unknown { reason, since: Some(now), last: None },
                    };
                    ((resource.name.clone(), region), sight)
                })
            }
        });
        futures::future::join_all(looks).await.into_iter().flatten().collect()
    }
}
