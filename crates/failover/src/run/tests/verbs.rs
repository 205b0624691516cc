//! Every verb that a person has, in every state that a run can be in: done, or refused with a code.

use super::*;
use std::fmt::Write as _;

/// A run in each state, by what it is called in the table.
fn states() -> Vec<(&'static str, Story)> {
    let of = |drive: &dyn Fn(&mut Story)| {
        let mut story = Story::started();
        drive(&mut story);
        story
    };
    let tell = |story: &mut Story, command| story.tell(command).unwrap();
    let escalated = |story: &mut Story| tell(story, escalate());
    let finish = |story: &mut Story| {
        for step in ["scale-web", "switch-orders", "confirm-serving"] {
            story.look(step);
        }
        story.tell(Command::Conclude).unwrap();
    };
    let mut expired = Story::of(request());
    expired.at = after(7200);
    tell(&mut expired, Command::Expire);
    let mut denied = Story::of(request());
    let digest = denied.run.request.digest.clone();
    tell(&mut denied, Command::Deny { by: who(4), groups: vec![name("sre")], digest, comment: None });
    let failed = |story: &mut Story| story.record(Event::Failed { reason: "broken".into() }).unwrap();
    vec![
        ("awaiting_approval", Story::of(request())),
        ("running", of(&|s| s.look("observe-again"))),
        ("running, a call out", Story::at_the_switch()),
        ("paused", of(&|s| tell(s, Command::Pause { by: who(2), reason: None }))),
        (
            "needs_person",
            of(&|s| {
                s.look("observe-again");
                s.start("record-lag", None).unwrap();
                s.park("record-lag");
            }),
        ),
        ("running, escalated", of(&escalated)),
        ("running, escalated, a call out", {
            let mut story = Story::at_the_switch();
            escalated(&mut story);
            story
        }),
        (
            "completed",
            of(&|s| {
                s.look("observe-again");
                s.look("record-lag");
                finish(s);
            }),
        ),
        (
            "completed_with_exceptions",
            of(&|s| {
                s.look("observe-again");
                s.skip("record-lag", "known").unwrap();
                finish(s);
            }),
        ),
        ("cancelled", of(&|s| tell(s, Command::Cancel { by: who(2), reason: "enough".into() }))),
        ("denied", denied),
        ("expired", expired),
        ("failed", of(&failed)),
    ]
}

fn escalate() -> Command {
    Command::Escalate { by: who(2), reason: "dark".into(), confirm: "shop".into(), overrides: Vec::new() }
}

fn verbs(run: &Run) -> Vec<(&'static str, Command)> {
    let digest = run.request.digest.clone();
    let groups = vec![name("sre")];
    let review =
        Review { person: who(7).id, email: who(7).email, groups: groups.clone(), at: NOW, comment: None };
    // The step that the table asks about: the one that measures, of what is carried out now.
    let step = run.plan().steps[1].id.clone();
    vec![
        ("approve", Command::Approve { review, digest: digest.clone() }),
        ("withdraw", Command::Withdraw { by: who(2) }),
        ("deny", Command::Deny { by: who(7), groups, digest, comment: None }),
        ("pause", Command::Pause { by: who(2), reason: None }),
        ("resume", Command::Resume { by: who(2) }),
        ("escalate", escalate()),
        ("cancel", Command::Cancel { by: who(2), reason: "enough".into() }),
        ("retry", Command::RetryStep { by: who(2), step: step.clone() }),
        ("skip", Command::SkipStep { by: who(2), step: step.clone(), reason: "by hand".into() }),
        ("confirm", Command::ConfirmStep { by: who(2), groups: Vec::new(), step, comment: None }),
    ]
}

#[test]
fn every_verb_in_every_state_is_done_or_refused_with_a_way_out() {
    let mut table = String::new();
    for (called, story) in states() {
        let _ = write!(table, "{called}:");
        for (verb, command) in verbs(&story.run) {
            let word = match story.run.handle(command, story.at) {
                Ok(_) => "done".to_owned(),
                Err(refusal) => {
                    assert!(refusal.sentence.ends_with('.') && refusal.way_out.ends_with('.'), "{refusal:?}");
                    refusal.code
                }
            };
            let _ = write!(table, " {verb} {word};");
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_table_has_every_state_that_this_version_reaches() {
    let has: Vec<RunState> = states().into_iter().map(|(_, story)| story.run.state).collect();
    for state in RunState::ALL {
        let later = matches!(state, RunState::Undoing | RunState::AwaitingCommit | RunState::RolledBack);
        assert_eq!(has.contains(&state), !later, "{state:?}");
    }
}
