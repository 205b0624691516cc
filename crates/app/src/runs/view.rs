//! A run as pages and clients see it.

use crate::authority::{Action, may};
use crate::compliance::{of_head, of_run};
use crate::problems::as_refusal;
use crate::runs::abort::left_as_they_are;
use crate::runs::{set_aside, who};
use holdfast_api::runs::{
    AskingStep, AwaitedAnswer, CallAnswer, CommitView, DrillView, EmergencyView, EscalatedView, OtherRun,
    Parked, RunSummary, RunView, SetAside, Skipped, StepView, UndoView, UndoingView, VerbView,
};
use holdfast_api::system::GapView;
use holdfast_domain::{Actor, StepId};
use holdfast_failover::approval::{Review, may_deny, may_review};
use holdfast_failover::break_glass::BreakGlass;
use holdfast_failover::compliance::Measured;
use holdfast_failover::evacuation::Direction;
use holdfast_failover::plan::{Before, EmergencyVariant, phases};
use holdfast_failover::run::forecast::{Took, forecast};
use holdfast_failover::run::{Command, Event, Next, Run, StepProgress, Summary, Who};
use holdfast_failover::undo::Undo;
use holdfast_failover::{Drill, Intent, Mode, Refusal, RunState, Step, StepState};
use holdfast_store::RunHead;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A run in a list, from what its last writer left beside it.
pub fn head(head: &RunHead) -> RunSummary {
    // Written by another version: shown without its progress rather than not at all.
    let summary: Summary = serde_json::from_value(head.summary.clone()).unwrap_or_default();
    let of_run = RunSummary {
        id: head.id.to_string(),
        application: head.application.to_string(),
        intent: intent(head.movement.intent, head.drill),
        mode: if summary.escalated { Mode::Emergency } else { head.movement.mode },
        from_region: head.movement.from.to_string(),
        to_region: head.movement.to.to_string(),
        state: head.state,
        dry_run: head.dry_run,
        drill: head.drill.map(|drill| drill.kind()),
        drill_leg: leg(head.drill),
        evacuation: head.evacuation.map(|id| id.to_string()),
        break_glass: head.break_glass.map(|id| id.to_string()),
        executed_offline: head.offline_journal.is_some(),
        requested_by: head.requested_by.email.clone(),
        reason: head.reason.clone(),
        requested_at: head.requested_at,
        ended_at: head.ended_at,
        steps_done: summary.steps_done,
        steps_total: summary.steps_total,
        now: summary.now,
        expires_at: (head.state == RunState::AwaitingApproval).then_some(head.expires_at),
        rto_seconds: of_head(head).and_then(|m| m.rto.total_seconds),
        worst_lag_ms: summary.worst_lag_ms,
        set_aside: None,
    };
    and_set_aside(of_run, head.set_aside.clone().map(set_aside::shown))
}

/// What was asked for: a live drill moves as a failover and a failback do, and is a drill all the same.
fn intent(moves: Intent, drill: Option<Drill>) -> Intent {
    if drill.is_some() { Intent::Drill } else { moves }
}

fn leg(drill: Option<Drill>) -> Option<String> {
    match drill? {
        Drill::Isolated => None,
        Drill::There { .. } => Some("there".into()),
        Drill::Back { .. } => Some("back".into()),
    }
}

/// What a run that nobody drives does now is nothing, whatever its last writer was about to do.
fn and_set_aside(of_run: RunSummary, set_aside: Option<SetAside>) -> RunSummary {
    match set_aside {
        Some(why) => RunSummary { now: format!("Set aside: {}", why.why), set_aside: Some(why), ..of_run },
        None => of_run,
    }
}

fn summary(run: &Run, measured: &Measured) -> RunSummary {
    let (request, summary) = (&run.request, run.summary());
    RunSummary {
        id: run.id.to_string(),
        application: request.application.to_string(),
        intent: intent(request.movement.intent, request.plan.drill),
        mode: run.movement().mode,
        from_region: request.movement.from.to_string(),
        to_region: request.movement.to.to_string(),
        state: run.state,
        dry_run: request.dry_run,
        drill: request.plan.drill.map(|drill| drill.kind()),
        drill_leg: leg(request.plan.drill),
        evacuation: request.evacuation.map(|id| id.to_string()),
        break_glass: run.break_glass.as_ref().map(|under| under.id.to_string()),
        executed_offline: run.break_glass.as_ref().is_some_and(|under| under.offline.is_some()),
        requested_by: request.by.email.clone(),
        reason: request.reason.clone(),
        requested_at: run.requested_at,
        ended_at: run.ended_at,
        steps_done: summary.steps_done,
        steps_total: summary.steps_total,
        now: summary.now,
        expires_at: (run.state == RunState::AwaitingApproval).then_some(run.expires_at),
        rto_seconds: measured.rto.total_seconds,
        worst_lag_ms: summary.worst_lag_ms,
        set_aside: None,
    }
}

/// What stands beside a run's journal and is shown with it.
pub struct Around {
    pub acknowledged: Option<(String, Timestamp)>,
    /// Why an approval, which may start the run, is refused as far as the audit log goes.
    pub not_kept: Option<Refusal>,
    /// Why the approval that would start the run is refused.
    pub not_to_start: Option<Refusal>,
    /// How long the steps of earlier runs took.
    pub took: Took,
    /// The runs of other applications that its steps asked for, or wait for.
    pub others: BTreeMap<StepId, OtherRun>,
    /// Since when nobody drives it, and why.
    pub set_aside: Option<SetAside>,
    pub live_drill: Option<DrillView>,
    /// Which way the lot moves that it is a part of.
    pub lot_direction: Option<Direction>,
    pub gaps: Vec<GapView>,
    /// The break-glass that whoever looks holds open, where the run waits for approval.
    pub glass: Option<BreakGlass>,
    /// Whoever looks started it under break-glass, and holds none open any more.
    pub glass_over: bool,
}

impl Around {
    /// What the rules say of a command, beside what its own state says.
    fn handle(&self, run: &Run, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        match run.not_after_its_end(&command).filter(|_| self.glass_over) {
            Some(refusal) => Err(refusal),
            None => run.handle(command, now),
        }
    }
}

pub fn run_view(actor: &Actor, run: &Run, around: Around, now: Timestamp) -> RunView {
    let verbs = verbs(actor, run, &around, now);
    let mut steps: Vec<StepView> = run
        .steps_in_order()
        .map(|s| StepView {
            other_run: around.others.get(&s.id).cloned(),
            ..step(actor, run, s, &around, now)
        })
        .collect();
    tell_phases(&mut steps, run.steps_in_order());
    let (acknowledged_by, acknowledged_at) = around.acknowledged.unzip();
    let measured = of_run(run);
    let request = &run.request;
    RunView {
        summary: and_set_aside(summary(run, &measured), around.set_aside),
        unreadable: None,
        gaps: around.gaps,
        lot_direction: around.lot_direction,
        plan_digest: request.digest.to_string(),
        incident: request.incident.clone(),
        impact_began_at: request.impact_began_at,
        detected_at: request.detected_at,
        approved_at: run.approved_at,
        rto_objective_seconds: request.objectives.rto.get(),
        rpo_objective_seconds: request.objectives.rpo.get(),
        approval_policy: request.policy.name.to_string(),
        tally: run.tally(),
        reviews: run.reviews.clone(),
        overrides: request.overrides.clone(),
        steps,
        facts: request.plan.facts.clone(),
        measurements: request.plan.measurements.clone(),
        notes: run.plan().notes.clone(),
        split: request.plan.split.clone(),
        if_escalated: request.emergency.as_ref().map(emergency),
        escalated: escalated(run, now),
        live_drill: around.live_drill,
        undoing: undoing(run, now),
        commit: request.commit_within_seconds.map(|within_seconds| CommitView {
            within_seconds,
            until: run.commit.until.filter(|_| run.state == RunState::AwaitingCommit),
            by: run.commit.by.as_ref().map(|by| by.email.clone()),
        }),
        measured,
        forecast: forecast(run, &around.took, now),
        ending: run.ending.clone(),
        asked_by: request.asked_by.as_ref().map(|by| AskingStep {
            application: by.application.to_string(),
            run: by.run.to_string(),
            step: by.step.to_string(),
        }),
        verbs,
        acknowledged_by,
        acknowledged_at,
        seq: run.seq,
        at: now,
    }
}

pub fn emergency(variant: &EmergencyVariant) -> EmergencyView {
    match variant {
        EmergencyVariant::Ready { steps, notes, .. } => {
            EmergencyView { steps: planned_steps(steps), notes: notes.clone(), none_because: None }
        }
        EmergencyVariant::None { reason } => {
            EmergencyView { steps: Vec::new(), notes: Vec::new(), none_because: Some(reason.clone()) }
        }
    }
}

fn escalated(run: &Run, now: Timestamp) -> Option<EscalatedView> {
    let escalated = run.escalated.as_ref()?;
    Some(EscalatedView {
        by: escalated.by.email.clone(),
        at: escalated.at,
        reason: escalated.reason.clone(),
        overrides: escalated.overrides.clone(),
        steps: escalated.alone.iter().map(ToString::to_string).collect(),
        awaits: run.awaited_answer(now).map(|(step, until)| AwaitedAnswer { step: step.to_string(), until }),
    })
}

fn undoing(run: &Run, now: Timestamp) -> Option<UndoingView> {
    let undoing = run.undoing.as_ref()?;
    Some(UndoingView {
        by: undoing.by.as_ref().map(|by| by.email.clone()),
        at: undoing.at,
        reason: undoing.reason.clone(),
        stays: left_as_they_are(run, &undoing.stays),
        awaits: run.awaited_answer(now).map(|(step, until)| AwaitedAnswer { step: step.to_string(), until }),
    })
}

fn undo(step: &Step) -> Option<UndoView> {
    match step.undo.as_ref()? {
        Undo::Nothing => None,
        Undo::PutBack { restores } => Some(UndoView { possible: true, words: restores.clone() }),
        Undo::None { reason } => Some(UndoView { possible: false, words: reason.clone() }),
    }
}

/// The steps of a plan that nobody has asked to run yet.
pub fn planned_steps(steps: &[Step]) -> Vec<StepView> {
    let mut views: Vec<StepView> = steps.iter().map(planned_step).collect();
    tell_phases(&mut views, steps);
    views
}

fn tell_phases<'a>(views: &mut [StepView], steps: impl IntoIterator<Item = &'a Step>) {
    for (view, phase) in views.iter_mut().zip(phases(steps)) {
        view.phase = phase.map(|phase| phase.as_str().to_owned());
    }
}

fn planned_step(step: &Step) -> StepView {
    StepView {
        id: step.id.to_string(),
        kind: step.kind().to_owned(),
        title: step.title.clone(),
        resource: step.resource.as_ref().map(ToString::to_string),
        state: StepState::Pending,
        after: step.after.iter().map(ToString::to_string).collect(),
        plane: step.plane.clone(),
        irreversible: step.irreversible,
        undo: undo(step),
        undoes: step.undoes.as_ref().map(|undoes| undoes.step.to_string()),
        timeout_seconds: step.timeout_seconds,
        value_now: step.value_now.clone(),
        value_to_be: step.value_to_be.clone(),
        attempt: 0,
        started_at: None,
        ended_at: None,
        action: step.change().map(|c| c.action().to_owned()),
        call: step.change().and_then(|c| serde_json::to_value(c).ok()),
        answers: Vec::new(),
        note: step.how.words(),
        parked: None,
        skipped: None,
        before: Value::Null,
        after_values: Value::Null,
        phase: None,
        only_if: step.how.only_if.as_ref().map(ToString::to_string),
        may_retry: false,
        may_skip: false,
        may_confirm: false,
        other_run: None,
    }
}

/// A run of another application as the step that it is for shows it.
pub fn other_run(of: &RunHead, asked_for: bool) -> OtherRun {
    let RunSummary { application, id, state, now, set_aside, .. } = head(of);
    OtherRun { application, run: id, state, now, set_aside: set_aside.is_some(), asked_for }
}

fn step(actor: &Actor, run: &Run, step: &Step, around: &Around, now: Timestamp) -> StepView {
    let planned = planned_step(step);
    let Some(progress) = run.progress(&step.id) else { return planned };
    let by = who(actor);
    let may_drive = may(actor, Action::DriveRun).is_ok();
    let legal = |command: Command| may_drive && around.handle(run, command, now).is_ok();
    StepView {
        state: progress.state,
        attempt: progress.attempt,
        started_at: progress.started_at,
        ended_at: progress.ended_at,
        answers: answers(progress),
        note: progress.note.clone().or(planned.note.clone()),
        parked: progress
            .parked
            .as_ref()
            .map(|(reason, way_out)| Parked { reason: reason.clone(), way_out: way_out.clone() }),
        skipped: progress
            .skipped_by
            .as_ref()
            .map(|(who, why)| Skipped { by: who.email.clone(), reason: why.clone() })
            .or_else(|| {
                let left = progress.left_out.as_ref()?;
                Some(Skipped { by: "the plan".into(), reason: left.reason.clone() })
            }),
        before: values(&progress.before),
        after_values: values(&progress.after),
        may_retry: legal(Command::RetryStep { by: by.clone(), step: step.id.clone() }),
        may_skip: legal(Command::SkipStep { by: by.clone(), step: step.id.clone(), reason: "?".into() }),
        may_confirm: may(actor, Action::ConfirmStep).is_ok()
            && around
                .handle(
                    run,
                    Command::ConfirmStep {
                        by,
                        groups: actor.groups.clone(),
                        step: step.id.clone(),
                        comment: None,
                    },
                    now,
                )
                .is_ok(),
        ..planned
    }
}

fn answers(progress: &StepProgress) -> Vec<CallAnswer> {
    progress
        .answers
        .iter()
        .map(|(at, a)| CallAnswer {
            at: *at,
            action: a.action.clone(),
            region: a.region.clone(),
            request_id: a.request_id.clone(),
        })
        .collect()
}

fn values(seen: &[Before]) -> Value {
    seen.iter().map(|b| json!({ "resource": b.resource, "region": b.region, "values": b.facts })).collect()
}

fn escalating(by: &Who) -> Command {
    Command::Escalate { by: by.clone(), reason: String::new(), confirm: String::new(), overrides: Vec::new() }
}

/// Each verb asked of the rules themselves, so that what a page offers and what is refused cannot differ.
fn verbs(actor: &Actor, run: &Run, around: &Around, now: Timestamp) -> Vec<VerbView> {
    let by = who(actor);
    let right = |action| may(actor, action).err().map(as_refusal);
    let asked = |command| match around.handle(run, command, now) {
        Err(refusal) => Some(refusal),
        Ok(events) if events.contains(&Event::Started) => around.not_to_start.clone(),
        Ok(_) => None,
    };
    let review = Review { at: now, ..Review::supposed(&by, &actor.groups, &actor.others) };
    let digest = run.request.digest.clone();
    let steering = |command| right(Action::DriveRun).or_else(|| asked(command));
    let reviewing = |own: Result<(), Refusal>| own.err().or_else(|| right(Action::ReviewRun));
    let waits = !matches!(run.next(now), Next::Ended);
    let mut verbs = Vec::new();
    let mut add = |verb: &str, refused| verbs.push(VerbView { verb: verb.into(), refused });
    if run.state == RunState::AwaitingApproval {
        let own = may_review(&run.request, &run.reviews, &review);
        let approve = Command::Approve { review, digest: digest.clone() };
        add("approve", reviewing(own).or_else(|| around.not_kept.clone()).or_else(|| asked(approve)));
        let own = may_deny(&run.request, &by, &actor.groups);
        let deny = Command::Deny { by: by.clone(), groups: actor.groups.clone(), digest, comment: None };
        add("deny", reviewing(own).or_else(|| asked(deny)));
        if let Some(Ok(under)) = around.glass.as_ref().map(|glass| glass.mark(now))
            && run.request.may_break_glass().is_ok()
        {
            add("break_glass", right(Action::RequestRun).or_else(|| asked(Command::BreakGlass { under })));
        }
        if run.reviews.iter().any(|r| r.person == by.id) {
            add("withdraw", asked(Command::Withdraw { by: by.clone() }));
        }
    } else if waits {
        add("pause", steering(Command::Pause { by: by.clone(), reason: None }));
        add("resume", steering(Command::Resume { by: by.clone() }));
        if run.request.commit_within_seconds.is_some() && run.commit.by.is_none() {
            let commit = Command::Commit { by: by.clone(), comment: None };
            add("commit", right(Action::CommitRun).or_else(|| asked(commit)));
        }
        // The page that it leads to asks for a fresh proof of identity, and says what the guards say.
        if run.movement().mode == Mode::Planned && !run.request.dry_run && run.undoing.is_none() {
            let over = around.glass_over.then(|| run.not_after_its_end(&escalating(&by))).flatten();
            add("escalate", right(Action::EscalateRun).or(over).or_else(|| run.may_escalate().err()));
        }
        if !run.request.dry_run && run.undoing.is_none() {
            add("abort", right(Action::AbortRun).or_else(|| run.may_abort().err()));
        }
    }
    if around.set_aside.is_some() {
        let resuming = Command::Resume { by: by.clone() };
        let over = around.glass_over.then(|| run.not_after_its_end(&resuming)).flatten();
        add("try_again", right(Action::DriveRun).or(over));
    }
    if around.live_drill.as_ref().is_some_and(|drill| drill.may_end == Some(true)) {
        add("end_drill", right(Action::DriveRun));
    }
    if around.acknowledged.is_none() && run.not_to_acknowledge().is_none() {
        add("acknowledge", right(Action::DriveRun));
    }
    if waits {
        add("cancel", steering(Command::Cancel { by, reason: "?".into() }));
    }
    verbs
}
