//! Every verb that a person has, in every state that a run can be in: done, or refused with a code. `docs/RUNS.md` has
//! the table.

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
    let aborted = |story: &mut Story| {
        story.look("observe-again");
        let facts = crate::testing::world::service(2);
        let stood = Before { resource: name("thing"), region: crate::testing::region("eu-central-1"), facts };
        story
            .record(Event::StepStarted {
                step: step_id("scale-web"),
                attempt: 1,
                epoch: 1,
                before: vec![stood],
                change: Some(scale(6)),
                answer_due: NOW,
            })
            .unwrap();
        story.record(Event::CallAnswered { step: step_id("scale-web"), answer: answer() }).unwrap();
        tell(story, abort());
    };
    let undo_parked = |story: &mut Story| {
        aborted(story);
        story.start("undo-scale-web", None).unwrap();
        story.park("undo-scale-web");
    };
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
        ("awaiting_commit", {
            let mut story = Story::of(sealed(Request { commit_within_seconds: Some(600), ..request() }));
            story.approve(2, "sre").unwrap();
            story.approve(3, "business-owners").unwrap();
            for step in ["observe-again", "record-lag", "scale-web", "switch-orders", "confirm-serving"] {
                story.look(step);
            }
            tell(&mut story, Command::AwaitCommit);
            story
        }),
        ("undoing", of(&aborted)),
        ("undoing, a call out", {
            let mut story = of(&aborted);
            story.start("undo-scale-web", Some(scale(2))).unwrap();
            story
        }),
        ("undoing, needs_person", of(&undo_parked)),
        (
            "undoing, paused",
            of(&|s| {
                aborted(s);
                tell(s, Command::Pause { by: who(2), reason: None });
            }),
        ),
        (
            "rolled_back",
            of(&|s| {
                undo_parked(s);
                s.skip("undo-scale-web", "it is wanted").unwrap();
                tell(s, Command::Conclude);
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

fn escalate_alone(step: StepId) -> Command {
    let (reason, confirm) = ("it is refused".into(), "shop".into());
    Command::EscalateStep { by: who(2), step, reason, confirm, overrides: Vec::new() }
}

fn abort() -> Command {
    Command::Abort { by: who(2), reason: "worse".into(), confirm: "shop".into() }
}

fn verbs(run: &Run) -> Vec<(&'static str, Command)> {
    let digest = run.request.digest.clone();
    let groups = vec![name("sre")];
    let review = Review {
        person: who(7).id,
        email: who(7).email,
        groups: groups.clone(),
        at: NOW,
        comment: None,
        others: vec![],
    };
    // The step that the table asks about: the one that measures, of what is carried out now; else the undo's.
    let now = &run.plan().steps;
    let step = now.get(1).or(now.first()).unwrap_or(&run.request.plan.steps[1]).id.clone();
    vec![
        ("approve", Command::Approve { review, digest: digest.clone() }),
        ("withdraw", Command::Withdraw { by: who(2) }),
        ("deny", Command::Deny { by: who(7), groups, digest, comment: None }),
        ("break_glass", Command::BreakGlass { under: break_glass::under(2) }),
        ("pause", Command::Pause { by: who(2), reason: None }),
        ("resume", Command::Resume { by: who(2) }),
        ("escalate", escalate()),
        ("abort", abort()),
        ("commit", Command::Commit { by: who(2), comment: None }),
        ("cancel", Command::Cancel { by: who(2), reason: "enough".into() }),
        ("retry", Command::RetryStep { by: who(2), step: step.clone() }),
        ("skip", Command::SkipStep { by: who(2), step: step.clone(), reason: "by hand".into() }),
        (
            "confirm",
            Command::ConfirmStep { by: who(2), groups: Vec::new(), step: step.clone(), comment: None },
        ),
        ("escalate alone", escalate_alone(step)),
    ]
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/RUNS.md");

const HEAD: &str = "\
# What may be asked of a run

Every verb that a person has, in every state of a run: *done*, or the code that it is refused with; each refusal has its sentence
and its way out. Who may is decided before (`crates/app/src/authority.rs`). Retry, skip, confirm and escalating it alone are asked here of
the step that measures the lag, of an undo of its first step. Made from the code and checked against it; written anew by
`HOLDFAST_WRITE_DOCS=1 cargo nextest run --release -p holdfast-failover -E 'test(every_verb_in_every_state)'`.

*break_glass* starts a request without its approvals, by whoever holds an open break-glass; what that lifts is in
`crates/failover/src/break_glass.rs` (docs/SECURITY.md).

*abort* takes back what the run has done, step by step in the reverse of their order, to what stood when each step was about to act. What
cannot be taken back is shown first and confirmed by typing the application's name: a promotion, a failover with loss of data accepted, a
failover of a cache, a restore, a stack, a Region switch plan, a webhook, a function or document of one's own, and another application's
run, which is aborted by itself. A call whose outcome is not known is waited out before anything is put back. No capacity is taken away
before traffic is seen where it came from. *cancel* leaves everything as it is; an isolated drill that has made something is aborted in its
place, which deletes what it restored.

A run that was asked for with a commit window waits in `awaiting_commit` once traffic is seen where it was moved; what comes after that
begins with *commit*. Without it, the run is taken back by itself when the window ends by the database's clock. A window is refused where
something is done before it that nothing takes back, and an escalated run is not held.

";

fn table() -> String {
    let mut table = String::new();
    for (at, (called, story)) in states().into_iter().enumerate() {
        let verbs = verbs(&story.run);
        if at == 0 {
            let names: Vec<&str> = verbs.iter().map(|(verb, _)| *verb).collect();
            let _ = writeln!(table, "| state | {} |\n|---{}|", names.join(" | "), "|---".repeat(verbs.len()));
        }
        let _ = write!(table, "| {called} |");
        for (_, command) in verbs {
            let word = match story.run.handle(command, story.at) {
                Ok(_) => "*done*".to_owned(),
                Err(refusal) => {
                    assert!(refusal.sentence.ends_with('.') && refusal.way_out.ends_with('.'), "{refusal:?}");
                    format!("`{}`", refusal.code)
                }
            };
            let _ = write!(table, " {word} |");
        }
        table.push('\n');
    }
    table
}

#[test]
fn every_verb_in_every_state_is_done_or_refused_with_a_way_out_as_the_documentation_has_it() {
    let page = format!("{HEAD}{}", table());
    if std::env::var_os("HOLDFAST_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let stands = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(stands == page, "docs/RUNS.md is not what the code does; it should be:\n{page}");
}

#[test]
fn the_table_has_every_state() {
    let has: Vec<RunState> = states().into_iter().map(|(_, story)| story.run.state).collect();
    for state in RunState::ALL {
        assert!(has.contains(&state), "{state:?}");
    }
}
