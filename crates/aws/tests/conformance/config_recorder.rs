//! AWS Config, over calls signed by hand: whether the recorder of each Region records.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, both, resource as named, seen};
use holdfast_domain::facts::RecorderFacts;
use holdfast_domain::resource::InRegions;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    a_recorder_that_does_not_record_is_seen_and_one_that_is_not_there_told_as_missing: simulator, ministack, moto;
    a_recorder_that_records_is_seen: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    named("history", ResourceSpec::ConfigRecorder(InRegions { regions: both().to_vec() }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn recorder(peer: &Peer, code: &str) -> Option<RecorderFacts> {
    match seen(peer, &resource(peer).await, code).await {
        Facts::ConfigRecorder { recorder } => recorder,
        other => panic!("a recorder was expected, not {other:?}"),
    }
}

/// At home one that was made and never started, in the recovery Region none.
async fn stopped_at_home(peer: &Peer) {
    if peer.which == Which::Simulator {
        peer.sim().tamper(|world| {
            world.supporting.recorders.retain(|recorder| recorder.region != RECOVERY);
            world.supporting.recorders.iter_mut().for_each(|recorder| recorder.recording = false);
        });
        return;
    }
    let body = serde_json::json!({"ConfigurationRecorder": {
        "name": "default",
        "roleARN": "arn:aws:iam::222222222222:role/config",
        "recordingGroup": {"allSupported": true, "includeGlobalResourceTypes": false},
    }});
    let request = peer
        .http()
        .post(&peer.url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "StarlingDoveService.PutConfigurationRecorder")
        .body(body.to_string());
    peer.by_hand(HOME, "config", request).await;
}

async fn a_recorder_that_does_not_record_is_seen_and_one_that_is_not_there_told_as_missing(peer: &Peer) {
    stopped_at_home(peer).await;
    assert!(!recorder(peer, HOME).await.unwrap().recording);
    assert_eq!(recorder(peer, RECOVERY).await, None);
}

async fn a_recorder_that_records_is_seen(peer: &Peer) {
    let recorder = recorder(peer, RECOVERY).await.unwrap();
    assert_eq!((recorder.recording, recorder.last_status.as_deref()), (true, Some("SUCCESS")));
}
