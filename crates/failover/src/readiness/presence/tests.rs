//! What is missing in a recovery Region, and how grave that is.

use crate::plan::Picture;
use crate::readiness::{Finding, Severity, Survive, findings, would_survive};
use crate::testing::region;
use crate::testing::world::{
    A, B, absent, alarm, alarm_on, around, aurora, key, known, lag_alarm, resource, setting, shop, stack,
};
use holdfast_domain::resource::{
    AttachmentPlace, BucketPlace, InRegions, KeyPlace, KmsKey, Probe, ProbePlace, S3Replication,
    TransitGateway,
};
use holdfast_domain::{Facts, Resource, ResourceSpec, Sight, Strategy};

fn of(picture: &Picture) -> Vec<Finding> {
    findings(&picture.application, around(picture), &picture.observations, picture.now)
}

/// The severity at which it is said that the recovery Region has none.
fn lacking(strategy: Strategy, resource: Resource) -> Option<Severity> {
    let mut picture = Picture { observations: [].into(), ..shop() };
    picture.application.strategy = strategy;
    picture.application.resources = vec![resource];
    let found = of(&picture).into_iter().find(|f| f.code == "not_in_recovery_region")?;
    assert_eq!(found.region, Some(region(B)));
    assert!(found.sentence.contains(A), "{}", found.sentence);
    Some(found.severity)
}

fn at_home<T>(place: T) -> std::collections::BTreeMap<holdfast_domain::RegionCode, T> {
    [(region(A), place)].into()
}

#[test]
fn each_kind_with_places_is_missed_in_the_recovery_region_as_gravely_as_the_strategy_needs_it() {
    use Severity::{Blocker, Note, Warning};
    let bucket = BucketPlace { bucket: "b".into() };
    let attachment = AttachmentPlace { attachment: "tgw-attach-1".into() };
    let probe = ProbePlace { url: "https://a.example.com".into(), expect: None, timeout: None };
    let regions = || InRegions { regions: vec![region(A)] };
    let mut stack = stack("platform");
    let mut setting = setting("database");
    if let ResourceSpec::CloudformationStack(spec) = &mut stack.spec {
        spec.per_region = at_home(spec.per_region[&region(B)].clone());
    }
    if let ResourceSpec::EndpointSetting(spec) = &mut setting.spec {
        spec.per_region = at_home(spec.per_region[&region(B)].clone());
    }
    let spec = |spec| resource("thing", spec);
    // At warm standby, pilot light, and backup and restore.
    let cases = [
        (
            spec(ResourceSpec::S3Replication(S3Replication { per_region: at_home(bucket) })),
            [Blocker, Blocker, Warning],
        ),
        (
            spec(ResourceSpec::KmsKey(KmsKey { per_region: at_home(KeyPlace { key_id: "k".into() }) })),
            [Blocker, Blocker, Warning],
        ),
        (
            spec(ResourceSpec::TransitGateway(TransitGateway { per_region: at_home(attachment) })),
            [Blocker, Blocker, Warning],
        ),
        (setting, [Blocker, Blocker, Warning]),
        (stack, [Note, Blocker, Blocker]),
        (spec(ResourceSpec::ConfigRecorder(regions())), [Warning, Note, Note]),
        (spec(ResourceSpec::SecurityHub(regions())), [Warning, Note, Note]),
        (spec(ResourceSpec::Probe(Probe { per_region: at_home(probe) })), [Warning, Note, Note]),
    ];
    for (resource, expected) in cases {
        let strategies = [Strategy::WarmStandby, Strategy::PilotLight, Strategy::BackupRestore];
        let found = strategies.map(|strategy| lacking(strategy, resource.clone()));
        assert_eq!(found, expected.map(Some), "{}", resource.spec.kind().as_str());
    }
}

#[test]
fn an_alarm_on_lag_stands_where_the_metric_is_and_any_other_in_each_region() {
    let missed = |facts: Facts| {
        let mut picture = Picture { observations: [].into(), ..shop() };
        picture.application.resources = vec![lag_alarm("errors", &[A])];
        picture.observations.insert(key("errors", A), known(facts));
        of(&picture).iter().any(|f| f.code == "not_in_recovery_region")
    };
    assert!(!missed(alarm("OK")));
    let errors = alarm_on(("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"), &[("LoadBalancer", "web")]);
    assert!(missed(Facts::Alarm { alarm: Some(errors) }));
}

#[test]
fn what_aws_says_is_not_there_blocks_and_what_could_not_be_asked_is_unknown() {
    let unseen = |absent| {
        let mut picture = shop();
        picture.application.resources = vec![aurora("orders"), lag_alarm("orders-lag", &[B])];
        let sight = Sight::Unknown {
            reason: "no member in eu-central-1".into(),
            absent,
            since: Some(picture.now),
            last: None,
        };
        picture.observations.insert(key("orders", B), sight);
        picture
    };
    let picture = unseen(true);
    let found = of(&picture);
    assert_eq!(would_survive(&found), Survive::No);
    let missing = found.iter().find(|f| f.code == "not_there").unwrap();
    assert_eq!((missing.severity, missing.seen_at), (Severity::Blocker, Some(picture.now)));
    assert!(missing.way_out.contains("Create it in eu-central-1"), "{}", missing.way_out);
    assert!(found.iter().all(|f| f.code != "not_seen"));

    let found = of(&unseen(false));
    assert!(found.iter().any(|f| f.code == "not_seen") && would_survive(&found) != Survive::Yes);
}

#[test]
fn compute_that_is_gone_blocks_where_the_load_would_go_and_at_home_is_a_reason_to_move() {
    for (code, severity) in [(A, Severity::Warning), (B, Severity::Blocker)] {
        let mut picture = shop();
        picture.observations.insert(key("web", code), absent(None));
        let found = of(&picture);
        let missing = found.iter().find(|f| f.code == "not_there").unwrap();
        assert_eq!((missing.region.clone(), missing.severity), (Some(region(code)), severity), "{code}");
    }
}

#[test]
fn what_a_stack_may_bring_is_not_known_to_be_missing() {
    let mut picture = shop();
    picture.application.strategy = Strategy::PilotLight;
    picture.application.resources.push(stack("platform"));
    let sight = Sight::Unknown {
        reason: "no service web".into(),
        absent: true,
        since: Some(picture.now),
        last: None,
    };
    picture.observations.insert(key("web", B), sight);
    let found = of(&picture);
    let web = found.iter().find(|f| f.resource.as_ref().is_some_and(|r| r.as_str() == "web")).unwrap();
    assert_eq!((web.code.as_str(), web.severity), ("not_built_yet", Severity::Unknown));
}

#[test]
fn backup_and_restore_without_a_vault_could_restore_nothing() {
    let mut picture = shop();
    picture.application.strategy = Strategy::BackupRestore;
    let found = of(&picture);
    let none = found.iter().find(|f| f.code == "no_backups").unwrap();
    assert_eq!(none.severity, Severity::Blocker);
    picture.application.resources.push(crate::testing::stores::vault("backups"));
    assert!(of(&picture).iter().all(|f| f.code != "no_backups"));
}
