//! Planned runs that stand still and go on as emergencies.

use crate::fake_cloud::Fate;
use crate::house::{House, id, until};
use crate::wire::{WireHouse, step_of};
use holdfast_api::runs::{EscalateRun, RunVerb, RunView, Runs};
use holdfast_domain::Actor;
use holdfast_failover::run::Event;
use holdfast_failover::{Intent, Mode, RunState, StepState};
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::Effect;

fn asked(confirm: &str) -> RunVerb {
    RunVerb::Escalate(EscalateRun {
        reason: "it stands still".into(),
        confirm: confirm.into(),
        step: None,
        // Nobody has waived that its emergency edits records.
        overrides: vec!["plane_lint".into()],
    })
}

fn state(run: &RunView, step: &str) -> StepState {
    run.steps.iter().find(|s| s.id == step).unwrap_or_else(|| panic!("{step} is not in the run")).state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_run_that_asks_a_person_goes_on_as_an_emergency_and_does_nothing_again() {
    let mut house = House::new().await;
    // The first call is found done; the second is denied.
    house.cloud.next_call(Fate::DoneAnswerLost);
    house.cloud.next_call(Fate::Denied);
    let run = house.started().await;
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    let verb = parked.verbs.iter().find(|v| v.verb == "escalate").unwrap();
    assert_eq!(verb.refused, None);
    let review = house.app.escalation(&house.operator, id(&run)).await.unwrap();
    let needed: Vec<&str> = review.overrides_needed.iter().map(|needed| needed.guard.as_str()).collect();
    assert_eq!((needed, review.refused), (vec!["plane_lint"], None));
    house.app.drive_run(&house.operator, id(&run), asked("shop")).await.unwrap();
    let done = house.reaches(&run, RunState::Completed).await;
    assert_eq!(house.cloud.effects(), ["scale-web-eu-central-1", "emergency-route-front-door"]);
    assert_eq!(house.cloud.made().len(), 3, "what was reached was looked at, and not called for again");
    assert_eq!(done.summary.mode, Mode::Emergency);
    assert_eq!(state(&done, "route-front-door"), StepState::Skipped);
    assert_eq!(done.escalated.unwrap().by, "operator@example.com");
    assert!(done.measured.rto.total_seconds.is_some(), "the recovery time is that of the whole run");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_does_nothing_while_the_call_that_it_replaces_may_take_effect() {
    let mut house = House::new().await;
    let run = house.started_with_a_lost_answer().await;
    let escalated = house.app.drive_run(&house.operator, id(&run), asked("shop")).await.unwrap();
    let awaits = escalated.escalated.unwrap().awaits.unwrap();
    assert_eq!(awaits.step, "scale-web-eu-central-1");
    assert!(escalated.summary.now.contains("nothing is done before"), "{}", escalated.summary.now);
    house.reaches(&run, RunState::Completed).await;
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    let begun = entries
        .iter()
        .find(|e| matches!(&e.event, Event::StepStarted { step, .. } if step.as_str().starts_with("emergency-")))
        .unwrap();
    assert!(begun.at >= awaits.until, "{} is before {}", begun.at, awaits.until);
    let mut effects = house.cloud.effects();
    effects.sort();
    assert_eq!(effects, ["emergency-route-front-door", "emergency-scale-web-eu-central-1"]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_step_that_would_ask_a_person_asks_nobody_and_the_run_stays_with_its_worker() {
    let mut house = House::new().await;
    house.cloud.next_call(Fate::DoneAnswerLost);
    house.cloud.next_call(Fate::DoneThenSilent);
    let run = house.started().await;
    until("the last call to be answered", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        (state(&now, "route-front-door") == StepState::Waiting).then_some(())
    })
    .await;
    let taken_up = house.cloud.recalled().len();
    assert!(taken_up > 0);
    // What the step will see is somebody else's.
    house.cloud.meddle("eu-central-1", 50);
    house.app.drive_run(&house.operator, id(&run), asked("shop")).await.unwrap();
    house.cloud.breaks(None);
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    assert_eq!(state(&parked, "emergency-route-front-door"), StepState::NeedsPerson);
    assert_eq!(house.cloud.recalled().len(), taken_up, "the worker let go of the run and took it up again");
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    let asks_of_the_old = |event: &Event| matches!(event, Event::StepParked { step, .. } if step.as_str() == "route-front-door");
    assert!(!entries.iter().any(|entry| asks_of_the_old(&entry.event)));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_person_with_fresh_identity_who_types_the_name_escalates() {
    let mut house = House::new().await;
    house.cloud.next_call(Fate::Denied);
    let run = house.started().await;
    house.reaches(&run, RunState::NeedsPerson).await;
    let stale = Actor { identity_proved_at: None, ..house.operator.clone() };
    let token = Actor { token_scopes: Some(holdfast_domain::Scope::ALL.to_vec()), ..house.operator.clone() };
    for (who, confirm, code) in [
        (&stale, "shop", "fresh_identity_needed"),
        (&token, "shop", "person_needed"),
        (&house.approver, "shop", "forbidden"),
        (&house.operator, "shap", "confirmation_needed"),
    ] {
        let refused = house.app.drive_run(who, id(&run), asked(confirm)).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
    assert!(house.app.run(&house.operator, id(&run)).await.unwrap().escalated.is_none());
    house.stop().await;
}

/// How often an operation changed anything for a run.
fn changed(house: &WireHouse, operation: &str) -> usize {
    let mut calls = house.calls();
    calls.retain(|entry| entry.operation == operation && entry.effect == Effect::Changed);
    calls.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_that_hangs_because_its_region_went_dark_completes_as_an_emergency() {
    let house = WireHouse::new().await;
    let run = house.started("shop", Intent::Failover, Mode::Planned).await;
    let now = || async { house.app.run(&house.operator, id(&run)).await.unwrap() };
    until("capacity to be raised", || async {
        now().await.steps.iter().any(|s| s.action.is_some() && s.state == StepState::Waiting).then_some(())
    })
    .await;
    house.sim.set_region_dark("us-east-1", true);
    until("the run to stand still", || async {
        let stands = |note: &str| note.contains("cannot be seen") || note.contains("not known");
        now().await.steps.iter().any(|s| s.note.as_deref().is_some_and(stands)).then_some(())
    })
    .await;
    house.app.drive_run(&house.operator, id(&run), asked("shop")).await.unwrap();
    let done = house.over(&run).await;
    assert_eq!(done.summary.state, RunState::Completed, "{:?}", done.ending);
    assert_eq!(
        house.serving("shop").await.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["eu-central-1"]
    );
    assert_eq!(
        (changed(&house, "SwitchoverGlobalCluster"), changed(&house, "FailoverGlobalCluster")),
        (0, 1)
    );
    assert_eq!(changed(&house, "UpdateService"), 1, "the capacity that was raised is not raised again");
    assert_eq!(house.done_twice(), [""; 0]);
    assert!(!done.measured.stores.is_empty(), "what was given up is told, if only as not known");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_whose_answer_was_lost_is_seen_by_the_emergency_and_not_followed_by_another() {
    let house = WireHouse::new().await;
    house.sim.add_fault(Fault {
        operation: Some("SwitchoverGlobalCluster".into()),
        times: Some(1),
        ..Fault::new(FaultKind::LoseAnswer)
    });
    let run = house.started("shop", Intent::Failover, Mode::Planned).await;
    until("the lost answer", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        (state(&now, "switch-orders") == StepState::Unknown).then_some(())
    })
    .await;
    house.app.drive_run(&house.operator, id(&run), asked("shop")).await.unwrap();
    let done = house.over(&run).await;
    assert_eq!(done.summary.state, RunState::Completed, "{:?}", done.ending);
    assert_eq!(
        (changed(&house, "SwitchoverGlobalCluster"), changed(&house, "FailoverGlobalCluster")),
        (1, 0)
    );
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}

/// The switchover is refused, and nothing else: one step accepts the loss, and the others are done as they were planned.
#[tokio::test(flavor = "multi_thread")]
async fn one_step_goes_on_as_an_emergency_and_the_run_stays_planned() {
    let house = WireHouse::new().await;
    house.sim.add_fault(Fault {
        operation: Some("SwitchoverGlobalCluster".into()),
        ..Fault::new(FaultKind::Deny)
    });
    let run = house.started("shop", Intent::Failover, Mode::Planned).await;
    let parked = until("the switchover to ask a person", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        (state(&now, "switch-orders") == StepState::NeedsPerson).then_some(now)
    })
    .await;
    assert!(parked.escalated.is_none());
    let review = house.app.escalation(&house.operator, id(&run)).await.unwrap();
    assert!(review.steps.iter().any(|alone| alone.step == "switch-orders"), "{:?}", review.steps);
    let alone = EscalateRun {
        reason: "the switchover is refused".into(),
        confirm: "shop".into(),
        step: Some("switch-orders".into()),
        overrides: Vec::new(),
    };
    house.app.drive_run(&house.operator, id(&run), RunVerb::Escalate(alone)).await.unwrap();
    let done = house.over(&run).await;
    assert_eq!(done.summary.state, RunState::Completed, "{:?}", done.ending);
    assert_eq!(done.summary.mode, Mode::Planned);
    assert_eq!(done.escalated.map(|escalated| escalated.steps), Some(vec!["emergency-switch-orders".into()]));
    assert_eq!(
        (changed(&house, "SwitchoverGlobalCluster"), changed(&house, "FailoverGlobalCluster")),
        (0, 1)
    );
    let mut calls = house.calls();
    calls.retain(|call| call.effect == Effect::Changed);
    let emergencies = calls.iter().filter(|call| step_of(call).starts_with("emergency-"));
    assert!(emergencies.clone().all(|call| call.operation == "FailoverGlobalCluster"));
    assert_eq!(emergencies.count(), 1);
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}
