//! Evacuations of the demonstration's Regions over the wire: whether the waves hold is read from the simulator's ledger.

use crate::house::{House, actor, until};
use crate::wire::WireHouse;
use holdfast_api::evacuations::{
    CommitOutcome, EvacuationVerb, EvacuationView, Evacuations, RequestEvacuation, ReviewEvacuation,
};
use holdfast_api::runs::{Decision, RunSummary, RunVerb, Runs};
use holdfast_domain::{EvacuationId, Name, Role, RunId};
use holdfast_failover::evacuation::{Direction, State};
use holdfast_failover::run::Event;
use holdfast_failover::{Mode, RunState};
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::Effect;
use holdfast_store::{Advance, AuditActor, AuditEntry, AuditFilter, CRASHES_AT_MOST};
use std::cell::RefCell;

fn id(view: &EvacuationView) -> EvacuationId {
    view.summary.id.parse().unwrap()
}

/// Of whatever has a foot there.
pub fn asked(region: &str) -> RequestEvacuation {
    RequestEvacuation {
        region: region.into(),
        direction: Direction::Out,
        mode: Mode::Planned,
        commit_within_seconds: None,
        reason: "a test".into(),
        incident: None,
        concurrency: None,
        stop_on_failure: None,
        dry_run: false,
        overrides: Vec::new(),
        applications: None,
        plan_digest: None,
    }
}

fn asked_of(region: &str, mode: Mode, applications: &[&str], concurrency: u16) -> RequestEvacuation {
    RequestEvacuation {
        mode,
        concurrency: Some(concurrency),
        applications: Some(applications.iter().map(ToString::to_string).collect()),
        ..asked(region)
    }
}

/// Asked for of these applications alone, and approved by as many as it takes.
async fn started(house: &WireHouse, region: &str, applications: &[&str], concurrency: u16) -> EvacuationView {
    approved(house, asked_of(region, Mode::Planned, applications, concurrency)).await
}

async fn approved(house: &WireHouse, request: RequestEvacuation) -> EvacuationView {
    let mut view = house.app.request_evacuation(&house.operator, request, "key").await.unwrap();
    let mut refused = Vec::new();
    for approver in &house.approvers {
        if view.summary.state != State::AwaitingApproval {
            break;
        }
        let plan_digest = view.plan_digest.clone();
        let review = ReviewEvacuation { decision: Decision::Approve, plan_digest, comment: None };
        // Who is in no group that a policy names is told so, and the next one is asked.
        match house.app.review_evacuation(approver, id(&view), review).await {
            Ok(reviewed) => view = reviewed,
            Err(problem) => refused.push(problem),
        }
    }
    assert_ne!(view.summary.state, State::AwaitingApproval, "{refused:#?}");
    view
}

/// Says how far it came when the wait for it is given up.
struct LastSeen(RefCell<Option<EvacuationView>>);

impl Drop for LastSeen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("last seen: {:#?}", self.0.borrow());
        }
    }
}

async fn reaches(
    house: &WireHouse,
    of: EvacuationId,
    wanted: impl Fn(&EvacuationView) -> bool,
) -> EvacuationView {
    let last = LastSeen(RefCell::default());
    until("the evacuation", || async {
        let view = house.app.evacuation(&house.operator, of).await.unwrap();
        *last.0.borrow_mut() = Some(view.clone());
        wanted(&view).then_some(view)
    })
    .await
}

/// The places in the ledger of a run's first and last call that changed something.
fn changed(house: &WireHouse, run: &RunSummary) -> (u64, u64) {
    let calls = house.calls();
    let mut of_run = calls.iter().filter(|entry| {
        entry.effect == Effect::Changed && entry.session_name.as_deref() == Some(run.id.as_str())
    });
    let first = of_run.next().unwrap().seq;
    (first, of_run.next_back().map_or(first, |last| last.seq))
}

fn names(view: &EvacuationView) -> Vec<Vec<&str>> {
    view.waves.iter().map(|wave| wave.iter().map(|run| run.application.as_str()).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsed_lot_moves_nobody_and_says_so() {
    let mut house = House::new().await;
    let request = RequestEvacuation { dry_run: true, ..asked("us-east-1") };
    let rehearsed = house.app.request_evacuation(&house.operator, request, "key").await.unwrap();
    let over = until("the rehearsal to end", || async {
        let view = house.app.evacuation(&house.operator, id(&rehearsed)).await.unwrap();
        view.summary.ended_at.is_some().then_some(view.summary)
    })
    .await;
    assert_eq!((over.state, over.applications, over.moved), (State::Completed, 1, 0));
    assert_eq!(over.now, "Every part was rehearsed; nothing was moved.");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_is_left_wave_by_wave_with_no_more_runs_at_once_than_the_limit() {
    let house = WireHouse::at_speed(60.0).await;
    let asked = started(&house, "us-east-1", &["identity", "feed", "ledger"], 1).await;
    assert_eq!(names(&asked), [vec!["identity"], vec!["feed", "ledger"]]);
    assert!(asked.left_out.iter().any(|left| left.application == "shop"), "who stays is said");
    let over = reaches(&house, id(&asked), |view| view.summary.ended_at.is_some()).await;
    let runs: Vec<&RunSummary> = over.waves.iter().flatten().collect();
    assert!(runs.iter().all(|run| run.state == RunState::Completed), "{runs:#?}");
    assert_eq!(over.summary.state, State::CompletedWithExceptions, "somebody was left out");
    let spans: Vec<(u64, u64)> = runs.iter().map(|run| changed(&house, run)).collect();
    for pair in spans.windows(2) {
        assert!(pair[0].1 < pair[1].0, "one after the other: {spans:?}");
    }
    assert_eq!(house.done_twice(), [""; 0]);
    for application in ["identity", "feed", "ledger"] {
        let serving = house.serving(application).await;
        assert!(!serving.iter().any(|code| code.as_str() == "us-east-1"), "{application}: {serving:?}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_word_commits_what_waits_of_a_lot_and_the_next_wave_begins() {
    let house = WireHouse::at_speed(60.0).await;
    let lot = asked_of("us-east-1", Mode::Planned, &["identity", "feed", "ledger"], 8);
    let asked = approved(&house, RequestEvacuation { commit_within_seconds: Some(600), ..lot }).await;
    let waits = |view: &EvacuationView, application: &str| {
        let mut all = view.waves.iter().flatten();
        all.any(|run| run.application == application && run.state == RunState::AwaitingCommit)
    };
    let commit = async || {
        let word = house.app.commit_evacuation(&house.operator, id(&asked), Some("looks well".into())).await;
        let parts = word.unwrap().parts;
        parts.into_iter().map(|part| (part.application, part.outcome)).collect::<Vec<_>>()
    };
    let held = reaches(&house, id(&asked), |view| waits(view, "identity")).await;
    assert!(held.waves[1].iter().all(|run| run.state == RunState::AwaitingApproval), "the next wave waits");
    // A promoted copy is not taken back, so that nobody is asked about ledger.
    let (identity, feed) = ("identity".to_owned(), "feed".to_owned());
    let refused = (feed.clone(), CommitOutcome::Refused);
    assert_eq!(commit().await, [(identity.clone(), CommitOutcome::Committed), refused]);
    reaches(&house, id(&asked), |view| waits(view, "feed")).await;
    let second = [(identity, CommitOutcome::CommittedBefore), (feed, CommitOutcome::Committed)];
    assert_eq!(commit().await, second);
    let over = reaches(&house, id(&asked), |view| view.summary.ended_at.is_some()).await;
    assert!(over.waves.iter().flatten().all(|run| run.state == RunState::Completed), "{:#?}", over.waves);
    assert_eq!(over.events.iter().filter(|event| event.kind == "committed").count(), 2);
    assert!(commit().await.iter().all(|(_, outcome)| *outcome == CommitOutcome::CommittedBefore));
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}

/// The first wave's records may not be changed until its run has asked a person. Refused as often as it is asked: a worker
/// that lost its lease between the refusal and writing it down asks again.
async fn stopped(house: &WireHouse) -> EvacuationView {
    let operation = Some("ChangeResourceRecordSets".into());
    house.sim.add_fault(Fault { operation, ..Fault::new(FaultKind::Deny) });
    let asked = started(house, "us-east-1", &["identity", "ledger"], 8).await;
    let stopped = reaches(house, id(&asked), |view| view.summary.state == State::Stopped).await;
    house.sim.clear_faults();
    stopped
}

/// A person has what was refused tried again.
async fn retry(house: &WireHouse, run: &RunSummary) {
    let run = run.id.parse().unwrap();
    let parked = house.app.run(&house.operator, run).await.unwrap();
    let step = parked.steps.iter().find(|step| step.may_retry).unwrap().id.parse().unwrap();
    house.app.drive_run(&house.operator, run, RunVerb::RetryStep { step }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_that_fails_holds_the_next_until_a_person_says_go_on() {
    let house = WireHouse::at_speed(60.0).await;
    let stopped = stopped(&house).await;
    assert_eq!(stopped.stopped_after, Some(1));
    let (identity, ledger) = (&stopped.waves[0][0], &stopped.waves[1][0]);
    assert_eq!((identity.state, ledger.state), (RunState::NeedsPerson, RunState::AwaitingApproval));
    let calls = house.calls();
    let of_ledger = calls.iter().filter(|entry| entry.session_name.as_deref() == Some(ledger.id.as_str()));
    assert_eq!(of_ledger.count(), 0, "nothing of the next wave has begun");

    let verb = EvacuationVerb::GoOn { reason: "the books cannot wait".into() };
    house.app.drive_evacuation(&house.operator, id(&stopped), verb).await.unwrap();
    let went_on = reaches(&house, id(&stopped), |view| view.waves[1][0].state == RunState::Completed).await;
    assert_eq!(went_on.summary.state, State::Running, "a run still needs a person");
    retry(&house, identity).await;
    let over = reaches(&house, id(&stopped), |view| view.summary.ended_at.is_some()).await;
    assert!(over.waves.iter().flatten().all(|run| run.state == RunState::Completed));
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_the_rest_lets_what_is_under_way_end_and_begins_nothing_more() {
    let house = WireHouse::at_speed(60.0).await;
    let stopped = stopped(&house).await;
    let verb = EvacuationVerb::Cancel { reason: "the Region is back".into() };
    house.app.drive_evacuation(&house.operator, id(&stopped), verb).await.unwrap();
    retry(&house, &stopped.waves[0][0]).await;
    let over = reaches(&house, id(&stopped), |view| view.summary.ended_at.is_some()).await;
    assert_eq!(over.summary.state, State::Cancelled);
    let states = (over.waves[0][0].state, over.waves[1][0].state);
    assert_eq!(states, (RunState::Completed, RunState::Cancelled));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_expires_with_its_lot_is_in_the_audit_log_of_its_run_and_application() {
    let mut house = House::new().await;
    house.stop().await;
    let request = asked_of("us-east-1", Mode::Emergency, &["shop"], 1);
    let asked = house.app.request_evacuation(&house.operator, request, "key").await.unwrap();
    let sql = "ALTER TABLE evacuation_events DISABLE TRIGGER USER;
               UPDATE evacuation_events SET at = at - interval '1 day'";
    sqlx::raw_sql(sql).execute(&mut house.owner().await).await.unwrap();
    house.start().await;
    let over = until("the expiry", || async {
        let view = house.app.evacuation(&house.operator, id(&asked)).await.unwrap();
        view.summary.ended_at.is_some().then_some(view)
    })
    .await;
    let run = &over.waves[0][0];
    assert_eq!((over.summary.state, run.state), (State::Expired, RunState::Expired));
    let of_run = AuditFilter {
        subject: Some(("run".into(), run.id.clone())),
        action: Some("run.expire".into()),
        limit: 10,
        ..AuditFilter::default()
    };
    let found = house.store.audit_entries(&of_run).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].entry.application.as_ref().map(Name::as_str), Some("shop"));
    assert_eq!(found[0].entry.detail["evacuation"], asked.summary.id);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_set_aside_holds_no_place_from_the_next() {
    let mut house = House::with_identity().await;
    let sre = actor(&house.app, "sre@example.com", Role::Approver, &["sre"]).await;
    // Whether they share a wave or not, nothing but the limit may hold shop.
    let mut request = asked_of("us-east-1", Mode::Emergency, &["identity", "shop"], 1);
    request.stop_on_failure = Some(false);
    until("both to be ready to move", || async {
        let preview = house.app.preview_evacuation(&house.operator, &request).await.unwrap();
        (preview.waves.iter().flatten().count() == 2).then_some(())
    })
    .await;
    house.stop().await;
    let lot = house.app.request_evacuation(&house.operator, request, "key").await.unwrap();
    for who in [&house.approver, &sre] {
        let plan_digest = lot.plan_digest.clone();
        let review = ReviewEvacuation { decision: Decision::Approve, plan_digest, comment: None };
        house.app.review_evacuation(who, id(&lot), review).await.unwrap();
    }
    let part = |view: &EvacuationView, name: &str| {
        view.waves.iter().flatten().find(|run| run.application == name).unwrap().clone()
    };
    let stuck: RunId = part(&lot, "identity").id.parse().unwrap();
    let seq = house.app.run(&house.operator, stuck).await.unwrap().seq;
    let events = [Event::Started];
    let began =
        Advance { run: stuck, expected_seq: seq, events: &events, state: RunState::Running, summary: None };
    let mut change = house.store.begin().await.unwrap();
    change.append(&began).await.unwrap();
    for _ in 0..CRASHES_AT_MOST {
        change.record_crash(stuck, None, "a defect: it fell").await.unwrap().unwrap();
    }
    let entry = AuditEntry::done("test.set_up", AuditActor::System { name: "test".into() }, "run", stuck);
    change.commit(entry).await.unwrap();
    house.start().await;
    let next = until("the turn of shop", || async {
        let view = house.app.evacuation(&house.operator, id(&lot)).await.unwrap();
        (part(&view, "shop").state != RunState::AwaitingApproval).then_some(view)
    })
    .await;
    assert!(part(&next, "identity").set_aside.is_some());
    assert!(next.exceptions.contains(&"identity: needs person".to_owned()), "{:?}", next.exceptions);
    house.stop().await;
}
