//! The discrete facts of what was seen: who writes, which Regions are routed to, which targets exist, the
//! exact records. Lag and counts are measurements and no facts: they move by themselves.

use super::Fact;
use crate::serving::is_open;
use holdfast_domain::facts::{
    AcceleratorGroup, AuroraMember, BucketReplication, Consistency, DistributionOrigin, DnsRecord,
    EventSourceMapping, Routing, TableReplica,
};
use holdfast_domain::{Facts, Name, RegionCode};

/// What a plan rests on of one resource in one Region.
#[must_use]
pub fn facts_of(resource: &Name, region: &RegionCode, seen: &Facts) -> Vec<Fact> {
    let fact = |what: &str, value: String| Fact {
        resource: resource.clone(),
        region: region.clone(),
        what: what.into(),
        value,
    };
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let on_off = |on: bool| if on { "on" } else { "off" }.to_owned();
    match seen {
        Facts::DnsRecord { .. } => vec![fact("record", records_text(seen))],
        Facts::AcceleratorGroup(group) => vec![
            fact("exists", groups_of_listeners(group)),
            fact("endpoints", endpoints_text(group)),
            fact("routed", yes_no(is_open(group))),
        ],
        Facts::AccessPointRoute { bucket, traffic_dial_percent } => {
            vec![fact("exists", bucket.clone()), fact("routed", yes_no(*traffic_dial_percent > 0))]
        }
        Facts::HealthCheck(check) => vec![
            fact("exists", check.id.clone()),
            fact("inverted", yes_no(check.inverted)),
            fact("disabled", yes_no(check.disabled)),
        ],
        Facts::RoutingControl(control) => {
            vec![fact("exists", control.control_arn.clone()), fact("routed", yes_no(control.on))]
        }
        Facts::SwitchObject(object) => vec![
            fact("exists", format!("{}/{}", object.bucket, object.key)),
            fact("holds_out", if object.holds { object.holds_out.to_string() } else { "nobody".into() }),
        ],
        Facts::DistributionOrigin(origin) => vec![
            fact("exists", origin.distribution_id.clone()),
            fact("origin_groups", groups_text(origin)),
            fact("routed", yes_no(origin.is_first())),
        ],
        Facts::RegionSwitch(plan) => vec![
            fact("exists", plan.plan_arn.clone()),
            fact("switch_plan", plan.version.clone().unwrap_or_else(|| "not told".into())),
        ],
        Facts::AuroraMember(AuroraMember { cluster_arn, writer, .. }) => {
            vec![fact("exists", cluster_arn.clone()), fact("writer", yes_no(*writer))]
        }
        Facts::ReplicaMember(member) => {
            vec![
                fact("exists", member.arn.clone()),
                fact("writer", yes_no(member.source.is_none())),
                fact("source", member.source.clone().unwrap_or_else(|| "none".into())),
            ]
        }
        Facts::DatastoreMember(member) => {
            vec![fact("exists", member.replication_group.clone()), fact("writer", yes_no(member.primary))]
        }
        Facts::TableReplica(TableReplica { status, consistency, .. }) => vec![
            fact("exists", yes_no(status.is_some())),
            fact(
                "consistency",
                match consistency {
                    Consistency::Eventual => "eventual".into(),
                    Consistency::Strong => "strong".into(),
                },
            ),
        ],
        Facts::BucketReplication(bucket) => {
            vec![fact("exists", bucket.bucket.clone()), fact("copied to", copied_to(bucket))]
        }
        // Which recovery point is the newest changes by itself and is in the approved call; whether there is one is a
        // fact.
        Facts::BackupVault(vault) => {
            std::iter::once(fact("exists", vault.vault.clone()))
                .chain(vault.protected.iter().map(|p| {
                    fact(&format!("recovery point of {}", p.resource_arn), yes_no(p.newest.is_some()))
                }))
                .collect()
        }
        Facts::EcsService(service) => vec![fact("exists", service.status.clone())],
        Facts::AutoScalingGroup(group) => {
            // Which processes rest decides which steps there are.
            vec![fact("exists", yes_no(true)), fact("suspended", group.suspended.join(" "))]
        }
        Facts::EksNodeGroup(group) => {
            vec![fact("exists", yes_no(!group.is_gone()))]
        }
        Facts::LambdaFunction(function) => {
            let on = |m: &EventSourceMapping| fact(&format!("mapping {}", m.uuid), on_off(m.is_on()));
            std::iter::once(fact("exists", yes_no(true))).chain(function.mappings.iter().map(on)).collect()
        }
        // ---- the outside view: what answers moves by itself, so nothing rests on it.
        Facts::Probe(_) => Vec::new(),
        // ---- what the recovery Region must have: no plan rests on it, but on the stack that it builds and on the
        // setting that it sets.
        Facts::Stack { stack } => vec![fact("stack", yes_no(stack.is_some()))],
        Facts::Setting { setting } => vec![fact("setting", yes_no(setting.is_some()))],
        Facts::EcrRepository(_)
        | Facts::Secret { .. }
        | Facts::Parameter { .. }
        | Facts::KmsKey { .. }
        | Facts::Alarm { .. }
        | Facts::Metric(_)
        | Facts::Quota(_)
        | Facts::Attachment { .. }
        | Facts::ConfigRecorder { .. }
        | Facts::SecurityHub { .. }
        | Facts::AwsHealth { .. } => Vec::new(),
    }
}

/// All that lead to one Region, in the order of their set identifiers.
#[must_use]
pub fn records_text(seen: &Facts) -> String {
    let all: Vec<String> = seen.dns_records().map(|record| record_text(Some(record))).collect();
    if all.is_empty() { record_text(None) } else { all.join(" | ") }
}

/// Every value of a record set in one line; two texts are equal exactly when the record sets are.
#[must_use]
pub fn record_text(record: Option<&DnsRecord>) -> String {
    let Some(r) = record else { return "none".into() };
    let mut text = format!("{} {}", r.name, r.record_type);
    let mut say = |word: &str, value: &str| {
        text.push_str(&format!(" {word}={value}"));
    };
    if let Some(id) = &r.set_identifier {
        say("set", &format!("{id:?}"));
    }
    match &r.routing {
        Routing::Simple => {}
        Routing::Weighted { weight } => say("weight", &weight.to_string()),
        Routing::Failover { primary } => say("failover", if *primary { "primary" } else { "secondary" }),
        Routing::Latency { region } => say("latency", region),
        Routing::Geolocation { continent, country, subdivision } => {
            for (word, part) in [("continent", continent), ("country", country), ("subdivision", subdivision)]
            {
                if let Some(part) = part {
                    say(word, part);
                }
            }
        }
        Routing::Geoproximity { region, local_zone_group, coordinates, bias } => {
            let place = coordinates.as_ref().map(|(latitude, longitude)| format!("{latitude}/{longitude}"));
            let bias = bias.map(|bias| bias.to_string());
            for (word, part) in
                [("near", region), ("local_zone", local_zone_group), ("place", &place), ("bias", &bias)]
            {
                if let Some(part) = part {
                    say(word, part);
                }
            }
        }
        Routing::Multivalue => say("multivalue", "yes"),
        Routing::Cidr { collection_id, location } => say("cidr", &format!("{collection_id}/{location}")),
    }
    if let Some(ttl) = r.ttl_seconds {
        say("ttl", &ttl.to_string());
    }
    if !r.values.is_empty() {
        say("values", &format!("{:?}", r.values));
    }
    if let Some(alias) = &r.alias {
        say(
            "alias",
            &format!(
                "{}/{} evaluate_target_health={}",
                alias.hosted_zone_id, alias.dns_name, alias.evaluate_target_health
            ),
        );
    }
    if let Some(check) = &r.health_check_id {
        say("health_check", check);
    }
    text
}

/// Which origins each group has, in whichever order they are tried.
fn groups_text(origin: &DistributionOrigin) -> String {
    let one = |(id, members): (&String, &Vec<String>)| {
        let mut members: Vec<&str> = members.iter().map(String::as_str).collect();
        members.sort_unstable();
        format!("{id}: {}", members.join(" "))
    };
    origin.groups.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn groups_of_listeners(group: &AcceleratorGroup) -> String {
    let mut arns: Vec<&str> = group.of_all_listeners().map(|g| g.endpoint_group_arn.as_str()).collect();
    arns.sort_unstable();
    arns.join(" ")
}

/// Which endpoints there are, without their weights.
fn endpoints_text(group: &AcceleratorGroup) -> String {
    let endpoints = group.of_all_listeners().flat_map(|group| &group.endpoints);
    let mut ids: Vec<&str> = endpoints.map(|e| e.id.as_str()).collect();
    ids.sort_unstable();
    ids.join(" ")
}

/// The Regions that enabled rules copy the bucket to.
fn copied_to(bucket: &BucketReplication) -> String {
    let mut regions: Vec<&str> =
        bucket.outgoing.iter().filter(|rule| rule.enabled).map(|rule| rule.to.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    if regions.is_empty() { "none".into() } else { regions.join(" ") }
}
