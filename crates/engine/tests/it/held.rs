//! What a run's worker holds back to write it with what comes next: how much writing that saves, and what is lost of it with the
//! worker. (Decision 35.)

use crate::fake_cloud::Fate;
use crate::house::{House, id, until};
use crate::{all_calls, calls};
use holdfast_api::runs::{RunVerb, RunView, Runs};
use holdfast_domain::RunId;
use holdfast_failover::run::Event;
use holdfast_failover::{RunState, StepState};
use std::time::Duration;

/// Transactions that wrote a run's journal after it had been started.
async fn write_transactions(house: &House, run: RunId) -> i64 {
    sqlx::query_scalar(
        "SELECT count(DISTINCT e.xmin::text) FROM run_events e
         WHERE e.run = $1 AND e.seq > (SELECT max(s.seq) FROM run_events s WHERE s.run = $1 AND s.kind = 'started')",
    )
    .bind(run.0)
    .fetch_one(&mut house.owner().await)
    .await
    .unwrap()
}

/// However slow the machine is on which this is counted. What the collector keeps, leases and claims, and the audit log's tree are written
/// beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_sequential_plan_takes_at_most_one_and_a_tenth_write_transactions_a_step() {
    let mut house = House::new().await;
    house.stop().await;
    house.hold_at_most = Duration::from_secs(60);
    house.start().await;
    let run = house.started().await;
    let done = house.reaches(&run, RunState::Completed).await;
    let (written, steps) = (write_transactions(&house, id(&run)).await, done.steps.len());
    eprintln!("{written} write transactions for {steps} steps");
    assert!(written * 10 <= 11 * i64::try_from(steps).unwrap(), "{written} for {steps} steps");
    house.stop().await;
}

/// The longer the plan, the less its first and last transaction count for.
#[tokio::test(flavor = "multi_thread")]
async fn nor_does_one_of_a_dozen_steps() {
    let waits: String = (1..=7)
        .map(|number| {
            format!(
                "      - {{name: wait-{number}, kind: wait_for_time, before: move_traffic, until: \"2026-01-01T00:00:00Z\"}}\n"
            )
        })
        .collect();
    let mut house = House::with_own_steps(&waits).await;
    house.stop().await;
    house.hold_at_most = Duration::from_secs(60);
    house.start().await;
    let run = house.started().await;
    let done = house.reaches(&run, RunState::Completed).await;
    let (written, steps) = (write_transactions(&house, id(&run)).await, done.steps.len());
    eprintln!("{written} write transactions for {steps} steps");
    assert!(steps >= 10, "{steps} steps");
    assert!(written * 10 <= 11 * i64::try_from(steps).unwrap(), "{written} for {steps} steps");
    house.stop().await;
}

async fn events(house: &House, run: &RunView) -> Vec<Event> {
    let journal = house.app.run_journal(&house.operator, id(run)).await.unwrap();
    journal.into_iter().map(|entry| entry.event).collect()
}

fn is_answer(event: &Event) -> bool {
    matches!(event, Event::CallAnswered { .. })
}

/// A run whose worker dies once its first call was answered and nothing is seen of it yet; at which moment of that, is told.
async fn dies_after_an_answer(answer_is_written: bool) {
    let mut house = House::new().await;
    house.stop().await;
    if !answer_is_written {
        house.hold_at_most = Duration::from_secs(60);
    }
    let run = house.started().await;
    house.cloud.next_call(Fate::DoneThenSilent);
    let moment = until("the moment to die at", || async {
        let written = events(&house, &run).await.iter().any(is_answer);
        (house.cloud.made().len() == 1 && written == answer_is_written).then_some(())
    });
    house.dies_at(moment).await;
    assert_eq!(events(&house, &run).await.iter().any(is_answer), answer_is_written);
    house.cloud.breaks(None);
    house.start().await;
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(calls(&house), all_calls());
    assert_eq!(house.cloud.made().len(), 2, "each was sent once");
    let looked_up = events(&house, &run).await.iter().any(|e| matches!(e, Event::CallUnknown { .. }));
    assert_eq!(looked_up, !answer_is_written);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_with_its_worker_is_looked_up_and_the_call_not_made_again() {
    dies_after_an_answer(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_written_although_nothing_follows_it_and_is_there_for_the_next_worker() {
    dies_after_an_answer(true).await;
}

/// The call's answer is held when a person speaks: it is written behind what they said, and nothing new begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_speaks_while_something_is_held_loses_none_of_it() {
    let mut house = House::new().await;
    house.stop().await;
    house.hold_at_most = Duration::from_secs(60);
    house.start().await;
    house.cloud.next_call(Fate::DoneThenSilent);
    let run = house.started().await;
    until("the first call", || async { (house.cloud.made().len() == 1).then_some(()) }).await;
    house.app.drive_run(&house.operator, id(&run), RunVerb::Pause { reason: None }).await.unwrap();
    house.cloud.breaks(None);
    let paused = until("the step to be done", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        now.steps.iter().any(|s| s.call.is_some() && s.state == StepState::Succeeded).then_some(now)
    })
    .await;
    assert_eq!(paused.summary.state, RunState::Paused);
    assert!(events(&house, &run).await.iter().any(is_answer));
    assert_eq!(house.cloud.made().len(), 1);
    house.app.drive_run(&house.operator, id(&run), RunVerb::Resume).await.unwrap();
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(calls(&house), all_calls());
    house.stop().await;
}
