//! One row per kind of resource: what its status shows, what readiness finds, which calls its steps make, and the
//! scenarios that prove it. `docs/AWS.md` is made from these rows, and a kind or a call that the code has and the suite
//! has not fails here.

use crate::peers::Peer;
use crate::{
    arc_region_switch_plan, arc_routing_control, aurora_global_database, auto_scaling_group, aws_health,
    backup_vault, cloudformation_stack, cloudfront_distribution, cloudwatch_alarm, cloudwatch_metric,
    config_recorder, dynamodb_global_table, ecr_repository, ecs_service, eks_node_group,
    elasticache_global_datastore, endpoint_setting, global_accelerator, kms_key, lambda_function, probe,
    rds_read_replica, route53_health_check, route53_records, s3_multi_region_access_point, s3_replication,
    s3_switch_object, secret, security_hub, service_quota, ssm_parameter, transit_gateway,
};
use futures::future::BoxFuture;
use holdfast_domain::{Resource, ResourceKind};
use holdfast_failover::Change;
use holdfast_failover::step::Work;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// A claim and the peers that it is tried against; made by `scenarios!`.
pub struct Scenario {
    pub claim: &'static str,
    pub peers: &'static [&'static str],
}

pub struct Row {
    pub kind: ResourceKind,
    /// What its status shows, Region by Region.
    pub status: &'static str,
    /// What readiness finds about it.
    pub readiness: &'static str,
    /// The `service@region` that a look needs.
    pub looks: &'static str,
    /// The resource in this peer's world, made there where the peer begins empty.
    pub resource: fn(&Peer) -> BoxFuture<'_, Resource>,
    /// One of each call that its steps make to move that resource from [`HOME`](crate::words::HOME) to
    /// [`RECOVERY`](crate::words::RECOVERY).
    pub changes: for<'a> fn(&'a Peer, &'a Resource) -> BoxFuture<'a, Vec<Change>>,
    /// Where the simulator alone proves it: why no other peer does.
    pub alone: Option<&'static str>,
    pub scenarios: &'static [Scenario],
}

/// A row whose module has `resource`, `changes` and `SCENARIOS`.
macro_rules! row {
    ($kind:ident, $module:ident { $($field:ident: $text:expr),* $(,)? }) => {
        Row {
            kind: ResourceKind::$kind,
            resource: |peer| Box::pin($module::resource(peer)),
            changes: |peer, resource| Box::pin($module::changes(peer, resource)),
            scenarios: $module::SCENARIOS,
            $($field: $text),*
        }
    };
}

pub const ROWS: &[Row] = &[
    // ---- traffic
    row!(
        Route53Records,
        route53_records {
            status: "every record set of the name and its routing (failover, weighted, latency, geolocation, geoproximity, \
                 multivalue, by client address), with the values it answers, TTL and health check",
            readiness: "records for both Regions; TTL against the RTO; failover records that return traffic by themselves",
            looks: "route53@us-east-1",
            alone: None,
        }
    ),
    row!(
        Route53HealthCheck,
        route53_health_check {
            status: "what it watches, whether it counts as healthy, inverted and disabled",
            readiness: "whether it is true to life",
            looks: "route53@us-east-1",
            alone: None,
        }
    ),
    row!(
        GlobalAccelerator,
        global_accelerator {
            status: "accelerator, dial and endpoints of each Region's group, with weight and health",
            readiness: "a group with healthy endpoints in both Regions; that it returns traffic by itself",
            looks: "globalaccelerator@us-west-2",
            alone: Some("neither ministack nor moto has Global Accelerator"),
        }
    ),
    row!(
        CloudfrontDistribution,
        cloudfront_distribution {
            status: "the origin groups, which origin is tried first, whether it is deployed everywhere",
            readiness: "an origin in both Regions",
            looks: "cloudfront@us-east-1",
            alone: None,
        }
    ),
    row!(
        ArcRoutingControl,
        arc_routing_control {
            status: "each Region's control, the safety rules, the cluster's five endpoints, which health checks follow it",
            readiness: "controls for both Regions, safety rules that allow the switch, records that follow the controls",
            looks: "arc-cluster@any-of-five",
            alone: Some("no other peer has ARC"),
        }
    ),
    row!(
        ArcRegionSwitchPlan,
        arc_region_switch_plan {
            status: "the plan as each Region has it, its evaluation, its executions and the step that each is at",
            readiness: "a plan for both Regions whose evaluation passed",
            looks: "arc-region-switch@each-region",
            alone: Some("no other peer has ARC"),
        }
    ),
    row!(
        S3MultiRegionAccessPoint,
        s3_multi_region_access_point {
            status: "the bucket and the dial of each Region's route",
            readiness: "a route in both Regions",
            looks: "s3-mrap-routes@any-of-five",
            alone: None,
        }
    ),
    row!(
        S3SwitchObject,
        s3_switch_object {
            status: "whether the object is there, with the content that its health check looks for, and which Region it holds out",
            readiness: "it lies in another Region than it holds out; its health check is inverted, watches just it, and is that of the Region's record",
            looks: "s3@each-region",
            alone: None,
        }
    ),
    // ---- stores
    row!(
        AuroraGlobalDatabase,
        aurora_global_database {
            status: "members, writer, replication lag with its time, instances and their classes, cluster status",
            readiness: "a secondary in the recovery Region, with instances of the writer's class; lag against the RPO",
            looks: "rds@each-region, cloudwatch@each-region",
            alone: None,
        }
    ),
    row!(
        RdsReadReplica,
        rds_read_replica {
            status: "each side's database, instance or cluster, who copies from whom, replication lag with its time",
            readiness: "a replica in the recovery Region that copies, of the writer's class; lag against the RPO; databases that moves left behind",
            looks: "rds@each-region, cloudwatch@each-region",
            alone: None,
        }
    ),
    row!(
        DynamodbGlobalTable,
        dynamodb_global_table {
            status: "each Region's replica, consistency mode, how far it is behind each other Region",
            readiness: "a replica in the recovery Region that is active; lag against the RPO",
            looks: "dynamodb@each-region, cloudwatch@each-region",
            alone: None,
        }
    ),
    row!(
        ElasticacheGlobalDatastore,
        elasticache_global_datastore {
            status: "members, who is primary, replication lag, status of the whole",
            readiness: "an associated secondary in the recovery Region; lag against the RPO",
            looks: "elasticache@each-region, cloudwatch@each-region",
            alone: Some("neither ministack nor moto has global datastores"),
        }
    ),
    row!(
        S3Replication,
        s3_replication {
            status: "the rules between the application's buckets both ways, bytes and operations that wait, latency",
            readiness: "an enabled and measured rule to the recovery Region, and one back; copies that failed; lag against the RPO",
            looks: "s3@each-region, cloudwatch@each-region",
            alone: None,
        }
    ),
    row!(
        BackupVault,
        backup_vault {
            status: "of each protected resource the newest recovery point in the Region's vault, and the restores of the last days",
            readiness: "a recovery point in the recovery Region; its age against the RPO; a role to restore with",
            looks: "backup@each-region",
            alone: Some("neither ministack nor moto keeps recovery points"),
        }
    ),
    // ---- compute
    row!(
        EcsService,
        ecs_service {
            status: "desired, running and pending tasks, deployment",
            readiness: "the service in both Regions; capacity of the recovery Region against the home Region's",
            looks: "ecs@each-region",
            alone: None,
        }
    ),
    row!(
        AutoScalingGroup,
        auto_scaling_group {
            status: "minimum, maximum and desired size, instances in service and launching, warm pool, suspended \
                     processes, target health, why a launch failed",
            readiness: "the group in both Regions; capacity against the home Region's; schedules that would undo a size",
            looks: "autoscaling@each-region, elasticloadbalancing@each-region",
            alone: None,
        }
    ),
    row!(
        EksNodeGroup,
        eks_node_group {
            status: "sizes, nodes in service, status and what EKS says is wrong",
            readiness: "the node group in both Regions; capacity against the home Region's",
            looks: "eks@each-region, autoscaling@each-region",
            alone: Some("neither ministack nor moto carries out a node group's update"),
        }
    ),
    row!(
        LambdaFunction,
        lambda_function {
            status: "concurrency reserved and provisioned, event source mappings (an alias's where the inventory \
                     lists them) and their state",
            readiness: "the function in both Regions; event sources on in one Region only",
            looks: "lambda@each-region",
            alone: None,
        }
    ),
    // ---- what the recovery Region must have
    row!(
        EcrRepository,
        ecr_repository {
            status: "the newest images, the replication rules, how far replication is",
            readiness: "the images that run at home are in the recovery Region too",
            looks: "ecr@each-region",
            alone: None,
        }
    ),
    row!(
        Secret,
        secret {
            status: "the secret in each Region, how its replica is, its current version",
            readiness: "the secret is in the recovery Region and in sync",
            looks: "secretsmanager@each-region",
            alone: None,
        }
    ),
    row!(
        SsmParameter,
        ssm_parameter {
            status: "the parameter in each Region, its version, which Regions have another value",
            readiness: "the parameter is in the recovery Region with the same value",
            looks: "ssm@each-region",
            alone: None,
        }
    ),
    row!(
        KmsKey,
        kms_key {
            status: "the key's state in each Region, and of a multi-Region key its primary",
            readiness: "an enabled key in the recovery Region that reads what the home Region's has encrypted",
            looks: "kms@each-region",
            alone: None,
        }
    ),
    row!(
        CloudwatchAlarm,
        cloudwatch_alarm {
            status: "the alarm's state in each Region, since when and why, what it watches",
            readiness: "the alarm is in the recovery Region, is OK and tells somebody",
            looks: "cloudwatch@each-region",
            alone: None,
        }
    ),
    row!(
        CloudwatchMetric,
        cloudwatch_metric {
            status: "the newest data point of a period that is over, with its time, against the threshold",
            readiness: "it is in the recovery Region, is published there and is well",
            looks: "cloudwatch@each-region",
            alone: None,
        }
    ),
    row!(
        ServiceQuota,
        service_quota {
            status: "what holds in each Region, raised or AWS's default",
            readiness: "the recovery Region's is not below the home Region's",
            looks: "servicequotas@each-region",
            alone: None,
        }
    ),
    row!(
        TransitGateway,
        transit_gateway {
            status: "the state of the attachment, or of the VPC peering connection, in each Region, and of a peering the Region on its other side",
            readiness: "the attachment is available, or the connection active, in both Regions",
            looks: "ec2@each-region",
            alone: None,
        }
    ),
    row!(
        ConfigRecorder,
        config_recorder {
            status: "whether each Region's recorder records, and how its last delivery went",
            readiness: "the recovery Region records",
            looks: "config@each-region",
            alone: None,
        }
    ),
    row!(
        SecurityHub,
        security_hub {
            status: "whether each Region has it, and how many critical and high findings are open",
            readiness: "the recovery Region has it; open critical findings",
            looks: "securityhub@each-region",
            alone: None,
        }
    ),
    row!(
        AwsHealth,
        aws_health {
            status: "the events that AWS Health has open of each Region, and of what has none",
            readiness: "an open event of a Region",
            looks: "health@either-of-two",
            alone: Some("neither ministack nor moto has AWS Health"),
        }
    ),
    row!(
        CloudformationStack,
        cloudformation_stack {
            status: "the stack's status in each Region, and why its last operation failed",
            readiness: "the stack stands in the recovery Region, or has a template and a role to be built with",
            looks: "cloudformation@each-region",
            alone: None,
        }
    ),
    row!(
        EndpointSetting,
        endpoint_setting {
            status: "the endpoint that stands in each Region's parameter, secret or private record, and its version; a secret is not read",
            readiness: "the setting is in the recovery Region and can be written there",
            looks: "ssm@each-region, secretsmanager@each-region, route53@us-east-1",
            alone: None,
        }
    ),
    // ---- the outside view
    row!(
        Probe,
        probe {
            status: "what each Region's health endpoint answers, how fast, and asked from where",
            readiness: "that it answers as expected",
            looks: "outside@this-replica",
            alone: Some("no AWS stands between: endpoints are asked as anybody would"),
        }
    ),
];

/// What is asked of an account as a whole, of no resource: the system, what it tells, what readiness finds by it, the calls
/// and the plane that must answer, and where scenarios prove it.
pub const ACCOUNT_ROWS: &[[&str; 6]] = &[
    [
        "STS",
        "whether the read role can be assumed now, and the act role as a step would assume it, with its tags and source identity",
        "a role that is refused, with what to look at in its trust policy",
        "`sts:AssumeRole`, `sts:GetCallerIdentity`",
        "sts@any-of-those-configured",
        "what holds for every kind, below",
    ],
    [
        "IAM",
        "which of the actions that each role will be asked for its policies do not allow",
        "the missing permission by its name, of those that the account's resources and steps of one's own need",
        "`iam:SimulatePrincipalPolicy`",
        "iam@us-east-1",
        "simulator",
    ],
    [
        "Organizations",
        "which accounts there are, and which of them the inventory has not",
        "none: accounts are proposed, not judged",
        "`organizations:ListAccounts`",
        "organizations@us-east-1",
        "simulator; moto",
    ],
    [
        "VPC",
        "peering connections between the Regions, as entries of the kind `transit_gateway`",
        "a connection that is not active",
        "`ec2:DescribeVpcPeeringConnections`",
        "ec2@each-region",
        "simulator; ministack; moto",
    ],
];

/// Calls of steps of one's own, which belong to no kind of resource: what each is.
pub const OWN_CALLS: &[(&str, &str)] = &[
    ("call_webhook", "a signed POST to a receiver that keeps what it has by its id"),
    ("invoke_lambda", "a function of one's own, in the Region that the plan names"),
    ("run_document", "an SSM document on the instances that have a tag"),
    (
        "run_plan",
        "a run of another application, asked for as its requester would and decided on as any other is",
    ),
];

/// Steps that call nothing, by their stored names: what each waits for.
pub const LOOKING_STEPS: &[(&str, &str)] = &[
    ("observe_again", "the picture that the approval rests on still holds"),
    ("record_lag", "each store's lag at the cut is measured and within its limit"),
    ("catch_up", "the copy to be promoted has all that was written before its writers were fenced"),
    ("confirm_serving", "the application is seen serving from its new Region"),
    ("confirm_protected", "every store has a connected copy again"),
    ("wait_for_person", "a person says that it is done"),
    ("wait_for_time", "the time has come"),
    ("wait_for_signal", "a probe, an alarm, a metric or AWS Health says that it is well"),
];

/// The stored name of a call.
pub fn call_name(change: &Change) -> String {
    serde_json::to_value(change).unwrap()["call"].as_str().unwrap().to_owned()
}

/// The names of an enum's variants as serde itself lists them, so that none can be forgotten here.
fn variants<T: DeserializeOwned>(tag: &str) -> BTreeSet<String> {
    let unknown = serde_json::json!({ tag: "no such name" });
    let told = serde_json::from_value::<T>(unknown).err().unwrap().to_string();
    let names = told.split_once("expected ").unwrap().1;
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_kind_has_one_row() {
    for kind in ResourceKind::ALL {
        let rows = ROWS.iter().filter(|row| row.kind == *kind).count();
        assert_eq!(rows, 1, "rows for {} in suite.rs", kind.as_str());
    }
}

#[tokio::test]
async fn every_call_that_a_step_can_make_is_in_the_row_of_its_kind() {
    let peer = Peer::simulator().await.unwrap();
    let mut tried: BTreeSet<String> = OWN_CALLS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for row in ROWS {
        let resource = (row.resource)(&peer).await;
        assert_eq!(resource.spec.kind(), row.kind);
        tried.extend((row.changes)(&peer, &resource).await.iter().map(call_name));
    }
    let known = variants::<Change>("call");
    assert!(known.len() > 1, "serde lists the calls in another way: {known:?}");
    assert_eq!(
        known, tried,
        "left: the calls in change.rs; right: those that some row's `changes` gives, and OWN_CALLS"
    );
}

#[test]
fn every_kind_of_step_is_a_call_or_says_what_it_waits_for() {
    let mut known = variants::<Work>("kind");
    assert!(known.remove("call"), "{known:?}");
    assert_eq!(known, LOOKING_STEPS.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn every_row_says_something_and_is_proved_by_the_simulator_and_a_peer_unless_there_is_none() {
    for row in ROWS {
        let name = row.kind.as_str();
        for text in [row.status, row.readiness, row.looks] {
            assert!(!text.is_empty(), "an empty cell of {name}");
        }
        assert!(row.looks.split(", ").all(|plane| plane.contains('@')), "{name} looks at {}", row.looks);
        assert!(row.scenarios.iter().any(|one| one.peers.contains(&"simulator")), "{name}");
        let elsewhere = row.scenarios.iter().flat_map(|one| one.peers).any(|peer| *peer != "simulator");
        assert_ne!(
            elsewhere,
            row.alone.is_some(),
            "{name}: a scenario on another peer, or `alone` with the reason"
        );
    }
}
