//! Endpoint settings in parameters and secrets: pointed at another store on the version that was seen, everything else of
//! them as it was.

use crate::peers::{Peer, Which};
use crate::ssm_parameter;
use crate::words::{HOME, RECOVERY, act, acting, per_region, reading, region, resource as named, seen};
use holdfast_cloud::{Access, Cloud, ErrorKind};
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

scenarios! {
    an_endpoint_is_set_in_a_parameter_on_the_version_that_was_seen: simulator, ministack, moto;
    nothing_else_of_a_parameter_changes_and_a_lost_look_before_it_changed_nothing: simulator;
    a_secret_is_read_by_the_step_that_sets_it_and_by_nobody_else: simulator;
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

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    vec![set_parameter(None), set_secret(None)]
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
