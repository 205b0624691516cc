//! What a step tells the journal, and the people who read it.

use holdfast_cloud::ErrorKind;
use holdfast_failover::plan::Before;
use holdfast_failover::run::Event;
use holdfast_failover::step::Seen;
use holdfast_failover::{Step, Verdict};

/// What a dry run says of a step. The steps before it were not carried out either, so that what a call would find
/// in its turn cannot be seen now: the call stands as planned.
pub(super) fn rehearsed(step: &Step, verdict: &Verdict) -> String {
    match (step.change(), verdict) {
        (_, Verdict::Reached { note }) => format!("dry run: {note}"),
        (Some(change), _) => format!("dry run: would call {}", change.action()),
        (None, Verdict::Stuck { reason, .. } | Verdict::Unseen { reason }) => {
            format!("dry run: would stop here and ask: {reason}")
        }
        (None, Verdict::Drift { expected, found }) => {
            format!("dry run: would stop here and ask: expected {expected}, found {found}")
        }
        (None, Verdict::Wait { note } | Verdict::WaitOr { note, .. }) => {
            format!("dry run: would wait: {note}")
        }
        // Only steps with a call act.
        (None, Verdict::Act(change)) => format!("dry run: would call {}", change.action()),
    }
}

pub(super) fn values(seen: &Seen) -> Vec<Before> {
    seen.iter()
        .filter_map(|((resource, region), sight)| {
            let facts = sight.known()?.clone();
            Some(Before { resource: resource.clone(), region: region.clone(), facts })
        })
        .collect()
}

pub(super) fn parked(step: &Step, reason: String, way_out: &str) -> Event {
    Event::StepParked { step: step.id.clone(), reason, way_out: way_out.to_owned() }
}

pub(super) fn drifted(step: &Step, expected: &str, found: &str) -> Event {
    parked(
        step,
        format!("somebody else changed it: expected {expected}, found {found}"),
        "Put it back as the approval showed it and retry, skip with a reason, or cancel and request the run anew.",
    )
}

pub(super) fn way_out_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "Give the act role the missing permission or mend its trust policy, then retry.",
        ErrorKind::Throttled => "Wait until the account's other callers are quieter, then retry.",
        ErrorKind::ClockApart => {
            "Let NTP set the clock of the database's machine, by which requests are signed (the system page compares the clocks), then retry."
        }
        ErrorKind::Conflict => "Look in AWS who else is changing it; when it rests, retry.",
        ErrorKind::NotFound => {
            "Make the resource, or mend its entry in the inventory and request the run anew."
        }
        ErrorKind::Unreachable | ErrorKind::ServiceError => {
            "When the Region's control plane answers again, retry; in an emergency skip with a reason."
        }
        ErrorKind::Invalid | ErrorKind::Unreadable | ErrorKind::NotSupported => {
            "Make the change by hand in AWS and retry (the step then finds it done), or skip with a reason."
        }
    }
}
