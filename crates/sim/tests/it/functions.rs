//! Lambda's concurrency and event sources, and ECR's images.

use crate::harness::{HOME, RECOVERY, SHOP, acting, code, role, sim_with};
use aws_sdk_ecr::types::{ImageIdentifier, ReplicationStatus};
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use std::time::Duration;

const QUEUE: &str = "5f8a1c3e-27b4-4d90-b6e2-9a1c0d7e4f68";
const ALIAS_QUEUE: &str = "c2a7e910-66b4-4f0d-9d35-1e8b7a4c0f52";

async fn sim() -> Sim {
    let world = World::empty()
        .account(SHOP, "shop-prod", "demo-shop-prod")
        .function(SHOP, RECOVERY, "sender", Some(5))
        .mapping(QUEUE, "outbox", false)
        .mapping(ALIAS_QUEUE, "replies", true)
        .to_alias("live")
        .provisioned("live", 1)
        .function(SHOP, RECOVERY, "other", Some(850))
        .repository(SHOP, HOME, "shop/web", &["1.0", "1.1"])
        .replicate_images(SHOP, HOME, &[RECOVERY])
        .repository(SHOP, RECOVERY, "shop/web", &["1.0"]);
    sim_with(world, None, 0.0).await
}

fn last(sim: &Sim) -> Option<Effect> {
    sim.ledger().last().map(|e| e.effect)
}

#[tokio::test]
async fn concurrency_is_reserved_given_back_and_never_the_last_hundred() {
    let sim = sim().await;
    let lambda = aws_sdk_lambda::Client::new(&acting(&sim, RECOVERY).await);
    let put = |n| {
        lambda.put_function_concurrency().function_name("sender").reserved_concurrent_executions(n).send()
    };
    let reserved = || async {
        let found = lambda.get_function_concurrency().function_name("sender").send().await.unwrap();
        found.reserved_concurrent_executions()
    };
    assert_eq!(reserved().await, Some(5));
    put(50).await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Changed));
    put(50).await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Unchanged));
    assert_eq!(code(&put(51).await).as_deref(), Some("InvalidParameterValueException"));
    lambda.delete_function_concurrency().function_name("sender").send().await.unwrap();
    assert_eq!((last(&sim), reserved().await), (Some(Effect::Changed), None));
    let found = lambda.get_function_configuration().function_name("sender").send().await.unwrap();
    assert_eq!(found.state().map(|s| s.as_str()), Some("Active"));
    let nobody = lambda.get_function_configuration().function_name("nobody").send().await;
    assert_eq!(code(&nobody).as_deref(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn provisioned_concurrency_takes_its_time() {
    let sim = sim().await;
    let lambda = aws_sdk_lambda::Client::new(&acting(&sim, RECOVERY).await);
    let put = |qualifier: &str, n| {
        lambda
            .put_provisioned_concurrency_config()
            .function_name("sender")
            .qualifier(qualifier)
            .provisioned_concurrent_executions(n)
            .send()
    };
    put("live", 10).await.unwrap();
    let list = || lambda.list_provisioned_concurrency_configs().function_name("sender").send();
    let during = list().await.unwrap();
    let config = &during.provisioned_concurrency_configs()[0];
    assert_eq!(config.status().map(|s| s.as_str()), Some("IN_PROGRESS"));
    assert_eq!(config.available_provisioned_concurrent_executions(), Some(1));
    assert!(config.function_arn().unwrap().ends_with(":function:sender:live"));
    sim.advance(Duration::from_secs(3));
    let after = list().await.unwrap();
    assert_eq!(after.provisioned_concurrency_configs()[0].status().map(|s| s.as_str()), Some("READY"));
    assert_eq!(code(&put("nobody", 1).await).as_deref(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn an_event_source_is_switched_in_its_time_and_not_in_between() {
    let sim = sim().await;
    let lambda = aws_sdk_lambda::Client::new(&acting(&sim, RECOVERY).await);
    let switch = |enabled| lambda.update_event_source_mapping().uuid(QUEUE).enabled(enabled).send();
    let state = || async {
        let found = lambda.list_event_source_mappings().function_name("sender").send().await.unwrap();
        found.event_source_mappings()[0].state().unwrap().to_owned()
    };
    assert_eq!(state().await, "Disabled");
    switch(true).await.unwrap();
    assert_eq!((last(&sim), state().await.as_str()), (Some(Effect::Changed), "Enabling"));
    assert_eq!(code(&switch(false).await).as_deref(), Some("ResourceInUseException"));
    sim.advance(Duration::from_secs(2));
    assert_eq!(state().await, "Enabled");
    switch(true).await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Unchanged));
    let nobody = lambda.update_event_source_mapping().uuid("nobody").enabled(true).send().await;
    assert_eq!(code(&nobody).as_deref(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn an_aliass_event_source_is_not_listed_with_the_functions_and_is_found_by_its_id() {
    let sim = sim().await;
    let lambda = aws_sdk_lambda::Client::new(&acting(&sim, RECOVERY).await);
    let listed = lambda.list_event_source_mappings().function_name("sender").send().await.unwrap();
    let uuids: Vec<_> = listed.event_source_mappings().iter().filter_map(|m| m.uuid()).collect();
    assert_eq!(uuids, [QUEUE]);
    let found = lambda.get_event_source_mapping().uuid(ALIAS_QUEUE).send().await.unwrap();
    assert!(found.function_arn().unwrap().ends_with(":function:sender:live"));
    assert_eq!((found.state(), last(&sim)), (Some("Enabled"), Some(Effect::None)));
}

#[tokio::test]
async fn images_are_where_they_were_pushed_and_where_rules_sent_them() {
    let sim = sim().await;
    let home = aws_sdk_ecr::Client::new(&acting(&sim, HOME).await);
    let away = aws_sdk_ecr::Client::new(&acting(&sim, RECOVERY).await);
    let registry = home.describe_registry().send().await.unwrap();
    let rules = registry.replication_configuration().unwrap().rules();
    assert_eq!(rules[0].destinations()[0].region(), RECOVERY);
    let images = |ecr: &aws_sdk_ecr::Client| ecr.describe_images().repository_name("shop/web").send();
    assert_eq!(images(&home).await.unwrap().image_details().len(), 2);
    let there = images(&away).await.unwrap();
    assert_eq!(there.image_details()[0].image_tags(), ["1.0"]);
    let status = |tag: &str| {
        let id = ImageIdentifier::builder().image_tag(tag).build();
        home.describe_image_replication_status().repository_name("shop/web").image_id(id).send()
    };
    let of = |found: aws_sdk_ecr::operation::describe_image_replication_status::DescribeImageReplicationStatusOutput| {
        found.replication_statuses()[0].status().cloned()
    };
    assert_eq!(of(status("1.0").await.unwrap()), Some(ReplicationStatus::Complete));
    assert_eq!(of(status("1.1").await.unwrap()), Some(ReplicationStatus::Failed));
    let one = away.describe_images().repository_name("shop/web");
    let missing = one.image_ids(ImageIdentifier::builder().image_tag("1.1").build()).send().await;
    assert_eq!(code(&missing).as_deref(), Some("ImageNotFoundException"));
    let nobody = home.describe_images().repository_name("nobody").send().await;
    assert_eq!(code(&nobody).as_deref(), Some("RepositoryNotFoundException"));
}

#[tokio::test]
async fn a_role_for_looking_may_change_nothing_of_compute() {
    let sim = sim().await;
    let config = crate::harness::config(&sim, RECOVERY, role(&sim, "holdfast-read").await).await;
    let lambda = aws_sdk_lambda::Client::new(&config);
    lambda.list_event_source_mappings().function_name("sender").send().await.unwrap();
    let denied = lambda.update_event_source_mapping().uuid(QUEUE).enabled(true).send().await;
    assert_eq!(code(&denied).as_deref(), Some("AccessDeniedException"));
    let asg = aws_sdk_autoscaling::Client::new(&config);
    let denied = asg.update_auto_scaling_group().auto_scaling_group_name("workers").min_size(1).send().await;
    assert_eq!(code(&denied).as_deref(), Some("AccessDenied"));
    let eks = aws_sdk_eks::Client::new(&config);
    let denied = eks.update_nodegroup_config().cluster_name("c").nodegroup_name("n").send().await;
    assert_eq!(code(&denied).as_deref(), Some("AccessDeniedException"));
}
