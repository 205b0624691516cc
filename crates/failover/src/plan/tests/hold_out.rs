//! A planned failover that is done already moves nothing: it fences the Region that was left, and holds it out.

use super::*;
use crate::change::Change;
use crate::testing::compute::{HOME_QUEUE, a_function, moved_fulfilment};
use crate::testing::stores::{archive, moved_ledger, replica};
use crate::testing::switches::switch_plan;
use holdfast_domain::own_step::{InEmergency, Occasion, OwnWork, Place};
use holdfast_domain::{Facts, OwnStep};

fn again() -> Movement {
    failover(Mode::Planned)
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

/// Fulfilment after an emergency out of a dark Region, which is back and processes events.
fn returned() -> Picture {
    let mut picture = moved_fulfilment();
    let works = Facts::LambdaFunction(a_function(Some(50), HOME_QUEUE, "Enabled"));
    picture.observations.insert(key("events", A), known(works));
    picture
}

#[test]
fn what_still_works_in_the_region_that_was_left_is_stopped_and_nothing_else_is_touched() {
    let plan = planned(&returned(), &again());
    let changes: Vec<&Change> = plan.steps.iter().filter_map(Step::change).collect();
    let [Change::SetEventSource { region: at, mapping, enabled: false, .. }] = changes[..] else {
        panic!("{changes:?}")
    };
    assert_eq!((at, mapping.as_str()), (&region(A), HOME_QUEUE));
    assert!(plan.notes[0].contains("already: nothing is moved"), "{:?}", plan.notes);
    assert_eq!(ids(&plan).last(), Some(&"confirm-serving"));
}

#[test]
fn traffic_that_leads_there_again_is_taken_away_where_it_leads_nowhere_else_by_mistake() {
    // Nothing leads there: no step about traffic.
    assert!(ids(&planned(&returned(), &again())).iter().all(|id| !id.starts_with("route-")));
    // Some of it leads there: that is a move, and not done.
    let mut picture = returned();
    picture.observations.insert(key("front-door", A), known(weighted(A, 10)));
    let plan = planned(&picture, &again());
    assert!(ids(&plan).contains(&"route-front-door"), "{:?}", ids(&plan));
    assert!(!plan.notes.iter().any(|note| note.contains("nothing is moved")));
}

#[test]
fn what_a_standby_of_the_strategy_does_not_run_goes_to_rest_once_traffic_is_confirmed() {
    let mut picture = returned();
    let lowered = |plan: &Plan| -> Vec<String> {
        ids(plan).iter().filter(|id| id.starts_with("lower")).map(|id| (*id).to_owned()).collect()
    };
    picture.application.strategy = Strategy::WarmStandby;
    assert_eq!(lowered(&planned(&picture, &again())), [""; 0], "a warm standby runs");
    picture.application.strategy = Strategy::PilotLight;
    let plan = planned(&picture, &again());
    let lowered = lowered(&plan);
    assert!(lowered.iter().any(|id| id.contains("workers")) && lowered.iter().any(|id| id.contains("api")));
    for step in plan.steps.iter().filter(|step| step.id.as_str().starts_with("lower")) {
        assert!(step.regions == [region(A)] && !step.irreversible, "{step:?}");
        assert!(comes_after(&plan, step.id.as_str()).contains(&"confirm-serving"), "{}", text(&plan));
        if let Some(Change::SetAutoScalingGroupSize { size, .. }) = step.change() {
            assert_eq!((size.min, size.desired), (0, 0));
        }
    }
}

/// Rebuilding the copy from the old database would give up all that was written since.
#[test]
fn of_an_old_database_a_person_is_asked_and_no_copy_is_built_from_it() {
    let plan = planned(&moved_ledger(), &again());
    assert_eq!(ids(&plan), ["observe-again", "fence-books", "confirm-serving", "lower-web-us-east-1"]);
    assert!(matches!(plan.steps[1].work, Work::WaitForPerson { .. }));
    assert_eq!(plan.steps[2].after, [plan.steps[1].id.clone()]);

    let mut deleted = moved_ledger();
    deleted.observations.insert(key("books", A), unknown(Some(replica(A, "books", None))));
    assert_eq!(
        ids(&planned(&deleted, &again())),
        ["observe-again", "confirm-serving", "lower-web-us-east-1"]
    );
}

#[test]
fn a_step_of_ones_own_that_fences_is_done_again_and_no_other_is() {
    let own = |text: &str, fences: &[&str]| OwnStep {
        name: name(text),
        place: Place::Before(Phase::RecordLag),
        moves: vec![Occasion::Failover],
        in_emergency: InEmergency::CarriedOut,
        timeout: None,
        fences: fences.iter().map(|store| name(store)).collect(),
        work: OwnWork::WaitForPerson { says: "it is so".into(), group: None },
    };
    let picture = Picture { own: vec![own("revoke", &["books"]), own("tell", &[])], ..moved_ledger() };
    assert_eq!(
        ids(&planned(&picture, &again())),
        ["observe-again", "own-revoke", "confirm-serving", "lower-web-us-east-1"]
    );
}

#[test]
fn nothing_is_restored_or_executed_for_what_stands_already() {
    let mut picture = archive();
    picture.observations.insert(key("front-door", A), known(weighted(A, 0)));
    picture.observations.insert(key("front-door", B), known(weighted(B, 100)));
    picture.application.resources.push(switch_plan("arc"));
    let plan = planned(&picture, &again());
    assert_eq!(ids(&plan), ["observe-again", "confirm-serving", "lower-web-us-east-1"]);
}

#[test]
fn an_emergency_a_way_back_and_a_move_from_home_are_moves() {
    for (picture, movement) in [
        (moved_ledger(), failover(Mode::Emergency)),
        (moved_ledger(), home()),
        (crate::testing::stores::ledger(), again()),
    ] {
        let plan = planned(&picture, &movement);
        assert!(!plan.notes.iter().any(|note| note.contains("nothing is moved")), "{movement:?}");
    }
}

/// An emergency in its place would restore and move again, over what was written since.
#[test]
fn it_has_no_emergency_variant_and_no_lag_holds_it_back() {
    for picture in [returned(), moved_ledger()] {
        let variant = emergency_variant(&picture, &again());
        assert!(matches!(variant, Some(EmergencyVariant::None { .. })), "{variant:?}");
        let raised = crate::guard::raised(&picture, &again(), &Default::default());
        assert!(raised.iter().all(|one| one.guard != crate::guard::Guard::LagAboveRpo), "{raised:?}");
    }
}
