//! What readiness finds, each lack with its gravity.

mod compute;
mod stores;
mod switches;

use super::*;
use crate::plan::Picture;
use crate::testing::world::{
    A, B, around, aurora_facts, dns, ecs, feed, group, key, known, lag_alarm, member, plain_record, record,
    resource, route, service, shop, unknown,
};
use crate::testing::{after, name, region};
use holdfast_domain::facts::{Lag, Routing};
use holdfast_domain::resource::{Probe, ProbePlace};
use holdfast_domain::{Need, OwnCall, ResourceKind, ResourceSpec, Seconds, Strategy};

fn found(picture: &Picture) -> Vec<Finding> {
    found_with(picture, &[], &[])
}

fn found_with(
    picture: &Picture,
    permissions: &[Permissions],
    groups_without_approver: &[Name],
) -> Vec<Finding> {
    let around = Surroundings { permissions, groups_without_approver, ..around(picture) };
    findings(&picture.application, around, &picture.observations, picture.now)
}

/// Codes with their severity, without the notes.
fn grave(picture: &Picture) -> Vec<(String, Severity)> {
    found(picture)
        .into_iter()
        .filter(|f| f.severity != Severity::Note)
        .map(|f| (f.code, f.severity))
        .collect()
}

fn with(change: impl FnOnce(&mut Picture)) -> Picture {
    let mut picture = shop();
    change(&mut picture);
    picture
}

fn copy(change: impl FnOnce(&mut holdfast_domain::facts::AuroraMember)) -> Picture {
    let mut m = member("orders", B, false);
    change(&mut m);
    with(|p| {
        p.observations.insert(key("orders", B), known(Facts::AuroraMember(m)));
    })
}

fn records(
    a: Option<holdfast_domain::facts::DnsRecord>,
    b: Option<holdfast_domain::facts::DnsRecord>,
) -> Picture {
    with(|p| {
        p.application.resources = vec![dns("front-door")];
        p.observations.insert(key("front-door", A), known(Facts::record(a)));
        p.observations.insert(key("front-door", B), known(Facts::record(b)));
    })
}

#[test]
fn a_warm_standby_in_order_would_survive_with_notes_only() {
    for picture in [shop(), feed()] {
        assert_eq!(grave(&picture), []);
        assert_eq!(would_survive(&found(&picture)), Survive::Yes);
    }
    let notes: Vec<_> = found(&shop()).into_iter().map(|f| f.code).collect();
    assert!(
        notes.contains(&"capacity_to_raise".to_owned()) && notes.contains(&"returns_by_itself".to_owned())
    );
}

#[test]
fn each_lack_is_found_with_its_gravity() {
    use Severity::{Blocker, Unknown, Warning};
    let simple = || Some(record(A, Routing::Simple));
    let primary = |primary| Some(record(A, Routing::Failover { primary }));
    let slow = || {
        let mut r = plain_record(A, Routing::Weighted { weight: 1 }, "192.0.2.1");
        r.ttl_seconds = Some(451);
        Some(r)
    };
    let unchecked = || {
        let mut r = plain_record(A, Routing::Failover { primary: true }, "192.0.2.1");
        r.health_check_id = None;
        Some(r)
    };
    let lag = |ms, at| Lag { milliseconds: ms, measured_at: at, metric: "AuroraGlobalDBProgressLag".into() };
    let now = shop().now;
    let cases: Vec<(Picture, &str, Severity)> = vec![
        (copy(|m| m.lag = Some(lag(30_001.0, now))), "lag_above_rpo", Blocker),
        (copy(|m| m.lag = Some(lag(1.0, after(-301)))), "lag_not_measured", Unknown),
        (copy(|m| m.lag = Some(lag(f64::NAN, now))), "lag_not_measured", Unknown),
        (copy(|m| m.lag = None), "lag_not_measured", Unknown),
        (copy(|m| m.instances = Some(0)), "copy_without_instance", Blocker),
        (copy(|m| m.instances = None), "instances_not_known", Unknown),
        (copy(|m| m.instance_classes = vec!["db.t4g.medium".into()]), "smaller_instance", Warning),
        (copy(|m| m.instance_classes = vec!["db.t4g.large".into()]), "smaller_instance", Warning),
        (copy(|m| m.synchronization = Some("pending-resync".into())), "copy_not_connected", Blocker),
        (copy(|m| m.synchronization = None), "copy_not_connected", Unknown),
        (copy(|m| m.cluster_status = Some("modifying".into())), "cluster_not_available", Warning),
        (
            with(|p| {
                p.observations.insert(key("orders", A), known(aurora_facts("orders", A, false)));
            }),
            "writer_not_known",
            Blocker,
        ),
        (
            with(|p| {
                p.application.resources = vec![ecs("web", &[(A, None)])];
            }),
            "service_missing",
            Blocker,
        ),
        (
            with(|p| {
                p.observations.insert(key("web", B), known(service(0)));
            }),
            "standby_empty",
            Warning,
        ),
        (records(slow(), slow()), "ttl_too_long", Warning),
        (records(simple(), None), "simple_record", Blocker),
        (records(primary(true), None), "no_record_for_region", Warning),
        (records(unchecked(), primary(false)), "record_without_health_check", Warning),
        (
            with(|p| {
                p.application.objectives.rto = Seconds(5);
            }),
            "objective_outside_strategy",
            Warning,
        ),
        (
            with(|p| {
                p.application.data_residency = vec![region(A)];
            }),
            "outside_data_residency",
            Blocker,
        ),
        (
            with(|p| {
                p.application.resources.clear();
            }),
            "no_resources",
            Unknown,
        ),
    ];
    for (picture, code, severity) in cases {
        assert!(grave(&picture).contains(&(code.to_owned(), severity)), "{code}: {:?}", grave(&picture));
        let expected = match severity {
            Blocker => Survive::No,
            Unknown => Survive::Unknown,
            Severity::Note | Warning => Survive::Yes,
        };
        if grave(&picture).len() == 1 {
            assert_eq!(would_survive(&found(&picture)), expected, "{code}");
        }
    }
}

#[test]
fn services_that_are_not_steady_are_told_apart_from_those_that_cannot_start() {
    type Spoil = fn(&mut holdfast_domain::facts::EcsServiceFacts);
    let cases: [(Spoil, &str, Severity); 3] = [
        (|s| s.running = 1, "service_not_steady", Severity::Warning),
        (|s| s.rollout = Some("FAILED".into()), "rollout_failed", Severity::Blocker),
        (|s| s.status = "INACTIVE".into(), "service_not_active", Severity::Blocker),
    ];
    for (change, code, severity) in cases {
        let picture = with(|p| {
            let Facts::EcsService(mut s) = service(2) else { unreachable!() };
            change(&mut s);
            p.observations.insert(key("web", B), known(Facts::EcsService(s)));
        });
        assert_eq!(grave(&picture), [(code.to_owned(), severity)]);
    }
}

#[test]
fn an_active_active_application_led_to_one_region_is_found() {
    let mut picture = feed();
    for code in [B, crate::testing::world::C] {
        picture.observations.insert(key("edge", code), known(group(code, 0, 0)));
    }
    assert!(grave(&picture).contains(&("routed_to_one_region".to_owned(), Severity::Warning)));
    let routes = with(|p| {
        p.application.strategy = Strategy::ActiveActive;
        p.application.resources = vec![crate::testing::world::access_point("assets")];
        p.observations.insert(key("assets", B), known(route(B, 0)));
    });
    assert_eq!(grave(&routes), [("routed_to_one_region".to_owned(), Severity::Warning)]);
}

#[test]
fn what_cannot_be_seen_says_why_and_what_to_mend() {
    let unseen = |reason: &str| {
        let picture = with(|p| {
            let sight = Sight::Unknown { reason: reason.into(), absent: false, since: None, last: None };
            p.observations.insert(key("web", B), sight);
        });
        let found = found(&picture);
        assert_eq!(would_survive(&found), Survive::Unknown);
        found.into_iter().find(|f| f.code == "not_seen").unwrap()
    };
    let trust = unseen("sts:AssumeRole in eu-central-1 of account 222222222222: access denied");
    assert!(
        trust.way_out.contains("holdfast-read") && trust.way_out.contains("demo-shop-prod"),
        "{}",
        trust.way_out
    );
    assert!(unseen("ecs:DescribeServices: not authorized").way_out.contains("Allow the read"));
    assert!(unseen("ecs:DescribeServices: service not found").way_out.contains("`web` of the inventory"));
    assert!(unseen("no connection").way_out.contains("impaired"));
}

#[test]
fn a_stale_picture_is_unknown_even_where_it_was_well() {
    let picture = with(|p| {
        let stale = Sight::Stale { at: after(-900), facts: service(6), reason: "last seen 900 s ago".into() };
        p.observations.insert(key("web", B), stale);
        p.observations.insert(key("web", A), unknown(Some(service(6))));
    });
    let found = found(&picture);
    let codes: Vec<_> =
        found.iter().filter(|f| f.severity == Severity::Unknown).map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["not_seen", "picture_stale"]);
    assert!(found.iter().filter(|f| f.severity == Severity::Unknown).all(|f| f.seen_at.is_some()));
}

#[test]
fn nobody_to_approve_is_a_blocker() {
    let picture = shop();
    let found = found_with(&picture, &[], &[name("sre")]);
    assert_eq!((found[0].code.as_str(), would_survive(&found)), ("nobody_can_approve", Survive::No));
}

#[test]
fn findings_come_worst_first_and_each_has_a_way_out() {
    let picture = with(|p| {
        p.observations.insert(key("web", B), known(service(0)));
        p.observations.insert(key("orders", B), unknown(None));
        p.application.data_residency = vec![region(A)];
    });
    let found = found(&picture);
    assert!(found.windows(2).all(|pair| pair[0].severity >= pair[1].severity));
    assert!(found.iter().all(|f| f.sentence.ends_with('.') && !f.way_out.is_empty()), "{found:?}");
}

#[test]
fn a_role_that_cannot_be_assumed_is_told_with_what_its_trust_policy_lacks() {
    let picture = shop();
    let found = |acts, answer: Result<(), &str>| {
        let told = Assumed {
            account: name("shop-prod"),
            acts,
            at: picture.now,
            answer: answer.map_err(str::to_owned),
        };
        let around = Surroundings { roles: &[told], ..around(&picture) };
        let found = findings(&picture.application, around, &picture.observations, picture.now);
        found.into_iter().find(|f| f.code.starts_with("role")).map(|f| (f.code, f.severity, f.way_out))
    };
    assert_eq!(found(true, Ok(())), None);
    let denied =
        |action| format!("AccessDenied: User: X is not authorized to perform: {action} on resource: Y");
    for (acts, action, severity, words) in [
        (true, "sts:AssumeRole", Severity::Blocker, "where it is not there"),
        (true, "sts:TagSession", Severity::Blocker, "Allow sts:TagSession"),
        (true, "sts:SetSourceIdentity", Severity::Blocker, "Allow sts:SetSourceIdentity"),
        (false, "sts:AssumeRole", Severity::Unknown, "where it is not there"),
    ] {
        let (code, found, way_out) = found(acts, Err(&denied(action))).unwrap();
        assert_eq!((code.as_str(), found), ("role_refused", severity), "{action}");
        assert!(way_out.contains(words), "{way_out}");
    }
    let (code, severity, way_out) = found(true, Err("no Region's STS answered before the deadline")).unwrap();
    assert_eq!((code.as_str(), severity), ("role_not_answered", Severity::Unknown));
    assert!(way_out.contains("reaches STS"), "{way_out}");
}

#[test]
fn a_role_that_anybody_could_have_used_blocks_those_who_use_it() {
    let mut picture = shop();
    picture.accounts.push(Account { name: name("monitoring"), ..picture.accounts[0].clone() });
    let found = |account: &str, acts| {
        let open = Open { account: name(account), acts, at: picture.now };
        let around = Surroundings { open: &[open], ..around(&picture) };
        let found = findings(&picture.application, around, &picture.observations, picture.now);
        found.into_iter().find(|f| f.code == "unsafe_trust").map(|f| (f.severity, f.sentence))
    };
    for (acts, role) in [(true, "role/holdfast-act"), (false, "role/holdfast-read")] {
        let (severity, sentence) = found("shop-prod", acts).unwrap();
        assert_eq!(severity, Severity::Blocker);
        assert!(sentence.contains(role), "{sentence}");
        assert_eq!(found("monitoring", acts), None, "nothing of shop is there");
    }
}

#[test]
fn an_act_role_that_no_step_uses_may_be_refused() {
    let mut picture = shop();
    picture.accounts.push(Account { name: name("monitoring"), ..picture.accounts[0].clone() });
    let place = ProbePlace { url: "https://a.example.com".into(), expect: None, timeout: None };
    let probe = ResourceSpec::Probe(Probe { per_region: [(region(B), place)].into() });
    for watching in [lag_alarm("lag", &[B]), resource("outside", probe)] {
        picture.application.resources.push(Resource { account: name("monitoring"), ..watching });
    }
    let told = |acts| Assumed {
        account: name("monitoring"),
        acts,
        at: picture.now,
        answer: Err("AccessDenied: not authorized to perform: sts:AssumeRole".into()),
    };
    let found = |acts, own: &[OwnStep]| {
        let around = Surroundings { roles: &[told(acts)], own, ..around(&picture) };
        let found = findings(&picture.application, around, &picture.observations, picture.now);
        found.into_iter().find(|f| f.code == "role_refused").map(|f| f.severity)
    };
    let waits = |signal: &str| -> OwnStep {
        serde_json::from_value(serde_json::json!({
            "name": "quiet", "place": {"before": "move_traffic"}, "moves": ["failover"], "in_emergency": "left_out",
            "kind": "wait_for_signal", "signal": signal, "region": "target",
        }))
        .unwrap()
    };
    assert_eq!(found(true, &[]), None);
    assert_eq!(found(true, &[waits("outside")]), None, "a probe is asked with no role");
    assert_eq!(found(true, &[waits("lag")]), Some(Severity::Blocker), "a step looks at the alarm with it");
    assert_eq!(found(false, &[]), Some(Severity::Unknown), "the read role sees the alarm");
}

#[test]
fn a_permission_that_a_role_lacks_is_named_before_it_is_needed_to_whom_it_concerns() {
    let picture = shop();
    let told = |acts, missing: Result<&[(&str, &[Need])], &str>| Permissions {
        account: name("shop-prod"),
        acts,
        at: picture.now,
        missing: missing
            .map(|all| {
                let missing = |(action, needs): &(&str, &[Need])| Missing {
                    action: (*action).to_owned(),
                    needed_by: needs.iter().copied().collect(),
                };
                all.iter().map(missing).collect()
            })
            .map_err(str::to_owned),
    };
    let found = |told: Permissions| {
        let found = found_with(&picture, &[told], &[]);
        found.into_iter().find(|f| f.code.starts_with("permission")).map(|f| (f.severity, f.sentence))
    };
    let aurora = Need::Kind(ResourceKind::AuroraGlobalDatabase);
    let replicas = Need::Kind(ResourceKind::RdsReadReplica);
    let both: &[(&str, &[Need])] =
        &[("rds:PromoteReadReplica", &[replicas]), ("rds:SwitchoverGlobalCluster", &[aurora, replicas])];
    let (severity, sentence) = found(told(true, Ok(both))).unwrap();
    assert_eq!(severity, Severity::Blocker);
    assert!(sentence.contains("holdfast-act may not do rds:SwitchoverGlobalCluster:"), "{sentence}");
    assert_eq!(found(told(true, Ok(&both[..1]))), None, "no resource of this application needs it");
    assert!(found(told(true, Ok(&[("s3:GetObject", &[])]))).is_some(), "whom it concerns is not known");
    assert_eq!(found(told(false, Err("AccessDenied"))).map(|f| f.0), Some(Severity::Unknown));
    assert_eq!(found(told(true, Ok(&[]))), None);
    let elsewhere = Permissions { account: name("other"), ..told(true, Ok(both)) };
    assert_eq!(found(elsewhere), None);
}

#[test]
fn what_a_step_of_ones_own_may_not_call_is_told_to_its_application() {
    let mut picture = shop();
    picture.accounts.push(Account { name: name("tools"), ..picture.accounts[0].clone() });
    let own: OwnStep = serde_json::from_value(serde_json::json!({
        "name": "warm", "place": {"before": "move_traffic"}, "moves": ["failover"], "in_emergency": "left_out",
        "kind": "lambda_invoke", "account": "tools", "region": "target", "function": "warm",
    }))
    .unwrap();
    let call = Need::OwnStep(OwnCall::Function);
    let told = Permissions {
        account: name("tools"),
        acts: true,
        at: picture.now,
        missing: Ok(vec![Missing { action: "lambda:InvokeFunction".into(), needed_by: [call].into() }]),
    };
    let found = |own: &[OwnStep]| {
        let around = Surroundings { permissions: std::slice::from_ref(&told), own, ..around(&picture) };
        let found = findings(&picture.application, around, &picture.observations, picture.now);
        found.into_iter().find(|f| f.code == "permission_missing").map(|f| f.severity)
    };
    assert_eq!(found(&[own]), Some(Severity::Blocker));
    assert_eq!(found(&[]), None);
}

#[test]
fn what_still_works_in_a_region_that_was_left_is_found_when_it_is_seen_again() {
    use crate::testing::compute::{HOME_QUEUE, a_function, moved_fulfilment};
    use crate::testing::stores::moved_ledger;
    let left = |unfenced| Left { from: region(A), to: region(B), unfenced };
    let works = |picture: &Picture, left: Option<&Left>| -> Vec<String> {
        let around = Surroundings { left, ..around(picture) };
        let found = findings(&picture.application, around, &picture.observations, picture.now);
        found
            .into_iter()
            .filter(|f| f.code == "left_region_works")
            .map(|f| f.resource.unwrap().to_string())
            .collect()
    };
    let mut returned = moved_fulfilment();
    assert_eq!(works(&returned, Some(&left(true))), [""; 0], "its events are off");
    let on = Facts::LambdaFunction(a_function(Some(50), HOME_QUEUE, "Enabled"));
    returned.observations.insert(key("events", A), known(on.clone()));
    for unfenced in [true, false] {
        assert_eq!(works(&returned, Some(&left(unfenced))), ["events"]);
    }
    assert_eq!(works(&returned, None), [""; 0], "no run of ours has left it");
    returned.observations.insert(key("events", A), unknown(Some(on)));
    assert_eq!(works(&returned, Some(&left(true))), [""; 0], "it has not come back");

    // What does the work goes on there, where the strategy has nothing stand by that runs.
    let mut idle = moved_fulfilment();
    idle.application.strategy = Strategy::PilotLight;
    let running = works(&idle, Some(&left(false)));
    assert!(running.contains(&"api".to_owned()) && running.contains(&"workers".to_owned()), "{running:?}");
    idle.application.strategy = Strategy::WarmStandby;
    assert_eq!(works(&idle, Some(&left(false))), [""; 0], "a warm standby runs");

    // Who writes to an old database shows nowhere: once somebody has said that nobody does, that stands.
    assert_eq!(works(&moved_ledger(), Some(&left(true))), ["books", "web"]);
    assert_eq!(works(&moved_ledger(), Some(&left(false))), ["web"]);
}
