//! Entries of a run's journal that the database has lost: it was promoted from a copy without the last commits, or put back from a
//! backup. Only whoever had read or written them knows; the journal itself is whole again one entry later.

use holdfast_domain::{Name, RunId};
use jiff::{SignedDuration, Timestamp};

/// So long it is told where Holdfast's own health is; on the run's page for ever.
pub const TOLD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

pub const WAY_OUT: &str = "No call is made again that has taken effect: each step looks before it acts. What people said in those entries (an approval, \
     a pause, a commit) is gone: read the run as it stands and say it again where it still holds. AWS's CloudTrail has its calls under the run's \
     id as the session's name. It does not happen behind a standby that is replicated to synchronously.";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub run: RunId,
    pub application: Name,
    /// The number of the last entry that is still there; 0: none is.
    pub kept: i64,
    /// That of the last one that was.
    pub known: i64,
    /// When that one was written, by the clock of the database that had it.
    pub known_at: Timestamp,
}

impl Gap {
    /// `known`: when each entry was written that somebody knows of; `there`: the same of those that are there. An entry that was
    /// lost is followed by others under its number, written later. `None`: nothing was lost, and there may be more.
    #[must_use]
    pub fn of(run: RunId, application: &Name, known: &[Timestamp], there: &[Timestamp]) -> Option<Self> {
        let kept = known.iter().zip(there).take_while(|(one, other)| one == other).count();
        let last = known.last().filter(|_| kept < known.len())?;
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Some(Self {
            run,
            application: application.clone(),
            kept: number(kept),
            known: number(known.len()),
            known_at: *last,
        })
    }

    #[must_use]
    pub fn lost(&self) -> i64 {
        self.known - self.kept
    }

    #[must_use]
    pub fn says(&self) -> String {
        let Self { kept, known, known_at, .. } = self;
        match (kept, self.lost()) {
            (0, lost) => format!(
                "The database has lost this run, with {lost} entries of its journal up to {known_at:.0}."
            ),
            (_, 1) => format!("The database has lost entry {known} of this run's journal, of {known_at:.0}."),
            (_, lost) => format!(
                "The database has lost {lost} entries of this run's journal, {} to {known}, the last of {known_at:.0}.",
                kept + 1
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{after, name};

    fn of(known: &[i64], there: &[i64]) -> Option<Gap> {
        let times = |seconds: &[i64]| seconds.iter().map(|s| after(*s)).collect::<Vec<_>>();
        Gap::of(RunId(uuid::Uuid::from_u128(1)), &name("shop"), &times(known), &times(there))
    }

    #[test]
    fn what_is_there_no_more_or_otherwise_is_lost_and_what_came_after_is_not() {
        assert_eq!(of(&[1, 2, 3], &[1, 2, 3]), None);
        assert_eq!(of(&[1, 2, 3], &[1, 2, 3, 4]), None, "somebody else went on");
        assert_eq!(of(&[], &[1]), None);
        for (known, there, kept) in [
            (&[1, 2, 3, 4][..], &[1, 2][..], 2),
            (&[1, 2, 3, 4], &[1, 2, 8, 9, 10], 2),
            (&[1, 2, 3, 4], &[1, 2, 8, 4], 2),
            (&[1, 2, 3, 4], &[], 0),
        ] {
            let gap = of(known, there).unwrap();
            assert_eq!((gap.kept, gap.known, gap.known_at), (kept, 4, after(4)), "{there:?}");
        }
    }

    #[test]
    fn it_says_which_entries_and_of_when() {
        let says = |known: &[i64], there: &[i64]| of(known, there).unwrap().says();
        let several = says(&[1, 2, 3, 4], &[1, 2]);
        assert!(several.contains("2 entries of this run's journal, 3 to 4, the last of "), "{several}");
        let one = says(&[1, 2], &[1]);
        assert!(one.contains("lost entry 2 of this run's journal"), "{one}");
        let all = says(&[1, 2], &[]);
        assert!(all.contains("has lost this run, with 2 entries"), "{all}");
    }
}
