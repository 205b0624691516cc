//! S3 replication: the rules between the application's buckets, both ways, and what waits to be copied.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, look, per_region, region, resource as named, seen};
use holdfast_cloud::ErrorKind;
use holdfast_domain::facts::BucketReplication;
use holdfast_domain::resource::{BucketPlace, S3Replication};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    a_rule_is_seen_from_both_of_its_buckets: simulator, ministack, moto;
    a_bucket_without_a_rule_protects_nothing_and_is_not_unknown: simulator, ministack, moto;
    what_waits_to_be_copied_is_told_where_it_is_measured: simulator;
    a_dark_region_leaves_the_other_bucket_in_sight: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        buckets(peer).await;
        rule_home_to_recovery(peer).await;
    }
    let per_region = per_region(|code| BucketPlace { bucket: format!("media-{code}") });
    named("media", ResourceSpec::S3Replication(S3Replication { per_region }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

/// Two versioned buckets.
async fn buckets(peer: &Peer) {
    for code in [HOME, RECOVERY] {
        let place = match code {
            HOME => String::new(),
            code => format!(
                "<CreateBucketConfiguration><LocationConstraint>{code}</LocationConstraint></CreateBucketConfiguration>"
            ),
        };
        let versioned = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        for (query, body) in [("", place.as_str()), ("?versioning", versioned)] {
            let request = peer.http().put(format!("{}/media-{code}{query}", peer.url)).body(body.to_owned());
            peer.by_hand(code, "s3", request).await;
        }
    }
}

async fn rule_home_to_recovery(peer: &Peer) {
    let rule = format!(
        "<ReplicationConfiguration><Role>arn:aws:iam::222222222222:role/copy</Role><Rule><ID>to-recovery</ID>\
         <Priority>1</Priority><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
         <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>\
         <Destination><Bucket>arn:aws:s3:::media-{RECOVERY}</Bucket></Destination></Rule></ReplicationConfiguration>"
    );
    let request = peer.http().put(format!("{}/media-{HOME}?replication", peer.url)).body(rule);
    peer.by_hand(HOME, "s3", request).await;
}

async fn bucket(peer: &Peer, media: &Resource, code: &str) -> BucketReplication {
    match seen(peer, media, code).await {
        Facts::BucketReplication(bucket) => bucket,
        other => panic!("a bucket was expected, not {other:?}"),
    }
}

async fn a_rule_is_seen_from_both_of_its_buckets(peer: &Peer) {
    let media = resource(peer).await;
    let (home, recovery) = (bucket(peer, &media, HOME).await, bucket(peer, &media, RECOVERY).await);
    let rule = &home.outgoing[0];
    assert_eq!((rule.from.as_str(), rule.to.as_str(), rule.enabled), (HOME, RECOVERY, true));
    // Two looks: what waits has moved on between them.
    assert_eq!((recovery.incoming.len(), &recovery.incoming[0].id), (1, &rule.id));
}

async fn a_bucket_without_a_rule_protects_nothing_and_is_not_unknown(peer: &Peer) {
    let media = resource(peer).await;
    if peer.which == Which::Simulator {
        peer.sim().tamper(|world| {
            let mut buckets = world.stores.buckets.iter_mut();
            buckets.find(|bucket| bucket.name == format!("media-{RECOVERY}")).unwrap().rules.clear();
        });
    }
    let home = Facts::BucketReplication(bucket(peer, &media, HOME).await);
    assert_eq!(home.protects(&region(RECOVERY)), Some(false));
}

async fn what_waits_to_be_copied_is_told_where_it_is_measured(peer: &Peer) {
    let media = resource(peer).await;
    let home = bucket(peer, &media, HOME).await;
    let rule = &home.incoming[0];
    assert!(rule.time_control && rule.metrics && rule.latency.is_some() && rule.bytes_pending.is_some());
    assert_eq!(Facts::BucketReplication(home).protects(&region(RECOVERY)), Some(true));
}

async fn a_dark_region_leaves_the_other_bucket_in_sight(peer: &Peer) {
    let media = resource(peer).await;
    peer.sim().set_region_dark(HOME, true);
    let looked = look(peer, &media).await;
    assert_eq!(looked[&region(HOME)].as_ref().unwrap_err().kind, ErrorKind::Unreachable);
    assert!(looked[&region(RECOVERY)].is_ok(), "{looked:?}");
}
