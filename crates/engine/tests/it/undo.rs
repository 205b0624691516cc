//! Runs that are aborted: what they did is taken back over a real database, and over the wire by the simulator's ledger,
//! whatever dies meanwhile.

use crate::crashes::{effects, live};
use crate::fake_cloud::Fate;
use crate::house::{House, id, until};
use crate::mortal::{Deaths, Moment};
use crate::through::Through;
use crate::twice::Twice;
use crate::wire::{Move, WireHouse, request, step_of};
use holdfast_api::applications::Applications;
use holdfast_api::runs::{AbortRun, RequestRun, RunVerb, RunView, Runs};
use holdfast_domain::{Actor, Name, StepId};
use holdfast_failover::run::Event;
use holdfast_failover::{Intent, Mode, RunState, StepState};
use holdfast_sim::ledger::Effect;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

const HOLD: &str = "      - {name: hold, kind: wait_for_person, after: confirm_serving, says: all is well}\n";

fn asked(confirm: &str) -> RunVerb {
    RunVerb::Abort(AbortRun { reason: "it makes things worse".into(), confirm: confirm.into() })
}

fn state(run: &RunView, step: &str) -> StepState {
    run.steps.iter().find(|s| s.id == step).unwrap_or_else(|| panic!("{step} is not in the run")).state
}

/// Moved, and waiting for a person to say that all is well.
async fn held(house: &House) -> RunView {
    let run = house.started().await;
    let held = house.reaches(&run, RunState::NeedsPerson).await;
    assert_eq!(state(&held, "own-hold"), StepState::NeedsPerson);
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_aborted_is_taken_back_traffic_first_and_capacity_last() {
    let mut house = House::with_own_steps(HOLD).await;
    let run = held(&house).await;
    let review = house.app.abort_review(&house.operator, id(&run)).await.unwrap();
    assert_eq!((review.refused, review.stays), (None, vec![]));
    let order: Vec<&str> = review.undone.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(order, ["undo-route-front-door", "undo-see-serving", "undo-scale-web-eu-central-1"]);
    house.app.drive_run(&house.operator, id(&run), asked("")).await.unwrap();
    let done = house.reaches(&run, RunState::RolledBack).await;
    assert_eq!(house.cloud.effects()[2..], ["undo-route-front-door", "undo-scale-web-eu-central-1"]);
    assert_eq!((house.cloud.desired("eu-central-1"), house.cloud.weight("us-east-1")), (2, 100));
    assert_eq!(state(&done, "route-front-door"), StepState::Undone);
    assert_eq!(done.undoing.unwrap().by.as_deref(), Some("operator@example.com"));
    assert_eq!(state(&run, "own-hold"), StepState::NeedsPerson);
    assert!(done.verbs.iter().all(|verb| verb.verb != "abort"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_whose_answer_is_lost_is_looked_up_and_one_that_is_denied_asks_a_person() {
    let mut house = House::with_own_steps(HOLD).await;
    let run = held(&house).await;
    house.cloud.next_call(Fate::DoneAnswerLost);
    house.cloud.next_call(Fate::Denied);
    house.app.drive_run(&house.operator, id(&run), asked("")).await.unwrap();
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    assert_eq!(state(&parked, "undo-route-front-door"), StepState::Succeeded);
    let capacity = StepId::parse("undo-scale-web-eu-central-1").unwrap();
    assert!(parked.steps.iter().any(|step| step.id == capacity.as_str() && step.may_retry && step.may_skip));
    house.app.drive_run(&house.operator, id(&run), RunVerb::RetryStep { step: capacity }).await.unwrap();
    house.reaches(&run, RunState::RolledBack).await;
    assert_eq!(house.cloud.effects()[2..], ["undo-route-front-door", "undo-scale-web-eu-central-1"]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_back_while_a_call_of_the_plan_may_take_effect() {
    let mut house = House::new().await;
    let run = house.started_with_a_lost_answer().await;
    let aborted = house.app.drive_run(&house.operator, id(&run), asked("")).await.unwrap();
    let awaits = aborted.undoing.unwrap().awaits.unwrap();
    assert_eq!(awaits.step, "scale-web-eu-central-1");
    house.reaches(&run, RunState::RolledBack).await;
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    let begun = entries
        .iter()
        .find(|e| matches!(&e.event, Event::StepStarted { step, .. } if step.as_str().starts_with("undo-")))
        .unwrap();
    assert!(begun.at >= awaits.until, "{} is before {}", begun.at, awaits.until);
    assert_eq!(house.cloud.desired("eu-central-1"), 2);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_person_with_fresh_identity_aborts() {
    let mut house = House::with_own_steps(HOLD).await;
    let run = held(&house).await;
    let stale = Actor { identity_proved_at: None, ..house.operator.clone() };
    let token = Actor { token_scopes: Some(holdfast_domain::Scope::ALL.to_vec()), ..house.operator.clone() };
    for (who, code) in
        [(&stale, "fresh_identity_needed"), (&token, "person_needed"), (&house.approver, "forbidden")]
    {
        let refused = house.app.drive_run(who, id(&run), asked("shop")).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
    assert!(house.app.run(&house.operator, id(&run)).await.unwrap().undoing.is_none());
    house.stop().await;
}

// ---- over the wire

/// The demonstration, in which this application's run waits at its end until a person speaks.
async fn house_that_holds(application: &str, speed: f64) -> WireHouse {
    let inventory = that_holds(holdfast_sim::DEMO_INVENTORY, application);
    WireHouse::of(holdfast_sim::demo_world(), &inventory, speed).await
}

fn that_holds(inventory: &str, application: &str) -> String {
    let steps = "- {name: hold, kind: wait_for_person, after: confirm_protected, says: all is well}";
    let listed = format!("  - application: {application}\n    steps:\n");
    match inventory.split_once(&listed) {
        Some((before, after)) => format!("{before}{listed}      {steps}\n{after}"),
        None => format!("{inventory}{listed}      {steps}\n"),
    }
}

/// Everything is done, and the run waits.
async fn whole(house: &WireHouse, movement: Move, mode: Mode) -> RunView {
    let run = house.started_as(movement, mode).await;
    until("the run to have done all", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        let parked = now.steps.iter().find(|step| step.state == StepState::NeedsPerson);
        if let Some(step) = parked {
            assert_eq!(step.id, "own-hold", "{:?}", step.parked);
        }
        parked.map(|_| now.clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_of_shop_that_is_aborted_leaves_aws_as_it_was_by_calls_in_the_runs_and_the_persons_name() {
    let house = house_that_holds("shop", 60.0).await;
    let movement = Move::of("shop");
    let move_it = request(movement, Intent::Failover, Mode::Planned);
    let planned = house.app.preview_run(&house.operator, &move_it).await.unwrap();
    let run = whole(&house, movement, Mode::Planned).await;
    house.app.drive_run(&house.operator, id(&run), asked("shop")).await.unwrap();
    let done = house.over(&run).await;
    assert_eq!(done.summary.state, RunState::RolledBack, "{:?}", done.ending);
    assert_eq!(
        house.serving("shop").await.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["us-east-1"]
    );
    // What was changed forth was changed back: the same move, planned anew, is the very plan that was approved.
    house.app.refresh_application(&house.operator, &Name::parse("shop").unwrap()).await.unwrap();
    let again = house.app.preview_run(&house.operator, &move_it).await.unwrap();
    assert_eq!(again.plan_digest, planned.plan_digest);
    let values = |steps: &[holdfast_api::runs::StepView]| -> Vec<(String, String)> {
        steps.iter().map(|step| (step.id.clone(), step.value_now.clone())).collect()
    };
    assert_eq!(values(&again.steps), values(&planned.steps));
    let mut undone = 0;
    for entry in house.calls().iter().filter(|e| e.effect == Effect::Changed) {
        assert_eq!(entry.session_name.as_ref(), Some(&run.summary.id));
        assert_eq!(entry.source_identity, Some(house.operator.person.to_string()), "{}", entry.operation);
        let back = step_of(entry).starts_with("undo-");
        undone += usize::from(back);
        let direction = if back { "holdfast-direction/undo" } else { "holdfast-direction/do" };
        assert!(entry.user_agent.contains(direction), "{}", entry.user_agent);
    }
    let acted = run.steps.iter().filter(|step| !step.answers.is_empty()).count();
    assert_eq!(undone, acted, "each step that acted is taken back by one call");
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}

/// The worker dies at each moment of each step of the undo, once.
async fn taken_back_among_crashes(movement: Move, mode: Mode) {
    let mut house = house_that_holds(movement.application, 60.0).await;
    let run = whole(&house, movement, mode).await;
    house.stop_engine().await;
    let forth = effects(&house, &run);
    house.app.drive_run(&house.operator, id(&run), asked(movement.application)).await.unwrap();
    let deaths = Arc::new(Deaths::default());
    let mut lives = 0;
    let over = loop {
        lives += 1;
        if let Some(over) = live(&house, &run, &deaths).await {
            break over;
        }
        assert_eq!(deaths.all().len(), lives, "each life dies once");
    };
    assert_eq!(over.summary.state, RunState::RolledBack, "{:?}", over.ending);
    assert_eq!(house.done_twice(), [""; 0]);
    let both = effects(&house, &run);
    for step in forth.keys() {
        let undo = format!("undo-{step}");
        let Some(undone) = over.steps.iter().find(|step| step.id == undo) else { continue };
        assert_eq!(both.get(&undo).map(Vec::len), Some(1), "{undo} is one call");
        assert_eq!(undone.state, StepState::Succeeded);
        for moment in [Moment::AfterALook, Moment::BeforeTheCall] {
            assert!(deaths.all().contains(&(undo.clone(), moment)), "{undo} {moment:?}");
        }
    }
    eprintln!("{}, {mode:?}, taken back: {lives} lives", movement.application);
    house.stop().await;
}

macro_rules! undone {
    ($($(#[$ignored:meta])? $name:ident: $mode:ident, $movement:expr;)*) => { $(
        $(#[$ignored])?
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            taken_back_among_crashes($movement, Mode::$mode).await;
        }
    )* };
}

// Between them the first four have every kind of step that can be taken back but for a health check's.
undone! {
    shop_is_taken_back_as_if_its_worker_had_not_died: Planned, Move::of("shop");
    fulfilment_is_taken_back_as_if_its_worker_had_not_died: Planned, Move::of("fulfilment");
    support_is_taken_back_as_if_its_worker_had_not_died: Emergency, Move::of("support");
    #[ignore = "of the long fault runs: make chaos"]
    catalog_is_taken_back_as_if_its_worker_had_not_died: Planned, Move::of("catalog");
    #[ignore = "of the long fault runs: make chaos"]
    feed_is_taken_back_as_if_its_worker_had_not_died: Planned, Move::of("feed").from("us-east-1").to("eu-central-1");
    #[ignore = "of the long fault runs: make chaos"]
    tickets_is_taken_back_as_if_its_worker_had_not_died: Planned, Move::of("tickets");
    website_is_taken_back_as_if_its_worker_had_not_died: Planned, Move::of("website");
}

/// There and back, where nobody looks before they ask again.
#[tokio::test(flavor = "multi_thread")]
async fn each_call_of_a_move_and_of_its_undo_made_twice_takes_effect_once() {
    let moves = [
        ("shop", Mode::Planned),
        ("fulfilment", Mode::Planned),
        ("support", Mode::Emergency),
        ("website", Mode::Planned),
    ];
    let inventory = moves
        .iter()
        .fold(holdfast_sim::DEMO_INVENTORY.to_owned(), |all, (application, _)| that_holds(&all, application));
    let mut house = WireHouse::of(holdfast_sim::demo_world(), &inventory, 60.0).await;
    house.stop_engine().await;
    let twice = Arc::new(OnceLock::new());
    let seen = twice.clone();
    let process = house.process();
    let engine = process
        .start(move |cloud| {
            let cloud = Arc::new(Through::new(cloud, Twice::default()));
            seen.set(cloud.clone()).unwrap();
            cloud
        })
        .await;
    let mut acted = BTreeSet::new();
    for (application, mode) in moves {
        let run = whole(&house, Move::of(application), mode).await;
        house.app.drive_run(&house.operator, id(&run), asked(application)).await.unwrap();
        let over = house.over(&run).await;
        assert_eq!(over.summary.state, RunState::RolledBack, "{application}: {:?}", over.ending);
        let called = over.steps.iter().filter(|step| !step.answers.is_empty());
        acted.extend(called.map(|step| (over.summary.id.clone(), step.id.clone())));
    }
    assert_eq!(house.done_twice(), [""; 0]);
    let twice = twice.get().unwrap().between.repeated();
    let once: BTreeSet<&str> = acted.difference(&twice).map(|(_, step)| step.as_str()).collect();
    let one_shot = [
        "execute-origins",
        "promote-tickets",
        "switch-orders",
        "switch-parcels",
        "switch-routes",
        "undo-switch-orders",
        "undo-switch-parcels",
    ];
    assert_eq!(once, BTreeSet::from(one_shot), "what can be asked for only once");
    assert!(twice.iter().any(|(_, step)| step.starts_with("undo-")) && twice.len() > 30, "{twice:?}");
    engine.shutdown().await;
    house.stop().await;
}

// ---- the commit window

async fn waits_for_a_commit(house: &House, seconds: u32) -> RunView {
    let asked = RequestRun { commit_within_seconds: Some(seconds), ..House::asked(Mode::Planned) };
    let run = house.request(asked).await.unwrap();
    let run = house.approve(&run).await.unwrap();
    house.reaches(&run, RunState::AwaitingCommit).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_committed_stays_and_one_that_nobody_commits_is_taken_back_by_itself() {
    let mut house = House::new().await;
    let run = waits_for_a_commit(&house, 5).await;
    assert!(run.commit.as_ref().unwrap().until.is_some());
    let done = house.reaches(&run, RunState::RolledBack).await;
    assert_eq!(done.undoing.as_ref().unwrap().by, None);
    assert_eq!((house.cloud.desired("eu-central-1"), house.cloud.weight("us-east-1")), (2, 100));
    let late = house.app.drive_run(&house.operator, id(&done), RunVerb::Commit { comment: None }).await;
    assert_eq!(late.unwrap_err().code, "run_over");

    let run = waits_for_a_commit(&house, 600).await;
    let token = Actor { token_scopes: Some(holdfast_domain::Scope::ALL.to_vec()), ..house.operator.clone() };
    let refused = house.app.drive_run(&token, id(&run), RunVerb::Commit { comment: None }).await;
    assert_eq!(refused.unwrap_err().code, "person_needed");
    house.app.drive_run(&house.operator, id(&run), RunVerb::Commit { comment: None }).await.unwrap();
    let done = house.reaches(&run, RunState::Completed).await;
    assert_eq!(done.commit.unwrap().by.as_deref(), Some("operator@example.com"));
    assert_eq!(house.cloud.weight("us-east-1"), 0);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_commit_leaves_its_workers_only_hand_to_another() {
    let mut house = House::new().await;
    house.stop().await;
    house.runs_at_once = 1;
    let asked = RequestRun { commit_within_seconds: Some(600), ..House::asked(Mode::Planned) };
    let waiting = house.request(asked).await.unwrap();
    house.approve(&waiting).await.unwrap();
    let dry = RequestRun { dry_run: true, ..House::asked(Mode::Planned) };
    let other = house.request(dry).await.unwrap();
    house.start().await;
    house.reaches(&waiting, RunState::AwaitingCommit).await;
    house.reaches(&other, RunState::Completed).await;
    let still = house.app.run(&house.operator, id(&waiting)).await.unwrap();
    assert_eq!(still.summary.state, RunState::AwaitingCommit);
    house.app.drive_run(&house.operator, id(&waiting), RunVerb::Commit { comment: None }).await.unwrap();
    house.reaches(&waiting, RunState::Completed).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_ends_for_a_worker_that_was_away_and_is_refused_where_it_makes_no_sense() {
    let mut house = House::new().await;
    for (window, code) in [(4, "invalid"), (86_401, "invalid")] {
        let asked = RequestRun { commit_within_seconds: Some(window), ..House::asked(Mode::Planned) };
        assert_eq!(house.request(asked).await.unwrap_err().code, code);
    }
    let run = waits_for_a_commit(&house, 5).await;
    house.stop().await;
    let waiting = house.app.run(&house.operator, id(&run)).await.unwrap();
    let ends = waiting.commit.unwrap().until.unwrap();
    until("the window to end", || async { (house.store.now().await.unwrap() > ends).then_some(()) }).await;
    let late = house.app.drive_run(&house.operator, id(&run), RunVerb::Commit { comment: None }).await;
    assert_eq!(late.unwrap_err().code, "expired", "before any worker has noticed");
    house.start().await;
    house.reaches(&run, RunState::RolledBack).await;
    house.stop().await;
}
