//! R8. Replicas whose clocks are wrong, by minutes and by days, or run too fast; and AWS's clock far from the database's. What is done is
//! done once, nothing lives by a wrong clock, and people are told within a minute.

use crate::crashes::{ALL, effects};
use crate::house::{actor, id, until};
use crate::wire::{Move, WireHouse};
use crate::zombies::Replica;
use futures::future::join_all;
use holdfast_api::now::Nows;
use holdfast_api::runs::{Decision, ReviewRun, Runs};
use holdfast_app::{App, Settings};
use holdfast_domain::{Role, RunId};
use holdfast_failover::{Intent, Mode, RunState};
use holdfast_store::{Pools, Store};
use holdfast_testkit::sealing;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// libfaketime's words for clocks that are wrong. It keeps its hands off the monotonic clock, as a machine whose time is set
/// wrong does.
const WRONG: [&str; 4] = ["-10m", "+10m", "+3d", "+0 x10"];

fn libfaketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path());
    let library = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    library.unwrap_or_else(|| panic!("libfaketime is not installed: scripts/setup test installs it"))
}

fn environment(wrong: &str) -> Vec<(String, String)> {
    let own = |name: &str, value: String| (name.to_owned(), value);
    vec![
        own("LD_PRELOAD", libfaketime().display().to_string()),
        own("FAKETIME", wrong.to_owned()),
        own("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        own("FAKETIME_DONT_RESET", "1".into()),
    ]
}

async fn alarms(house: &WireHouse) -> Vec<(String, bool)> {
    sqlx::query_as("SELECT says, ended_at IS NULL FROM clock_alarms ORDER BY since")
        .fetch_all(&mut house.database().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_with_wrong_clocks_do_everything_once_and_say_within_a_minute_that_they_are_wrong() {
    let mut house = WireHouse::at_speed(60.0).await;
    let asked = ALL.iter().map(|one| house.requested(one.movement, Intent::Failover, one.mode));
    let asked = join_all(asked).await;
    house.stop_engine().await;
    let began = Instant::now();
    // So few at once that each of them gets some.
    let replicas = WRONG.map(|wrong| Replica::with(&house, &environment(wrong), 5));
    until("an alarm of each", || async { (alarms(&house).await.len() == WRONG.len()).then_some(()) }).await;
    let alarmed = began.elapsed();
    assert!(alarmed < Duration::from_secs(60), "{alarmed:.2?}");
    let runs = join_all(asked.into_iter().map(|run| house.approved(run))).await;
    for run in &runs {
        assert_eq!(house.over(run).await.summary.state, RunState::Completed, "{}", run.summary.application);
        assert!(!effects(&house, run).is_empty());
    }
    assert_eq!(house.done_twice(), [""; 0]);
    let owners: BTreeSet<String> = sqlx::query_scalar::<_, String>(
        "SELECT DISTINCT body ->> 'worker' FROM run_events WHERE kind = 'taken_over'",
    )
    .fetch_all(&mut house.database().await)
    .await
    .unwrap()
    .into_iter()
    .collect();
    assert_eq!(owners.len(), WRONG.len(), "each of them drove some");
    let says: Vec<String> = alarms(&house).await.into_iter().map(|(says, _)| says).collect();
    for words in
        ["10 min behind the database's", "10 min ahead of the database's", "3 days ahead of the database's"]
    {
        assert!(says.iter().any(|says| says.contains(words)), "{words}: {says:?}");
    }
    eprintln!("all alarms {alarmed:.2?} after the start of the replicas");
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM notices WHERE clock_alarm IS NOT NULL")
        .fetch_one(&mut house.database().await)
        .await
        .unwrap();
    assert_eq!(usize::try_from(told).unwrap(), WRONG.len(), "people are told of each, once");
    let shown = house.app.clocks(&house.operator).await.unwrap();
    assert!(shown.iter().filter(|clock| clock.state == "bad").all(|clock| clock.way_out.is_some()));
    drop(replicas);
    house.stop().await;
}

/// By a server whose own clock is wrong: a proof of who somebody is, and a request, are as old as the database says.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "no test: a process that the test below starts"]
async fn a_server_that_takes_an_approval_in() {
    let Ok(words) = std::env::var("HOLDFAST_A_SERVER") else { return };
    let [url, run] = words.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let store = Store::connect(url, Pools { web: 2, engine: 1 }).await.unwrap().sealing_with(sealing());
    let app = App::new(store, Settings::default());
    let email = format!("{}@example.com", uuid::Uuid::now_v7());
    let mut approver = actor(&app, &email, Role::Approver, &["approvers"]).await;
    let far = jiff::Timestamp::now().duration_since(holdfast_clock::now()).abs();
    assert!(far > jiff::SignedDuration::from_mins(5), "its clock is not wrong: {far}");
    let run = RunId(run.parse().unwrap());
    let digest = app.run(&approver, run).await.unwrap().plan_digest;
    let review = ReviewRun { decision: Decision::Approve, plan_digest: digest, comment: None };
    // Fresh for five minutes, and no second longer.
    approver.identity_proved_at = Some(holdfast_clock::now() - jiff::SignedDuration::from_secs(301));
    assert_eq!(
        app.review_run(&approver, run, review.clone()).await.unwrap_err().code,
        "fresh_identity_needed"
    );
    approver.identity_proved_at = Some(holdfast_clock::now() - jiff::SignedDuration::from_secs(295));
    app.review_run(&approver, run, review).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_and_the_proof_of_who_gives_it_are_judged_by_the_databases_clock() {
    for wrong in ["-10m", "+3d"] {
        let mut house = WireHouse::at_speed(60.0).await;
        let run = house.requested(Move::of("shop"), Intent::Failover, Mode::Planned).await;
        house.stop_engine().await;
        let words = format!("{} {}", house.database_url(), run.summary.id);
        let server = Command::new(std::env::current_exe().unwrap())
            .args(["clocks::a_server_that_takes_an_approval_in", "--exact", "--ignored", "--nocapture"])
            .env("HOLDFAST_A_SERVER", words)
            .envs(environment(wrong))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&server.stderr).into_owned();
        assert!(server.status.success(), "{wrong}: {said}");
        house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_awss_clock_is_far_from_the_databases_the_step_says_so_and_goes_on_once_they_are_together() {
    const TWENTY_MINUTES_MS: i64 = 20 * 60 * 1_000;
    let mut house = WireHouse::at_speed(60.0).await;
    let run = house.requested(Move::of("shop"), Intent::Failover, Mode::Planned).await;
    house.stop_engine().await;
    let run = house.approved(run).await;
    house.sim.set_clock_ahead(TWENTY_MINUTES_MS);
    let engine = house.process().start(|cloud| cloud).await;
    until("the alarm", || async {
        alarms(&house).await.iter().any(|(says, on)| *on && says.contains("AWS's clock")).then_some(())
    })
    .await;
    until("the step to say why", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        let says = now.steps.iter().any(|step| {
            step.note.as_deref().is_some_and(|note| note.contains("further apart than AWS allows"))
        });
        says.then_some(())
    })
    .await;
    house.sim.set_clock_ahead(0);
    assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
    until("the alarm to be over", || async { alarms(&house).await.iter().all(|(_, on)| !on).then_some(()) })
        .await;
    assert_eq!(house.done_twice(), [""; 0]);
    engine.shutdown().await;
    house.stop().await;
}
