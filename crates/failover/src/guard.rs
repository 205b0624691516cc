//! Guards: what stands against a run, and what that means for each kind of run. The table is [`Guard::ruling`]; all
//! else here finds out which guards are raised and says so with who can lift them and how. A guard never stands in
//! for a rule of the plan itself (an unknown Region, a copy that is not connected): those are refused there.

mod picture;
mod standing;

pub use standing::{COOL_DOWN_SECONDS, Ended, Freeze, OpenRole, Standing, standing_refusal};

use crate::movement::{Drill, Intent, Mode, Movement};
use crate::plan::{Picture, Plan, plan};
use crate::refusal::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The codes are stored with the request and named by people: a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// What stands in the Region moved to is not known to be there now.
    TargetNotSeen,
    /// What stands in the Region being left is not known now.
    LeavingNotSeen,
    /// A store's copy is further behind than the objective allows, or how far is not known.
    LagAboveRpo,
    /// A run of the application ended a moment ago.
    CoolDown,
    /// An earlier run did not end well and nobody has acknowledged it.
    Unacknowledged,
    /// Somebody declared that nothing is to change now.
    ChangeFreeze,
    /// The data may not be in the Region moved to.
    DataResidency,
    /// The switch that stops all automation is off.
    AutomationOff,
    /// A role that the run would use can be assumed without its external id.
    UnsafeTrust,
    /// An emergency needs a plane that it should not, and nobody answers for that.
    PlaneLint,
}

/// Who starts it and how bad it is: what the rulings depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    Automatic,
    Planned,
    Emergency,
    Drill,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// Not this kind of run, whoever asks.
    Refuse,
    /// Only where the request names the guard: approvers see it, and the audit log keeps it.
    Override,
    /// Said, and no more.
    Note,
    /// The question does not arise.
    NotAsked,
}

/// A guard that stands against a run now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    pub guard: Guard,
    /// What was found.
    pub sentence: String,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
    /// Who can lift it, and how.
    pub way_out: String,
}

/// What the guards say of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ruled {
    pub refused: Vec<Raised>,
    /// Would need an override that the request does not name.
    pub needed: Vec<Raised>,
    /// Overridden by name, and noted.
    pub noted: Vec<(Raised, bool)>,
}

impl Guard {
    pub const ALL: [Self; 10] = [
        Self::TargetNotSeen,
        Self::LeavingNotSeen,
        Self::LagAboveRpo,
        Self::CoolDown,
        Self::Unacknowledged,
        Self::ChangeFreeze,
        Self::DataResidency,
        Self::AutomationOff,
        Self::UnsafeTrust,
        Self::PlaneLint,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TargetNotSeen => "target_not_seen",
            Self::LeavingNotSeen => "leaving_not_seen",
            Self::LagAboveRpo => "lag_above_rpo",
            Self::CoolDown => "cool_down",
            Self::Unacknowledged => "unacknowledged",
            Self::ChangeFreeze => "change_freeze",
            Self::DataResidency => "data_residency",
            Self::AutomationOff => "automation_off",
            Self::UnsafeTrust => "unsafe_trust",
            Self::PlaneLint => "plane_lint",
        }
    }

    /// What it guards against, for the table of the documentation.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::TargetNotSeen => "the picture of the Region moved to is stale or unknown",
            Self::LeavingNotSeen => "the picture of the Region being left is stale or unknown",
            Self::LagAboveRpo => {
                "a store is further behind than its objective allows, or how far is not known"
            }
            Self::CoolDown => "an earlier run of the application ended moments ago",
            Self::Unacknowledged => "an earlier run did not end well and nobody has acknowledged it",
            Self::ChangeFreeze => "a change freeze holds",
            Self::DataResidency => "the data may not be in the Region moved to",
            Self::AutomationOff => "all automation is switched off",
            Self::UnsafeTrust => "a role that the run would use can be assumed without its external id",
            Self::PlaneLint => {
                "a step needs the Region being left, or a control plane in one Region, and nobody has waived it"
            }
        }
    }

    /// Whether naming it is a decision that is not made on an old sign-in, nor by a token. That an emergency needs a plane
    /// which may be out of reach gives nothing up: the run says so, tries, and asks a person where it gets stuck.
    #[must_use]
    pub fn is_overridden_freshly(self) -> bool {
        self != Self::PlaneLint
    }

    /// The table.
    #[must_use]
    pub fn ruling(self, kind: RunKind) -> Ruling {
        use Ruling::{NotAsked, Note, Override, Refuse};
        use RunKind::{Automatic, Drill, Emergency, Planned};
        match (self, kind) {
            (Self::TargetNotSeen, Automatic | Planned | Drill) => Refuse,
            (Self::TargetNotSeen, Emergency) => Override,
            (Self::LeavingNotSeen, Automatic | Planned) => Refuse,
            (Self::LeavingNotSeen, Emergency | Drill) => Note,
            (Self::LagAboveRpo, Automatic) => Refuse,
            (Self::LagAboveRpo, Planned) => Override,
            (Self::LagAboveRpo, Emergency | Drill) => Note,
            (Self::CoolDown | Self::Unacknowledged, Automatic) => Refuse,
            (Self::CoolDown | Self::Unacknowledged, Planned | Emergency | Drill) => Note,
            (Self::ChangeFreeze, Automatic | Drill) => Refuse,
            (Self::ChangeFreeze, Planned) => Override,
            (Self::ChangeFreeze, Emergency) => Note,
            (Self::DataResidency, Automatic | Drill) => Refuse,
            (Self::DataResidency, Planned | Emergency) => Override,
            (Self::AutomationOff, Automatic) => Refuse,
            (Self::AutomationOff, Planned | Emergency | Drill) => NotAsked,
            // Whoever can use Holdfast as a deputy could have made the emergency.
            (Self::UnsafeTrust, Automatic | Planned | Emergency | Drill) => Refuse,
            // It never stands between an application and its emergency: whoever asks names it, a trigger has nobody to ask.
            (Self::PlaneLint, Emergency) => Override,
            (Self::PlaneLint, Automatic) => Note,
            (Self::PlaneLint, Planned | Drill) => NotAsked,
        }
    }
}

impl FromStr for Guard {
    type Err = holdfast_domain::Invalid;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|guard| guard.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|guard| guard.as_str()).collect();
            let text: String = text.chars().take(60).collect();
            holdfast_domain::Invalid(format!("`{text}` is no guard: {}", all.join(", ")))
        })
    }
}

impl RunKind {
    pub const ALL: [Self; 4] = [Self::Automatic, Self::Planned, Self::Emergency, Self::Drill];

    /// Of what a person asks for. A trigger's run is [`RunKind::Automatic`] whatever its movement.
    #[must_use]
    pub fn of(movement: &Movement) -> Self {
        match (movement.intent, movement.mode) {
            (Intent::Drill, _) => Self::Drill,
            (_, Mode::Planned) => Self::Planned,
            (_, Mode::Emergency) => Self::Emergency,
        }
    }

    /// The same of what may be a rehearsal: a live one moves as a planned failover does, and is a drill.
    #[must_use]
    pub fn of_drill(movement: &Movement, drill: Option<Drill>) -> Self {
        if drill.is_some() { Self::Drill } else { Self::of(movement) }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Planned => "planned",
            Self::Emergency => "emergency",
            Self::Drill => "drill",
        }
    }
}

impl Ruling {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Override => "override",
            Self::Note => "note",
            Self::NotAsked => "–",
        }
    }
}

/// Whether one of these, by their codes, is overridden freshly only. What is no guard's code is refused elsewhere.
#[must_use]
pub fn overrides_freshly(named: &[String]) -> bool {
    named.iter().any(|code| code.trim().parse().is_ok_and(Guard::is_overridden_freshly))
}

/// All guards that are raised against this movement, in the table's order.
#[must_use]
pub fn raised(picture: &Picture, movement: &Movement, standing: &Standing) -> Vec<Raised> {
    raised_by(picture, movement, plan(picture, movement).ok().as_ref(), standing)
}

/// The same of a movement that is planned already; `None`: it cannot be.
fn raised_by(
    picture: &Picture,
    movement: &Movement,
    plan: Option<&Plan>,
    standing: &Standing,
) -> Vec<Raised> {
    let mut raised = picture::raised(picture, movement);
    raised.extend(plan.and_then(|plan| picture::lint(picture, movement, plan)));
    raised.extend(standing.raised(picture.now));
    raised.sort_by_key(|one| one.guard);
    raised
}

/// Sorts what is raised by what it means for this kind of run and by what the request overrides.
#[must_use]
pub fn rule(kind: RunKind, raised: Vec<Raised>, overrides: &BTreeSet<Guard>) -> Ruled {
    let mut ruled = Ruled::default();
    for one in raised {
        match one.guard.ruling(kind) {
            Ruling::Refuse => ruled.refused.push(one),
            Ruling::Override if overrides.contains(&one.guard) => ruled.noted.push((one, true)),
            Ruling::Override => ruled.needed.push(one),
            Ruling::Note => ruled.noted.push((one, false)),
            Ruling::NotAsked => {}
        }
    }
    ruled
}

impl Ruled {
    /// The no, where the guards say one. What refuses comes before what only asks for a name.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        let say = |all: &[Raised]| all.iter().map(Raised::to_string).collect::<Vec<_>>().join(" ");
        if !self.refused.is_empty() {
            let mut ways: Vec<&str> = Vec::new();
            for one in &self.refused {
                if !ways.contains(&one.way_out.as_str()) {
                    ways.push(&one.way_out);
                }
            }
            return Some(Refusal::new("guard_refused", say(&self.refused), ways.join(" ")));
        }
        if self.needed.is_empty() {
            return None;
        }
        let mut codes: Vec<String> =
            self.needed.iter().map(|one| format!("`{}`", one.guard.as_str())).collect();
        codes.dedup();
        Some(Refusal::new(
            "override_needed",
            say(&self.needed),
            format!(
                "Name {} in `overrides` to go on all the same; approvers see it and the audit log keeps it. Or: {}",
                codes.join(" and "),
                self.needed.iter().map(|one| one.way_out.as_str()).collect::<Vec<_>>().join(" ")
            ),
        ))
    }

    /// What the plan says of the guards.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.noted
            .iter()
            .map(|(one, overridden)| {
                let words = one.to_string();
                if *overridden {
                    format!("Overridden by name, `{}`: {words}", one.guard.as_str())
                } else {
                    words
                }
            })
            .collect()
    }
}

/// What was found, and since when.
impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = self.sentence.trim_end_matches('.');
        match self.since {
            Some(since) => write!(f, "{sentence} (since {}).", since.strftime("%Y-%m-%dT%H:%M:%SZ")),
            None => write!(f, "{sentence}."),
        }
    }
}

/// A plan, and what the guards say of carrying it out.
#[derive(Debug, Clone, PartialEq)]
pub struct Guarded {
    pub plan: Plan,
    pub ruled: Ruled,
}

/// Plans, and rules. The plan is there also where the guards refuse it, so that it can be shown.
///
/// # Errors
/// A refusal of the plan itself; where a guard refuses too, the guard's, because it is why nothing could be planned.
pub fn guarded(
    picture: &Picture,
    movement: &Movement,
    kind: RunKind,
    standing: &Standing,
    overrides: &BTreeSet<Guard>,
) -> Result<Guarded, Refusal> {
    let planned = plan(picture, movement);
    let raised = raised_by(picture, movement, planned.as_ref().ok(), standing);
    let ruled = rule(kind, raised, overrides);
    let mut plan = planned.map_err(|refusal| ruled.refusal().unwrap_or(refusal))?;
    if overrides.contains(&Guard::LagAboveRpo) {
        plan.accept_any_lag();
    }
    let mut notes = ruled.notes();
    notes.append(&mut plan.notes);
    plan.notes = notes;
    Ok(Guarded { plan, ruled })
}

#[cfg(test)]
mod tests;
