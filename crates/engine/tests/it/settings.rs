//! An application that reads where its database is from a parameter, moved over the wire.

use crate::wire::WireHouse;
use holdfast_failover::{Intent, Mode, RunState};
use holdfast_sim::ledger::Effect;

#[tokio::test(flavor = "multi_thread")]
async fn a_move_points_the_application_at_the_database_that_was_promoted() {
    let house = WireHouse::new().await;
    let run = house.started("support", Intent::Failover, Mode::Planned).await;
    assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
    let calls = house.calls();
    let put: Vec<_> = calls
        .iter()
        .filter(|entry| entry.operation == "PutParameter" && entry.effect == Effect::Changed)
        .collect();
    assert_eq!(put.len(), 1, "{put:#?}");
    let said = put[0].body["Value"].as_str().unwrap();
    assert!(said.contains("support-replica."), "{said}");
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}
