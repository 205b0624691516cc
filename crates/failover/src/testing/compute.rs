//! An application of every kind that does work, and what may be seen of it.

use super::world::{A, B, account, application, dns, ecs, observed, resource, service, weighted};
use super::{NOW, region};
use crate::plan::Picture;
use holdfast_domain::facts::{
    AutoScalingGroupFacts, EcrImage, EcrRepositoryFacts, EksNodeGroupFacts, EventSourceMapping,
    LambdaFunctionFacts, ProvisionedConcurrency, ScalingBounds, TargetHealth,
};
use holdfast_domain::resource::{
    AutoScalingGroup, AutoScalingPlace, EcrRepository, EksNodeGroup, LambdaFunction, LambdaPlace,
    NodeGroupPlace,
};
use holdfast_domain::{Facts, Resource, ResourceSpec, Strategy};
use std::collections::BTreeMap;

pub const HOME_QUEUE: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub const AWAY_QUEUE: &str = "bbbbbbbb-0000-4000-8000-000000000001";

pub fn workers(places: &[(&str, Option<u32>)]) -> Resource {
    let place = |code: &str, desired_in_recovery| AutoScalingPlace {
        group: "workers".into(),
        target_group_arn: Some(format!(
            "arn:aws:elasticloadbalancing:{code}:222222222222:targetgroup/workers/1"
        )),
        desired_in_recovery,
    };
    let per_region = places.iter().map(|(code, wanted)| (region(code), place(code, *wanted))).collect();
    resource("workers", ResourceSpec::AutoScalingGroup(AutoScalingGroup { per_region }))
}

pub fn nodes(places: &[(&str, Option<u32>)]) -> Resource {
    let place = |desired_in_recovery| NodeGroupPlace {
        cluster: "shop".into(),
        node_group: "general".into(),
        desired_in_recovery,
    };
    let per_region = places.iter().map(|(code, wanted)| (region(code), place(*wanted))).collect();
    resource("nodes", ResourceSpec::EksNodeGroup(EksNodeGroup { per_region }))
}

pub fn events(places: &[(&str, Option<u32>, &[&str])]) -> Resource {
    let per_region = places
        .iter()
        .map(|(code, concurrency, mappings)| {
            let event_source_mappings = mappings.iter().map(|m| (*m).to_owned()).collect();
            (region(code), LambdaPlace { concurrency: *concurrency, event_source_mappings })
        })
        .collect();
    resource(
        "events",
        ResourceSpec::LambdaFunction(LambdaFunction { function: "order-events".into(), per_region }),
    )
}

pub fn images() -> Resource {
    resource("images", ResourceSpec::EcrRepository(EcrRepository { repository: "shop/api".into() }))
}

pub fn healthy(healthy: u32) -> Option<TargetHealth> {
    Some(TargetHealth { healthy, ..TargetHealth::default() })
}

/// Between one and eight, as many in service and healthy as are wanted.
pub fn a_group(desired: u32) -> AutoScalingGroupFacts {
    AutoScalingGroupFacts {
        min: 1,
        max: 8,
        desired,
        in_service: desired,
        scheduled_actions: Some(0),
        targets: healthy(desired),
        ..AutoScalingGroupFacts::default()
    }
}

pub fn a_node_group(desired: u32) -> EksNodeGroupFacts {
    EksNodeGroupFacts {
        min: 1,
        max: 4,
        desired,
        in_service: Some(desired),
        status: "ACTIVE".into(),
        ..EksNodeGroupFacts::default()
    }
}

pub fn a_mapping(uuid: &str, state: &str) -> EventSourceMapping {
    EventSourceMapping {
        uuid: uuid.into(),
        source: Some("arn:aws:sqs:us-east-1:222222222222:orders".into()),
        state: state.into(),
    }
}

pub fn a_function(reserved: Option<u32>, uuid: &str, state: &str) -> LambdaFunctionFacts {
    LambdaFunctionFacts {
        state: "Active".into(),
        reserved,
        provisioned: Vec::new(),
        mappings: vec![a_mapping(uuid, state)],
    }
}

pub fn warm(requested: u32) -> ProvisionedConcurrency {
    ProvisionedConcurrency {
        qualifier: "live".into(),
        requested,
        available: requested,
        status: "READY".into(),
    }
}

pub fn a_repository(tags: &[&str], replicates_to: &[&str]) -> EcrRepositoryFacts {
    let image = |tag: &&str| EcrImage { digest: format!("sha256:{tag}"), tags: vec![(*tag).to_owned()] };
    EcrRepositoryFacts {
        images: tags.iter().map(image).collect(),
        replicates_to: replicates_to.iter().map(|r| (*r).to_owned()).collect(),
        ..EcrRepositoryFacts::default()
    }
}

/// The registry's own image in a Region.
pub fn image(code: &str, tag: &str) -> String {
    format!("222222222222.dkr.ecr.{code}.amazonaws.com/shop/api:{tag}")
}

/// An ECS service behind a balancer, kept between its bounds.
pub fn api(code: &str, desired: u32, min: u32, max: u32) -> Facts {
    let Facts::EcsService(mut facts) = service(desired) else { unreachable!() };
    facts.scaling = Some(ScalingBounds { min, max });
    facts.targets = healthy(desired);
    facts.images = vec![image(code, "1.4")];
    Facts::EcsService(facts)
}

/// A warm standby of every kind that does work, at home in [`A`].
pub fn fulfilment() -> Picture {
    let application = application(
        Strategy::WarmStandby,
        &[A, B],
        vec![
            dns("front-door"),
            ecs("api", &[(A, None), (B, Some(6))]),
            workers(&[(A, None), (B, Some(10))]),
            nodes(&[(A, None), (B, Some(3))]),
            events(&[(A, Some(50), &[HOME_QUEUE]), (B, Some(50), &[AWAY_QUEUE])]),
            images(),
        ],
    );
    let mut home = a_function(Some(50), HOME_QUEUE, "Enabled");
    home.provisioned = vec![warm(10)];
    let mut away = a_function(Some(5), AWAY_QUEUE, "Disabled");
    away.provisioned = vec![warm(1)];
    let observations = observed(&[
        ("front-door", A, weighted(A, 100)),
        ("front-door", B, weighted(B, 0)),
        ("api", A, api(A, 6, 4, 20)),
        ("api", B, api(B, 2, 2, 4)),
        ("workers", A, Facts::AutoScalingGroup(AutoScalingGroupFacts { max: 20, ..a_group(10) })),
        (
            "workers",
            B,
            Facts::AutoScalingGroup(AutoScalingGroupFacts {
                suspended: vec!["Launch".into()],
                scheduled_actions: Some(2),
                ..a_group(2)
            }),
        ),
        ("nodes", A, Facts::EksNodeGroup(a_node_group(3))),
        ("nodes", B, Facts::EksNodeGroup(a_node_group(1))),
        ("events", A, Facts::LambdaFunction(home)),
        ("events", B, Facts::LambdaFunction(away)),
        ("images", A, Facts::EcrRepository(a_repository(&["1.4", "1.3"], &[B]))),
        ("images", B, Facts::EcrRepository(a_repository(&["1.4", "1.3"], &[]))),
    ]);
    Picture {
        application,
        accounts: vec![account()],
        observations,
        before: BTreeMap::new(),
        split_before: None,
        own: Vec::new(),
        edits: Vec::new(),
        others: Vec::new(),
        now: NOW,
    }
}

/// The same after a completed failover to [`B`], with what stood before kept.
pub fn moved_fulfilment() -> Picture {
    let at_home = fulfilment();
    let before = at_home
        .observations
        .iter()
        .filter_map(|(k, sight)| sight.known().map(|facts| (k.clone(), facts.clone())))
        .collect();
    let mut away = a_function(Some(50), AWAY_QUEUE, "Enabled");
    away.provisioned = vec![warm(10)];
    let mut home = a_function(Some(50), HOME_QUEUE, "Disabled");
    home.provisioned = vec![warm(10)];
    let moved = observed(&[
        ("front-door", A, weighted(A, 0)),
        ("front-door", B, weighted(B, 100)),
        ("api", B, api(B, 6, 6, 6)),
        (
            "workers",
            B,
            Facts::AutoScalingGroup(AutoScalingGroupFacts {
                min: 10,
                max: 10,
                suspended: vec!["ScheduledActions".into()],
                scheduled_actions: Some(2),
                ..a_group(10)
            }),
        ),
        ("nodes", B, Facts::EksNodeGroup(EksNodeGroupFacts { min: 3, ..a_node_group(3) })),
        ("events", A, Facts::LambdaFunction(home)),
        ("events", B, Facts::LambdaFunction(away)),
    ]);
    let observations = at_home.observations.clone().into_iter().chain(moved).collect();
    Picture { observations, before, ..at_home }
}
