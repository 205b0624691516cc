//! The plane lint: what a plan needs beside the Region that it moves to. Each form is linted by itself: an emergency
//! should need neither the Region being left nor the control planes that AWS runs in one Region only; a planned move
//! may need both, which is said.

use super::{PlanKey, Sheet};
use crate::change::Change;
use crate::movement::{Intent, Mode, Movement};
use crate::step::{Step, Work};
use holdfast_domain::{Application, RegionCode, StepId, Strategy, Waiver};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// What a finding means for the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lint {
    /// Said, and no more.
    Note,
    /// Somebody answers for it by name, until a date that has not come.
    Waived,
    Failed,
}

impl Lint {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Waived => "waived",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintFinding {
    pub mode: Mode,
    pub step: StepId,
    /// What it is about, where that is a resource: a waiver may name it instead of the step.
    pub resource: Option<holdfast_domain::Name>,
    /// `service@region`.
    pub plane: String,
    pub lint: Lint,
    pub sentence: String,
    pub way_out: String,
    /// The waiver that covers it, in time or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
}

/// What both forms of a plan need that they should not.
#[must_use]
pub fn lint(sheet: &Sheet, key: &PlanKey, application: &Application, now: Timestamp) -> Vec<LintFinding> {
    let modes = [Mode::Planned, Mode::Emergency].into_iter();
    modes
        .flat_map(|mode| needed_planes(sheet.form(mode).steps(), &key.movement(mode), application, now))
        .collect()
}

/// The same of the steps of one movement.
#[must_use]
pub fn needed_planes(
    steps: &[Step],
    movement: &Movement,
    application: &Application,
    now: Timestamp,
) -> Vec<LintFinding> {
    // Bringing an active-active Region back takes none out.
    let back = movement.intent == Intent::Failback && application.strategy == Strategy::ActiveActive;
    let leaving = (!back).then_some(&movement.from);
    steps
        .iter()
        .filter(|step| matches!(step.work, Work::Call { .. }))
        .filter_map(|step| finding(step, movement.mode, leaving, application, now))
        .collect()
}

fn finding(
    step: &Step,
    mode: Mode,
    leaving: Option<&RegionCode>,
    application: &Application,
    now: Timestamp,
) -> Option<LintFinding> {
    let plane = &step.plane;
    let left = leaving.is_some_and(|from| plane.ends_with(&format!("@{from}")));
    let single = step.change().is_some_and(is_of_one_region);
    let of = |lint, sentence: String, way_out: &str, waiver| LintFinding {
        mode,
        step: step.id.clone(),
        resource: step.resource.clone(),
        plane: plane.clone(),
        lint,
        sentence,
        way_out: way_out.to_owned(),
        waiver,
    };
    if mode == Mode::Planned {
        return left.then(|| {
            let sentence = format!("`{}` needs {plane}, in the Region being left.", step.id);
            of(Lint::Note, sentence, "A planned move may need both Regions.", None)
        });
    }
    if !left && !single {
        return None;
    }
    let mut waivers = application.waivers.iter().filter(|w| covers(w, step)).cloned().collect::<Vec<_>>();
    waivers.sort_by_key(|w| std::cmp::Reverse(w.review_on));
    let waiver = waivers.into_iter().next();
    Some(match waiver {
        Some(w) if is_in_time(&w, now) => of(
            Lint::Waived,
            format!(
                "`{}` needs {plane}, waived by {} until {}: {}.",
                step.id,
                w.by,
                w.review_on,
                w.reason.trim_end_matches('.')
            ),
            "Look at it again by its review date.",
            Some(w),
        ),
        Some(w) => of(
            Lint::Failed,
            format!(
                "`{}` needs {plane}, and the waiver of {} was to be reviewed on {}.",
                step.id, w.by, w.review_on
            ),
            "Review the waiver and give it a new date, or mend the plan.",
            Some(w),
        ),
        None => {
            let what = if single { "a control plane in one Region" } else { "in the Region being left" };
            of(
                Lint::Failed,
                format!("`{}` needs {plane}, {what}: it may be out of reach in an emergency.", step.id),
                "Move traffic by what needs no such plane (routing controls, health checks, an accelerator's own \
                 failover), or waive it by name with a reason and a review date.",
                None,
            )
        }
    })
}

/// Changed through a control plane that AWS runs in one Region for all.
fn is_of_one_region(change: &Change) -> bool {
    matches!(
        change,
        Change::ReplaceRecords { .. }
            | Change::SetRecordEndpoint { .. }
            | Change::SetHealthCheck { .. }
            | Change::SetPrimaryOrigins { .. }
            | Change::SetAcceleratorGroup { .. }
    )
}

fn covers(waiver: &Waiver, step: &Step) -> bool {
    waiver.plane == step.plane
        && (step.resource.as_ref() == Some(&waiver.step) || step.id.as_str() == waiver.step.as_str())
}

/// Through the day of its review, wherever that day ends last.
#[must_use]
pub fn is_in_time(waiver: &Waiver, now: Timestamp) -> bool {
    now.to_zoned(TimeZone::UTC).date() <= waiver.review_on
}
