//! What an account is asked about itself: what its roles may do, and which other accounts there are.

use crate::peers::{MEMBER, Peer, Which};
use crate::words::{HOME, account};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::{Need, ResourceKind};
use std::collections::BTreeSet;

scenarios! {
    what_a_role_may_not_do_is_named_before_it_is_needed: simulator;
    the_accounts_of_an_organization_are_told_to_who_administers_it: simulator, moto;
    other_accounts_are_refused_the_organization: simulator;
}

/// The demonstration's account that administers its organization.
const ADMINISTRATOR: (&str, &str) = ("333333333333", "demo-platform-prod");

async fn what_a_role_may_not_do_is_named_before_it_is_needed(peer: &Peer) {
    let needs = BTreeSet::from([Need::Kind(ResourceKind::EcsService)]);
    let missing = async |acts| peer.cloud.missing_permissions(&peer.account, acts, &needs).await.unwrap();
    assert_eq!((missing(false).await, missing(true).await), (Vec::new(), Vec::new()));
    peer.sim().tamper(|world| {
        let act = world.accounts.get_mut(MEMBER).unwrap().roles.get_mut("holdfast-act").unwrap();
        act.allow.retain(|pattern| pattern != "ecs:UpdateService");
    });
    assert_eq!(missing(false).await, Vec::new(), "the read role needs it for nothing");
    let [found] = missing(true).await.try_into().unwrap();
    assert_eq!((found.action.as_str(), &found.needed_by), ("ecs:UpdateService", &needs));
}

async fn the_accounts_of_an_organization_are_told_to_who_administers_it(peer: &Peer) {
    let (asker, expected) = match peer.which {
        Which::Simulator => (account(ADMINISTRATOR.0, ADMINISTRATOR.1), "555555555555"),
        Which::Ministack | Which::Moto => {
            let organizations = sdk!(aws_sdk_organizations, peer, HOME);
            organizations.create_organization().send().await.unwrap();
            (peer.account.clone(), MEMBER)
        }
    };
    let accounts = peer.cloud.organization(&asker).await.unwrap();
    let found = accounts.iter().find(|account| account.id == expected);
    assert_eq!(found.map(|account| account.status.as_str()), Some("ACTIVE"), "{accounts:?}");
}

async fn other_accounts_are_refused_the_organization(peer: &Peer) {
    let error = peer.cloud.organization(&peer.account).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
}
