//! R13. A run that workers crash on, because of a defect, of what stands in its journal, or of the whole process: at the third
//! time it is set aside, and what else there is goes on.

use crate::evacuations::asked;
use crate::fake_cloud::{Defect, FakeCloud};
use crate::house::{House, id, requests, until};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::evacuations::{EvacuationFilter, Evacuations};
use holdfast_api::now::Nows;
use holdfast_api::runs::{RequestRun, RunFilter, RunVerb, RunView, Runs};
use holdfast_app::{App, Settings};
use holdfast_domain::RunId;
use holdfast_engine::{Engine, EngineSettings};
use holdfast_failover::evacuation::State;
use holdfast_failover::{Mode, RunState, StepState};
use holdfast_store::{Pools, Store};
use holdfast_testkit::Injected;
use sqlx::AssertSqlSafe;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// What else there is.
async fn another(house: &House) -> RunView {
    house.request(RequestRun { dry_run: true, ..House::asked(Mode::Planned) }).await.unwrap()
}

async fn set_aside(house: &House, run: RunId) -> RunView {
    until("the run to be set aside", || async {
        let view = house.app.run(&house.operator, run).await.unwrap();
        view.summary.set_aside.is_some().then_some(view)
    })
    .await
}

/// How often each was written of crashes and what came of them.
async fn audited(house: &House) -> [usize; 3] {
    let all = house.app.audit(&house.operator, &AuditFilter::default()).await.unwrap().items;
    ["run.crash", "run.set_aside", "run.try_again"]
        .map(|action| all.iter().filter(|entry| entry.action == action && entry.outcome == "done").count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_its_worker_panics_over_is_set_aside_until_a_person_has_it_tried_again() {
    let mut house = House::new().await;
    house.stop().await;
    let run = house.started().await;
    house.cloud.breaks(Some((Defect::PanicsAtALook, id(&run))));
    let other = another(&house).await;
    house.start().await;
    house.reaches(&other, RunState::Completed).await;
    let aside = set_aside(&house, id(&run)).await;
    let why = aside.summary.set_aside.clone().unwrap();
    assert!(why.why.contains("a defect in a look") && why.way_out.contains("tried again"), "{why:?}");
    assert!(aside.summary.now.contains("a defect in a look"), "{}", aside.summary.now);
    assert_eq!(audited(&house).await, [2, 1, 0]);
    let needs = house.app.now(&house.operator).await.unwrap().needs;
    assert!(needs.iter().any(|n| n.state == "bad" && n.title.contains("set aside")), "{needs:?}");
    let listed = RunFilter { set_aside: true, ..RunFilter::default() };
    assert_eq!(house.app.runs(&house.operator, &listed).await.unwrap().items.len(), 1);
    // Lastingly: the next process does not touch it either.
    house.stop().await;
    house.start().await;
    house.reaches(&another(&house).await, RunState::Completed).await;
    assert_eq!(house.app.run(&house.operator, id(&run)).await.unwrap().seq, aside.seq);
    assert!(house.cloud.made().is_empty());
    house.cloud.breaks(None);
    let verb = |view: &RunView| view.verbs.iter().any(|v| v.verb == "try_again" && v.refused.is_none());
    assert!(verb(&aside));
    let taken_up = house.app.drive_run(&house.operator, id(&run), RunVerb::TryAgain).await.unwrap();
    assert!(taken_up.summary.set_aside.is_none() && !verb(&taken_up));
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(house.cloud.effects().len(), 2);
    let refused = house.app.drive_run(&house.operator, id(&run), RunVerb::TryAgain).await.unwrap_err();
    assert_eq!(refused.code, "wrong_state");
    assert_eq!(audited(&house).await, [2, 1, 1]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_during_the_last_look_is_no_crash() {
    let mut house = House::new().await;
    let run = house.request(House::asked(Mode::Planned)).await.unwrap();
    house.cloud.hold_reads(true);
    house.approve(&run).await.unwrap();
    until("every step to be done", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        now.steps.iter().all(|step| step.state == StepState::Succeeded).then_some(())
    })
    .await;
    let pause = RunVerb::Pause { reason: Some("wait".into()) };
    house.app.drive_run(&house.operator, id(&run), pause).await.unwrap();
    house.cloud.hold_reads(false);
    // A worker that stops lets what it has in hand come to its end first: the look, and whatever becomes of the run then.
    house.stop().await;
    let paused = house.app.run(&house.operator, id(&run)).await.unwrap();
    assert_eq!((paused.summary.state, audited(&house).await), (RunState::Paused, [0, 0, 0]));
    house.start().await;
    house.app.drive_run(&house.operator, id(&run), RunVerb::Resume).await.unwrap();
    house.reaches(&run, RunState::Completed).await;
    house.stop().await;
}

/// Each time there is an intent in the journal, and nobody knows what became of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_panics_at_a_call_looks_before_each_further_try_and_gives_up_after_three() {
    let mut house = House::new().await;
    house.stop().await;
    let run = house.started().await;
    house.cloud.breaks(Some((Defect::PanicsAtTheCall, id(&run))));
    house.start().await;
    let aside = set_aside(&house, id(&run)).await;
    let attempts = aside.steps.iter().map(|step| step.attempt).max();
    assert_eq!(attempts, Some(3), "{:#?}", aside.steps);
    house.cloud.breaks(None);
    house.app.drive_run(&house.operator, id(&run), RunVerb::TryAgain).await.unwrap();
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(house.cloud.made().len(), 2, "each call was made once in the end");
    house.stop().await;
}

/// What somebody who may do anything in the database can write into a journal, and whether it can still be read.
const POISONS: [(&str, &str, bool); 7] = [
    (
        "an event that nobody knows",
        "kind = 'teleported', body = body || '{\"kind\": \"teleported\"}' WHERE seq = 2",
        false,
    ),
    ("null for the request", "body = body || '{\"request\": null}' WHERE seq = 1", false),
    (
        "a mode that there is none of",
        "body = jsonb_set(body, '{request,movement,mode}', '\"sideways\"') WHERE seq = 1",
        false,
    ),
    (
        "less than no time",
        "body = jsonb_set(body, '{request,plan,steps,0,timeout_seconds}', '-1') WHERE seq = 1",
        false,
    ),
    (
        "nesting without end",
        "body = jsonb_set(body, '{request,reason}', (repeat('[', 2000) || repeat(']', 2000))::jsonb) WHERE seq = 1",
        false,
    ),
    ("an entry out of its place", "seq = 17 WHERE seq = 2", false),
    (
        "a plan that nobody approved",
        "body = jsonb_set(body, '{request,plan,steps,1,timeout_seconds}', '86400') WHERE seq = 1",
        true,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_journal_stops_its_own_run_only_and_the_application_can_be_freed() {
    let mut house = House::new().await;
    for (what, poison, readable) in POISONS {
        house.stop().await;
        let run = house.started().await;
        let (set, place) = poison.split_once(" WHERE ").unwrap();
        let sql = format!(
            "ALTER TABLE run_events DISABLE TRIGGER USER;
             UPDATE run_events SET {set} WHERE run = '{}' AND {place}",
            run.summary.id
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut house.owner().await).await.unwrap();
        let other = another(&house).await;
        house.start().await;
        house.reaches(&other, RunState::Completed).await;
        let aside = set_aside(&house, id(&run)).await;
        assert_eq!(aside.unreadable.is_none(), readable, "{what}: {:?}", aside.unreadable);
        assert!(house.cloud.made().is_empty(), "{what}");
        assert_eq!(aside.summary.application, "shop");
        let no_reason = RunVerb::Cancel { reason: " ".into() };
        let refused = house.app.drive_run(&house.operator, id(&run), no_reason).await.unwrap_err();
        assert_eq!(refused.code, "reason_needed", "{what}");
        let cancel = RunVerb::Cancel { reason: "it cannot be mended".into() };
        let over = house.app.drive_run(&house.operator, id(&run), cancel).await.unwrap();
        assert_eq!((over.summary.state, over.summary.set_aside), (RunState::Cancelled, None), "{what}");
    }
    house.reaches(&house.started().await, RunState::Completed).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_of_an_application_that_is_removed_meanwhile_is_set_aside_and_says_so() {
    let mut house = House::new().await;
    house.stop().await;
    let run = another(&house).await;
    sqlx::query("UPDATE applications SET archived_at = now()")
        .execute(&mut house.owner().await)
        .await
        .unwrap();
    house.start().await;
    let aside = set_aside(&house, id(&run)).await;
    assert!(aside.summary.now.contains("is not in the inventory any more"), "{}", aside.summary.now);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_read_when_it_expires_is_set_aside_too() {
    let mut house = House::new().await;
    house.stop().await;
    let run = house.request(House::asked(Mode::Planned)).await.unwrap();
    let sql = "ALTER TABLE run_events DISABLE TRIGGER USER;
               UPDATE run_events SET body = body || '{\"request\": null}';
               UPDATE runs SET requested_at = requested_at - interval '1 day', expires_at = now() - interval '1 s'";
    sqlx::raw_sql(sql).execute(&mut house.owner().await).await.unwrap();
    house.start().await;
    set_aside(&house, id(&run)).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lot_expires_although_one_of_its_runs_cannot_be_read() {
    let mut house = House::new().await;
    house.stop().await;
    let lot = house.app.request_evacuation(&house.operator, asked("us-east-1"), "key").await.unwrap();
    assert_eq!(lot.summary.state, State::AwaitingApproval);
    let sql = "ALTER TABLE run_events DISABLE TRIGGER USER;
               ALTER TABLE evacuation_events DISABLE TRIGGER USER;
               UPDATE run_events SET body = body || '{\"request\": null}';
               UPDATE evacuation_events SET at = at - interval '1 day'";
    sqlx::raw_sql(sql).execute(&mut house.owner().await).await.unwrap();
    house.start().await;
    until("the lot to expire", || async {
        let lots = house.app.evacuations(&house.operator, &EvacuationFilter::default()).await.unwrap().items;
        (lots[0].state == State::Expired).then_some(())
    })
    .await;
    assert!(audited(&house).await[0] > 0, "and what cannot be read is said");
    house.stop().await;
}

/// Beside a life's own files: which life's looks are under way.
const LOOKS: &str = "looks-under-way";

/// One life of a server whose code has this defect over this run.
fn live(house: &House, run: &RunView, defect: &str) -> Child {
    let (url, folder) = house.address();
    Command::new(std::env::current_exe().unwrap())
        .args(["poison::a_life", "--exact", "--ignored", "--nocapture"])
        .env("HOLDFAST_A_LIFE", format!("{defect} {} {url}", run.summary.id))
        .env("HOLDFAST_A_LIFE_IN", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "no test: a process that the tests of this file start"]
async fn a_life() {
    let (Ok(words), Ok(folder)) = (std::env::var("HOLDFAST_A_LIFE"), std::env::var("HOLDFAST_A_LIFE_IN"))
    else {
        return;
    };
    let [defect, run, url] = words.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let defect = if defect == "ends" { Defect::EndsTheProcess } else { Defect::NeverAnswers };
    let cloud = Arc::new(FakeCloud::new());
    cloud.breaks(Some((defect, run.parse().unwrap())));
    let store = Store::connect(url, Pools { web: 1, engine: 4 }).await.unwrap();
    let asks = requests(&App::new(store.clone(), Settings::default()));
    let settings = EngineSettings::new(folder.clone().into());
    let _engine = Engine::start(store, cloud.clone(), asks, settings).await.unwrap();
    until("the first look", || async { (cloud.looks() > 0).then_some(()) }).await;
    std::fs::write(Path::new(&folder).join(LOOKS), std::process::id().to_string()).unwrap();
    std::future::pending::<()>().await;
}

async fn ended_by(mut child: Child) -> Option<i32> {
    Injected::KilledProcess.count(1);
    tokio::task::spawn_blocking(move || child.wait().unwrap().signal()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_whole_process_dies_of_three_times_is_set_aside_by_the_next_one() {
    const SIGABRT: i32 = 6;
    let mut house = House::new().await;
    house.stop().await;
    let run = house.started().await;
    for _ in 0..3 {
        assert_eq!(ended_by(live(&house, &run, "ends")).await, Some(SIGABRT));
        let view = house.app.run(&house.operator, id(&run)).await.unwrap();
        assert!(view.summary.set_aside.is_none(), "what this one died of is told by the next");
    }
    let other = another(&house).await;
    house.start().await;
    let aside = set_aside(&house, id(&run)).await;
    assert!(aside.summary.now.contains("died while it worked on it"), "{}", aside.summary.now);
    house.reaches(&other, RunState::Completed).await;
    assert!(house.cloud.made().is_empty());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_not_blamed_for_the_death_of_a_process_that_was_killed_while_the_run_waited() {
    const SIGKILL: i32 = 9;
    let mut house = House::new().await;
    house.stop().await;
    let run = house.started().await;
    let looks = house.address().1.join(LOOKS);
    for _ in 0..4 {
        let mut child = live(&house, &run, "waits");
        let its = child.id().to_string();
        until("a look of the run, which stays under way", || async {
            std::fs::read_to_string(&looks).is_ok_and(|id| id == its).then_some(())
        })
        .await;
        child.kill().unwrap();
        assert_eq!(ended_by(child).await, Some(SIGKILL));
    }
    house.start().await;
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(audited(&house).await, [0, 0, 0]);
    house.stop().await;
}
