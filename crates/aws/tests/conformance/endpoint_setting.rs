//! Endpoint settings in parameters, secrets and private records: pointed at another store on the version that was seen,
//! everything else of them as it was.

use crate::peers::{Peer, Which};
use crate::ssm_parameter;
use crate::words::{HOME, RECOVERY, act, acting, per_region, reading, region, resource as named, seen};
use aws_sdk_route53::types::{
    Change as SdkChange, ChangeAction, ChangeBatch, HostedZoneConfig, ResourceRecord, ResourceRecordSet,
    RrType, Vpc, VpcRegion,
};
use holdfast_cloud::{Access, Cloud, ErrorKind, Settled};
use holdfast_domain::facts::SettingFacts;
use holdfast_domain::resource::{EndpointSetting, SettingPlace};
use holdfast_domain::{Facts, Name, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::StoreEndpoint;
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::Effect;

pub const SETTING: &str = r#"{"user":"app","host":"old.example.com"}"#;
const SET: &str = r#"{"user":"app","host":"new.example.com"}"#;
pub const PARAMETER: &str = "/shop/database";
pub const SECRET: &str = "shop/endpoint";
pub const PRIVATE_ZONE: &str = "Z0PRIVATE0SHOP";
pub const RECORD: &str = "database.shop.internal";
pub const LEADS_TO: &str = "old.example.com";

scenarios! {
    an_endpoint_is_set_in_a_parameter_on_the_version_that_was_seen: simulator, ministack, moto;
    nothing_else_of_a_parameter_changes_and_a_lost_look_before_it_changed_nothing: simulator;
    a_secret_is_read_by_the_step_that_sets_it_and_by_nobody_else: simulator;
    a_record_is_pointed_elsewhere_only_while_it_stands_as_it_was_seen: simulator, ministack, moto;
    a_record_with_a_routing_policy_is_no_setting_and_one_that_is_not_there_is_told_so: simulator;
    a_record_that_changes_between_the_look_and_the_call_is_a_conflict_and_stays: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        for code in [HOME, RECOVERY] {
            ssm_parameter::put(peer, code, PARAMETER, SETTING).await;
        }
    }
    of(Some(PARAMETER), None)
}

pub fn of(parameter: Option<&str>, secret: Option<&str>) -> Resource {
    let per_region = per_region(|_| SettingPlace {
        parameter: parameter.map(str::to_owned),
        secret: secret.map(str::to_owned),
        key: Some("host".into()),
        ..SettingPlace::default()
    });
    named("endpoint", ResourceSpec::EndpointSetting(EndpointSetting { store: None, per_region }))
}

pub fn in_zone(hosted_zone_id: &str) -> Resource {
    let per_region = per_region(|_| SettingPlace {
        hosted_zone_id: Some(hosted_zone_id.to_owned()),
        record: Some(RECORD.into()),
        ..SettingPlace::default()
    });
    named("endpoint", ResourceSpec::EndpointSetting(EndpointSetting { store: None, per_region }))
}

fn to(version: Option<&str>) -> StoreEndpoint {
    StoreEndpoint {
        store: Name::parse("orders").unwrap(),
        endpoint: Some("new.example.com".into()),
        on_version: version.map(str::to_owned),
    }
}

fn set_parameter(version: Option<&str>) -> Change {
    Change::SetParameterEndpoint {
        region: region(RECOVERY),
        parameter: PARAMETER.into(),
        key: Some("host".into()),
        to: to(version),
    }
}

fn set_secret(version: Option<&str>) -> Change {
    Change::SetSecretEndpoint {
        region: region(RECOVERY),
        secret: SECRET.into(),
        key: "host".into(),
        to: to(version),
    }
}

fn set_record(hosted_zone_id: &str, version: Option<&str>) -> Change {
    Change::SetRecordEndpoint {
        region: region(RECOVERY),
        hosted_zone_id: hosted_zone_id.into(),
        record: RECORD.into(),
        to: to(version),
    }
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    // Route 53 compares the whole record: what was seen of it is part of the call.
    vec![set_parameter(None), set_secret(None), set_record(PRIVATE_ZONE, Some("ttl 30 old.example.com"))]
}

async fn setting(peer: &Peer, access: &Access, of: &Resource) -> SettingFacts {
    let recovery = [region(RECOVERY)];
    match peer.cloud.observe(&peer.account, access, of, &recovery).await.remove(&recovery[0]) {
        Some(Ok(Facts::Setting { setting: Some(setting) })) => setting,
        other => panic!("a setting was expected, not {other:?}"),
    }
}

async fn an_endpoint_is_set_in_a_parameter_on_the_version_that_was_seen(peer: &Peer) {
    let endpoint = resource(peer).await;
    let before = setting(peer, &reading(), &endpoint).await;
    assert_eq!((before.endpoint.as_deref(), before.version.as_str()), (Some("old.example.com"), "1"));
    let stale = set_parameter(Some("7"));
    let error = peer.cloud.perform(&peer.account, &acting("point", None), &stale).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Conflict, false), "{error}");
    let change = set_parameter(Some(&before.version));
    peer.cloud.perform(&peer.account, &acting("point", None), &change).await.unwrap();
    let after = setting(peer, &act("point", &change), &endpoint).await;
    assert_eq!((after.endpoint.as_deref(), after.version.as_str()), (Some("new.example.com"), "2"));
    assert!(
        matches!(seen(peer, &endpoint, HOME).await, Facts::Setting { setting: Some(home) } if home.version == "1")
    );
}

async fn nothing_else_of_a_parameter_changes_and_a_lost_look_before_it_changed_nothing(peer: &Peer) {
    let acting = acting("point-endpoint", None);
    peer.cloud.perform(&peer.account, &acting, &set_parameter(Some("1"))).await.unwrap();
    let value = peer.sim().look(|world| {
        let mut all = world.supporting.parameters.iter();
        all.find(|one| one.name == PARAMETER && one.region == RECOVERY).unwrap().value.clone()
    });
    assert_eq!(value, SET);
    let sent = peer.sim().ledger().into_iter().find(|entry| entry.effect == Effect::Changed).unwrap();
    let mark = "holdfast-step/point-endpoint holdfast-direction/do holdfast-epoch/7";
    assert!(sent.user_agent.ends_with(mark), "{}", sent.user_agent);

    peer.sim().add_fault(Fault { service: Some("ssm".into()), ..Fault::new(FaultKind::LoseAnswer) });
    let lost = peer.cloud.perform(&peer.account, &acting, &set_parameter(Some("2"))).await.unwrap_err();
    assert!(!lost.outcome_unknown, "looking before the change was what was lost: {lost}");
}

async fn a_secret_is_read_by_the_step_that_sets_it_and_by_nobody_else(peer: &Peer) {
    let endpoint = of(None, Some(SECRET));
    assert_eq!(setting(peer, &reading(), &endpoint).await.endpoint, None);
    assert!(peer.sim().ledger().iter().all(|entry| entry.operation != "GetSecretValue"));

    let access = act("point", &set_secret(None));
    let before = setting(peer, &access, &endpoint).await;
    assert_eq!(before.endpoint.as_deref(), Some("old.example.com"));
    let change = set_secret(Some(&before.version));
    peer.cloud.perform(&peer.account, &acting("point", None), &change).await.unwrap();
    assert_eq!(setting(peer, &access, &endpoint).await.endpoint.as_deref(), Some("new.example.com"));
    let content = peer.sim().look(|world| {
        let mut all = world.supporting.secrets.iter();
        all.find(|one| one.name == SECRET).unwrap().versions.last().unwrap().content.clone()
    });
    assert_eq!(content, SET);
}

/// A zone with the record in it; its id.
async fn zone(peer: &Peer) -> String {
    if peer.which == Which::Simulator {
        return PRIVATE_ZONE.into();
    }
    let client = sdk!(aws_sdk_route53, peer, HOME);
    let made = client
        .create_hosted_zone()
        .name("shop.internal")
        .caller_reference("conformance")
        .vpc(Vpc::builder().vpc_region(VpcRegion::UsEast1).vpc_id("vpc-0123456789abcdef0").build())
        .hosted_zone_config(HostedZoneConfig::builder().private_zone(true).build())
        .send()
        .await
        .unwrap();
    let id = made.hosted_zone().unwrap().id().trim_start_matches("/hostedzone/").to_owned();
    let set = ResourceRecordSet::builder()
        .name(RECORD)
        .r#type(RrType::Cname)
        .ttl(30)
        .resource_records(ResourceRecord::builder().value(LEADS_TO).build().unwrap())
        .build()
        .unwrap();
    let create = SdkChange::builder().action(ChangeAction::Create).resource_record_set(set).build().unwrap();
    let batch = ChangeBatch::builder().changes(create).build().unwrap();
    client.change_resource_record_sets().hosted_zone_id(&id).change_batch(batch).send().await.unwrap();
    id
}

async fn a_record_is_pointed_elsewhere_only_while_it_stands_as_it_was_seen(peer: &Peer) {
    let zone = zone(peer).await;
    let endpoint = in_zone(&zone);
    let before = setting(peer, &reading(), &endpoint).await;
    let (says, version) = (before.endpoint.as_deref(), before.version.as_str());
    assert_eq!((says, version), (Some(LEADS_TO), "ttl 30 old.example.com"));
    let stale = set_record(&zone, Some("ttl 60 old.example.com"));
    let error = peer.cloud.perform(&peer.account, &acting("point", None), &stale).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Conflict, false), "{error}");

    let change = set_record(&zone, Some(&before.version));
    let answer = peer.cloud.perform(&peer.account, &acting("point", None), &change).await.unwrap();
    let access = act("point", &change);
    let after = setting(peer, &access, &endpoint).await;
    let (says, version) = (after.endpoint.as_deref(), after.version.as_str());
    assert_eq!((says, version), (Some("new.example.com"), "ttl 30 new.example.com"));
    peer.pass_time();
    let tracking = answer.tracking.unwrap();
    let settled = peer.cloud.settled(&peer.account, &access, &change, &tracking).await.unwrap();
    assert!(matches!(settled, Settled::Yes | Settled::NotYet(_)), "{settled:?}");
    let again = peer.cloud.perform(&peer.account, &acting("point", None), &change).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
}

async fn a_record_with_a_routing_policy_is_no_setting_and_one_that_is_not_there_is_told_so(peer: &Peer) {
    peer.sim().tamper(|world| {
        let zone = world.zones.iter_mut().find(|zone| zone.id == PRIVATE_ZONE).unwrap();
        (zone.records[0].weight, zone.records[0].set_identifier) = (Some(1), Some("one".into()));
    });
    let found = setting(peer, &reading(), &in_zone(PRIVATE_ZONE)).await;
    assert!(found.endpoint.is_none() && found.not_told.unwrap().contains("routing policy"));
    let change = set_record(PRIVATE_ZONE, Some(""));
    let error = peer.cloud.perform(&peer.account, &acting("point", None), &change).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Invalid, false), "{error}");
    // A public zone of this world, without that name.
    let absent = in_zone("Z0123456789ABC");
    assert_eq!(seen(peer, &absent, RECOVERY).await, Facts::Setting { setting: None });
}

async fn a_record_that_changes_between_the_look_and_the_call_is_a_conflict_and_stays(peer: &Peer) {
    let stands = |leads_to: &'static str| {
        peer.sim().tamper(move |world| {
            let zone = world.zones.iter_mut().find(|zone| zone.id == PRIVATE_ZONE).unwrap();
            zone.records[0].values = vec![leads_to.into()];
        });
    };
    stands("another.example.com");
    let seen_before = set_record(PRIVATE_ZONE, Some("ttl 30 old.example.com"));
    let error = peer.cloud.perform(&peer.account, &acting("point", None), &seen_before).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Conflict, false), "{error}");
    let left = setting(peer, &reading(), &in_zone(PRIVATE_ZONE)).await;
    assert_eq!(left.endpoint.as_deref(), Some("another.example.com"));
}
