//! How many of the collector's calls are under way at once: in all, so that a sweep of many accounts does not starve the
//! machine, and per account, so that one large account does not use up its own APIs. Runs do not pass here: a failover
//! waits for no sweep.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(crate) struct Gate {
    all: Arc<Semaphore>,
    per_account: usize,
    accounts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// Given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _account: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub(crate) fn new(all: usize, per_account: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), per_account, accounts: Mutex::default() }
    }

    /// Waits for the account's own place first: whoever waits for that holds none of the common ones.
    pub(crate) async fn enter(&self, account: &str) -> Place {
        let own = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            match accounts.get(account) {
                Some(own) => own.clone(),
                None => accounts
                    .entry(account.to_owned())
                    .or_insert_with(|| Arc::new(Semaphore::new(self.per_account)))
                    .clone(),
            }
        };
        // Semaphores that nobody closes always give a place.
        let _account = own.acquire_owned().await.ok();
        Place { _account, _all: self.all.clone().acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn a_full_account_waits_and_holds_no_place_of_the_others() {
        let gate = Gate::new(3, 2);
        let _first = gate.enter("1").await;
        let second = gate.enter("1").await;
        assert!(gate.enter("1").now_or_never().is_none(), "two at once per account");
        let _other = gate.enter("2").await;
        assert!(gate.enter("3").now_or_never().is_none(), "three at once in all");
        drop(second);
        assert!(gate.enter("3").now_or_never().is_some());
    }
}
