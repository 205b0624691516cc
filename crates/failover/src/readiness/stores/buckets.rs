//! S3 replication: a rule there, a rule back before a failback needs it, and whether what is pending can be seen.

use super::lag;
use crate::readiness::{Look, Severity};
use holdfast_domain::facts::{BucketReplication, ReplicationRule};
use holdfast_domain::{Facts, RegionCode, Resource};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    let home = &look.application.home_region;
    let Some(Facts::BucketReplication(at_home)) = look.known(resource, home) else { return };
    for region in &look.application.recovery_regions {
        let Some(Facts::BucketReplication(there)) = look.known(resource, region) else { continue };
        match between(there, home, region) {
            Some(rule) => measured(look, resource, region, there, rule),
            None => no_rule(look, resource, home, region, Severity::Blocker),
        }
        if between(at_home, region, home).is_none() {
            no_rule(look, resource, region, home, Severity::Warning);
        }
    }
}

/// The enabled rule that copies from one Region to the other, as the receiving side knows it.
fn between<'a>(
    bucket: &'a BucketReplication,
    from: &RegionCode,
    to: &RegionCode,
) -> Option<&'a ReplicationRule> {
    bucket.incoming.iter().find(|rule| rule.enabled && rule.from == from.as_str() && rule.to == to.as_str())
}

fn no_rule(look: &mut Look<'_>, resource: &Resource, from: &RegionCode, to: &RegionCode, severity: Severity) {
    let (code, why) = match severity {
        Severity::Blocker => ("not_replicated", "after a failover it would not be there"),
        _ => ("no_reverse_rule", "what a failover writes would be missing after the failback"),
    };
    look.add(
        severity,
        code,
        Some(resource),
        Some(to),
        format!("What is written to {} in {from} is not copied to {to}: {why}.", resource.name),
        format!("Add an enabled replication rule from the bucket in {from} to the one in {to}, with metrics, and copy what is there already (S3 Batch Replication). Do it beforehand: it is configured through us-east-1."),
    );
}

fn measured(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    there: &BucketReplication,
    rule: &ReplicationRule,
) {
    let name = &resource.name;
    if !rule.metrics && !rule.time_control {
        look.add(
            Severity::Unknown,
            "replication_not_measured",
            Some(resource),
            Some(region),
            format!("Rule {} of {name} has neither metrics nor Replication Time Control: how far {region} is behind cannot be known.", rule.id),
            "Turn on replication metrics for the rule, or Replication Time Control.",
        );
        return;
    }
    if let Some(failed) = rule.operations_failed.filter(|failed| *failed > 0.0) {
        look.add(
            Severity::Warning,
            "replication_failed",
            Some(resource),
            Some(region),
            format!("{failed:.0} operations of {name} failed to replicate to {region} of late."),
            "Read the failure events of the bucket (keys, permissions), mend them, and replicate those objects again.",
        );
    }
    lag(look, resource, region, Facts::BucketReplication(there.clone()).lag().as_ref());
}
