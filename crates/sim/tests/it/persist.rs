use crate::harness::{RECOVERY, acting, config, role, sim_with};
use holdfast_sim::demo_world;
use holdfast_sim::faults::{Fault, FaultKind};
use std::time::Duration;

#[tokio::test]
async fn a_restart_keeps_world_ledger_faults_and_sessions() {
    let dir = tempfile::tempdir().unwrap();
    let first = sim_with(demo_world(), Some(dir.path()), 0.0).await;
    let credentials = role(&first, "holdfast-act").await;
    let ecs = aws_sdk_ecs::Client::new(&config(&first, RECOVERY, credentials.clone()).await);
    ecs.update_service().cluster("shop").service("web").desired_count(6).send().await.unwrap();
    first.add_fault(Fault { region: Some("eu-west-1".into()), ..Fault::new(FaultKind::Throttle) });
    first.set_region_dark("us-west-2", true);
    first.advance(Duration::from_secs(60));
    let before: Vec<_> = first.ledger().iter().map(|e| e.as_ref().clone()).collect();
    // Dropped, not shut down: nothing may depend on a clean end.
    drop(first);

    let second = sim_with(demo_world(), Some(dir.path()), 0.0).await;
    let after: Vec<_> = second.ledger().iter().map(|e| e.as_ref().clone()).collect();
    assert_eq!(after, before);
    assert!(second.look(|w| w.regions["us-west-2"].dark));
    let ecs = aws_sdk_ecs::Client::new(&config(&second, RECOVERY, credentials.clone()).await);
    let described = ecs.describe_services().cluster("shop").services("web").send().await.unwrap();
    assert_eq!(described.services()[0].running_count(), 6);
    let throttled = aws_sdk_ecs::Client::new(&config(&second, "eu-west-1", credentials).await);
    assert!(throttled.list_clusters().send().await.is_err());
    let seqs: Vec<_> = second.ledger().iter().map(|e| e.seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_ledger_line_that_a_kill_tore_does_not_stop_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = sim_with(demo_world(), Some(dir.path()), 0.0).await;
    acting(&first, RECOVERY).await;
    let known = first.ledger().len();
    drop(first);
    let path = dir.path().join("sim-ledger.jsonl");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(b"{\"at\":\"2026");
    std::fs::write(&path, bytes).unwrap();
    let second = sim_with(demo_world(), Some(dir.path()), 0.0).await;
    assert_eq!(second.ledger().len(), known);
    acting(&second, RECOVERY).await;
    drop(second);
    let third = sim_with(demo_world(), Some(dir.path()), 0.0).await;
    assert_eq!(third.ledger().len(), known + 1);
}

#[tokio::test]
async fn a_state_file_that_cannot_be_read_is_said_and_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sim-state.json");
    std::fs::write(&path, "not json").unwrap();
    let config = holdfast_sim::SimConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: Some(dir.path().to_path_buf()),
        speed: 1.0,
    };
    let refused = holdfast_sim::start(config).await;
    assert!(refused.is_err_and(|e| e.to_string().contains("sim-state.json")));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "not json");
}
