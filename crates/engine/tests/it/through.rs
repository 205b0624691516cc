//! A whole cloud through which everything goes on to another, but for what somebody in between has to say of looks, calls and
//! questions after calls.

use async_trait::async_trait;
use holdfast_cloud::{
    Access, Acting, Cloud, Delivery, Error, HeardClock, Identity, Looked, OrganizationAccount, Settled,
};
use holdfast_domain::{Account, Facts, Missing, Need, RegionCode, Resource};
use holdfast_failover::Change;
use holdfast_failover::run::Answer;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// What it does not say anything of goes on as it came.
#[async_trait]
pub trait Between: Send + Sync + Debug {
    async fn observe(
        &self,
        cloud: &dyn Cloud,
        account: &Account,
        access: &Access,
        resource: &Resource,
        regions: &[RegionCode],
    ) -> Looked {
        cloud.observe(account, access, resource, regions).await
    }

    async fn perform(
        &self,
        cloud: &dyn Cloud,
        account: &Account,
        acting: &Acting,
        change: &Change,
    ) -> Result<Answer, Error> {
        cloud.perform(account, acting, change).await
    }

    async fn settled(
        &self,
        cloud: &dyn Cloud,
        account: &Account,
        access: &Access,
        change: &Change,
        tracking: &str,
    ) -> Result<Settled, Error> {
        cloud.settled(account, access, change, tracking).await
    }
}

#[derive(Debug)]
pub struct Through<B> {
    cloud: Arc<dyn Cloud>,
    pub between: B,
}

impl<B> Through<B> {
    pub fn new(cloud: Arc<dyn Cloud>, between: B) -> Self {
        Self { cloud, between }
    }
}

#[async_trait]
impl<B: Between> Cloud for Through<B> {
    async fn probe(&self, account: &Account, access: &Access) -> Result<Identity, Error> {
        self.cloud.probe(account, access).await
    }

    async fn observe(
        &self,
        account: &Account,
        access: &Access,
        resource: &Resource,
        regions: &[RegionCode],
    ) -> Looked {
        self.between.observe(self.cloud.as_ref(), account, access, resource, regions).await
    }

    async fn perform(&self, account: &Account, acting: &Acting, change: &Change) -> Result<Answer, Error> {
        self.between.perform(self.cloud.as_ref(), account, acting, change).await
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Answer, Error> {
        self.cloud.deliver(delivery).await
    }

    async fn settled(
        &self,
        account: &Account,
        access: &Access,
        change: &Change,
        tracking: &str,
    ) -> Result<Settled, Error> {
        self.between.settled(self.cloud.as_ref(), account, access, change, tracking).await
    }

    fn recall(&self, facts: &Facts) {
        self.cloud.recall(facts);
    }

    fn heard_clock(&self) -> Option<HeardClock> {
        self.cloud.heard_clock()
    }

    async fn organization(&self, account: &Account) -> Result<Vec<OrganizationAccount>, Error> {
        self.cloud.organization(account).await
    }

    async fn missing_permissions(
        &self,
        account: &Account,
        acts: bool,
        needs: &BTreeSet<Need>,
    ) -> Result<Vec<Missing>, Error> {
        self.cloud.missing_permissions(account, acts, needs).await
    }

    fn call_deadline(&self, acting: &Acting) -> Duration {
        self.cloud.call_deadline(acting)
    }
}
