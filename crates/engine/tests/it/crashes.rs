//! The process dies at each moment of steps of a run, once. The run ends as if nothing had happened, and AWS has had
//! each change once: the judge is the simulator's ledger, beside that of a run that nobody disturbed.

use crate::mortal::{Deaths, Moment, Mortal};
use crate::through::Through;
use crate::wire::{Move, WireHouse, step_of};
use holdfast_api::runs::{RunView, StepView};
use holdfast_failover::{Mode, RunState};
use holdfast_sim::ledger::{Effect, Entry};
use holdfast_testkit::Injected;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What took effect of one run, step by step: the calls of a step in their order.
pub type Effects = BTreeMap<String, Vec<String>>;

/// Calls that go to whichever of five endpoints answers; they are asked in turn within one call of ours, whose outcome is
/// then known.
pub const ASKED_IN_TURN: [&str; 2] = ["UpdateRoutingControlStates", "SubmitMultiRegionAccessPointRoutes"];

pub fn effects(house: &WireHouse, run: &RunView) -> Effects {
    let mut effects = Effects::new();
    let of_run = |entry: &Entry| entry.session_name.as_ref() == Some(&run.summary.id);
    for entry in house.calls().iter().filter(|e| e.effect == Effect::Changed && of_run(e)) {
        let step = step_of(entry);
        let region = if ASKED_IN_TURN.contains(&&*entry.operation) { "any" } else { &entry.region };
        effects.entry(step.to_owned()).or_default().push(format!("{} {region}", entry.operation));
    }
    effects
}

/// One life of the worker: until it dies, or until there is nothing left to do.
pub async fn live(house: &WireHouse, run: &RunView, deaths: &Arc<Deaths>) -> Option<RunView> {
    let (died, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (process, deaths) = (house.process(), deaths.clone());
    let (told, stopped) = (died.clone(), stop.clone());
    let life = runtime.spawn(async move {
        let engine = process.start(|cloud| Arc::new(Through::new(cloud, Mortal::new(deaths, told)))).await;
        stopped.notified().await;
        engine.shutdown().await;
    });
    let over = tokio::select! {
        () = died.notified() => {
            Injected::DeathAtAMoment.count(1);
            None
        }
        over = house.over(run) => Some(over),
    };
    if over.is_some() {
        stop.notify_one();
        life.await.unwrap();
    }
    // Tasks and connections end where they are, as those of a killed process do.
    tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(30))).await.unwrap();
    over
}

async fn undisturbed(movement: Move, mode: Mode) -> Effects {
    let house = WireHouse::at_speed(60.0).await;
    let run = house.started_as(movement, mode).await;
    house.over(&run).await;
    let effects = effects(&house, &run);
    house.stop().await;
    effects
}

/// What a step is, wherever it stands: its kind and its call.
fn class(step: &StepView) -> (String, Option<String>) {
    (step.kind.clone(), step.action.clone())
}

/// One step of each class that no application before this one in the list has; the first with a call, where they have all of them.
async fn new_of(house: &WireHouse, movement: Move, mode: Mode) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let before = ALL.iter().take_while(|one| one.movement.application != movement.application);
    for earlier in before {
        known.extend(house.rehearsed(earlier.movement, earlier.mode).await.steps.iter().map(class));
    }
    let steps = house.rehearsed(movement, mode).await.steps;
    let first = steps.iter().find(|step| step.call.is_some()).map(|step| step.id.clone());
    let new: BTreeSet<String> =
        steps.iter().filter(|step| known.insert(class(step))).map(|step| step.id.clone()).collect();
    if new.is_empty() { first.into_iter().collect() } else { new }
}

/// Of the steps that die, those that come before or after each other one of them.
fn alone(steps: &[StepView], dies: impl Fn(&str) -> bool) -> BTreeSet<&str> {
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // A plan lists a step after those that it waits for.
    for step in steps {
        let mut of_step: BTreeSet<&str> = step.after.iter().map(String::as_str).collect();
        for earlier in &step.after {
            of_step.extend(before.get(earlier.as_str()).into_iter().flatten());
        }
        before.insert(&step.id, of_step);
    }
    let dying: Vec<&str> = before.keys().copied().filter(|id| dies(id)).collect();
    let in_order = |one: &str, other: &str| before[one].contains(other) || before[other].contains(one);
    let apart = |id: &&str| dying.iter().all(|other| other == id || in_order(id, other));
    dying.iter().copied().filter(apart).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dies {
    /// At each moment of each kind of step that no application before it in the list has: together they have all.
    WhereItIsNew,
    Everywhere,
}

async fn among_crashes(movement: Move, mode: Mode, dies: Dies) {
    let expected = undisturbed(movement, mode).await;
    let mut house = WireHouse::at_speed(60.0).await;
    let chosen = match dies {
        Dies::WhereItIsNew => Some(new_of(&house, movement, mode).await),
        Dies::Everywhere => None,
    };
    house.stop_engine().await;
    let run = house.started_as(movement, mode).await;
    let here = |step: &str| chosen.as_ref().is_none_or(|chosen| chosen.contains(step));
    let deaths = Arc::new(chosen.clone().map_or_else(Deaths::default, Deaths::within));
    let mut lives = 0;
    let over = loop {
        lives += 1;
        if let Some(over) = live(&house, &run, &deaths).await {
            break over;
        }
        assert_eq!(deaths.all().len(), lives, "each life dies once");
    };
    assert_eq!(over.summary.state, RunState::Completed);
    assert_eq!(effects(&house, &run), expected, "{}, {mode:?}, {lives} lives", movement.application);
    assert_eq!(house.done_twice(), [""; 0]);
    // Each step with a call has died before it. After it too, where no other that dies can have been beside it: one that is may
    // die while this call is under way, and the next life sees its effect and makes none.
    let called = |step: &&StepView| step.call.is_some() && expected.contains_key(&step.id);
    let alone = alone(&over.steps, here);
    for step in over.steps.iter().filter(called).filter(|step| here(&step.id)) {
        let after = alone.contains(step.id.as_str()).then_some(Moment::AfterTheCall);
        for moment in [Moment::AfterALook, Moment::BeforeTheCall].into_iter().chain(after) {
            assert!(deaths.all().contains(&(step.id.clone(), moment)), "{} {moment:?}", step.id);
        }
    }
    assert!(!deaths.all().is_empty(), "nobody died");
    if dies == Dies::Everywhere {
        assert!(deaths.all().iter().any(|(_, moment)| *moment == Moment::AfterTheCall));
    }
    eprintln!("{}, {mode:?}: {lives} lives", movement.application);
    house.stop().await;
}

/// An application of the demonstration, and how it moves without a person: in one mode, and in the other where it can.
pub struct Moving {
    pub movement: Move,
    pub mode: Mode,
    pub other: Option<Mode>,
}

/// Each application in one mode here, and in the other among the long fault runs, where every step has all deaths.
macro_rules! moves {
    ($($name:ident: $mode:ident $(or $other:ident)?, $movement:expr;)*) => {
        pub const ALL: &[Moving] = &[
            $(Moving { movement: $movement, mode: Mode::$mode, other: moves!(@$($other)?) }),*
        ];
        $(mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn a_move_ends_as_if_its_worker_had_not_died_at_each_moment_of_each_kind_of_step() {
                among_crashes($movement, Mode::$mode, Dies::WhereItIsNew).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "of the long fault runs: make chaos"]
            async fn so_it_does_at_each_moment_of_each_step() {
                among_crashes($movement, Mode::$mode, Dies::Everywhere).await;
            }
            $(
                #[tokio::test(flavor = "multi_thread")]
                #[ignore = "of the long fault runs: make chaos"]
                async fn a_move_in_the_other_mode_ends_so_too() {
                    among_crashes($movement, Mode::$other, Dies::Everywhere).await;
                }
            )?
        })*
    };
    (@) => { None };
    (@$other:ident) => { Some(Mode::$other) };
}

moves! {
    archive: Planned or Emergency, Move::of("archive").from("us-east-1");
    // Planned it waits for a person.
    billing: Emergency, Move::of("billing");
    catalog: Planned or Emergency, Move::of("catalog");
    // Planned it asks for the override of a lag of hours.
    documents: Emergency, Move::of("documents").from("eu-west-1");
    feed: Emergency or Planned, Move::of("feed").from("us-east-1").to("eu-central-1");
    fulfilment: Planned or Emergency, Move::of("fulfilment");
    identity: Planned or Emergency, Move::of("identity").from("us-east-1");
    ledger: Planned or Emergency, Move::of("ledger");
    media: Emergency or Planned, Move::of("media").from("us-west-2");
    notifications: Planned or Emergency, Move::of("notifications");
    payments: Emergency or Planned, Move::of("payments");
    reports: Emergency or Planned, Move::of("reports").from("us-west-2");
    search: Emergency or Planned, Move::of("search");
    shop: Planned or Emergency, Move::of("shop");
    support: Emergency or Planned, Move::of("support");
    telemetry: Planned or Emergency, Move::of("telemetry");
    tickets: Emergency or Planned, Move::of("tickets");
    website: Planned or Emergency, Move::of("website");
}

#[test]
fn every_application_of_the_demonstration_is_moved() {
    let inventory = holdfast_sim::DEMO_INVENTORY;
    let applications =
        inventory.split("\napplications:\n").nth(1).unwrap().split("\nplans:\n").next().unwrap();
    let names: Vec<&str> = applications.lines().filter_map(|line| line.strip_prefix("  - name: ")).collect();
    assert_eq!(ALL.iter().map(|one| one.movement.application).collect::<Vec<_>>(), names);
}
