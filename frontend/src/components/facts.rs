//! What was seen of a resource in a Region, in the words of its kind.

mod compute;
mod supporting;

use crate::components::tone::Tone;
use crate::format;
use holdfast_domain::Facts;
use holdfast_domain::facts::{
    AuroraMember, DistributionOrigin, DnsRecord, EcsServiceFacts, HealthCheck, NameAnswer, ProbeAnswer,
    RegionSwitch, Routing, RoutingControl, Watched,
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
        Facts::DnsRecord { record, outside } => {
            let mut said = match record {
                None => words("not in the set", vec!["no record leads here".into()], Tone::Quiet),
                Some(record) => dns(record),
            };
            said.under.extend(outside.as_ref().map(name_servers));
            said
        }
        Facts::AcceleratorGroup(group) => {
            let healthy = group.endpoints.iter().filter(|e| e.health.as_deref() == Some("HEALTHY")).count();
            let tone = if group.traffic_dial_percent > 0 && healthy == 0 { Tone::Watch } else { Tone::Quiet };
            words(
                format!("dial {} %", group.traffic_dial_percent),
                vec![format!("{healthy} of {} endpoints healthy", group.endpoints.len())],
                tone,
            )
        }
        Facts::AccessPointRoute { bucket, traffic_dial_percent } => words(
            if *traffic_dial_percent > 0 { "routed" } else { "not routed" },
            vec![bucket.clone()],
            Tone::Quiet,
        ),
        Facts::HealthCheck(check) => health_check(check),
        Facts::RoutingControl(control) => routing_control(control),
        Facts::DistributionOrigin(origin) => distribution(origin),
        Facts::RegionSwitch(plan) => region_switch(plan),
        Facts::AuroraMember(member) => aurora(member),
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
        Watched::Endpoint { address } => format!("watches {address}"),
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
    fn no_sight_of_a_resource_is_called_good() {
        let facts = Facts::AccessPointRoute { bucket: "b".into(), traffic_dial_percent: 100 };
        assert_eq!(of(&facts).tone, Tone::Quiet);
    }
}
