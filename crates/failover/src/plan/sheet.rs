//! A plan as it is kept: what is generated from strategy and inventory with the edits over it, in both of its forms,
//! without what only tells how things stand at the moment. Two sheets that would do the same have the same digest.
//!
//! A sheet is never carried out: a run plans again from what is seen then, and its own digest is what is approved.

mod compare;
mod lint;

pub use compare::{Compared, FieldChange, StepChange, compare};
pub use lint::{Lint, LintFinding, is_in_time, lint, needed_planes};

use super::edit::{Edit, Misfit};
use super::{Picture, Share, drawn, split};
use crate::change::Change;
use crate::digest::Digest;
use crate::movement::{Intent, Mode, Movement};
use crate::refusal::Refusal;
use crate::step::{Step, Work};
use holdfast_domain::{Application, LoadSplit, Name, OwnStep, RegionCode, Strategy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a plan is the plan of, within an application: one for each way that it can be moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlanKey {
    pub intent: Intent,
    pub from: RegionCode,
    pub to: RegionCode,
}

impl PlanKey {
    #[must_use]
    pub fn of(movement: &Movement) -> Self {
        Self { intent: movement.intent, from: movement.from.clone(), to: movement.to.clone() }
    }

    #[must_use]
    pub fn movement(&self, mode: Mode) -> Movement {
        Movement { intent: self.intent, mode, from: self.from.clone(), to: self.to.clone() }
    }

    /// Every way that the application can be moved.
    #[must_use]
    pub fn all(application: &Application) -> Vec<Self> {
        let mut all = Vec::new();
        for from in application.regions() {
            for to in application.regions() {
                for intent in [Intent::Failover, Intent::Failback] {
                    if application.goes(intent, from, to) {
                        all.push(Self { intent, from: from.clone(), to: to.clone() });
                    }
                }
            }
        }
        all.sort();
        all
    }
}

/// One form of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Form {
    Made {
        steps: Vec<Step>,
        /// The act roles that the steps assume, by account name.
        roles: BTreeMap<Name, String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    /// None can be made, and why.
    Refused { refusal: Refusal },
}

impl Form {
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Made { steps, .. } => steps,
            Self::Refused { .. } => &[],
        }
    }

    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Made { .. } => None,
            Self::Refused { refusal } => Some(refusal),
        }
    }
}

/// A plan as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    pub planned: Form,
    pub emergency: Form,
    /// How an active-active application's load is split when one of its Regions goes; absent of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The same Region by Region, as it was when the version was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
}

/// What was drawn up, and which edits did not fit it.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    pub sheet: Sheet,
    /// Those that it was drawn up with.
    pub edits: Vec<Edit>,
    /// Of each edit that fits neither of the forms that it is of: why.
    pub misfits: Vec<Misfit>,
}

impl Sheet {
    #[must_use]
    pub fn form(&self, mode: Mode) -> &Form {
        match mode {
            Mode::Planned => &self.planned,
            Mode::Emergency => &self.emergency,
        }
    }

    /// Over what would be done: who, from where to where, the steps of both forms and the roles that they assume.
    /// Words beside it have no part in it.
    ///
    /// # Errors
    /// When a number in a step has no canonical JSON form.
    pub fn digest(&self, application: &Name, key: &PlanKey) -> Result<Digest, serde_json::Error> {
        #[derive(Serialize)]
        struct Covered<'a> {
            application: &'a Name,
            plan: &'a PlanKey,
            planned: Option<(&'a [Step], &'a BTreeMap<Name, String>)>,
            emergency: Option<(&'a [Step], &'a BTreeMap<Name, String>)>,
        }
        fn covered(form: &Form) -> Option<(&[Step], &BTreeMap<Name, String>)> {
            match form {
                Form::Made { steps, roles, .. } => Some((steps, roles)),
                Form::Refused { .. } => None,
            }
        }
        Digest::of(&Covered {
            application,
            plan: key,
            planned: covered(&self.planned),
            emergency: covered(&self.emergency),
        })
    }

    /// Whether the two have the same steps in the same order, carried out in the same way: what a step sets may follow
    /// what is there now (a service that has grown by itself), and makes no other plan.
    #[must_use]
    pub fn has_the_shape_of(&self, other: &Self) -> bool {
        let shape = |form: &Form| {
            let step = |s: &Step| {
                (
                    s.id.clone(),
                    s.kind(),
                    s.resource.clone(),
                    s.after.clone(),
                    s.timeout_seconds,
                    s.how.clone(),
                )
            };
            match form {
                Form::Made { steps, roles, .. } => {
                    Some((steps.iter().map(step).collect::<Vec<_>>(), roles.clone()))
                }
                Form::Refused { .. } => None,
            }
        };
        shape(&self.planned) == shape(&other.planned) && shape(&self.emergency) == shape(&other.emergency)
    }
}

/// What people decide about a plan: whatever of the inventory it is made from, and the edits. Two plans of one basis
/// differ only by what was seen.
///
/// # Errors
/// When it has no canonical JSON form.
pub fn basis(
    application: &Application,
    roles: &BTreeMap<Name, String>,
    own: &[OwnStep],
    edits: &[Edit],
) -> Result<Digest, serde_json::Error> {
    #[derive(Serialize)]
    struct Covered<'a> {
        strategy: Strategy,
        regions: Vec<&'a RegionCode>,
        objectives: &'a holdfast_domain::Objectives,
        resources: &'a [holdfast_domain::Resource],
        roles: &'a BTreeMap<Name, String>,
        own: &'a [OwnStep],
        edits: &'a [Edit],
        #[serde(skip_serializing_if = "LoadSplit::is_even")]
        load_split: &'a LoadSplit,
    }
    Digest::of(&Covered {
        strategy: application.strategy,
        regions: application.regions().collect(),
        objectives: &application.objectives,
        resources: &application.resources,
        roles,
        own,
        edits,
        load_split: &application.load_split,
    })
}

/// Both forms of the plan, with the picture's edits laid over what is generated.
#[must_use]
pub fn draw(picture: &Picture, key: &PlanKey) -> Drawn {
    let (planned, not_planned) = form(picture, key, Mode::Planned);
    let (emergency, not_emergency) = form(picture, key, Mode::Emergency);
    let misfits = misfits(&picture.edits, not_planned, not_emergency, (&planned, &emergency));
    let split = (picture.application.strategy == Strategy::ActiveActive && key.intent == Intent::Failover)
        .then(|| split(&picture.application, &picture.observations, &key.from, Some(&key.to)));
    let (split, shares) = split.map(|split| (split.rule, split.shares)).unzip();
    let shares = shares.unwrap_or_default();
    Drawn { sheet: Sheet { planned, emergency, split, shares }, edits: picture.edits.clone(), misfits }
}

/// An edit of both forms must fit one of them; one of a form that cannot be made now is not judged by it.
fn misfits(
    edits: &[Edit],
    planned: Vec<Misfit>,
    emergency: Vec<Misfit>,
    (in_planned, in_emergency): (&Form, &Form),
) -> Vec<Misfit> {
    let mut all = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        let of = |misfits: &[Misfit]| misfits.iter().find(|m| m.edit == at).cloned();
        let judged =
            [(Mode::Planned, in_planned, of(&planned)), (Mode::Emergency, in_emergency, of(&emergency))];
        let judged: Vec<Option<Misfit>> = judged
            .into_iter()
            .filter(|(mode, form, _)| edit.is_of(*mode) && matches!(form, Form::Made { .. }))
            .map(|(_, _, misfit)| misfit)
            .collect();
        if !judged.iter().any(Option::is_none) {
            all.extend(judged.into_iter().flatten().next());
        }
    }
    all
}

fn form(picture: &Picture, key: &PlanKey, mode: Mode) -> (Form, Vec<Misfit>) {
    match drawn(picture, &key.movement(mode)) {
        Ok((plan, misfits)) => {
            let steps = plan.steps.into_iter().map(kept).collect();
            (Form::Made { steps, roles: plan.roles, notes: plan.notes }, misfits)
        }
        Err(refusal) => (Form::Refused { refusal }, Vec::new()),
    }
}

/// Without what tells how things stand now: the value now, what must be there to the letter, the newest backup.
fn kept(mut step: Step) -> Step {
    step.value_now = String::new();
    let Work::Call { change } = &mut step.work else { return step };
    match change {
        Change::ReplaceRecords { replace, .. } => replace.iter_mut().for_each(|one| one.old = None),
        Change::SetHealthCheck { version, .. } => *version = 0,
        Change::SetPrimaryOrigins { etag, .. } => *etag = String::new(),
        Change::SetSwitchObject { on_etag, .. } => *on_etag = None,
        Change::StartRestoreJob { recovery_point_arn, resource_arn, region, .. } => {
            *recovery_point_arn = String::new();
            step.title = format!("Restore {resource_arn} in {region} from its newest backup");
        }
        _ => {}
    }
    step
}

#[cfg(test)]
mod tests;
