//! R1 with whole processes: workers over many runs, killed at random moments and started again, two hundred times. The judge is the
//! simulator's ledger, beside that of a run that nobody disturbed; and the database's clock, of how soon they go on.

use crate::crashes::{Effects, effects};
use crate::crowds::{ended, fleet, requested};
use crate::herd::p99;
use crate::house::{id, until};
use crate::wire::{Move, WireHouse, step_of};
use crate::zombies::Replica;
use holdfast_api::runs::{RunVerb, RunView, Runs};
use holdfast_domain::RunId;
use holdfast_failover::{Mode, RunState};
use holdfast_sim::ledger::Effect;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A run begins with every so many kills, so that some are always at their beginning, in the middle and at their end.
const KILLS_A_RUN: usize = 4;
/// How many runs there are for so many kills: some are over before so many have hit them.
fn runs_for(deaths: usize) -> usize {
    deaths * 3 / 4
}
/// From a worker's first word to its death, at random.
const LIVES_AT_MOST: Duration = Duration::from_millis(250);

/// What a worker holds, and how far it is with that: it moves on with each word of the worker's.
async fn stands(house: &WireHouse, worker: &str) -> (i64, i64) {
    sqlx::query_as(
        "SELECT count(*), coalesce(sum(seq), 0)::int8 FROM runs WHERE owner_worker = $1 AND ended_at IS NULL",
    )
    .bind(worker)
    .fetch_one(&mut house.database().await)
    .await
    .unwrap()
}

async fn in_flight(house: &WireHouse) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM runs WHERE state = 'running'")
        .fetch_one(&mut house.database().await)
        .await
        .unwrap()
}

/// Whoever was at work on one run at three deaths without getting a step done leaves it to a person, who has it tried again.
async fn tried_again(house: &WireHouse) -> usize {
    let aside: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM runs WHERE set_aside_at IS NOT NULL AND ended_at IS NULL")
            .fetch_all(&mut house.database().await)
            .await
            .unwrap();
    for run in &aside {
        house.app.drive_run(&house.operator, RunId(*run), RunVerb::TryAgain).await.unwrap();
    }
    aside.len()
}

/// Steps that took effect before one that they wait for, at whatever distance.
fn out_of_order(house: &WireHouse, run: &RunView) -> Vec<String> {
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // A plan lists a step after those that it waits for.
    for step in &run.steps {
        let direct = step.after.iter().map(String::as_str);
        let all = direct.clone().chain(direct.flat_map(|one| before.get(one).into_iter().flatten().copied()));
        let all = all.collect();
        before.insert(&step.id, all);
    }
    let mut first: BTreeMap<String, u64> = BTreeMap::new();
    for call in house.calls() {
        if call.effect == Effect::Changed && call.session_name.as_ref() == Some(&run.summary.id) {
            first.entry(step_of(&call).to_owned()).or_insert(call.seq);
        }
    }
    let too_early = |(step, at): &(&String, &u64)| {
        before
            .get(step.as_str())
            .into_iter()
            .flatten()
            .any(|one| first.get(*one).is_some_and(|then| then > *at))
    };
    first.iter().filter(too_early).map(|(step, _)| step.clone()).collect()
}

/// Of one application, undisturbed; the others of the fleet are like it.
async fn calm() -> Effects {
    let house = fleet(1).await;
    let run = house.started_as(Move::of("app-0001"), Mode::Planned).await;
    assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
    let calm = effects(&house, &run);
    house.stop().await;
    calm
}

/// What a worker wrote first since then, in seconds after it.
async fn first_word(house: &WireHouse, worker: &str, since: Timestamp) -> Option<f64> {
    let at_ms: Option<i64> = sqlx::query_scalar(
        "SELECT (extract(epoch FROM min(e.at)) * 1000)::int8 FROM run_events e JOIN runs r ON r.id = e.run
         WHERE r.owner_worker = $1 AND e.at > to_timestamp($2::float8 / 1000)",
    )
    .bind(worker)
    .bind(since.as_millisecond() as f64)
    .fetch_one(&mut house.database().await)
    .await
    .unwrap();
    at_ms.map(|at| (at - since.as_millisecond()) as f64 / 1_000.0)
}

/// So many deaths of so many workers, and what came of the runs; how long after each start the first word was written.
async fn among_kills(deaths: usize, workers: usize) -> Vec<f64> {
    let expected = calm().await;
    let mut house = fleet(runs_for(deaths)).await;
    let runs = requested(&house, runs_for(deaths)).await;
    house.stop_engine().await;
    let mut waiting = runs.iter();
    let mut workers: Vec<Replica> = (0..workers).map(|_| Replica::start(&house)).collect();
    let (mut kills, mut aside, mut resumed) = (0, 0, Vec::new());
    let mut at = vec![((0, 0), None); workers.len()];
    while kills < deaths {
        let approved = runs.len() - waiting.len();
        if approved * KILLS_A_RUN <= kills || in_flight(&house).await == 0 {
            let Some(run) = waiting.next() else { break };
            house.approved(run.clone()).await;
        }
        // Whichever has something in hand and has got on with it since its last death.
        let hit = until("a worker that works", || async {
            for (number, worker) in workers.iter().enumerate() {
                let Some(name) = worker.worker() else { continue };
                let now = stands(&house, &name).await;
                if now.0 > 0 && now != at[number].0 {
                    return Some(Some((number, name)));
                }
            }
            (in_flight(&house).await == 0).then_some(None)
        })
        .await;
        let Some((hit, name)) = hit else { continue };
        if let Some(started_at) = at[hit].1 {
            resumed.extend(first_word(&house, &name, started_at).await);
        }
        tokio::time::sleep(LIVES_AT_MOST.mul_f64(rand::random())).await;
        let started_at = workers[hit].dies_and_comes_back(&house);
        kills += 1;
        let had_work = stands(&house, &name).await;
        at[hit] = (had_work, (had_work.0 > 0).then_some(started_at));
        aside += tried_again(&house).await;
    }
    assert_eq!(kills, deaths, "the runs were over before");
    let runs = &runs[..runs.len() - waiting.len()];
    let end = Instant::now() + Duration::from_secs(120);
    while usize::try_from(ended(&house).await.0).unwrap() < runs.len() {
        aside += tried_again(&house).await;
        assert!(
            Instant::now() < end,
            "{:?} of {} runs have completed, or ask",
            ended(&house).await,
            runs.len()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(house.done_twice(), [""; 0]);
    let mut wrong = Vec::new();
    for run in runs {
        let over = house.app.run(&house.operator, id(run)).await.unwrap();
        let (seen, early) = (effects(&house, &over), out_of_order(&house, &over));
        if seen != expected || !early.is_empty() {
            wrong.push(format!("{}: {seen:?}, too early {early:?}", over.summary.application));
        }
    }
    assert!(wrong.is_empty(), "{expected:?} was expected:\n{}", wrong.join("\n"));
    eprintln!(
        "{kills} workers killed over {} runs, of which {aside} were tried again by a person",
        runs.len()
    );
    drop(workers);
    house.stop().await;
    resumed
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_killed_workers_lose_nothing_repeat_nothing_and_keep_the_order() {
    among_kills(200, 3).await;
}

/// Nothing else runs beside it: `scripts/chaos.d/15-resumes`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn a_worker_that_is_started_again_goes_on_with_its_runs_within_a_second() {
    let resumed = among_kills(400, 1).await;
    let most = p99(&resumed);
    eprintln!("p99 of {} starts: {most:.3} s to the first word", resumed.len());
    assert!(resumed.len() >= 200, "only {} starts found work in hand", resumed.len());
    assert!(most <= 1.0, "{most:.3} s");
}
