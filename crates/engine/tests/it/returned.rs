//! The Region that an emergency left comes back, and is fenced once more; judged by the ledger.

use crate::house::until;
use crate::wire::{Move, WireHouse, step_of};
use holdfast_api::applications::Applications;
use holdfast_api::compliance::Compliances;
use holdfast_api::runs::RunView;
use holdfast_domain::Name;
use holdfast_failover::compliance::Evidence;
use holdfast_failover::{Mode, RunState};
use holdfast_sim::ledger::Effect;
use std::time::Duration;

const FULFILMENT: &str = "fulfilment";
const HOME: &str = "eu-west-1";
const AWAY: &str = "eu-central-1";

async fn look_again(house: &WireHouse) {
    let name = Name::parse(FULFILMENT).unwrap();
    house.app.refresh_application(&house.operator, &name).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// What the steps of a run changed: operation, Region, step.
fn changed(house: &WireHouse, run: &RunView) -> Vec<(String, String, String)> {
    let of = |call: &holdfast_sim::ledger::Entry| {
        call.session_name.as_deref().is_some_and(|name| name.contains(&run.summary.id))
            && call.effect == Effect::Changed
    };
    let calls = house.calls().into_iter().filter(|call| of(call));
    calls.map(|c| (c.operation.clone(), c.region.clone(), step_of(&c).to_owned())).collect()
}

async fn works(house: &WireHouse) -> bool {
    house.findings(FULFILMENT).await.iter().any(|finding| finding.code == "left_region_works")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_comes_back_after_an_emergency_is_found_working_and_fenced_by_the_same_failover() {
    let house = WireHouse::at_speed(30.0).await;
    house.sim.set_region_dark(HOME, true);
    until("the dark Region to be seen as such", || async {
        look_again(&house).await;
        let name = Name::parse(FULFILMENT).unwrap();
        let status = house.app.application_status(&house.operator, &name).await.unwrap();
        let labels = status.resources.iter().find(|r| r.name == "labels").unwrap();
        labels.regions.iter().any(|r| r.region == HOME && r.state == "unknown").then_some(())
    })
    .await;
    let there = Move::of(FULFILMENT).from(HOME).to(AWAY);
    let emergency = house.started_as(there, Mode::Emergency).await;
    let over = house.over(&emergency).await;
    assert_eq!(over.summary.state, RunState::Completed, "{:?}", over.ending);
    assert!(changed(&house, &emergency).iter().all(|(_, region, _)| region != HOME));

    house.sim.set_region_dark(HOME, false);
    until("what still works there to be found", || async {
        look_again(&house).await;
        works(&house).await.then_some(())
    })
    .await;
    let name = Name::parse(FULFILMENT).unwrap();
    let view = house.app.application(&house.operator, &name).await.unwrap();
    let offered = view.moves.iter().find(|m| m.intent == "failover" && m.from == HOME && m.to == AWAY);
    assert!(offered.is_some_and(|m| m.refused.is_none()), "{:?}", view.moves);

    let again = house.started_as(there, Mode::Planned).await;
    let again = house.over(&again).await;
    assert_eq!(again.summary.state, RunState::Completed, "{:?}", again.ending);
    let calls = changed(&house, &again);
    let [(operation, at, step)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((operation.as_str(), at.as_str()), ("UpdateEventSourceMapping", HOME));
    assert!(step.starts_with("stop-labels"), "{step}");
    until("it to be held out", || async {
        look_again(&house).await;
        (!works(&house).await).then_some(())
    })
    .await;
    assert_eq!(house.serving(FULFILMENT).await.iter().map(|r| r.as_str()).collect::<Vec<_>>(), [AWAY]);
    assert_eq!(house.done_twice(), [""; 0]);

    // It took seconds and moved nothing: no recovery time is proved by it.
    let rows = house.app.compliance(&house.operator).await.unwrap().rows;
    let row = rows.into_iter().find(|row| row.application == FULFILMENT).unwrap();
    let real = row.evidence.iter().find(|of| of.evidence == Evidence::RealRun).unwrap();
    assert_eq!((real.runs, real.completed, row.last_run), (1, 1, Some(emergency.summary.id)));
    house.stop().await;
}
