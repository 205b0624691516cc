//! Drills as they are asked for: what may be said of one, what refuses it, and what approvers see.

use crate::house::{AWAY, HOME, House, id, refused, tasks, weighted};
use holdfast_api::runs::{RequestRun, RunVerb, Runs};
use holdfast_failover::run::RunState;
use holdfast_failover::{DrillKind, Intent, Mode};

/// `front`, seen whole and at home.
async fn seen() -> House {
    let house = House::new().await;
    house.look("front", "front-door", HOME, Ok(weighted(HOME, 100))).await;
    house.look("front", "front-door", AWAY, Ok(weighted(AWAY, 0))).await;
    house.look("front", "web", HOME, Ok(tasks(6))).await;
    house.look("front", "web", AWAY, Ok(tasks(2))).await;
    house
}

fn isolated() -> RequestRun {
    House::asked("front", Intent::Drill, HOME, AWAY)
}

fn live() -> RequestRun {
    RequestRun { drill: Some(DrillKind::Live), ..isolated() }
}

#[tokio::test]
async fn a_drill_is_isolated_where_nothing_is_said_and_moves_nothing() {
    let house = seen().await;
    let run = house.request(isolated()).await.unwrap();
    assert_eq!((run.summary.intent, run.summary.drill), (Intent::Drill, Some(DrillKind::Isolated)));
    let calls: Vec<_> = run.steps.iter().filter_map(|s| s.action.clone()).collect();
    assert_eq!(calls, ["ecs:UpdateService", "ecs:UpdateService"], "raised, and lowered again");
    let variant = run.if_escalated.clone().and_then(|variant| variant.none_because);
    assert!(variant.is_some_and(|why| why.contains("never accepts")));
    assert_eq!(house.approve(&house.approver, &run).await.unwrap().summary.state, RunState::Running);
}

#[tokio::test]
async fn a_live_drill_says_what_is_approved_with_it() {
    let house = seen().await;
    let failover = House::asked("front", Intent::Failover, HOME, AWAY);
    let preview = |asked: RequestRun| {
        let house = &house;
        async move { house.app.preview_run(&house.operator, &asked).await.unwrap() }
    };
    let (real, half, whole) = (
        preview(failover).await,
        preview(RequestRun { drill_minutes: Some(30), ..live() }).await,
        preview(RequestRun { drill_minutes: Some(60), ..live() }).await,
    );
    assert_eq!(half.steps, real.steps, "it moves as a planned failover does");
    assert!(half.notes[0].contains("30 minutes after"), "{:?}", half.notes);
    assert!(real.plan_digest != half.plan_digest && half.plan_digest != whole.plan_digest);
    assert_eq!(preview(live()).await.plan_digest, half.plan_digest, "half an hour where nothing is said");

    let run = house.request(live()).await.unwrap();
    let told = (run.summary.intent, run.summary.drill, run.summary.drill_leg.as_deref());
    assert_eq!(told, (Intent::Drill, Some(DrillKind::Live), Some("there")));
    let early = house.app.drive_run(&house.operator, id(&run), RunVerb::EndDrill).await;
    assert_eq!(refused(early).code, "wrong_state");
}

#[tokio::test]
async fn what_no_drill_can_be_is_refused() {
    let house = seen().await;
    let field = |problem: holdfast_api::Problem| (problem.status, problem.detail);
    let real = RequestRun {
        drill: Some(DrillKind::Isolated),
        ..House::asked("front", Intent::Failover, HOME, AWAY)
    };
    for (asked, says) in [
        (real, "of drills only"),
        (RequestRun { drill_minutes: Some(5), ..isolated() }, "of live drills only"),
        (RequestRun { drill_minutes: Some(0), ..live() }, "is not 1 to"),
        (RequestRun { drill_minutes: Some(1441), ..live() }, "is not 1 to"),
        // More seconds than a number of the drill holds.
        (RequestRun { drill_minutes: Some(u32::MAX), ..live() }, "is not 1 to"),
    ] {
        let (status, detail) = field(refused(house.request(asked).await));
        assert!(status == 422 && detail.contains(says), "{status} {detail}");
    }
    for asked in [isolated(), live()] {
        let emergency = RequestRun { mode: Mode::Emergency, ..asked };
        assert_eq!(refused(house.request(emergency).await).code, "guard_refused");
    }
    let elsewhere = RequestRun { from_region: Some(AWAY.into()), to_region: Some(HOME.into()), ..live() };
    assert_eq!(refused(house.request(elsewhere).await).code, "not_home");
    let away = RequestRun { from_region: Some(AWAY.into()), to_region: Some(HOME.into()), ..isolated() };
    assert_eq!(refused(house.request(away).await).code, "already_serving");
    let run = house.request(isolated()).await.unwrap();
    let end = house.app.drive_run(&house.operator, id(&run), RunVerb::EndDrill).await;
    assert_eq!(refused(end).code, "not_a_live_drill");
}
