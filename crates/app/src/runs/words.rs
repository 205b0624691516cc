//! A run's events in sentences, and what the audit log calls that which people do to a run.

use holdfast_api::runs::{Decision, RunEvent, RunVerb};
use holdfast_failover::Drill;
use holdfast_failover::run::{Entry, Event};

pub fn reviews(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "run.approve",
        Decision::Deny => "run.deny",
    }
}

pub fn drives(verb: &RunVerb) -> &'static str {
    match verb {
        RunVerb::Pause { .. } => "run.pause",
        RunVerb::Resume => "run.resume",
        RunVerb::Cancel { .. } => "run.cancel",
        RunVerb::RetryStep { .. } => "run.retry_step",
        RunVerb::SkipStep { .. } => "run.skip_step",
        RunVerb::Escalate(_) => "run.escalate",
        RunVerb::Abort(_) => "run.abort",
        RunVerb::Commit { .. } => "run.commit",
        RunVerb::ConfirmStep { .. } => "run.confirm_step",
        RunVerb::Withdraw => "run.withdraw",
        RunVerb::Acknowledge => "run.acknowledge",
        RunVerb::TryAgain => "run.try_again",
        RunVerb::EndDrill => "run.end_drill",
        RunVerb::BreakGlass => "run.break_glass",
    }
}

/// One journal entry as clients read it.
pub fn event(entry: &Entry) -> RunEvent {
    let event = &entry.event;
    RunEvent {
        seq: entry.seq,
        at: entry.at,
        kind: event.kind().to_owned(),
        person: event.person().map(|w| w.email),
        step: event.step().map(ToString::to_string),
        reason: reason(event),
        words: sentence(event),
    }
}

fn reason(event: &Event) -> Option<String> {
    match event {
        Event::Requested { request } => Some(request.reason.clone()),
        Event::Approved { review, .. } => review.comment.clone(),
        Event::Denied { comment, .. } => comment.clone(),
        Event::StepConfirmed { comment, .. } | Event::Committed { comment, .. } => comment.clone(),
        Event::Paused { reason, .. } => reason.clone(),
        Event::CallUnknown { reason, .. }
        | Event::CallRefused { reason, .. }
        | Event::StepParked { reason, .. }
        | Event::StepSkipped { reason, .. }
        | Event::StepLeftOut { reason, .. }
        | Event::Escalated { reason, .. }
        | Event::StepEscalated { reason, .. }
        | Event::Cancelled { reason, .. }
        | Event::Aborted { reason, .. }
        | Event::TurnRefused { reason }
        | Event::Failed { reason } => Some(reason.clone()),
        Event::BreakGlass { under } => Some(under.reason.clone()),
        Event::StepProgress { note, .. } | Event::StepSucceeded { note, .. } => Some(note.clone()),
        _ => None,
    }
}

fn sentence(event: &Event) -> String {
    match event {
        Event::Requested { request } => {
            let movement = &request.movement;
            let what = match request.plan.drill {
                None => format!("a {} {}", movement.mode.as_str(), movement.intent.as_str()),
                Some(Drill::Isolated) => "an isolated drill".to_owned(),
                Some(Drill::There { .. }) => "a live drill, the way there,".to_owned(),
                Some(Drill::Back { .. }) => "the way back of a live drill".to_owned(),
            };
            let (by, application) = (&request.by.email, &request.application);
            format!("{by} asked for {what} of {application} from {} to {}", movement.from, movement.to)
        }
        Event::Approved { review, .. } => format!("{} approved", review.email),
        Event::ApprovalWithdrawn { by } => format!("The approval of {} was taken back", by.email),
        Event::Denied { by, .. } => format!("{} denied it", by.email),
        Event::Expired => "The approvals did not come in time".into(),
        Event::TurnRefused { reason } => format!("Refused when its turn came: {reason}"),
        Event::BreakGlass { under } if under.offline.is_some() => {
            format!("{} carried it out without a server, from a bundle", under.by.email)
        }
        Event::BreakGlass { under } => {
            format!("{} broke the glass: no approval is waited for", under.by.email)
        }
        Event::Started => "Nothing is waited for any more: the run starts".into(),
        Event::TakenOver { worker, epoch } => format!("{worker} drives the run (epoch {epoch})"),
        Event::StepStarted { step, attempt, change, .. } => match change {
            Some(change) => format!("{step}: attempt {attempt}, calling {}", change.action()),
            None => format!("{step}: started"),
        },
        Event::CallAnswered { step, answer } => {
            let id = answer.request_id.as_deref().unwrap_or("no request id");
            format!("{step}: {} accepted in {} ({id})", answer.action, answer.region)
        }
        Event::CallUnknown { step, reason } => {
            format!("{step}: outcome unknown, looking before anything is repeated: {reason}")
        }
        Event::CallRefused { step, reason, .. } => format!("{step}: refused: {reason}"),
        Event::StepProgress { step, note } => format!("{step}: {note}"),
        Event::LagMeasured { stores, .. } => {
            let each: Vec<String> = stores
                .iter()
                .map(|s| match s.milliseconds {
                    Some(ms) => format!("{} {:.2} s", s.store, ms / 1000.0),
                    None => {
                        format!("{} unknown ({})", s.store, s.reason.as_deref().unwrap_or("not measured"))
                    }
                })
                .collect();
            format!("lag at the cut: {}", if each.is_empty() { "no store".into() } else { each.join(", ") })
        }
        Event::StepSucceeded { step, note, .. } => format!("{step}: {note}"),
        Event::StepParked { step, reason, .. } => format!("{step}: needs a person: {reason}"),
        Event::StepRetried { step, by } => format!("{} has {step} tried again", by.email),
        Event::StepSkipped { step, by, reason } => format!("{} skipped {step}: {reason}", by.email),
        Event::StepLeftOut { step, reason, failed: true } => {
            format!("{step} failed, and the run goes on without it: {reason}")
        }
        Event::StepLeftOut { step, reason, failed: false } => format!("{step} is left out: {reason}"),
        Event::StepConfirmed { step, by, .. } => format!("{} confirmed {step}", by.email),
        Event::Paused { by, .. } => format!("{} paused the run", by.email),
        Event::Resumed { by } => format!("{} resumed the run", by.email),
        Event::Escalated { by, reason, overrides } => {
            format!("{} escalated the run to an emergency{}: {reason}", by.email, overriding(overrides))
        }
        Event::StepEscalated { step, by, reason, overrides } => {
            format!("{} escalated {step} to an emergency{}: {reason}", by.email, overriding(overrides))
        }
        Event::Cancelled { by, reason } => format!("{} cancelled the run: {reason}", by.email),
        Event::Aborted { by, reason } => format!("{} aborted the run: {reason}", by.email),
        Event::CommitAwaited { until } => {
            format!("Traffic has moved: taken back at {until:.0} unless somebody commits it")
        }
        Event::Committed { by, .. } => format!("{} committed it: what was done stays", by.email),
        Event::CommitWindowEnded { until } => format!("Nobody committed it by {until:.0}: it is taken back"),
        Event::RolledBack { exceptions } if exceptions.is_empty() => {
            "Taken back: the resources were seen again".into()
        }
        Event::RolledBack { exceptions } => format!("Taken back, with exceptions: {}", exceptions.join(", ")),
        Event::Completed { exceptions } if exceptions.is_empty() => {
            "Done: the resources were seen again".into()
        }
        Event::Completed { exceptions } => format!("Done, with exceptions: {}", exceptions.join(", ")),
        Event::Failed { reason } => format!("Failed: {reason}"),
    }
}

fn overriding(overrides: &[String]) -> String {
    if overrides.is_empty() { String::new() } else { format!(", overriding {}", overrides.join(", ")) }
}
