//! The bucket for the audit log's checkpoints: the newest is found again, and what was put there is locked.

use crate::peers::{MEMBER, Peer, given};
use crate::words::{HOME, region};
use holdfast_aws::{AwsSettings, BucketPlace, CheckpointBucket};
use holdfast_cloud::ErrorKind;
use std::time::Duration;

scenarios! {
    the_newest_checkpoint_is_found_among_many_and_each_is_locked: ministack;
    a_bucket_that_is_not_there_is_told: ministack, moto;
}

const BUCKET: &str = "audit-witness";

fn witness(peer: &Peer, bucket: &str) -> CheckpointBucket {
    // As the owner of the bucket: no role is assumed for this.
    let settings = AwsSettings { control_credentials: given(MEMBER, "any"), ..peer.settings.clone() };
    let place = BucketPlace {
        bucket: bucket.into(),
        prefix: "holdfast/".into(),
        region: region(HOME),
        retain: Some(Duration::from_secs(400 * 86_400)),
    };
    CheckpointBucket::new(&settings, place)
}

async fn the_newest_checkpoint_is_found_among_many_and_each_is_locked(peer: &Peer) {
    let made =
        peer.http().put(format!("{}/{BUCKET}", peer.url)).header("x-amz-bucket-object-lock-enabled", "true");
    peer.by_hand(HOME, "s3", made).await;
    let witness = witness(peer, BUCKET);
    assert_eq!(witness.newest().await.unwrap(), None);
    for note in ["one\n\nsigned\n", "two\n\nsigned\n", "three\n\nsigned\n"] {
        witness.put(note).await.unwrap();
        assert_eq!(witness.newest().await.unwrap().as_deref(), Some(note));
    }
    let listed =
        peer.by_hand(HOME, "s3", peer.http().get(format!("{}/{BUCKET}?list-type=2", peer.url))).await;
    let keys: Vec<&str> =
        listed.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()).collect();
    assert_eq!(keys.len(), 3, "nothing is written over: {listed}");
    for key in keys {
        let asked = peer.http().get(format!("{}/{BUCKET}/{key}?retention", peer.url));
        let retention = peer.by_hand(HOME, "s3", asked).await;
        assert!(retention.contains("<Mode>COMPLIANCE</Mode>"), "{key}: {retention}");
    }
}

async fn a_bucket_that_is_not_there_is_told(peer: &Peer) {
    let nowhere = witness(peer, "nobodys-bucket");
    for error in [nowhere.newest().await.unwrap_err(), nowhere.put("x").await.unwrap_err()] {
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(error.message.contains("NoSuchBucket"), "{error}");
    }
}
