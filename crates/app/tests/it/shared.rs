//! A store that two applications are made of: who must agree to its move, and that only one run moves it.

use crate::break_glass::has_an_app;
use crate::house::{AWAY, HOME, House, id, refused};
use crate::scopes::holder;
use holdfast_api::break_glass::{BreakGlasses, OpenBreakGlass};
use holdfast_api::evacuations::{EvacuationVerb, Evacuations, RequestEvacuation};
use holdfast_api::runs::{RequestRun, RunVerb, Runs};
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Actor, Facts, Name, Role};
use holdfast_failover::evacuation::Direction;
use holdfast_failover::run::RunState;
use holdfast_failover::{Intent, Mode};
use holdfast_store::AuditFilter;

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
    house.request(RequestRun { dry_run: true, ..asked("stock") }).await.expect("a dry run changes nothing");

    let cancel = RunVerb::Cancel { reason: "stock goes first".into() };
    house.app.drive_run(&house.operator, id(&first), cancel).await.unwrap();
    house.request(asked("stock")).await.unwrap();
}

fn emergency(application: &str) -> RequestRun {
    RequestRun { mode: Mode::Emergency, ..asked(application) }
}

#[tokio::test]
async fn an_emergency_takes_the_place_of_what_waits_for_approval_and_holds_its_store_and_the_log_names_both()
{
    let house = sharing().await;
    let waits = house.request(asked("till")).await.unwrap();
    let says = format!("Takes the place of run {} of till, which waits for approval.", waits.summary.id);
    let preview = house.app.preview_run(&house.operator, &emergency("stock")).await.unwrap();
    assert_eq!(preview.refused, None);
    assert!(preview.notes.contains(&says), "{:?}", preview.notes);

    let taken = house.request(emergency("stock")).await.unwrap();
    assert!(taken.notes.contains(&says), "{:?}", taken.notes);
    let held = house.app.run(&house.operator, id(&waits)).await.unwrap();
    assert_eq!(held.summary.state, RunState::Cancelled);
    assert!(held.ending.unwrap().contains(&taken.summary.id));
    let subject = Some(("run".to_owned(), waits.summary.id.clone()));
    let of_run = AuditFilter { subject, limit: 1, ..AuditFilter::default() };
    let entry = house.store.audit_entries(&of_run).await.unwrap().remove(0).entry;
    assert_eq!(entry.action, "run.supersede");
    assert_eq!(entry.detail["superseded_by"], taken.summary.id);
    assert_eq!(entry.application.as_ref().map(Name::as_str), Some("till"));
}

#[tokio::test]
async fn an_emergency_pushes_neither_another_emergency_aside_nor_what_was_approved() {
    let house = sharing().await;
    let first = house.request(emergency("till")).await.unwrap();
    let no = refused(house.request(emergency("stock")).await);
    assert_eq!((no.code.as_str(), no.blocked_by.as_deref()), ("run_active", Some(first.summary.id.as_str())));
    let cancel = RunVerb::Cancel { reason: "stock goes first".into() };
    house.app.drive_run(&house.operator, id(&first), cancel).await.unwrap();

    let planned = house.request(asked("till")).await.unwrap();
    let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
    house.approve(&house.approver, &planned).await.unwrap();
    house.approve(&owner, &planned).await.unwrap();
    let no = refused(house.request(emergency("stock")).await);
    assert_eq!(no.code, "run_active");
    let goes_on = house.app.run(&house.operator, id(&planned)).await.unwrap();
    assert_eq!(goes_on.summary.state, RunState::Running);
}

pub fn evacuation(mode: Mode, applications: &[&str]) -> RequestEvacuation {
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
        applications: Some(applications.iter().map(ToString::to_string).collect()),
        plan_digest: None,
    }
}

#[tokio::test]
async fn an_emergency_lot_leaves_nobody_behind_for_a_request_that_is_not_approved() {
    let house = sharing().await;
    let waits = house.request(asked("till")).await.unwrap();
    let alone = evacuation(Mode::Emergency, &["stock"]);
    let preview = house.app.preview_evacuation(&house.operator, &alone).await.unwrap();
    assert_eq!(preview.waves[0][0].takes_the_place_of, [&*waits.summary.id]);
    let planned = evacuation(Mode::Planned, &["stock"]);
    let planned = house.app.preview_evacuation(&house.operator, &planned).await.unwrap();
    let held = planned.left_out.iter().find(|left| left.application == "stock").unwrap();
    assert_eq!(held.because.code, "run_active", "a planned one waits for it");

    let lot = house.app.request_evacuation(&house.operator, alone, "first").await.unwrap();
    assert!(!lot.left_out.iter().any(|left| left.application == "stock"), "{:?}", lot.left_out);
    let state = async |run| house.app.run(&house.operator, run).await.unwrap().summary.state;
    assert_eq!(state(id(&waits)).await, RunState::Cancelled);

    // The part of a lot that waits holds as much as a single request does.
    let single = house.request(emergency("till")).await;
    assert_eq!(refused(single).code, "run_active", "it is an emergency itself");
    let both = evacuation(Mode::Emergency, &["stock", "till"]);
    let both = house.app.request_evacuation(&house.operator, both, "second").await.unwrap();
    assert_eq!(both.waves.iter().flatten().count(), 2, "what the lot itself takes the place of holds nobody");
    let part = lot.waves[0][0].id.parse().unwrap();
    assert_eq!(state(part).await, RunState::Cancelled);
}

#[tokio::test]
async fn an_emergency_waits_for_a_request_that_whoever_asks_may_not_steer_and_the_review_says_so_before() {
    let house = sharing().await;
    let waits = house.request(asked("till")).await.unwrap();
    let ours = holder(&house, "ours@example.com", &["operator:application=stock"]).await;
    let preview = house.app.preview_run(&ours, &emergency("stock")).await.unwrap();
    assert_eq!(preview.refused.map(|refusal| refusal.code).as_deref(), Some("run_active"));
    assert!(!preview.notes.iter().any(|note| note.contains("Takes the place")), "{:?}", preview.notes);
    let no = refused(house.app.request_run(&ours, emergency("stock"), "first").await);
    assert_eq!((no.code.as_str(), no.blocked_by.as_deref()), ("run_active", Some(waits.summary.id.as_str())));
    let alone = evacuation(Mode::Emergency, &["stock"]);
    let lot = house.app.preview_evacuation(&ours, &alone).await.unwrap();
    let held = lot.left_out.iter().find(|left| left.application == "stock").unwrap();
    assert_eq!(held.because.code, "run_active");
    let waits = house.app.run(&house.operator, id(&waits)).await.unwrap();
    assert_eq!(waits.summary.state, RunState::AwaitingApproval);

    let held = ["operator:application=stock", "operator:application=till"];
    let both = holder(&house, "both@example.com", &held).await;
    house.app.request_run(&both, emergency("stock"), "second").await.unwrap();
}

/// Somebody who holds these roles, and the glass broken.
async fn opener(house: &House, email: &str, held: &[&str]) -> Actor {
    let who = Actor { second_factor: true, ..holder(house, email, held).await };
    has_an_app(house, &who, "2 days").await;
    let reason = "nobody answers".into();
    let asked = OpenBreakGlass { reason, incident: None, minutes: None, sealed_code: None };
    house.app.open_break_glass(&who, asked).await.unwrap();
    who
}

#[tokio::test]
async fn what_moves_anothers_store_starts_without_approvals_only_by_whoever_may_ask_for_that_one_too() {
    let house = sharing().await;
    let ours = opener(&house, "ours@example.com", &["operator:application=stock"]).await;
    let at_once = RequestRun { break_glass: true, ..asked("stock") };
    let preview = house.app.preview_run(&ours, &at_once).await.unwrap();
    assert_eq!(preview.refused.map(|refusal| refusal.code).as_deref(), Some("out_of_scope"));
    let no = refused(house.app.request_run(&ours, at_once, "first").await);
    assert_eq!((no.status, no.code.as_str()), (403, "out_of_scope"), "{no:?}");
    assert!(no.detail.contains("till"), "{no:?}");

    let lot = evacuation(Mode::Planned, &["stock"]);
    let lot = house.app.request_evacuation(&ours, lot, "lot").await.unwrap().summary.id.parse().unwrap();
    let drive = async |verb| house.app.drive_evacuation(&ours, lot, verb).await;
    assert_eq!(refused(drive(EvacuationVerb::BreakGlass).await).code, "out_of_scope");
    drive(EvacuationVerb::Cancel { reason: "by itself".into() }).await.unwrap();

    let waits = house.app.request_run(&ours, asked("stock"), "second").await.unwrap();
    let start = async |who: &Actor| house.app.drive_run(who, id(&waits), RunVerb::BreakGlass).await;
    assert_eq!(refused(start(&ours).await).code, "out_of_scope");
    let held = ["operator:application=stock", "operator:application=till"];
    let both = opener(&house, "both@example.com", &held).await;
    assert_eq!(start(&both).await.unwrap().summary.state, RunState::Running);
}

#[tokio::test]
async fn what_would_wait_for_owners_who_may_not_approve_it_is_refused_with_who_would_have_to() {
    let house = sharing().await;
    let (held, groups) = (vec!["approver:application=stock".parse().unwrap()], vec!["owners".into()]);
    let password = "a long enough password".into();
    house.app.put_person("owner@example.com".into(), held, groups, password).await.unwrap();
    let preview = house.app.preview_run(&house.operator, &asked("till")).await.unwrap();
    assert_eq!(preview.refused.map(|refusal| refusal.code).as_deref(), Some("nobody_can_approve"));
    let no = refused(house.request(asked("till")).await);
    assert_eq!(no.code, "nobody_can_approve");
    assert!(no.way_out.contains("`owners` approver over `till`"), "{}", no.way_out);
    house.request(asked("stock")).await.unwrap();
}

#[tokio::test]
async fn an_emergency_that_meets_the_last_approval_of_what_it_would_push_aside_leaves_one_of_the_two() {
    let mut ends = Vec::new();
    for _ in 0..6 {
        let house = sharing().await;
        let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
        let waits = house.request(asked("till")).await.unwrap();
        house.approve(&house.approver, &waits).await.unwrap();
        let (taken, approved) = tokio::join!(house.request(emergency("till")), house.approve(&owner, &waits));
        let held = house.app.run(&house.operator, id(&waits)).await.unwrap().summary.state;
        match (&taken, &approved) {
            (Ok(_), Err(_)) => assert_eq!(held, RunState::Cancelled),
            (Err(no), Ok(_)) => {
                assert_eq!((held, no.status), (RunState::Running, 409), "{no:?}");
            }
            both => panic!("{both:?}"),
        }
        ends.push(taken.is_ok());
    }
    eprintln!("the emergency came first: {ends:?}");
}
