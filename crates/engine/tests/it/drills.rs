//! Drills over the wire, judged by the ledger: an isolated one leaves production as it was and takes away what it made.

use crate::house::{id, until};
use crate::wire::{Move, WireHouse, request, step_of};
use holdfast_api::applications::Applications;
use holdfast_api::compliance::Compliances;
use holdfast_api::runs::{AbortRun, RequestRun, RunVerb, RunView, Runs, StepView};
use holdfast_domain::Name;
use holdfast_failover::compliance::Evidence;
use holdfast_failover::{DrillKind, Intent, Mode, RunState};
use holdfast_sim::ledger::Effect;
use std::collections::BTreeSet;
use std::time::Duration;

/// One of each strategy, with where it drills and from where.
const APPLICATIONS: [(&str, &str, &str); 6] = [
    // Backups of a database; nothing shows where it serves.
    ("documents", "eu-west-1", "eu-central-1"),
    ("reports", "us-west-2", "us-east-1"),
    // A replica and a table; functions that a stack has yet to make.
    ("ledger", "us-east-1", "us-west-2"),
    ("shop", "us-east-1", "eu-central-1"),
    ("fulfilment", "eu-west-1", "eu-central-1"),
    ("feed", "us-east-1", "eu-central-1"),
];

/// What no drill calls, whatever the application is made of: each would move a writer, traffic, events or a setting.
const NEVER: [&str; 14] = [
    "SwitchoverGlobalCluster",
    "FailoverGlobalCluster",
    "PromoteReadReplica",
    "PromoteReadReplicaDBCluster",
    "CreateDBInstanceReadReplica",
    "FailoverGlobalReplicationGroup",
    "SubmitMultiRegionAccessPointRoutes",
    "UpdateEndpointGroup",
    "ChangeResourceRecordSets",
    "UpdateHealthCheck",
    "UpdateRoutingControlStates",
    "UpdateDistribution",
    "UpdateEventSourceMapping",
    "PutParameter",
];

fn drill(application: &'static str, from: &'static str, to: &'static str) -> RequestRun {
    let movement = Move::of(application).from(from).to(to);
    RequestRun { drill: Some(DrillKind::Isolated), ..request(movement, Intent::Drill, Mode::Planned) }
}

async fn drilled(house: &WireHouse, asked: RequestRun) -> RunView {
    let run = until("a drill that may begin", || async {
        house.app.request_run(&house.operator, asked.clone(), &uuid::Uuid::now_v7().to_string()).await.ok()
    })
    .await;
    let run = house.approved(run).await;
    house.over(&run).await
}

/// Every size, writer and name of the world: what a drill must leave as it found it.
fn standing(house: &WireHouse) -> Vec<String> {
    house.sim.look(|world| {
        let services = world
            .services
            .iter()
            .map(|s| format!("{} {}/{}: {} {:?}", s.region, s.cluster, s.name, s.desired, s.scaling));
        let groups =
            world.groups.iter().map(|g| format!("{} {}: {:?} {:?}", g.region, g.name, g.size, g.suspended));
        let functions = world.functions.iter().map(|f| format!("{} {}: {:?}", f.region, f.name, f.reserved));
        let databases =
            world.stores.databases.iter().map(|d| format!("{} {}: {:?}", d.region, d.id, d.source));
        let members = world
            .global_clusters
            .iter()
            .flat_map(|g| g.members.iter().map(move |m| format!("{} {}: {}", g.id, m.region, m.writer)));
        services.chain(groups).chain(functions).chain(databases).chain(members).collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isolated_drill_of_each_strategy_leaves_production_untouched_and_removes_what_it_made() {
    let house = WireHouse::at_speed(30.0).await;
    for (application, from, to) in APPLICATIONS {
        let (stood, served) = (standing(&house), house.serving(application).await);
        let from_here = house.sim.ledger().len();
        let over = drilled(&house, drill(application, from, to)).await;
        assert_eq!(over.summary.state, RunState::Completed, "{application}: {:?}", over.ending);
        assert_eq!(over.summary.drill, Some(DrillKind::Isolated));
        assert_eq!(standing(&house), stood, "{application} stands otherwise than before");
        assert_eq!(house.serving(application).await, served);
        let ledger = house.sim.ledger();
        let changed: Vec<_> = ledger[from_here..]
            .iter()
            .filter(|call| call.effect == Effect::Changed && call.user_agent.contains("holdfast-step/"))
            .collect();
        for call in &changed {
            assert!(!NEVER.contains(&call.operation.as_str()), "{application}: {}", call.operation);
            assert_eq!(call.region, to, "{application}: {} outside the recovery Region", call.operation);
        }
        let of = |operation: &str| changed.iter().filter(|call| call.operation == operation).count();
        assert_eq!(of("StartRestoreJob"), of("DeleteDBInstance"), "{application}");
        let operations: BTreeSet<&str> = changed.iter().map(|call| call.operation.as_str()).collect();
        match application {
            "documents" | "reports" => assert!(operations.contains("DeleteDBInstance"), "{operations:?}"),
            "shop" | "fulfilment" => assert!(operations.contains("UpdateService"), "{operations:?}"),
            "feed" => assert!(operations.is_empty(), "every Region of it serves: {operations:?}"),
            _ => {}
        }
    }
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_drill_deletes_it_may_delete_by_that_one_name_alone() {
    let house = WireHouse::at_speed(30.0).await;
    let over = drilled(&house, drill("documents", "eu-west-1", "eu-central-1")).await;
    assert_eq!(over.summary.state, RunState::Completed);
    let ledger = house.sim.ledger();
    let deletion = ledger.iter().find(|call| call.operation == "DeleteDBInstance").unwrap();
    assert!(step_of(deletion).starts_with("delete-"), "{}", step_of(deletion));
    let policy: serde_json::Value =
        serde_json::from_str(deletion.session_policy.as_deref().unwrap()).unwrap();
    let statement = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["Action"].as_array().unwrap().iter().any(|a| a == "rds:DeleteDBInstance"))
        .unwrap();
    let [resource] = &statement["Resource"].as_array().unwrap()[..] else { panic!("{statement}") };
    let resource = resource.as_str().unwrap();
    assert!(resource.contains(":db:documents-drill-") && !resource.contains('*'), "{resource}");
    house.stop().await;
}

/// Aborted while AWS still restores, and judged by the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_drill_deletes_what_it_restores_and_leaves_the_world_as_it_was() {
    let house = WireHouse::at_speed(30.0).await;
    let stood = standing(&house);
    let asked = drill("documents", "eu-west-1", "eu-central-1");
    let run = until("a drill that may begin", || async {
        house.app.request_run(&house.operator, asked.clone(), &uuid::Uuid::now_v7().to_string()).await.ok()
    })
    .await;
    let run = house.approved(run).await;
    let restoring = until("a restore that AWS has accepted", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        let restores = |step: &StepView| step.id.starts_with("restore-") && !step.answers.is_empty();
        now.steps.iter().any(restores).then_some(now)
    })
    .await;
    assert!(!restoring.steps.iter().any(|step| step.id.starts_with("delete-") && !step.answers.is_empty()));
    let abort = AbortRun { reason: "the room is needed".into(), confirm: String::new() };
    house.app.drive_run(&house.operator, id(&run), RunVerb::Abort(abort)).await.unwrap();
    let over = house.over(&run).await;
    assert_eq!(over.summary.state, RunState::RolledBack, "{:?}", over.ending);
    assert_eq!(over.undoing.map(|undoing| undoing.stays), Some(vec![]));
    assert_eq!(standing(&house), stood);
    let ledger = house.sim.ledger();
    let of = |operation: &str| {
        let changed = ledger.iter().filter(|c| c.effect == Effect::Changed && c.operation == operation);
        changed.map(|call| step_of(call).to_owned()).collect::<Vec<_>>()
    };
    let (made, deleted) = (of("StartRestoreJob"), of("DeleteDBInstance"));
    assert!(!made.is_empty() && made.len() == deleted.len(), "{made:?} {deleted:?}");
    assert!(deleted.iter().all(|step| step.starts_with("undo-restore-")), "{deleted:?}");
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}

fn live(application: &'static str) -> RequestRun {
    RequestRun {
        drill: Some(DrillKind::Live),
        drill_minutes: Some(600),
        ..request(Move::of(application), Intent::Drill, Mode::Planned)
    }
}

async fn there(house: &WireHouse, application: &'static str) -> RunView {
    let over = drilled(house, live(application)).await;
    assert_eq!(over.summary.state, RunState::Completed, "{:?}", over.ending);
    assert_eq!(over.summary.drill_leg.as_deref(), Some("there"));
    over
}

async fn look_again(house: &WireHouse, application: &str) {
    let name = Name::parse(application).unwrap();
    house.app.refresh_application(&house.operator, &name).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
}

async fn way_back(house: &WireHouse, there: &RunView) -> Option<RunView> {
    let view = house.app.run(&house.operator, id(there)).await.unwrap();
    let other = view.live_drill?.other?;
    Some(house.app.run(&house.operator, other.id.parse().unwrap()).await.unwrap())
}

/// The way back, seen home and with the approval of the way there.
async fn came_home(house: &WireHouse, application: &'static str, home: &str, there: &RunView) {
    let back = way_back(house, there).await.unwrap();
    assert_eq!(
        back.reviews.iter().map(|r| &r.email).collect::<Vec<_>>(),
        there.reviews.iter().map(|r| &r.email).collect::<Vec<_>>()
    );
    let over = house.over(&back).await;
    assert_eq!(over.summary.state, RunState::Completed, "{:?}", over.ending);
    assert_eq!(
        (over.summary.drill, over.summary.drill_leg.as_deref()),
        (Some(DrillKind::Live), Some("back"))
    );
    assert_eq!(house.serving(application).await.iter().map(|r| r.as_str()).collect::<Vec<_>>(), [home]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_drill_comes_back_on_the_approval_of_the_way_there_when_somebody_ends_it_or_its_time_is_over()
{
    let house = WireHouse::at_speed(30.0).await;
    let stood = standing(&house);
    let first = there(&house, "shop").await;
    assert!(way_back(&house, &first).await.is_none(), "nobody has ended it");
    until("somebody to end the drill", || async {
        look_again(&house, "shop").await;
        house.app.drive_run(&house.operator, id(&first), RunVerb::EndDrill).await.ok()
    })
    .await;
    came_home(&house, "shop", "us-east-1", &first).await;
    assert_eq!(standing(&house), stood, "home again, it stands as it stood");
    let refused = house.app.drive_run(&house.operator, id(&first), RunVerb::EndDrill).await;
    assert!(refused.is_ok(), "ended twice, it has come back once");

    let second = until("another drill that may begin", || async {
        look_again(&house, "shop").await;
        let key = uuid::Uuid::now_v7().to_string();
        house.app.request_run(&house.operator, live("shop"), &key).await.ok()
    })
    .await;
    let approved = house.approved(second).await;
    let second = house.over(&approved).await;
    until("the drill's time to be over", || async {
        look_again(&house, "shop").await;
        house.its_time_is_over(id(&second)).await;
        way_back(&house, &second).await
    })
    .await;
    came_home(&house, "shop", "us-east-1", &second).await;
    assert_eq!(house.done_twice(), [""; 0]);

    let compliance = house.app.compliance(&house.operator).await.unwrap();
    let row = compliance.rows.into_iter().find(|row| row.application == "shop").unwrap();
    assert_eq!(row.proved_by, Some(Evidence::LiveDrill));
    let runs = |sort: Evidence| row.evidence.iter().find(|of| of.evidence == sort).unwrap().completed;
    assert_eq!(
        (runs(Evidence::RealRun), runs(Evidence::LiveDrill), runs(Evidence::IsolatedDrill)),
        (0, 3, 0)
    );
    house.stop().await;
}
