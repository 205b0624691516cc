//! SSM parameters, over calls signed by hand: in each Region, and whether the Regions have the same value.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, look, region, resource as named, seen};
use holdfast_cloud::ErrorKind;
use holdfast_domain::resource::SsmParameter;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_sim::faults::{Fault, FaultKind};

scenarios! {
    a_value_that_differs_between_the_regions_is_told_and_an_absence_too: simulator, ministack, moto;
    a_call_signed_by_hand_fails_as_every_other_call_does: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        put(peer, HOME, "/shop/currencies", "EUR,USD").await;
        put(peer, RECOVERY, "/shop/currencies", "EUR").await;
    }
    of("/shop/currencies")
}

fn of(name: &str) -> Resource {
    named("currencies", ResourceSpec::SsmParameter(SsmParameter { parameter: Some(name.to_owned()) }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

/// A plain parameter, made in a peer.
pub async fn put(peer: &Peer, code: &str, name: &str, value: &str) {
    let body = serde_json::json!({"Name": name, "Value": value, "Type": "String"}).to_string();
    let request = peer
        .http()
        .post(&peer.url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AmazonSSM.PutParameter")
        .body(body);
    peer.by_hand(code, "ssm", request).await;
}

async fn a_value_that_differs_between_the_regions_is_told_and_an_absence_too(peer: &Peer) {
    let currencies = resource(peer).await;
    let Facts::Parameter { parameter: Some(parameter) } = seen(peer, &currencies, RECOVERY).await else {
        panic!("a parameter was expected")
    };
    assert_eq!(parameter.differs_from, Some(vec![HOME.to_owned()]));
    assert_eq!((parameter.parameter_type.as_str(), parameter.version), ("String", 1));
    assert_eq!(seen(peer, &of("/shop/nothing"), HOME).await, Facts::Parameter { parameter: None });
}

async fn a_call_signed_by_hand_fails_as_every_other_call_does(peer: &Peer) {
    let currencies = resource(peer).await;
    let fault = |kind, times| Fault { service: Some("ssm".into()), times, ..Fault::new(kind) };
    peer.sim().add_fault(fault(FaultKind::Throttle, Some(2)));
    assert!(look(peer, &currencies).await.values().all(Result::is_ok), "a throttled look is asked again");
    peer.sim().clear_faults();

    peer.sim().add_fault(fault(FaultKind::Deny, None));
    let denied = look(peer, &currencies).await.remove(&region(HOME)).unwrap().unwrap_err();
    assert_eq!(denied.kind, ErrorKind::Denied);
    assert!(denied.message.contains("ssm:GetParameter") && denied.request_id.is_some(), "{denied}");
    peer.sim().clear_faults();

    peer.sim().set_region_dark(HOME, true);
    let mut dark = look(peer, &currencies).await;
    assert_eq!(dark.remove(&region(HOME)).unwrap().unwrap_err().kind, ErrorKind::Unreachable);
    assert!(dark.remove(&region(RECOVERY)).unwrap().is_ok());
}
