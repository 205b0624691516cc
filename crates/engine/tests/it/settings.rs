//! Applications that read where their database is from a setting, moved over the wire.

use crate::wire::{Move, WireHouse};
use holdfast_failover::{Intent, Mode, RunState};
use holdfast_sim::ledger::{Effect, Entry};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_move_by_restoring_points_the_private_record_at_the_database_that_was_restored() {
    for mode in [Mode::Planned, Mode::Emergency] {
        let house = WireHouse::new().await;
        let run = house.started_as(Move::of("reports").from("us-west-2"), mode).await;
        assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
        let calls = house.calls();
        let changed = |operation: &str, of: &str| -> Vec<usize> {
            let ours = |entry: &Entry| {
                entry.operation == operation
                    && entry.effect == Effect::Changed
                    && entry.user_agent.contains(&format!("holdfast-step/{of} "))
            };
            calls.iter().enumerate().filter(|(_, entry)| ours(entry)).map(|(at, _)| at).collect()
        };
        let [restored] = changed("StartRestoreJob", "restore-backups-1")[..] else { panic!("{calls:#?}") };
        let [pointed] = changed("ChangeResourceRecordSets", "point-database-endpoint")[..] else {
            panic!("{calls:#?}")
        };
        let [routed] = changed("ChangeResourceRecordSets", "route-front-door")[..] else {
            panic!("{calls:#?}")
        };
        assert!(restored < pointed && pointed < routed, "{restored} {pointed} {routed}");
        let leads_to = house.sim.look(|world| {
            let zone = world.zones.iter().find(|zone| zone.name == "data.internal.").unwrap();
            zone.records.iter().map(|record| record.values.clone()).collect::<Vec<_>>()
        });
        assert_eq!(leads_to, [["reports.simulated.us-east-1.rds.amazonaws.com"]]);
        assert_eq!(house.done_twice(), [""; 0]);
        house.stop().await;
    }
}
