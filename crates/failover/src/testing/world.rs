//! Applications and what may be seen of them.

use super::{NOW, name, region};
use crate::plan::Picture;
use crate::readiness::Surroundings;
use holdfast_domain::LoadSplit;
use holdfast_domain::facts::{
    AcceleratorEndpoint, AcceleratorGroup, AlarmFacts, AliasTarget, AuroraMember, DnsRecord, EcsServiceFacts,
    Lag, Routing, SettingFacts, StackFacts,
};
use holdfast_domain::resource::{
    AlarmPlace, AuroraGlobalDatabase, CloudformationStack, CloudwatchAlarm, DynamodbGlobalTable, EcsPlace,
    EcsService, EndpointSetting, GlobalAccelerator, Route53Records, S3MultiRegionAccessPoint, SettingPlace,
    StackPlace,
};
use holdfast_domain::{
    Account, AccountId, Application, Facts, Name, Objectives, ObservationMap, RegionCode, Resource,
    ResourceSpec, Seconds, Sight, Strategy,
};
use std::collections::BTreeMap;

pub const A: &str = "us-east-1";
pub const B: &str = "eu-central-1";
pub const C: &str = "ap-southeast-1";

pub fn resource(of: &str, spec: ResourceSpec) -> Resource {
    Resource { name: name(of), account: name("shop-prod"), spec }
}

pub fn dns(of: &str) -> Resource {
    resource(
        of,
        ResourceSpec::Route53Records(Route53Records {
            hosted_zone_id: "Z0123456789ABC".into(),
            record: "shop.example.com".into(),
            record_type: "A".into(),
            set_identifiers: BTreeMap::new(),
        }),
    )
}

pub fn edge(of: &str) -> Resource {
    let accelerator_arn = "arn:aws:globalaccelerator::222222222222:accelerator/edge".into();
    resource(of, ResourceSpec::GlobalAccelerator(GlobalAccelerator { accelerator_arn }))
}

pub fn access_point(of: &str) -> Resource {
    let mrap_arn = "arn:aws:s3::222222222222:accesspoint/assets.mrap".into();
    resource(of, ResourceSpec::S3MultiRegionAccessPoint(S3MultiRegionAccessPoint { mrap_arn }))
}

pub fn aurora(of: &str) -> Resource {
    resource(of, ResourceSpec::AuroraGlobalDatabase(AuroraGlobalDatabase { global_cluster: of.into() }))
}

pub fn table(of: &str) -> Resource {
    resource(of, ResourceSpec::DynamodbGlobalTable(DynamodbGlobalTable { table: of.into() }))
}

pub fn ecs(of: &str, places: &[(&str, Option<u32>)]) -> Resource {
    let per_region = places
        .iter()
        .map(|(code, wanted)| {
            let place = EcsPlace { cluster: "shop".into(), service: of.into(), desired_in_recovery: *wanted };
            (region(code), place)
        })
        .collect();
    resource(of, ResourceSpec::EcsService(EcsService { per_region }))
}

pub fn application(strategy: Strategy, regions: &[&str], resources: Vec<Resource>) -> Application {
    Application {
        name: name("shop"),
        owner: name("payments"),
        tier: 1,
        environment: None,
        strategy,
        home_region: region(regions[0]),
        recovery_regions: regions[1..].iter().map(|r| region(r)).collect(),
        objectives: Objectives { rto: Seconds(900), rpo: Seconds(30) },
        data_residency: Vec::new(),
        load_split: LoadSplit::Even,
        approval_policy: name("one-approver"),
        depends_on: Vec::new(),
        resources,
        waivers: Vec::new(),
    }
}

pub fn account() -> Account {
    Account {
        id: AccountId::parse("222222222222").unwrap(),
        name: name("shop-prod"),
        read_role_arn: "arn:aws:iam::222222222222:role/holdfast-read".into(),
        act_role_arn: "arn:aws:iam::222222222222:role/holdfast-act".into(),
        external_id: Some("demo-shop-prod".into()),
    }
}

/// Nothing around the application but its accounts.
pub fn around(picture: &Picture) -> Surroundings<'_> {
    Surroundings {
        accounts: &picture.accounts,
        roles: &[],
        open: &[],
        permissions: &[],
        own: &[],
        groups_without_approver: &[],
        left: None,
    }
}

pub fn known(facts: Facts) -> Sight {
    Sight::Known { at: NOW, facts }
}

pub fn unknown(last: Option<Facts>) -> Sight {
    Sight::Unknown {
        reason: "no connection to the Region".into(),
        absent: false,
        since: Some(NOW),
        last: last.map(|facts| (NOW, facts)),
    }
}

/// AWS says that it is not there.
pub fn absent(last: Option<Facts>) -> Sight {
    Sight::Unknown {
        reason: "AWS has none of that name".into(),
        absent: true,
        since: Some(NOW),
        last: last.map(|facts| (NOW, facts)),
    }
}

pub fn arn(cluster: &str, code: &str) -> String {
    format!("arn:aws:rds:{code}:222222222222:cluster:{cluster}")
}

pub fn record(code: &str, routing: Routing) -> DnsRecord {
    DnsRecord {
        name: "shop.example.com".into(),
        record_type: "A".into(),
        set_identifier: Some(code.into()),
        routing,
        ttl_seconds: None,
        values: Vec::new(),
        alias: Some(AliasTarget {
            hosted_zone_id: "Z35SXDOTRQ7X7K".into(),
            dns_name: format!("shop-1.{code}.elb.amazonaws.com"),
            evaluate_target_health: true,
        }),
        health_check_id: Some(format!("check-{code}")),
    }
}

pub fn plain_record(code: &str, routing: Routing, value: &str) -> DnsRecord {
    DnsRecord { ttl_seconds: Some(60), values: vec![value.into()], alias: None, ..record(code, routing) }
}

pub fn weighted(code: &str, weight: i64) -> Facts {
    Facts::record(Some(record(code, Routing::Weighted { weight })))
}

pub fn group(code: &str, dial: u8, weight: i32) -> Facts {
    Facts::AcceleratorGroup(AcceleratorGroup {
        endpoint_group_arn: format!("arn:aws:globalaccelerator::222222222222:accelerator/edge/group/{code}"),
        traffic_dial_percent: dial,
        endpoints: vec![AcceleratorEndpoint {
            id: format!("alb-{code}"),
            weight,
            client_ip_preservation: true,
            health: Some("HEALTHY".into()),
        }],
        accelerator_status: "DEPLOYED".into(),
        others: Vec::new(),
    })
}

pub fn route(code: &str, dial: u8) -> Facts {
    Facts::AccessPointRoute { bucket: format!("assets-{code}"), traffic_dial_percent: dial }
}

pub fn member(cluster: &str, code: &str, writer: bool) -> AuroraMember {
    AuroraMember {
        cluster_arn: arn(cluster, code),
        writer,
        global_status: "available".into(),
        failover_status: None,
        synchronization: (!writer).then(|| "connected".into()),
        cluster_status: Some("available".into()),
        instances: Some(1),
        instance_classes: vec!["db.r6g.large".into()],
        lag: (!writer).then(|| Lag {
            milliseconds: 850.0,
            measured_at: NOW,
            metric: "AuroraGlobalDBProgressLag".into(),
        }),
        endpoint: Some(format!("{cluster}.cluster.{code}.rds.amazonaws.com")),
    }
}

pub fn aurora_facts(cluster: &str, code: &str, writer: bool) -> Facts {
    Facts::AuroraMember(member(cluster, code, writer))
}

pub fn service(desired: u32) -> Facts {
    Facts::EcsService(EcsServiceFacts {
        desired,
        running: desired,
        pending: 0,
        rollout: Some("COMPLETED".into()),
        status: "ACTIVE".into(),
        ..EcsServiceFacts::default()
    })
}

/// An alarm on how far an Aurora copy is behind, in the recovery Regions.
pub fn lag_alarm(of: &str, regions: &[&str]) -> Resource {
    let per_region = regions.iter().map(|code| (region(code), AlarmPlace { alarm: of.into() })).collect();
    resource(of, ResourceSpec::CloudwatchAlarm(CloudwatchAlarm { per_region }))
}

pub fn alarm(state: &str) -> Facts {
    let of = ("AWS/RDS", "AuroraGlobalDBProgressLag");
    Facts::Alarm {
        alarm: Some(AlarmFacts { state: state.into(), ..alarm_on(of, &[("DBClusterIdentifier", "orders")]) }),
    }
}

pub fn alarm_on((namespace, metric): (&str, &str), dimensions: &[(&str, &str)]) -> AlarmFacts {
    AlarmFacts {
        state: "OK".into(),
        reason: None,
        since: None,
        namespace: Some(namespace.into()),
        metric: Some(metric.into()),
        dimensions: dimensions.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        actions_enabled: true,
    }
}

/// The recovery stack in [`B`].
pub fn stack(of: &str) -> Resource {
    let place = StackPlace {
        stack: format!("{of}-recovery"),
        template_url: Some(format!("https://templates.s3.eu-central-1.amazonaws.com/{of}.yaml")),
        parameters: BTreeMap::from([("Environment".into(), "recovery".into())]),
        role_arn: Some("arn:aws:iam::222222222222:role/build".into()),
    };
    let per_region = BTreeMap::from([(region(B), place)]);
    resource(of, ResourceSpec::CloudformationStack(CloudformationStack { per_region }))
}

pub fn stack_facts(status: &str, changed_at: i64) -> Facts {
    Facts::Stack {
        stack: Some(StackFacts {
            id: "arn:aws:cloudformation:eu-central-1:222222222222:stack/platform-recovery/1".into(),
            status: status.into(),
            reason: None,
            changed_at: Some(super::after(changed_at)),
            role_arn: None,
        }),
    }
}

/// Where the application in [`B`] reads its store: a key of a parameter.
pub fn setting(of: &str) -> Resource {
    let place = SettingPlace {
        parameter: Some(format!("/shop/{of}")),
        key: Some("host".into()),
        ..SettingPlace::default()
    };
    let per_region = BTreeMap::from([(region(B), place)]);
    resource(of, ResourceSpec::EndpointSetting(EndpointSetting { store: None, per_region }))
}

/// The same in one record, which these Regions read.
pub fn record_setting(of: &str, codes: &[&str]) -> Resource {
    let place = SettingPlace {
        hosted_zone_id: Some("Z0PRIVATE".into()),
        record: Some(format!("{of}.shop.internal")),
        ..SettingPlace::default()
    };
    let per_region = codes.iter().map(|code| (region(code), place.clone())).collect();
    resource(of, ResourceSpec::EndpointSetting(EndpointSetting { store: None, per_region }))
}

pub fn setting_facts(endpoint: &str) -> Facts {
    Facts::Setting {
        setting: Some(SettingFacts {
            version: "3".into(),
            endpoint: Some(endpoint.into()),
            not_told: None,
            is_replica: false,
        }),
    }
}

pub fn observed(entries: &[(&str, &str, Facts)]) -> ObservationMap {
    entries.iter().map(|(r, code, facts)| ((name(r), region(code)), known(facts.clone()))).collect()
}

pub fn key(resource: &str, code: &str) -> (Name, RegionCode) {
    (name(resource), region(code))
}

/// A warm standby with every kind that this version moves, at home in [`A`].
pub fn shop() -> Picture {
    let application = application(
        Strategy::WarmStandby,
        &[A, B],
        vec![
            dns("front-door"),
            access_point("assets"),
            edge("edge"),
            aurora("orders"),
            ecs("web", &[(A, None), (B, Some(6))]),
            lag_alarm("orders-lag", &[B]),
        ],
    );
    let observations = observed(&[
        ("front-door", A, weighted(A, 100)),
        ("front-door", B, weighted(B, 0)),
        ("assets", A, route(A, 100)),
        ("assets", B, route(B, 0)),
        ("edge", A, group(A, 100, 128)),
        ("edge", B, group(B, 0, 0)),
        ("orders", A, aurora_facts("orders", A, true)),
        ("orders", B, aurora_facts("orders", B, false)),
        ("web", A, service(6)),
        ("web", B, service(2)),
        ("orders-lag", B, alarm("OK")),
    ]);
    Picture {
        application,
        accounts: vec![account()],
        observations,
        own: Vec::new(),
        edits: Vec::new(),
        others: Vec::new(),
        before: BTreeMap::new(),
        split_before: None,
        now: NOW,
    }
}

/// The same after a completed failover to [`B`], with what stood before kept.
pub fn moved_shop() -> Picture {
    let at_home = shop();
    let before = at_home
        .observations
        .iter()
        .filter_map(|(k, sight)| sight.known().map(|facts| (k.clone(), facts.clone())))
        .collect();
    let observations = observed(&[
        ("front-door", A, weighted(A, 0)),
        ("front-door", B, weighted(B, 100)),
        ("assets", A, route(A, 0)),
        ("assets", B, route(B, 100)),
        ("edge", A, group(A, 0, 0)),
        ("edge", B, group(B, 100, 128)),
        ("orders", A, aurora_facts("orders", A, false)),
        ("orders", B, aurora_facts("orders", B, true)),
        ("web", A, service(6)),
        ("web", B, service(6)),
    ]);
    Picture { observations, before, ..at_home }
}

/// Active in three Regions, by latency, with an accelerator beside it.
pub fn feed() -> Picture {
    let latency = |code: &str| Facts::record(Some(record(code, Routing::Latency { region: code.into() })));
    let application = application(
        Strategy::ActiveActive,
        &[A, B, C],
        vec![
            dns("front-door"),
            edge("edge"),
            aurora("posts"),
            ecs("timeline", &[(A, Some(6)), (B, Some(6)), (C, Some(6))]),
            lag_alarm("posts-lag", &[B, C]),
        ],
    );
    let of_posts = alarm_on(("AWS/RDS", "AuroraGlobalDBProgressLag"), &[("DBClusterIdentifier", "posts")]);
    let of_posts = Facts::Alarm { alarm: Some(of_posts) };
    let mut observations = observed(&[]);
    for code in [A, B, C] {
        observations.insert(key("front-door", code), known(latency(code)));
        observations.insert(key("edge", code), known(group(code, 100, 128)));
        observations.insert(key("posts", code), known(aurora_facts("posts", code, code == A)));
        observations.insert(key("timeline", code), known(service(5)));
        if code != A {
            observations.insert(key("posts-lag", code), known(of_posts.clone()));
        }
    }
    Picture {
        application,
        accounts: vec![account()],
        observations,
        own: Vec::new(),
        edits: Vec::new(),
        others: Vec::new(),
        before: BTreeMap::new(),
        split_before: None,
        now: NOW,
    }
}
