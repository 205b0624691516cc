//! Runs from request to end over a real database and a fake cloud: what is journalled when, what happens to lost
//! answers, refusals and stopped workers.
#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on has failed.

mod approving;
mod audit_log;
mod bundles;
mod clocks;
mod columns;
mod commits;
mod crashes;
mod crowds;
mod data_plane;
mod drills;
mod escalation;
mod evacuations;
mod fake_cloud;
mod faults;
mod held;
mod herd;
mod histories;
mod house;
mod kills;
mod kinds;
mod lost;
mod misconfigured;
mod mortal;
mod offline;
mod other_plans;
mod own_steps;
mod partitions;
mod poison;
mod proxy;
mod returned;
mod settings;
mod simulation;
mod standby;
mod through;
mod turned_away;
mod twice;
mod undo;
mod wire;
mod zombies;

use fake_cloud::Fate;
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::runs::{Decision, ReviewRun, RunVerb, Runs};
use holdfast_domain::StepId;
use holdfast_failover::run::Event;
use holdfast_failover::{Mode, RunState, StepState};
use house::{House, id, until};

const CALLS: [&str; 2] = ["scale-web-eu-central-1", "route-front-door"];

fn calls(house: &House) -> Vec<String> {
    let mut steps = house.cloud.effects();
    steps.sort();
    steps
}

fn all_calls() -> Vec<String> {
    let mut steps: Vec<String> = CALLS.iter().map(ToString::to_string).collect();
    steps.sort();
    steps
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_failover_moves_capacity_and_traffic_once_and_is_measured() {
    let mut house = House::new().await;
    let run = house.started().await;
    let done = house.reaches(&run, RunState::Completed).await;
    assert_eq!(calls(&house), all_calls());
    assert_eq!((house.cloud.desired("eu-central-1"), house.cloud.weight("us-east-1")), (6, 0));
    assert!(house.cloud.weight("eu-central-1") > 0);
    assert!(done.measured.rto.total_seconds.unwrap() > 0.0);
    assert!(
        done.steps
            .iter()
            .filter(|s| s.call.is_some())
            .all(|s| s.answers.len() == 1 && s.answers[0].request_id.is_some())
    );
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_asked_about_themselves_and_what_they_tell_is_shown() {
    use holdfast_api::accounts::Accounts;
    let mut house = House::new().await;
    until("what the accounts tell", || async {
        let accounts = house.app.accounts(&house.operator).await.unwrap();
        let told: Vec<_> =
            accounts[0].permissions.iter().map(|p| (p.role.as_str(), p.state.as_str())).collect();
        let found = house.app.discovered_accounts(&house.operator).await.unwrap();
        let tried = [&accounts[0].read, &accounts[0].act].map(|role| role.state.as_str());
        (told == [("read", "unknown"), ("act", "missing")]
            && tried == ["ok"; 2]
            && found.iter().any(|a| a.name == "elsewhere"))
        .then_some(())
    })
    .await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_mends_a_trust_policy_and_refreshes_sees_the_act_role_let_in() {
    use holdfast_api::accounts::Accounts;
    use holdfast_api::applications::Applications;
    let mut house = House::with_sweeps_every(std::time::Duration::from_secs(3600)).await;
    let act_role = async |wanted: &str| {
        until("the act role's answer", || async {
            let accounts = house.app.accounts(&house.operator).await.unwrap();
            (accounts[0].act.state == wanted).then_some(())
        })
        .await;
    };
    act_role("ok").await;
    let shop = holdfast_domain::Name::parse("shop").unwrap();
    for (barred, state) in [(true, "failed"), (false, "ok")] {
        house.cloud.bar_acting(barred);
        house.app.refresh_application(&house.operator, &shop).await.unwrap();
        act_role(state).await;
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_run_says_completed_everybody_sees_where_the_application_serves() {
    use holdfast_api::accounts::Accounts;
    use holdfast_api::applications::Applications;
    let mut house = House::with_sweeps_every(std::time::Duration::from_secs(3600)).await;
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    let shop = holdfast_domain::Name::parse("shop").unwrap();
    let status = house.app.application_status(&house.operator, &shop).await.unwrap();
    assert_eq!(status.serving.regions.iter().map(|r| r.as_str()).collect::<Vec<_>>(), ["eu-central-1"]);
    until("the act role's answer", || async {
        let accounts = house.app.accounts(&house.operator).await.unwrap();
        (accounts[0].act.state == "ok").then_some(())
    })
    .await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plan_was_made_from_is_handed_to_the_process_that_carries_it_out() {
    let mut house = House::new().await;
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    let recalled = house.cloud.recalled();
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    let Some(Event::Requested { request }) = entries.iter().map(|e| &e.event).next() else {
        panic!("no request")
    };
    assert!(!request.plan.before.is_empty());
    assert!(request.plan.before.iter().all(|before| recalled.contains(&before.facts)), "{recalled:?}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_has_its_intent_and_the_values_before_in_the_journal() {
    let mut house = House::new().await;
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    for step in CALLS {
        let step = StepId::parse(step).unwrap();
        let at = |wanted: fn(&Event) -> bool| {
            entries.iter().position(|e| e.event.step() == Some(&step) && wanted(&e.event)).unwrap()
        };
        let intent =
            at(|e| matches!(e, Event::StepStarted { change: Some(_), before, .. } if !before.is_empty()));
        let answer = at(|e| matches!(e, Event::CallAnswered { .. }));
        assert!(intent < answer, "{step}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_looked_up_and_the_call_is_not_repeated() {
    let mut house = House::new().await;
    house.cloud.next_call(Fate::DoneAnswerLost);
    house.cloud.next_call(Fate::DoneAnswerLost);
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(calls(&house), all_calls(), "each took effect once");
    assert_eq!(house.cloud.made().len(), 2, "and was sent once");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_arrived_is_made_again_only_after_its_deadline() {
    let mut house = House::new().await;
    house.cloud.next_call(Fate::Lost);
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(calls(&house), all_calls());
    assert_eq!(house.cloud.made().len(), 3);
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    let (mut due, mut checked) = (None, false);
    for entry in &entries {
        match &entry.event {
            Event::StepStarted { attempt: 1, answer_due, step, .. } if step.as_str() == CALLS[0] => {
                due = Some(*answer_due)
            }
            Event::StepStarted { attempt: 2, step, .. } if step.as_str() == CALLS[0] => {
                assert!(entry.at >= due.unwrap(), "repeated while an answer could still come");
                checked = true;
            }
            _ => {}
        }
    }
    assert!(checked, "there was no second attempt in the journal");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_passes_by_itself_and_a_denial_asks_a_person() {
    let mut house = House::new().await;
    house.cloud.next_call(Fate::Throttled);
    house.cloud.next_call(Fate::Denied);
    let run = house.started().await;
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    let step = parked.steps.iter().find(|s| s.state == StepState::NeedsPerson).unwrap();
    assert!(step.parked.as_ref().unwrap().way_out.contains("retry"));
    assert!(step.may_retry && step.may_skip);
    let retry = RunVerb::RetryStep { step: StepId::parse(&step.id).unwrap() };
    house.app.drive_run(&house.operator, id(&run), retry).await.unwrap();
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(calls(&house), all_calls());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_step_skipped_with_a_reason_ends_the_run_with_an_exception() {
    let mut house = House::new().await;
    house.cloud.next_call(Fate::Denied);
    let run = house.started().await;
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    let step = parked.steps.iter().find(|s| s.parked.is_some()).unwrap();
    let skip =
        |reason: &str| RunVerb::SkipStep { step: StepId::parse(&step.id).unwrap(), reason: reason.into() };
    let refused = house.app.drive_run(&house.operator, id(&run), skip(" ")).await.unwrap_err();
    assert_eq!(refused.code, "reason_needed");
    house.app.drive_run(&house.operator, id(&run), skip("scaled by hand")).await.unwrap();
    let done = house.reaches(&run, RunState::CompletedWithExceptions).await;
    assert!(done.ending.unwrap_or_default().contains(&step.id) || done.summary.now.contains(&step.id));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_change_after_approval_stops_the_run_before_its_first_call() {
    let mut house = House::new().await;
    let run = house.request(House::asked(Mode::Planned)).await.unwrap();
    house.cloud.meddle("eu-central-1", 7);
    house.approve(&run).await.unwrap();
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    assert_eq!(parked.steps[0].state, StepState::NeedsPerson, "the first step looks again");
    assert!(house.cloud.made().is_empty(), "no call was made on a picture that nobody approved");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_run_waits_for_a_worker_and_a_restarted_worker_succeeds_itself() {
    let mut house = House::new().await;
    house.stop().await;
    let run = house.started().await;
    assert_eq!(run.summary.state, RunState::Running);
    assert!(house.cloud.made().is_empty());
    house.start().await;
    house.reaches(&run, RunState::Completed).await;
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
    assert!(entries.iter().any(|e| matches!(e.event, Event::TakenOver { .. })));
    assert_eq!(calls(&house), all_calls());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_starts_nothing_until_it_is_resumed() {
    let mut house = House::new().await;
    house.stop().await;
    let run = house.started().await;
    house.app.drive_run(&house.operator, id(&run), RunVerb::Pause { reason: None }).await.unwrap();
    house.start().await;
    // The worker has had its turn once it has swept: the two loops start together.
    let swept = house.store.last_sweep().await.unwrap().finished_at;
    until("a sweep after the start", || async {
        (house.store.last_sweep().await.unwrap().finished_at > swept).then_some(())
    })
    .await;
    assert!(house.cloud.made().is_empty());
    house.app.drive_run(&house.operator, id(&run), RunVerb::Resume).await.unwrap();
    house.reaches(&run, RunState::Completed).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_asks_nobody_and_calls_nothing() {
    let mut house = House::new().await;
    let asked = holdfast_api::runs::RequestRun { dry_run: true, ..House::asked(Mode::Planned) };
    let run = house.request(asked).await.unwrap();
    let done = house.reaches(&run, RunState::Completed).await;
    assert!(house.cloud.made().is_empty());
    assert!(done.steps.iter().any(|s| s.note.as_deref().is_some_and(|n| n.contains("would call"))));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_at_once_make_one_run_and_the_other_is_told_which() {
    let mut house = House::new().await;
    let (one, two) =
        tokio::join!(house.request(House::asked(Mode::Planned)), house.request(House::asked(Mode::Planned)));
    let (made, refused) = match (one, two) {
        (Ok(run), Err(problem)) | (Err(problem), Ok(run)) => (run, problem),
        other => panic!("not one of each: {other:?}"),
    };
    assert_eq!((refused.status, refused.code.as_str()), (409, "run_active"));
    assert_eq!(refused.blocked_by.as_deref(), Some(made.summary.id.as_str()));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_takes_the_place_of_a_request_that_still_waits_and_of_no_other() {
    let mut house = House::new().await;
    let planned = house.request(House::asked(Mode::Planned)).await.unwrap();
    let emergency = house.request(House::asked(Mode::Emergency)).await.unwrap();
    let superseded = house.app.run(&house.operator, id(&planned)).await.unwrap();
    assert_eq!(superseded.summary.state, RunState::Cancelled);
    house.stop().await;
    house.approve(&emergency).await.unwrap();
    let second = house.request(House::asked(Mode::Emergency)).await.unwrap_err();
    assert_eq!(second.blocked_by.as_deref(), Some(emergency.summary.id.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_a_token_and_a_stale_identity_cannot_approve_and_each_refusal_is_audited() {
    let mut house = House::new().await;
    let run = house.request(House::asked(Mode::Planned)).await.unwrap();
    let own = house.operator.clone();
    let mut both = own.clone();
    both.roles.push(holdfast_domain::Role::Approver);
    both.groups = house.approver.groups.clone();
    let mut token = house.approver.clone();
    token.token_scopes = Some(holdfast_domain::Scope::ALL.to_vec());
    let mut stale = house.approver.clone();
    stale.identity_proved_at = None;
    for (actor, code) in [
        (own, "forbidden"),
        (both, "self_review"),
        (token, "person_needed"),
        (stale, "fresh_identity_needed"),
    ] {
        let digest = run.plan_digest.clone();
        let review = ReviewRun { decision: Decision::Approve, plan_digest: digest, comment: None };
        let plane = house.app.clone().accountable();
        assert_eq!(plane.review_run(&actor, id(&run), review).await.unwrap_err().code, code);
    }
    let filter = AuditFilter { outcome: Some("refused".into()), ..AuditFilter::default() };
    let refusals = house.app.audit(&house.operator, &filter).await.unwrap().items;
    assert_eq!(refusals.iter().filter(|e| e.action == "run.approve").count(), 4);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dark_region_is_unknown_with_its_reason_and_the_other_stays_known() {
    use holdfast_api::applications::Applications;
    let mut house = House::new().await;
    house.cloud.darken(Some("us-east-1"));
    let shop = holdfast_domain::Name::parse("shop").unwrap();
    until("the dark Region to be unknown", || async {
        let status = house.app.application_status(&house.operator, &shop).await.unwrap();
        let of = |code: &str| -> Vec<_> {
            status.resources.iter().flat_map(|r| r.regions.clone()).filter(|r| r.region == code).collect()
        };
        let dark = of("us-east-1").iter().all(|r| r.state == "unknown" && r.reason.is_some());
        (dark && of("eu-central-1").iter().all(|r| r.state == "known")).then_some(())
    })
    .await;
    house.stop().await;
}
