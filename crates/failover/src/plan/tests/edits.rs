//! Edits over generated plans: what they do, what is refused with the field that stands in the way, and what no sequence
//! of them can take away.

use super::*;
use crate::plan::edit::{Edit, Editing};
use crate::plan::sheet::{Drawn, Form, PlanKey, Sheet, draw};
use crate::step::how::{Condition, IfItFails};
use crate::testing::step_id;
use holdfast_domain::own_step::{OwnWork, Place, Until};
use holdfast_domain::{Seconds, StepId};
use proptest::prelude::*;
use proptest::strategy::Strategy;

fn key_of_failover() -> PlanKey {
    PlanKey::of(&failover(Mode::Planned))
}

fn edited(edits: Vec<Edit>) -> Drawn {
    draw(&Picture { edits, ..shop() }, &key_of_failover())
}

fn both(edit: Editing) -> Edit {
    Edit { mode: None, edit }
}

fn only(mode: Mode, edit: Editing) -> Edit {
    Edit { mode: Some(mode), edit }
}

fn wait(of: &str, place: Place) -> Edit {
    both(Editing::Insert {
        name: name(of),
        place,
        work: OwnWork::WaitForTime { until: Until::For(Seconds(60)) },
        timeout: None,
    })
}

fn step<'a>(form: &'a Form, id: &str) -> &'a Step {
    form.steps().iter().find(|s| s.id.as_str() == id).unwrap_or_else(|| panic!("{id} is not there"))
}

fn misfit(edits: Vec<Edit>) -> (String, String) {
    let drawn = edited(edits);
    let misfit = drawn.misfits.into_iter().next().expect("the edit does not fit");
    assert!(!misfit.way_out.is_empty());
    (misfit.path(), misfit.sentence)
}

/// Whether `later` waits for `earlier`, directly or not.
fn waits(steps: &[Step], later: &StepId, earlier: &StepId) -> bool {
    let Some(step) = steps.iter().find(|s| s.id == *later) else { return false };
    step.after.iter().any(|before| before == earlier || waits(steps, before, earlier))
}

/// What every plan keeps, however it was edited, found without the rules that keep it.
fn assert_safe(steps: &[Step], plain: &[Step]) {
    for (at, step) in steps.iter().enumerate() {
        assert!(
            step.after.iter().all(|a| steps[..at].iter().any(|s| s.id == *a)),
            "{} out of order",
            step.id
        );
        assert!(steps[..at].iter().all(|s| s.id != step.id), "{} twice", step.id);
        let looks = matches!(step.work, Work::ObserveAgain);
        assert!(looks || waits(steps, &step.id, &step_id("observe-again")), "{} before the look", step.id);
    }
    let starts = |prefix: &'static str| plain.iter().filter(move |s| s.id.as_str().starts_with(prefix));
    let stores: Vec<_> = starts("switch-orders").collect();
    for switch in &stores {
        assert!(waits(steps, &switch.id, &step_id("record-lag")), "the lag is recorded before the promotion");
        for raise in starts("scale-") {
            let there = steps.iter().any(|s| s.id == raise.id);
            assert!(!there || waits(steps, &switch.id, &raise.id), "nothing moves to what does not stand");
        }
        for traffic in starts("route-").chain(starts("open-")).chain(starts("close-")) {
            assert!(waits(steps, &traffic.id, &switch.id), "{} before the store is promoted", traffic.id);
            assert!(
                waits(steps, &step_id("confirm-serving"), &traffic.id),
                "confirmed before {}",
                traffic.id
            );
        }
    }
    for id in plain.iter().map(|s| &s.id) {
        let may_go = ["stop-", "start-", "lower-"].iter().any(|p| id.as_str().starts_with(p));
        assert!(may_go || steps.iter().any(|s| s.id == *id), "{id} was edited away");
    }
}

#[test]
fn each_edit_does_what_it_says_and_the_plan_says_that_it_did() {
    let condition = Condition::Signal { resource: name("orders-lag"), region: region(B), well: true };
    let drawn = edited(vec![
        wait("coffee", Place::Before(Phase::MoveTraffic)),
        both(Editing::WaitFor { step: step_id("scale-web-eu-central-1"), other: step_id("observe-again") }),
        both(Editing::Timeout { step: step_id("switch-orders"), seconds: 120 }),
        both(Editing::Tries { step: step_id("switch-orders"), tries: 3 }),
        both(Editing::OnlyIf { step: step_id("own-coffee"), condition: condition.clone() }),
        only(
            Mode::Emergency,
            Editing::IfItFails { step: step_id("scale-web-eu-central-1"), then: IfItFails::GoOn },
        ),
        only(Mode::Emergency, Editing::LeaveOut { step: step_id("own-coffee") }),
    ]);
    // It waits for the first look already: said, and the rest stands.
    assert_eq!(drawn.misfits.iter().map(|m| m.edit).collect::<Vec<_>>(), [1], "{:?}", drawn.misfits);
    let (planned, emergency) = (&drawn.sheet.planned, &drawn.sheet.emergency);
    assert_eq!(step(planned, "switch-orders").timeout_seconds, 120);
    assert_eq!(step(planned, "switch-orders").how.tries, Some(3));
    assert_eq!(step(planned, "own-coffee").how.only_if, Some(condition));
    assert!(step(planned, "scale-web-eu-central-1").how.if_it_fails.is_usual());
    assert_eq!(step(emergency, "scale-web-eu-central-1").how.if_it_fails, IfItFails::GoOn);
    assert!(!emergency.steps().iter().any(|s| s.id.as_str() == "own-coffee"));
    let Form::Made { notes, .. } = planned else { panic!() };
    assert!(notes.iter().any(|n| n == "Edited: switch-orders may take 2m."), "{notes:?}");
}

#[test]
fn what_does_not_fit_names_the_field_and_why() {
    let step = || step_id("switch-orders");
    let cases = [
        (
            both(Editing::WaitFor { step: step(), other: step_id("nowhere") }),
            "edits[0].edit.other",
            "has no step `nowhere`",
        ),
        (
            both(Editing::WaitFor { step: step_id("record-lag"), other: step() }),
            "edits[0].edit.other",
            "each would wait for the other",
        ),
        (
            both(Editing::DoNotWaitFor { step: step_id("route-front-door"), other: step() }),
            "edits[0].edit.other",
            "traffic goes where the stores already are",
        ),
        (
            both(Editing::DoNotWaitFor { step: step(), other: step_id("record-lag") }),
            "edits[0].edit.other",
            "measured before a store is cut off",
        ),
        (both(Editing::LeaveOut { step: step_id("record-lag") }), "edits[0].edit.step", "cannot go without"),
        (
            both(Editing::LeaveOut { step: step_id("observe-again") }),
            "edits[0].edit.step",
            "cannot go without",
        ),
        (
            both(Editing::IfItFails { step: step(), then: IfItFails::GoOn }),
            "edits[0].edit.step",
            "cannot go without",
        ),
        (
            only(
                Mode::Planned,
                Editing::IfItFails { step: step_id("scale-web-eu-central-1"), then: IfItFails::GoOn },
            ),
            "edits[0].edit.step",
            "a planned move waits for it",
        ),
        (both(Editing::Timeout { step: step(), seconds: 1 }), "edits[0].edit.seconds", "10 seconds"),
        (both(Editing::Tries { step: step(), tries: 0 }), "edits[0].edit.tries", "between 1 and 20"),
        (
            both(Editing::Tries { step: step_id("record-lag"), tries: 2 }),
            "edits[0].edit.step",
            "makes no call",
        ),
        (wait("mine", Place::AfterStep("nowhere".into())), "edits[0].edit.place", "has no such step"),
        (
            both(Editing::Insert {
                name: name("mine"),
                place: Place::Before(Phase::MoveTraffic),
                work: OwnWork::Webhook { url: "https://example.com/".into() },
                timeout: None,
            }),
            "edits[0].edit.work",
            "calls something",
        ),
    ];
    for (edit, path, words) in cases {
        let (at, sentence) = misfit(vec![edit.clone()]);
        assert_eq!(at, path, "{edit}: {sentence}");
        assert!(sentence.contains(words), "{edit}: {sentence}");
    }
    let nothing = Condition::Signal { resource: name("nothing"), region: region(B), well: true };
    let of = |condition| {
        vec![
            wait("mine", Place::Before(Phase::MoveTraffic)),
            both(Editing::OnlyIf { step: step_id("own-mine"), condition }),
        ]
    };
    assert_eq!(misfit(of(nothing)).0, "edits[1].edit.condition.resource");
    let far = Condition::Signal { resource: name("orders-lag"), region: region(C), well: true };
    assert_eq!(misfit(of(far)).0, "edits[1].edit.condition.region");
}

#[test]
fn a_plan_that_is_generated_anew_keeps_its_edits_and_says_which_no_longer_apply() {
    let edits = vec![
        both(Editing::Timeout { step: step_id("switch-orders"), seconds: 120 }),
        both(Editing::Timeout { step: step_id("scale-web-eu-central-1"), seconds: 240 }),
    ];
    let mut picture = Picture { edits, ..shop() };
    picture.application.resources.retain(|r| r.name != name("web"));
    let drawn = draw(&picture, &key_of_failover());
    assert_eq!(step(&drawn.sheet.planned, "switch-orders").timeout_seconds, 120);
    let lost: Vec<String> = drawn.misfits.iter().map(|m| m.path()).collect();
    assert_eq!(lost, ["edits[1].edit.step"]);
}

#[test]
fn an_edit_of_both_forms_may_fit_only_one_of_them() {
    let mut picture = shop();
    picture.own = Vec::new();
    picture.edits = vec![
        only(
            Mode::Planned,
            Editing::Insert {
                name: name("mine"),
                place: Place::Before(Phase::MoveTraffic),
                work: OwnWork::WaitForPerson { says: "go".into(), group: None },
                timeout: None,
            },
        ),
        both(Editing::Timeout { step: step_id("own-mine"), seconds: 60 }),
    ];
    let drawn = draw(&picture, &key_of_failover());
    assert_eq!(drawn.misfits, []);
    assert_eq!(step(&drawn.sheet.planned, "own-mine").timeout_seconds, 60);
}

#[test]
fn a_condition_is_asked_under_the_role_that_the_approval_shows() {
    let condition = Condition::Signal { resource: name("orders-lag"), region: region(B), well: true };
    let edits = vec![
        wait("mine", Place::Before(Phase::MoveTraffic)),
        both(Editing::OnlyIf { step: step_id("own-mine"), condition }),
    ];
    let plan = planned(&Picture { edits, ..shop() }, &failover(Mode::Planned));
    let looks = plan.step(&step_id("own-mine")).unwrap().looks_at(&plan);
    assert!(looks[&name("orders-lag")].contains(&region(B)), "{looks:?}");
    assert!(plan.roles.contains_key(&name("shop-prod")));
}

fn a_step_of_the_plan() -> impl Strategy<Value = StepId> {
    let plain = draw(&shop(), &key_of_failover()).sheet;
    let mut ids: Vec<StepId> =
        plain.planned.steps().iter().chain(plain.emergency.steps()).map(|s| s.id.clone()).collect();
    ids.extend(["own-a", "own-b", "nowhere"].map(step_id));
    ids.sort();
    ids.dedup();
    proptest::sample::select(ids)
}

fn an_edit() -> impl Strategy<Value = Edit> {
    let id = a_step_of_the_plan;
    let place = prop_oneof![
        proptest::sample::select(Phase::ALL.to_vec()).prop_map(Place::Before),
        proptest::sample::select(Phase::ALL.to_vec()).prop_map(Place::After),
        id().prop_map(|id| Place::BeforeStep(id.to_string())),
        id().prop_map(|id| Place::AfterStep(id.to_string())),
    ];
    let edit = prop_oneof![
        6 => (id(), id()).prop_map(|(step, other)| Editing::WaitFor { step, other }),
        6 => (id(), id()).prop_map(|(step, other)| Editing::DoNotWaitFor { step, other }),
        1 => (id(), 0_u32..2_000).prop_map(|(step, seconds)| Editing::Timeout { step, seconds }),
        1 => (id(), 0_u32..30).prop_map(|(step, tries)| Editing::Tries { step, tries }),
        3 => id().prop_map(|step| Editing::LeaveOut { step }),
        1 => id().prop_map(|step| Editing::IfItFails { step, then: IfItFails::GoOn }),
        3 => (proptest::sample::select(vec!["a", "b"]), place).prop_map(|(of, place)| Editing::Insert {
            name: name(of),
            place,
            work: OwnWork::WaitForTime { until: Until::For(Seconds(60)) },
            timeout: None,
        }),
    ];
    let mode = proptest::sample::select(vec![None, Some(Mode::Planned), Some(Mode::Emergency)]);
    (mode, edit).prop_map(|(mode, edit)| Edit { mode, edit })
}

fn digest(sheet: &Sheet) -> String {
    sheet.digest(&name("shop"), &key_of_failover()).unwrap().0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_edits_makes_an_unsafe_plan(edits in proptest::collection::vec(an_edit(), 0..12)) {
        let plain = draw(&shop(), &key_of_failover()).sheet;
        let drawn = edited(edits.clone());
        for mode in [Mode::Planned, Mode::Emergency] {
            assert_safe(drawn.sheet.form(mode).steps(), plain.form(mode).steps());
        }
        // What did not fit did nothing: without it the plan is the same.
        let fitting: Vec<Edit> = edits
            .iter()
            .enumerate()
            .filter(|(at, _)| !drawn.misfits.iter().any(|m| m.edit == *at))
            .map(|(_, edit)| edit.clone())
            .collect();
        let again = edited(fitting);
        prop_assert_eq!(digest(&again.sheet), digest(&drawn.sheet));
    }

    #[test]
    fn the_digest_changes_exactly_when_the_steps_do(
        one in proptest::collection::vec(an_edit(), 0..4),
        other in proptest::collection::vec(an_edit(), 0..4),
    ) {
        let (one, other) = (edited(one).sheet, edited(other).sheet);
        let steps = |sheet: &Sheet| (sheet.planned.steps().to_vec(), sheet.emergency.steps().to_vec());
        prop_assert_eq!(digest(&one) == digest(&other), steps(&one) == steps(&other));
        let differences = sheet::compare(&one, &other);
        prop_assert_eq!(differences.iter().all(|c| c.steps.is_empty()), steps(&one) == steps(&other));
    }
}
