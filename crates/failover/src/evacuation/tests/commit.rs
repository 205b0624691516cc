//! One word for all parts that wait for their commit: of each what it would come to alone.

use super::*;
use crate::break_glass::UnderBreakGlass;
use crate::run::Command;
use crate::testing::after;
use holdfast_domain::BreakGlassId;

/// Ten minutes for a commit of each.
fn story(parts: usize) -> Story {
    Story::asked(&vec![sre(); parts], Some(600))
}

/// The turn of all has come.
fn under_way(mut story: Story) -> Story {
    let turns: Vec<_> = story.runs.iter().map(|run| (run.clone(), None)).collect();
    let turn = story.evacuation.turn(&turns);
    story.write(turn);
    story
}

fn approved(parts: usize) -> Story {
    let mut story = story(parts);
    story.approve(2, &["sre"]).unwrap();
    under_way(story)
}

/// Its traffic was seen where it is moved to, and it asks for the commit.
fn moves(story: &mut Story, part: usize, at: Timestamp) {
    let mut run = story.runs[part].clone();
    let steps: Vec<_> = run.plan().steps.iter().map(|step| step.id.clone()).collect();
    for step in steps {
        let started = run::Event::StepStarted {
            step: step.clone(),
            attempt: 1,
            epoch: 1,
            before: Vec::new(),
            change: None,
            answer_due: at,
        };
        let succeeded = run::Event::StepSucceeded { step, note: String::new(), after: Vec::new() };
        run = run.after(&[started, succeeded], at).unwrap();
    }
    let asks = run.handle(Command::AwaitCommit, at).unwrap();
    story.runs[part] = run.after(&asks, at).unwrap();
    assert_eq!(story.runs[part].state, RunState::AwaitingCommit);
}

fn commit(story: &Story, by: u128, at: Timestamp) -> Result<Decided, Refusal> {
    story.evacuation.commit(&story.runs, &who(by), Some("looks well"), false, at)
}

#[test]
fn every_part_that_waits_is_committed_as_its_own_word_would_and_no_other() {
    let mut story = approved(3);
    moves(&mut story, 0, NOW);
    moves(&mut story, 2, NOW);
    let decided = commit(&story, 2, NOW).unwrap();
    let single = |part: usize| {
        let command = Command::Commit { by: who(2), comment: Some("looks well".into()) };
        (story.runs[part].id, story.runs[part].handle(command, NOW).unwrap())
    };
    assert_eq!(decided.of_runs, [single(0), single(2)]);
    let (runs, comment) = (vec![run_id(1), run_id(3)], Some("looks well".into()));
    assert_eq!(decided.events, [Event::Committed { by: who(2), comment, runs }]);
    story.write(decided);
    assert_eq!(story.runs[0].commit.by, Some(who(2)));
    assert_eq!(commit(&story, 3, NOW), Ok(Decided::default()), "said again it changes nothing");
    moves(&mut story, 1, NOW);
    assert_eq!(commit(&story, 3, NOW).unwrap().of_runs.len(), 1, "what waits later is committed later");
}

#[test]
fn what_stands_against_a_part_leaves_the_others_to_be_committed_and_is_told() {
    let mut story = approved(3);
    moves(&mut story, 0, NOW);
    moves(&mut story, 1, NOW);
    let late = commit(&story, 2, after(600)).unwrap_err();
    assert_eq!(late.code, "expired");
    assert!(late.sentence.contains("app-1: ") && late.sentence.contains("app-2: "), "{}", late.sentence);
    moves(&mut story, 2, after(60));
    let decided = commit(&story, 2, after(600)).unwrap();
    assert_eq!(decided.of_runs.iter().map(|(run, _)| *run).collect::<Vec<_>>(), [run_id(3)]);
    let of_first = word(&story.runs[0], &who(2), None, false, after(600));
    assert!(matches!(of_first, Some(Word::Refused(refusal)) if refusal.code == "expired"));
}

#[test]
fn where_no_part_waits_it_is_refused_and_one_that_nobody_is_to_commit_is_not_asked_about() {
    let story = approved(2);
    assert_eq!(commit(&story, 2, NOW).unwrap_err().code, "wrong_state");
    let mut alone = approved(2);
    moves(&mut alone, 0, NOW);
    let given = alone.runs[0].handle(Command::Commit { by: who(3), comment: None }, NOW).unwrap();
    alone.runs[0] = alone.runs[0].after(&given, NOW).unwrap();
    assert_eq!(commit(&alone, 2, NOW), Ok(Decided::default()), "the one that waited was committed alone");
    assert_eq!(word(&alone.runs[0], &who(2), None, false, NOW), Some(Word::GivenBefore(who(3))));
    let mut plain = Story::of(&[sre()]);
    plain.approve(2, &["sre"]).unwrap();
    let plain = under_way(plain);
    assert_eq!(word(&plain.runs[0], &who(2), None, false, NOW), None);
    assert_eq!(commit(&plain, 2, NOW).unwrap_err().code, "wrong_state");
    let mut over = approved(1);
    let ended = Decided { events: vec![Event::Completed { exceptions: Vec::new() }], of_runs: Vec::new() };
    over.write(ended);
    over.runs.clear();
    assert_eq!(commit(&over, 2, NOW).unwrap_err().code, "evacuation_over");
}

#[test]
fn whoever_started_it_under_break_glass_commits_it_only_while_it_is_open() {
    let under = UnderBreakGlass {
        id: BreakGlassId(uuid::Uuid::from_u128(5)),
        by: who(2),
        reason: "nobody answers".into(),
        until: after(3_600),
        offline: None,
    };
    let mut story = story(1);
    let decided = story.evacuation.break_glass(&story.runs, under, NOW).unwrap();
    story.write(decided);
    let mut story = under_way(story);
    moves(&mut story, 0, NOW);
    assert_eq!(commit(&story, 2, NOW).unwrap_err().code, "break_glass_over");
    assert!(story.evacuation.commit(&story.runs, &who(2), None, true, NOW).is_ok());
    assert!(commit(&story, 3, NOW).is_ok(), "anybody else who may");
}
