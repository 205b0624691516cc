//! Every call of every step, with names as long as AWS takes them, and the template that grants the roles.

use super::*;
use holdfast_domain::facts::{DnsRecord, ReplicaSettings, Routing, ScalingBounds};
use holdfast_domain::{AccountId, Name, RegionCode, StepId};
use holdfast_failover::change::{
    AccessPointRouteTarget, GroupSize, RecordReplacement, RoutingControlTarget, StackBuild, StoreEndpoint,
    SwitchAction,
};
use serde_json::Value;
use std::collections::BTreeMap;

const ARC: &str = "arn:aws:route53-recovery-control::222222222222";

fn account() -> Account {
    Account {
        id: AccountId::parse("222222222222").unwrap(),
        name: Name::parse("shop-prod").unwrap(),
        read_role_arn: "arn:aws:iam::222222222222:role/holdfast-read".into(),
        act_role_arn: "arn:aws:iam::222222222222:role/holdfast-act".into(),
        external_id: Some("demo-shop-prod".into()),
    }
}

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

/// One of each call, with names as long as AWS takes them.
fn changes() -> Vec<Change> {
    let size = GroupSize { min: 6, max: 12, desired: 6 };
    let target = format!("arn:aws:rds:eu-central-1:222222222222:cluster:{}", "o".repeat(63));
    let record = |weight| DnsRecord {
        name: format!("{}.example.com", "shop.".repeat(45)),
        record_type: "A".into(),
        set_identifier: Some("x".repeat(128)),
        routing: Routing::Weighted { weight },
        ttl_seconds: Some(60),
        values: vec!["192.0.2.1".into()],
        alias: None,
        health_check_id: None,
    };
    vec![
        Change::InvokeLambda {
            account: account().name,
            region: region("eu-central-1"),
            function: "f".repeat(64),
            payload: "{}".into(),
        },
        Change::RunDocument {
            account: account().name,
            region: region("eu-central-1"),
            document: "d".repeat(128),
            parameters: BTreeMap::from([("mode".into(), "hard".into())]),
            target_tag: "role".into(),
            target_value: "writer".into(),
        },
        Change::SetEcsDesiredCount {
            region: region("eu-central-1"),
            cluster: "c".repeat(255),
            service: "s".repeat(255),
            desired: 6,
        },
        Change::SetEcsScalingBounds {
            region: region("eu-central-1"),
            cluster: "c".repeat(255),
            service: "s".repeat(255),
            bounds: ScalingBounds { min: 6, max: 12 },
        },
        Change::SetAutoScalingGroupSize { region: region("eu-central-1"), group: "g".repeat(255), size },
        Change::SuspendScalingProcesses {
            region: region("eu-central-1"),
            group: "g".repeat(255),
            processes: vec!["ScheduledActions".into()],
        },
        Change::ResumeScalingProcesses {
            region: region("eu-central-1"),
            group: "g".repeat(255),
            processes: vec!["Launch".into()],
        },
        Change::SetEksNodeGroupSize {
            region: region("eu-central-1"),
            cluster: "c".repeat(100),
            node_group: "n".repeat(63),
            size,
        },
        Change::SetLambdaConcurrency {
            region: region("eu-central-1"),
            function: "f".repeat(140),
            reserved: Some(50),
        },
        Change::SetLambdaConcurrency {
            region: region("eu-central-1"),
            function: "f".repeat(140),
            reserved: None,
        },
        Change::SetLambdaProvisioned {
            region: region("eu-central-1"),
            function: "f".repeat(140),
            qualifier: "live".into(),
            provisioned: 10,
        },
        Change::SetEventSource {
            region: region("eu-central-1"),
            function: "f".repeat(140),
            mapping: "5f8a1c3e-27b4-4d90-b6e2-9a1c0d7e4f68".into(),
            enabled: true,
        },
        Change::SwitchAuroraOver {
            region: region("us-east-1"),
            global_cluster: "g".repeat(255),
            target_cluster_arn: target.clone(),
        },
        Change::FailAuroraOver {
            region: region("eu-central-1"),
            global_cluster: "orders".into(),
            target_cluster_arn: target,
        },
        Change::PromoteReplica { region: region("eu-central-1"), instance: "r".repeat(63) },
        Change::PromoteReplicaCluster { region: region("eu-central-1"), cluster: "r".repeat(63) },
        Change::CreateClusterInstance {
            region: region("eu-central-1"),
            cluster: "r".repeat(61),
            instance: "r".repeat(63),
            class: "db.r7g.16xlarge".into(),
            engine: "aurora-mysql".into(),
        },
        Change::CreateReplica {
            region: region("us-east-1"),
            instance: "r".repeat(63),
            source_arn: format!("arn:aws:rds:eu-central-1:222222222222:db:{}", "r".repeat(63)),
            settings: ReplicaSettings {
                engine: None,
                class: Some("db.r7g.large".into()),
                kms_key_id: Some(format!("arn:aws:kms:us-east-1:222222222222:key/{}", "0".repeat(36))),
                subnet_group: Some("s".repeat(255)),
                security_groups: vec!["sg-0123456789abcdef0".into()],
                multi_az: true,
            },
        },
        Change::CreateReplicaCluster {
            region: region("us-east-1"),
            cluster: "r".repeat(63),
            source_arn: format!("arn:aws:rds:eu-central-1:222222222222:cluster:{}", "r".repeat(63)),
            settings: ReplicaSettings {
                engine: Some("aurora-mysql".into()),
                class: Some("db.r7g.large".into()),
                kms_key_id: Some(format!("arn:aws:kms:us-east-1:222222222222:key/{}", "0".repeat(36))),
                subnet_group: Some("s".repeat(255)),
                security_groups: vec!["sg-0123456789abcdef0".into()],
                multi_az: true,
            },
        },
        Change::FailDatastoreOver {
            region: region("eu-central-1"),
            global_datastore: "g".repeat(63),
            replication_group: "r".repeat(40),
        },
        Change::DeleteRestored {
            region: region("us-west-2"),
            database: format!("{}-drill-0a1b2c3d", "d".repeat(48)),
            is_cluster: false,
            recovery_point_arn: "arn:aws:backup:us-west-2:222222222222:recovery-point:1".into(),
            made_by: StepId::parse("restore-backups-1").unwrap(),
        },
        Change::DeleteRestored {
            region: region("us-west-2"),
            database: format!("{}-drill-0a1b2c3d", "d".repeat(48)),
            is_cluster: true,
            recovery_point_arn: "arn:aws:backup:us-west-2:222222222222:recovery-point:1".into(),
            made_by: StepId::parse("restore-backups-1").unwrap(),
        },
        Change::StartRestoreJob {
            region: region("us-west-2"),
            vault: "v".repeat(50),
            resource_arn: "arn:aws:rds:us-east-1:222222222222:db:archive".into(),
            recovery_point_arn: format!(
                "arn:aws:backup:us-west-2:222222222222:recovery-point:{}",
                "0".repeat(36)
            ),
            resource_type: "RDS".into(),
            role_arn: format!("arn:aws:iam::222222222222:role/{}", "r".repeat(64)),
            metadata: BTreeMap::new(),
        },
        Change::SetAccessPointRoutes {
            mrap_arn: "arn:aws:s3::222222222222:accesspoint/m2shopa55ets.mrap".into(),
            routes: BTreeMap::from([(
                region("eu-central-1"),
                AccessPointRouteTarget { bucket: "assets".into(), traffic_dial_percent: 100 },
            )]),
            via: vec![region("us-west-2")],
        },
        Change::SetAcceleratorGroup {
            endpoint_group_region: region("eu-central-1"),
            endpoint_group_arn:
                "arn:aws:globalaccelerator::222222222222:accelerator/5f8a/listener/1f/endpoint-group/e1"
                    .into(),
            traffic_dial_percent: 100,
            endpoints: vec![],
        },
        Change::ReplaceRecords {
            hosted_zone_id: "Z0123456789ABC".into(),
            replace: (0..50)
                .map(|weight| RecordReplacement {
                    region: region("us-east-1"),
                    old: Some(record(weight)),
                    new: Some(record(weight + 1)),
                })
                .collect(),
        },
        Change::SetHealthCheck {
            health_check_id: "11111111-2222-4333-8444-555555555555".into(),
            version: 3,
            inverted: true,
            disabled: true,
        },
        Change::SetRoutingControls {
            cluster_arn: format!("{ARC}:cluster/0f4c2a91-6f1d-4f0e-9b1e-0f5f2b8f6a10"),
            endpoints: BTreeMap::new(),
            controls: holdfast_domain::REGIONS
                .iter()
                .take(10)
                .map(|r| {
                    let control_arn =
                        format!("{ARC}:controlpanel/{}/routingcontrol/{}", "a".repeat(32), "b".repeat(16));
                    (region(r.code), RoutingControlTarget { control_arn, on: true })
                })
                .collect(),
        },
        Change::SetPrimaryOrigins {
            distribution_id: "E2EXAMPLE1".into(),
            etag: "E2QWRUHAPOMQZL".into(),
            primaries: BTreeMap::from([("regions".into(), "eu-central-1".into())]),
        },
        switch_object(true),
        switch_object(false),
        Change::StartRegionSwitch {
            region: region("eu-central-1"),
            plan_arn: format!("arn:aws:arc-region-switch::222222222222:plan/{}:abc123", "p".repeat(64)),
            target: region("eu-central-1"),
            action: SwitchAction::Activate,
            graceful: true,
        },
        // ---- what the recovery Region must have
        Change::CreateStack { region: region("us-west-2"), build: build() },
        Change::UpdateStack { region: region("us-west-2"), build: build() },
        Change::SetParameterEndpoint {
            region: region("us-west-2"),
            parameter: format!("/{}", "p".repeat(1000)),
            key: Some("host".into()),
            to: to(),
        },
        Change::SetSecretEndpoint {
            region: region("us-west-2"),
            secret: "s".repeat(512),
            key: "host".into(),
            to: to(),
        },
        Change::SetRecordEndpoint {
            region: region("us-west-2"),
            hosted_zone_id: "Z".repeat(32),
            record: "r".repeat(255),
            to: to(),
        },
    ]
}

fn switch_object(holds: bool) -> Change {
    Change::SetSwitchObject {
        region: region("eu-central-1"),
        bucket: "b".repeat(63),
        key: "k".repeat(1024),
        content: "STOP".into(),
        holds,
        on_etag: (!holds).then(|| "\"1\"".into()),
    }
}

fn build() -> StackBuild {
    StackBuild {
        stack: "s".repeat(128),
        template_url: "https://templates.s3.us-west-2.amazonaws.com/recovery.yaml".into(),
        parameters: BTreeMap::new(),
        role_arn: Some(format!("arn:aws:iam::222222222222:role/{}", "r".repeat(64))),
    }
}

fn to() -> StoreEndpoint {
    StoreEndpoint { store: Name::parse("orders").unwrap(), endpoint: None, on_version: None }
}

fn change_names() -> BTreeSet<&'static str> {
    changes().iter().map(Change::action).collect()
}

fn actions(policy: &str) -> BTreeSet<String> {
    let policy: Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    statements
        .iter()
        .flat_map(|statement| statement["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_session_policy_fits_and_names_its_actions_in_full() {
    let mut policies: Vec<String> =
        changes().iter().map(|change| changing(&account(), change).unwrap()).collect();
    policies.extend(ResourceKind::ALL.iter().map(|kind| looking(&BTreeSet::from([*kind])).unwrap()));
    for policy in policies {
        assert!(policy.len() <= POLICY_LIMIT, "{} characters: {policy}", policy.len());
        assert!(actions(&policy).iter().all(|action| !action.contains('*')), "{policy}");
    }
}

#[test]
fn a_step_may_make_its_own_change_and_no_other_and_only_on_named_resources() {
    let all = change_names();
    for change in changes() {
        let policy = changing(&account(), &change).unwrap();
        let allowed = actions(&policy);
        let changes: Vec<&String> = allowed.iter().filter(|action| all.contains(action.as_str())).collect();
        assert_eq!(changes, [change.action()]);
        let whole: Value = serde_json::from_str(&policy).unwrap();
        for statement in whole["Statement"].as_array().unwrap() {
            if statement["Action"].as_array().unwrap().iter().any(|action| action == change.action()) {
                assert!(
                    !statement["Resource"].as_array().unwrap().iter().any(|resource| resource == "*"),
                    "{policy}"
                );
            }
        }
    }
}

#[test]
fn the_roles_together_need_no_more_and_no_less_than_the_sessions_made_from_them() {
    let used: BTreeSet<String> = changes()
        .iter()
        .flat_map(|change| actions(&changing(&account(), change).unwrap()))
        .chain(ResourceKind::ALL.iter().flat_map(|kind| actions(&looking(&BTreeSet::from([*kind])).unwrap())))
        // What a session without any permission is made with: health endpoints are asked under no role.
        .filter(|action| action != NOTHING)
        .collect();
    assert_eq!(used, act_role_actions().into_iter().map(str::to_owned).collect());
    let asked = actions(&surveying());
    let looked =
        ResourceKind::ALL.iter().flat_map(|kind| actions(&looking(&BTreeSet::from([*kind])).unwrap()));
    let read: BTreeSet<String> = looked.chain(asked).filter(|action| action != NOTHING).collect();
    assert_eq!(read, read_role_actions().into_iter().map(str::to_owned).collect());
    assert!(read_role_actions().is_disjoint(&change_names()));
}

#[test]
fn an_ecs_service_named_by_its_arn_is_the_same_resource() {
    let change = |cluster: &str, service: &str| Change::SetEcsDesiredCount {
        region: region("eu-central-1"),
        cluster: cluster.into(),
        service: service.into(),
        desired: 1,
    };
    let by_arn = change(
        "arn:aws:ecs:eu-central-1:222222222222:cluster/shop",
        "arn:aws:ecs:eu-central-1:222222222222:service/shop/web",
    );
    assert_eq!(changing(&account(), &by_arn), changing(&account(), &change("shop", "web")));
}

/// The listed actions of one role of the template, `sts:` of the trust policy apart.
fn template_actions(role: &str) -> BTreeSet<&'static str> {
    let template = include_str!("../../../../infra/member-account.yaml");
    let (_, after) = template.split_once(&format!("\n  {role}:\n")).unwrap();
    after
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .filter_map(|line| line.trim().strip_prefix("- "))
        .filter(|item| {
            item.split_once(':').is_some_and(|(service, action)| service != "sts" && !action.starts_with(' '))
        })
        .collect()
}

#[test]
fn the_template_grants_each_role_exactly_what_its_sessions_need() {
    assert_eq!(template_actions("ReadRole"), read_role_actions());
    assert_eq!(template_actions("ActRole"), act_role_actions());
}
