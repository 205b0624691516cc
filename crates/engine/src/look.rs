//! Fresh sight of what a step is about, under the run's own role.

use holdfast_cloud::{Access, Cloud};
use holdfast_domain::{Account, Application, Name, NotSeen, RegionCode, Resource, Sight};
use holdfast_failover::step::Seen;
use holdfast_failover::{Plan, Step};
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

    /// The resources that a step reads, each with its Regions; those that the inventory no longer has are left out.
    pub fn looks<'a>(&'a self, step: &Step, plan: &Plan) -> Vec<(&'a Resource, Vec<RegionCode>)> {
        step.looks_at(plan)
            .into_iter()
            .filter_map(|(name, regions)| {
                Some((self.application.resource(&name)?, regions.into_iter().collect()))
            })
            .collect()
    }

    /// All looks side by side: a Region that does not answer costs its own deadline once, not once per resource.
    pub async fn look(
        &self,
        cloud: &dyn Cloud,
        access: &Access,
        step: &Step,
        plan: &Plan,
        now: Timestamp,
    ) -> Seen {
        let looks = self.looks(step, plan).into_iter().map(|(resource, regions)| async move {
            let looked: Vec<(RegionCode, Result<_, NotSeen>)> = match self.account(&resource.account) {
                Some(account) => cloud
                    .observe(account, access, resource, &regions)
                    .await
                    .into_iter()
                    .map(|(region, result)| (region, result.map_err(NotSeen::from)))
                    .collect(),
                None => regions
                    .into_iter()
                    .map(|r| (r, Err(format!("the inventory has no account `{}`", resource.account).into())))
                    .collect(),
            };
            looked
                .into_iter()
                .map(|(region, result)| {
                    let sight = match result {
                        Ok(facts) => Sight::Known { at: now, facts },
                        Err(NotSeen { reason, absent }) => {
                            Sight::Unknown { reason, absent, since: Some(now), last: None }
                        }
                    };
                    ((resource.name.clone(), region), sight)
                })
                .collect::<Vec<_>>()
        });
        futures::future::join_all(looks).await.into_iter().flatten().collect()
    }
}
