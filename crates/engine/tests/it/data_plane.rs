//! us-east-1's control plane is out, and with it every edit of a record: what a plan that needs none of it can do, and
//! what one that needs it says before and meanwhile.

use crate::house::{id, until};
use crate::wire::{Move, WireHouse, request};
use holdfast_api::applications::Applications;
use holdfast_api::runs::{RunPreview, RunView, Runs};
use holdfast_domain::Name;
use holdfast_failover::{Intent, Mode, RunState, StepState};
use holdfast_sim::world::build::Routing;
use holdfast_sim::{DEMO_INVENTORY, demo_world};
use std::collections::BTreeSet;
use std::time::Duration;

const FULFILMENT: &str = "fulfilment";
const HOME: &str = "eu-west-1";
const RECOVERY: &str = "eu-central-1";
/// Where the global control planes are.
const GLOBAL: [&str; 2] = ["@us-east-1", "@us-west-2"];

async fn preview(house: &WireHouse, intent: Intent, mode: Mode) -> RunPreview {
    preview_of(house, FULFILMENT, intent, mode).await
}

async fn preview_of(house: &WireHouse, of: &'static str, intent: Intent, mode: Mode) -> RunPreview {
    house.app.preview_run(&house.operator, &request(Move::of(of), intent, mode)).await.unwrap()
}

/// One row of the table of systems each: what is kept beside the application counts once.
fn systems<'a>(kinds: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let row = |kind| if matches!(kind, "ssm_parameter" | "kms_key") { "secret" } else { kind };
    kinds.into_iter().map(row).collect()
}

/// Until nothing stands against a planned failback any more: every store is copied back, and how far is measured.
async fn ready_to_fail_back(house: &WireHouse, of: &'static str) {
    let name = Name::parse(of).unwrap();
    until("a failback that nothing stands against", || async {
        house.app.refresh_application(&house.operator, &name).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let preview = preview_of(house, of, Intent::Failback, Mode::Planned).await;
        (preview.refused.is_none() && preview.overrides_needed.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_standby_of_more_than_ten_systems_fails_over_and_back_while_us_east_1s_control_plane_is_out() {
    let house = WireHouse::at_speed(30.0).await;
    let name = Name::parse(FULFILMENT).unwrap();
    let kinds: Vec<(String, String)> = {
        let view = house.app.application(&house.operator, &name).await.unwrap();
        view.resources.into_iter().map(|resource| (resource.name, resource.kind)).collect()
    };
    let all = systems(kinds.iter().map(|(_, kind)| kind.as_str()));
    assert!(all.len() > 10, "{all:?}");
    house.sim.set_control_plane_dark("us-east-1", true);
    // Nor would an emergency need it.
    let emergency = preview(&house, Intent::Failover, Mode::Emergency).await;
    assert!(
        !emergency.notes.iter().any(|note| GLOBAL.iter().any(|plane| note.contains(plane))),
        "{emergency:#?}"
    );
    for (intent, region) in [(Intent::Failover, RECOVERY), (Intent::Failback, HOME)] {
        let run = house.started(FULFILMENT, intent, Mode::Planned).await;
        let calls: Vec<_> = run.steps.iter().filter(|step| step.call.is_some()).collect();
        let needs_global = calls.iter().find(|step| GLOBAL.iter().any(|plane| step.plane.ends_with(plane)));
        assert!(needs_global.is_none(), "{needs_global:?}");
        let moved: BTreeSet<_> = calls.iter().filter_map(|step| step.resource.as_deref()).collect();
        let moved = systems(
            kinds.iter().filter(|(name, _)| moved.contains(name.as_str())).map(|(_, kind)| kind.as_str()),
        );
        assert!(moved.len() >= 7, "{moved:?}");
        let over = house.over(&run).await;
        assert_eq!(over.summary.state, RunState::Completed, "{intent:?}");
        let serves = house.serving(FULFILMENT).await;
        assert_eq!(serves.iter().map(|region| region.as_str()).collect::<Vec<_>>(), [region]);
        if intent == Intent::Failover {
            ready_to_fail_back(&house, FULFILMENT).await;
        }
    }
    assert!(house.calls().iter().all(|call| call.operation != "ChangeResourceRecordSets"));
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}

/// Whether the object that holds search's home Region out is there.
fn is_held_out(house: &WireHouse) -> bool {
    house.sim.look(|world| {
        let bucket = world.stores.buckets.iter().find(|bucket| bucket.name == "search-switches-us-east-1");
        bucket.unwrap().objects.contains_key("us-west-2/STOP")
    })
}

fn asks_nothing_of_route_53(house: &WireHouse) {
    let changes: Vec<_> =
        house.calls().into_iter().filter(|c| c.changing && c.service == "route53").collect();
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!(house.done_twice(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_is_held_out_by_an_object_and_let_in_again_by_a_failback() {
    let house = WireHouse::at_speed(30.0).await;
    for (intent, region, held) in
        [(Intent::Failover, "us-east-1", true), (Intent::Failback, "us-west-2", false)]
    {
        let run = house.started("search", intent, Mode::Planned).await;
        assert_eq!(house.over(&run).await.summary.state, RunState::Completed, "{intent:?}");
        let serves = house.serving("search").await;
        assert_eq!(serves.iter().map(|region| region.as_str()).collect::<Vec<_>>(), [region]);
        assert_eq!(is_held_out(&house), held);
        if held {
            ready_to_fail_back(&house, "search").await;
        }
    }
    asks_nothing_of_route_53(&house);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_does_not_answer_is_held_out_by_an_object_elsewhere() {
    let house = WireHouse::at_speed(30.0).await;
    house.sim.set_region_dark("us-west-2", true);
    let run = house.started("search", Intent::Failover, Mode::Emergency).await;
    assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
    assert!(is_held_out(&house));
    asks_nothing_of_route_53(&house);
    house.stop().await;
}

/// Fulfilment under a second name, whose records no switch moves.
async fn with_a_record_to_edit() -> WireHouse {
    let second = "parcels.platform.example.com";
    let world = demo_world().front_door("Z0234567891BCD", second, Routing::Weighted, &[HOME, RECOVERY]);
    let entry = format!(
        "      - name: second-name
        kind: route53_records
        account: platform-prod
        hosted_zone_id: Z0234567891BCD
        record: {second}
        type: A
"
    );
    let before = "      - name: parcels\n        kind: aurora_global_database\n";
    assert_eq!(DEMO_INVENTORY.matches(before).count(), 1);
    WireHouse::of(world, &DEMO_INVENTORY.replace(before, &format!("{entry}{before}")), 30.0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_record_to_edit_it_is_flagged_beforehand_and_stops_at_that_step_with_a_clear_sentence() {
    let house = with_a_record_to_edit().await;
    house.sim.set_control_plane_dark("us-east-1", true);
    let flagged: Vec<_> = house
        .findings(FULFILMENT)
        .await
        .into_iter()
        .filter(|finding| finding.code == "single_region_plane")
        .map(|finding| (finding.sentence, finding.way_out))
        .collect();
    let [(sentence, way_out)] = &flagged[..] else { panic!("of one name was to be told: {flagged:?}") };
    assert_eq!(sentence, "Moving second-name needs Route 53's control plane, which is in us-east-1.");
    assert!(way_out.contains("data-plane switch"), "{way_out}");
    let review = preview(&house, Intent::Failover, Mode::Emergency).await;
    let note = "`route-second-name` needs route53@us-east-1, a control plane in one Region: it may be out of reach in an emergency.";
    assert!(review.notes.iter().any(|said| said == note), "{:#?}", review.notes);

    let run = house.started(FULFILMENT, Intent::Failover, Mode::Emergency).await;
    let step = |run: &RunView, id: &str| run.steps.iter().find(|step| step.id == id).unwrap().clone();
    let stopped = until("the record's step to say what it waits for, and all others to be done", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        let said =
            step(&now, "route-second-name").note.is_some_and(|note| note.contains("ServiceUnavailable"));
        let done = ["fail-over-parcels", "switch-switch"];
        let done = now
            .steps
            .iter()
            .filter(|one| one.irreversible || done.contains(&one.id.as_str()))
            .all(|one| one.state == StepState::Succeeded);
        (said && done).then_some(now)
    })
    .await;
    let waits = step(&stopped, "route-second-name");
    assert!(
        waits.note.as_deref().unwrap().contains("route53:ChangeResourceRecordSets in us-east-1"),
        "{:?}",
        waits.note
    );
    assert!(waits.state != StepState::Succeeded && waits.answers.is_empty(), "{waits:?}");
    assert_eq!(step(&stopped, "confirm-serving").state, StepState::Pending, "what comes after waits");
    house.sim.set_control_plane_dark("us-east-1", false);
    assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}
