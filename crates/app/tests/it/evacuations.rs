//! Evacuations as use cases: what the lot holds, one approval for all of it, and who may say what.

use crate::break_glass::has_an_app;
use crate::house::{AWAY, FAR, HOME, House, refused, region, test_entry, weighted};
use holdfast_api::Answer;
use holdfast_api::break_glass::{BreakGlasses, OpenBreakGlass};
use holdfast_api::evacuations::{
    EvacuationFilter, EvacuationVerb, EvacuationView, Evacuations, RequestEvacuation, ReviewEvacuation,
};
use holdfast_api::now::Nows;
use holdfast_api::people::People;
use holdfast_api::runs::{Decision, RunFilter, RunVerb, Runs};
use holdfast_domain::{Actor, Declaration, EvacuationId, Name, Role, RunId};
use holdfast_failover::evacuation::{Direction, Event, State};
use holdfast_failover::run::{self, RunState};
use holdfast_failover::{Intent, Mode};
use holdfast_store::{Advance, AuditFilter};

pub fn asked(mode: Mode) -> RequestEvacuation {
    RequestEvacuation {
        region: HOME.into(),
        direction: Direction::Out,
        mode,
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

/// Everything answers; only `front` shows by itself which Region serves it.
async fn seen() -> House {
    let house = House::new().await;
    see(&house).await;
    house
}

async fn see(house: &House) {
    for application in ["shop", "pair", "split"] {
        house.sees_services(application, &[HOME, AWAY, FAR]).await;
    }
    house.sees_services("front", &[HOME, AWAY]).await;
    for (code, weight) in [(HOME, 100), (AWAY, 0)] {
        house.look("front", "front-door", code, Ok(weighted(code, weight))).await;
    }
}

pub async fn ask(house: &House, request: RequestEvacuation) -> Answer<EvacuationView> {
    house.app.request_evacuation(&house.operator, request, &uuid::Uuid::now_v7().to_string()).await
}

pub async fn decide(
    house: &House,
    who: &Actor,
    view: &EvacuationView,
    decision: Decision,
) -> Answer<EvacuationView> {
    let review = ReviewEvacuation { decision, plan_digest: view.plan_digest.clone(), comment: None };
    house.app.review_evacuation(who, id(view), review).await
}

pub fn id(view: &EvacuationView) -> EvacuationId {
    view.summary.id.parse().unwrap()
}

pub fn run_of(view: &EvacuationView, application: &str) -> RunId {
    let run = view.waves.iter().flatten().find(|run| run.application == application).unwrap();
    run.id.parse().unwrap()
}

fn moved(view: &EvacuationView) -> Vec<&str> {
    view.waves.iter().flatten().map(|run| run.application.as_str()).collect()
}

#[tokio::test]
async fn a_planned_lot_moves_who_is_seen_there_and_says_who_is_not() {
    let house = seen().await;
    let preview = house.app.preview_evacuation(&house.operator, &asked(Mode::Planned)).await.unwrap();
    let view = ask(&house, asked(Mode::Planned)).await.unwrap();
    assert_eq!(moved(&view), ["front"]);
    assert_eq!(preview.plan_digest, view.plan_digest, "what was shown is what was asked for");
    let left: Vec<_> =
        view.left_out.iter().map(|left| (left.application.as_str(), left.because.code.as_str())).collect();
    assert_eq!(
        left,
        [("pair", "serving_not_known"), ("shop", "serving_not_known"), ("split", "serving_not_known")]
    );
    let run = house.app.run(&house.operator, run_of(&view, "front")).await.unwrap();
    assert_eq!(run.summary.evacuation.as_deref(), Some(view.summary.id.as_str()));
    let again = ask(&house, asked(Mode::Planned)).await;
    assert_eq!(refused(again).code, "nothing_to_move", "its application is held");
}

#[tokio::test]
async fn one_request_brings_home_what_is_at_home_in_a_region_and_serves_from_elsewhere() {
    let house = seen().await;
    let home = RequestEvacuation { direction: Direction::Home, ..asked(Mode::Planned) };
    assert_eq!(refused(ask(&house, home.clone()).await).code, "nothing_to_move", "it is there");
    for (code, weight) in [(HOME, 0), (AWAY, 100)] {
        house.look("front", "front-door", code, Ok(weighted(code, weight))).await;
    }
    let preview = house.app.preview_evacuation(&house.operator, &home).await.unwrap();
    let view = ask(&house, home).await.unwrap();
    assert_eq!((moved(&view), view.summary.direction), (vec!["front"], Direction::Home));
    assert_eq!(preview.plan_digest, view.plan_digest, "what was shown is what was asked for");
    let run = house.app.run(&house.operator, run_of(&view, "front")).await.unwrap();
    let way = (run.summary.intent, run.summary.from_region.as_str(), run.summary.to_region.as_str());
    assert_eq!(way, (Intent::Failback, AWAY, HOME));
    assert_eq!(run.lot_direction, Some(Direction::Home));
    let out = house.app.preview_evacuation(&house.operator, &asked(Mode::Planned)).await.unwrap();
    assert_ne!(out.plan_digest, view.plan_digest);
    decide(&house, &house.approver, &view, Decision::Approve).await.unwrap();
}

#[tokio::test]
async fn a_lots_commit_window_is_that_of_each_part_that_can_be_taken_back() {
    let house = seen().await;
    let within = |seconds| RequestEvacuation { commit_within_seconds: Some(seconds), ..asked(Mode::Planned) };
    for seconds in [4, 86_401] {
        assert_eq!(refused(ask(&house, within(seconds)).await).status, 422, "{seconds}");
    }
    let preview = house.app.preview_evacuation(&house.operator, &within(600)).await.unwrap();
    assert_eq!(preview.waves[0][0].commit_within_seconds, Some(600));
    let plain = house.app.preview_evacuation(&house.operator, &asked(Mode::Planned)).await.unwrap();
    assert_ne!(preview.plan_digest, plain.plan_digest, "the window is part of what is approved");
    let view = ask(&house, within(600)).await.unwrap();
    let run = house.app.run(&house.operator, run_of(&view, "front")).await.unwrap();
    assert_eq!(run.commit.map(|commit| commit.within_seconds), Some(600));
}

#[tokio::test]
async fn an_emergency_believes_the_home_and_an_emergency_alone() {
    let house = seen().await;
    let view = ask(&house, asked(Mode::Emergency)).await.unwrap();
    let mut names = moved(&view);
    names.sort_unstable();
    assert_eq!(names, ["front", "pair", "shop", "split"]);
    assert!(view.left_out.is_empty());
}

#[tokio::test]
async fn whose_plan_a_step_runs_goes_before_the_application_that_waits_for_it() {
    let waves = |view: &EvacuationView| -> Vec<Vec<String>> {
        view.waves.iter().map(|wave| wave.iter().map(|run| run.application.clone()).collect()).collect()
    };
    let house = seen().await;
    let view = ask(&house, asked(Mode::Emergency)).await.unwrap();
    assert_eq!(waves(&view), [["front", "pair", "shop", "split"]]);
    let house = House::with_a_plan_that_runs_another().await;
    see(&house).await;
    let view = ask(&house, asked(Mode::Emergency)).await.unwrap();
    assert_eq!(waves(&view), [vec!["pair", "shop", "split"], vec!["front"]]);
}

#[tokio::test]
async fn the_same_key_makes_one_lot_and_another_digest_none() {
    let house = seen().await;
    let mut request = asked(Mode::Planned);
    request.plan_digest = Some("0".repeat(64));
    assert_eq!(refused(ask(&house, request).await).code, "stale_plan");
    let first = house.app.request_evacuation(&house.operator, asked(Mode::Planned), "once").await.unwrap();
    let second = house.app.request_evacuation(&house.operator, asked(Mode::Planned), "once").await.unwrap();
    assert_eq!(first.summary.id, second.summary.id);
    let other = house.app.request_evacuation(&house.operator, asked(Mode::Emergency), "once").await;
    assert_eq!(refused(other).code, "idempotency_key_reused");
}

#[tokio::test]
async fn one_approval_counts_in_every_run_under_that_runs_own_policy() {
    let house = seen().await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
    let view = ask(&house, asked(Mode::Emergency)).await.unwrap();
    assert_eq!(house.app.evacuations_to_review(&second).await.unwrap().len(), 1);
    assert!(house.app.approvals(&second).await.unwrap().is_empty(), "its runs are not asked for singly");
    let singly = holdfast_api::runs::ReviewRun {
        decision: Decision::Approve,
        plan_digest: house.app.run(&second, run_of(&view, "shop")).await.unwrap().plan_digest,
        comment: None,
    };
    let refusal = refused(house.app.review_run(&second, run_of(&view, "shop"), singly).await);
    assert_eq!(refusal.code, "part_of_an_evacuation");

    decide(&house, &house.approver, &view, Decision::Approve).await.unwrap();
    assert_eq!(
        refused(decide(&house, &house.approver, &view, Decision::Approve).await).code,
        "already_reviewed"
    );
    let after = decide(&house, &second, &view, Decision::Approve).await.unwrap();
    assert_eq!(after.summary.state, State::AwaitingApproval, "`split` asks an owner too");
    assert!(after.waves.iter().flatten().all(|run| run.state == RunState::AwaitingApproval));
    let after = decide(&house, &owner, &view, Decision::Approve).await.unwrap();
    assert_eq!(after.summary.state, State::Running);
    let now = house.app.now(&house.operator).await.unwrap();
    assert!(now.needs.iter().any(|need| need.href.ends_with(&view.summary.id) && need.state == "moving"));
}

#[tokio::test]
async fn of_two_last_approvals_at_once_the_lot_starts_once() {
    let house = seen().await;
    let others = [
        house.another("second@example.com", Role::Approver, &["approvers"]).await,
        house.another("third@example.com", Role::Approver, &["approvers"]).await,
    ];
    let mut request = asked(Mode::Emergency);
    request.applications = Some(vec!["pair".into(), "shop".into()]);
    let view = ask(&house, request).await.unwrap();
    assert_eq!(view.left_out.len(), 2, "who was not named is said too");
    decide(&house, &house.approver, &view, Decision::Approve).await.unwrap();
    let [one, two] = &others;
    let (first, second) = tokio::join!(
        decide(&house, one, &view, Decision::Approve),
        decide(&house, two, &view, Decision::Approve)
    );
    assert_ne!(first.is_ok(), second.is_ok(), "one of them came too late");
    let shown = house.app.evacuation(&house.operator, id(&view)).await.unwrap();
    assert_eq!(shown.events.iter().filter(|event| event.kind == "started").count(), 1);
}

#[tokio::test]
async fn who_asked_does_not_approve_and_one_denial_ends_every_run() {
    let house = seen().await;
    let both = house.another("both@example.com", Role::Operator, &["approvers"]).await;
    let mut change = house.store.begin().await.unwrap();
    change.set_roles(both.person, &[Role::Operator, Role::Approver]).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    let both = house.app.actor_of_session(both.person, both.identity_proved_at).await.unwrap();
    let view = house.app.request_evacuation(&both, asked(Mode::Planned), "key").await.unwrap();
    assert_eq!(refused(decide(&house, &both, &view, Decision::Approve).await).code, "self_review");
    assert_eq!(refused(decide(&house, &both, &view, Decision::Deny).await).code, "self_review");
    let denied = decide(&house, &house.approver, &view, Decision::Deny).await.unwrap();
    assert_eq!(denied.summary.state, State::Denied);
    let run = house.app.run(&both, run_of(&view, "front")).await.unwrap();
    assert_eq!(run.summary.state, RunState::Denied);
    ask(&house, asked(Mode::Planned)).await.expect("its application is free again");
}

#[tokio::test]
async fn a_lot_does_not_start_on_the_vote_of_somebody_disabled_since() {
    let house = seen().await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let third = house.another("third@example.com", Role::Approver, &["approvers"]).await;
    let mut request = asked(Mode::Emergency);
    request.applications = Some(vec!["pair".into()]);
    let view = ask(&house, request).await.unwrap();
    decide(&house, &house.approver, &view, Decision::Approve).await.unwrap();
    house.app.disable_person("approver@example.com").await.unwrap();
    let after = decide(&house, &second, &view, Decision::Approve).await.unwrap();
    assert_eq!(after.summary.state, State::AwaitingApproval);
    assert_eq!(after.reviews.len(), 1, "the other is not shown as counting");
    let after = decide(&house, &third, &view, Decision::Approve).await.unwrap();
    assert_eq!(after.summary.state, State::Running);
}

#[tokio::test]
async fn a_run_may_be_taken_out_and_the_rest_cancelled_with_a_reason() {
    let house = seen().await;
    let view = ask(&house, asked(Mode::Emergency)).await.unwrap();
    let out = RunVerb::Cancel { reason: "it may stay".into() };
    house.app.drive_run(&house.operator, run_of(&view, "split"), out).await.unwrap();
    let cancel = |reason: &str| EvacuationVerb::Cancel { reason: reason.into() };
    let silent = house.app.drive_evacuation(&house.operator, id(&view), cancel(" ")).await;
    assert_eq!(refused(silent).code, "reason_needed");
    let go_on = EvacuationVerb::GoOn { reason: "now".into() };
    let early = house.app.drive_evacuation(&house.operator, id(&view), go_on).await;
    assert_eq!(refused(early).code, "wrong_state");
    let by_approver = house.app.drive_evacuation(&house.approver, id(&view), cancel("no")).await;
    assert_eq!(refused(by_approver).status, 403);
    let over = house.app.drive_evacuation(&house.operator, id(&view), cancel("it is back")).await.unwrap();
    assert_eq!(over.summary.state, State::Cancelled);
    assert!(over.waves.iter().flatten().all(|run| run.state == RunState::Cancelled));
}

#[tokio::test]
async fn an_emergency_takes_the_place_of_a_lot_that_waits_for_approval_and_of_none_that_was_approved() {
    let house = seen().await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let request = RequestEvacuation { applications: Some(vec!["pair".into()]), ..asked(Mode::Emergency) };
    let waits = ask(&house, request.clone()).await.unwrap();
    let lot = ask(&house, request.clone()).await.expect("nobody has approved the first");
    let first = house.app.run(&house.operator, run_of(&waits, "pair")).await.unwrap();
    assert_eq!(first.summary.state, RunState::Cancelled);

    decide(&house, &house.approver, &lot, Decision::Approve).await.unwrap();
    let lot = decide(&house, &second, &lot, Decision::Approve).await.unwrap();
    assert_eq!(lot.summary.state, State::Running);
    let part = run_of(&lot, "pair");
    assert_eq!(refused(ask(&house, request).await).code, "nothing_to_move");
    let mut single = House::asked("pair", Intent::Failover, HOME, AWAY);
    single.mode = Mode::Emergency;
    let preview = house.app.preview_run(&house.operator, &single).await.unwrap();
    assert_eq!(preview.refused.map(|why| why.code).as_deref(), Some("run_active"));
    let problem = refused(house.request(single).await);
    assert_eq!(problem.code, "run_active", "{problem:?}");
    let run = house.app.run(&house.operator, part).await.unwrap();
    assert_eq!(run.summary.state, RunState::AwaitingApproval, "it waits for its turn as before");
}

#[tokio::test]
async fn parts_that_wait_with_their_lot_take_no_place_on_the_first_page() {
    let house = seen().await;
    let mut single = House::asked("front", Intent::Failover, HOME, AWAY);
    single.mode = Mode::Emergency;
    single.overrides = vec!["plane_lint".into()];
    let before = house.request(single).await.unwrap();
    let applications = Some(vec!["pair".into(), "shop".into(), "split".into()]);
    ask(&house, RequestEvacuation { applications, ..asked(Mode::Emergency) }).await.unwrap();
    let first = RunFilter { live: true, told_singly: true, limit: Some(1), ..RunFilter::default() };
    let page = house.app.runs(&house.operator, &first).await.unwrap();
    let told: Vec<&str> = page.items.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(told, [before.summary.id.as_str()]);
    let now = house.app.now(&house.operator).await.unwrap();
    assert_eq!(now.active_runs.len(), 1);
}

#[tokio::test]
async fn a_part_that_cannot_be_read_leaves_the_first_page_and_the_lists_to_everybody() {
    let house = seen().await;
    let applications = Some(vec!["pair".into(), "shop".into()]);
    let view = ask(&house, RequestEvacuation { applications, ..asked(Mode::Emergency) }).await.unwrap();
    let part = house.app.run(&house.operator, run_of(&view, "pair")).await.unwrap();
    // A step that never ran is said to have succeeded.
    let step = part.steps[0].id.parse().unwrap();
    let events = [run::Event::StepSucceeded { step, note: "seen".into(), after: Vec::new() }];
    let impossible = Advance {
        run: run_of(&view, "pair"),
        expected_seq: part.seq,
        events: &events,
        state: RunState::AwaitingApproval,
        summary: None,
    };
    let mut change = house.store.begin().await.unwrap();
    change.append(&impossible).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    let spoilt = house.app.run(&house.operator, run_of(&view, "pair")).await.unwrap();
    assert!(spoilt.unreadable.is_some());
    let now = house.app.now(&house.approver).await.unwrap();
    assert!(now.needs.iter().any(|need| need.href.ends_with(&view.summary.id)), "{:?}", now.needs);
    assert_eq!(house.app.evacuations_to_review(&house.approver).await.unwrap().len(), 1);
    for decision in [Decision::Approve, Decision::Deny] {
        let refusal = refused(decide(&house, &house.approver, &view, decision).await);
        assert_eq!(refusal.code, "journal_corrupt", "nothing is decided of what cannot be read");
        assert!(refusal.way_out.contains("run of pair"), "{}", refusal.way_out);
    }
    let page = house.app.evacuation(&house.approver, id(&view)).await.unwrap();
    let refused_with = |verb: &str| page.verbs.iter().find(|v| v.verb == verb).unwrap().refused.clone();
    assert_eq!(refused_with("approve").map(|r| r.code).as_deref(), Some("journal_corrupt"));

    let cancel = EvacuationVerb::Cancel { reason: "asked anew".into() };
    let over = house.app.drive_evacuation(&house.operator, id(&view), cancel).await.unwrap();
    assert_eq!(over.summary.state, State::Cancelled);
    assert!(over.waves.iter().flatten().all(|run| run.state == RunState::Cancelled), "{:?}", over.waves);
    let subject = Some(("run".to_owned(), run_of(&view, "pair").to_string()));
    let of_run = AuditFilter { subject, limit: 1, ..AuditFilter::default() };
    let entry = house.store.audit_entries(&of_run).await.unwrap().remove(0).entry;
    assert_eq!(entry.action, "run.cancel");
    assert!(entry.detail["unreadable"].as_str().is_some_and(|why| !why.is_empty()), "{entry:?}");
    let pair = House::asked("pair", Intent::Failover, HOME, AWAY);
    house.request(pair).await.expect("its application is free");
}

#[tokio::test]
async fn a_lot_that_cannot_be_read_ends_no_list() {
    let house = seen().await;
    let view = ask(&house, asked(Mode::Planned)).await.unwrap();
    let entries = house.store.evacuation_entries(id(&view)).await.unwrap();
    let Event::Requested { request } = &entries[0].event else { panic!("{:?}", entries[0]) };
    let bad = EvacuationId::fresh();
    let mut change = house.store.begin().await.unwrap();
    // Its journal does not begin with its request.
    change.insert_evacuation(bad, request, &[Event::Expired]).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    let first = EvacuationFilter { limit: Some(1), ..EvacuationFilter::default() };
    let page = house.app.evacuations(&house.operator, &first).await.unwrap();
    assert_eq!((page.items.len(), page.next.clone()), (0, Some(bad.to_string())));
    let second = EvacuationFilter { cursor: page.next, ..first };
    let page = house.app.evacuations(&house.operator, &second).await.unwrap();
    assert_eq!(page.items[0].id, view.summary.id);
    assert_eq!(refused(house.app.evacuation(&house.operator, bad).await).code, "journal_corrupt");
    house.app.now(&house.approver).await.expect("everybody's first page goes on");
}

#[tokio::test]
async fn what_is_decided_of_a_lot_stands_in_the_audit_log_of_each_run_and_application() {
    let house = seen().await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
    let applications = Some(vec!["pair".into(), "shop".into(), "split".into()]);
    let view = ask(&house, RequestEvacuation { applications, ..asked(Mode::Emergency) }).await.unwrap();
    decide(&house, &house.approver, &view, Decision::Approve).await.unwrap();
    house.app.drive_evacuation(&house.approver, id(&view), EvacuationVerb::Withdraw).await.unwrap();
    decide(&house, &second, &view, Decision::Approve).await.unwrap();
    decide(&house, &owner, &view, Decision::Deny).await.unwrap();
    let told = async |application: &str| {
        let subject = ("run".to_owned(), run_of(&view, application).to_string());
        let of_run = AuditFilter { subject: Some(subject), limit: 20, ..AuditFilter::default() };
        let mut found = house.store.audit_entries(&of_run).await.unwrap();
        found.reverse();
        for one in found.iter().filter(|one| one.entry.action != "run.request") {
            assert_eq!(one.entry.detail["evacuation"], view.summary.id, "{one:?}");
            assert_eq!(one.entry.application.as_ref().map(Name::as_str), Some(application), "{one:?}");
        }
        found.into_iter().map(|one| one.entry.action).collect::<Vec<_>>()
    };
    let all = ["run.request", "run.approve", "run.withdraw", "run.approve", "run.deny"];
    for application in ["pair", "shop", "split"] {
        assert_eq!(told(application).await, all, "{application}");
    }

    let applications = Some(vec!["shop".into()]);
    let view = ask(&house, RequestEvacuation { applications, ..asked(Mode::Emergency) }).await.unwrap();
    let cancel = EvacuationVerb::Cancel { reason: "it is back".into() };
    house.app.drive_evacuation(&house.operator, id(&view), cancel).await.unwrap();
    let subject = ("run".to_owned(), run_of(&view, "shop").to_string());
    let of_run = AuditFilter { subject: Some(subject), limit: 1, ..AuditFilter::default() };
    assert_eq!(house.store.audit_entries(&of_run).await.unwrap()[0].entry.action, "run.cancel");
}

#[tokio::test]
async fn a_dry_run_asks_nobody_and_holds_no_application() {
    let house = seen().await;
    let dry = ask(&house, RequestEvacuation { dry_run: true, ..asked(Mode::Planned) }).await.unwrap();
    assert_eq!(dry.summary.state, State::Running);
    ask(&house, asked(Mode::Planned)).await.expect("the application is free");
}

#[tokio::test]
async fn a_region_that_is_not_declared_normal_is_no_target() {
    let house = seen().await;
    let mut change = house.store.begin().await.unwrap();
    change.declare_region(&region(AWAY), Declaration::Impaired, None).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    let view = ask(&house, asked(Mode::Emergency)).await.unwrap();
    assert!(view.waves.iter().flatten().all(|run| run.to_region == FAR));
    let left: Vec<_> =
        view.left_out.iter().map(|left| (left.application.as_str(), left.because.code.as_str())).collect();
    assert_eq!(left, [("front", "nowhere_to_go")]);
}

#[tokio::test]
async fn whoever_holds_break_glass_open_starts_a_lot_and_every_part_of_it_is_marked() {
    let house = seen().await;
    let view = ask(&house, asked(Mode::Emergency)).await.unwrap();
    let operator = Actor { second_factor: true, ..house.operator.clone() };
    has_an_app(&house, &operator, "2 days").await;
    let begin =
        async |who: &Actor| house.app.drive_evacuation(who, id(&view), EvacuationVerb::BreakGlass).await;
    let offered = |view: &EvacuationView| view.verbs.iter().any(|verb| verb.verb == "break_glass");
    assert_eq!(refused(begin(&operator).await).code, "break_glass_not_open");
    assert!(!offered(&house.app.evacuation(&operator, id(&view)).await.unwrap()));
    let open =
        OpenBreakGlass { reason: "nobody answers".into(), incident: None, minutes: None, sealed_code: None };
    let glass = house.app.open_break_glass(&operator, open).await.unwrap();
    assert!(offered(&house.app.evacuation(&operator, id(&view)).await.unwrap()));
    let single = house.app.drive_run(&operator, run_of(&view, "shop"), RunVerb::BreakGlass).await;
    assert_eq!(refused(single).code, "part_of_an_evacuation");
    let begun = begin(&operator).await.unwrap();
    assert_eq!(begun.summary.state, State::Running);
    let parts: Vec<_> = begun.waves.iter().flatten().collect();
    assert!(!parts.is_empty());
    for part in parts {
        assert_eq!(part.break_glass.as_ref(), Some(&glass.id), "{}", part.application);
    }
    let kinds: Vec<&str> = begun.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["requested", "break_glass", "started"]);
    let under = house.app.break_glass(&operator, glass.id.parse().unwrap()).await.unwrap();
    assert_eq!(under.runs.len(), begun.waves.iter().flatten().count());
}

#[tokio::test]
async fn without_a_checkpoint_a_lot_starts_under_break_glass_and_on_no_approval() {
    let house = seen().await;
    let mut request = asked(Mode::Emergency);
    request.applications = Some(vec!["shop".into()]);
    let view = ask(&house, request).await.unwrap();
    let operator = Actor { second_factor: true, ..house.operator.clone() };
    has_an_app(&house, &operator, "2 days").await;
    let old = "INSERT INTO audit_places (name, written_at, error) VALUES ('file', now() - interval '10 min', 'the disk is full')";
    sqlx::query(old).execute(&mut house.database.owner().await).await.unwrap();
    let approved = decide(&house, &house.approver, &view, Decision::Approve).await;
    assert_eq!(refused(approved).code, "audit_not_kept");
    let begin = async || house.app.drive_evacuation(&operator, id(&view), EvacuationVerb::BreakGlass).await;
    assert_eq!(refused(begin().await).code, "break_glass_not_open");
    let open =
        OpenBreakGlass { reason: "nobody answers".into(), incident: None, minutes: None, sealed_code: None };
    house.app.open_break_glass(&operator, open).await.unwrap();
    assert_eq!(begin().await.unwrap().summary.state, State::Running);
}
