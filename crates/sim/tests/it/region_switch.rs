use crate::harness::{HOME, RECOVERY, SHOP, acting, code, sim_with};
use aws_sdk_arcregionswitch::types::{
    EvaluationStatus, ExecutionAction, ExecutionMode, ExecutionState, StepStatus,
};
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use std::time::Duration;

async fn sim() -> Sim {
    let world = World::empty()
        .account(SHOP, "shop-prod", "demo-shop-prod")
        .routing_controls(
            SHOP,
            "0f4c2a91-6f1d-4f0e-9b1e-0f5f2b8f6a10",
            "shop",
            &[(HOME, true), (RECOVERY, false)],
        )
        .switch_plan(SHOP, "shop-switch", "shop", &[HOME, RECOVERY]);
    sim_with(world, None, 0.0).await
}

async fn at(sim: &Sim, region: &str) -> aws_sdk_arcregionswitch::Client {
    aws_sdk_arcregionswitch::Client::new(&acting(sim, region).await)
}

fn arn(sim: &Sim) -> String {
    sim.look(|world| world.switch_plans[0].arn())
}

#[tokio::test]
async fn an_execution_is_started_once_in_the_region_that_it_activates_and_followed_to_its_end() {
    let sim = sim().await;
    let (plan, client) = (arn(&sim), at(&sim, RECOVERY).await);
    // The Region being left has nothing to say in this.
    sim.set_region_dark(HOME, true);
    let start = |token: &str| {
        client
            .start_plan_execution()
            .plan_arn(&plan)
            .target_region(RECOVERY)
            .action(ExecutionAction::Activate)
            .mode(ExecutionMode::Ungraceful)
            .comment("for the test")
            .client_token(token)
            .send()
    };
    let id = start("one").await.unwrap().execution_id.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    assert_eq!(start("one").await.unwrap().execution_id.unwrap(), id);
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));
    assert_eq!(code(&start("two").await).as_deref(), Some("IllegalStateException"));
    let listed = client.list_plan_executions().plan_arn(&plan).send().await.unwrap();
    let [execution] = listed.items() else { panic!("{listed:?}") };
    assert_eq!((execution.execution_id(), execution.execution_region()), (id.as_str(), RECOVERY));
    assert_eq!(execution.execution_state(), &ExecutionState::InProgress);
    assert_eq!(execution.comment(), Some("for the test"));
    sim.advance(Duration::from_secs(2));
    let one = client.get_plan_execution().plan_arn(&plan).execution_id(&id).send().await.unwrap();
    let steps: Vec<_> = one.step_states().iter().map(|s| s.status().unwrap().clone()).collect();
    assert_eq!(steps, [StepStatus::Completed, StepStatus::Running]);
    sim.advance(Duration::from_secs(2));
    let one = client.get_plan_execution().plan_arn(&plan).execution_id(&id).send().await.unwrap();
    assert_eq!(one.execution_state(), &ExecutionState::Completed);
    assert!(one.end_time().is_some());
    let on = sim.look(|w| w.clusters[0].panels[0].controls.iter().map(|c| c.on).collect::<Vec<_>>());
    assert_eq!(on, [false, true], "what the plan was for is done");
}

#[tokio::test]
async fn a_plan_is_told_with_its_evaluation_in_each_of_its_regions() {
    let sim = sim().await;
    let (plan, client) = (arn(&sim), at(&sim, RECOVERY).await);
    let whole = client.get_plan_in_region().arn(&plan).send().await.unwrap().plan.unwrap();
    assert_eq!(whole.regions(), [HOME, RECOVERY]);
    assert_eq!(whole.primary_region(), Some(HOME));
    assert_eq!(whole.workflows().len(), 2);
    let status = client.get_plan_evaluation_status().plan_arn(&plan).send().await.unwrap();
    assert_eq!(status.evaluation_state(), Some(&EvaluationStatus::Passed));
    sim.tamper(|w| w.switch_plans[0].warnings.push("the role lacks ecs:UpdateService".into()));
    let status = client.get_plan_evaluation_status().plan_arn(&plan).send().await.unwrap();
    assert_eq!(status.evaluation_state(), Some(&EvaluationStatus::ActionRequired));
    assert_eq!(status.warnings()[0].warning_message(), "the role lacks ecs:UpdateService");
    let elsewhere = at(&sim, "ap-southeast-1").await.get_plan_in_region().arn(&plan).send().await;
    assert_eq!(code(&elsewhere).as_deref(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn an_execution_stops_at_a_failed_step() {
    let sim = sim().await;
    let (plan, client) = (arn(&sim), at(&sim, RECOVERY).await);
    sim.tamper(|w| w.switch_plans[0].broken_step = Some("scale".into()));
    let call = client.start_plan_execution().plan_arn(&plan).target_region(RECOVERY);
    call.action(ExecutionAction::Activate).send().await.unwrap();
    sim.advance(Duration::from_secs(60));
    let listed = client.list_plan_executions().plan_arn(&plan).send().await.unwrap();
    assert_eq!(listed.items()[0].execution_state(), &ExecutionState::PausedByFailedStep);
    assert!(sim.look(|w| w.clusters[0].panels[0].controls[0].on));
}
