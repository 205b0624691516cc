//! Applications whose traffic is switched: by routing controls, by health checks, by origin groups, by a plan of
//! ARC's.

use super::world::{
    A, B, account, alarm, application, aurora, aurora_facts, dns, ecs, known, lag_alarm, observed, record,
    resource, service,
};
use super::{NOW, region};
use crate::plan::Picture;
use holdfast_domain::facts::{
    Checkers, DistributionOrigin, DnsRecord, HealthCheck, RegionSwitch, Routing, RoutingControl, SafetyRule,
    SafetyRuleKind, SwitchExecution, SwitchObject, Watched,
};
use holdfast_domain::resource::{
    ArcPlace, ArcRegionSwitchPlan, ArcRoutingControl, CloudfrontDistribution, Route53HealthCheck,
    S3SwitchObject, SwitchObjectPlace,
};
use holdfast_domain::{Facts, ObservationMap, Resource, ResourceSpec, Strategy};
use std::collections::BTreeMap;

pub const CLUSTER: &str = "arn:aws:route53-recovery-control::222222222222:cluster/c";
pub const PLAN: &str = "arn:aws:arc-region-switch::222222222222:plan/shop:abc123";

pub fn control_arn(code: &str) -> String {
    format!("arn:aws:route53-recovery-control::222222222222:controlpanel/p/routingcontrol/{code}")
}

pub fn controls(of: &str, codes: &[&str]) -> Resource {
    let per_region =
        codes.iter().map(|code| (region(code), ArcPlace { control_arn: control_arn(code) })).collect();
    resource(
        of,
        ResourceSpec::ArcRoutingControl(ArcRoutingControl { cluster_arn: CLUSTER.into(), per_region }),
    )
}

pub fn at_least_one(codes: &[&str]) -> SafetyRule {
    SafetyRule {
        name: "one-region-on".into(),
        arn: "arn:rule".into(),
        kind: SafetyRuleKind::Assertion { controls: codes.iter().map(|c| control_arn(c)).collect() },
        matching: "ATLEAST".into(),
        threshold: 1,
        inverted: false,
    }
}

/// The control of a Region, which the health check of its record in [`record`] follows.
pub fn control(code: &str, on: bool) -> RoutingControl {
    RoutingControl {
        cluster_arn: CLUSTER.into(),
        control_arn: control_arn(code),
        on,
        told_by: "eu-west-1".into(),
        endpoints: ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"]
            .into_iter()
            .map(|code| (code.to_owned(), format!("https://{code}.example.com")))
            .collect(),
        safety_rules: vec![at_least_one(&[A, B])],
        health_checks: vec![format!("check-{code}")],
        configuration_is_old: false,
    }
}

pub fn switched(code: &str, on: bool) -> Facts {
    Facts::RoutingControl(control(code, on))
}

pub fn role(code: &str, primary: bool) -> Facts {
    Facts::record(Some(record(code, Routing::Failover { primary })))
}

/// A warm standby whose failover records follow routing controls.
pub fn tickets() -> Picture {
    let resources = vec![
        dns("front-door"),
        controls("switch", &[A, B]),
        aurora("orders"),
        ecs("web", &[(A, None), (B, Some(6))]),
        lag_alarm("orders-lag", &[B]),
    ];
    picture(
        resources,
        observed(&[
            ("front-door", A, role(A, true)),
            ("front-door", B, role(B, false)),
            ("switch", A, switched(A, true)),
            ("switch", B, switched(B, false)),
            ("orders", A, aurora_facts("orders", A, true)),
            ("orders", B, aurora_facts("orders", B, false)),
            ("web", A, service(6)),
            ("web", B, service(2)),
            ("orders-lag", B, alarm("OK")),
        ]),
    )
}

pub fn picture(resources: Vec<Resource>, observations: ObservationMap) -> Picture {
    Picture {
        application: application(Strategy::WarmStandby, &[A, B], resources),
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

/// As it is now is how it stood before: for what comes after a failover.
pub fn remembered(picture: &Picture) -> Picture {
    let before = picture
        .observations
        .iter()
        .filter_map(|(k, sight)| sight.known().map(|facts| (k.clone(), facts.clone())))
        .collect();
    Picture { before, ..picture.clone() }
}

pub fn see(picture: &mut Picture, resource: &str, code: &str, facts: Facts) {
    picture.observations.insert(super::world::key(resource, code), known(facts));
}

pub fn health_check(of: &str) -> Resource {
    let health_check_id = format!("check-{A}");
    resource(of, ResourceSpec::Route53HealthCheck(Route53HealthCheck { health_check_id }))
}

/// The endpoint check of [`A`], seen healthy by all.
pub fn check() -> HealthCheck {
    HealthCheck {
        id: format!("check-{A}"),
        version: 3,
        watches: Watched::Endpoint {
            address: format!("{A}.shop.example.com"),
            path: Some("/healthz".into()),
        },
        inverted: false,
        disabled: false,
        checkers: Some(Checkers { healthy: 3, all: 3 }),
    }
}

/// The same check, inverted, over the object of [`object`].
pub fn inverted_check() -> HealthCheck {
    let address = format!("switches.s3.{B}.amazonaws.com");
    let watches = Watched::Endpoint { address, path: Some("/shop/STOP".into()) };
    HealthCheck { inverted: true, watches, checkers: Some(Checkers { healthy: 0, all: 3 }), ..check() }
}

/// An object in [`B`] that holds [`A`] out.
pub fn switch_object(of: &str) -> Resource {
    let place = SwitchObjectPlace {
        bucket: "switches".into(),
        key: "shop/STOP".into(),
        content: None,
        holds_out: region(A),
        health_check_id: format!("check-{A}"),
    };
    let per_region = BTreeMap::from([(region(B), place)]);
    resource(of, ResourceSpec::S3SwitchObject(S3SwitchObject { per_region }))
}

pub fn object(holds: bool) -> SwitchObject {
    SwitchObject {
        bucket: "switches".into(),
        key: "shop/STOP".into(),
        etag: holds.then(|| "one".into()),
        holds,
        holds_out: region(A),
        health_check_id: format!("check-{A}"),
    }
}

/// Failover records whose primary follows an inverted check over an object.
pub fn stoppable() -> Picture {
    let mut picture = picture(
        vec![dns("front-door"), health_check("guard"), switch_object("stop")],
        both("guard", &Facts::HealthCheck(inverted_check())),
    );
    see(&mut picture, "front-door", A, role(A, true));
    see(&mut picture, "front-door", B, role(B, false));
    see(&mut picture, "stop", B, Facts::SwitchObject(object(false)));
    picture
}

pub fn both(resource: &str, facts: &Facts) -> ObservationMap {
    observed(&[(resource, A, facts.clone()), (resource, B, facts.clone())])
}

pub fn distribution(of: &str) -> Resource {
    let distribution_id = "E1".into();
    resource(of, ResourceSpec::CloudfrontDistribution(CloudfrontDistribution { distribution_id }))
}

/// A distribution over one origin per Region, in this order.
pub fn origin(code: &str, order: &[&str]) -> DistributionOrigin {
    DistributionOrigin {
        distribution_id: "E1".into(),
        origins: vec![format!("origin-{code}")],
        groups: BTreeMap::from([("regions".into(), order.iter().map(|c| format!("origin-{c}")).collect())]),
        status: "Deployed".into(),
        enabled: true,
        etag: "EONE".into(),
    }
}

pub fn switch_plan(of: &str) -> Resource {
    resource(of, ResourceSpec::ArcRegionSwitchPlan(ArcRegionSwitchPlan { plan_arn: PLAN.into() }))
}

pub fn region_switch(executions: Vec<SwitchExecution>) -> RegionSwitch {
    RegionSwitch {
        plan_arn: PLAN.into(),
        name: "shop".into(),
        version: Some("1".into()),
        approach: "activePassive".into(),
        regions: vec![A.into(), B.into()],
        actions: vec!["activate".into()],
        evaluation: Some("passed".into()),
        evaluated_at: Some(NOW),
        warnings: Vec::new(),
        executions,
    }
}

pub fn execution(id: &str, code: &str, state: &str) -> SwitchExecution {
    SwitchExecution {
        id: id.into(),
        region: code.into(),
        action: "activate".into(),
        mode: "graceful".into(),
        state: state.into(),
        started_at: NOW,
        ended_at: None,
        step: None,
    }
}

/// A record without the alias that tells its Region, guarded by another check.
pub fn guarded_by(check: &str, code: &str) -> Facts {
    let record = DnsRecord {
        health_check_id: Some(check.into()),
        ..record(code, Routing::Latency { region: code.into() })
    };
    Facts::record(Some(record))
}
