//! The port to the cloud: what the engine needs of AWS, in the domain's words. No AWS crate stands behind
//! these types, and no AWS type passes through them.

mod delivery;
mod error;

pub use delivery::Delivery;
pub use error::{Error, ErrorKind};

use async_trait::async_trait;
use holdfast_domain::{Account, Facts, RegionCode, Resource, ResourceKind, RunId, StepId};
use holdfast_failover::Change;
use holdfast_failover::run::Answer;
use std::collections::{BTreeMap, BTreeSet};

/// Under whose eyes a call is made. Decides the role, the session's name and what the session may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The collector: the account's read role, one cached session per account, narrowed to the looks at these kinds:
    /// those that the inventory has in the account.
    Read(BTreeSet<ResourceKind>),
    /// One step of a run: the account's act role, narrowed to the step's own actions.
    Act(Acting),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// The session's name.
    pub run: RunId,
    pub step: StepId,
    /// The source identity: the person's id or `trigger.NAME`; `[\w+=,.@-]`, 2 to 64 characters.
    pub source_identity: String,
    /// The worker's lease epoch; rides in the user agent.
    pub epoch: i64,
    pub direction: Direction,
    /// The step's call, from which the session policy is made. `None` for steps that only look: their sessions are
    /// narrowed to the kind of each resource that they look at.
    pub change: Option<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Do,
    Undo,
}

/// Who AWS says we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

/// What one look at a resource brought, Region by Region; a Region that could not be seen has its reason.
pub type Looked = BTreeMap<RegionCode, Result<Facts, Error>>;

/// Whether a change that AWS accepted has taken effect everywhere it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    Yes,
    /// Such as `PENDING`.
    NotYet(String),
    /// AWS does not know the tracking id (any more).
    NotKnown(String),
    /// AWS accepted it and then did not carry it out: by itself it will not come.
    Failed(String),
}

/// Implemented by `holdfast-aws`, and by small fakes in tests. Every method has its own deadline inside and
/// returns within it; none retries a changing call.
#[async_trait]
pub trait Cloud: Send + Sync + std::fmt::Debug {
    /// Assumes the role that `access` means and asks AWS who we are.
    async fn probe(&self, account: &Account, access: &Access) -> Result<Identity, Error>;

    /// Looks at one resource in these Regions. One dead Region does not delay the others beyond its own deadline.
    async fn observe(
        &self,
        account: &Account,
        access: &Access,
        resource: &Resource,
        regions: &[RegionCode],
    ) -> Looked;

    /// Makes the one changing call. `Error::outcome_unknown` tells "it may have happened" from "it did not".
    async fn perform(&self, account: &Account, acting: &Acting, change: &Change) -> Result<Answer, Error>;

    /// Posts one signed webhook, once, within [`Cloud::call_deadline`]; errors as those of [`Cloud::perform`]. That a
    /// receiver was at fault (5xx) may pass: the same id does no harm twice.
    async fn deliver(&self, delivery: &Delivery) -> Result<Answer, Error>;

    /// Asks after an accepted change by the tracking id of its answer.
    async fn settled(
        &self,
        account: &Account,
        access: &Access,
        change: &Change,
        tracking: &str,
    ) -> Result<Settled, Error>;

    /// Takes in what was seen of a resource before, by this process or by one that is gone. Some of it only a Region
    /// that may be dark by now can tell, and is needed to go on without it.
    fn recall(&self, _facts: &Facts) {}

    /// How long `perform` may take at most; an answer cannot come later.
    fn call_deadline(&self) -> std::time::Duration;
}
