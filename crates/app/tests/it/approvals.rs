//! Approvals: whose count when the last one is given, and what one bad run does to everybody's list.

use crate::house::{AWAY, HOME, House, id, name, refused, test_entry};
use holdfast_api::now::Nows;
use holdfast_api::runs::{RunView, Runs};
use holdfast_domain::Role;
use holdfast_failover::Intent;
use holdfast_failover::run::RunState;

async fn waiting(application: &str) -> (House, RunView) {
    let house = House::new().await;
    house.sees_services(application, &[HOME, AWAY]).await;
    let run = house.request(House::asked(application, Intent::Failover, HOME, AWAY)).await.unwrap();
    (house, run)
}

async fn kinds(house: &House, run: &RunView) -> Vec<&'static str> {
    let entries = house.app.run_journal(&house.operator, id(run)).await.unwrap();
    entries.iter().map(|e| e.event.kind()).collect()
}

#[tokio::test]
async fn a_run_does_not_start_on_the_vote_of_somebody_disabled_since() {
    let (house, run) = waiting("pair").await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let third = house.another("third@example.com", Role::Approver, &["approvers"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    house.app.disable_person("approver@example.com").await.unwrap();

    let shown = house.app.run(&house.operator, id(&run)).await.unwrap();
    assert!(shown.reviews.is_empty(), "it is not shown as counting either");
    let after = house.approve(&second, &run).await.unwrap();
    assert_eq!(after.summary.state, RunState::AwaitingApproval);
    assert_eq!(kinds(&house, &run).await, ["requested", "approved", "approval_withdrawn", "approved"]);

    let after = house.approve(&third, &run).await.unwrap();
    assert_eq!(after.summary.state, RunState::Running);
}

#[tokio::test]
async fn a_vote_is_gone_with_the_role_of_an_approver() {
    let (house, run) = waiting("pair").await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    let mut change = house.store.begin().await.unwrap();
    change.set_roles(house.approver.person, &[Role::Viewer]).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    assert_eq!(house.approve(&second, &run).await.unwrap().summary.state, RunState::AwaitingApproval);
}

#[tokio::test]
async fn a_vote_is_gone_with_the_group_and_another_of_the_group_may_take_its_place() {
    let (house, run) = waiting("split").await;
    let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    assert!(house.app.approvals(&second).await.unwrap().is_empty(), "the seat is taken");
    let mut change = house.store.begin().await.unwrap();
    change.set_groups(house.approver.person, &[name("owners")]).await.unwrap();
    change.commit(test_entry()).await.unwrap();

    assert_eq!(house.app.approvals(&second).await.unwrap().len(), 1, "the seat is free again");
    assert_eq!(house.approve(&owner, &run).await.unwrap().summary.state, RunState::AwaitingApproval);
    assert_eq!(house.approve(&second, &run).await.unwrap().summary.state, RunState::Running);
}

#[tokio::test]
async fn votes_that_still_stand_start_the_run() {
    let (house, run) = waiting("pair").await;
    let second = house.another("second@example.com", Role::Approver, &["approvers", "owners"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    assert_eq!(house.approve(&second, &run).await.unwrap().summary.state, RunState::Running);
    assert_eq!(kinds(&house, &run).await, ["requested", "approved", "approved", "started"]);
}

#[tokio::test]
async fn a_refused_approval_takes_nobody_elses_back() {
    let (house, run) = waiting("pair").await;
    let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    house.app.disable_person("approver@example.com").await.unwrap();
    assert_eq!(refused(house.approve(&owner, &run).await).code, "not_an_approver");
    assert_eq!(kinds(&house, &run).await, ["requested", "approved"]);
}

#[tokio::test]
async fn one_run_that_cannot_be_read_leaves_everybody_their_list_and_first_page() {
    let (house, run) = waiting("shop").await;
    house.corrupt("pair", (Intent::Failover, HOME, AWAY), RunState::AwaitingApproval).await;
    let mine = house.app.approvals(&house.approver).await.unwrap();
    assert_eq!(mine.iter().map(|r| &r.id).collect::<Vec<_>>(), [&run.summary.id]);
    let now = house.app.now(&house.approver).await.unwrap();
    assert_eq!(now.approvals_for_me.len(), 1);
}
