//! A store that two applications are made of: who must agree to its move, and that only one run moves it.

use crate::house::{AWAY, HOME, House, id, refused};
use holdfast_api::runs::RequestRun;
use holdfast_api::runs::Runs;
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Facts, Role};
use holdfast_failover::run::RunState;
use holdfast_failover::{Intent, Mode};

async fn sharing() -> House {
    let house = House::with_two_applications_of_one_database().await;
    let member = |code: &str, writer: bool| {
        Facts::AuroraMember(AuroraMember {
            cluster_arn: format!("arn:aws:rds:{code}:222222222222:cluster:orders"),
            writer,
            global_status: "available".into(),
            failover_status: None,
            synchronization: (!writer).then(|| "connected".into()),
            cluster_status: Some("available".into()),
            instances: Some(1),
            instance_classes: vec!["db.r6g.large".into()],
            lag: (!writer).then(|| holdfast_domain::facts::Lag {
                milliseconds: 12.0,
                measured_at: jiff::Timestamp::now(),
                metric: "AuroraGlobalDBProgressLag".into(),
            }),
            endpoint: None,
        })
    };
    for (application, database) in [("till", "orders"), ("stock", "goods")] {
        house.look(application, database, HOME, Ok(member(HOME, true))).await;
        house.look(application, database, AWAY, Ok(member(AWAY, false))).await;
    }
    house
}

fn asked(application: &str) -> RequestRun {
    House::asked(application, Intent::Failover, HOME, AWAY)
}

#[tokio::test]
async fn a_step_that_moves_a_shared_store_names_who_uses_it_and_their_owners_must_agree() {
    let house = sharing().await;
    let preview = house.app.preview_run(&house.operator, &asked("till")).await.unwrap();
    let switch = preview.steps.iter().find(|s| s.id == "switch-orders").unwrap();
    assert!(switch.title.ends_with("which stock use too"), "{}", switch.title);
    let groups: Vec<_> = preview.tally.rules.iter().map(|r| (r.group.as_str(), r.needed)).collect();
    assert_eq!(groups, [("approvers", 1), ("owners", 1)], "the policy of stock asks its owners");

    let run =
        house.request(RequestRun { plan_digest: Some(preview.plan_digest), ..asked("till") }).await.unwrap();
    let after = house.approve(&house.approver, &run).await.unwrap();
    assert_eq!(after.summary.state, RunState::AwaitingApproval, "one policy alone starts nothing");
    let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
    assert_eq!(house.approve(&owner, &run).await.unwrap().summary.state, RunState::Running);
}

#[tokio::test]
async fn while_one_moves_it_the_other_is_told_which_run_and_which_resource() {
    let house = sharing().await;
    let first = house.request(asked("till")).await.unwrap();
    let problem = refused(house.request(asked("stock")).await);
    assert_eq!((problem.status, problem.code.as_str()), (409, "run_active"));
    assert_eq!(problem.blocked_by.as_deref(), Some(first.summary.id.as_str()));
    assert!(problem.detail.contains("aurora_global_database prod/orders"), "{}", problem.detail);
    assert!(problem.detail.contains("of till"), "{}", problem.detail);
    let shown = house.app.preview_run(&house.operator, &asked("stock")).await.unwrap();
    assert_eq!(shown.refused.map(|r| r.code).as_deref(), Some("run_active"), "the review says so before");
    // A dry run changes nothing, and an emergency of another application does not jump the queue either.
    house.request(RequestRun { dry_run: true, ..asked("stock") }).await.unwrap();
    let emergency = RequestRun { mode: Mode::Emergency, ..asked("stock") };
    assert_eq!(refused(house.request(emergency).await).code, "run_active");

    let cancel = holdfast_api::runs::RunVerb::Cancel { reason: "stock goes first".into() };
    house.app.drive_run(&house.operator, id(&first), cancel).await.unwrap();
    house.request(asked("stock")).await.unwrap();
}
