//! ARC Region switch plans: started in the Region that is activated.

use crate::peers::Peer;
use crate::words::{RECOVERY, acting, region, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::RegionSwitch;
use holdfast_domain::resource::ArcRegionSwitchPlan;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::SwitchAction;

scenarios! {
    a_plan_is_seen_and_started_once: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    let plan_arn = peer.sim().look(|world| {
        let mut plans = world.switch_plans.iter().map(|plan| plan.arn());
        plans.find(|arn| arn.contains("conformance-switch")).unwrap()
    });
    named("arc", ResourceSpec::ArcRegionSwitchPlan(ArcRegionSwitchPlan { plan_arn }))
}

pub async fn changes(_: &Peer, resource: &Resource) -> Vec<Change> {
    let ResourceSpec::ArcRegionSwitchPlan(spec) = &resource.spec else { unreachable!() };
    vec![Change::StartRegionSwitch {
        region: region(RECOVERY),
        plan_arn: spec.plan_arn.clone(),
        target: region(RECOVERY),
        action: SwitchAction::Activate,
        graceful: true,
    }]
}

async fn plan(peer: &Peer, arc: &Resource) -> RegionSwitch {
    match seen(peer, arc, RECOVERY).await {
        Facts::RegionSwitch(plan) => plan,
        other => panic!("a plan was expected, not {other:?}"),
    }
}

async fn a_plan_is_seen_and_started_once(peer: &Peer) {
    let arc = resource(peer).await;
    assert!(plan(peer, &arc).await.executions.is_empty());
    let [start] = changes(peer, &arc).await.try_into().unwrap();
    peer.cloud.perform(&peer.account, &acting("execute", None), &start).await.unwrap();
    assert_eq!(plan(peer, &arc).await.executions.len(), 1);
    let again = peer.cloud.perform(&peer.account, &acting("execute", None), &start).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
}
