//! What stands around an application beside what AWS shows: earlier runs, freezes, the automation switch.

use super::{Guard, Raised, RunKind, rule};
use crate::movement::Drill;
use crate::refusal::Refusal;
use crate::run::Request;
use holdfast_domain::RunId;
use jiff::{SignedDuration, Timestamp};

/// How long after a run's end automation leaves the application alone. Two moves in a row are more often a mistake of
/// the signals than a second disaster.
pub const COOL_DOWN_SECONDS: i64 = 1800;

/// A declared time in which nothing is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    pub reason: String,
    pub by: String,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// A run of the application that began and ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub run: RunId,
    pub ended_at: Timestamp,
}

/// A role that whoever knows its ARN could have Holdfast use: its trust policy does not ask for the external id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRole {
    pub arn: String,
    /// When it was first found so.
    pub since: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    pub freezes: Vec<Freeze>,
    /// The newest, however it ended.
    pub last: Option<Ended>,
    /// The newest of those that ended otherwise than completed and that nobody has acknowledged.
    pub unacknowledged: Option<Ended>,
    /// Who switched all automation off, and when.
    pub automation_off: Option<(String, Option<Timestamp>)>,
    pub open_roles: Vec<OpenRole>,
}

/// What forbids by now that the run starts: hours may lie between a request and its last approval. The picture is
/// looked at again by the run itself.
#[must_use]
pub fn standing_refusal(request: &Request, standing: &Standing, now: Timestamp) -> Option<Refusal> {
    let overrides = request.overrides.iter().filter_map(|code| code.trim().parse().ok()).collect();
    let drill = request.plan.drill;
    let raised = standing.of_drill(drill).raised(now);
    let refusal = rule(RunKind::of_drill(&request.movement, drill), raised, &overrides).refusal()?;
    let way_out = format!(
        "Approve it once nothing stands against it any more, or cancel it and request the move anew. {}",
        refusal.way_out
    );
    Some(Refusal { way_out, ..refusal })
}

impl Standing {
    /// A freeze keeps no drill from its end: the application is to come home.
    #[must_use]
    pub fn of_drill(&self, drill: Option<Drill>) -> Self {
        match drill {
            Some(Drill::Back { .. }) => Self { freezes: Vec::new(), ..self.clone() },
            _ => self.clone(),
        }
    }

    pub(super) fn raised(&self, now: Timestamp) -> Vec<Raised> {
        let mut raised = Vec::new();
        if let Some(last) = &self.last {
            let until = last.ended_at.checked_add(SignedDuration::from_secs(COOL_DOWN_SECONDS));
            if until.as_ref().is_ok_and(|until| now < *until) {
                raised.push(Raised {
                    guard: Guard::CoolDown,
                    sentence: format!(
                        "Run {} of this application ended less than {} minutes ago",
                        last.run,
                        COOL_DOWN_SECONDS / 60
                    ),
                    since: Some(last.ended_at),
                    way_out: "Wait until the cool-down is over, or have a person request the run.".into(),
                });
            }
        }
        if let Some(unread) = &self.unacknowledged {
            raised.push(Raised {
                guard: Guard::Unacknowledged,
                sentence: format!("Run {} did not end well, and nobody has acknowledged it", unread.run),
                since: Some(unread.ended_at),
                way_out: "An operator reads that run and acknowledges it on its page.".into(),
            });
        }
        for freeze in self.freezes.iter().filter(|freeze| freeze.from <= now && now < freeze.until) {
            raised.push(Raised {
                guard: Guard::ChangeFreeze,
                sentence: format!(
                    "A change freeze holds until {}, declared by {}: {}",
                    freeze.until, freeze.by, freeze.reason
                ),
                since: Some(freeze.from),
                way_out: "Wait for its end, or have an administrator end it on the settings page.".into(),
            });
        }
        if let Some((by, since)) = &self.automation_off {
            raised.push(Raised {
                guard: Guard::AutomationOff,
                sentence: format!("{by} switched all automation off"),
                since: *since,
                way_out: "An operator or administrator switches it on again on the first page.".into(),
            });
        }
        for role in &self.open_roles {
            raised.push(Raised {
                guard: Guard::UnsafeTrust,
                sentence: format!("{} can be assumed without its external id", role.arn),
                since: Some(role.since),
                way_out: "Whoever administers that account makes its trust policy demand `sts:ExternalId`, as infra/member-account.yaml does; then refresh the application.".into(),
            });
        }
        raised
    }
}
