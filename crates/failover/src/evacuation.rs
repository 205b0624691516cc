//! Evacuating a Region: one request, every application with a foot in it, each moved by an ordinary run of its own.
//! The lot is frozen under one digest, approved once, and started wave by wave. Its own journal holds what concerns the
//! lot alone; how far it is follows from that and from the states of its runs, which have theirs.

mod commit;
mod decide;
mod foot;
mod homeward;
mod next;
mod replay;
mod waves;

pub use commit::{Word, word};
pub use decide::Decided;
pub use foot::{Foot, foot};
pub use homeward::homeward;
pub use next::{Next, State, as_part};
pub use waves::{Ordered, Waves, waves};

use crate::approval::Review;
use crate::break_glass::UnderBreakGlass;
use crate::digest::Digest;
use crate::movement::{Intent, Mode};
use crate::refusal::Refusal;
use crate::run::{RunState, Who};
use holdfast_domain::{EvacuationId, Name, RegionCode, RunId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Runs of the lot that may move at once, where the request does not say.
pub const CONCURRENCY: u16 = 8;
/// The most that a request may ask for: beyond it the workers' own limit holds anyway.
pub const MOST_AT_ONCE: u16 = 64;

/// Which way a lot moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Out of the Region.
    #[default]
    Out,
    /// Home to it: what is at home there and was moved away, and the part of what is active in several Regions.
    Home,
}

impl Direction {
    #[must_use]
    pub fn is_out(&self) -> bool {
        *self == Self::Out
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Home => "home",
        }
    }
}

/// What was asked for, frozen. `digest` covers the Region, the mode, the waves with each run's own digest, what is left
/// out, and the rules by which the lot is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub region: RegionCode,
    #[serde(default, skip_serializing_if = "Direction::is_out")]
    pub direction: Direction,
    pub mode: Mode,
    /// In order. No wave is empty.
    pub waves: Vec<Vec<Part>>,
    /// Applications with a foot in the Region that this evacuation does not move, and why.
    pub left_out: Vec<LeftOut>,
    /// Applications that depend on each other in a circle, and so share a wave.
    pub circles: Vec<Vec<Name>>,
    pub concurrency: u16,
    /// Whether a wave that did not go well holds the next ones until a person says go on.
    pub stop_on_failure: bool,
    pub dry_run: bool,
    pub digest: Digest,
    pub by: Who,
    pub reason: String,
    pub incident: Option<String>,
    /// The shortest of its policies'.
    pub expires_after_seconds: u32,
}

/// One application's part: a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub application: Name,
    pub run: RunId,
    pub intent: Intent,
    pub to: RegionCode,
    /// The run's own.
    pub digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub application: Name,
    pub because: Refusal,
}

/// One entry of the evacuation's journal, without its number and time. Stored names: a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    Requested {
        request: Box<Request>,
    },
    Approved {
        review: Review,
        digest: Digest,
    },
    ApprovalWithdrawn {
        by: Who,
    },
    Denied {
        by: Who,
        comment: Option<String>,
    },
    Expired,
    /// Somebody starts it without the approvals that its parts wait for: so is each of them marked.
    BreakGlass {
        under: UnderBreakGlass,
    },
    /// Every part's policy is met, or the glass was broken; the first wave may begin.
    Started,
    /// The turn of these came.
    TurnCame {
        runs: Vec<RunId>,
    },
    /// A person lets the next waves begin although this one (from 1) did not go well.
    WentOn {
        by: Who,
        wave: usize,
        reason: String,
    },
    /// A person says of these, which waited for it, that what they have done stays.
    Committed {
        by: Who,
        comment: Option<String>,
        runs: Vec<RunId>,
    },
    /// No further part begins. What is under way goes on as the run that it is.
    Cancelled {
        by: Who,
        reason: String,
    },
    /// Nothing is left to do.
    Completed {
        exceptions: Vec<String>,
    },
    /// After a cancellation, or with every part taken out before the start: the last part is over.
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: i64,
    pub at: Timestamp,
    pub event: Event,
}

/// How the parts stand, by their runs.
pub type Parts = BTreeMap<RunId, RunState>;

/// An evacuation as its journal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evacuation {
    pub id: EvacuationId,
    pub request: Request,
    pub seq: i64,
    pub reviews: Vec<Review>,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
    /// Under which break-glass it was started without approvals.
    pub break_glass: Option<Box<UnderBreakGlass>>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The runs whose turn has come.
    pub turned: BTreeSet<RunId>,
    /// Waves (from 1) that a person has gone on from.
    pub went_on: BTreeSet<usize>,
    /// The runs that were committed with the lot.
    pub committed: BTreeSet<RunId>,
    pub cancelled: Option<(Who, String)>,
    /// The state in which it ended, and how in a sentence.
    pub ending: Option<(State, String)>,
}

/// What an approval of the lot covers.
#[derive(Serialize)]
struct Covered<'a> {
    region: &'a RegionCode,
    /// Absent of lots that leave it.
    #[serde(skip_serializing_if = "Direction::is_out")]
    direction: Direction,
    mode: Mode,
    waves: Vec<Vec<(&'a Name, &'a Digest)>>,
    left_out: Vec<&'a Name>,
    concurrency: u16,
    stop_on_failure: bool,
    dry_run: bool,
}

impl Request {
    /// The digest of what the request holds now.
    ///
    /// # Errors
    /// `not_canonical` when it has no canonical JSON form, which nothing in it can bring about.
    pub fn digest_now(&self) -> Result<Digest, Refusal> {
        let covered = Covered {
            region: &self.region,
            direction: self.direction,
            mode: self.mode,
            waves: self
                .waves
                .iter()
                .map(|wave| wave.iter().map(|part| (&part.application, &part.digest)).collect())
                .collect(),
            left_out: self.left_out.iter().map(|left| &left.application).collect(),
            concurrency: self.concurrency,
            stop_on_failure: self.stop_on_failure,
            dry_run: self.dry_run,
        };
        Digest::of(&covered).map_err(|e| {
            Refusal::new(
                "not_canonical",
                format!("The evacuation cannot be written as canonical JSON: {e}."),
                "Ask for it anew.",
            )
        })
    }

    /// Every part, in the order in which their turns come.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.waves.iter().flatten()
    }
}

#[cfg(test)]
mod tests;
