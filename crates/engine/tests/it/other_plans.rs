//! A step that runs another application's plan: which run it asks for, what it waits for, and that there is one however
//! its worker ends.

use crate::house::{House, actor, id, until};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::runs::{
    Decision, RequestRun, ReviewRun, RunFilter, RunSummary, RunVerb, RunView, Runs, StepView,
};
use holdfast_domain::{Actor, Role, StepId};
use holdfast_failover::run::Event;
use holdfast_failover::{Intent, Mode, RunState, StepState};

const STEP: &str = "own-sign-in";
const LOGIN: &str = "login.example.com";

fn step(run: &RunView) -> &StepView {
    run.steps.iter().find(|s| s.id == STEP).unwrap_or_else(|| panic!("{STEP} is not in the run"))
}

fn the_step() -> StepId {
    StepId::parse(STEP).unwrap()
}

async fn sre(house: &House) -> Actor {
    actor(&house.app, "sre@example.com", Role::Approver, &["sre"]).await
}

async fn runs_of_identity(house: &House) -> Vec<RunSummary> {
    let filter = RunFilter { application: Some("identity".into()), ..RunFilter::default() };
    house.app.runs(&house.operator, &filter).await.unwrap().items
}

async fn now(house: &House, run: &RunView) -> RunView {
    house.app.run(&house.operator, id(run)).await.unwrap()
}

async fn decide(house: &House, who: &Actor, run: &RunView, decision: Decision) -> RunView {
    let review = ReviewRun { decision, plan_digest: run.plan_digest.clone(), comment: None };
    house.app.review_run(who, id(run), review).await.unwrap()
}

fn asked(intent: Intent) -> RequestRun {
    RequestRun { application: "identity".into(), intent, ..House::asked(Mode::Planned) }
}

/// The run of identity that the step has asked for; it waits for approval.
async fn child(house: &House, parent: &RunView) -> RunView {
    let other = until("the step to wait for a run", || async {
        let parent = now(house, parent).await;
        let step = step(&parent);
        (step.state == StepState::Waiting && step.note.is_some()).then(|| step.other_run.clone()).flatten()
    })
    .await;
    house.app.run(&house.operator, other.run.parse().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_moves_by_a_run_of_its_own_that_its_own_approvers_decide_and_shop_after_it() {
    let mut house = House::with_identity().await;
    let sre = sre(&house).await;
    let parent = house.started().await;
    let child = child(&house, &parent).await;
    assert_eq!(child.summary.state, RunState::AwaitingApproval);
    assert_eq!(
        (child.approval_policy.as_str(), child.summary.requested_by.as_str()),
        ("by-sre", "operator@example.com")
    );
    let waits = now(&house, &parent).await;
    let note = step(&waits).note.clone().unwrap();
    assert!(note.contains(&child.summary.id) && note.contains("sre"), "{note}");
    let (other, by) = (step(&waits).other_run.clone().unwrap(), child.asked_by.clone().unwrap());
    assert!(other.asked_for && other.now.contains("sre"), "{other:?}");
    assert_eq!(
        (by.run, by.application.as_str(), by.step.as_str()),
        (parent.summary.id.clone(), "shop", STEP)
    );
    assert!(house.cloud.made().is_empty(), "the parent waits");
    // Whoever decides of shop does not decide of identity, and neither does the requester.
    for stranger in [&house.approver, &house.operator] {
        let review =
            ReviewRun { decision: Decision::Approve, plan_digest: child.plan_digest.clone(), comment: None };
        assert!(house.app.review_run(stranger, id(&child), review).await.is_err());
    }
    decide(&house, &sre, &child, Decision::Approve).await;
    let done = house.reaches(&parent, RunState::Completed).await;
    assert!(
        step(&done).note.as_deref().unwrap().contains("is over, and identity is served from eu-central-1")
    );
    assert_eq!(runs_of_identity(&house).await.len(), 1);
    let effects = house.cloud.effects();
    assert_eq!(effects.first().map(String::as_str), Some("route-sign-in"), "{effects:?}");
    assert_eq!((house.cloud.weight_of(LOGIN, "us-east-1"), house.cloud.weight("us-east-1")), (0, 0));
    let filter = AuditFilter { action: Some("run.request".into()), ..AuditFilter::default() };
    let audit = house.app.audit(&house.operator, &filter).await.unwrap().items;
    let of_child = |entry: &&_| serde_json::to_string(entry).unwrap().contains(&child.summary.id);
    let request = serde_json::to_string(audit.iter().find(of_child).unwrap()).unwrap();
    assert!(request.contains(&parent.summary.id) && request.contains("operator@example.com"), "{request}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_asking_and_writing_down_so_leaves_one_run_and_the_next_one_finds_it() {
    let mut house = House::with_identity().await;
    let sre = sre(&house).await;
    house.stop().await;
    let parent = house.started().await;
    house.dies_asking().await;
    assert_eq!(runs_of_identity(&house).await.len(), 1);
    house.start().await;
    let child = child(&house, &parent).await;
    decide(&house, &sre, &child, Decision::Approve).await;
    house.reaches(&parent, RunState::Completed).await;
    assert_eq!(runs_of_identity(&house).await.len(), 1);
    let journal = house.app.run_journal(&house.operator, id(&parent)).await.unwrap();
    let asked = |wanted: fn(&Event) -> bool| {
        journal.iter().filter(|e| e.event.step() == Some(&the_step()) && wanted(&e.event)).count()
    };
    assert_eq!(asked(|e| matches!(e, Event::StepStarted { change: Some(_), .. })), 1, "asked once");
    assert_eq!(asked(|e| matches!(e, Event::CallAnswered { .. })), 1, "and what it came to was found");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_denied_asks_a_person_whose_retry_asks_for_another() {
    let mut house = House::with_identity().await;
    let sre = sre(&house).await;
    let parent = house.started().await;
    let first = child(&house, &parent).await;
    decide(&house, &sre, &first, Decision::Deny).await;
    let parked = house.reaches(&parent, RunState::NeedsPerson).await;
    let says = step(&parked).parked.clone().unwrap();
    assert!(says.reason.contains(&first.summary.id) && says.reason.contains("denied"), "{}", says.reason);
    assert!(says.way_out.contains("new run") && step(&parked).may_retry && step(&parked).may_skip);
    let retry = RunVerb::RetryStep { step: the_step() };
    house.app.drive_run(&house.operator, id(&parent), retry).await.unwrap();
    let second = until("another run", || async {
        let step = step(&now(&house, &parent).await).other_run.clone()?;
        (step.run != first.summary.id).then_some(step.run)
    })
    .await;
    let second = house.app.run(&house.operator, second.parse().unwrap()).await.unwrap();
    decide(&house, &sre, &second, Decision::Approve).await;
    house.reaches(&parent, RunState::Completed).await;
    assert_eq!(runs_of_identity(&house).await.len(), 2);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_serves_from_the_target_already_needs_no_run() {
    let mut house = House::with_identity().await;
    house.cloud.meddle_with(LOGIN, "us-east-1", 0);
    house.cloud.meddle_with(LOGIN, "eu-central-1", 100);
    let parent = house.started().await;
    let done = house.reaches(&parent, RunState::Completed).await;
    assert!(step(&done).note.as_deref().unwrap().contains("no run was needed"));
    assert_eq!(runs_of_identity(&house).await, []);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_somebody_else_asked_for_is_waited_for_and_outlives_the_run_that_waits() {
    let mut house = House::with_identity().await;
    let sre = sre(&house).await;
    let own = house.request(asked(Intent::Failover)).await.unwrap();
    let parent = house.started().await;
    let found = child(&house, &parent).await;
    assert_eq!((found.summary.id.clone(), found.asked_by.clone()), (own.summary.id.clone(), None));
    assert!(!step(&now(&house, &parent).await).other_run.clone().unwrap().asked_for);
    let cancel = RunVerb::Cancel { reason: "not today".into() };
    house.app.drive_run(&house.operator, id(&parent), cancel).await.unwrap();
    decide(&house, &sre, &own, Decision::Approve).await;
    house.reaches(&own, RunState::Completed).await;
    assert_eq!(house.cloud.effects(), ["route-sign-in"], "shop stayed");
    assert_eq!(runs_of_identity(&house).await.len(), 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_the_parent_leaves_the_run_that_it_asked_for_and_shows_it() {
    let mut house = House::with_identity().await;
    let parent = house.started().await;
    let child = child(&house, &parent).await;
    let cancel = RunVerb::Cancel { reason: "not today".into() };
    let cancelled = house.app.drive_run(&house.operator, id(&parent), cancel).await.unwrap();
    let other = step(&cancelled).other_run.clone().unwrap();
    assert_eq!((other.run, other.state), (child.summary.id.clone(), RunState::AwaitingApproval));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_moves_the_application_elsewhere_asks_a_person() {
    let mut house = House::with_identity().await;
    house.cloud.meddle_with(LOGIN, "us-east-1", 0);
    house.cloud.meddle_with(LOGIN, "eu-central-1", 100);
    let back = until("what was meddled with to be seen", || async {
        house.request(RequestRun { from_region: None, ..asked(Intent::Failback) }).await.ok()
    })
    .await;
    let parent = house.started().await;
    let parked = house.reaches(&parent, RunState::NeedsPerson).await;
    let reason = step(&parked).parked.clone().unwrap().reason;
    assert!(reason.contains(&back.summary.id) && reason.contains("moves identity elsewhere"), "{reason}");
    assert!(house.cloud.made().is_empty());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_for_in_the_name_of_somebody_who_may_not_ask_any_more() {
    let mut house = House::with_identity().await;
    house.stop().await;
    let parent = house.started().await;
    sqlx::query("UPDATE people SET disabled_at = now() WHERE id = $1")
        .bind(house.operator.person.0)
        .execute(&mut house.owner().await)
        .await
        .unwrap();
    house.start().await;
    let parked = house.reaches(&parent, RunState::NeedsPerson).await;
    let says = step(&parked).parked.clone().unwrap();
    assert!(says.reason.contains("may not sign in any more"), "{}", says.reason);
    assert!(says.way_out.contains("request the run of identity yourself"), "{}", says.way_out);
    assert_eq!(runs_of_identity(&house).await, []);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_asks_for_no_run_and_says_that_it_would() {
    let mut house = House::with_identity().await;
    let dry = house.request(RequestRun { dry_run: true, ..House::asked(Mode::Planned) }).await.unwrap();
    let done = house.reaches(&dry, RunState::Completed).await;
    assert_eq!(step(&done).note.as_deref(), Some("dry run: would call holdfast:RequestRun"));
    assert_eq!(runs_of_identity(&house).await, []);
    house.stop().await;
}
