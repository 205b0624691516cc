//! Kept plans: how versions come to be, what edits do to them, and what makes an application verified.

use crate::house::{AWAY, HOME, House, name, refused, tasks, weighted};
use holdfast_api::IfMatch;
use holdfast_api::applications::Applications as _;
use holdfast_api::compliance::Compliances as _;
use holdfast_api::plans::{EditPlan, NewWaiver, PlanVersionView, Plans as _};
use holdfast_api::runs::{RequestRun, Runs as _};
use holdfast_domain::{Role, StepId};
use holdfast_failover::evaluation::Outcome;
use holdfast_failover::plan::edit::{Edit, Editing};
use holdfast_failover::plan::sheet::StepChange;
use holdfast_failover::run::RunState;
use holdfast_failover::{Intent, Mode};
use holdfast_store::AuditFilter;
use jiff::{SignedDuration, Timestamp};

async fn front() -> House {
    let house = House::new().await;
    for (code, weight) in [(HOME, 100), (AWAY, 0)] {
        house.look("front", "front-door", code, Ok(weighted(code, weight))).await;
        house.look("front", "web", code, Ok(tasks(2))).await;
    }
    house
}

/// Everybody's turn, as a worker would.
async fn look_after(house: &House) {
    while house.app.look_after_plans(100).await.unwrap() > 0 {}
}

async fn newest(house: &House) -> PlanVersionView {
    let plans = house.app.plans(&house.operator, &name("front")).await.unwrap();
    let failover = plans.plans.iter().find(|p| p.intent == Intent::Failover).unwrap();
    let version = failover.newest.as_ref().unwrap().version;
    house.app.plan_version(&house.operator, &name("front"), version).await.unwrap()
}

fn timeout(seconds: u32) -> Edit {
    let step = StepId::parse("route-front-door").unwrap();
    Edit { mode: None, edit: Editing::Timeout { step, seconds } }
}

fn edit_of(version: &PlanVersionView, edits: Vec<Edit>) -> EditPlan {
    EditPlan {
        intent: version.head.intent,
        from_region: version.head.from_region.clone(),
        to_region: version.head.to_region.clone(),
        expected_version: version.head.version,
        edits,
        reason: Some("the zone is slow".into()),
    }
}

#[tokio::test]
async fn a_version_is_made_once_by_whoever_changed_the_inventory_and_not_again() {
    let house = front().await;
    look_after(&house).await;
    let first = newest(&house).await;
    assert_eq!((first.head.cause.as_str(), first.versions.len()), ("first", 1));
    assert!(first.planned.steps.iter().any(|s| s.id == "route-front-door"));
    house.app.evaluate_plans(&house.operator, &name("front"), first.head.version).await.unwrap();
    assert_eq!(newest(&house).await.head, first.head, "looked at again it is the same plan");

    let mut entry = house.app.application(&house.operator, &name("front")).await.unwrap().application;
    entry.resources.retain(|r| r.name != name("web"));
    house.app.put_application(&house.operator, entry, &IfMatch::Unconditional).await.unwrap();
    look_after(&house).await;
    let second = newest(&house).await;
    assert_eq!(
        (second.head.cause.as_str(), second.head.made_by.as_str()),
        ("inventory", "operator@example.com")
    );
    assert_eq!(second.head.reason.as_deref(), Some("application.put"));
    assert_ne!(second.head.digest, first.head.digest);

    let diff = house
        .app
        .compare_plans(&house.operator, &name("front"), Some(first.head.version), second.head.version)
        .await
        .unwrap();
    let gone = |change: &StepChange| matches!(change, StepChange::Removed { step, .. } if step.as_str().starts_with("scale-web"));
    assert!(diff.compared.iter().all(|c| c.steps.iter().any(gone)) && diff.compared.len() == 2, "{diff:?}");
}

#[tokio::test]
async fn what_was_not_seen_makes_no_version_and_is_unknown() {
    let house = House::new().await;
    look_after(&house).await;
    let plans = house.app.plans(&house.operator, &name("front")).await.unwrap();
    assert!(plans.plans.iter().all(|p| p.newest.is_none()));
    assert_eq!(plans.evaluation.outcome, Outcome::Unknown);
    assert_eq!(plans.verification.state, "needs_rehearsal");
    assert!(plans.verification.reasons.iter().any(|r| r.code == "never_rehearsed"));
}

#[tokio::test]
async fn an_edit_is_a_version_and_what_a_run_does() {
    let house = front().await;
    look_after(&house).await;
    let read = newest(&house).await;
    let made = house
        .app
        .edit_plan(&house.operator, &name("front"), edit_of(&read, vec![timeout(77)]))
        .await
        .unwrap();
    assert_eq!((made.head.cause.as_str(), made.head.made_by.as_str()), ("edited", "operator@example.com"));
    assert_eq!(made.head.version, read.head.version + 1);
    let of = |view: &PlanVersionView| {
        view.planned.steps.iter().find(|s| s.id == "route-front-door").unwrap().timeout_seconds
    };
    assert_eq!(of(&made), 77);
    let asked = House::asked("front", Intent::Failover, HOME, AWAY);
    let preview = house.app.preview_run(&house.operator, &asked).await.unwrap();
    assert!(preview.steps.iter().any(|s| s.id == "route-front-door" && s.timeout_seconds == 77));
    assert!(preview.notes.iter().any(|n| n.starts_with("Edited: route-front-door")), "{:?}", preview.notes);
    let audited = AuditFilter { action: Some("plan.edit".into()), limit: 10, ..AuditFilter::default() };
    let entries = house.store.audit_entries(&audited).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].entry.detail["version"], made.head.version);

    // The next inventory keeps it, and looking again makes nothing new.
    look_after(&house).await;
    assert_eq!(newest(&house).await.head.version, made.head.version);
}

#[tokio::test]
async fn an_edit_of_an_older_version_is_told_of_the_newer_one_and_stores_nothing() {
    let house = front().await;
    look_after(&house).await;
    let read = newest(&house).await;
    house.app.edit_plan(&house.operator, &name("front"), edit_of(&read, vec![timeout(77)])).await.unwrap();
    let late = edit_of(&read, vec![timeout(99)]);
    let no = refused(house.app.edit_plan(&house.operator, &name("front"), late).await);
    let newer = (read.head.version + 1).to_string();
    assert_eq!(
        (no.status, no.code.as_str(), no.blocked_by.as_deref()),
        (409, "newer_version", Some(newer.as_str()))
    );
    assert!(no.detail.contains("operator@example.com"), "{}", no.detail);

    let read = newest(&house).await;
    let nowhere = StepId::parse("nowhere").unwrap();
    let wrong = Edit { mode: None, edit: Editing::LeaveOut { step: nowhere } };
    let bad = edit_of(&read, vec![timeout(77), wrong]);
    let no = refused(house.app.edit_plan(&house.operator, &name("front"), bad).await);
    assert_eq!((no.status, no.code.as_str()), (422, "edit_does_not_fit"));
    assert_eq!(no.fields[0].path, "edits[1].edit.step");
    assert_eq!(newest(&house).await.head.version, read.head.version);

    let viewer = house.another("viewer@example.com", Role::Viewer, &[]).await;
    let by_a_viewer = edit_of(&read, Vec::new());
    assert_eq!(refused(house.app.edit_plan(&viewer, &name("front"), by_a_viewer).await).status, 403);
}

#[tokio::test]
async fn two_edits_of_one_version_at_once_make_one() {
    let house = front().await;
    look_after(&house).await;
    let read = newest(&house).await;
    let (front, a, b) = (name("front"), edit_of(&read, vec![timeout(70)]), edit_of(&read, vec![timeout(80)]));
    let (a, b) = tokio::join!(
        house.app.edit_plan(&house.operator, &front, a),
        house.app.edit_plan(&house.operator, &front, b)
    );
    assert_eq!(a.is_ok() as u8 + b.is_ok() as u8, 1);
    assert_eq!(newest(&house).await.head.version, read.head.version + 1);
}

#[tokio::test]
async fn an_edit_that_no_longer_applies_is_said_and_fails_the_evaluation() {
    let house = front().await;
    look_after(&house).await;
    let read = newest(&house).await;
    let step = StepId::parse(&format!("scale-web-{AWAY}")).unwrap();
    let edit = Edit { mode: None, edit: Editing::Timeout { step, seconds: 77 } };
    house
        .app
        .edit_plan(&house.operator, &name("front"), edit_of(&read, vec![edit, timeout(88)]))
        .await
        .unwrap();
    let mut entry = house.app.application(&house.operator, &name("front")).await.unwrap().application;
    entry.resources.retain(|r| r.name != name("web"));
    house.app.put_application(&house.operator, entry, &IfMatch::Unconditional).await.unwrap();
    look_after(&house).await;
    let now = newest(&house).await;
    assert!(now.edits[0].misfit.is_some() && now.edits[1].misfit.is_none(), "{:?}", now.edits);
    assert_eq!(now.planned.steps.iter().find(|s| s.id == "route-front-door").unwrap().timeout_seconds, 88);
    let plans = house.app.plans(&house.operator, &name("front")).await.unwrap();
    let found = plans.evaluation.found.unwrap();
    assert_eq!(plans.evaluation.outcome, Outcome::Failed);
    assert!(found.checks.iter().any(|c| c.sentence.contains("no longer applies")), "{found:?}");
}

#[tokio::test]
async fn a_failed_lint_is_waived_by_name_until_a_date() {
    let house = front().await;
    look_after(&house).await;
    let failed = |plans: &holdfast_api::plans::PlansView| {
        plans
            .evaluation
            .found
            .iter()
            .flat_map(|f| &f.checks)
            .any(|c| c.sentence.contains("route53@us-east-1"))
    };
    let before = house.app.plans(&house.operator, &name("front")).await.unwrap();
    assert!(failed(&before) && before.evaluation.outcome == Outcome::Failed, "{before:?}");
    let in_days = |days: i64| {
        let at = Timestamp::now() + SignedDuration::from_hours(24 * days);
        at.to_zoned(jiff::tz::TimeZone::UTC).date()
    };
    let waiver = |days| NewWaiver {
        step: "front-door".into(),
        plane: "route53@us-east-1".into(),
        reason: "a person moves the records later".into(),
        review_on: in_days(days),
    };
    for bad in [waiver(-1), waiver(400), NewWaiver { plane: "somewhere".into(), ..waiver(30) }] {
        assert_eq!(refused(house.app.waive(&house.operator, &name("front"), bad).await).status, 422);
    }
    let after = house.app.waive(&house.operator, &name("front"), waiver(30)).await.unwrap();
    assert!(!failed(&after), "{after:?}");
    assert_eq!(after.waivers[0].by, "operator@example.com");
    let ended = house
        .app
        .end_waiver(&house.operator, &name("front"), "front-door", "route53@us-east-1")
        .await
        .unwrap();
    assert!(failed(&ended) && ended.waivers.is_empty());
    let again =
        house.app.end_waiver(&house.operator, &name("front"), "front-door", "route53@us-east-1").await;
    assert_eq!(refused(again).status, 404);
}

#[tokio::test]
async fn the_compliance_file_says_who_needs_a_rehearsal_and_why() {
    let house = front().await;
    look_after(&house).await;
    let csv = house.app.compliance_csv(&house.operator).await.unwrap();
    let line = csv.lines().find(|line| line.starts_with("front,")).unwrap();
    assert!(csv.lines().next().unwrap().contains("verified,"), "{csv}");
    assert!(line.contains("needs_rehearsal") && line.contains("No failover of it has completed"), "{line}");
    let view = house.app.compliance(&house.operator).await.unwrap();
    assert!(view.rows.iter().all(|row| !row.verification.is_verified()));
    // A run of another application rehearses nothing here.
    house.ran((Intent::Failover, HOME, AWAY), RunState::Completed, 2).await;
    let again = house.app.plans(&house.operator, &name("front")).await.unwrap();
    assert_eq!(again.verification.rehearsed_by, None);
    assert!(again.plans.iter().all(|p| p.newest.is_none() || p.passable));
    let emergency =
        RequestRun { mode: Mode::Emergency, ..House::asked("front", Intent::Failover, HOME, AWAY) };
    let preview = house.app.preview_run(&house.operator, &emergency).await.unwrap();
    assert_eq!(preview.refused, None, "a failed lint never blocks an emergency");
}
