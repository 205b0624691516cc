//! From journal to evacuation. An entry that was not legal when it was written makes the journal corrupt.

use super::{Entry, Evacuation, Event, Request, State};
use crate::run::Corrupt;
use holdfast_domain::EvacuationId;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

impl Evacuation {
    /// # Errors
    /// [`Corrupt`] with the first entry that cannot be.
    pub fn replay(id: EvacuationId, entries: &[Entry]) -> Result<Self, Corrupt> {
        let corrupt = |seq, reason: &str| Corrupt { seq, reason: reason.to_owned() };
        let (first, rest) = entries.split_first().ok_or_else(|| corrupt(1, "the journal is empty"))?;
        let Event::Requested { request } = &first.event else {
            return Err(corrupt(first.seq, "the journal does not begin with the request"));
        };
        if first.seq != 1 {
            return Err(corrupt(first.seq, "the journal does not begin at 1"));
        }
        let mut evacuation = Self::begun(id, (**request).clone(), first.at);
        for entry in rest {
            evacuation.apply(entry)?;
        }
        Ok(evacuation)
    }

    fn begun(id: EvacuationId, request: Request, at: Timestamp) -> Self {
        let expires = SignedDuration::from_secs(i64::from(request.expires_after_seconds));
        Self {
            id,
            request,
            seq: 1,
            reviews: Vec::new(),
            requested_at: at,
            expires_at: at.checked_add(expires).unwrap_or(Timestamp::MAX),
            break_glass: None,
            started_at: None,
            ended_at: None,
            turned: BTreeSet::new(),
            went_on: BTreeSet::new(),
            committed: BTreeSet::new(),
            cancelled: None,
            ending: None,
        }
    }

    /// # Errors
    /// [`Corrupt`] when the entry cannot follow.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Corrupt> {
        let corrupt = |reason: String| Corrupt { seq: entry.seq, reason };
        if entry.seq != self.seq + 1 {
            return Err(corrupt(format!("entry {} was expected", self.seq + 1)));
        }
        let decided = matches!(
            entry.event,
            Event::Approved { .. }
                | Event::ApprovalWithdrawn { .. }
                | Event::Denied { .. }
                | Event::Expired
                | Event::BreakGlass { .. }
                | Event::Started
        );
        let carried_out =
            matches!(entry.event, Event::TurnCame { .. } | Event::WentOn { .. } | Event::Committed { .. });
        let twice = matches!(entry.event, Event::Requested { .. });
        if twice || self.ended_at.is_some() || (decided && self.started_at.is_some()) {
            return Err(corrupt("it comes too late".into()));
        }
        if carried_out && self.started_at.is_none() {
            return Err(corrupt("nothing had started".into()));
        }
        self.take(&entry.event, entry.at);
        self.seq = entry.seq;
        Ok(())
    }

    pub(super) fn take(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Requested { .. } => {}
            Event::BreakGlass { under } => self.break_glass = Some(Box::new(under.clone())),
            Event::TurnCame { runs } => self.turned.extend(runs),
            Event::Approved { review, .. } => {
                self.reviews.retain(|r| r.person != review.person);
                self.reviews.push(review.clone());
            }
            Event::ApprovalWithdrawn { by } => self.reviews.retain(|r| r.person != by.id),
            Event::Denied { by, comment } => {
                let comment = comment.as_deref().map(|c| format!(": {c}")).unwrap_or_default();
                self.end(State::Denied, at, format!("Denied by {}{comment}", by.email));
            }
            Event::Expired => {
                self.end(State::Expired, at, "The approvals did not come in time.".into());
            }
            Event::Started => self.started_at = Some(at),
            Event::WentOn { wave, .. } => {
                self.went_on.insert(*wave);
            }
            Event::Committed { runs, .. } => self.committed.extend(runs),
            Event::Cancelled { by, reason } => {
                self.cancelled = Some((by.clone(), reason.clone()));
                if self.started_at.is_none() {
                    self.end(State::Cancelled, at, format!("Cancelled by {}: {reason}", by.email));
                }
            }
            Event::Completed { exceptions } if exceptions.is_empty() => {
                // Nobody has looked at the Region itself.
                let ending = if self.request.dry_run {
                    "Every part was rehearsed; nothing was moved.".into()
                } else {
                    let way = if self.request.direction.is_out() { "leave" } else { "come home to" };
                    format!("Every part that was to {way} {} has completed.", self.request.region)
                };
                self.end(State::Completed, at, ending);
            }
            Event::Completed { exceptions } => {
                let ending = format!("Not moved as planned: {}.", exceptions.join("; "));
                self.end(State::CompletedWithExceptions, at, ending);
            }
            Event::Ended => {
                let ending = match &self.cancelled {
                    Some((by, reason)) => format!("The rest was cancelled by {}: {reason}", by.email),
                    None => "Every part was taken out of it before it began.".into(),
                };
                self.end(State::Cancelled, at, ending);
            }
        }
    }

    fn end(&mut self, state: State, at: Timestamp, ending: String) {
        self.ended_at = Some(at);
        self.ending = Some((state, ending));
    }
}

impl Event {
    /// Its `kind` as stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Approved { .. } => "approved",
            Self::ApprovalWithdrawn { .. } => "approval_withdrawn",
            Self::Denied { .. } => "denied",
            Self::Expired => "expired",
            Self::BreakGlass { .. } => "break_glass",
            Self::Started => "started",
            Self::TurnCame { .. } => "turn_came",
            Self::WentOn { .. } => "went_on",
            Self::Committed { .. } => "committed",
            Self::Cancelled { .. } => "cancelled",
            Self::Completed { .. } => "completed",
            Self::Ended => "ended",
        }
    }
}
