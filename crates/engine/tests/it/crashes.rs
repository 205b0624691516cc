//! The process dies at each moment of each step of a run, once. The run ends as if nothing had happened, and AWS has had
//! each change once: the judge is the simulator's ledger, beside that of a run that nobody disturbed.

use crate::mortal::{Deaths, Moment, MortalCloud};
use crate::wire::{Move, WireHouse};
use holdfast_api::runs::RunView;
use holdfast_failover::{Mode, RunState};
use holdfast_sim::ledger::Effect;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What took effect, step by step: the calls of a step in their order.
type Effects = BTreeMap<String, Vec<String>>;

fn effects(house: &WireHouse) -> Effects {
    let mut effects = Effects::new();
    for entry in house.calls().iter().filter(|entry| entry.effect == Effect::Changed) {
        let step = entry.user_agent.split("holdfast-step/").nth(1).unwrap().split(' ').next().unwrap();
        // A routing control is set at whichever of five endpoints answers.
        let region = if entry.operation == "UpdateRoutingControlStates" { "any" } else { &entry.region };
        effects.entry(step.to_owned()).or_default().push(format!("{} {region}", entry.operation));
    }
    effects
}

/// One life of the worker: until it dies, or until there is nothing left to do.
async fn live(house: &WireHouse, run: &RunView, deaths: &Arc<Deaths>) -> Option<RunView> {
    let (died, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (process, deaths) = (house.process(), deaths.clone());
    let (told, stopped) = (died.clone(), stop.clone());
    let life = runtime.spawn(async move {
        let engine = process.start(|cloud| Arc::new(MortalCloud::new(cloud, deaths, told))).await;
        stopped.notified().await;
        engine.shutdown().await;
    });
    let over = tokio::select! {
        () = died.notified() => None,
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
    let effects = effects(&house);
    house.stop().await;
    effects
}

async fn among_crashes(movement: Move, mode: Mode) {
    let expected = undisturbed(movement, mode).await;
    let mut house = WireHouse::at_speed(60.0).await;
    house.stop_engine().await;
    let run = house.started_as(movement, mode).await;
    let deaths = Arc::new(Deaths::default());
    let mut lives = 0;
    let over = loop {
        lives += 1;
        if let Some(over) = live(&house, &run, &deaths).await {
            break over;
        }
        assert_eq!(deaths.all().len(), lives, "each life dies once");
    };
    assert_eq!(over.summary.state, RunState::Completed);
    assert_eq!(effects(&house), expected, "{}, {mode:?}, {lives} lives", movement.application);
    assert_eq!(house.done_twice(), [""; 0]);
    // Each step with a call has died before it. After it too, but for one whose call was under way when another step died.
    for step in over.steps.iter().filter(|step| step.call.is_some() && expected.contains_key(&step.id)) {
        for moment in [Moment::AfterALook, Moment::BeforeTheCall] {
            assert!(deaths.all().contains(&(step.id.clone(), moment)), "{} {moment:?}", step.id);
        }
    }
    assert!(deaths.all().iter().any(|(_, moment)| *moment == Moment::AfterTheCall));
    eprintln!("{}, {mode:?}: {lives} lives", movement.application);
    house.stop().await;
}

/// Each application in one mode here, and in the other among the long fault runs.
macro_rules! dies_in {
    ($($name:ident: $mode:ident, long: $other:ident, $movement:expr;)*) => {
        $(mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn a_move_ends_as_if_its_worker_had_not_died_at_each_moment_of_each_step() {
                among_crashes($movement, Mode::$mode).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "of the long fault runs: make chaos"]
            async fn a_move_in_the_other_mode_ends_so_too() {
                among_crashes($movement, Mode::$other).await;
            }
        })*
    };
}

macro_rules! dies_in_an_emergency_of {
    ($($name:ident: $movement:expr;)*) => {
        $(mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn it_ends_as_if_its_worker_had_not_died_at_each_moment_of_each_step() {
                among_crashes($movement, Mode::Emergency).await;
            }
        })*
    };
}

dies_in! {
    archive: Planned, long: Emergency, Move::of("archive").from("us-east-1");
    catalog: Planned, long: Emergency, Move::of("catalog");
    feed: Emergency, long: Planned, Move::of("feed").from("us-east-1").to("eu-central-1");
    fulfilment: Planned, long: Emergency, Move::of("fulfilment");
    identity: Planned, long: Emergency, Move::of("identity").from("us-east-1");
    ledger: Planned, long: Emergency, Move::of("ledger");
    media: Emergency, long: Planned, Move::of("media").from("us-west-2");
    notifications: Planned, long: Emergency, Move::of("notifications");
    payments: Emergency, long: Planned, Move::of("payments");
    reports: Emergency, long: Planned, Move::of("reports").from("us-west-2");
    search: Emergency, long: Planned, Move::of("search");
    shop: Planned, long: Emergency, Move::of("shop");
    support: Emergency, long: Planned, Move::of("support");
    telemetry: Planned, long: Emergency, Move::of("telemetry");
    tickets: Emergency, long: Planned, Move::of("tickets");
    website: Planned, long: Emergency, Move::of("website");
}

// A planned move of the one waits for a person, and of the other asks for the override of a lag of hours.
dies_in_an_emergency_of! {
    billing: Move::of("billing");
    documents: Move::of("documents").from("eu-west-1");
}
