//! Lambda functions: concurrency reserved and provisioned, and the event sources that feed them.

use crate::peers::Peer;
use crate::words::{HOME, RECOVERY, acting, per_region, region, resource as named, seen};
use holdfast_cloud::Cloud;
use holdfast_domain::resource::{LambdaFunction, LambdaPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

pub const HOME_QUEUE: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub const RECOVERY_QUEUE: &str = "bbbbbbbb-0000-4000-8000-000000000001";

scenarios! {
    every_call_of_a_function_goes_through_and_shows: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    let per_region = per_region(|code| LambdaPlace {
        concurrency: Some(50),
        event_source_mappings: vec![if code == HOME { HOME_QUEUE } else { RECOVERY_QUEUE }.into()],
    });
    named(
        "events",
        ResourceSpec::LambdaFunction(LambdaFunction { function: "order-events".into(), per_region }),
    )
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    let (region, function) = (|| region(RECOVERY), || "order-events".to_owned());
    vec![
        Change::SetLambdaConcurrency { region: region(), function: function(), reserved: Some(50) },
        Change::SetLambdaConcurrency { region: region(), function: function(), reserved: None },
        Change::SetLambdaProvisioned {
            region: region(),
            function: function(),
            qualifier: "live".into(),
            provisioned: 10,
        },
        Change::SetEventSource {
            region: region(),
            function: function(),
            mapping: RECOVERY_QUEUE.into(),
            enabled: true,
        },
    ]
}

async fn every_call_of_a_function_goes_through_and_shows(peer: &Peer) {
    let events = resource(peer).await;
    for change in changes(peer, &events).await {
        let before = seen(peer, &events, RECOVERY).await;
        peer.cloud.perform(&peer.account, &acting("one-step", None), &change).await.unwrap();
        peer.pass_time();
        let after = seen(peer, &events, RECOVERY).await;
        assert!(matches!(after, Facts::LambdaFunction(_)));
        assert_ne!(before, after, "{change:?}");
    }
}
