//! What readiness finds of compute, functions and images.

use super::*;
use crate::testing::compute::{
    AWAY_QUEUE, HOME_QUEUE, a_function, a_group, a_mapping, a_node_group, a_repository, api, events,
    fulfilment, healthy, image, nodes, workers,
};
use holdfast_domain::facts::{
    AutoScalingGroupFacts, Beside, EcrRepositoryFacts, EcsServiceFacts, EksNodeGroupFacts,
    LambdaFunctionFacts, TargetHealth, Unread,
};

fn sound() -> Picture {
    let mut picture = fulfilment();
    let rested = AutoScalingGroupFacts { suspended: Vec::new(), ..a_group(2) };
    picture.observations.insert(key("workers", B), known(Facts::AutoScalingGroup(rested)));
    picture
}

fn seeing(resource: &str, code: &str, facts: Facts) -> Picture {
    let mut picture = sound();
    picture.observations.insert(key(resource, code), known(facts));
    picture
}

fn group(change: impl FnOnce(&mut AutoScalingGroupFacts)) -> Picture {
    let mut facts = a_group(2);
    change(&mut facts);
    seeing("workers", B, Facts::AutoScalingGroup(facts))
}

fn node_group(change: impl FnOnce(&mut EksNodeGroupFacts)) -> Picture {
    let mut facts = a_node_group(1);
    change(&mut facts);
    seeing("nodes", B, Facts::EksNodeGroup(facts))
}

fn function(change: impl FnOnce(&mut LambdaFunctionFacts)) -> Picture {
    let mut facts = a_function(Some(50), AWAY_QUEUE, "Disabled");
    change(&mut facts);
    seeing("events", B, Facts::LambdaFunction(facts))
}

fn repository(change: impl FnOnce(&mut EcrRepositoryFacts)) -> Picture {
    let mut facts = a_repository(&["1.4", "1.3"], &[]);
    change(&mut facts);
    seeing("images", B, Facts::EcrRepository(facts))
}

fn service(change: impl FnOnce(&mut EcsServiceFacts)) -> Picture {
    let Facts::EcsService(mut facts) = api(B, 2, 2, 8) else { unreachable!() };
    change(&mut facts);
    seeing("api", B, Facts::EcsService(facts))
}

fn unread(what: Beside) -> Vec<Unread> {
    vec![Unread { what, reason: "not authorized".into() }]
}

#[test]
fn compute_in_order_would_survive_with_notes_only() {
    assert_eq!(grave(&sound()), []);
}

#[test]
fn each_lack_of_compute_is_found_with_its_gravity() {
    use Severity::{Blocker, Note, Unknown, Warning};
    let sick =
        |healthy, unhealthy| Some(TargetHealth { healthy, unhealthy, other: 0, reason: Some("503".into()) });
    let missing_in_b = |resource| {
        let mut picture = sound();
        picture.application.resources = vec![resource];
        picture
    };
    let home = |resource: &str, facts: Facts| seeing(resource, A, facts);
    let cases: Vec<(Picture, &str, Severity)> = vec![
        (missing_in_b(workers(&[(A, None)])), "compute_missing", Blocker),
        (missing_in_b(nodes(&[(A, None)])), "compute_missing", Blocker),
        (missing_in_b(events(&[(A, None, &[])])), "compute_missing", Blocker),
        (
            group(|g| (g.in_service, g.launch_failure) = (1, Some("no capacity".into()))),
            "launches_fail",
            Blocker,
        ),
        (group(|g| g.in_service = 1), "capacity_not_steady", Warning),
        (group(|g| g.suspended = vec!["AddToLoadBalancer".into()]), "launch_suspended", Warning),
        (group(|g| g.targets = sick(0, 2)), "no_healthy_target", Blocker),
        (group(|g| g.targets = sick(1, 1)), "targets_unhealthy", Warning),
        (group(|g| g.unread = unread(Beside::TargetHealth)), "part_not_seen", Unknown),
        (group(|g| (g.desired, g.in_service, g.targets) = (0, 0, healthy(0))), "standby_empty", Warning),
        (group(|g| g.max = 4), "ceiling_to_raise", Note),
        (
            home("workers", Facts::AutoScalingGroup(AutoScalingGroupFacts { max: 20, ..a_group(12) })),
            "recovery_size_below_home",
            Warning,
        ),
        (
            home(
                "workers",
                Facts::AutoScalingGroup(AutoScalingGroupFacts { targets: sick(0, 10), ..a_group(10) }),
            ),
            "no_healthy_target",
            Warning,
        ),
        (node_group(|g| g.status = "DEGRADED".into()), "node_group_degraded", Blocker),
        (node_group(|g| g.status = "CREATING".into()), "node_group_not_active", Blocker),
        (node_group(|g| g.in_service = Some(0)), "capacity_not_steady", Warning),
        (node_group(|g| g.unread = unread(Beside::Nodes)), "part_not_seen", Unknown),
        (function(|f| f.state = "Failed".into()), "function_failed", Blocker),
        (function(|f| f.mappings.clear()), "mapping_missing", Blocker),
        (function(|f| f.mappings[0].state = "Enabled".into()), "events_in_both_regions", Warning),
        (function(|f| f.mappings.push(a_mapping("other", "Enabled"))), "mappings_not_listed", Note),
        (
            home("events", Facts::LambdaFunction(a_function(Some(50), HOME_QUEUE, "Disabled"))),
            "events_in_no_region",
            Warning,
        ),
        (repository(|r| r.images.truncate(0)), "image_missing", Blocker),
        (repository(|r| (r.images, r.left_out) = (Vec::new(), 3)), "image_not_known", Unknown),
        (repository(|r| r.images[0].digest = "sha256:another".into()), "image_differs", Warning),
        (home("images", Facts::EcrRepository(a_repository(&["1.4"], &[]))), "images_not_replicated", Warning),
        (
            home(
                "images",
                Facts::EcrRepository(EcrRepositoryFacts {
                    newest_copies: vec![(B.into(), "FAILED".into())],
                    ..a_repository(&["1.4"], &[B])
                }),
            ),
            "image_replication_failed",
            Warning,
        ),
        (service(|s| s.images = vec![image(A, "1.4")]), "image_from_another_region", Warning),
        (service(|s| s.unread = unread(Beside::ScalingBounds)), "part_not_seen", Unknown),
    ];
    for (picture, code, severity) in cases {
        let found = found(&picture);
        let finding = found.iter().find(|f| f.code == code);
        let finding = finding.unwrap_or_else(|| panic!("{code} is not among {found:#?}"));
        assert_eq!(finding.severity, severity, "{finding:?}");
        assert!(finding.sentence.ends_with('.') && finding.way_out.ends_with('.'), "{finding:?}");
    }
}

#[test]
fn what_a_pilot_light_will_have_is_compared_with_home_and_it_may_run_nothing_before() {
    let mut picture =
        seeing("workers", A, Facts::AutoScalingGroup(AutoScalingGroupFacts { max: 20, ..a_group(12) }));
    picture.application.strategy = Strategy::PilotLight;
    let idle = AutoScalingGroupFacts { targets: healthy(0), ..a_group(0) };
    picture.observations.insert(key("workers", B), known(Facts::AutoScalingGroup(idle)));
    let found = found(&picture);
    let workers = found.iter().filter(|f| f.resource.as_ref().is_some_and(|r| r.as_str() == "workers"));
    let codes: Vec<&str> = workers.map(|f| f.code.as_str()).collect();
    assert!(codes.contains(&"recovery_size_below_home") && codes.contains(&"capacity_to_raise"), "{codes:?}");
    assert!(!codes.contains(&"standby_empty"), "{codes:?}");
}

#[test]
fn what_an_active_region_has_is_compared_with_what_it_must_carry_when_another_leaves() {
    let mut picture = feed();
    let said = |picture: &Picture, code: &str| {
        let found = found(picture);
        found.into_iter().find(|f| f.code == code && f.region == Some(region(B)))
    };
    let raise = said(&picture, "capacity_to_raise").unwrap();
    // Of the five that leave, three come on top of its own five.
    assert!(raise.sentence.contains("has 5 tasks") && raise.sentence.contains("raises it to 8"), "{raise:?}");
    assert_eq!(raise.severity, Severity::Note);
    let Facts::EcsService(bounded) = crate::testing::world::service(5) else { unreachable!() };
    let bounded = EcsServiceFacts {
        scaling: Some(holdfast_domain::facts::ScalingBounds { min: 5, max: 7 }),
        ..bounded
    };
    picture.observations.insert(key("timeline", B), known(Facts::EcsService(bounded)));
    assert_eq!(said(&picture, "ceiling_to_raise").map(|f| f.severity), Some(Severity::Note));
    picture.observations.insert(key("timeline", B), known(crate::testing::world::service(0)));
    assert_eq!(said(&picture, "active_region_empty").map(|f| f.severity), Some(Severity::Warning));
}

#[test]
fn a_service_whose_image_repository_is_not_entered_is_found() {
    let picture = sound();
    let said =
        |picture: &Picture| found(picture).into_iter().find(|f| f.code == "image_repository_not_entered");
    assert_eq!(said(&picture), None);
    let mut without = picture;
    without.application.resources.retain(|r| r.name.as_str() != "images");
    assert_eq!(said(&without).map(|f| f.severity), Some(Severity::Warning));
}

#[test]
fn a_function_that_has_no_mapping_where_it_recovers_is_found() {
    let mut picture = sound();
    picture.application.resources = vec![events(&[(A, None, &[HOME_QUEUE]), (B, None, &[])])];
    let found = found(&picture);
    assert!(found.iter().any(|f| f.code == "no_mapping_in_recovery"), "{found:#?}");
}

#[test]
fn events_in_every_region_are_as_it_should_be_in_an_active_active_application() {
    let mut picture = function(|f| f.mappings[0].state = "Enabled".into());
    picture.application.strategy = Strategy::ActiveActive;
    assert!(found(&picture).iter().all(|f| f.code != "events_in_both_regions"));
}

#[test]
fn what_could_not_be_asked_of_an_image_is_no_finding_that_it_is_missing() {
    let mut picture = sound();
    picture.observations.insert(key("images", B), unknown(None));
    let codes: Vec<_> = found(&picture).into_iter().map(|f| f.code).collect();
    assert!(
        codes.contains(&"not_seen".to_owned()) && !codes.contains(&"image_missing".to_owned()),
        "{codes:?}"
    );
}
