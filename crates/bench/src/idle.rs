//! A cloud that answers everything at once and does nothing, and use cases that nobody asks.

use async_trait::async_trait;
use holdfast_cloud::{
    Access, Acting, Cloud, Delivery, Error, Identity, Looked, OrganizationAccount, Settled,
};
use holdfast_domain::{Account, Missing, Need, RegionCode, Resource, RunId};
use holdfast_engine::Asks;
use holdfast_failover::Change;
use holdfast_failover::run::Answer;
use holdfast_failover::step::run_plan::{Asking, NotAsked};
use holdfast_store::Fence;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Debug)]
pub struct IdleCloud;

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

    async fn observe(&self, _: &Account, _: &Access, _: &Resource, _: &[RegionCode]) -> Looked {
        Looked::default()
    }

    async fn perform(&self, _: &Account, _: &Acting, change: &Change) -> Result<Answer, Error> {
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
