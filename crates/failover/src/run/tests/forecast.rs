//! Claims about when a run may be at its end.

use super::Story;
use crate::run::forecast::{Took, forecast};
use crate::testing::{NOW, after, request, step_id};

fn took(steps: &[(&str, &[f64])]) -> Took {
    steps.iter().map(|(id, seconds)| (step_id(id), seconds.to_vec())).collect()
}

fn all() -> Took {
    took(&[
        ("observe-again", &[1.0]),
        ("record-lag", &[1.0]),
        ("scale-web", &[60.0, 40.0, 200.0]),
        ("switch-orders", &[90.0, 100.0, 120.0]),
        ("confirm-serving", &[10.0]),
    ])
}

fn path(ids: &[&str]) -> Vec<holdfast_domain::StepId> {
    ids.iter().map(|id| step_id(id)).collect()
}

#[test]
fn the_end_is_that_of_the_longest_branch_and_the_steps_on_it_are_the_critical_path() {
    let story = Story::started();
    let forecast = forecast(&story.run, &all(), NOW).unwrap();
    assert_eq!(forecast.likely_seconds, Some(1.0 + 60.0 + 100.0 + 10.0));
    assert!((forecast.latest_seconds - (1.0 + 200.0 + 120.0 + 10.0)).abs() < 1e-9);
    assert_eq!(
        forecast.critical_path,
        path(&["observe-again", "scale-web", "switch-orders", "confirm-serving"])
    );
    assert_eq!(
        (forecast.steps_that_ran_before, forecast.steps_that_never_ran, forecast.earlier_runs),
        (5, 0, 3)
    );
}

#[test]
fn a_step_that_never_ran_leaves_only_its_limit() {
    let story = Story::started();
    let forecast = forecast(&story.run, &took(&[("scale-web", &[60.0])]), NOW).unwrap();
    assert_eq!(forecast.likely_seconds, None);
    assert!((forecast.latest_seconds - 4.0 * 600.0).abs() < 1e-9, "{forecast:?}");
    assert_eq!((forecast.steps_that_ran_before, forecast.steps_that_never_ran), (1, 4));
    assert!(forecast.critical_path.contains(&step_id("record-lag")));
}

#[test]
fn what_is_done_takes_no_more_time_and_what_runs_takes_what_is_left() {
    let mut story = Story::at_the_switch();
    story.at = after(30);
    let begun = forecast(&story.run, &all(), after(30)).unwrap();
    assert_eq!(begun.likely_seconds, Some(70.0 + 10.0));
    assert!((begun.latest_seconds - (90.0 + 10.0)).abs() < 1e-9);
    let overdue = forecast(&story.run, &all(), after(300)).unwrap();
    assert_eq!(overdue.likely_seconds, Some(10.0));
    assert!((overdue.latest_seconds - (300.0 + 10.0)).abs() < 1e-9, "its limit is what is left to go by");
}

#[test]
fn what_has_not_begun_or_is_over_has_no_forecast() {
    let mut story = Story::of(request());
    assert_eq!(forecast(&story.run, &all(), NOW), None);
    let cancel = crate::run::Command::Cancel { by: crate::testing::who(1), reason: "no".into() };
    story.tell(cancel).unwrap();
    assert_eq!(forecast(&story.run, &all(), NOW), None);
}
