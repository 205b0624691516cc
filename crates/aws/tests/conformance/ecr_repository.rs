//! ECR repositories: whether the images that run at home are in the recovery Region too.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, look, resource as named, seen};
use holdfast_cloud::ErrorKind;
use holdfast_domain::resource::EcrRepository;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    the_newest_image_is_seen_in_both_regions: simulator, ministack, moto;
    a_repository_that_is_not_there_is_not_found: simulator, ministack, moto;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        for code in [HOME, RECOVERY] {
            repository(peer, code).await;
        }
    }
    of("shop/api")
}

fn of(repository: &str) -> Resource {
    named("images", ResourceSpec::EcrRepository(EcrRepository { repository: repository.to_owned() }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn repository(peer: &Peer, code: &str) {
    let client = sdk!(aws_sdk_ecr, peer, code);
    client.create_repository().repository_name("shop/api").send().await.unwrap();
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":1,"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"},"layers":[]}"#;
    let image = client.put_image().repository_name("shop/api").image_tag("1.12.0").image_manifest(manifest);
    image.send().await.unwrap();
}

async fn the_newest_image_is_seen_in_both_regions(peer: &Peer) {
    let images = resource(peer).await;
    for code in [HOME, RECOVERY] {
        let Facts::EcrRepository(repository) = seen(peer, &images, code).await else {
            panic!("a repository was expected")
        };
        assert_eq!(
            (repository.images[0].tags.as_slice(), repository.left_out),
            (["1.12.0".to_owned()].as_slice(), 0)
        );
    }
}

async fn a_repository_that_is_not_there_is_not_found(peer: &Peer) {
    for facts in look(peer, &of("shop/nothing")).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}
