//! Auto Scaling groups, EKS node groups and what stands before them; Application Auto Scaling; capacity that is not
//! there.

use crate::harness::{HOME, RECOVERY, SHOP, acting, code, sim_with};
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_autoscaling::types::LifecycleState;
use aws_sdk_eks::types::{NodegroupScalingConfig, NodegroupStatus, UpdateStatus};
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use holdfast_sim::world::groups::Behind;
use std::time::Duration;

async fn sim() -> Sim {
    let service = || Behind::Service { cluster: "shop".into(), service: "web".into() };
    let world = World::empty()
        .account(SHOP, "shop-prod", "demo-shop-prod")
        .group(SHOP, RECOVERY, "workers", 2, 8)
        .schedule("evening")
        .warm_pool(3)
        .target_group(SHOP, RECOVERY, "workers", Behind::Group("workers".into()))
        .node_group(SHOP, RECOVERY, ("shop", "general"), 1, 4)
        .service(SHOP, RECOVERY, "shop", "web", 2)
        .scaling(2, 4)
        .target_group(SHOP, RECOVERY, "web", service());
    sim_with(world, None, 0.0).await
}

fn last(sim: &Sim) -> Option<Effect> {
    sim.ledger().last().map(|e| e.effect)
}

fn arn(sim: &Sim, name: &str) -> String {
    sim.look(|w| w.target_groups.iter().find(|t| t.name == name).unwrap().arn())
}

async fn health(sim: &Sim, name: &str) -> Vec<String> {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&acting(sim, RECOVERY).await);
    let found = elb.describe_target_health().target_group_arn(arn(sim, name)).send().await.unwrap();
    let states = found.target_health_descriptions().iter();
    states.map(|d| d.target_health().unwrap().state().unwrap().as_str().to_owned()).collect()
}

#[tokio::test]
async fn instances_come_into_service_one_by_one_and_are_healthy_a_little_later() {
    let sim = sim().await;
    let asg = aws_sdk_autoscaling::Client::new(&acting(&sim, RECOVERY).await);
    let update = || {
        asg.update_auto_scaling_group()
            .auto_scaling_group_name("workers")
            .min_size(6)
            .max_size(8)
            .desired_capacity(6)
            .send()
    };
    update().await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Changed));
    sim.advance(Duration::from_millis(1_600));
    let found = asg.describe_auto_scaling_groups().auto_scaling_group_names("workers").send().await.unwrap();
    let group = &found.auto_scaling_groups()[0];
    let states: Vec<_> = group.instances().iter().filter_map(|i| i.lifecycle_state().cloned()).collect();
    assert_eq!(states.iter().filter(|s| **s == LifecycleState::InService).count(), 4);
    assert_eq!(states.iter().filter(|s| **s == LifecycleState::Pending).count(), 2);
    assert_eq!((group.min_size(), group.max_size(), group.warm_pool_size()), (Some(6), Some(8), Some(3)));
    assert_eq!(group.target_group_arns(), [arn(&sim, "workers")]);
    let healthy = |states: &[String]| states.iter().filter(|s| *s == "healthy").count();
    assert_eq!(healthy(&health(&sim, "workers").await), 3);
    sim.advance(Duration::from_secs(4));
    assert_eq!(healthy(&health(&sim, "workers").await), 6);
    sim.tamper(|w| w.target_groups[0].sick = 2);
    let states = health(&sim, "workers").await;
    assert_eq!((healthy(&states), states.iter().filter(|s| *s == "unhealthy").count()), (4, 2));
    update().await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Unchanged));
}

#[tokio::test]
async fn sizes_that_contradict_each_other_are_refused() {
    let sim = sim().await;
    let asg = aws_sdk_autoscaling::Client::new(&acting(&sim, RECOVERY).await);
    let update = || asg.update_auto_scaling_group().auto_scaling_group_name("workers");
    for call in [update().min_size(9), update().desired_capacity(9), update().min_size(3).desired_capacity(2)]
    {
        assert_eq!(code(&call.send().await).as_deref(), Some("ValidationError"));
        assert_eq!(last(&sim), Some(Effect::Refused));
    }
    let unknown = asg.update_auto_scaling_group().auto_scaling_group_name("nobody").min_size(1).send().await;
    assert_eq!(code(&unknown).as_deref(), Some("ValidationError"));
    let found = asg.describe_auto_scaling_groups().auto_scaling_group_names("nobody").send().await.unwrap();
    assert!(found.auto_scaling_groups().is_empty());
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&acting(&sim, HOME).await);
    let elsewhere = elb.describe_target_health().target_group_arn(arn(&sim, "workers")).send().await;
    assert_eq!(code(&elsewhere).as_deref(), Some("TargetGroupNotFound"));
}

#[tokio::test]
async fn processes_rest_until_they_are_resumed() {
    let sim = sim().await;
    let asg = aws_sdk_autoscaling::Client::new(&acting(&sim, RECOVERY).await);
    let schedule = asg.describe_scheduled_actions().auto_scaling_group_name("workers").send().await.unwrap();
    assert_eq!(schedule.scheduled_update_group_actions().len(), 1);
    let suspend =
        || asg.suspend_processes().auto_scaling_group_name("workers").scaling_processes("Launch").send();
    suspend().await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Changed));
    suspend().await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Unchanged));
    asg.update_auto_scaling_group()
        .auto_scaling_group_name("workers")
        .desired_capacity(5)
        .send()
        .await
        .unwrap();
    sim.advance(Duration::from_secs(60));
    assert_eq!(sim.look(|w| w.groups[0].in_service(w.clock.at(0).virtual_ms)), 2);
    asg.resume_processes()
        .auto_scaling_group_name("workers")
        .scaling_processes("Launch")
        .send()
        .await
        .unwrap();
    sim.advance(Duration::from_secs(60));
    let found = asg.describe_auto_scaling_groups().auto_scaling_group_names("workers").send().await.unwrap();
    assert_eq!(found.auto_scaling_groups()[0].instances().len(), 5);
    assert!(found.auto_scaling_groups()[0].suspended_processes().is_empty());
    let wrong = asg.suspend_processes().auto_scaling_group_name("workers").scaling_processes("Sleep").send();
    assert_eq!(code(&wrong.await).as_deref(), Some("ValidationError"));
}

#[tokio::test]
async fn in_a_region_short_of_capacity_sizes_are_accepted_and_nothing_comes() {
    let sim = sim().await;
    sim.set_capacity_short(RECOVERY, true);
    let config = acting(&sim, RECOVERY).await;
    let asg = aws_sdk_autoscaling::Client::new(&config);
    asg.update_auto_scaling_group()
        .auto_scaling_group_name("workers")
        .desired_capacity(6)
        .send()
        .await
        .unwrap();
    let ecs = aws_sdk_ecs::Client::new(&config);
    ecs.update_service().cluster("shop").service("web").desired_count(4).send().await.unwrap();
    sim.advance(Duration::from_secs(600));
    let found = asg.describe_auto_scaling_groups().auto_scaling_group_names("workers").send().await.unwrap();
    let group = &found.auto_scaling_groups()[0];
    assert_eq!((group.desired_capacity(), group.instances().len()), (Some(6), 2));
    let activities =
        asg.describe_scaling_activities().auto_scaling_group_name("workers").send().await.unwrap();
    let failed = &activities.activities()[0];
    assert!(failed.status_message().unwrap().contains("do not have sufficient m6i.large capacity"));
    let services = ecs.describe_services().cluster("shop").services("web").send().await.unwrap();
    assert_eq!(services.services()[0].running_count(), 2);
    sim.set_capacity_short(RECOVERY, false);
    sim.advance(Duration::from_secs(60));
    let found = asg.describe_auto_scaling_groups().auto_scaling_group_names("workers").send().await.unwrap();
    assert_eq!(found.auto_scaling_groups()[0].instances().len(), 6);
    let activities =
        asg.describe_scaling_activities().auto_scaling_group_name("workers").send().await.unwrap();
    assert!(activities.activities().is_empty());
}

#[tokio::test]
async fn a_node_group_is_updated_once_per_token_and_followed_to_its_end() {
    let sim = sim().await;
    let eks = aws_sdk_eks::Client::new(&acting(&sim, RECOVERY).await);
    let sizes = |n| NodegroupScalingConfig::builder().min_size(n).max_size(4).desired_size(n).build();
    let update = |token: &str, n| {
        eks.update_nodegroup_config()
            .cluster_name("shop")
            .nodegroup_name("general")
            .client_request_token(token)
            .scaling_config(sizes(n))
            .send()
    };
    let describe = || eks.describe_nodegroup().cluster_name("shop").nodegroup_name("general").send();
    let accepted = update("run-1-scale-0", 3).await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Changed));
    let id = accepted.update().unwrap().id().unwrap().to_owned();
    let again = update("run-1-scale-0", 3).await.unwrap();
    assert_eq!(again.update().unwrap().id(), Some(id.as_str()));
    assert_eq!(last(&sim), Some(Effect::Unchanged));
    assert_eq!(code(&update("another", 2).await).as_deref(), Some("ResourceInUseException"));
    let follow = || eks.describe_update().name("shop").nodegroup_name("general").update_id(&id).send();
    assert_eq!(follow().await.unwrap().update().unwrap().status(), Some(&UpdateStatus::InProgress));
    let group = describe().await.unwrap().nodegroup.unwrap();
    assert_eq!(group.status(), Some(&NodegroupStatus::Updating));
    assert_eq!(group.scaling_config().unwrap().desired_size(), Some(3));
    sim.advance(Duration::from_secs(5));
    assert_eq!(follow().await.unwrap().update().unwrap().status(), Some(&UpdateStatus::Successful));
    let group = describe().await.unwrap().nodegroup.unwrap();
    assert_eq!(group.status(), Some(&NodegroupStatus::Active));
    // Its nodes are an Auto Scaling group's.
    let machines = group.resources().unwrap().auto_scaling_groups()[0].name().unwrap().to_owned();
    let asg = aws_sdk_autoscaling::Client::new(&acting(&sim, RECOVERY).await);
    let found = asg.describe_auto_scaling_groups().auto_scaling_group_names(machines).send().await.unwrap();
    assert_eq!(found.auto_scaling_groups()[0].instances().len(), 3);
}

#[tokio::test]
async fn a_node_group_refuses_what_eks_refuses_and_shows_what_does_not_come() {
    let sim = sim().await;
    let eks = aws_sdk_eks::Client::new(&acting(&sim, RECOVERY).await);
    let update = |min, max, desired| {
        let sizes =
            NodegroupScalingConfig::builder().min_size(min).max_size(max).desired_size(desired).build();
        eks.update_nodegroup_config()
            .cluster_name("shop")
            .nodegroup_name("general")
            .scaling_config(sizes)
            .send()
    };
    assert_eq!(code(&update(1, 4, 5).await).as_deref(), Some("InvalidParameterException"));
    assert_eq!(code(&update(3, 4, 2).await).as_deref(), Some("InvalidParameterException"));
    let nobody = eks.describe_nodegroup().cluster_name("shop").nodegroup_name("nobody").send().await;
    assert_eq!(code(&nobody).as_deref(), Some("ResourceNotFoundException"));
    let nowhere = eks.describe_nodegroup().cluster_name("nowhere").nodegroup_name("general").send().await;
    assert_eq!(code(&nowhere).as_deref(), Some("ResourceNotFoundException"));
    sim.set_capacity_short(RECOVERY, true);
    update(3, 4, 3).await.unwrap();
    sim.advance(Duration::from_secs(60));
    let found = eks.describe_nodegroup().cluster_name("shop").nodegroup_name("general").send().await.unwrap();
    let group = found.nodegroup().unwrap();
    assert_eq!(group.status(), Some(&NodegroupStatus::Degraded));
    assert!(group.health().unwrap().issues()[0].message().unwrap().contains("not enough capacity"));
}

#[tokio::test]
async fn a_scalable_target_bounds_a_service_and_its_task_definition_names_its_images() {
    let sim = sim().await;
    let config = acting(&sim, RECOVERY).await;
    let scaling = aws_sdk_applicationautoscaling::Client::new(&config);
    let describe = |id: &str| {
        scaling
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_ids(id)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .send()
    };
    let found = describe("service/shop/web").await.unwrap();
    let target = &found.scalable_targets()[0];
    assert_eq!((target.min_capacity(), target.max_capacity()), (2, 4));
    assert!(describe("service/shop/nobody").await.unwrap().scalable_targets().is_empty());
    let register = |id: &str, min, max| {
        scaling
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(id)
            .min_capacity(min)
            .max_capacity(max)
            .send()
    };
    register("service/shop/web", 6, 6).await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Changed));
    register("service/shop/web", 6, 6).await.unwrap();
    assert_eq!(last(&sim), Some(Effect::Unchanged));
    assert_eq!(code(&register("service/shop/web", 7, 6).await).as_deref(), Some("ValidationException"));
    assert_eq!(code(&register("service/shop/nobody", 1, 2).await).as_deref(), Some("ValidationException"));
    let ecs = aws_sdk_ecs::Client::new(&config);
    let service = ecs.describe_services().cluster("shop").services("web").send().await.unwrap();
    let service = &service.services()[0];
    assert_eq!(service.load_balancers()[0].target_group_arn(), Some(arn(&sim, "web").as_str()));
    let definition =
        ecs.describe_task_definition().task_definition(service.task_definition().unwrap()).send();
    let definition = definition.await.unwrap();
    let image = definition.task_definition().unwrap().container_definitions()[0].image().unwrap().to_owned();
    assert_eq!(image, format!("{SHOP}.dkr.ecr.{RECOVERY}.amazonaws.com/shop/web:1.12.0"));
    let unknown = ecs.describe_task_definition().task_definition("nobody:1").send().await;
    assert_eq!(code(&unknown).as_deref(), Some("ClientException"));
}
