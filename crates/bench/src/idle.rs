//! A cloud of one service for each application, in memory, that does at once what it is told; and use cases that nobody asks.

use async_trait::async_trait;
use holdfast_cloud::{
    Access, Acting, Cloud, Delivery, Error, Identity, Looked, OrganizationAccount, Settled,
};
use holdfast_domain::facts::EcsServiceFacts;
use holdfast_domain::{Account, Facts, Missing, Need, RegionCode, Resource, ResourceSpec, RunId};
use holdfast_engine::Asks;
use holdfast_failover::Change;
use holdfast_failover::run::Answer;
use holdfast_failover::step::run_plan::{Asking, NotAsked};
use holdfast_store::Fence;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is wanted of each service, by its cluster; of one that nobody has told anything, one.
#[derive(Debug, Default)]
pub struct IdleCloud(Mutex<HashMap<String, u32>>);

fn answer(action: &str) -> Answer {
    Answer {
        action: action.to_owned(),
        region: "eu-central-1".into(),
        request_id: Some("0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0".into()),
        tracking: None,
    }
}

#[async_trait]
impl Cloud for IdleCloud {
    async fn probe(&self, account: &Account, _: &Access) -> Result<Identity, Error> {
        Ok(Identity { account: account.id.to_string(), arn: account.act_role_arn.clone() })
    }

    async fn observe(&self, _: &Account, _: &Access, resource: &Resource, regions: &[RegionCode]) -> Looked {
        let ResourceSpec::EcsService(service) = &resource.spec else { return Looked::default() };
        let wanted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = |region: &RegionCode| {
            let place = service.per_region.get(region)?;
            let desired = wanted.get(&place.cluster).copied().unwrap_or(1);
            let facts = EcsServiceFacts {
                desired,
                running: desired,
                rollout: Some("COMPLETED".into()),
                status: "ACTIVE".into(),
                ..EcsServiceFacts::default()
            };
            Some((region.clone(), Ok(Facts::EcsService(facts))))
        };
        regions.iter().filter_map(seen).collect()
    }

    async fn perform(&self, _: &Account, _: &Acting, change: &Change) -> Result<Answer, Error> {
        if let Change::SetEcsDesiredCount { cluster, desired, .. } = change {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.clone(), *desired);
        }
        Ok(answer(change.action()))
    }

    async fn deliver(&self, _: &Delivery) -> Result<Answer, Error> {
        Ok(answer("webhook:Post"))
    }

    async fn settled(&self, _: &Account, _: &Access, _: &Change, _: &str) -> Result<Settled, Error> {
        Ok(Settled::Yes)
    }

    async fn organization(&self, _: &Account) -> Result<Vec<OrganizationAccount>, Error> {
        Ok(Vec::new())
    }

    async fn missing_permissions(
        &self,
        _: &Account,
        _: bool,
        _: &BTreeSet<Need>,
    ) -> Result<Vec<Missing>, Error> {
        Ok(Vec::new())
    }

    fn call_deadline(&self, _: &Acting) -> Duration {
        Duration::from_secs(30)
    }
}

/// No step of these plans asks for a run.
#[derive(Debug)]
pub struct NobodyAsks;

#[async_trait]
impl Asks for NobodyAsks {
    async fn ask(&self, _: &Asking, _: &Fence) -> Result<RunId, NotAsked> {
        Err(NotAsked::Unknown("a benchmark asks for no runs".into()))
    }

    async fn bring_back(&self, _: RunId) -> Result<RunId, String> {
        Err("a benchmark drills nothing".into())
    }
}
