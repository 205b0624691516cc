//! Secrets: whether each Region has one. What a secret holds is never asked for.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, resource as named, seen};
use holdfast_domain::resource::Secret;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

/// In the simulator's world and in the peers': a secret of the home Region alone.
const AT_HOME: &str = "catalog/database";

scenarios! {
    a_secret_is_seen_and_told_as_missing_where_there_is_none: simulator, ministack, moto;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        for code in [HOME, RECOVERY] {
            create(peer, code, "shop/database").await;
        }
    }
    of("shop/database")
}

fn of(name: &str) -> Resource {
    named("database-secret", ResourceSpec::Secret(Secret { secret: Some(name.to_owned()) }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn create(peer: &Peer, code: &str, name: &str) {
    let client = sdk!(aws_sdk_secretsmanager, peer, code);
    client.create_secret().name(name).secret_string("hush").send().await.unwrap();
}

async fn a_secret_is_seen_and_told_as_missing_where_there_is_none(peer: &Peer) {
    let there = resource(peer).await;
    let Facts::Secret { secret: Some(secret) } = seen(peer, &there, HOME).await else {
        panic!("a secret was expected")
    };
    assert!(secret.current_version.is_some() && !secret.deleted, "{secret:?}");
    if peer.which != Which::Simulator {
        create(peer, HOME, AT_HOME).await;
    }
    assert!(matches!(seen(peer, &of(AT_HOME), HOME).await, Facts::Secret { secret: Some(_) }));
    assert_eq!(seen(peer, &of(AT_HOME), RECOVERY).await, Facts::Secret { secret: None });
}
