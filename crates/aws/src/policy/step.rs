//! What one step may do: its own action on its own resources, and the looks that its kind needs.

use super::{NOTHING, Statement, anywhere, looking_at, on};
use crate::registry::look_actions;
use crate::{backup_vault, eks_node_group, own_calls, s3_switch_object};
use holdfast_domain::{Account, RegionCode, ResourceKind};
use holdfast_failover::Change;
use holdfast_failover::change::{RoutingControlTarget, StackBuild};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn statements(account: &Account, change: &Change) -> Vec<Statement> {
    let id = account.id.as_str();
    let own = [change.action()];
    match change {
        // ---- steps of one's own
        Change::InvokeLambda { region, function, .. } => {
            let target = if function.starts_with("arn:") {
                function.clone()
            } else {
                format!("arn:aws:lambda:{region}:{id}:function:{function}")
            };
            vec![on(own, [target])]
        }
        Change::RunDocument { region, document, .. } => vec![
            on(
                own,
                [
                    document_arn(region, id, document),
                    format!("arn:aws:ec2:{region}:{id}:instance/*"),
                    format!("arn:aws:ssm:{region}:{id}:managed-instance/*"),
                ],
            ),
            // Tells how a command goes, and only to whoever knows its id.
            anywhere([own_calls::LIST_COMMANDS]),
        ],
        Change::CallWebhook { .. } | Change::RunPlan { .. } => vec![anywhere([NOTHING])],
        // ---- compute
        Change::SetEcsDesiredCount { region, cluster, service, .. } => {
            let (cluster, service) = (last_part(cluster), last_part(service));
            let target = format!("arn:aws:ecs:{region}:{id}:service/{cluster}/{service}");
            vec![on(own, [target]), looks(ResourceKind::EcsService)]
        }
        // The ARN of a scalable target has an id that only registering it tells.
        Change::SetEcsScalingBounds { region, .. } => {
            let target = format!("arn:aws:application-autoscaling:{region}:{id}:scalable-target/*");
            vec![on(own, [target]), looks(ResourceKind::EcsService)]
        }
        Change::SetAutoScalingGroupSize { region, group, .. }
        | Change::SuspendScalingProcesses { region, group, .. }
        | Change::ResumeScalingProcesses { region, group, .. } => {
            let target =
                format!("arn:aws:autoscaling:{region}:{id}:autoScalingGroup:*:autoScalingGroupName/{group}");
            vec![on(own, [target]), looks(ResourceKind::AutoScalingGroup)]
        }
        Change::SetEksNodeGroupSize { region, cluster, node_group, .. } => {
            let target = format!("arn:aws:eks:{region}:{id}:nodegroup/{cluster}/{node_group}/*");
            // An update is followed by its id, which is known only once it is made.
            vec![on(own, [target]), looks(ResourceKind::EksNodeGroup), anywhere([eks_node_group::UPDATE])]
        }
        Change::SetLambdaConcurrency { region, function, .. }
        | Change::SetLambdaProvisioned { region, function, .. } => {
            let name = function.rsplit(':').next().unwrap_or(function);
            // Provisioned concurrency is an alias's, and its ARN ends in the alias.
            let target = format!("arn:aws:lambda:{region}:{id}:function:{name}");
            let aliases = format!("{target}:*");
            vec![on(own, [target, aliases]), looks(ResourceKind::LambdaFunction)]
        }
        Change::SetEventSource { region, mapping, .. } => {
            let target = format!("arn:aws:lambda:{region}:{id}:event-source-mapping:{mapping}");
            vec![on(own, [target]), looks(ResourceKind::LambdaFunction)]
        }
        // ---- stores
        Change::SwitchAuroraOver { global_cluster, target_cluster_arn, .. }
        | Change::FailAuroraOver { global_cluster, target_cluster_arn, .. } => {
            let global = format!("arn:aws:rds::{id}:global-cluster:{global_cluster}");
            // Members are found through the global cluster, so their ARNs are not all known beforehand.
            vec![on(own, [&global, target_cluster_arn]), looks(ResourceKind::AuroraGlobalDatabase)]
        }
        // The replica on the other side may have another name, so looking is not narrowed to this one.
        Change::PromoteReplica { region, instance } => {
            let target = format!("arn:aws:rds:{region}:{id}:db:{instance}");
            vec![on(own, [target]), looks(ResourceKind::RdsReadReplica)]
        }
        Change::PromoteReplicaCluster { region, cluster } => {
            let target = format!("arn:aws:rds:{region}:{id}:cluster:{cluster}");
            vec![on(own, [target]), looks(ResourceKind::RdsReadReplica)]
        }
        Change::CreateReplica { region, instance, source_arn, settings } => {
            // A new instance is weighed with the groups that it is put into, whose names AWS may choose.
            let group = |kind: &str| format!("arn:aws:rds:{region}:{id}:{kind}:*");
            let target = format!("arn:aws:rds:{region}:{id}:db:{instance}");
            let mut statements = vec![
                on(own, [target, source_arn.clone(), group("subgrp"), group("pg"), group("og")]),
                looks(ResourceKind::RdsReadReplica),
            ];
            statements.extend(
                settings.kms_key_id.as_ref().map(|key| on(["kms:CreateGrant", "kms:DescribeKey"], [key])),
            );
            statements
        }
        Change::CreateReplicaCluster { region, cluster, source_arn, settings } => {
            let group = |kind: &str| format!("arn:aws:rds:{region}:{id}:{kind}:*");
            let target = format!("arn:aws:rds:{region}:{id}:cluster:{cluster}");
            let mut statements = vec![
                on(own, [target, source_arn.clone(), group("subgrp"), group("cluster-pg"), group("og")]),
                looks(ResourceKind::RdsReadReplica),
            ];
            statements.extend(
                settings.kms_key_id.as_ref().map(|key| on(["kms:CreateGrant", "kms:DescribeKey"], [key])),
            );
            statements
        }
        Change::CreateClusterInstance { region, cluster, instance, .. } => {
            let named = |kind: &str, of: &str| format!("arn:aws:rds:{region}:{id}:{kind}:{of}");
            let targets = [
                named("db", instance),
                named("cluster", cluster),
                named("subgrp", "*"),
                named("pg", "*"),
                named("og", "*"),
                named("secgrp", "*"),
            ];
            vec![on(own, targets), looks(ResourceKind::RdsReadReplica)]
        }
        Change::FailDatastoreOver { region, global_datastore, replication_group } => vec![
            on(
                own,
                [
                    format!("arn:aws:elasticache::{id}:globalreplicationgroup:{global_datastore}"),
                    format!("arn:aws:elasticache:{region}:{id}:replicationgroup:{replication_group}"),
                ],
            ),
            looks(ResourceKind::ElasticacheGlobalDatastore),
        ],
        Change::StartRestoreJob { recovery_point_arn, role_arn, .. } => vec![
            on(own, [recovery_point_arn]),
            on(["iam:PassRole"], [role_arn]),
            looks(ResourceKind::BackupVault),
            // A job is followed by its id, which is known only once it is started.
            anywhere([backup_vault::JOB]),
        ],
        Change::DeleteRestored { region, database, is_cluster, .. } => {
            let kind = if *is_cluster { "cluster" } else { "db" };
            let target = format!("arn:aws:rds:{region}:{id}:{kind}:{database}");
            vec![on(own, [target]), looks(ResourceKind::BackupVault)]
        }
        // ---- traffic
        Change::SetAccessPointRoutes { mrap_arn, .. } => {
            vec![on(with_looks(own, ResourceKind::S3MultiRegionAccessPoint), [mrap_arn])]
        }
        Change::SetAcceleratorGroup { endpoint_group_arn, .. } => {
            let accelerator = endpoint_group_arn.split("/listener/").next().unwrap_or(endpoint_group_arn);
            let looks = look_actions(ResourceKind::GlobalAccelerator);
            vec![
                on(own, [endpoint_group_arn]),
                on(looks, [accelerator.to_owned(), format!("{accelerator}/*")]),
            ]
        }
        Change::SetHealthCheck { health_check_id, .. } => vec![on(
            with_looks(own, ResourceKind::Route53HealthCheck),
            [format!("arn:aws:route53:::healthcheck/{health_check_id}")],
        )],
        Change::SetRoutingControls { cluster_arn, controls, .. } => {
            routing_controls(own, cluster_arn, controls)
        }
        Change::SetPrimaryOrigins { distribution_id, .. } => vec![on(
            with_looks(own, ResourceKind::CloudfrontDistribution),
            [format!("arn:aws:cloudfront::{id}:distribution/{distribution_id}")],
        )],
        // Whoever compares versions must be allowed to read the object.
        Change::SetSwitchObject { bucket, key, .. } => vec![
            on([change.action(), s3_switch_object::GET], [format!("arn:aws:s3:::{bucket}/{key}")]),
            on([s3_switch_object::LIST], [format!("arn:aws:s3:::{bucket}")]),
        ],
        Change::StartRegionSwitch { plan_arn, .. } => {
            vec![on(with_looks(own, ResourceKind::ArcRegionSwitchPlan), [plan_arn])]
        }
        Change::ReplaceRecords { hosted_zone_id, .. } => {
            let zone = format!("arn:aws:route53:::hostedzone/{}", last_part(hosted_zone_id));
            vec![
                on(with_looks(own, ResourceKind::Route53Records), [zone]),
                // Tells only whether a change is in sync, and only to whoever knows its id.
                anywhere(["route53:GetChange"]),
            ]
        }
        // ---- what the recovery Region must have
        Change::SetRecordEndpoint { hosted_zone_id, .. } => {
            let zone = format!("arn:aws:route53:::hostedzone/{}", last_part(hosted_zone_id));
            vec![
                on([change.action(), "route53:ListResourceRecordSets"], [zone]),
                anywhere(["route53:GetChange"]),
                looks_at_stores(),
            ]
        }
        Change::CreateStack { region, build } | Change::UpdateStack { region, build } => {
            stack(own, (region, id), build)
        }
        Change::SetParameterEndpoint { region, parameter, .. } => {
            let name = parameter.trim_start_matches('/');
            let target = format!("arn:aws:ssm:{region}:{id}:parameter/{name}");
            vec![on(["ssm:PutParameter", "ssm:GetParameter"], [target]), looks_at_stores()]
        }
        Change::SetSecretEndpoint { region, secret, .. } => {
            // AWS adds a hyphen and six characters of its own to a secret's name.
            let target = match secret.strip_prefix("arn:") {
                Some(_) => secret.clone(),
                None => format!("arn:aws:secretsmanager:{region}:{id}:secret:{secret}-??????"),
            };
            let actions = [
                "secretsmanager:PutSecretValue",
                "secretsmanager:GetSecretValue",
                "secretsmanager:DescribeSecret",
            ];
            // Which key a secret has is not known here. The role has these only by way of Secrets Manager, which asks
            // the key in the name of whoever reads or writes the secret.
            let keys = format!("arn:aws:kms:{region}:*:key/*");
            vec![on(actions, [target]), on(["kms:Decrypt", "kms:GenerateDataKey"], [keys]), looks_at_stores()]
        }
    }
}

/// The looks of a kind at whatever stands beside the one target: other Regions' names, groups behind node groups, target
/// groups.
fn looks(kind: ResourceKind) -> Statement {
    anywhere(look_actions(kind).iter().copied())
}

/// A change and the looks of its kind, where both are at the same resource.
fn with_looks(own: [&'static str; 1], kind: ResourceKind) -> Vec<&'static str> {
    own.iter().chain(look_actions(kind)).copied().collect()
}

/// A setting is pointed at what its store tells, whichever kind that is.
fn looks_at_stores() -> Statement {
    anywhere(looking_at(ResourceKind::ALL.iter().filter(|kind| kind.has_endpoint())))
}

/// Names that begin so are AWS's own (CreateDocument, parameter `Name`), and its documents are in nobody's account.
const AWS_DOCUMENTS: [&str; 3] = ["aws", "amazon", "amzn"];

fn document_arn(region: &RegionCode, account: &str, document: &str) -> String {
    if document.starts_with("arn:") {
        return document.to_owned();
    }
    let name = document.to_ascii_lowercase();
    let owner = if AWS_DOCUMENTS.iter().any(|prefix| name.starts_with(prefix)) { "" } else { account };
    format!("arn:aws:ssm:{region}:{owner}:document/{document}")
}

/// The panels of a control's account: its neighbours are looked at too, and may be of another panel.
fn panels_beside(control_arn: &str) -> String {
    let (account, _) = control_arn.split_once(":controlpanel/").unwrap_or((control_arn, ""));
    format!("{account}:controlpanel/*")
}

fn routing_controls(
    own: [&'static str; 1],
    cluster_arn: &str,
    controls: &BTreeMap<RegionCode, RoutingControlTarget>,
) -> Vec<Statement> {
    let panels: BTreeSet<String> =
        controls.values().map(|target| panels_beside(&target.control_arn)).collect();
    vec![
        on(own, controls.values().map(|target| &target.control_arn)),
        on(["route53-recovery-control-config:DescribeCluster"], [cluster_arn]),
        on(
            [
                "route53-recovery-cluster:GetRoutingControlState",
                "route53-recovery-control-config:ListSafetyRules",
                "route53-recovery-control-config:ListAssociatedRoute53HealthChecks",
            ],
            panels,
        ),
    ]
}

fn stack(
    own: [&'static str; 1],
    (region, account): (&RegionCode, &str),
    build: &StackBuild,
) -> Vec<Statement> {
    let target = format!("arn:aws:cloudformation:{region}:{account}:stack/{}/*", build.stack);
    let mut statements = vec![on(with_looks(own, ResourceKind::CloudformationStack), [target])];
    statements.extend(
        template(&build.template_url).map(|object| on(["s3:GetObject", "s3:GetObjectVersion"], [object])),
    );
    statements.extend(build.role_arn.as_ref().map(|role| on(["iam:PassRole"], [role])));
    statements
}

/// The object at the URL of a template, which CloudFormation reads in the name of whoever asks for the stack. Its bucket
/// stands before the host (`BUCKET.s3.REGION.amazonaws.com`) or first in the path; a URL of no bucket is AWS's to refuse.
fn template(url: &str) -> Option<String> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let path = path.split(['?', '#']).next()?;
    let labels: Vec<&str> = host.strip_suffix(".amazonaws.com")?.split('.').collect();
    // The last that is so: the name of a bucket may have dots and be anything.
    let service = labels.iter().rposition(|label| *label == "s3" || label.starts_with("s3-"))?;
    let bucket = labels.get(..service)?.join(".");
    let object = if bucket.is_empty() { path.to_owned() } else { format!("{bucket}/{path}") };
    Some(format!("arn:aws:s3:::{object}"))
}

/// A name given as an ARN or path (`/hostedzone/Z1`, `arn:…:cluster/shop`) stands for its last part.
fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_of_a_template_is_found_however_its_url_names_the_bucket() {
        let object = "arn:aws:s3:::templates/shop/recovery.yaml";
        for url in [
            "https://templates.s3.eu-central-1.amazonaws.com/shop/recovery.yaml",
            "https://templates.s3.amazonaws.com/shop/recovery.yaml",
            "https://templates.s3-eu-west-1.amazonaws.com/shop/recovery.yaml",
            "https://templates.s3.dualstack.eu-west-1.amazonaws.com/shop/recovery.yaml?versionId=1",
            "https://s3.eu-central-1.amazonaws.com/templates/shop/recovery.yaml",
            "https://s3-eu-west-1.amazonaws.com/templates/shop/recovery.yaml",
        ] {
            assert_eq!(template(url).as_deref(), Some(object), "{url}");
        }
        let dotted = "https://s3-a.example.com.s3.eu-west-1.amazonaws.com/t.yaml";
        assert_eq!(template(dotted).as_deref(), Some("arn:aws:s3:::s3-a.example.com/t.yaml"));
        for url in ["https://templates.example.com/t.yaml", "https://s3.amazonaws.com.example.com/a/b", "t"] {
            assert_eq!(template(url), None, "{url}");
        }
    }

    #[test]
    fn a_document_of_awss_own_is_in_no_account_and_a_shared_one_in_its_owners() {
        let region = RegionCode::parse("eu-central-1").unwrap();
        let arn = |document: &str| document_arn(&region, "222222222222", document);
        for own in ["AWS-RunShellScript", "AWSEC2-ApplicationInsights", "AmazonCloudWatch-ManageAgent"] {
            assert_eq!(arn(own), format!("arn:aws:ssm:eu-central-1::document/{own}"));
        }
        assert_eq!(arn("warm-caches"), "arn:aws:ssm:eu-central-1:222222222222:document/warm-caches");
        let shared = "arn:aws:ssm:eu-central-1:333333333333:document/warm-caches";
        assert_eq!(arn(shared), shared);
    }
}
