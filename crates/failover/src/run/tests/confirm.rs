//! A step that waits for a person is ended by one: in its turn, once, and by the group that it names.

use super::*;

/// A run whose last step waits for a person, of the group sre where `group` says so.
fn waiting_for_a_person(group: Option<&str>) -> Story {
    let mut request = request();
    let last = request.plan.steps.last_mut().unwrap();
    last.work = crate::step::Work::WaitForPerson { says: "the bank knows".into(), group: group.map(name) };
    let mut story = Story::of(sealed(request));
    story.approve(2, "sre").unwrap();
    story.approve(3, "business-owners").unwrap();
    story
}

fn confirm(story: &mut Story, step: &str, groups: &[&str]) -> Result<(), String> {
    let groups = groups.iter().map(|g| name(g)).collect();
    let command =
        Command::ConfirmStep { by: who(4), groups, step: step_id(step), comment: Some("rang them".into()) };
    story.tell(command).map_err(|refusal| refusal.code)
}

#[test]
fn a_person_ends_a_step_that_waits_for_one_in_its_turn_and_no_other() {
    let mut story = waiting_for_a_person(None);
    assert_eq!(confirm(&mut story, "observe-again", &[]), Err("not_confirmable".into()));
    assert_eq!(confirm(&mut story, "confirm-serving", &[]), Err("wrong_state".into()), "not its turn yet");
    for step in ["observe-again", "record-lag", "scale-web", "switch-orders"] {
        story.look(step);
    }
    story.start("confirm-serving", None).unwrap();
    let (reason, way_out) = ("waits".into(), "confirm".into());
    story.record(Event::StepParked { step: step_id("confirm-serving"), reason, way_out }).unwrap();
    assert_eq!(story.run.state, RunState::NeedsPerson);
    confirm(&mut story, "confirm-serving", &[]).unwrap();
    let progress = &story.run.steps[&step_id("confirm-serving")];
    assert_eq!((progress.state, story.run.state), (StepState::Succeeded, RunState::Running));
    assert_eq!(progress.note.as_deref(), Some("confirmed by person-4@example.com: rang them"));
    assert_eq!(confirm(&mut story, "confirm-serving", &[]), Err("wrong_state".into()), "once is enough");
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::Completed);
}

#[test]
fn a_step_that_names_a_group_is_confirmed_by_its_members_only() {
    let mut story = waiting_for_a_person(Some("sre"));
    for step in ["observe-again", "record-lag", "scale-web", "switch-orders"] {
        story.look(step);
    }
    assert_eq!(confirm(&mut story, "confirm-serving", &["payments"]), Err("not_the_owner".into()));
    confirm(&mut story, "confirm-serving", &["payments", "sre"]).unwrap();
}
