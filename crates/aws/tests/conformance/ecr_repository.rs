//! ECR repositories: whether the images that run at home are in the recovery Region too.

use crate::peers::Peer;
use crate::words::{both, look, resource as named};
use holdfast_domain::resource::EcrRepository;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    the_images_are_seen_in_both_regions: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    named("images", ResourceSpec::EcrRepository(EcrRepository { repository: "shop/api".into() }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn the_images_are_seen_in_both_regions(peer: &Peer) {
    let mut looked = look(peer, &resource(peer).await).await;
    for region in both() {
        let facts = looked.remove(&region).unwrap().unwrap();
        assert!(matches!(facts, Facts::EcrRepository(_)), "{facts:?}");
    }
}
