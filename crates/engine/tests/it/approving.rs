//! R1. Whoever takes an approval in dies before it is committed, or after and before it has said so: it counts once, and the
//! run begins once.

use crate::house::{House, id};
use crate::proxy::Proxy;
use crate::wire::database_of;
use crate::{all_calls, calls};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::runs::{Decision, ReviewRun, Runs};
use holdfast_app::{App, Settings};
use holdfast_failover::run::Event;
use holdfast_failover::{Mode, RunState};
use holdfast_store::{Pools, Store};
use holdfast_testkit::sealing;

/// `is_kept`: the commit arrives, and its answer is lost.
async fn dies_while_it_takes_an_approval_in(is_kept: bool) {
    let mut house = House::new().await;
    let run = house.request(House::asked(Mode::Planned)).await.unwrap();
    let url = house.address().0.to_owned();
    let proxy = Proxy::before(database_of(&url)).await;
    let dying = Store::connect(&proxy.url(&url), Pools { web: 2, engine: 1 }).await.unwrap();
    let dying = App::new(dying.sealing_with(sealing()), Settings::default());
    if is_kept {
        proxy.lose_answers(1);
    } else {
        proxy.cut_commits(1);
    }
    let review =
        ReviewRun { decision: Decision::Approve, plan_digest: run.plan_digest.clone(), comment: None };
    let unheard = dying.review_run(&house.approver, id(&run), review).await;
    assert!(unheard.is_err(), "nobody hears that it counts");
    let said_again = house.approve(&run).await;
    assert_eq!(said_again.is_err(), is_kept, "{said_again:?}");
    house.reaches(&run, RunState::Completed).await;
    let journal = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    let times = |kind: &str| journal.iter().filter(|entry| entry.event.kind() == kind).count();
    assert_eq!((times("approved"), times("started")), (1, 1));
    assert_eq!(
        journal
            .iter()
            .filter(|entry| matches!(entry.event, Event::StepStarted { change: Some(_), .. }))
            .count(),
        2
    );
    let filter = AuditFilter { outcome: Some("done".into()), ..AuditFilter::default() };
    let done = house.app.audit(&house.operator, &filter).await.unwrap().items;
    assert_eq!(done.iter().filter(|entry| entry.action == "run.approve").count(), 1);
    assert_eq!((calls(&house), house.cloud.made().len()), (all_calls(), 2));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_whose_server_dies_before_its_commit_counts_when_it_is_given_again() {
    dies_while_it_takes_an_approval_in(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_server_dies_before_it_has_said_so_counts_once() {
    dies_while_it_takes_an_approval_in(true).await;
}
