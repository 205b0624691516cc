//! Objects in S3 that hold a Region out: seen, put on nothing or on the version that was seen, and taken away under it.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, acting, look, per_region, region, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::SwitchObject;
use holdfast_domain::resource::{S3SwitchObject, SwitchObjectPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

pub const KEY: &str = "shop/STOP";
pub const CONTENT: &str = "STOP";

scenarios! {
    an_object_is_seen_where_it_is_and_where_it_is_not: simulator, ministack, moto;
    an_object_is_put_on_nothing_and_taken_away_under_its_version: simulator, ministack, moto;
    what_somebody_else_has_put_is_not_written_over: simulator, ministack, moto;
    an_object_that_has_changed_is_not_taken_away: simulator, ministack, moto;
    other_content_than_the_check_looks_for_holds_nothing_out: simulator, ministack, moto;
    the_text_counts_in_the_first_5120_bytes_of_an_object_of_any_size: simulator, ministack, moto;
    a_dark_region_leaves_the_other_object_in_sight: simulator;
}

fn bucket(code: &str) -> String {
    format!("switches-{code}")
}

/// Each Region's object holds the other one out; that of the home Region is there.
pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        for code in [HOME, RECOVERY] {
            let place = match code {
                HOME => String::new(),
                code => format!(
                    "<CreateBucketConfiguration><LocationConstraint>{code}</LocationConstraint></CreateBucketConfiguration>"
                ),
            };
            let request = peer.http().put(format!("{}/{}", peer.url, bucket(code))).body(place);
            peer.by_hand(code, "s3", request).await;
        }
        put(peer, HOME, CONTENT).await;
    }
    let per_region = per_region(|code| SwitchObjectPlace {
        bucket: bucket(code),
        key: KEY.into(),
        content: Some(CONTENT.into()),
        holds_out: region(if code == HOME { RECOVERY } else { HOME }),
        health_check_id: format!("check-{code}"),
    });
    named("stop", ResourceSpec::S3SwitchObject(S3SwitchObject { per_region }))
}

/// As somebody else puts it.
async fn put(peer: &Peer, code: &str, content: &str) {
    if peer.which == Which::Simulator {
        let object = holdfast_sim::world::stores::buckets::Object::of(content);
        peer.sim().tamper(|world| {
            let mut buckets = world.stores.buckets.iter_mut();
            let bucket = buckets.find(|b| b.name == bucket(code)).unwrap();
            bucket.objects.insert(KEY.into(), object.clone());
        });
        return;
    }
    let request = peer.http().put(format!("{}/{}/{KEY}", peer.url, bucket(code))).body(content.to_owned());
    peer.by_hand(code, "s3", request).await;
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let there = object(peer, resource, HOME).await;
    vec![change(HOME, false, there.etag), change(RECOVERY, true, None)]
}

fn change(code: &str, holds: bool, on_etag: Option<String>) -> Change {
    let (bucket, key, content) = (bucket(code), KEY.into(), CONTENT.into());
    Change::SetSwitchObject { region: region(code), bucket, key, content, holds, on_etag }
}

async fn object(peer: &Peer, stop: &Resource, code: &str) -> SwitchObject {
    match seen(peer, stop, code).await {
        Facts::SwitchObject(object) => object,
        other => panic!("an object was expected, not {other:?}"),
    }
}

async fn an_object_is_seen_where_it_is_and_where_it_is_not(peer: &Peer) {
    let stop = resource(peer).await;
    let (home, recovery) = (object(peer, &stop, HOME).await, object(peer, &stop, RECOVERY).await);
    assert!(home.holds && home.etag.is_some(), "{home:?}");
    assert_eq!((recovery.holds, recovery.etag), (false, None));
    assert_eq!(home.holds_out, region(RECOVERY));
}

async fn an_object_is_put_on_nothing_and_taken_away_under_its_version(peer: &Peer) {
    let stop = resource(peer).await;
    for change in changes(peer, &stop).await {
        peer.cloud.perform(&peer.account, &acting("stop", Some(change.clone())), &change).await.unwrap();
    }
    let (home, recovery) = (object(peer, &stop, HOME).await, object(peer, &stop, RECOVERY).await);
    assert_eq!((home.holds, recovery.holds), (false, true));
    let gone = change(RECOVERY, false, recovery.etag);
    peer.cloud.perform(&peer.account, &acting("stop", Some(gone.clone())), &gone).await.unwrap();
    assert!(!object(peer, &stop, RECOVERY).await.holds);
}

async fn what_somebody_else_has_put_is_not_written_over(peer: &Peer) {
    let stop = resource(peer).await;
    let onto_nothing = change(HOME, true, None);
    let acting = acting("stop", Some(onto_nothing.clone()));
    let error = peer.cloud.perform(&peer.account, &acting, &onto_nothing).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Conflict, false), "{error}");
    let onto_another = change(HOME, true, Some("\"00000000000000000000000000000000\"".into()));
    let error = peer.cloud.perform(&peer.account, &acting, &onto_another).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Conflict, false), "{error}");
    assert!(object(peer, &stop, HOME).await.holds);
}

async fn an_object_that_has_changed_is_not_taken_away(peer: &Peer) {
    let stop = resource(peer).await;
    let seen = object(peer, &stop, HOME).await;
    put(peer, HOME, "somebody else's").await;
    let gone = change(HOME, false, seen.etag);
    let acting = acting("stop", Some(gone.clone()));
    let error = peer.cloud.perform(&peer.account, &acting, &gone).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Conflict, false), "{error}");
    assert!(object(peer, &stop, HOME).await.etag.is_some());
}

async fn other_content_than_the_check_looks_for_holds_nothing_out(peer: &Peer) {
    let stop = resource(peer).await;
    put(peer, RECOVERY, "a note").await;
    let there = object(peer, &stop, RECOVERY).await;
    assert!(!there.holds && there.etag.is_some(), "{there:?}");
    let over = change(RECOVERY, true, there.etag);
    peer.cloud.perform(&peer.account, &acting("stop", Some(over.clone())), &over).await.unwrap();
    assert!(object(peer, &stop, RECOVERY).await.holds);
}

async fn the_text_counts_in_the_first_5120_bytes_of_an_object_of_any_size(peer: &Peer) {
    let stop = resource(peer).await;
    let filled = |length: usize| "-".repeat(length);
    for (content, holds) in [
        (format!("{CONTENT}{}", filled(9_000)), true),
        (format!("{}{CONTENT}{}", filled(5_120 - CONTENT.len()), filled(9_000)), true),
        // Its last letter is the 5,121st byte.
        (format!("{}{CONTENT}", filled(5_121 - CONTENT.len())), false),
        (String::new(), false),
    ] {
        put(peer, RECOVERY, &content).await;
        let there = object(peer, &stop, RECOVERY).await;
        assert!(there.etag.is_some());
        assert_eq!(there.holds, holds, "of {} bytes", content.len());
    }
}

async fn a_dark_region_leaves_the_other_object_in_sight(peer: &Peer) {
    let stop = resource(peer).await;
    peer.sim().set_region_dark(HOME, true);
    let looked = look(peer, &stop).await;
    assert_eq!(looked[&region(HOME)].as_ref().unwrap_err().kind, ErrorKind::Unreachable);
    assert!(looked[&region(RECOVERY)].is_ok(), "{looked:?}");
}
