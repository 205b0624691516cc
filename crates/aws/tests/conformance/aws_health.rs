//! AWS Health, over calls signed by hand: what AWS says is open in each Region, and who is not told.

use crate::peers::{MEMBER, Peer};
use crate::words::{HOME, RECOVERY, both, look, region, resource as named, seen};
use holdfast_cloud::ErrorKind;
use holdfast_domain::resource::InRegions;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_sim::world::supporting::HealthEvent;

scenarios! {
    open_events_are_told_of_their_regions_and_global_ones_of_all: simulator;
    an_account_without_the_support_plan_is_told_so_and_nothing_counts_as_well: simulator;
    the_standby_tells_when_the_active_endpoints_region_is_dark: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    named("aws", ResourceSpec::AwsHealth(InRegions { regions: both().to_vec() }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn codes(peer: &Peer, code: &str) -> Vec<String> {
    match seen(peer, &resource(peer).await, code).await {
        Facts::AwsHealth { events, more: false } => events.into_iter().map(|event| event.code).collect(),
        other => panic!("events were expected, not {other:?}"),
    }
}

async fn open_events_are_told_of_their_regions_and_global_ones_of_all(peer: &Peer) {
    assert_eq!((codes(peer, HOME).await, codes(peer, RECOVERY).await), (Vec::new(), Vec::new()));
    peer.sim().tamper(|world| {
        let event = |service: &str, region: &str| HealthEvent {
            service: service.to_owned(),
            code: format!("AWS_{service}_OPERATIONAL_ISSUE"),
            region: region.to_owned(),
            began_ms: 0,
        };
        world.supporting.events = vec![event("EC2", HOME), event("IAM", "global"), event("S3", "us-west-1")];
    });
    assert_eq!(codes(peer, HOME).await, ["AWS_EC2_OPERATIONAL_ISSUE", "AWS_IAM_OPERATIONAL_ISSUE"]);
    assert_eq!(codes(peer, RECOVERY).await, ["AWS_IAM_OPERATIONAL_ISSUE"]);
}

async fn an_account_without_the_support_plan_is_told_so_and_nothing_counts_as_well(peer: &Peer) {
    peer.sim().tamper(|world| world.supporting.without_support_plan.push(MEMBER.to_owned()));
    for facts in look(peer, &resource(peer).await).await.into_values() {
        let error = facts.unwrap_err();
        assert_ne!(error.kind, ErrorKind::NotFound, "it would be called absent");
        assert!(error.message.contains("support plan"), "{error}");
    }
}

async fn the_standby_tells_when_the_active_endpoints_region_is_dark(peer: &Peer) {
    peer.sim().set_region_dark(HOME, true);
    let looked = look(peer, &resource(peer).await).await;
    let Ok(Facts::AwsHealth { events, .. }) = &looked[&region(HOME)] else { panic!("{looked:?}") };
    assert_eq!(events.len(), 1, "and it says what is the matter: {events:?}");
    let asked = peer.sim().ledger();
    let by = asked.iter().rfind(|entry| entry.operation == "DescribeEvents").unwrap();
    assert_eq!(by.region, "us-east-2");
}
