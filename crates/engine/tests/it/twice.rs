//! A cloud through which each changing call goes twice, one right after the other, as it would for somebody who does not look
//! before asking again. What can only be asked for once goes once: nobody repeats it (`lost.rs`).

use async_trait::async_trait;
use holdfast_cloud::{
    Access, Acting, Cloud, Delivery, Error, Identity, Looked, OrganizationAccount, Settled,
};
use holdfast_domain::{Account, Facts, Missing, Need, RegionCode, Resource};
use holdfast_failover::run::Answer;
use holdfast_failover::{Change, Idempotency};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub struct TwiceCloud {
    cloud: Arc<dyn Cloud>,
    repeated: Mutex<BTreeSet<(String, String)>>,
}

impl TwiceCloud {
    pub fn new(cloud: Arc<dyn Cloud>) -> Self {
        Self { cloud, repeated: Mutex::default() }
    }

    /// Runs and their steps whose call was made twice.
    pub fn repeated(&self) -> BTreeSet<(String, String)> {
        self.repeated.lock().unwrap().clone()
    }
}

#[async_trait]
impl Cloud for TwiceCloud {
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
        self.cloud.observe(account, access, resource, regions).await
    }

    async fn perform(&self, account: &Account, acting: &Acting, change: &Change) -> Result<Answer, Error> {
        let answer = self.cloud.perform(account, acting, change).await;
        if answer.is_ok() && change.idempotency() != Idempotency::OneShot {
            // What the second one is told is nobody's business: the ledger says what it did.
            self.cloud.perform(account, acting, change).await.ok();
            self.repeated.lock().unwrap().insert((acting.run.to_string(), acting.step.to_string()));
        }
        answer
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
        self.cloud.settled(account, access, change, tracking).await
    }

    fn recall(&self, facts: &Facts) {
        self.cloud.recall(facts);
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

    fn call_deadline(&self, acting: &Acting) -> std::time::Duration {
        self.cloud.call_deadline(acting)
    }
}
