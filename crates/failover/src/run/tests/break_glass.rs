//! Claims about runs that are started under break-glass.

use super::*;
use crate::break_glass::UnderBreakGlass;
use crate::movement::Drill;
use holdfast_domain::{BreakGlassId, EvacuationId};

pub(super) fn under(holder: u128) -> UnderBreakGlass {
    UnderBreakGlass {
        id: BreakGlassId(uuid::Uuid::from_u128(5)),
        by: who(holder),
        reason: "nobody answers".into(),
        until: after(3_600),
        offline: None,
    }
}

fn code(answer: Result<(), Refusal>) -> String {
    answer.err().map_or_else(|| "done".into(), |refusal| refusal.code)
}

fn started() -> Story {
    let mut story = Story::of(request());
    story.tell(Command::BreakGlass { under: under(2) }).unwrap();
    story
}

#[test]
fn it_starts_at_once_without_an_approval_and_is_marked_for_ever() {
    let story = started();
    assert_eq!(story.run.state, RunState::Running);
    assert!(!story.run.tally().met && story.run.reviews.is_empty());
    assert_eq!(story.run.break_glass.as_deref(), Some(&under(2)));
    assert!(story.run.summary().break_glass);
    let kinds: Vec<&str> = story.entries.iter().map(|entry| entry.event.kind()).collect();
    assert_eq!(kinds, ["requested", "break_glass", "started"]);
    let again = Run::replay(story.run.id, &story.entries).unwrap();
    assert_eq!(again, story.run, "its journal alone says so");
    let requested = Run::request_under(request(), under(2)).unwrap();
    assert_eq!(requested.iter().map(Event::kind).collect::<Vec<_>>(), kinds);
}

#[test]
fn a_journal_that_starts_without_approval_and_without_the_mark_is_corrupt() {
    let mut entries = started().entries;
    entries.remove(1);
    entries[1].seq = 2;
    let corrupt = Run::replay(RunId(uuid::Uuid::from_u128(9)), &entries).unwrap_err();
    assert_eq!(corrupt.seq, 2);
}

#[test]
fn only_a_real_move_that_still_waits_in_time_and_as_it_was_frozen_is_started_so() {
    let mut twice = started();
    assert_eq!(code(twice.tell(Command::BreakGlass { under: under(2) })), "wrong_state");
    let mut late = Story::of(request());
    late.at = late.run.expires_at;
    assert_eq!(code(late.tell(Command::BreakGlass { under: under(2) })), "expired");
    let mut changed = Story::of(request());
    let frozen = Arc::make_mut(&mut changed.run.request);
    frozen.reason = "another".into();
    frozen.overrides = vec!["change_freeze".into()];
    assert_eq!(code(changed.tell(Command::BreakGlass { under: under(2) })), "stale_plan");
    let evacuation = Some(EvacuationId(uuid::Uuid::from_u128(3)));
    let mut part = Story::of(sealed(Request { evacuation, ..request() }));
    assert_eq!(code(part.tell(Command::BreakGlass { under: under(2) })), "part_of_an_evacuation");
    let mut drill = request();
    drill.plan.drill = Some(Drill::Isolated);
    let drill = sealed(drill);
    assert_eq!(drill.may_break_glass().unwrap_err().code, "not_for_break_glass");
    let mut story = Story::of(drill);
    assert_eq!(code(story.tell(Command::BreakGlass { under: under(2) })), "not_for_break_glass");
    let dry = sealed(Request { dry_run: true, policy: policy(&[]), ..request() });
    assert_eq!(Run::request_under(dry, under(2)).unwrap_err().code, "not_for_break_glass");
}

#[test]
fn once_it_is_over_its_holder_changes_nothing_of_it_and_everybody_else_who_may_does() {
    let story = started();
    let step = || step_id("switch-orders");
    let (digest, reason) = (story.run.request.digest.clone(), "why".to_owned());
    let of = |by: u128| {
        let by = || who(by);
        [
            (true, Command::Resume { by: by() }),
            (true, Command::RetryStep { by: by(), step: step() }),
            (true, Command::SkipStep { by: by(), step: step(), reason: reason.clone() }),
            (true, Command::ConfirmStep { by: by(), groups: vec![], step: step(), comment: None }),
            (
                true,
                Command::Escalate {
                    by: by(),
                    reason: reason.clone(),
                    confirm: "shop".into(),
                    overrides: vec![],
                },
            ),
            (true, Command::Commit { by: by(), comment: None }),
            (false, Command::Pause { by: by(), reason: None }),
            (false, Command::Cancel { by: by(), reason: reason.clone() }),
            (false, Command::Abort { by: by(), reason: reason.clone(), confirm: "shop".into() }),
            (false, Command::Withdraw { by: by() }),
            (false, Command::Deny { by: by(), groups: vec![], digest: digest.clone(), comment: None }),
        ]
    };
    for (changes, command) in of(2) {
        let refused = story.run.not_after_its_end(&command).map(|refusal| refusal.code);
        assert_eq!(refused.as_deref(), changes.then_some("break_glass_over"), "{command:?}");
    }
    for (_, command) in of(3) {
        assert_eq!(story.run.not_after_its_end(&command), None, "{command:?}");
    }
    for (_, command) in of(2) {
        assert_eq!(Story::started().run.not_after_its_end(&command), None, "of a run that was approved");
    }
}
