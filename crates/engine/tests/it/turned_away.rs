//! Changing calls that were refused: which are made again as they are, and which only after another look.

use crate::fake_cloud::Fate;
use crate::house::{House, id};
use crate::{CALLS, all_calls, calls};
use holdfast_api::runs::Runs;
use holdfast_failover::RunState;
use holdfast_failover::run::Event;

/// How often the first call was tried and looked at, and what the journal says of its refusals, when these were its first fates.
async fn moved_among(fates: &[Fate]) -> (usize, usize, Vec<bool>) {
    let mut house = House::new().await;
    fates.iter().for_each(|fate| house.cloud.next_call(*fate));
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(calls(&house), all_calls(), "each took effect once");
    let tries = house.cloud.made().iter().filter(|made| made.step == CALLS[0]).count();
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    let refusals = entries.iter().filter_map(|entry| match entry.event {
        Event::CallRefused { not_executed, .. } => Some(not_executed),
        _ => None,
    });
    let told = (tries, house.cloud.looks_of(CALLS[0]), refusals.collect());
    house.stop().await;
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_call_is_made_again_without_another_look() {
    let before_and_after = 2;
    assert_eq!(moved_among(&[]).await, (1, before_and_after, vec![]));
    let throttled = [Fate::Throttled, Fate::Throttled];
    assert_eq!(moved_among(&throttled).await, (3, before_and_after, vec![true, true]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_failed_in_another_way_is_looked_at_first() {
    assert_eq!(moved_among(&[Fate::Sick, Fate::Throttled]).await, (3, 3, vec![false, true]));
}
