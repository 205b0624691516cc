//! What a failback aims at, and what stands in nobody's way when that cannot be read.

use crate::house::{AWAY, FAR, HOME, House, refused};
use holdfast_api::applications::Applications;
use holdfast_api::runs::Runs;
use holdfast_failover::run::RunState;
use holdfast_failover::{Intent, Mode};

/// How many tasks a failback from `from` would give the service at home, if it raises it at all.
async fn aim(house: &House, from: &str) -> Option<String> {
    let asked = House::asked("shop", Intent::Failback, from, HOME);
    let preview = house.app.preview_run(&house.operator, &asked).await.unwrap();
    let step = preview.steps.iter().find(|s| s.id == format!("scale-web-{HOME}"))?;
    Some(step.call.as_ref().unwrap()["desired"].to_string())
}

async fn house() -> House {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    house
}

#[tokio::test]
async fn a_failback_after_two_failovers_goes_back_to_before_the_first() {
    let house = house().await;
    house.ran((Intent::Failover, HOME, AWAY), RunState::Completed, 11).await;
    house.ran((Intent::Failover, AWAY, FAR), RunState::Completed, 12).await;
    assert_eq!(aim(&house, FAR).await.as_deref(), Some("11"));
}

#[tokio::test]
async fn a_failover_given_up_half_way_and_asked_again_goes_back_to_before_the_first_try() {
    let house = house().await;
    house.ran((Intent::Failover, HOME, AWAY), RunState::Cancelled, 11).await;
    house.ran((Intent::Failover, HOME, AWAY), RunState::Completed, 3).await;
    assert_eq!(aim(&house, AWAY).await.as_deref(), Some("11"));
}

#[tokio::test]
async fn a_failover_that_was_taken_back_is_not_taken_back_again() {
    let house = house().await;
    house.ran((Intent::Failover, HOME, AWAY), RunState::Completed, 11).await;
    house.ran((Intent::Failback, AWAY, HOME), RunState::CompletedWithExceptions, 6).await;
    // Then somebody moved it by hand. The defaults: as many as the Region that is left.
    assert_eq!(aim(&house, AWAY).await, None, "no old number is brought back");
}

#[tokio::test]
async fn a_failback_that_was_given_up_leaves_the_aim_where_it_was() {
    let house = house().await;
    house.ran((Intent::Failover, HOME, AWAY), RunState::Completed, 11).await;
    house.ran((Intent::Failback, AWAY, HOME), RunState::Cancelled, 2).await;
    assert_eq!(aim(&house, AWAY).await.as_deref(), Some("11"));
}

#[tokio::test]
async fn many_requests_that_never_began_hide_no_failover() {
    let house = house().await;
    house.ran((Intent::Failover, HOME, AWAY), RunState::Completed, 11).await;
    for _ in 0..25 {
        let asked = House::asked("shop", Intent::Failover, HOME, AWAY);
        let run = house.request(asked).await.unwrap();
        let verb = holdfast_api::runs::RunVerb::Cancel { reason: "a test".into() };
        house.app.drive_run(&house.operator, crate::house::id(&run), verb).await.unwrap();
    }
    assert_eq!(aim(&house, AWAY).await.as_deref(), Some("11"));
}

#[tokio::test]
async fn an_unreadable_journal_stops_a_planned_failback_and_nothing_else() {
    let house = house().await;
    house.corrupt("shop", (Intent::Failover, HOME, AWAY), RunState::Completed).await;
    let back = House::asked("shop", Intent::Failback, AWAY, HOME);
    let problem = refused(house.app.preview_run(&house.operator, &back).await);
    assert_eq!(problem.code, "journal_corrupt");

    let emergency = holdfast_api::runs::RequestRun { mode: Mode::Emergency, ..back };
    house.app.preview_run(&house.operator, &emergency).await.unwrap();
    for mode in [Mode::Planned, Mode::Emergency] {
        let asked =
            holdfast_api::runs::RequestRun { mode, ..House::asked("shop", Intent::Failover, HOME, FAR) };
        house.app.preview_run(&house.operator, &asked).await.unwrap();
    }
    house.app.application(&house.operator, &crate::house::name("shop")).await.unwrap();
}
