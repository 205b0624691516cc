//! A cloud behind which a process dies: at each moment of each step once, the way a `kill -9` would end it. Before a call
//! leaves, once its effect has landed and before anybody has read the answer, around every look.

use crate::through::Between;
use async_trait::async_trait;
use holdfast_cloud::{Access, Acting, Cloud, Error, Looked, Settled};
use holdfast_domain::{Account, RegionCode, Resource};
use holdfast_failover::Change;
use holdfast_failover::run::Answer;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// Where in a step a process can die, told from outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing of the step is in the journal, or what a look before it told.
    BeforeALook,
    /// What was seen, and decided from it, is not in the journal yet.
    AfterALook,
    /// The intent is in the journal; nothing has left.
    BeforeTheCall,
    /// It has taken effect, and its answer is not in the journal.
    AfterTheCall,
    /// It was answered. The answer is in the journal, or was held to be written with what comes next and dies too.
    BeforeAnEffectIsSeen,
    AfterAnEffectWasSeen,
    BeforeAskingAfterTheCall,
    AfterAskingAfterTheCall,
}

/// What all lives have died of, so that each dies of something new.
#[derive(Debug, Default)]
pub struct Deaths {
    of: Mutex<BTreeSet<(String, Moment)>>,
    called: Mutex<BTreeSet<String>>,
    /// The steps that they die of; all where nothing is said.
    within: Option<BTreeSet<String>>,
}

impl Deaths {
    pub fn within(steps: BTreeSet<String>) -> Self {
        Self { within: Some(steps), ..Self::default() }
    }

    pub fn all(&self) -> BTreeSet<(String, Moment)> {
        self.of.lock().unwrap().clone()
    }
}

#[derive(Debug)]
pub struct Mortal {
    deaths: Arc<Deaths>,
    dead: AtomicBool,
    died: Arc<Notify>,
}

impl Mortal {
    /// `died` is told once, at the moment of death; nothing goes on after it.
    pub fn new(deaths: Arc<Deaths>, died: Arc<Notify>) -> Self {
        Self { deaths, dead: AtomicBool::new(false), died }
    }

    async fn pass(&self, acting: &Acting, moment: Moment) {
        let dies = {
            let mut deaths = self.deaths.of.lock().unwrap();
            let alive = !self.dead.load(Ordering::SeqCst)
                && self.deaths.within.as_ref().is_none_or(|steps| steps.contains(acting.step.as_str()));
            let dies = alive && deaths.insert((acting.step.to_string(), moment));
            if dies {
                self.dead.store(true, Ordering::SeqCst);
            }
            dies
        };
        if dies {
            self.died.notify_one();
        }
        // The other steps of a dead process go no further either.
        if self.dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    async fn pass_look(&self, access: &Access, before: bool) {
        // `ask-role` is beside the run, and no step.
        let Access::Act(acting) = access else { return };
        if acting.step.as_str() == "ask-role" {
            return;
        }
        let called = self.deaths.called.lock().unwrap().contains(acting.step.as_str());
        let moment = match (called, before) {
            (false, true) => Moment::BeforeALook,
            (false, false) => Moment::AfterALook,
            (true, true) => Moment::BeforeAnEffectIsSeen,
            (true, false) => Moment::AfterAnEffectWasSeen,
        };
        self.pass(acting, moment).await;
    }
}

#[async_trait]
impl Between for Mortal {
    async fn observe(
        &self,
        cloud: &dyn Cloud,
        account: &Account,
        access: &Access,
        resource: &Resource,
        regions: &[RegionCode],
    ) -> Looked {
        self.pass_look(access, true).await;
        let looked = cloud.observe(account, access, resource, regions).await;
        self.pass_look(access, false).await;
        looked
    }

    async fn perform(
        &self,
        cloud: &dyn Cloud,
        account: &Account,
        acting: &Acting,
        change: &Change,
    ) -> Result<Answer, Error> {
        self.pass(acting, Moment::BeforeTheCall).await;
        let answer = cloud.perform(account, acting, change).await;
        self.deaths.called.lock().unwrap().insert(acting.step.to_string());
        self.pass(acting, Moment::AfterTheCall).await;
        answer
    }

    async fn settled(
        &self,
        cloud: &dyn Cloud,
        account: &Account,
        access: &Access,
        change: &Change,
        tracking: &str,
    ) -> Result<Settled, Error> {
        if let Access::Act(acting) = access {
            self.pass(acting, Moment::BeforeAskingAfterTheCall).await;
        }
        let settled = cloud.settled(account, access, change, tracking).await;
        if let Access::Act(acting) = access {
            self.pass(acting, Moment::AfterAskingAfterTheCall).await;
        }
        settled
    }
}
