//! A cloud through which each changing call goes twice, one right after the other, as it would for somebody who does not look
//! before asking again. What can only be asked for once goes once: nobody repeats it (`lost.rs`).

use crate::through::Between;
use async_trait::async_trait;
use holdfast_cloud::{Acting, Cloud, Error};
use holdfast_domain::Account;
use holdfast_failover::run::Answer;
use holdfast_failover::{Change, Idempotency};
use std::collections::BTreeSet;
use std::sync::Mutex;

#[derive(Debug, Default)]
pub struct Twice {
    repeated: Mutex<BTreeSet<(String, String)>>,
}

impl Twice {
    /// Runs and their steps whose call was made twice.
    pub fn repeated(&self) -> BTreeSet<(String, String)> {
        self.repeated.lock().unwrap().clone()
    }
}

#[async_trait]
impl Between for Twice {
    async fn perform(
        &self,
        cloud: &dyn Cloud,
        account: &Account,
        acting: &Acting,
        change: &Change,
    ) -> Result<Answer, Error> {
        let answer = cloud.perform(account, acting, change).await;
        if answer.is_ok() && change.idempotency() != Idempotency::OneShot {
            // What the second one is told is nobody's business: the ledger says what it did.
            cloud.perform(account, acting, change).await.ok();
            self.repeated.lock().unwrap().insert((acting.run.to_string(), acting.step.to_string()));
        }
        answer
    }
}
