//! Another application's plan as a step: what is asked for, what its runs and its traffic show, and what that means
//! for the step. The run that is asked for is one like any other: nothing here decides for it.

use super::{Step, Verdict};
use crate::Refusal;
use crate::change::Change;
use crate::movement::{Intent, Mode, Movement};
use crate::run::{RunState, Who};
use crate::serving::{Serving, words};
use holdfast_domain::{Application, Name, RegionCode, RunId, StepId, Strategy};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is left when the other run takes longer than the step has.
const BRING_IT_TO_ITS_END: &str =
    "Bring that run to its end and retry, which goes on waiting for it; or skip with a reason.";

/// Which step has asked for a run. A worker that asks again means the same run; a person who has the step tried again
/// asks for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedBy {
    pub run: RunId,
    /// That the step's run moves.
    pub application: Name,
    pub step: StepId,
    pub retries: u32,
}

/// All that is asked for in the name of a run's requester.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asking {
    pub asked_by: AskedBy,
    pub by: Who,
    pub application: Name,
    pub movement: Movement,
    pub reason: String,
    pub incident: Option<String>,
    pub impact_began_at: Option<Timestamp>,
    pub detected_at: Option<Timestamp>,
}

/// Why there is no run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAsked {
    /// The request was refused as a person's would be.
    Refused(Refusal),
    /// Another run of the application came first: look again.
    Overtaken(String),
    /// Whether it was taken is not known: look for the run.
    Unknown(String),
}

/// A run of the other application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRun {
    pub id: RunId,
    pub by: String,
    pub movement: Movement,
    pub state: RunState,
    /// Whether it is a part of the evacuation that the step's own run is a part of.
    pub of_the_same_lot: bool,
    /// Whether it is a drill, which takes back by itself what it moves.
    pub rehearses: bool,
    /// What it is doing or waiting for, in a sentence.
    pub now: String,
    /// Why nobody drives it, where workers crashed on it.
    pub set_aside: Option<String>,
}

/// Another application as one look shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Other {
    /// `None`: the inventory has it no more.
    pub application: Option<Application>,
    pub serving: Serving,
    /// The run that this step has asked for.
    pub asked: Option<OtherRun>,
    /// The run that holds the application, whoever asked for it.
    pub live: Option<OtherRun>,
}

impl Step {
    /// The other application whose plan it runs, and the move that it is asked to make.
    #[must_use]
    pub fn runs_plan_of(&self) -> Option<(&Name, &Movement)> {
        match self.change() {
            Some(Change::RunPlan { application, movement }) => Some((application, movement)),
            _ => None,
        }
    }
}

/// Whether the application serves as the move would have it serve.
#[must_use]
pub fn is_moved(strategy: Strategy, serving: &Serving, movement: &Movement) -> bool {
    if !serving.certain || !serving.regions.contains(&movement.to) {
        return false;
    }
    match (strategy, movement.intent) {
        (Strategy::ActiveActive, Intent::Failback) => true,
        (Strategy::ActiveActive, _) => !serving.regions.contains(&movement.from),
        _ => serving.regions.len() == 1,
    }
}

/// Whether a run of the other application ends where the move would have it. A failback restores what stood before, so
/// it is not the failover to the same Region.
#[must_use]
pub fn goes_the_same_way(run: &Movement, movement: &Movement) -> bool {
    run.to == movement.to && run.intent == movement.intent
}

/// The Region to name as the one to leave; `None`: whichever is seen serving. Of several that serve only the move's own
/// is left: an active-active application must not lose a Region that nobody spoke of.
#[must_use]
pub fn leaves<'m>(strategy: Strategy, serving: &Serving, movement: &'m Movement) -> Option<&'m RegionCode> {
    let alone = strategy != Strategy::ActiveActive && serving.regions.len() == 1;
    (!alone).then_some(&movement.from)
}

/// Why the application cannot make the move at all, as the inventory has it.
pub(crate) fn cannot_make(application: &Application, movement: &Movement) -> Option<(String, String)> {
    let name = &application.name;
    let regions: Vec<RegionCode> = application.regions().cloned().collect();
    if !regions.contains(&movement.to) {
        return Some((
            format!("{name} does not run in {}: its Regions are {}.", movement.to, words(&regions)),
            format!(
                "Add {} to the recovery Regions of {name}, or take the step out of the plan.",
                movement.to
            ),
        ));
    }
    let home = &application.home_region;
    if movement.intent == Intent::Failback
        && movement.to != *home
        && application.strategy != Strategy::ActiveActive
    {
        return Some((
            format!("A failback of {name} goes to its home Region, {home}, not to {}.", movement.to),
            "Leave the step out of failbacks: name its `moves` in the plan.".into(),
        ));
    }
    None
}

/// What the step does now, by what was seen of the other application. That it is moved is believed of its traffic alone,
/// never of how a run ended.
#[must_use]
pub fn run_plan(change: &Change, name: &Name, movement: &Movement, other: &Other) -> Verdict {
    let Some(application) = &other.application else {
        return Verdict::Stuck {
            reason: format!("the inventory no longer has {name}"),
            way_out: "Put it back and retry, or skip the step with a reason.".into(),
        };
    };
    let moved = is_moved(application.strategy, &other.serving, movement);
    if let Some(run) = &other.asked {
        return asked(name, movement, run, moved, &other.serving);
    }
    if let Some(run) = &other.live {
        if goes_the_same_way(&run.movement, movement) && !run.rehearses {
            if run.of_the_same_lot && run.state == RunState::AwaitingApproval {
                return Verdict::WaitOr {
                    note: format!(
                        "waits for run {} of {name}, a part of the same evacuation: its turn comes when the limit lets one more run move",
                        run.id
                    ),
                    way_out: "Skip the step with a reason, so that the other's turn comes after this run; or cancel that run and retry.".into(),
                };
            }
            let note =
                format!("waits for run {} of {name}, which {} asked for: {}", run.id, run.by, told(run));
            return Verdict::WaitOr { note, way_out: BRING_IT_TO_ITS_END.into() };
        }
        return Verdict::Stuck {
            reason: format!(
                "run {} moves {name} elsewhere: {} from {} to {}",
                run.id,
                run.movement.intent.as_str(),
                run.movement.from,
                run.movement.to
            ),
            way_out: "Wait until it is over, or cancel it, and retry; or skip the step with a reason.".into(),
        };
    }
    if moved {
        return Verdict::Reached {
            note: format!(
                "{name} is served from {} already: no run was needed",
                words(&other.serving.regions)
            ),
        };
    }
    // A planned move does nothing blindly; in an emergency the run's own guards say what may be unseen.
    if !other.serving.certain && !other.serving.disagree && movement.mode == Mode::Planned {
        return Verdict::Unseen { reason: unseen(name, &other.serving) };
    }
    Verdict::Act(change.clone())
}

/// What becomes of the step by the run that it asked for.
fn asked(name: &Name, movement: &Movement, run: &OtherRun, moved: bool, serving: &Serving) -> Verdict {
    let id = run.id;
    match run.state {
        RunState::Completed | RunState::CompletedWithExceptions if moved => Verdict::Reached {
            note: format!("run {id} is over, and {name} is served from {}", words(&serving.regions)),
        },
        RunState::Completed | RunState::CompletedWithExceptions if !serving.certain && !serving.disagree => {
            Verdict::Unseen { reason: format!("run {id} is over; {}", unseen(name, serving)) }
        }
        RunState::Completed | RunState::CompletedWithExceptions => Verdict::Stuck {
            reason: format!(
                "run {id} is over, and {name} is served from {}, not as {} would have it",
                words(&serving.regions),
                movement.to
            ),
            way_out: format!(
                "See why on the page of {name}; retry, which asks for a new run where one is needed, or skip the step with a reason."
            ),
        },
        RunState::RolledBack
        | RunState::Cancelled
        | RunState::Denied
        | RunState::Expired
        | RunState::Failed => Verdict::Stuck {
            reason: format!("run {id} of {name} is {}: {}", plain(run.state), run.now.trim_end_matches('.')),
            way_out: "Retry, which asks for a new run, or skip the step with a reason.".into(),
        },
        RunState::AwaitingApproval
        | RunState::Running
        | RunState::Paused
        | RunState::NeedsPerson
        | RunState::Undoing
        | RunState::AwaitingCommit => Verdict::WaitOr {
            note: format!("waits for run {id} of {name}: {}", told(run)),
            way_out: BRING_IT_TO_ITS_END.into(),
        },
    }
}

/// Whom it waits for, where it waits for somebody; what it does by itself changes too often to be told in the journal of
/// the run that waits for it.
fn told(run: &OtherRun) -> String {
    if let Some(why) = &run.set_aside {
        return format!("set aside, {}", why.trim_end_matches('.'));
    }
    let state = plain(run.state);
    let now = run.now.trim_end_matches('.');
    match run.state {
        RunState::AwaitingApproval | RunState::NeedsPerson | RunState::Paused if !now.is_empty() => {
            format!("{state}, {now}")
        }
        _ => state,
    }
}

fn plain(state: RunState) -> String {
    state.as_str().replace('_', " ")
}

fn unseen(name: &Name, serving: &Serving) -> String {
    format!("which Region serves {name} cannot be told: {}", serving.reasons.join("; "))
}

#[cfg(test)]
mod tests;
