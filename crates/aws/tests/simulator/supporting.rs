//! What the recovery Region must have, over the wire: the calls signed by hand among them.

use super::*;
use holdfast_domain::facts::{AttachmentFacts, HubFacts, SettingFacts, StackFacts};
use holdfast_domain::resource::{
    AlarmPlace, AttachmentPlace, CloudformationStack, CloudwatchAlarm, EndpointSetting, InRegions, KeyPlace,
    KmsKey, Secret, ServiceQuota, SettingPlace, SsmParameter, StackPlace, TransitGateway,
};
use holdfast_failover::change::{StackBuild, StoreEndpoint};
use holdfast_sim::start_with;
use holdfast_sim::world::World;

const URL: &str = "https://templates.s3.eu-central-1.amazonaws.com/recovery.yaml";
const ROLE: &str = "arn:aws:iam::222222222222:role/build";
const SETTING: &str = r#"{"user":"app","host":"old.example.com"}"#;

async fn supplied() -> (Sim, AwsCloud) {
    let (home, recovery) = ("us-east-1", "eu-central-1");
    let world = World::empty()
        .account(SHOP, "shop-prod", "demo-shop-prod")
        .aurora(SHOP, "orders", &[home, recovery])
        .secret(SHOP, "shop/database", &[home, recovery], "hush")
        .secret(SHOP, "shop/endpoint", &[recovery], SETTING)
        .parameter(SHOP, home, "/shop/currencies", "EUR,USD")
        .parameter(SHOP, recovery, "/shop/currencies", "EUR")
        .parameter(SHOP, recovery, "/shop/database", SETTING)
        .key(SHOP, "shop", &[home, recovery])
        .lag_alarm(SHOP, recovery, "orders-lag", "orders-eu-central-1", 30.0)
        .quota(SHOP, home, ("fargate", "L-1", "vCPU"), 6.0, Some(100.0))
        .quota(SHOP, recovery, ("fargate", "L-1", "vCPU"), 6.0, None)
        .peering(SHOP, "tgw-attach-0123456789abcdef0", [home, recovery])
        .watched(SHOP, &[home, recovery])
        .template(URL);
    let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 1.0 };
    let sim = start_with(config, world).await.unwrap();
    let cloud = AwsCloud::new(settings(&sim));
    (sim, cloud)
}

fn resource(name: &str, spec: ResourceSpec) -> Resource {
    Resource { name: Name::parse(name).unwrap(), account: Name::parse("shop-prod").unwrap(), spec }
}

fn in_both<T: Clone>(place: T) -> BTreeMap<RegionCode, T> {
    both().into_iter().map(|region| (region, place.clone())).collect()
}

fn in_recovery<T>(place: T) -> BTreeMap<RegionCode, T> {
    [(region("eu-central-1"), place)].into()
}

fn setting(parameter: Option<&str>, secret: Option<&str>) -> Resource {
    let place = SettingPlace {
        parameter: parameter.map(str::to_owned),
        secret: secret.map(str::to_owned),
        key: Some("host".into()),
    };
    resource(
        "endpoint",
        ResourceSpec::EndpointSetting(EndpointSetting { store: None, per_region: in_recovery(place) }),
    )
}

fn stack() -> Resource {
    let place = StackPlace {
        stack: "recovery".into(),
        template_url: Some(URL.into()),
        parameters: BTreeMap::new(),
        role_arn: Some(ROLE.into()),
    };
    resource(
        "platform",
        ResourceSpec::CloudformationStack(CloudformationStack { per_region: in_recovery(place) }),
    )
}

fn build(size: Option<&str>) -> StackBuild {
    StackBuild {
        stack: "recovery".into(),
        template_url: URL.into(),
        parameters: size.map(|size| ("Size".to_owned(), size.to_owned())).into_iter().collect(),
        role_arn: Some(ROLE.into()),
    }
}

async fn seen_stack(cloud: &AwsCloud) -> Option<StackFacts> {
    match seen(cloud, &stack(), "eu-central-1").await {
        Facts::Stack { stack } => stack,
        other => panic!("a stack was expected, not {other:?}"),
    }
}

async fn stack_is(cloud: &AwsCloud, sim: &Sim, seconds: u64) -> String {
    sim.advance(Duration::from_secs(seconds));
    seen_stack(cloud).await.unwrap().status
}

#[tokio::test]
async fn each_kind_is_seen_in_both_regions_and_what_is_missing_is_told_as_missing() {
    let (_sim, cloud) = supplied().await;
    let key = KeyPlace { key_id: World::key_id("shop") };
    let attachment = AttachmentPlace { attachment: "tgw-attach-0123456789abcdef0".into() };
    let regions = || InRegions { regions: both().to_vec() };
    let secret = |name: &str| ResourceSpec::Secret(Secret { secret: Some(name.into()) });
    for spec in [
        secret("shop/database"),
        ResourceSpec::SsmParameter(SsmParameter { parameter: Some("/shop/currencies".into()) }),
        ResourceSpec::KmsKey(KmsKey { per_region: in_both(key) }),
        ResourceSpec::ServiceQuota(ServiceQuota { service: "fargate".into(), quota: "L-1".into() }),
        ResourceSpec::TransitGateway(TransitGateway { per_region: in_both(attachment) }),
        ResourceSpec::ConfigRecorder(regions()),
        ResourceSpec::SecurityHub(regions()),
        ResourceSpec::CloudwatchAlarm(CloudwatchAlarm {
            per_region: in_both(AlarmPlace { alarm: "orders-lag".into() }),
        }),
    ] {
        for (region, facts) in look(&cloud, &resource("thing", spec)).await {
            assert!(facts.is_ok(), "{region}: {facts:?}");
        }
    }
    let missing = resource("thing", secret("shop/endpoint"));
    assert_eq!(seen(&cloud, &missing, "us-east-1").await, Facts::Secret { secret: None });
}

#[tokio::test]
async fn what_is_seen_is_what_readiness_asks_for() {
    let (sim, cloud) = supplied().await;
    sim.tamper(|world| world.supporting.hubs.retain(|hub| hub.region != "eu-central-1"));
    sim.tamper(|world| world.supporting.hubs[0].critical = 3);
    let regions = InRegions { regions: both().to_vec() };
    let hub = resource("hub", ResourceSpec::SecurityHub(regions));
    let counted = HubFacts { critical: 3, high: 0, more: false };
    assert_eq!(seen(&cloud, &hub, "us-east-1").await, Facts::SecurityHub { hub: Some(counted) });
    assert_eq!(seen(&cloud, &hub, "eu-central-1").await, Facts::SecurityHub { hub: None });

    let attachment = AttachmentPlace { attachment: "tgw-attach-0123456789abcdef0".into() };
    let backbone = resource(
        "backbone",
        ResourceSpec::TransitGateway(TransitGateway { per_region: in_both(attachment) }),
    );
    match seen(&cloud, &backbone, "us-east-1").await {
        Facts::Attachment { attachment: Some(AttachmentFacts { state, peer_region, .. }) } => {
            assert_eq!((state.as_str(), peer_region.as_deref()), ("available", Some("eu-central-1")));
        }
        other => panic!("an attachment was expected, not {other:?}"),
    }
    let currencies = ResourceSpec::SsmParameter(SsmParameter { parameter: Some("/shop/currencies".into()) });
    match seen(&cloud, &resource("currencies", currencies), "eu-central-1").await {
        Facts::Parameter { parameter: Some(parameter) } => {
            assert_eq!(parameter.differs_from, Some(vec!["us-east-1".to_owned()]));
        }
        other => panic!("a parameter was expected, not {other:?}"),
    }
}

fn fault(service: &str, kind: FaultKind, times: Option<u64>) -> Fault {
    Fault { service: Some(service.into()), times, ..Fault::new(kind) }
}

fn recorder() -> Resource {
    resource("history", ResourceSpec::ConfigRecorder(InRegions { regions: both().to_vec() }))
}

#[tokio::test]
async fn a_call_signed_by_hand_fails_as_every_other_call_does() {
    let (sim, cloud) = supplied().await;
    sim.add_fault(fault("config", FaultKind::Throttle, Some(2)));
    assert!(look(&cloud, &recorder()).await.values().all(Result::is_ok));
    sim.clear_faults();

    sim.add_fault(fault("config", FaultKind::Deny, None));
    let denied = look(&cloud, &recorder()).await.remove(&region("us-east-1")).unwrap().unwrap_err();
    assert_eq!(denied.kind, ErrorKind::Denied);
    assert!(denied.message.contains("config:DescribeConfigurationRecorderStatus"), "{denied}");
    assert!(denied.request_id.is_some());
    sim.clear_faults();

    sim.set_region_dark("us-east-1", true);
    let mut dark = look(&cloud, &recorder()).await;
    assert_eq!(dark.remove(&region("us-east-1")).unwrap().unwrap_err().kind, ErrorKind::Unreachable);
    assert!(dark.remove(&region("eu-central-1")).unwrap().is_ok());
}

#[tokio::test]
async fn a_stack_is_created_with_its_token_its_role_and_no_capability() {
    let (sim, cloud) = supplied().await;
    assert_eq!(seen_stack(&cloud).await, None);
    let change = Change::CreateStack { region: region("eu-central-1"), build: build(None) };
    let acting = acting("build-platform", None);
    cloud.perform(&shop(), &acting, &change).await.unwrap();
    cloud.perform(&shop(), &acting, &change).await.unwrap();
    let [made] = &changes(&sim)[..] else { panic!("one stack was expected") };
    assert_eq!(made.body["ClientRequestToken"], acting.token());
    assert_eq!(made.body["RoleARN"], ROLE);
    assert_eq!(made.body.get("Capabilities"), None);
    assert_eq!(stack_is(&cloud, &sim, 0).await, "CREATE_IN_PROGRESS");
    assert_eq!(stack_is(&cloud, &sim, 6).await, "CREATE_COMPLETE");
}

#[tokio::test]
async fn a_template_that_makes_iam_is_refused_and_a_failure_tells_its_reason() {
    let (sim, cloud) = supplied().await;
    let change = Change::CreateStack { region: region("eu-central-1"), build: build(None) };
    sim.tamper(|world| world.supporting.templates.get_mut(URL).unwrap().makes_iam = true);
    let refused = cloud.perform(&shop(), &acting("build", None), &change).await.unwrap_err();
    assert!(refused.kind == ErrorKind::Invalid && refused.message.contains("CAPABILITY"), "{refused}");
    sim.tamper(|world| {
        let template = world.supporting.templates.get_mut(URL).unwrap();
        template.makes_iam = false;
        template.fails = Some("vCPU limit exceeded".into());
    });
    cloud.perform(&shop(), &acting("build", None), &change).await.unwrap();
    sim.advance(Duration::from_secs(20));
    let stack = seen_stack(&cloud).await.unwrap();
    assert_eq!(
        (stack.status.as_str(), stack.reason.as_deref()),
        ("ROLLBACK_COMPLETE", Some("vCPU limit exceeded"))
    );
}

#[tokio::test]
async fn an_update_is_followed_to_its_end_and_nothing_to_update_is_the_end() {
    let (sim, cloud) = supplied().await;
    let to = |size| (region("eu-central-1"), build(size));
    let (place, first) = to(None);
    cloud
        .perform(&shop(), &acting("build", None), &Change::CreateStack { region: place, build: first })
        .await
        .unwrap();
    sim.advance(Duration::from_secs(6));
    let (place, larger) = to(Some("large"));
    let change = Change::UpdateStack { region: place, build: larger };
    let answer = cloud.perform(&shop(), &acting("build", None), &change).await.unwrap();
    let tracking = answer.tracking.unwrap();
    let access = act("build", &change);
    let account = shop();
    let settled = || cloud.settled(&account, &access, &change, &tracking);
    assert_eq!(settled().await, Ok(Settled::NotYet("UPDATE_IN_PROGRESS".into())));
    sim.advance(Duration::from_secs(4));
    assert_eq!(settled().await, Ok(Settled::Yes));
    assert_eq!(stack_is(&cloud, &sim, 0).await, "UPDATE_COMPLETE");

    let again = cloud.perform(&shop(), &acting("build", None), &change).await.unwrap();
    assert_eq!(cloud.settled(&shop(), &access, &change, &again.tracking.unwrap()).await, Ok(Settled::Yes));
}

fn to(version: &str) -> StoreEndpoint {
    StoreEndpoint {
        store: Name::parse("orders").unwrap(),
        endpoint: Some("new.example.com".into()),
        on_version: Some(version.into()),
    }
}

async fn seen_setting(cloud: &AwsCloud, access: &Access, resource: &Resource) -> SettingFacts {
    let recovery = [region("eu-central-1")];
    match cloud.observe(&shop(), access, resource, &recovery).await.remove(&recovery[0]) {
        Some(Ok(Facts::Setting { setting: Some(setting) })) => setting,
        other => panic!("a setting was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn an_endpoint_is_set_in_a_parameter_on_the_version_that_was_seen_and_nothing_else_of_it() {
    let (sim, cloud) = supplied().await;
    let resource = setting(Some("/shop/database"), None);
    let before = seen_setting(&cloud, &reading(), &resource).await;
    assert_eq!(before.endpoint.as_deref(), Some("old.example.com"));
    let change = |version: &str| Change::SetParameterEndpoint {
        region: region("eu-central-1"),
        parameter: "/shop/database".into(),
        key: Some("host".into()),
        to: to(version),
    };
    let stale = cloud.perform(&shop(), &acting("point", None), &change("7")).await.unwrap_err();
    assert_eq!((stale.kind, stale.outcome_unknown), (ErrorKind::Conflict, false));
    assert!(changes(&sim).is_empty());
    cloud.perform(&shop(), &acting("point", None), &change(&before.version)).await.unwrap();
    let after = seen_setting(&cloud, &act("point", &change("2")), &resource).await;
    assert_eq!(after.endpoint.as_deref(), Some("new.example.com"));
    let value = sim.look(|world| world.supporting.parameters[2].value.clone());
    assert_eq!(value, r#"{"user":"app","host":"new.example.com"}"#);

    sim.add_fault(fault("ssm", FaultKind::LoseAnswer, None));
    let lost = cloud.perform(&shop(), &acting("point", None), &change("2")).await.unwrap_err();
    assert!(!lost.outcome_unknown, "looking before the change was what was lost: {lost}");
}

#[tokio::test]
async fn a_secret_is_read_by_the_step_that_sets_it_and_by_nobody_else() {
    let (sim, cloud) = supplied().await;
    let resource = setting(None, Some("shop/endpoint"));
    let read_role = seen_setting(&cloud, &reading(), &resource).await;
    assert_eq!(read_role.endpoint, None);
    assert!(sim.ledger().iter().all(|entry| entry.operation != "GetSecretValue"));

    let change = |version: &str| Change::SetSecretEndpoint {
        region: region("eu-central-1"),
        secret: "shop/endpoint".into(),
        key: "host".into(),
        to: to(version),
    };
    let before = seen_setting(&cloud, &act("point", &change("")), &resource).await;
    assert_eq!(before.endpoint.as_deref(), Some("old.example.com"));
    cloud.perform(&shop(), &acting("point", None), &change(&before.version)).await.unwrap();
    let after = seen_setting(&cloud, &act("point", &change("")), &resource).await;
    assert_eq!(after.endpoint.as_deref(), Some("new.example.com"));
    let content = sim.look(|world| world.supporting.secrets[1].versions.last().unwrap().content.clone());
    assert_eq!(content, r#"{"user":"app","host":"new.example.com"}"#);
}

#[tokio::test]
async fn calls_signed_by_hand_carry_the_mark_of_their_step() {
    let (sim, cloud) = supplied().await;
    let change = Change::SetParameterEndpoint {
        region: region("eu-central-1"),
        parameter: "/shop/database".into(),
        key: Some("host".into()),
        to: to("1"),
    };
    cloud.perform(&shop(), &acting("point-endpoint", None), &change).await.unwrap();
    let [entry] = &changes(&sim)[..] else { panic!("one change was expected") };
    let mark = "holdfast-step/point-endpoint holdfast-direction/do holdfast-epoch/7";
    assert!(entry.user_agent.ends_with(mark), "{}", entry.user_agent);
}
