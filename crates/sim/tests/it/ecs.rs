use crate::harness::{RECOVERY, acting, code, sim};
use holdfast_sim::ledger::Effect;
use std::time::Duration;

#[tokio::test]
async fn scaling_out_takes_its_time_and_says_so() {
    let sim = sim().await;
    let ecs = aws_sdk_ecs::Client::new(&acting(&sim, RECOVERY).await);
    let update = || ecs.update_service().cluster("shop").service("web").desired_count(6).send();
    let begun = update().await.unwrap();
    assert_eq!(begun.service().map(|s| (s.desired_count(), s.running_count())), Some((6, 2)));
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    sim.advance(Duration::from_millis(1_500));
    let describe = || ecs.describe_services().cluster("shop").services("web").send();
    let during = describe().await.unwrap();
    let service = &during.services()[0];
    assert_eq!((service.running_count(), service.pending_count()), (4, 2));
    assert_eq!(service.deployments()[0].rollout_state().map(|s| s.as_str()), Some("IN_PROGRESS"));
    sim.advance(Duration::from_secs(2));
    let after = describe().await.unwrap();
    assert_eq!(after.services()[0].running_count(), 6);
    assert_eq!(after.services()[0].deployments()[0].rollout_state().map(|s| s.as_str()), Some("COMPLETED"));
    update().await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));
}

#[tokio::test]
async fn what_is_not_there_is_a_failure_or_a_refusal() {
    let sim = sim().await;
    let ecs = aws_sdk_ecs::Client::new(&acting(&sim, RECOVERY).await);
    let described = ecs.describe_services().cluster("shop").services("nothing").send().await.unwrap();
    assert_eq!(described.failures()[0].reason(), Some("MISSING"));
    let cluster = ecs.describe_services().cluster("nothing").services("web").send().await;
    assert!(cluster.is_err_and(|e| e.into_service_error().is_cluster_not_found_exception()));
    let service = ecs.update_service().cluster("shop").service("nothing").desired_count(1).send().await;
    assert!(service.is_err_and(|e| e.into_service_error().is_service_not_found_exception()));
    let negative = ecs.update_service().cluster("shop").service("web").desired_count(-1).send().await;
    assert_eq!(code(&negative).as_deref(), Some("InvalidParameterException"));
}

#[tokio::test]
async fn services_are_listed_by_cluster() {
    let sim = sim().await;
    let ecs = aws_sdk_ecs::Client::new(&acting(&sim, RECOVERY).await);
    let listed = ecs.list_services().cluster("shop").send().await.unwrap();
    assert_eq!(listed.service_arns(), ["arn:aws:ecs:eu-central-1:222222222222:service/shop/web"]);
}
