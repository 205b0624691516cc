//! The emergency variant that a planned move is frozen with.

use super::*;
use crate::Verdict;
use crate::testing::NOW;

fn variant(picture: &Picture, movement: &Movement) -> (Vec<Step>, Vec<String>) {
    match emergency_variant(picture, movement) {
        Some(EmergencyVariant::Ready { steps, notes, .. }) => (steps, notes),
        other => panic!("no variant: {other:?}"),
    }
}

#[test]
fn it_is_the_plan_of_an_emergency_from_the_same_picture_under_ids_of_its_own() {
    for (picture, planned) in [(shop(), failover(Mode::Planned)), (moved_shop(), home())] {
        let (steps, notes) = variant(&picture, &planned);
        let emergency = plan(&picture, &Movement { mode: Mode::Emergency, ..planned.clone() }).unwrap();
        let of_plan = plan(&picture, &planned).unwrap();
        assert!(steps.iter().all(|step| of_plan.step(&step.id).is_none()), "an id of both");
        assert_eq!(steps.len(), emergency.steps.len());
        for (step, same) in steps.iter().zip(&emergency.steps) {
            assert_eq!(step.id.as_str(), format!("emergency-{}", same.id));
            assert_eq!((&step.work, &step.resource), (&same.work, &same.resource));
            let after = same.after.iter().map(|id| escalated_id(id).unwrap()).collect::<Vec<_>>();
            assert_eq!(step.after, after);
        }
        assert_eq!(notes.len(), emergency.notes.len());
        let names_none =
            |note: &&String| emergency.steps.iter().any(|s| note.contains(&format!("`{}`", s.id)));
        assert_eq!(notes.iter().find(names_none), None, "a note names a step that is not there");
        // What the variant shares with the plan beside which it stands is stored once.
        assert_eq!((&emergency.facts, &emergency.before), (&of_plan.facts, &of_plan.before));
    }
}

#[test]
fn an_emergency_has_none_and_a_drill_says_why() {
    assert_eq!(emergency_variant(&shop(), &failover(Mode::Emergency)), None);
    let drill = Movement { intent: Intent::Drill, ..failover(Mode::Planned) };
    let Some(EmergencyVariant::None { reason }) = emergency_variant(&shop(), &drill) else {
        panic!("a drill became an emergency")
    };
    assert!(reason.contains("never accepts the loss of data"), "{reason}");
}

#[test]
fn facts_about_what_the_run_changed_itself_are_not_held_against_it_and_all_others_are() {
    let (picture, movement) = (shop(), failover(Mode::Emergency));
    let mut plan = plan(&picture, &movement).unwrap();
    let mut seen = picture.observations.clone();
    let there = seen.get_mut(&key("orders", B)).unwrap();
    let Some(Facts::AuroraMember(member)) = there.known().cloned() else { panic!("a member") };
    *there =
        known(Facts::AuroraMember(holdfast_domain::facts::AuroraMember { writer: !member.writer, ..member }));
    let check = |plan: &Plan| plan.steps[0].check(&seen, plan, &movement, NOW);
    assert!(matches!(check(&plan), Verdict::Drift { .. }), "{:?}", check(&plan));
    plan.changed_before.insert(name("orders"));
    let Verdict::Reached { note } = check(&plan) else { panic!("{:?}", check(&plan)) };
    assert!(note.contains("but for what this run has changed itself: orders"), "{note}");
}
