//! The port to the cloud: what the engine needs of AWS, in the domain's words. No AWS crate stands behind
//! these types, and no AWS type passes through them.

mod delivery;
mod error;

pub use delivery::Delivery;
pub use error::{Error, ErrorKind};

use async_trait::async_trait;
use holdfast_domain::{Account, Facts, Missing, Need, RegionCode, Resource, ResourceKind, RunId, StepId};
use holdfast_failover::Change;
use holdfast_failover::run::Answer;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Under whose eyes a call is made. Decides the role, the session's name and what the session may do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made once a look; a box would only move the step's call")]
pub enum Access {
    /// The collector: the account's read role, one cached session per account, narrowed to the looks at these kinds:
    /// those that the inventory has in the account.
    Read(BTreeSet<ResourceKind>),
    /// The collector asking an account about itself: the read role, narrowed to those questions.
    Survey,
    /// The collector trying whether a step could have its session: the act role, with all that marks a step's session, and
    /// nothing allowed.
    Rehearsal,
    /// The collector trying what must be refused: one of the roles without its external id, as anybody would who knows no
    /// more than the ARN and has found a way to have us ask for them.
    WithoutExternalId { acts: bool },
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
    /// How often a person has had the step tried again: an automatic repeat is the same call to AWS, a person's a new one.
    pub retries: u32,
    pub direction: Direction,
    /// How long the step may take. A call that answers only when it is done, such as a function of one's own, may take
    /// as long.
    pub timeout: Duration,
    /// The step's call, from which the session policy is made. `None` for steps that only look: their sessions are
    /// narrowed to the kind of each resource that they look at.
    pub change: Option<Change>,
}

impl Acting {
    /// The client token of the step's call, for services that answer a second call with the same token as they answered
    /// the first. In the form of a UUID, which all of them take.
    #[must_use]
    pub fn token(&self) -> String {
        let way = match self.direction {
            Direction::Do => "do",
            Direction::Undo => "undo",
        };
        let digest = Sha256::digest(format!("{}/{}/{way}/{}", self.run, self.step, self.retries));
        let hex = hex::encode(digest);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Do,
    Undo,
}

/// What time AWS said that it was, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardClock {
    pub said: Timestamp,
    pub ago: Duration,
}

/// Who AWS says we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

/// An account of the organization that one of ours is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationAccount {
    /// Twelve digits, as AWS gives them.
    pub id: String,
    pub name: String,
    /// `ACTIVE`, `SUSPENDED` or `PENDING_CLOSURE`.
    pub status: String,
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

    /// Posts one signed webhook, once, within its step's [`Cloud::call_deadline`]; errors as those of [`Cloud::perform`]. That a
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

    /// The last time that AWS told; `None`: it has told none.
    fn heard_clock(&self) -> Option<HeardClock> {
        None
    }

    /// The accounts of the organization that this account administers; `Denied` for every other account.
    async fn organization(&self, account: &Account) -> Result<Vec<OrganizationAccount>, Error>;

    /// The actions that one of the account's roles (`acts`: the act role) will be asked for, where it is needed for this,
    /// and that its policies do not allow.
    async fn missing_permissions(
        &self,
        account: &Account,
        acts: bool,
        needs: &BTreeSet<Need>,
    ) -> Result<Vec<Missing>, Error>;

    /// How long the call of such a step may take at most; an answer cannot come later.
    fn call_deadline(&self, acting: &Acting) -> Duration;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_for_every_repeat_but_a_persons() {
        let acting = |step: &str, epoch, retries| Acting {
            run: RunId(Default::default()),
            step: StepId::parse(step).unwrap(),
            source_identity: "operator@example.com".into(),
            epoch,
            retries,
            direction: Direction::Do,
            timeout: Duration::from_secs(60),
            change: None,
        };
        let token = acting("build-platform", 7, 0).token();
        assert_eq!(token.len(), 36);
        assert_eq!(token, acting("build-platform", 8, 0).token());
        assert_ne!(token, acting("build-platform", 7, 1).token());
        assert_ne!(token, acting("build-other", 7, 0).token());
    }
}
