//! What was seen of a resource in a Region, in the words of its kind.

mod compute;
mod supporting;

use crate::components::tone::Tone;
use crate::format;
use holdfast_domain::Facts;
use holdfast_domain::facts::{
    AcceleratorGroup, AuroraMember, BucketReplication, Consistency, DatastoreMember, DistributionOrigin,
    DnsRecord, EcsServiceFacts, HealthCheck, NameAnswer, ProbeAnswer, RegionSwitch, ReplicaMember, Routing,
    RoutingControl, SwitchObject, TableReplica, VaultFacts, Watched,
};

/// One cell of the matrix: what counts, and what stands under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    pub main: String,
    pub under: Vec<String>,
    /// Only what stands out; `Quiet` for all that is as it may be.
    pub tone: Tone,
}

fn words(main: impl Into<String>, under: Vec<String>, tone: Tone) -> Words {
    Words { main: main.into(), under, tone }
}

#[must_use]
pub fn of(facts: &Facts) -> Words {
    match facts {
        Facts::DnsRecord { outside, .. } => {
            let mut said = facts
                .dns_records()
                .map(dns)
                .reduce(|mut all, one| {
                    all.main = format!("{}, {}", all.main, one.main);
                    all.under.extend(
                        one.under.into_iter().filter(|line| !all.under.contains(line)).collect::<Vec<_>>(),
                    );
                    all
                })
                .unwrap_or_else(|| words("not in the set", vec!["no record leads here".into()], Tone::Quiet));
            said.under.extend(outside.as_ref().map(name_servers));
            said
        }
        Facts::AcceleratorGroup(group) => {
            let one = |group: &AcceleratorGroup| {
                let healthy =
                    group.endpoints.iter().filter(|e| e.health.as_deref() == Some("HEALTHY")).count();
                let dead = group.traffic_dial_percent > 0 && healthy == 0;
                let under = format!("{healthy} of {} endpoints healthy", group.endpoints.len());
                (format!("dial {} %", group.traffic_dial_percent), under, dead)
            };
            let all: Vec<_> = group.of_all_listeners().map(one).collect();
            words(
                all.iter().map(|(main, ..)| main.as_str()).collect::<Vec<_>>().join(", "),
                all.iter().map(|(_, under, _)| under.clone()).collect(),
                if all.iter().any(|(.., dead)| *dead) { Tone::Watch } else { Tone::Quiet },
            )
        }
        Facts::AccessPointRoute { bucket, traffic_dial_percent } => words(
            if *traffic_dial_percent > 0 { "routed" } else { "not routed" },
            vec![bucket.clone()],
            Tone::Quiet,
        ),
        Facts::HealthCheck(check) => health_check(check),
        Facts::RoutingControl(control) => routing_control(control),
        Facts::SwitchObject(object) => switch_object(object),
        Facts::DistributionOrigin(origin) => distribution(origin),
        Facts::RegionSwitch(plan) => region_switch(plan),
        Facts::AuroraMember(member) => aurora(member),
        Facts::ReplicaMember(member) => replica(member),
        Facts::TableReplica(replica) => table(replica),
        Facts::DatastoreMember(member) => datastore(member),
        Facts::BucketReplication(bucket) => bucket_words(bucket),
        Facts::BackupVault(vault) => vault_words(vault),
        Facts::EcsService(service) => ecs(service),
        Facts::AutoScalingGroup(group) => compute::auto_scaling_group(group),
        Facts::EksNodeGroup(group) => compute::node_group(group),
        Facts::LambdaFunction(function) => compute::function(function),
        Facts::EcrRepository(repository) => compute::repository(repository),
        // ---- the outside view
        Facts::Probe(answer) => probe(answer),
        // ---- what the recovery Region must have
        other => supporting::of(other),
    }
}

fn switch_object(object: &SwitchObject) -> Words {
    let under = vec![format!("{}/{}", object.bucket, object.key)];
    if object.holds {
        words(format!("holds {} out", object.holds_out), under, Tone::Watch)
    } else {
        words(format!("lets {} in", object.holds_out), under, Tone::Quiet)
    }
}

fn replica(member: &ReplicaMember) -> Words {
    let mut under = vec![member.id.clone(), format::plain(&member.status)];
    if let Some(state) = &member.replication {
        under.push(state.clone());
    }
    if member.is_cluster {
        let some = member.instances.iter().map(|one| format!("{} {}", one.id, format::plain(&one.status)));
        under.push(if member.instances.is_empty() {
            "no instance".into()
        } else {
            some.collect::<Vec<_>>().join(", ")
        });
    }
    let old: Vec<&str> =
        member.left_behind.iter().filter(|old| old.takes_writes).map(|old| old.id.as_str()).collect();
    if !old.is_empty() {
        under.push(format!("{} still takes writes", old.join(", ")));
    }
    let broken = member.replication.as_deref().is_some_and(|state| state != "replicating")
        || member.is_cluster && !member.has_an_instance();
    let tone = if broken || !old.is_empty() {
        Tone::Watch
    } else if member.status == "available" {
        Tone::Quiet
    } else {
        Tone::Moving
    };
    words(if member.source.is_some() { "copy" } else { "takes writes" }, under, tone)
}

fn table(replica: &TableReplica) -> Words {
    let consistency = match replica.consistency {
        Consistency::Eventual => "eventual consistency",
        Consistency::Strong => "strong consistency",
    };
    let (main, tone) = match replica.status.as_deref() {
        Some("ACTIVE") => ("active replica".to_owned(), Tone::Quiet),
        Some(status) => (format::plain(&status.to_lowercase()), Tone::Watch),
        None => ("no replica".to_owned(), Tone::Watch),
    };
    words(main, vec![consistency.to_owned()], tone)
}

fn datastore(member: &DatastoreMember) -> Words {
    let mut under = vec![member.replication_group.clone(), member.global_status.clone()];
    let associated = member.status.as_deref() == Some("associated");
    under.push(member.status.clone().unwrap_or_else(|| "status not known".into()));
    let tone = match (member.global_status.as_str(), associated) {
        ("available", true) => Tone::Quiet,
        ("available", false) => Tone::Watch,
        _ => Tone::Moving,
    };
    words(if member.primary { "primary" } else { "copy" }, under, tone)
}

fn bucket_words(bucket: &BucketReplication) -> Words {
    let mut to: Vec<&str> =
        bucket.outgoing.iter().filter(|rule| rule.enabled).map(|rule| rule.to.as_str()).collect();
    to.sort_unstable();
    to.dedup();
    let main =
        if to.is_empty() { "copied nowhere".to_owned() } else { format!("copied to {}", to.join(", ")) };
    let mut under = vec![bucket.bucket.clone()];
    let pending: f64 = bucket.outgoing.iter().filter_map(|rule| rule.operations_pending).sum();
    if bucket.outgoing.iter().any(|rule| rule.operations_pending.is_some()) {
        under.push(format!("{pending:.0} operations pending"));
    }
    let failed = bucket.outgoing.iter().any(|rule| rule.operations_failed.is_some_and(|n| n > 0.0));
    words(main, under, if failed || to.is_empty() { Tone::Watch } else { Tone::Quiet })
}

fn vault_words(vault: &VaultFacts) -> Words {
    let mut under = vec![vault.vault.clone()];
    let missing = vault.protected.iter().filter(|p| p.newest.is_none()).count();
    let oldest = vault.protected.iter().filter_map(|p| p.newest.as_ref().map(|n| n.created_at)).min();
    let main = match (missing, oldest) {
        (0, Some(oldest)) => format!("recovery points of {oldest} or later"),
        (0, None) => "nothing protected".to_owned(),
        (missing, _) => format!("{missing} of {} without a recovery point", vault.protected.len()),
    };
    let running = vault.restores.iter().find(|job| matches!(job.status.as_str(), "PENDING" | "RUNNING"));
    if let Some(job) = running {
        under.push(format!("restoring, {}", job.percent_done.as_deref().unwrap_or("share not told")));
    }
    let restored = vault.restores.iter().rev().find(|job| job.status == "COMPLETED");
    if let Some(endpoint) = restored.and_then(|job| job.endpoint.as_ref()) {
        under.push(format!("restored: {endpoint}"));
    }
    let tone = match (running, missing, oldest) {
        (Some(_), _, _) => Tone::Moving,
        (None, 0, Some(_)) => Tone::Quiet,
        _ => Tone::Watch,
    };
    words(main, under, tone)
}

fn dns(record: &DnsRecord) -> Words {
    let main = match &record.routing {
        Routing::Simple => "simple record".to_owned(),
        Routing::Weighted { weight } => format!("weight {weight}"),
        Routing::Failover { primary: true } => "primary".to_owned(),
        Routing::Failover { primary: false } => "secondary".to_owned(),
        Routing::Latency { region } => format!("latency {region}"),
        Routing::Geolocation { continent, country, subdivision } => {
            let place: Vec<&str> =
                [continent, country, subdivision].into_iter().flatten().map(String::as_str).collect();
            format!("geolocation {}", if place.is_empty() { "*".to_owned() } else { place.join(" ") })
        }
        Routing::Geoproximity { region, local_zone_group, coordinates, bias } => {
            let place = coordinates.as_ref().map(|(latitude, longitude)| format!("{latitude}, {longitude}"));
            let near = region.clone().or_else(|| local_zone_group.clone()).or(place);
            let bias = bias.filter(|bias| *bias != 0).map_or(String::new(), |bias| format!(", bias {bias}"));
            format!("near {}{bias}", near.as_deref().unwrap_or("nowhere named"))
        }
        Routing::Multivalue => "multivalue answer".to_owned(),
        Routing::Cidr { location, .. } => format!("client address {location}"),
    };
    let target = record.alias.as_ref().map(|a| a.dns_name.clone()).or_else(|| record.values.first().cloned());
    let mut under: Vec<String> = target.into_iter().map(|t| format!("→ {t}")).collect();
    if let Some(ttl) = record.ttl_seconds {
        under.push(format!("TTL {ttl} s"));
    }
    if record.health_check_id.is_some() {
        under.push("with health check".into());
    }
    words(main, under, Tone::Quiet)
}

fn health_check(check: &HealthCheck) -> Words {
    let main = match check.counts_healthy() {
        Some(true) => "counts as healthy",
        Some(false) => "counts as unhealthy",
        None => "health not told",
    };
    let mut under = vec![match &check.watches {
        Watched::Endpoint { address, path } => {
            format!("watches {address}{}", path.as_deref().unwrap_or_default())
        }
        Watched::Calculated { children, threshold } => format!("{threshold} of {} checks", children.len()),
        Watched::Alarm { region, name, .. } => format!("alarm {name} in {region}"),
        Watched::RoutingControl { .. } => "follows a routing control".into(),
    }];
    if let Some(checkers) = check.checkers {
        under.push(format!("{} of {} checkers see it healthy", checkers.healthy, checkers.all));
    }
    for (is, word) in [(check.inverted, "inverted"), (check.disabled, "disabled")] {
        if is {
            under.push(word.into());
        }
    }
    let odd = check.inverted || check.disabled || check.counts_healthy() != Some(true);
    words(main, under, if odd { Tone::Watch } else { Tone::Quiet })
}

fn routing_control(control: &RoutingControl) -> Words {
    let mut under = vec![format!("told in {}", control.told_by)];
    under.push(match control.health_checks.len() {
        0 => "nothing follows it".into(),
        n => format::count(n, "health check follows", "health checks follow"),
    });
    for rule in &control.safety_rules {
        under.push(format!("rule {}", rule.name));
    }
    if control.configuration_is_old {
        under.push("rules and endpoints as last read".into());
    }
    let tone = if control.on && control.health_checks.is_empty() { Tone::Watch } else { Tone::Quiet };
    words(if control.on { "On" } else { "Off" }, under, tone)
}

fn distribution(origin: &DistributionOrigin) -> Words {
    let main = match (origin.origins.is_empty(), origin.is_first()) {
        (true, _) => "no origin",
        (false, true) => "tried first",
        (false, false) => "tried second",
    };
    let mut under: Vec<String> =
        origin.groups.iter().map(|(id, m)| format!("{id}: {}", m.join(" → "))).collect();
    let moving = origin.status != "Deployed";
    if moving {
        under.push(origin.status.clone());
    }
    if !origin.enabled {
        under.push("disabled".into());
    }
    let tone = if !origin.enabled || origin.origins.is_empty() {
        Tone::Watch
    } else if moving {
        Tone::Moving
    } else {
        Tone::Quiet
    };
    words(main, under, tone)
}

fn region_switch(plan: &RegionSwitch) -> Words {
    let passed = plan.evaluation.as_deref() == Some("passed");
    let main = match plan.evaluation.as_deref() {
        Some("passed") => "evaluation passed".into(),
        Some("actionRequired") => "action required".into(),
        Some("pendingEvaluation") => "evaluation pending".into(),
        Some(other) => format!("evaluation {other}"),
        None => "never evaluated".into(),
    };
    let mut under = plan.warnings.clone();
    let last = plan.executions.first();
    under.push(last.map_or_else(
        || "never executed".into(),
        |last| {
            let step = last.step.as_ref().map_or(String::new(), |step| format!(" at {step}"));
            format!("{} {}: {}{step}", last.action, last.region, last.state)
        },
    ));
    let open = last.is_some_and(|last| !last.is_completed() && !last.is_given_up());
    let tone = if open {
        Tone::Moving
    } else if passed {
        Tone::Quiet
    } else {
        Tone::Watch
    };
    words(main, under, tone)
}

/// What the zone's own name servers say, which may be another thing than what Route 53 was told.
fn name_servers(answer: &NameAnswer) -> String {
    match answer {
        NameAnswer::Known { answers, here, ttl_seconds, from, .. } => {
            let kept = ttl_seconds.map(|ttl| format!(", kept {ttl} s")).unwrap_or_default();
            format!("name servers: {here} of {answers} answers lead here{kept}, asked from {from}")
        }
        NameAnswer::Unknown { reason, .. } => format!("name servers: not known, {reason}"),
    }
}

fn probe(answer: &ProbeAnswer) -> Words {
    let mut under = Vec::new();
    if let Some(status) = answer.status {
        under.push(format!("status {status} in {} ms", answer.milliseconds));
    }
    under.extend(answer.trouble.clone());
    under.push(format!("asked from {}", answer.from));
    let main = match (answer.healthy, answer.status) {
        (true, _) => "answers",
        (false, Some(_)) => "answers wrongly",
        (false, None) if answer.certificate.is_some() => "certificate does not hold",
        (false, None) => "does not answer",
    };
    words(main, under, if answer.healthy { Tone::Quiet } else { Tone::Watch })
}

fn aurora(member: &AuroraMember) -> Words {
    let mut under = vec![member.global_status.clone()];
    if let Some(status) = &member.failover_status {
        under.push(status.clone());
    }
    if let Some(sync) = &member.synchronization {
        under.push(sync.clone());
    }
    under.push(match member.instances {
        Some(n) => format::count(usize::try_from(n).unwrap_or(usize::MAX), "instance", "instances"),
        None => "instances not known".into(),
    });
    let moving = member.failover_status.is_some();
    let broken = member.instances == Some(0) || member.synchronization.as_deref() == Some("pending-resync");
    let tone = if moving {
        Tone::Moving
    } else if broken {
        Tone::Watch
    } else {
        Tone::Quiet
    };
    words(if member.writer { "writer" } else { "copy" }, under, tone)
}

fn ecs(service: &EcsServiceFacts) -> Words {
    let mut under = Vec::new();
    if service.pending > 0 {
        under.push(format!("{} pending", service.pending));
    }
    if let Some(rollout) = service.rollout.as_deref().filter(|r| *r != "COMPLETED") {
        under.push(format!("rollout {}", format::plain(&rollout.to_lowercase())));
    }
    if service.status != "ACTIVE" {
        under.push(service.status.to_lowercase());
    }
    if let Some(bounds) = service.scaling {
        under.push(format!("scales between {} and {}", bounds.min, bounds.max));
    }
    let unhealthy = compute::beside(&mut under, service.targets.as_ref(), &service.unread);
    let short = service.running < service.desired;
    let tone = if service.rollout.as_deref() == Some("FAILED") || service.status != "ACTIVE" {
        Tone::Watch
    } else if short {
        Tone::Moving
    } else if unhealthy {
        Tone::Watch
    } else {
        Tone::Quiet
    };
    words(format!("{} of {} tasks", service.running, service.desired), under, tone)
}

/// A kind as people say it.
#[must_use]
pub fn kind(kind: &str) -> String {
    match kind {
        "route53_records" => "Route 53 records".into(),
        "route53_health_check" => "Route 53 health check".into(),
        "global_accelerator" => "Global Accelerator".into(),
        "cloudfront_distribution" => "CloudFront distribution".into(),
        "arc_routing_control" => "ARC routing control".into(),
        "arc_region_switch_plan" => "ARC Region switch plan".into(),
        "aurora_global_database" => "Aurora Global Database".into(),
        "ecs_service" => "ECS service".into(),
        "auto_scaling_group" => "Auto Scaling group".into(),
        "eks_node_group" => "EKS node group".into(),
        "lambda_function" => "Lambda function".into(),
        "ecr_repository" => "ECR repository".into(),
        "s3_multi_region_access_point" => "S3 Multi-Region Access Point".into(),
        "s3_replication" => "S3 replication".into(),
        "dynamodb_global_table" => "DynamoDB global table".into(),
        "rds_read_replica" => "RDS read replica".into(),
        "elasticache_global_datastore" => "ElastiCache Global Datastore".into(),
        "backup_vault" => "AWS Backup vault".into(),
        "probe" => "health endpoint".into(),
        "cloudformation_stack" => "CloudFormation stack".into(),
        // ---- what the recovery Region must have
        "secret" => "Secrets Manager secret".into(),
        "ssm_parameter" => "SSM parameter".into(),
        "kms_key" => "KMS key".into(),
        "cloudwatch_alarm" => "CloudWatch alarm".into(),
        "service_quota" => "Service quota".into(),
        "transit_gateway" => "Transit Gateway attachment".into(),
        "config_recorder" => "AWS Config recorder".into(),
        "security_hub" => "Security Hub".into(),
        "aws_health" => "AWS Health".into(),
        "endpoint_setting" => "Endpoint setting".into(),
        other => format::plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_short_of_its_tasks_stands_out() {
        let mut service = EcsServiceFacts {
            desired: 6,
            running: 2,
            pending: 4,
            rollout: Some("IN_PROGRESS".into()),
            status: "ACTIVE".into(),
            ..EcsServiceFacts::default()
        };
        assert_eq!(ecs(&service).tone, Tone::Moving);
        assert_eq!(ecs(&service).main, "2 of 6 tasks");
        service.running = 6;
        service.status = "DRAINING".into();
        assert_eq!(ecs(&service).tone, Tone::Watch);
    }

    #[test]
    fn a_database_left_behind_that_takes_writes_stands_out() {
        let mut member = ReplicaMember {
            id: "books-holdfast-1".into(),
            arn: "arn:aws:rds:us-east-1:222222222222:db:books-holdfast-1".into(),
            is_cluster: false,
            status: "available".into(),
            source: Some("arn:aws:rds:us-west-2:222222222222:db:books".into()),
            replication: Some("replicating".into()),
            endpoint: None,
            instances: Vec::new(),
            settings: holdfast_domain::facts::ReplicaSettings {
                class: None,
                engine: None,
                kms_key_id: None,
                subnet_group: None,
                security_groups: Vec::new(),
                multi_az: false,
            },
            left_behind: Vec::new(),
            next_id: None,
            lag: None,
        };
        assert_eq!((replica(&member).main.as_str(), replica(&member).tone), ("copy", Tone::Quiet));
        member.left_behind =
            vec![holdfast_domain::facts::LeftBehind { id: "books".into(), takes_writes: true }];
        assert_eq!(replica(&member).tone, Tone::Watch);
        member.left_behind.clear();
        member.replication = Some("error".into());
        assert_eq!(replica(&member).tone, Tone::Watch);
    }

    #[test]
    fn no_sight_of_a_resource_is_called_good() {
        let facts = Facts::AccessPointRoute { bucket: "b".into(), traffic_dial_percent: 100 };
        assert_eq!(of(&facts).tone, Tone::Quiet);
    }
}
