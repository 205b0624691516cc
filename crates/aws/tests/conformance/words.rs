//! What the scenarios share: accounts, resources and access in the domain's words.

use crate::peers::Peer;
use holdfast_aws::{Egress, OutsideSettings};
use holdfast_cloud::{Access, Acting, Cloud, Direction, Looked};
use holdfast_domain::{
    Account, AccountId, Facts, Name, RegionCode, Resource, ResourceKind, ResourceSpec, RunId, StepId,
};
use holdfast_failover::Change;
use std::collections::BTreeMap;
use std::time::Duration;

pub fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

pub fn account(id: &str, external_id: &str) -> Account {
    Account {
        id: AccountId::parse(id).unwrap(),
        name: Name::parse("shop-prod").unwrap(),
        read_role_arn: format!("arn:aws:iam::{id}:role/holdfast-read"),
        act_role_arn: format!("arn:aws:iam::{id}:role/holdfast-act"),
        external_id: Some(external_id.to_owned()),
    }
}

/// Where every scenario moves from and to.
pub const HOME: &str = "us-east-1";
pub const RECOVERY: &str = "eu-central-1";

pub fn both() -> [RegionCode; 2] {
    [region(HOME), region(RECOVERY)]
}

pub fn per_region<T>(make: impl Fn(&str) -> T) -> BTreeMap<RegionCode, T> {
    both().into_iter().map(|region| (region.clone(), make(region.as_str()))).collect()
}

pub fn resource(name: &str, spec: ResourceSpec) -> Resource {
    Resource { name: Name::parse(name).unwrap(), account: Name::parse("shop-prod").unwrap(), spec }
}

/// What the collector would see of it.
pub async fn look(peer: &Peer, resource: &Resource) -> Looked {
    peer.cloud.observe(&peer.account, &reading(), resource, &both()).await
}

pub async fn seen(peer: &Peer, resource: &Resource, code: &str) -> Facts {
    look(peer, resource).await.remove(&region(code)).unwrap().unwrap()
}

pub fn acting(step: &str, change: Option<Change>) -> Acting {
    Acting {
        run: RunId::fresh(),
        step: StepId::parse(step).unwrap(),
        source_identity: "operator@example.com".into(),
        epoch: 7,
        retries: 0,
        direction: Direction::Do,
        timeout: Duration::from_secs(60),
        change,
    }
}

/// The collector's access, to everything.
pub fn reading() -> Access {
    Access::Read(ResourceKind::ALL.iter().copied().collect())
}

pub fn act(step: &str, change: &Change) -> Access {
    Access::Act(acting(step, Some(change.clone())))
}

/// The simulator answers for its zones on the port that it has for AWS.
pub fn outside(name_server: std::net::SocketAddr) -> OutsideSettings {
    OutsideSettings {
        egress: Egress::Local,
        dns_resolver: Some(name_server),
        ..OutsideSettings::production("a test")
    }
}

/// A peer that is no name server: every question about names is refused at once.
pub fn nobody_to_ask() -> OutsideSettings {
    outside(([127, 0, 0, 1], 9).into())
}
