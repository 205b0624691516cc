//! Edits of plans in the declarative file: tried as edits in place are, stored whole or not at all, and the same bytes again.

use crate::house::{AWAY, HOME, House, name, tasks, weighted};
use holdfast_api::inventory::{FileFormat, Inventories as _, InventoryDiff, Manner};
use holdfast_api::plans::{EditPlan, PlanVersionView, Plans as _};
use holdfast_api::{Answer, IfMatch};
use holdfast_domain::StepId;
use holdfast_domain::plan_edit::{Edit, Editing};
use holdfast_failover::{Intent, RunState};

async fn front() -> House {
    let house = House::new().await;
    for (code, weight) in [(HOME, 100), (AWAY, 0)] {
        house.look("front", "front-door", code, Ok(weighted(code, weight))).await;
        house.look("front", "web", code, Ok(tasks(2))).await;
    }
    look_after(&house).await;
    house
}

async fn look_after(house: &House) {
    while house.app.look_after_plans(100).await.unwrap() > 0 {}
}

async fn exported(house: &House) -> String {
    house.app.export_inventory(&house.operator, FileFormat::Yaml).await.unwrap()
}

async fn sent(house: &House, file: &str, dry_run: bool) -> Answer<InventoryDiff> {
    let manner = Manner { dry_run, prune: false, if_match: IfMatch::Unconditional };
    house.app.apply_inventory(&house.operator, file.as_bytes(), FileFormat::Yaml, &manner).await
}

/// The exported file with these edits over a plan of `front`.
fn with(file: &str, (intent, from, to): (&str, &str, &str), edits: &str) -> String {
    assert!(file.contains("plans: []\n"), "{file}");
    let section = format!(
        "plans:\n  - application: front\n    edits:\n      - intent: {intent}\n        from: {from}\n        to: {to}\n        edits:\n          - {edits}\n"
    );
    file.replace("plans: []\n", &section)
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

const THERE: (&str, &str, &str) = ("failover", HOME, AWAY);

#[tokio::test]
async fn edits_in_the_file_become_a_version_and_the_file_comes_back_byte_for_byte() {
    let house = front().await;
    let before = exported(&house).await;
    let file = with(&before, THERE, "{edit: timeout, step: route-front-door, timeout: 1m17s}");
    let shown = sent(&house, &file, true).await.unwrap();
    assert!(shown.changed && shown.text.contains("plans: 1 added"), "{}", shown.text);
    assert!(shown.text.contains("  + front\n      application: + \"front\"\n      edits"), "{}", shown.text);
    assert!(shown.text.contains("1m17s"), "{}", shown.text);
    assert_eq!(exported(&house).await, before, "a dry run stores nothing");

    sent(&house, &file, false).await.unwrap();
    assert_eq!(exported(&house).await, file);
    assert!(!sent(&house, &file, false).await.unwrap().changed);
    look_after(&house).await;
    let made = newest(&house).await;
    let of = (made.head.cause.as_str(), made.head.made_by.as_str(), made.edits.len());
    assert_eq!(of, ("inventory", "operator@example.com", 1));
    let step = made.planned.steps.iter().find(|s| s.id == "route-front-door").unwrap();
    assert_eq!(step.timeout_seconds, 77);

    // An edit in place is in the file, too.
    let edit = EditPlan {
        intent: Intent::Failover,
        from_region: HOME.into(),
        to_region: AWAY.into(),
        expected_version: made.head.version,
        edits: vec![timeout(90)],
        reason: None,
    };
    house.app.edit_plan(&house.operator, &name("front"), edit).await.unwrap();
    assert_eq!(exported(&house).await, file.replace("1m17s", "1m30s"));
}

#[tokio::test]
async fn an_edit_that_does_not_fit_is_told_at_its_line_and_nothing_of_the_file_is_stored() {
    let house = front().await;
    let before = exported(&house).await;
    for (edit, says) in [
        ("{edit: timeout, step: route-front-dor, timeout: 1m17s}", "has no step `route-front-dor`"),
        (
            "{edit: leave_out, step: route-front-door}",
            "is a part of the plan that it cannot go without (move traffic)",
        ),
        ("{edit: wait_for, step: observe-again, other: route-front-door}", "comes after"),
    ] {
        let file = with(&before, THERE, edit).replace("tier: 1", "tier: 2");
        for dry_run in [true, false] {
            let problem = sent(&house, &file, dry_run).await.unwrap_err();
            assert_eq!((problem.status, problem.code.as_str()), (422, "inventory_invalid"));
            let line = file.lines().position(|line| line.contains(edit)).unwrap() + 1;
            let field = &problem.fields[0];
            assert_eq!(field.line, u32::try_from(line).ok(), "{field:?}");
            assert!(field.message.contains(says), "{}", field.message);
            assert!(field.path.starts_with("plans.front.edits[0].edits[0]."), "{}", field.path);
        }
        assert_eq!(exported(&house).await, before);
    }
}

#[tokio::test]
async fn edits_of_a_plan_that_cannot_be_generated_now_are_taken_and_said() {
    let house = front().await;
    let before = exported(&house).await;
    let file = with(&before, ("failback", AWAY, HOME), "{edit: leave_out, step: lower-web}");
    let taken = sent(&house, &file, false).await.unwrap();
    assert!(taken.findings.iter().any(|found| found.contains("could not be tried")), "{:?}", taken.findings);
    assert_eq!(exported(&house).await, file);
    sent(&house, &before.replace("plans: []\n", ""), false).await.unwrap();
    assert_eq!(exported(&house).await, file, "a file without the section leaves them alone");
}

#[tokio::test]
async fn edits_of_a_failback_whose_journal_cannot_be_read_are_taken_and_said() {
    let house = front().await;
    let before = exported(&house).await;
    house.corrupt("front", (Intent::Failover, HOME, AWAY), RunState::Completed).await;
    for (code, weight) in [(HOME, 0), (AWAY, 100)] {
        house.look("front", "front-door", code, Ok(weighted(code, weight))).await;
    }
    let file = with(&before, ("failback", AWAY, HOME), "{edit: leave_out, step: lower-web}");
    let taken = sent(&house, &file, false).await.unwrap();
    assert!(taken.findings.iter().any(|found| found.contains("could not be tried")), "{:?}", taken.findings);
    assert_eq!(exported(&house).await, file);
}

#[tokio::test]
async fn a_file_made_on_another_version_is_told_so_before_its_edits_are_tried() {
    let house = front().await;
    let before = exported(&house).await;
    let file = with(&before, THERE, "{edit: leave_out, step: route-front-door}");
    let stale = IfMatch::OneOf(vec!["\"another\"".into()]);
    let manner = Manner { if_match: stale, ..Manner::default() };
    let applied =
        house.app.apply_inventory(&house.operator, file.as_bytes(), FileFormat::Yaml, &manner).await;
    assert_eq!(applied.unwrap_err().status, 412);
}
