//! Whether an application's plans would work if they were carried out now, and whether that was ever rehearsed. What is
//! looked at is what readiness found (roles, permissions, resources, capacity, quotas), the plans themselves, the edits
//! over them, and the plane lint. An evaluation has a time, and past that time it says nothing.

mod rehearsal;

pub use rehearsal::{MAX_AGE_DAYS, Rehearsal, Standing, Verification, verification};

use crate::plan::edit::{Edit, Misfit};
use crate::plan::sheet::{Lint, PlanKey, Sheet, lint};
use crate::readiness::{Finding, Severity};
use holdfast_domain::Application;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Plans are looked over at least this often.
pub const EVERY: SignedDuration = SignedDuration::from_mins(30);
/// From then on what was found is not known any more: two evaluations did not come.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_mins(65);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Good,
    /// Something could not be told, or the evaluation is too old.
    Unknown,
    Failed,
}

impl Outcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// What a check is about. Stored and shown: a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Role,
    Permission,
    Resource,
    Capacity,
    Quota,
    /// The plan itself: whether one can be made, and whether the edits fit it.
    Plan,
    /// The plane lint.
    Plane,
    /// Whatever else readiness looks at.
    Readiness,
}

impl Topic {
    pub const ALL: [Self; 8] = [
        Self::Role,
        Self::Permission,
        Self::Resource,
        Self::Capacity,
        Self::Quota,
        Self::Plan,
        Self::Plane,
        Self::Readiness,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Permission => "permission",
            Self::Resource => "resource",
            Self::Capacity => "capacity",
            Self::Quota => "quota",
            Self::Plan => "plan",
            Self::Plane => "plane",
            Self::Readiness => "readiness",
        }
    }

    /// Of a finding of readiness, by its code.
    fn of(code: &str) -> Self {
        match code {
            "permission_missing" | "permissions_not_known" => Self::Permission,
            "unsafe_trust" => Self::Role,
            "picture_stale" | "not_seen" | "part_not_seen" | "no_resources" => Self::Resource,
            code if code.starts_with("role_") => Self::Role,
            code if code.contains("quota") => Self::Quota,
            code if code.ends_with("_missing") => Self::Resource,
            code if ["capacity_", "ceiling_", "recovery_size", "standby_", "active_region_empty"]
                .iter()
                .any(|part| code.contains(part)) =>
            {
                Self::Capacity
            }
            _ => Self::Readiness,
        }
    }
}

/// One thing that stands against the plans, or that could not be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub topic: Topic,
    pub outcome: Outcome,
    /// Which of the application's ways it is about; `None`: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanKey>,
    pub sentence: String,
    pub way_out: String,
}

/// What was found of all plans of one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    pub outcome: Outcome,
    /// Worst first.
    pub checks: Vec<Check>,
    /// Waivers that hold a failed lint back, and what planned moves need: said, and no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Evaluation {
    /// One thing more, in its place.
    pub fn add(&mut self, check: Check) {
        self.outcome = self.outcome.max(check.outcome);
        let at = self.checks.iter().position(|c| c.outcome < check.outcome).unwrap_or(self.checks.len());
        self.checks.insert(at, check);
    }

    /// What it says now of an evaluation made at `at`.
    #[must_use]
    pub fn now(of: Option<(&Self, Timestamp)>, now: Timestamp) -> Outcome {
        match of {
            Some((evaluation, at)) if now.duration_since(at) <= STALE_AFTER => evaluation.outcome,
            // Never made, or too old.
            Some(_) | None => Outcome::Unknown,
        }
    }
}

/// One plan as it is evaluated: whether it can be gone now, in which form, and with which edits.
#[derive(Debug, Clone, Copy)]
pub struct Evaluated<'a> {
    pub key: &'a PlanKey,
    pub sheet: &'a Sheet,
    pub edits: &'a [Edit],
    pub misfits: &'a [Misfit],
    /// The way could be gone from where the application is now; of any other the refusals say nothing.
    pub passable: bool,
}

#[must_use]
pub fn evaluate(
    application: &Application,
    plans: &[Evaluated<'_>],
    findings: &[Finding],
    now: Timestamp,
) -> Evaluation {
    let mut checks = Vec::new();
    let mut notes = Vec::new();
    for finding in findings {
        let outcome = match finding.severity {
            Severity::Blocker => Outcome::Failed,
            Severity::Unknown => Outcome::Unknown,
            // A quota that the plan would run into is found out at the worst moment.
            Severity::Warning if Topic::of(&finding.code) == Topic::Quota => Outcome::Failed,
            Severity::Warning | Severity::Note => continue,
        };
        checks.push(Check {
            topic: Topic::of(&finding.code),
            outcome,
            plan: None,
            sentence: finding.sentence.clone(),
            way_out: finding.way_out.clone(),
        });
    }
    for plan in plans {
        let about = |topic, sentence: String, way_out: &str| Check {
            topic,
            outcome: Outcome::Failed,
            plan: Some(plan.key.clone()),
            sentence,
            way_out: way_out.to_owned(),
        };
        if plan.passable {
            for form in [&plan.sheet.planned, &plan.sheet.emergency] {
                if let Some(refusal) = form.refusal() {
                    checks.push(about(Topic::Plan, refusal.sentence.clone(), &refusal.way_out));
                }
            }
        }
        for misfit in plan.misfits {
            let edit = plan.edits.get(misfit.edit).map(ToString::to_string).unwrap_or_default();
            let sentence = format!("An edit no longer applies, {edit}: {}", misfit.sentence);
            checks.push(about(Topic::Plan, sentence, &misfit.way_out));
        }
        for found in lint(plan.sheet, plan.key, application, now) {
            match found.lint {
                Lint::Failed => checks.push(about(Topic::Plane, found.sentence, &found.way_out)),
                Lint::Waived | Lint::Note => notes.push(found.sentence),
            }
        }
    }
    // Several plans may say the same.
    checks.sort_by(|a, b| {
        (b.outcome, a.topic, &a.sentence, &a.plan).cmp(&(a.outcome, b.topic, &b.sentence, &b.plan))
    });
    checks.dedup_by(|b, a| (a.topic, a.outcome, &a.sentence) == (b.topic, b.outcome, &b.sentence));
    notes.sort();
    notes.dedup();
    let outcome = checks.iter().map(|c| c.outcome).max().unwrap_or(Outcome::Good);
    Evaluation { outcome, checks, notes }
}

#[cfg(test)]
mod tests;
