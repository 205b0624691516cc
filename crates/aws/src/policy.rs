//! What our sessions may do. Pure: from an account and a change to the text of a session policy, and the whole
//! of what the two roles need, which `infra/member-account.yaml` grants. A session never holds more than its
//! role; these texts make it hold less.

use crate::eks_node_group;
use crate::own_calls;
use crate::registry::look_actions;
use crate::survey;
use holdfast_domain::{Account, RegionCode, ResourceKind};
use holdfast_failover::Change;
use holdfast_failover::change::{RoutingControlTarget, StackBuild};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// STS takes no longer text (AssumeRole, parameter `Policy`).
pub const POLICY_LIMIT: usize = 2048;

/// Needs no permission; stands where a session is to be allowed nothing that needs one.
const NOTHING: &str = "sts:GetCallerIdentity";

/// What the steps of runs change.
pub const CHANGE_ACTIONS: &[&str] = &[
    "application-autoscaling:RegisterScalableTarget",
    "arc-region-switch:StartPlanExecution",
    "autoscaling:ResumeProcesses",
    "autoscaling:SuspendProcesses",
    "autoscaling:UpdateAutoScalingGroup",
    "cloudfront:UpdateDistribution",
    "backup:StartRestoreJob",
    "ecs:UpdateService",
    "eks:UpdateNodegroupConfig",
    "elasticache:FailoverGlobalReplicationGroup",
    "globalaccelerator:UpdateEndpointGroup",
    "lambda:DeleteFunctionConcurrency",
    "lambda:InvokeFunction",
    "lambda:PutFunctionConcurrency",
    "lambda:PutProvisionedConcurrencyConfig",
    "lambda:UpdateEventSourceMapping",
    "rds:CreateDBInstanceReadReplica",
    "rds:FailoverGlobalCluster",
    "rds:PromoteReadReplica",
    "rds:PromoteReadReplicaDBCluster",
    "rds:SwitchoverGlobalCluster",
    "route53-recovery-cluster:UpdateRoutingControlStates",
    "route53:ChangeResourceRecordSets",
    "route53:UpdateHealthCheck",
    "s3:SubmitMultiRegionAccessPointRoutes",
    // ---- what the recovery Region must have
    "cloudformation:CreateStack",
    "cloudformation:UpdateStack",
    "secretsmanager:PutSecretValue",
    "ssm:PutParameter",
    "ssm:SendCommand",
];

/// What a step needs beside its look and its change: to hand a role over to the service that works as it, to ask after a
/// change that was accepted, to read the secret in which it sets one key, and to follow a command to its end.
pub const STEP_ACTIONS: &[&str] = &[
    eks_node_group::UPDATE,
    "iam:PassRole",
    "route53:GetChange",
    "secretsmanager:GetSecretValue",
    own_calls::LIST_COMMANDS,
];

/// What AWS asks for beside some of them, of whoever makes the call: the right to hand a role or a key on.
pub const BESIDE_CHANGES: &[&str] = &["iam:PassRole", "kms:CreateGrant"];

/// Everything the read role needs: the looks at every kind.
#[must_use]
pub fn read_role_actions() -> BTreeSet<&'static str> {
    let looks = ResourceKind::ALL.iter().flat_map(|kind| look_actions(*kind));
    looks.chain(survey::ASKS).copied().collect()
}

/// What the read role needs in an account that has these kinds.
pub(crate) fn looking_at(kinds: &BTreeSet<ResourceKind>) -> BTreeSet<&'static str> {
    kinds.iter().flat_map(|kind| look_actions(*kind)).copied().collect()
}

/// What the act role needs there: a service that is looked at for a step is also the one that the step calls.
pub(crate) fn acting_on(kinds: &BTreeSet<ResourceKind>) -> BTreeSet<&'static str> {
    let moved: BTreeSet<ResourceKind> =
        kinds.iter().copied().filter(|kind| !kind.is_for_readiness_only()).collect();
    let looks = looking_at(&moved);
    let service = |action: &'static str| action.split_once(':').map_or(action, |(service, _)| service);
    let called: BTreeSet<&str> = looks.iter().map(|action| service(action)).collect();
    let changes = CHANGE_ACTIONS.iter().chain(STEP_ACTIONS).copied();
    let changes: Vec<_> = changes.filter(|action| called.contains(service(action))).collect();
    looks.into_iter().chain(changes).collect()
}

/// Everything the act role needs: a step looks before and after it changes.
#[must_use]
pub fn act_role_actions() -> BTreeSet<&'static str> {
    let looks = ResourceKind::ALL.iter().flat_map(|kind| look_actions(*kind));
    looks.chain(CHANGE_ACTIONS).chain(BESIDE_CHANGES).chain(STEP_ACTIONS).copied().collect()
}

#[derive(Serialize)]
struct Statement {
    #[serde(rename = "Effect")]
    effect: &'static str,
    #[serde(rename = "Action")]
    action: Vec<&'static str>,
    #[serde(rename = "Resource")]
    resource: Vec<String>,
}

fn allow(action: &[&'static str], resource: Vec<String>) -> Statement {
    Statement { effect: "Allow", action: action.to_vec(), resource }
}

fn policy(statements: &[Statement]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn anything() -> Vec<String> {
    vec!["*".to_owned()]
}

/// For looks at resources of these kinds. `None` where the text would be too long for STS: an account that has nearly
/// every kind is then looked at with the read role as it is, which can change nothing either.
#[must_use]
pub fn looking(kinds: &BTreeSet<ResourceKind>) -> Option<String> {
    let mut actions: BTreeSet<&'static str> =
        kinds.iter().flat_map(|kind| look_actions(*kind)).copied().collect();
    if actions.is_empty() {
        actions.insert(NOTHING);
    }
    let actions: Vec<_> = actions.into_iter().collect();
    Some(policy(&[allow(&actions, anything())])).filter(|text| text.len() <= POLICY_LIMIT)
}

/// For asking an account about itself.
#[must_use]
pub(crate) fn surveying() -> String {
    policy(&[allow(survey::ASKS, anything())])
}

/// For one step: its own action on its own resources, and the looks that its kind needs.
///
/// # Errors
/// A sentence, when the change names so much that the text would be too long for STS.
pub fn changing(account: &Account, change: &Change) -> Result<String, String> {
    let text = policy(&statements(account, change));
    if text.len() > POLICY_LIMIT {
        return Err(format!(
            "the session policy of this step has {} characters and AWS takes {POLICY_LIMIT}: split the step's records over \
             several resources",
            text.len()
        ));
    }
    Ok(text)
}

fn statements(account: &Account, change: &Change) -> Vec<Statement> {
    let id = account.id.as_str();
    match change {
        // ---- steps of one's own
        Change::InvokeLambda { region, function, .. } => {
            let target = if function.starts_with("arn:") {
                function.clone()
            } else {
                format!("arn:aws:lambda:{region}:{id}:function:{function}")
            };
            vec![allow(&["lambda:InvokeFunction"], vec![target])]
        }
        Change::RunDocument { region, document, .. } => {
            // AWS's own documents belong to nobody's account.
            let owner = if document.starts_with("AWS-") { "" } else { id };
            let targets = vec![
                format!("arn:aws:ssm:{region}:{owner}:document/{document}"),
                format!("arn:aws:ec2:{region}:{id}:instance/*"),
                format!("arn:aws:ssm:{region}:{id}:managed-instance/*"),
            ];
            vec![
                allow(&["ssm:SendCommand"], targets),
                // Tells how a command goes, and only to whoever knows its id.
                allow(&[own_calls::LIST_COMMANDS], anything()),
            ]
        }
        Change::CallWebhook { .. } => vec![allow(&[NOTHING], anything())],
        // ---- compute
        Change::SetEcsDesiredCount { region, cluster, service, .. } => {
            let (cluster, service) = (last_part(cluster), last_part(service));
            compute(
                change,
                ResourceKind::EcsService,
                format!("arn:aws:ecs:{region}:{id}:service/{cluster}/{service}"),
            )
        }
        // The ARN of a scalable target has an id that only registering it tells.
        Change::SetEcsScalingBounds { region, .. } => compute(
            change,
            ResourceKind::EcsService,
            format!("arn:aws:application-autoscaling:{region}:{id}:scalable-target/*"),
        ),
        Change::SetAutoScalingGroupSize { region, group, .. }
        | Change::SuspendScalingProcesses { region, group, .. }
        | Change::ResumeScalingProcesses { region, group, .. } => compute(
            change,
            ResourceKind::AutoScalingGroup,
            format!("arn:aws:autoscaling:{region}:{id}:autoScalingGroup:*:autoScalingGroupName/{group}"),
        ),
        Change::SetEksNodeGroupSize { region, cluster, node_group, .. } => {
            let group = format!("arn:aws:eks:{region}:{id}:nodegroup/{cluster}/{node_group}/*");
            let mut statements = compute(change, ResourceKind::EksNodeGroup, group);
            // An update is followed by its id, which is known only once it is made.
            statements.push(allow(&[eks_node_group::UPDATE], anything()));
            statements
        }
        Change::SetLambdaConcurrency { region, function, .. }
        | Change::SetLambdaProvisioned { region, function, .. } => {
            let name = function.rsplit(':').next().unwrap_or(function);
            // Provisioned concurrency is an alias's, and its ARN ends in the alias.
            let target = format!("arn:aws:lambda:{region}:{id}:function:{name}");
            let aliases = format!("{target}:*");
            vec![
                allow(&[change.action()], vec![target, aliases]),
                allow(look_actions(ResourceKind::LambdaFunction), anything()),
            ]
        }
        Change::SetEventSource { region, mapping, .. } => compute(
            change,
            ResourceKind::LambdaFunction,
            format!("arn:aws:lambda:{region}:{id}:event-source-mapping:{mapping}"),
        ),
        // ---- stores
        Change::SwitchAuroraOver { global_cluster, target_cluster_arn, .. } => {
            aurora(id, "rds:SwitchoverGlobalCluster", global_cluster, target_cluster_arn)
        }
        Change::FailAuroraOver { global_cluster, target_cluster_arn, .. } => {
            aurora(id, "rds:FailoverGlobalCluster", global_cluster, target_cluster_arn)
        }
        Change::PromoteReplica { region, instance } => {
            database("rds:PromoteReadReplica", vec![format!("arn:aws:rds:{region}:{id}:db:{instance}")])
        }
        Change::PromoteReplicaCluster { region, cluster } => database(
            "rds:PromoteReadReplicaDBCluster",
            vec![format!("arn:aws:rds:{region}:{id}:cluster:{cluster}")],
        ),
        Change::CreateReplica { region, instance, source_arn, settings } => {
            // A new instance is weighed with the groups that it is put into, whose names AWS may choose.
            let group = |kind: &str| format!("arn:aws:rds:{region}:{id}:{kind}:*");
            let target = format!("arn:aws:rds:{region}:{id}:db:{instance}");
            let mut statements = database(
                "rds:CreateDBInstanceReadReplica",
                vec![target, source_arn.clone(), group("subgrp"), group("pg"), group("og")],
            );
            if let Some(key) = &settings.kms_key_id {
                statements.push(allow(&["kms:CreateGrant"], vec![key.clone()]));
            }
            statements
        }
        Change::FailDatastoreOver { region, global_datastore, replication_group } => vec![
            allow(
                &["elasticache:FailoverGlobalReplicationGroup"],
                vec![
                    format!("arn:aws:elasticache::{id}:globalreplicationgroup:{global_datastore}"),
                    format!("arn:aws:elasticache:{region}:{id}:replicationgroup:{replication_group}"),
                ],
            ),
            allow(look_actions(ResourceKind::ElasticacheGlobalDatastore), anything()),
        ],
        Change::StartRestoreJob { recovery_point_arn, role_arn, .. } => vec![
            allow(&["backup:StartRestoreJob"], vec![recovery_point_arn.clone()]),
            allow(&["iam:PassRole"], vec![role_arn.clone()]),
            allow(look_actions(ResourceKind::BackupVault), anything()),
        ],
        Change::SetAccessPointRoutes { mrap_arn, .. } => vec![allow(
            &["s3:SubmitMultiRegionAccessPointRoutes", "s3:GetMultiRegionAccessPointRoutes"],
            vec![mrap_arn.clone()],
        )],
        Change::SetAcceleratorGroup { endpoint_group_arn, .. } => {
            let accelerator = endpoint_group_arn.split("/listener/").next().unwrap_or(endpoint_group_arn);
            vec![
                allow(&["globalaccelerator:UpdateEndpointGroup"], vec![endpoint_group_arn.clone()]),
                allow(
                    &[
                        "globalaccelerator:DescribeAccelerator",
                        "globalaccelerator:ListListeners",
                        "globalaccelerator:ListEndpointGroups",
                    ],
                    vec![accelerator.to_owned(), format!("{accelerator}/*")],
                ),
            ]
        }
        Change::SetHealthCheck { health_check_id, .. } => vec![allow(
            &["route53:UpdateHealthCheck", "route53:GetHealthCheck", "route53:GetHealthCheckStatus"],
            vec![format!("arn:aws:route53:::healthcheck/{health_check_id}")],
        )],
        Change::SetRoutingControls { cluster_arn, controls, .. } => routing_controls(cluster_arn, controls),
        Change::SetPrimaryOrigins { distribution_id, .. } => vec![allow(
            &["cloudfront:UpdateDistribution", "cloudfront:GetDistribution"],
            vec![format!("arn:aws:cloudfront::{id}:distribution/{distribution_id}")],
        )],
        Change::StartRegionSwitch { plan_arn, .. } => vec![allow(
            &[
                "arc-region-switch:StartPlanExecution",
                "arc-region-switch:GetPlanInRegion",
                "arc-region-switch:GetPlanEvaluationStatus",
                "arc-region-switch:ListPlanExecutions",
                "arc-region-switch:GetPlanExecution",
            ],
            vec![plan_arn.clone()],
        )],
        Change::ReplaceRecords { hosted_zone_id, .. } => {
            let zone = format!("arn:aws:route53:::hostedzone/{}", last_part(hosted_zone_id));
            vec![
                allow(
                    &[
                        "route53:ChangeResourceRecordSets",
                        "route53:ListResourceRecordSets",
                        "route53:GetHostedZone",
                    ],
                    vec![zone],
                ),
                // Tells only whether a change is in sync, and only to whoever knows its id.
                allow(&["route53:GetChange"], anything()),
            ]
        }
        // ---- what the recovery Region must have
        Change::CreateStack { region, build } => stack(id, "cloudformation:CreateStack", region, build),
        Change::UpdateStack { region, build } => stack(id, "cloudformation:UpdateStack", region, build),
        Change::SetParameterEndpoint { region, parameter, .. } => {
            let name = parameter.trim_start_matches('/');
            let target = format!("arn:aws:ssm:{region}:{id}:parameter/{name}");
            vec![allow(&["ssm:PutParameter", "ssm:GetParameter"], vec![target]), looks_at_stores()]
        }
        Change::SetSecretEndpoint { region, secret, .. } => {
            // AWS adds a hyphen and six characters of its own to a secret's name.
            let target = match secret.strip_prefix("arn:") {
                Some(_) => secret.clone(),
                None => format!("arn:aws:secretsmanager:{region}:{id}:secret:{secret}-??????"),
            };
            let actions = &[
                "secretsmanager:PutSecretValue",
                "secretsmanager:GetSecretValue",
                "secretsmanager:DescribeSecret",
            ];
            vec![allow(actions, vec![target]), looks_at_stores()]
        }
    }
}

/// The panels of a control's account: its neighbours are looked at too, and may be of another panel.
fn panels_beside(control_arn: &str) -> String {
    let (account, _) = control_arn.split_once(":controlpanel/").unwrap_or((control_arn, ""));
    format!("{account}:controlpanel/*")
}

fn routing_controls(
    cluster_arn: &str,
    controls: &BTreeMap<RegionCode, RoutingControlTarget>,
) -> Vec<Statement> {
    let own: Vec<String> = controls.values().map(|target| target.control_arn.clone()).collect();
    let panels: BTreeSet<String> = own.iter().map(|arn| panels_beside(arn)).collect();
    vec![
        allow(&["route53-recovery-cluster:UpdateRoutingControlStates"], own),
        allow(&["route53-recovery-control-config:DescribeCluster"], vec![cluster_arn.to_owned()]),
        allow(
            &[
                "route53-recovery-cluster:GetRoutingControlState",
                "route53-recovery-control-config:ListSafetyRules",
                "route53-recovery-control-config:ListAssociatedRoute53HealthChecks",
            ],
            panels.into_iter().collect(),
        ),
    ]
}

/// The change on its one target, and the looks of its kind at whatever stands beside it: other Regions' names, groups
/// behind node groups, target groups.
fn compute(change: &Change, kind: ResourceKind, target: String) -> Vec<Statement> {
    vec![allow(&[change.action()], vec![target]), allow(look_actions(kind), anything())]
}

fn stack(account: &str, action: &'static str, region: &RegionCode, build: &StackBuild) -> Vec<Statement> {
    let target = format!("arn:aws:cloudformation:{region}:{account}:stack/{}/*", build.stack);
    let looks = ["cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"];
    let mut statements = vec![allow(&[action, looks[0], looks[1]], vec![target])];
    if let Some(role_arn) = &build.role_arn {
        statements.push(allow(&["iam:PassRole"], vec![role_arn.clone()]));
    }
    statements
}

/// A setting is pointed at what its store tells, whichever kind that is.
fn looks_at_stores() -> Statement {
    let stores = ResourceKind::ALL.iter().filter(|kind| kind.has_endpoint());
    let actions: BTreeSet<&'static str> = stores.flat_map(|kind| look_actions(*kind)).copied().collect();
    allow(&actions.into_iter().collect::<Vec<_>>(), anything())
}

/// The replica on the other side may have another name, so looking is not narrowed to this one.
fn database(action: &'static str, resource: Vec<String>) -> Vec<Statement> {
    vec![allow(&[action], resource), allow(look_actions(ResourceKind::RdsReadReplica), anything())]
}

fn aurora(account: &str, action: &'static str, global_cluster: &str, target: &str) -> Vec<Statement> {
    vec![
        allow(
            &[action],
            vec![format!("arn:aws:rds::{account}:global-cluster:{global_cluster}"), target.to_owned()],
        ),
        // Members are found through the global cluster, so their ARNs are not all known beforehand.
        allow(
            &[
                "rds:DescribeGlobalClusters",
                "rds:DescribeDBClusters",
                "rds:DescribeDBInstances",
                "cloudwatch:GetMetricData",
            ],
            anything(),
        ),
    ]
}

/// A name given as an ARN or path (`/hostedzone/Z1`, `arn:…:cluster/shop`) stands for its last part.
fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::facts::{DnsRecord, ReplicaSettings, Routing, ScalingBounds};
    use holdfast_domain::{AccountId, Name};
    use holdfast_failover::change::{
        AccessPointRouteTarget, GroupSize, RecordReplacement, StoreEndpoint, SwitchAction,
    };
    use serde_json::Value;

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
            Change::CreateReplica {
                region: region("us-east-1"),
                instance: "r".repeat(63),
                source_arn: format!("arn:aws:rds:eu-central-1:222222222222:db:{}", "r".repeat(63)),
                settings: ReplicaSettings {
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
                        let control_arn = format!(
                            "{ARC}:controlpanel/{}/routingcontrol/{}",
                            "a".repeat(32),
                            "b".repeat(16)
                        );
                        (region(r.code), RoutingControlTarget { control_arn, on: true })
                    })
                    .collect(),
            },
            Change::SetPrimaryOrigins {
                distribution_id: "E2EXAMPLE1".into(),
                etag: "E2QWRUHAPOMQZL".into(),
                primaries: BTreeMap::from([("regions".into(), "eu-central-1".into())]),
            },
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
        ]
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
        for change in changes() {
            let policy = changing(&account(), &change).unwrap();
            let allowed = actions(&policy);
            let changes: Vec<&String> =
                allowed.iter().filter(|action| CHANGE_ACTIONS.contains(&action.as_str())).collect();
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
            .chain(
                ResourceKind::ALL
                    .iter()
                    .flat_map(|kind| actions(&looking(&BTreeSet::from([*kind])).unwrap())),
            )
            // What a session without any permission is made with: health endpoints are asked under no role.
            .filter(|action| action != NOTHING)
            .collect();
        assert_eq!(used, act_role_actions().into_iter().map(str::to_owned).collect());
        let asked = actions(&surveying());
        let looked =
            ResourceKind::ALL.iter().flat_map(|kind| actions(&looking(&BTreeSet::from([*kind])).unwrap()));
        let read: BTreeSet<String> = looked.chain(asked).filter(|action| action != NOTHING).collect();
        assert_eq!(read, read_role_actions().into_iter().map(str::to_owned).collect());
        assert!(CHANGE_ACTIONS.iter().all(|action| !read_role_actions().contains(*action)));
    }

    #[test]
    fn a_role_is_asked_about_the_calls_of_the_kinds_that_its_account_has() {
        let needed = |kinds: &[ResourceKind]| acting_on(&kinds.iter().copied().collect());
        let ecs = needed(&[ResourceKind::EcsService]);
        assert!(ecs.contains("ecs:UpdateService") && !ecs.contains("rds:SwitchoverGlobalCluster"));
        assert!(!needed(&[ResourceKind::Secret]).contains("secretsmanager:PutSecretValue"));
        assert!(needed(&[ResourceKind::EndpointSetting]).contains("secretsmanager:PutSecretValue"));
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
        let template = include_str!("../../../infra/member-account.yaml");
        let (_, after) = template.split_once(&format!("\n  {role}:\n")).unwrap();
        after
            .lines()
            .take_while(|line| line.is_empty() || line.starts_with("    "))
            .filter_map(|line| line.trim().strip_prefix("- "))
            .filter(|item| {
                item.split_once(':')
                    .is_some_and(|(service, action)| service != "sts" && !action.starts_with(' '))
            })
            .collect()
    }

    #[test]
    fn the_template_grants_each_role_exactly_what_its_sessions_need() {
        assert_eq!(template_actions("ReadRole"), read_role_actions());
        assert_eq!(template_actions("ActRole"), act_role_actions());
    }
}
