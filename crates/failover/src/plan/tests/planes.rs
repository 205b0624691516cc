//! Which planes steps are labelled with that only look, and what is said of those that make something.

use super::*;
use crate::testing::world::{record_setting, setting, stack};
use holdfast_domain::resource::SettingPlace;

fn plane<'a>(plan: &'a Plan, step: &str) -> &'a str {
    &plan.steps.iter().find(|s| s.id.as_str() == step).unwrap().plane
}

#[test]
fn a_step_that_only_looks_is_labelled_by_what_it_looks_at() {
    let plan = planned(&shop(), &failover(Mode::Planned));
    assert_eq!(
        plane(&plan, "observe-again"),
        "s3-mrap-routes@any-of-five, ecs+rds@eu-central-1, ecs+rds+route53@us-east-1, globalaccelerator@us-west-2"
    );
    assert_eq!(
        plane(&plan, "confirm-serving"),
        "s3-mrap-routes@any-of-five, rds@eu-central-1, rds+route53@us-east-1, globalaccelerator@us-west-2"
    );
    let emergency = planned(&shop(), &failover(Mode::Emergency));
    assert_eq!(
        plane(&emergency, "observe-again"),
        "s3-mrap-routes@any-of-five, ecs+rds@eu-central-1, route53@us-east-1, globalaccelerator@us-west-2",
        "the Region being left is looked at and not needed"
    );
}

#[test]
fn a_look_at_a_setting_is_labelled_by_what_holds_it() {
    let mut in_secret = setting("in-secret");
    if let ResourceSpec::EndpointSetting(spec) = &mut in_secret.spec {
        let place = SettingPlace {
            secret: Some("shop/database".into()),
            key: Some("host".into()),
            ..SettingPlace::default()
        };
        spec.per_region = [(region(B), place)].into();
    }
    let mut application = shop().application;
    application.resources = vec![setting("in-parameter"), in_secret, record_setting("in-record", &[A, B])];
    let label = |of: &str, code: &str| {
        let mut plan = planned(&shop(), &failover(Mode::Planned));
        plan.facts = vec![Fact {
            resource: name(of),
            region: region(code),
            what: "setting".into(),
            value: "orders.example.com".into(),
        }];
        crate::plan::planes::label_looks(&mut plan, &application, None);
        plane(&plan, "observe-again").to_owned()
    };
    assert_eq!(label("in-parameter", B), "ssm@eu-central-1");
    assert_eq!(label("in-secret", B), "secretsmanager@eu-central-1");
    assert_eq!(label("in-record", B), "route53@us-east-1");
}

#[test]
fn an_emergency_that_creates_a_stack_says_that_it_may_wait_for_dns_names() {
    let mut picture = shop();
    picture.application.strategy = Strategy::PilotLight;
    picture.application.resources.push(stack("platform"));
    picture.observations.insert(key("platform", B), known(Facts::Stack { stack: None }));
    let noted = |mode| {
        let plan = planned(&picture, &failover(mode));
        assert!(plan.steps.iter().any(|s| s.kind() == "create_stack"), "{:?}", plan.steps);
        plan.notes.iter().any(|n| n.contains("may make what gets a DNS name"))
    };
    assert!(noted(Mode::Emergency));
    assert!(!noted(Mode::Planned));
}
