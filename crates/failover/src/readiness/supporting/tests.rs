//! Each lack of what the recovery Region must have, and what is said of it.

use super::super::{Finding, Severity, findings};
use crate::plan::Picture;
use crate::testing::world::{
    A, B, alarm, around, aurora, key, known, lag_alarm, resource, setting, setting_facts, shop, stack,
    stack_facts,
};
use crate::testing::{NOW, region};
use holdfast_domain::facts::{
    AttachmentFacts, Comparison, HealthEvent, HubFacts, KmsKeyFacts, MetricFacts, ParameterFacts, QuotaFacts,
    RecorderFacts, SecretFacts,
};
use holdfast_domain::resource::{
    AttachmentPlace, CloudwatchMetric, InRegions, KeyPlace, KmsKey, MetricPlace, Secret, ServiceQuota,
    SsmParameter, TransitGateway,
};
use holdfast_domain::{Facts, Resource, ResourceSpec};

/// What is found of one resource that stands like this at home and in the recovery Region.
fn found(resource: Resource, home: Option<Facts>, recovery: Facts) -> Vec<Finding> {
    let name = resource.name.to_string();
    let mut picture = shop();
    picture.application.resources = vec![resource];
    if let Some(home) = home {
        picture.observations.insert(key(&name, A), known(home));
    }
    picture.observations.insert(key(&name, B), known(recovery));
    of(&picture)
}

fn of(picture: &Picture) -> Vec<Finding> {
    let found = findings(&picture.application, around(picture), &picture.observations, picture.now);
    assert!(found.iter().all(|f| f.sentence.ends_with('.') && f.way_out.ends_with('.')), "{found:?}");
    found
}

/// Without what is found of the application as a whole.
fn codes(found: &[Finding]) -> Vec<(&str, Severity)> {
    found.iter().filter(|f| f.resource.is_some()).map(|f| (f.code.as_str(), f.severity)).collect()
}

fn secret(change: impl FnOnce(&mut SecretFacts)) -> Facts {
    let mut secret = SecretFacts {
        arn: "arn:aws:secretsmanager:eu-central-1:222222222222:secret:db-abcdef".into(),
        primary_region: Some(A.into()),
        replication: Some("InSync".into()),
        message: None,
        current_version: Some("1".into()),
        deleted: false,
    };
    change(&mut secret);
    Facts::Secret { secret: Some(secret) }
}

#[test]
fn a_secret_must_be_in_the_recovery_region_and_in_sync() {
    use Severity::{Blocker, Unknown, Warning};
    let entry = || resource("db", ResourceSpec::Secret(Secret { secret: None }));
    let home = || Some(secret(|s| s.replication = None));
    let cases: Vec<(Facts, Vec<(&str, Severity)>)> = vec![
        (secret(|_| {}), vec![]),
        (Facts::Secret { secret: None }, vec![("secret_not_replicated", Blocker)]),
        (secret(|s| s.replication = Some("Failed".into())), vec![("secret_not_in_sync", Blocker)]),
        (secret(|s| s.replication = Some("InProgress".into())), vec![("secret_not_in_sync", Warning)]),
        (secret(|s| s.replication = None), vec![("secret_sync_not_known", Unknown)]),
        (secret(|s| s.deleted = true), vec![("secret_deleted", Blocker)]),
    ];
    for (recovery, expected) in cases {
        let found = found(entry(), home(), recovery);
        assert_eq!(codes(&found), expected);
    }
    let alone = |s: &mut SecretFacts| (s.primary_region, s.replication) = (None, None);
    let unrelated = found(entry(), Some(secret(alone)), secret(alone));
    assert_eq!(codes(&unrelated), [("secrets_unrelated", Warning), ("secrets_unrelated", Warning)]);
}

#[test]
fn a_quota_below_that_of_the_home_region_is_found_with_what_to_ask_for() {
    let quota =
        |value, applied| Facts::Quota(QuotaFacts { name: "vCPU".into(), value, applied, adjustable: true });
    let spec = ServiceQuota { service: "fargate".into(), quota: "L-3032A538".into() };
    let entry = || resource("vcpu", ResourceSpec::ServiceQuota(spec.clone()));
    let low = found(entry(), Some(quota(400.0, true)), quota(6.0, false));
    assert_eq!(codes(&low), [("quota_too_low", Severity::Warning)]);
    assert!(low[0].way_out.contains("400"), "{}", low[0].way_out);
    assert_eq!(codes(&found(entry(), Some(quota(6.0, false)), quota(6.0, true))), []);
}

#[test]
fn a_store_without_an_alarm_on_its_lag_is_found_and_any_alarm_on_it_will_do() {
    let with = |resources: Vec<Resource>, facts: Option<Facts>| {
        let mut picture = shop();
        picture.application.resources = resources;
        picture.observations.remove(&key("orders-lag", B));
        if let Some(facts) = facts {
            picture.observations.insert(key("orders-lag", B), known(facts));
        }
        codes(&of(&picture)).contains(&("no_lag_alarm", Severity::Warning))
    };
    let both = || vec![aurora("orders"), lag_alarm("orders-lag", &[B])];
    assert!(with(vec![aurora("orders")], None));
    assert!(!with(both(), Some(alarm("OK"))));
    assert!(with(both(), Some(Facts::Alarm { alarm: None })));
    assert!(!with(both(), None), "one that cannot be seen may be the one, and is told of by itself");
}

#[test]
fn an_alarm_without_data_is_unknown_and_never_well() {
    let entry = || lag_alarm("orders-lag", &[B]);
    let state = |state: &str| found(entry(), None, alarm(state));
    assert_eq!(codes(&state("OK")), []);
    assert_eq!(codes(&state("ALARM")), [("alarm_rings", Severity::Warning)]);
    assert_eq!(codes(&state("INSUFFICIENT_DATA")), [("alarm_without_data", Severity::Unknown)]);
}

#[test]
fn keys_parameters_networks_and_recorders_are_found_wanting() {
    use Severity::{Blocker, Note, Warning};
    let key = |state: &str, primary: Option<&str>| Facts::KmsKey {
        key: Some(KmsKeyFacts {
            arn: "arn".into(),
            state: state.into(),
            primary_arn: primary.map(str::to_owned),
        }),
    };
    let place = |_: &str| KeyPlace { key_id: "mrk-1".into() };
    let keys = || {
        let per_region = [A, B].map(|code| (region(code), place(code))).into();
        resource("key", ResourceSpec::KmsKey(KmsKey { per_region }))
    };
    let home = || Some(key("Enabled", Some("arn:p")));
    assert_eq!(codes(&found(keys(), home(), key("Enabled", Some("arn:p")))), []);
    assert_eq!(codes(&found(keys(), home(), Facts::KmsKey { key: None })), [("key_missing", Blocker)]);
    assert_eq!(codes(&found(keys(), home(), key("Disabled", Some("arn:p")))), [("key_not_enabled", Blocker)]);
    assert_eq!(codes(&found(keys(), home(), key("Enabled", None))), [("keys_unrelated", Warning)]);

    let parameter = |differs: Option<Vec<String>>| Facts::Parameter {
        parameter: Some(ParameterFacts {
            version: 1,
            parameter_type: "String".into(),
            differs_from: differs,
        }),
    };
    let entry = || resource("p", ResourceSpec::SsmParameter(SsmParameter { parameter: None }));
    let home = || Some(parameter(Some(vec![])));
    assert_eq!(codes(&found(entry(), home(), parameter(Some(vec![])))), []);
    assert_eq!(codes(&found(entry(), home(), parameter(None))), [("parameter_not_compared", Note)]);
    assert_eq!(
        codes(&found(entry(), home(), parameter(Some(vec![A.into()])))),
        [("parameter_differs", Warning)]
    );
    assert_eq!(
        codes(&found(entry(), home(), Facts::Parameter { parameter: None })),
        [("parameter_missing", Blocker)]
    );

    let attachment = |state: &str| Facts::Attachment {
        attachment: Some(AttachmentFacts {
            transit_gateway: "tgw-1".into(),
            resource_type: "peering".into(),
            state: state.into(),
            peer_region: Some(A.into()),
            message: None,
        }),
    };
    let entry = || {
        let place = AttachmentPlace { attachment: "tgw-attach-1".into() };
        let per_region = [A, B].map(|code| (region(code), place.clone())).into();
        resource("backbone", ResourceSpec::TransitGateway(TransitGateway { per_region }))
    };
    let found_pending = found(entry(), Some(attachment("available")), attachment("pendingAcceptance"));
    assert_eq!(codes(&found_pending), [("attachment_not_available", Blocker)]);
    let of_vpcs = |state: &str| {
        let Facts::Attachment { attachment: Some(of_gateways) } = attachment(state) else { unreachable!() };
        let resource_type = AttachmentFacts::VPC_PEERING.into();
        Facts::Attachment { attachment: Some(AttachmentFacts { resource_type, ..of_gateways }) }
    };
    assert_eq!(codes(&found(entry(), Some(of_vpcs("active")), of_vpcs("active"))), []);
    let found_expired = found(entry(), Some(of_vpcs("active")), of_vpcs("expired"));
    assert_eq!(codes(&found_expired), [("attachment_not_available", Blocker)]);

    let regions = || InRegions { regions: vec![region(A), region(B)] };
    let recorder = |recording| Facts::ConfigRecorder {
        recorder: Some(RecorderFacts {
            name: "default".into(),
            recording,
            last_status: Some("SUCCESS".into()),
            message: None,
        }),
    };
    let entry = resource("history", ResourceSpec::ConfigRecorder(regions()));
    assert_eq!(codes(&found(entry, Some(recorder(true)), recorder(false))), [("recorder_stopped", Warning)]);
    let health = |codes: &[&str]| Facts::AwsHealth {
        events: codes
            .iter()
            .map(|code| HealthEvent {
                service: "EC2".into(),
                code: (*code).into(),
                region: B.into(),
                since: None,
            })
            .collect(),
        more: false,
    };
    let entry = || resource("aws", ResourceSpec::AwsHealth(regions()));
    assert_eq!(codes(&found(entry(), Some(health(&[])), health(&[]))), []);
    let open = found(entry(), Some(health(&[])), health(&["AWS_EC2_OPERATIONAL_ISSUE", "B"]));
    assert_eq!(codes(&open), [("aws_event_open", Warning)]);
    assert!(health(&[]).signal().unwrap().is_ok(), "a step may require that nothing is open");
    assert!(health(&["AWS_EC2_OPERATIONAL_ISSUE"]).signal().unwrap().unwrap_err().contains("AWS_EC2"));
    let hub = |critical, high| Facts::SecurityHub { hub: Some(HubFacts { critical, high, more: false }) };
    let entry = || resource("hub", ResourceSpec::SecurityHub(regions()));
    assert_eq!(codes(&found(entry(), Some(hub(0, 0)), hub(0, 2))), [("open_findings", Note)]);
    assert_eq!(codes(&found(entry(), Some(hub(0, 0)), hub(1, 2))), [("open_findings", Warning)]);
    assert_eq!(
        codes(&found(entry(), Some(hub(0, 0)), Facts::SecurityHub { hub: None })),
        [("security_hub_off", Warning)]
    );
}

#[test]
fn a_stack_and_a_setting_must_be_such_that_a_step_can_use_them() {
    use Severity::{Blocker, Note, Warning};
    let built = |facts| codes_of(&found(stack("platform"), None, facts));
    assert_eq!(built(stack_facts("CREATE_COMPLETE", 0)), []);
    assert_eq!(built(Facts::Stack { stack: None }), [("stack_to_create".to_owned(), Note)]);
    assert_eq!(built(stack_facts("ROLLBACK_COMPLETE", 0)), [("stack_not_usable".to_owned(), Blocker)]);
    assert_eq!(built(stack_facts("UPDATE_IN_PROGRESS", 0)), [("stack_in_progress".to_owned(), Warning)]);

    let pointed = |facts| {
        let mut picture = shop();
        picture.application.resources.push(setting("database"));
        picture.observations.insert(key("database", B), known(facts));
        let found = of(&picture);
        codes_of(&found).into_iter().filter(|(code, _)| code.starts_with("setting")).collect::<Vec<_>>()
    };
    assert_eq!(pointed(setting_facts("db.example.com")), []);
    assert_eq!(pointed(Facts::Setting { setting: None }), [("setting_missing".to_owned(), Blocker)]);
    let lost = codes_of(&found(setting("database"), None, setting_facts("db.example.com")));
    assert_eq!(lost, [("setting_without_store".to_owned(), Blocker)]);
}

fn codes_of(found: &[Finding]) -> Vec<(String, Severity)> {
    codes(found).into_iter().map(|(code, severity)| (code.to_owned(), severity)).collect()
}

#[test]
fn a_metric_that_is_not_well_is_told_before_anything_is_moved_there() {
    let entry = || {
        let spec = CloudwatchMetric {
            namespace: "Shop".into(),
            metric: "CheckoutSuccess".into(),
            statistic: "Average".into(),
            period: "1m".into(),
            well_when: "at_least".into(),
            threshold: "95".into(),
            per_region: [A, B].map(|code| (region(code), MetricPlace::default())).into(),
        };
        resource("success", ResourceSpec::CloudwatchMetric(spec))
    };
    let at = |value: f64| {
        Facts::Metric(MetricFacts {
            what: "Average of Shop/CheckoutSuccess".into(),
            value,
            at: NOW,
            well_when: Comparison::AtLeast,
            threshold: 95.0,
        })
    };
    assert_eq!(codes(&found(entry(), Some(at(99.0)), at(95.0))), []);
    let ill = found(entry(), Some(at(99.0)), at(12.5));
    assert_eq!(codes(&ill), [("metric_not_well", Severity::Warning)]);
    let sentence = &ill.iter().find(|f| f.code == "metric_not_well").unwrap().sentence;
    assert!(sentence.contains("was 12.5") && sentence.contains("at least 95"), "{sentence}");
}
