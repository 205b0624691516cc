//! KMS keys: their state in each Region.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, per_region, resource as named, seen};
use holdfast_domain::facts::KmsKeyFacts;
use holdfast_domain::resource::{KeyPlace, KmsKey};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_sim::world::World;

scenarios! {
    a_key_is_told_with_its_state_and_as_missing_where_there_is_none: simulator, ministack, moto;
    a_key_of_several_regions_is_told_as_one: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    of(&World::key_id("shop"))
}

fn of(key_id: &str) -> Resource {
    let per_region = per_region(|_| KeyPlace { key_id: key_id.to_owned() });
    named("data-key", ResourceSpec::KmsKey(KmsKey { per_region }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn key(peer: &Peer, of: &Resource, code: &str) -> Option<KmsKeyFacts> {
    match seen(peer, of, code).await {
        Facts::KmsKey { key } => key,
        other => panic!("a key was expected, not {other:?}"),
    }
}

async fn a_key_is_told_with_its_state_and_as_missing_where_there_is_none(peer: &Peer) {
    let at_home = match peer.which {
        Which::Simulator => World::key_id("home-alone"),
        Which::Ministack | Which::Moto => {
            let made = sdk!(aws_sdk_kms, peer, HOME).create_key().send().await.unwrap();
            made.key_metadata().unwrap().key_id().to_owned()
        }
    };
    let at_home = of(&at_home);
    assert_eq!(key(peer, &at_home, HOME).await.unwrap().state, "Enabled");
    assert_eq!(key(peer, &at_home, RECOVERY).await, None);
}

async fn a_key_of_several_regions_is_told_as_one(peer: &Peer) {
    let shop = resource(peer).await;
    let (home, recovery) = (key(peer, &shop, HOME).await.unwrap(), key(peer, &shop, RECOVERY).await.unwrap());
    assert_ne!(home.arn, recovery.arn);
    assert_eq!(
        (home.primary_arn.as_ref(), recovery.primary_arn.as_ref()),
        (Some(&home.arn), Some(&home.arn))
    );
}
