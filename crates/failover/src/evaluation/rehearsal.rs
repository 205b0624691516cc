//! Verified or not: whether what would be carried out today is what was rehearsed, not too long ago, and still looks
//! well. Whatever is not known makes it not verified.

use super::{Evaluation, Outcome};
use crate::digest::Digest;
use crate::refusal::Refusal;
use holdfast_domain::RunId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a rehearsal counts, in days, by the application's tier: tier 1 first.
pub const MAX_AGE_DAYS: [i64; 4] = [90, 180, 365, 365];

/// The last run that proved the plan: a failover that completed without exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    pub run: RunId,
    pub at: Timestamp,
    /// What its plan was made from; `None`: plans were not kept then.
    pub basis: Option<Digest>,
}

/// The plan as it stands today, of the same way as the rehearsal's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub version: i32,
    pub basis: Digest,
    pub made_by: String,
    pub made_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub verified: bool,
    /// Why not, each with its way out; empty only when it is.
    pub reasons: Vec<Refusal>,
    pub rehearsed_at: Option<Timestamp>,
    pub rehearsed_by: Option<RunId>,
}

#[must_use]
pub fn verification(
    tier: u8,
    rehearsal: Option<&Rehearsal>,
    standing: Option<&Standing>,
    evaluation: Option<(&Evaluation, Timestamp)>,
    now: Timestamp,
) -> Verification {
    let mut reasons = Vec::new();
    let mut because = |code: &str, sentence: String, way_out: &str| {
        reasons.push(Refusal::new(code, sentence, way_out));
    };
    match rehearsal {
        None => because(
            "never_rehearsed",
            "No failover of it has completed yet.".into(),
            "Rehearse it: a planned failover and the way back.",
        ),
        Some(rehearsal) => {
            let days = MAX_AGE_DAYS.get(usize::from(tier.clamp(1, 4)) - 1).copied().unwrap_or(90);
            if now.duration_since(rehearsal.at) > SignedDuration::from_hours(24 * days) {
                because(
                    "rehearsal_old",
                    format!(
                        "It was last rehearsed at {:.0}; in tier {tier} that counts for {days} days.",
                        rehearsal.at
                    ),
                    "Rehearse it again.",
                );
            }
            match (standing, &rehearsal.basis) {
                (Some(standing), Some(basis)) if standing.basis == *basis => {}
                (Some(standing), Some(_)) => because(
                    "edited_since",
                    format!(
                        "The plan was changed after the last rehearsal: version {} by {} at {:.0}.",
                        standing.version, standing.made_by, standing.made_at
                    ),
                    "Rehearse what the plan is now.",
                ),
                (None, _) => because(
                    "no_plan",
                    "There is no plan of the way that was rehearsed.".into(),
                    "Look at the plan's evaluation: it says why none could be made.",
                ),
                (Some(_), None) => because(
                    "edited_since",
                    "Which plan was rehearsed is not known: none was kept then.".into(),
                    "Rehearse it again.",
                ),
            }
        }
    }
    match (Evaluation::now(evaluation, now), evaluation) {
        (Outcome::Good, _) => {}
        (Outcome::Failed, Some((evaluation, _))) => because(
            "evaluation_failed",
            format!(
                "The last evaluation of its plans failed: {}",
                evaluation.checks.first().map_or("see there", |check| check.sentence.as_str())
            ),
            "Mend what the evaluation names, or waive what may be waived.",
        ),
        (_, Some((evaluation, at))) => because(
            "evaluation_unknown",
            match evaluation.checks.first() {
                Some(check) if evaluation.outcome == Outcome::Unknown => {
                    format!("Not everything could be evaluated: {}", check.sentence)
                }
                _ => format!("The last evaluation of its plans is of {at:.0}, which is too long ago."),
            },
            "Have it evaluated again; is a worker running?",
        ),
        (_, None) => because(
            "evaluation_unknown",
            "Its plans were not evaluated yet.".into(),
            "Wait for the next evaluation, or ask for one.",
        ),
    }
    Verification {
        verified: reasons.is_empty(),
        reasons,
        rehearsed_at: rehearsal.map(|r| r.at),
        rehearsed_by: rehearsal.map(|r| r.run),
    }
}
