//! Asking for runs: many at once, the same one twice, and keys that are none.

use crate::house::{AWAY, FAR, HOME, House, id, name, refused};
use holdfast_api::applications::Applications;
use holdfast_api::runs::{RequestRun, RunVerb, Runs};
use holdfast_failover::run::RunState;
use holdfast_failover::{Intent, Mode};
use jiff::{SignedDuration, Timestamp};

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_for_one_application_over_six_connections_make_one_run() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (app, operator) = (house.app.clone(), house.operator.clone());
        let asked = House::asked("shop", Intent::Failover, HOME, AWAY);
        all.spawn(async move { app.request_run(&operator, asked, &format!("key-{n}")).await });
    }
    let mut codes: Vec<String> =
        all.join_all().await.into_iter().map(|a| a.map_or_else(|p| p.code, |_| "made".into())).collect();
    codes.sort();
    let mut wanted = vec!["run_active".to_owned(); 19];
    wanted.insert(0, "made".into());
    assert_eq!(codes, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_for_as_many_applications_over_six_connections_all_make_runs() {
    let house = House::with_applications(20).await;
    let mut all = tokio::task::JoinSet::new();
    for n in 1..=20 {
        let application = format!("app-{n:02}");
        house.sees_services(&application, &[HOME, AWAY]).await;
        let (app, operator) = (house.app.clone(), house.operator.clone());
        let asked = House::asked(&application, Intent::Failover, HOME, AWAY);
        all.spawn(async move { app.request_run(&operator, asked, &format!("key-{n}")).await });
    }
    for answer in all.join_all().await {
        answer.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_sent_many_times_at_once_makes_one_run_and_one_answer() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (app, operator) = (house.app.clone(), house.operator.clone());
        let asked = House::asked("shop", Intent::Failover, HOME, AWAY);
        all.spawn(async move { app.request_run(&operator, asked, "the-same-key").await });
    }
    let answers = all.join_all().await;
    let made: Vec<_> = answers.iter().flatten().map(|run| &run.summary.id).collect();
    assert!(made.iter().all(|id| *id == made[0]));
    let refused: Vec<_> = answers.iter().filter_map(|a| a.as_ref().err()).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test]
async fn a_repeated_key_gets_the_first_run_even_where_the_plan_is_refused_now() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let asked = House::asked("shop", Intent::Failover, HOME, AWAY);
    let first = house.app.request_run(&house.operator, asked.clone(), "a-key").await.unwrap();
    let verb = RunVerb::Cancel { reason: "a test".into() };
    house.app.drive_run(&house.operator, id(&first), verb).await.unwrap();
    house.look("shop", "web", AWAY, Err("the Region does not answer".into())).await;

    let again = house.app.request_run(&house.operator, asked.clone(), "a-key").await.unwrap();
    assert_eq!(again.summary.id, first.summary.id);
    let fresh = refused(house.app.request_run(&house.operator, asked.clone(), "another-key").await);
    assert_eq!(fresh.code, "guard_refused");
    let other = RequestRun { reason: "another".into(), ..asked };
    let reused = refused(house.app.request_run(&house.operator, other, "a-key").await);
    assert_eq!(reused.code, "idempotency_key_reused");
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let house = House::new().await;
    let asked = House::asked("shop", Intent::Failover, HOME, AWAY);
    refused(house.app.request_run(&house.operator, asked.clone(), "a-key").await);
    house.sees_services("shop", &[HOME, AWAY]).await;
    house.app.request_run(&house.operator, asked, "a-key").await.unwrap();
}

#[tokio::test]
async fn an_emergency_takes_the_place_of_a_request_that_waits() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    let waits = house.request(House::asked("shop", Intent::Failover, HOME, AWAY)).await.unwrap();
    let asked = RequestRun { mode: Mode::Emergency, ..House::asked("shop", Intent::Failover, HOME, FAR) };
    let emergency = house.request(asked).await.unwrap();
    assert_eq!(emergency.summary.state, RunState::AwaitingApproval);
    let held = house.app.run(&house.operator, id(&waits)).await.unwrap();
    assert_eq!(held.summary.state, RunState::Cancelled);
    assert!(held.ending.unwrap().contains(&emergency.summary.id));
    let shop = house.app.application(&house.operator, &name("shop")).await.unwrap();
    assert_eq!(shop.summary.active_run, Some(emergency.summary.id));
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_by_the_headers_name() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let asked = House::asked("shop", Intent::Failover, HOME, AWAY);
    for key in [String::new(), "k".repeat(201), "a key".into(), "schlüssel".into(), "line\n".into()] {
        let problem = refused(house.app.request_run(&house.operator, asked.clone(), &key).await);
        assert_eq!((problem.status, problem.fields[0].path.as_str()), (422, "Idempotency-Key"), "{key:?}");
    }
    house.app.request_run(&house.operator, asked, &"k".repeat(200)).await.unwrap();
}

#[tokio::test]
async fn when_an_impact_was_detected_lies_between_its_beginning_and_now() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    let now = Timestamp::now();
    let ago = |minutes: i64| Some(now - SignedDuration::from_mins(minutes));
    for (began, detected, field) in [
        (ago(5), ago(6), "detected_at"),
        (None, ago(-10), "detected_at"),
        (ago(20_000), None, "impact_began_at"),
    ] {
        let mut asked = House::asked("shop", Intent::Failover, HOME, AWAY);
        (asked.impact_began_at, asked.detected_at) = (began, detected);
        let problem = refused(house.request(asked).await);
        assert_eq!((problem.status, problem.fields[0].path.as_str()), (422, field));
    }
    let mut asked = House::asked("shop", Intent::Failover, HOME, AWAY);
    (asked.impact_began_at, asked.detected_at) = (ago(5), ago(2));
    let run = house.request(asked).await.unwrap();
    assert_eq!(run.detected_at, ago(2));
    let rto = run.measured.rto;
    assert_eq!(rto.detect_seconds, Some(180.0));
    assert!(rto.decide_seconds.is_some_and(|seconds| (120.0..180.0).contains(&seconds)), "{rto:?}");
}
