//! What a run that a person gave up does to compliance.

use crate::house::{AWAY, HOME, House, id, name, tasks, weighted};
use holdfast_api::compliance::Compliances;
use holdfast_api::runs::{RunVerb, RunView, Runs};
use holdfast_failover::Intent;
use holdfast_failover::compliance::{Measured, RtoSplit, Standing};
use holdfast_failover::run::{Event, Run};
use holdfast_store::{Advance, RunFilter};
use jiff::Timestamp;

use crate::house::test_entry;

async fn house() -> House {
    let house = House::new().await;
    for (code, desired, weight) in [(HOME, 6, 100), (AWAY, 2, 0)] {
        house.look("front", "web", code, Ok(tasks(desired))).await;
        house.look("front", "front-door", code, Ok(weighted(code, weight))).await;
    }
    house
}

async fn started(house: &House) -> RunView {
    let run = house.request(House::asked("front", Intent::Failover, HOME, AWAY)).await.unwrap();
    house.approve(&house.approver, &run).await.unwrap()
}

/// Every step done, as its worker would have journalled it, but the run not concluded.
async fn drive_all_steps(house: &House, run: &RunView) {
    let entries = house.app.run_journal(&house.operator, id(run)).await.unwrap();
    let run = Run::replay(id(run), &entries).unwrap();
    let now = Timestamp::now();
    let events: Vec<Event> = run
        .request
        .plan
        .steps
        .iter()
        .flat_map(|step| {
            let step = step.id.clone();
            let started = Event::StepStarted {
                step: step.clone(),
                attempt: 1,
                epoch: 1,
                before: Vec::new(),
                change: None,
                answer_due: now,
            };
            [started, Event::StepSucceeded { step, note: "seen".into(), after: Vec::new() }]
        })
        .collect();
    let mut change = house.store.begin().await.unwrap();
    let advance =
        Advance { run: run.id, expected_seq: run.seq, events: &events, state: run.state, summary: None };
    change.append(&advance).await.unwrap();
    change.commit(test_entry()).await.unwrap();
}

async fn cancel(house: &House, run: &RunView) -> RunView {
    let verb = RunVerb::Cancel { reason: "given up".into() };
    house.app.drive_run(&house.operator, id(run), verb).await.unwrap()
}

async fn rto(house: &House) -> (Standing, usize) {
    let view = house.app.compliance(&house.operator).await.unwrap();
    let row = view.rows.into_iter().find(|r| r.application == "front").unwrap();
    (row.rto, row.runs_counted)
}

#[tokio::test]
async fn a_run_given_up_after_it_began_makes_the_recovery_time_unknown() {
    let house = house().await;
    let run = started(&house).await;
    drive_all_steps(&house, &run).await;
    let before = house.app.run(&house.operator, id(&run)).await.unwrap();
    assert!(before.measured.rto.total_seconds.is_some(), "it had been seen serving in time");
    let ended = cancel(&house, &run).await;
    assert_eq!(ended.measured.rto.total_seconds, None);
    assert_eq!(ended.summary.rto_seconds, None);
    assert_eq!(rto(&house).await, (Standing::Unknown, 1));
}

#[tokio::test]
async fn a_failover_given_up_half_way_is_not_hidden_by_an_older_one_that_went_well() {
    let house = house().await;
    let first = started(&house).await;
    // As a worker ends a run: with what it measured.
    drive_all_steps(&house, &first).await;
    let entries = house.app.run_journal(&house.operator, id(&first)).await.unwrap();
    let seq = entries.last().unwrap().seq;
    let mut change = house.store.begin().await.unwrap();
    let events = [Event::Completed { exceptions: Vec::new() }];
    let state = holdfast_failover::RunState::Completed;
    let advance = Advance { run: id(&first), expected_seq: seq, events: &events, state, summary: None };
    change.append(&advance).await.unwrap();
    let rto_of_first = RtoSplit { total_seconds: Some(60.0), ..RtoSplit::default() };
    let measured = Measured { rto: rto_of_first, stores: Vec::new() };
    change.record_measured(id(&first), &measured).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    assert_eq!(rto(&house).await, (Standing::Met, 1));

    let second = started(&house).await;
    cancel(&house, &second).await;
    assert_eq!(rto(&house).await, (Standing::Unknown, 2));
}

#[tokio::test]
async fn a_request_given_up_before_it_began_and_a_dry_run_measure_nothing() {
    let house = house().await;
    let run = house.request(House::asked("front", Intent::Failover, HOME, AWAY)).await.unwrap();
    cancel(&house, &run).await;
    let mut dry = House::asked("front", Intent::Failover, HOME, AWAY);
    dry.dry_run = true;
    let dry = house.request(dry).await.unwrap();
    cancel(&house, &dry).await;
    assert_eq!(rto(&house).await, (Standing::Unknown, 0));
    let of = RunFilter { application: Some(name("front")), dry_runs: true, limit: 5, ..RunFilter::default() };
    let ended = house.store.runs(&of).await.unwrap();
    assert_eq!(ended.len(), 2);
    assert!(ended.iter().all(|run| run.measured.is_none()));
}
