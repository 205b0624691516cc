//! Each changing call of each application of the demonstration is lost at its first try: its answer, once it has taken
//! effect, or the call itself. AWS has had each change once in the end, as in runs that nobody disturbed.

use crate::crashes::{ALL, ASKED_IN_TURN, Effects, effects};
use crate::house::id;
use crate::wire::{Move, WireHouse, step_of};
use futures::future::join_all;
use holdfast_api::runs::Runs;
use holdfast_failover::run::Event;
use holdfast_failover::{Mode, RunState};
use holdfast_sim::faults::{Fault, FaultKind};
use std::collections::{BTreeMap, BTreeSet};

/// What AWS saw of one application's run, and what its journal says of lost calls.
struct Told {
    effects: Effects,
    /// Changing calls that reached AWS, those that had no effect too.
    tries: BTreeMap<(String, String), usize>,
    /// Steps of whose call it was not known whether it took effect.
    unknown: BTreeSet<String>,
}

/// All of them at once in one world.
async fn moved(moves: &[(Move, Mode)], lost: Option<FaultKind>) -> Vec<Told> {
    let house = WireHouse::at_speed(60.0).await;
    if let Some(kind) = lost {
        house.sim.add_fault(Fault { changing: true, first_try: true, ..Fault::new(kind) });
    }
    let runs = join_all(moves.iter().map(|(movement, mode)| house.started_as(*movement, *mode))).await;
    let mut told = Vec::new();
    for run in &runs {
        let over = house.over(run).await;
        assert_eq!(over.summary.state, RunState::Completed, "{}", run.summary.application);
        let journal = house.app.run_journal(&house.operator, id(run)).await.unwrap();
        let unknown = journal.iter().filter_map(|entry| match &entry.event {
            Event::CallUnknown { step, .. } => Some(step.to_string()),
            _ => None,
        });
        let mut tries = BTreeMap::new();
        for entry in house.calls() {
            if entry.changing && entry.session_name.as_ref() == Some(&run.summary.id) {
                *tries.entry((step_of(&entry).to_owned(), entry.operation.clone())).or_default() += 1;
            }
        }
        told.push(Told { effects: effects(&house, run), tries, unknown: unknown.collect() });
    }
    assert_eq!(house.done_twice(), [""; 0]);
    house.sim.clear_faults();
    house.stop().await;
    told
}

async fn among_lost_calls(moves: Vec<(Move, Mode)>) {
    let (calm, answers, calls) = tokio::join!(
        moved(&moves, None),
        moved(&moves, Some(FaultKind::LoseAnswer)),
        moved(&moves, Some(FaultKind::Hang))
    );
    let mut wrong = Vec::new();
    for ((((movement, mode), calm), answers), calls) in moves.iter().zip(calm).zip(answers).zip(calls) {
        assert!(!calm.effects.is_empty(), "{} moves something", movement.application);
        let one_by_one = |told: &Told| -> BTreeMap<(String, String), usize> {
            let tries = told.tries.iter().filter(|((_, call), _)| !ASKED_IN_TURN.contains(&&**call));
            tries.map(|(of, tries)| (of.clone(), *tries)).collect()
        };
        let steps: BTreeSet<String> = one_by_one(&calm).into_keys().map(|(step, _)| step).collect();
        for (lost, told, tries) in [("answers", &answers, 1), ("calls", &calls, 2)] {
            let mut differs = |what: &str, expected: String, found: String| {
                if expected != found {
                    let of = format!("{}, {mode:?}, lost {lost}", movement.application);
                    wrong.push(format!("{of}: {what}: {found} where {expected} was expected"));
                }
            };
            differs("effects", format!("{:?}", calm.effects), format!("{:?}", told.effects));
            let unknown: BTreeSet<String> =
                told.unknown.iter().filter(|step| steps.contains(*step)).cloned().collect();
            differs("steps whose call was looked up", format!("{steps:?}"), format!("{unknown:?}"));
            let expected: BTreeMap<_, usize> = one_by_one(&calm).into_keys().map(|of| (of, tries)).collect();
            differs("tries of calls", format!("{expected:?}"), format!("{:?}", one_by_one(told)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changing_call_that_is_lost_is_looked_up_and_made_again_only_where_it_had_no_effect() {
    among_lost_calls(ALL.iter().map(|one| (one.movement, one.mode)).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn in_the_other_mode_too() {
    among_lost_calls(ALL.iter().filter_map(|one| Some((one.movement, one.other?))).collect()).await;
}
