//! Which AWS plane tells how a thing of each kind stands, and so what a step that only looks depends on.

use super::Plan;
use crate::step::Work;
use holdfast_domain::resource::{SettingHolder, SettingPlace};
use holdfast_domain::{Application, RegionCode, Resource, ResourceKind, ResourceSpec};
use std::collections::BTreeSet;

/// The AWS service that is asked how a thing of this kind stands.
pub(super) fn service(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Route53Records | ResourceKind::Route53HealthCheck => "route53",
        ResourceKind::GlobalAccelerator => "globalaccelerator",
        ResourceKind::CloudfrontDistribution => "cloudfront",
        ResourceKind::ArcRoutingControl => "arc-cluster",
        ResourceKind::ArcRegionSwitchPlan => "arc-region-switch",
        ResourceKind::S3MultiRegionAccessPoint => "s3-mrap-routes",
        ResourceKind::AuroraGlobalDatabase | ResourceKind::RdsReadReplica => "rds",
        ResourceKind::DynamodbGlobalTable => "dynamodb",
        ResourceKind::ElasticacheGlobalDatastore => "elasticache",
        ResourceKind::S3Replication | ResourceKind::S3SwitchObject => "s3",
        ResourceKind::BackupVault => "backup",
        ResourceKind::EcsService => "ecs",
        ResourceKind::AutoScalingGroup => "autoscaling",
        ResourceKind::EksNodeGroup => "eks",
        ResourceKind::LambdaFunction => "lambda",
        ResourceKind::EcrRepository => "ecr",
        ResourceKind::Secret => "secretsmanager",
        ResourceKind::SsmParameter | ResourceKind::EndpointSetting => "ssm",
        ResourceKind::KmsKey => "kms",
        ResourceKind::CloudwatchAlarm | ResourceKind::CloudwatchMetric => "cloudwatch",
        ResourceKind::ServiceQuota => "servicequotas",
        ResourceKind::TransitGateway => "ec2",
        ResourceKind::ConfigRecorder => "config",
        ResourceKind::SecurityHub => "securityhub",
        ResourceKind::AwsHealth => "health",
        ResourceKind::CloudformationStack => "cloudformation",
        ResourceKind::Probe => "probe",
    }
}

/// The AWS service whose plane tells how far a store of this kind is behind.
pub(super) fn lag_service(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::BackupVault => "backup",
        _ => "cloudwatch",
    }
}

/// Where that service is asked about what is in `region`.
fn place(kind: ResourceKind, region: &RegionCode) -> &str {
    match kind {
        ResourceKind::Route53Records
        | ResourceKind::Route53HealthCheck
        | ResourceKind::CloudfrontDistribution => "us-east-1",
        ResourceKind::GlobalAccelerator => "us-west-2",
        ResourceKind::S3MultiRegionAccessPoint | ResourceKind::ArcRoutingControl => "any-of-five",
        // Asked in us-east-1 and, where that does not answer, in us-east-2.
        ResourceKind::AwsHealth => "either-of-two",
        ResourceKind::Probe => "outside",
        _ => region.as_str(),
    }
}

/// Who is asked how a resource stands in `region`, and where: of a setting, what holds it.
fn asked<'a>(resource: &Resource, region: &'a RegionCode) -> (&'a str, &'static str) {
    let kind = resource.spec.kind();
    let ResourceSpec::EndpointSetting(spec) = &resource.spec else {
        return (place(kind, region), service(kind));
    };
    match spec.per_region.get(region).and_then(SettingPlace::holder) {
        Some(SettingHolder::Record { .. }) => {
            let kind = ResourceKind::Route53Records;
            (place(kind, region), service(kind))
        }
        Some(SettingHolder::Secret { .. }) => (region.as_str(), "secretsmanager"),
        Some(SettingHolder::Parameter { .. }) | None => (region.as_str(), "ssm"),
    }
}

/// Labels each step that only looks by what it looks at: services of one place together, places after another. In an
/// emergency the Region being left may be dark, and is looked at without being needed.
pub(super) fn label_looks(plan: &mut Plan, application: &Application, dark: Option<&RegionCode>) {
    let seen: &Plan = plan;
    let labels: Vec<Option<String>> = seen
        .steps
        .iter()
        .map(|step| {
            let looks = matches!(
                step.work,
                Work::ObserveAgain | Work::ConfirmServing { .. } | Work::WaitForSignal { .. }
            );
            looks.then(|| {
                let mut planes: BTreeSet<(&str, &str)> = BTreeSet::new();
                let looks = step.looks_at(seen);
                for (name, regions) in &looks {
                    let Some(resource) = application.resource(name) else { continue };
                    let needed = regions.iter().filter(|region| Some(*region) != dark);
                    planes.extend(needed.map(|region| asked(resource, region)));
                }
                in_words(&planes)
            })
        })
        .collect();
    for (step, label) in plan.steps.iter_mut().zip(labels) {
        if let Some(label) = label {
            step.plane = label;
        }
    }
}

/// `ecs+rds@eu-central-1, route53@us-east-1`.
fn in_words(planes: &BTreeSet<(&str, &str)>) -> String {
    let places: BTreeSet<&str> = planes.iter().map(|(place, _)| *place).collect();
    let of = |place: &str| {
        let services: Vec<&str> = planes.iter().filter(|(at, _)| *at == place).map(|(_, s)| *s).collect();
        format!("{}@{place}", services.join("+"))
    };
    if places.is_empty() {
        return "nothing".into();
    }
    places.into_iter().map(of).collect::<Vec<_>>().join(", ")
}
