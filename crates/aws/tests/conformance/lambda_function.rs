//! Lambda functions: concurrency reserved and provisioned, and the event sources that feed them.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, acting, per_region, region, resource as named, seen};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use holdfast_cloud::Cloud;
use holdfast_domain::resource::{LambdaFunction, LambdaPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

pub const HOME_QUEUE: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub const RECOVERY_QUEUE: &str = "bbbbbbbb-0000-4000-8000-000000000001";
/// Brings its events to an alias.
pub const ALIAS_QUEUE: &str = "bbbbbbbb-0000-4000-8000-000000000002";

scenarios! {
    every_call_of_a_function_goes_through_and_shows: simulator;
    concurrency_and_event_sources_are_seen_and_set: simulator, ministack_unweighed;
    an_event_source_of_an_alias_is_seen_and_set_by_its_id: simulator, ministack_unweighed;
}

pub async fn resource(_: &Peer) -> Resource {
    of(&[RECOVERY_QUEUE, ALIAS_QUEUE])
}

fn of(recovery_queues: &[&str]) -> Resource {
    let per_region = per_region(|code| {
        let queues: &[&str] = if code == HOME { &[HOME_QUEUE] } else { recovery_queues };
        let event_source_mappings = queues.iter().map(|queue| (*queue).to_owned()).collect();
        LambdaPlace { concurrency: Some(50), event_source_mappings }
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

/// `order-events` in the recovery Region, with an event source that is off; the source's id. Of an alias: its events go
/// to the alias `live`.
async fn function(peer: &Peer, of_an_alias: bool) -> String {
    let client = sdk!(aws_sdk_lambda, peer, RECOVERY);
    // An empty archive: nothing is ever run.
    let archive = Blob::new([b"PK\x05\x06".as_slice(), &[0; 18]].concat());
    client
        .create_function()
        .function_name("order-events")
        .runtime(Runtime::Python312)
        // A role that is there.
        .role("arn:aws:iam::222222222222:role/holdfast-act")
        .handler("index.handler")
        .code(FunctionCode::builder().zip_file(archive).build())
        .send()
        .await
        .unwrap();
    if of_an_alias {
        let version = client.publish_version().function_name("order-events").send().await.unwrap();
        let alias = client.create_alias().function_name("order-events").name("live");
        alias.function_version(version.version().unwrap()).send().await.unwrap();
    }
    let mapping = client
        .create_event_source_mapping()
        .function_name(if of_an_alias { "order-events:live" } else { "order-events" })
        .event_source_arn("arn:aws:sqs:eu-central-1:222222222222:orders")
        .enabled(false)
        .send()
        .await
        .unwrap();
    mapping.uuid().unwrap().to_owned()
}

async fn concurrency_and_event_sources_are_seen_and_set(peer: &Peer) {
    let mapping = match peer.which {
        Which::Simulator => RECOVERY_QUEUE.to_owned(),
        Which::Ministack | Which::Moto => function(peer, false).await,
    };
    let events = of(&[&mapping]);
    let set = async |change: Change| {
        peer.cloud.perform(&peer.account, &acting("one-step", None), &change).await.unwrap();
        peer.pass_time();
        match seen(peer, &events, RECOVERY).await {
            Facts::LambdaFunction(function) => (function.reserved, function.mappings[0].state.clone()),
            other => panic!("a function was expected, not {other:?}"),
        }
    };
    let (region, function) = (|| region(RECOVERY), || "order-events".to_owned());
    let reserve =
        |reserved| Change::SetLambdaConcurrency { region: region(), function: function(), reserved };
    assert_eq!(set(reserve(Some(50))).await, (Some(50), "Disabled".to_owned()));
    let start = Change::SetEventSource { region: region(), function: function(), mapping, enabled: true };
    assert_eq!(set(start).await, (Some(50), "Enabled".to_owned()));
    assert_eq!(set(reserve(None)).await, (None, "Enabled".to_owned()));
}

async fn an_event_source_of_an_alias_is_seen_and_set_by_its_id(peer: &Peer) {
    let mapping = match peer.which {
        Which::Simulator => ALIAS_QUEUE.to_owned(),
        Which::Ministack | Which::Moto => function(peer, true).await,
    };
    let events = of(&[&mapping]);
    let state = async || match seen(peer, &events, RECOVERY).await {
        Facts::LambdaFunction(function) => {
            function.mappings.into_iter().find(|one| one.uuid == mapping).map(|one| one.state)
        }
        other => panic!("a function was expected, not {other:?}"),
    };
    assert_eq!(state().await.as_deref(), Some("Disabled"));
    let (function, mapping) = ("order-events".to_owned(), mapping.clone());
    let start = Change::SetEventSource { region: region(RECOVERY), function, mapping, enabled: true };
    peer.cloud.perform(&peer.account, &acting("one-step", None), &start).await.unwrap();
    peer.pass_time();
    assert_eq!(state().await.as_deref(), Some("Enabled"));
    // What nobody has is told as not being there.
    let nobodys = "cccccccc-0000-4000-8000-000000000009";
    let Facts::LambdaFunction(function) = seen(peer, &of(&[nobodys]), RECOVERY).await else {
        panic!("a function was expected")
    };
    assert!(function.mappings.iter().all(|one| one.uuid != nobodys));
}
