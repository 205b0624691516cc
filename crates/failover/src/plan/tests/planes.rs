//! Which planes steps are labelled with that only look, and what is said of those that make something.

use super::*;
use crate::testing::world::stack;
use holdfast_domain::Facts;

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
