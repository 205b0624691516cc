use crate::harness::{HOME, RECOVERY, acting, code, sim};
use holdfast_sim::Sim;
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::Effect;
use std::time::Duration;

async fn ecs(sim: &Sim, region: &str) -> aws_sdk_ecs::Client {
    aws_sdk_ecs::Client::new(&acting(sim, region).await)
}

fn on_update(kind: FaultKind) -> Fault {
    Fault { operation: Some("UpdateService".into()), times: Some(1), ..Fault::new(kind) }
}

#[tokio::test]
async fn a_lost_answer_leaves_the_effect() {
    let sim = sim().await;
    let ecs = ecs(&sim, RECOVERY).await;
    sim.add_fault(on_update(FaultKind::LoseAnswer));
    let answer = ecs.update_service().cluster("shop").service("web").desired_count(6).send().await;
    let error = answer.err().unwrap();
    assert!(error.raw_response().is_none(), "no answer at all: {error:?}");
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    let described = ecs.describe_services().cluster("shop").services("web").send().await.unwrap();
    assert_eq!(described.services()[0].desired_count(), 6);
}

#[tokio::test]
async fn refusing_faults_leave_no_effect() {
    let sim = sim().await;
    let ecs = ecs(&sim, RECOVERY).await;
    let cases = [
        (FaultKind::Throttle, "ThrottlingException"),
        (FaultKind::Deny, "AccessDeniedException"),
        (FaultKind::Error, "ServerException"),
    ];
    for (kind, expected) in cases {
        sim.add_fault(on_update(kind));
        let answer = ecs.update_service().cluster("shop").service("web").desired_count(6).send().await;
        assert_eq!(code(&answer).as_deref(), Some(expected));
        assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Refused));
    }
    let described = ecs.describe_services().cluster("shop").services("web").send().await.unwrap();
    assert_eq!(described.services()[0].desired_count(), 2);
}

#[tokio::test]
async fn a_dark_region_never_answers_and_the_others_do() {
    let sim = sim().await;
    let home = ecs(&sim, HOME).await;
    let recovery = ecs(&sim, RECOVERY).await;
    sim.set_region_dark(HOME, true);
    let call = home.describe_services().cluster("shop").services("web").send();
    let waited = tokio::time::timeout(Duration::from_millis(300), call).await;
    assert!(waited.is_err(), "nothing came: {waited:?}");
    assert_eq!(sim.ledger().last().map(|e| (e.region.clone(), e.effect)), Some((HOME.into(), Effect::None)));
    assert!(recovery.describe_services().cluster("shop").services("web").send().await.is_ok());
    // Also proves that hanging connections do not hold a shutdown up.
    tokio::time::timeout(Duration::from_secs(5), sim.shutdown()).await.unwrap();
}

#[tokio::test]
async fn a_dark_control_plane_refuses_changes_and_answers_looks() {
    let sim = sim().await;
    sim.set_control_plane_dark("us-east-1", true);
    let route53 = aws_sdk_route53::Client::new(&acting(&sim, "us-east-1").await);
    assert!(route53.list_hosted_zones().send().await.is_ok());
    let batch = aws_sdk_route53::types::ChangeBatch::builder().set_changes(Some(vec![])).build().unwrap();
    let edit = route53
        .change_resource_record_sets()
        .hosted_zone_id("Z0123456789ABC")
        .change_batch(batch)
        .send()
        .await;
    assert_eq!(code(&edit).as_deref(), Some("ServiceUnavailable"));
    let scale =
        ecs(&sim, HOME).await.update_service().cluster("shop").service("web").desired_count(7).send().await;
    assert_eq!(code(&scale).as_deref(), Some("ServiceUnavailableException"));
    let elsewhere = ecs(&sim, RECOVERY).await;
    assert!(elsewhere.update_service().cluster("shop").service("web").desired_count(7).send().await.is_ok());
}

#[tokio::test]
async fn an_operation_that_the_simulator_does_not_know_is_refused_as_such() {
    let sim = sim().await;
    let refused = ecs(&sim, HOME).await.delete_service().cluster("shop").service("web").send().await;
    assert_eq!(code(&refused).as_deref(), Some("UnknownOperationException"));
    let last = sim.ledger().last().cloned().unwrap();
    assert_eq!((last.operation.as_str(), last.changing), ("DeleteService", true));
}
