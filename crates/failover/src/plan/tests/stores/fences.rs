//! A planned promotion waits until nothing writes to the old writer any more: what counts as a fence, and what comes too late.

use super::*;
use crate::plan::edit::{Edit, Editing};
use crate::step::how::{Condition, IfItFails};
use holdfast_domain::OwnStep;
use holdfast_domain::own_step::{InEmergency, Occasion, OwnWork, Phase, Place};

fn fence(of: &str, place: Place) -> OwnStep {
    OwnStep {
        name: name("stop-writers"),
        place,
        moves: vec![Occasion::Failover],
        in_emergency: InEmergency::LeftOut,
        timeout: None,
        fences: vec![name(of)],
        work: OwnWork::Webhook { url: "https://hooks.example.com/fence".into() },
    }
}

#[test]
fn a_planned_promotion_waits_for_a_fence_and_for_the_copy_and_an_emergency_for_neither() {
    let plan = planned(&ledger(), &failover(Mode::Planned));
    assert_eq!(plan.step(&step_id("fence-books")).unwrap().kind(), "wait_for_person");
    assert!(comes_after(&plan, "record-lag").contains(&"fence-books"), "{}", text(&plan));
    let before = comes_after(&plan, "promote-books");
    assert!(before.contains(&"catch-up-books") && before.contains(&"record-lag"), "{before:?}");
    let plan = planned(&ledger(), &failover(Mode::Emergency));
    let waits = ["catch_up", "wait_for_person"];
    assert!(plan.steps.iter().all(|s| !waits.contains(&s.kind())), "{}", text(&plan));
    assert!(comes_after(&plan, "promote-books").contains(&"record-lag"), "and its loss is recorded");
}

#[test]
fn a_step_of_ones_own_that_fences_a_store_stands_for_the_person() {
    let mut picture = ledger();
    picture.own = vec![fence("books", Place::Before(Phase::RecordLag))];
    let plan = planned(&picture, &failover(Mode::Planned));
    assert!(plan.step(&step_id("fence-books")).is_none(), "{}", text(&plan));
    assert!(comes_after(&plan, "catch-up-books").contains(&"own-stop-writers"), "{}", text(&plan));
    let going_back = planned(&Picture { own: picture.own, ..moved_ledger() }, &back(Mode::Planned));
    assert!(going_back.step(&step_id("fence-books")).is_some(), "it is of failovers only");
}

#[test]
fn a_fence_that_comes_too_late_is_refused() {
    for place in [
        Place::BeforeStep("promote-books".into()),
        Place::After(Phase::SwitchStores),
        Place::Before(Phase::MoveTraffic),
    ] {
        let mut picture = ledger();
        picture.own = vec![fence("books", place)];
        assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
        assert!(plan(&picture, &failover(Mode::Emergency)).is_ok());
    }
}

#[test]
fn a_fence_that_an_edit_may_leave_out_is_none() {
    let id = || StepId::parse("own-stop-writers").unwrap();
    let condition = Condition::Fact {
        resource: name("books"),
        region: region(B),
        what: "writer".into(),
        value: "no".into(),
    };
    for edit in [
        Editing::LeaveOut { step: id() },
        Editing::IfItFails { step: id(), then: IfItFails::GoOn },
        Editing::OnlyIf { step: id(), condition },
    ] {
        let mut picture = ledger();
        picture.own = vec![fence("books", Place::Before(Phase::RecordLag))];
        assert!(plan(&picture, &failover(Mode::Planned)).is_ok());
        picture.edits = vec![Edit { mode: None, edit: edit.clone() }];
        assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready", "{edit:?}");
    }
}

#[test]
fn a_table_says_what_fences_its_writers() {
    let mut picture = ledger();
    let notes = |picture: &Picture| planned(picture, &failover(Mode::Planned)).notes.join("\n");
    assert!(notes(&picture).contains("`fences: [postings]`"));
    picture.own = vec![fence("postings", Place::Before(Phase::MoveTraffic))];
    assert!(notes(&picture).contains("stopped by the own step `stop-writers`"));
}
