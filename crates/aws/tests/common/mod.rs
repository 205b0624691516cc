//! What the tests against the peers share: accounts, resources and access in the domain's words.
#![allow(dead_code, reason = "each of the test binaries uses a part of it")]

use holdfast_cloud::{Access, Acting, Direction};
use holdfast_domain::facts::{DnsRecord, Routing};
use holdfast_domain::resource::{AuroraGlobalDatabase, Route53Records, S3MultiRegionAccessPoint};
use holdfast_domain::{
    Account, AccountId, Facts, Name, RegionCode, Resource, ResourceKind, ResourceSpec, RunId, StepId,
};
use holdfast_failover::Change;
use holdfast_failover::change::RecordReplacement;

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

fn resource(name: &str, spec: ResourceSpec) -> Resource {
    Resource { name: Name::parse(name).unwrap(), account: Name::parse("shop-prod").unwrap(), spec }
}

pub fn records(hosted_zone_id: &str, record: &str) -> Resource {
    resource(
        "front-door",
        ResourceSpec::Route53Records(Route53Records {
            hosted_zone_id: hosted_zone_id.into(),
            record: record.into(),
            record_type: "A".into(),
            set_identifiers: Default::default(),
        }),
    )
}

pub fn aurora(global_cluster: &str) -> Resource {
    resource(
        "orders",
        ResourceSpec::AuroraGlobalDatabase(AuroraGlobalDatabase { global_cluster: global_cluster.into() }),
    )
}

pub fn access_point(mrap_arn: &str) -> Resource {
    resource(
        "assets",
        ResourceSpec::S3MultiRegionAccessPoint(S3MultiRegionAccessPoint { mrap_arn: mrap_arn.into() }),
    )
}

pub fn acting(step: &str, change: Option<Change>) -> Acting {
    Acting {
        run: RunId::fresh(),
        step: StepId::parse(step).unwrap(),
        source_identity: "operator@example.com".into(),
        epoch: 7,
        retries: 0,
        direction: Direction::Do,
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

pub fn record_of(facts: &Facts) -> DnsRecord {
    match facts {
        Facts::DnsRecord { record: Some(record), .. } => record.clone(),
        other => panic!("a record was expected, not {other:?}"),
    }
}

pub fn weight_of(record: &DnsRecord) -> i64 {
    match record.routing {
        Routing::Weighted { weight } => weight,
        ref other => panic!("a weight was expected, not {other:?}"),
    }
}

/// From what is there to the same record with another weight.
pub fn reweigh(region: &RegionCode, old: &DnsRecord, weight: i64) -> RecordReplacement {
    let new = DnsRecord { routing: Routing::Weighted { weight }, ..old.clone() };
    RecordReplacement { region: region.clone(), old: Some(old.clone()), new: Some(new) }
}

/// The simulator answers for its zones on the port that it has for AWS.
pub fn outside(name_server: std::net::SocketAddr) -> holdfast_aws::OutsideSettings {
    holdfast_aws::OutsideSettings {
        egress: holdfast_aws::Egress::Local,
        dns_resolver: Some(name_server),
        from: "a test".into(),
    }
}

/// A peer that is no name server: every question about names is refused at once.
pub fn nobody_to_ask() -> holdfast_aws::OutsideSettings {
    outside(([127, 0, 0, 1], 9).into())
}
