//! The journal of a lot: written with its runs or not at all, by whoever read it last.

use crate::{anybody, entry, furnished, start_run};
use holdfast_domain::{EvacuationId, RegionCode, RunId};
use holdfast_failover::evacuation::{Decided, Event, Part, Request};
use holdfast_failover::run::{self, Run};
use holdfast_failover::{Digest, Evacuation, Intent, Mode, RunState};
use holdfast_store::{Error, EvacuationFilter, NewRun, RunFilter, RunHead, Store};
use holdfast_testkit::request;
use serde_json::json;

/// A lot of `shop` and `billing`, in a wave each.
async fn lot(store: &Store) -> (EvacuationId, Vec<Run>) {
    let id = EvacuationId::fresh();
    let by = anybody();
    let region = RegionCode::parse("us-east-1").unwrap();
    let requests = ["shop", "billing"]
        .map(|name| (RunId::fresh(), run::Request { evacuation: Some(id), ..request(name, by.clone()) }));
    let part = |(run, request): &(RunId, run::Request)| Part {
        application: request.application.clone(),
        run: *run,
        intent: Intent::Failover,
        to: request.movement.to.clone(),
        digest: request.digest.clone(),
    };
    let mut lot = Request {
        direction: holdfast_failover::evacuation::Direction::Out,
        region,
        mode: Mode::Planned,
        waves: requests.iter().map(|request| vec![part(request)]).collect(),
        left_out: Vec::new(),
        circles: Vec::new(),
        concurrency: 1,
        stop_on_failure: true,
        dry_run: false,
        digest: Digest(String::new()),
        by,
        reason: "a test".into(),
        incident: None,
        expires_after_seconds: 3600,
    };
    lot.digest = lot.digest_now().unwrap();
    let mut change = store.begin().await.unwrap();
    let events = [Event::Requested { request: Box::new(lot.clone()) }];
    change.insert_evacuation(id, &lot, &events).await.unwrap();
    for (run, request) in &requests {
        let events = [run::Event::Requested { request: Box::new(request.clone()) }];
        let state = RunState::AwaitingApproval;
        let new = NewRun { id: *run, request, state, events: &events, summary: json!({}) };
        change.insert_run(&new).await.unwrap();
    }
    change.commit(entry("evacuations.request")).await.unwrap();
    let mut runs = Vec::new();
    for (run, _) in &requests {
        runs.push(Run::replay(*run, &store.entries(*run, 0).await.unwrap()).unwrap());
    }
    (id, runs)
}

async fn load(store: &Store, id: EvacuationId) -> Evacuation {
    Evacuation::replay(id, &store.evacuation_entries(id).await.unwrap()).unwrap()
}

async fn write(store: &Store, of: &Evacuation, runs: &[Run], decided: &Decided) -> Result<(), Error> {
    let now = store.now().await?;
    let mut change = store.begin().await?;
    change.decide_evacuation(of, runs, decided, now).await?;
    change.commit(entry("evacuations.go_on")).await.map(|_| ())
}

#[tokio::test]
async fn of_many_who_decide_on_what_they_read_one_writes_and_the_others_write_nothing() {
    let (_database, store) = furnished().await;
    let (id, runs) = lot(&store).await;
    let evacuation = load(&store, id).await;
    let decided = evacuation.cancel(&runs, &anybody(), "it is back").unwrap();
    let outcomes = futures::future::join_all((0..6).map(|_| {
        let (store, evacuation, runs, decided) =
            (store.clone(), evacuation.clone(), runs.clone(), decided.clone());
        tokio::spawn(async move { write(&store, &evacuation, &runs, &decided).await })
    }))
    .await;
    let mut written = 0;
    for outcome in outcomes {
        match outcome.unwrap() {
            Ok(()) => written += 1,
            Err(Error::EvacuationMoved { id: moved }) => assert_eq!(moved, id),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(written, 1);
    let kinds: Vec<&str> =
        store.evacuation_entries(id).await.unwrap().iter().map(|entry| entry.event.kind()).collect();
    assert_eq!(kinds, ["requested", "cancelled"]);
    let heads = store.parts_of(&[id]).await.unwrap().remove(&id).unwrap();
    assert!(heads.iter().all(|head| head.state == RunState::Cancelled && head.evacuation == Some(id)));
    let live = EvacuationFilter { live: true, before: None, limit: 10 };
    assert!(store.evacuations(&live).await.unwrap().is_empty(), "it is over");
}

#[tokio::test]
async fn a_run_that_went_on_meanwhile_leaves_the_lot_as_it_was() {
    let (_database, store) = furnished().await;
    let (id, runs) = lot(&store).await;
    let evacuation = load(&store, id).await;
    let decided = evacuation.cancel(&runs, &anybody(), "it is back").unwrap();
    let out = runs[1].handle(
        run::Command::Cancel { by: anybody(), reason: "not this".into() },
        store.now().await.unwrap(),
    );
    let mut change = store.begin().await.unwrap();
    let events = out.unwrap();
    let advance = holdfast_store::Advance {
        run: runs[1].id,
        expected_seq: runs[1].seq,
        events: &events,
        state: RunState::Cancelled,
        summary: None,
    };
    change.append(&advance).await.unwrap();
    change.commit(entry("runs.cancel")).await.unwrap();
    let refused = write(&store, &evacuation, &runs, &decided).await.unwrap_err();
    assert!(matches!(refused, Error::RunMoved { run, .. } if run == runs[1].id), "{refused}");
    assert_eq!(load(&store, id).await, evacuation, "nothing of it was written");
    assert_eq!(store.run_head(runs[0].id).await.unwrap().state, RunState::AwaitingApproval);
}

#[tokio::test]
async fn parts_that_have_not_begun_take_no_place_from_the_runs_before_them() {
    let (_database, store) = furnished().await;
    let before = start_run(&store, "shop", true).await.unwrap();
    let (_, runs) = lot(&store).await;
    let first =
        RunFilter { live: Some(true), dry_runs: true, told_singly: true, limit: 1, ..RunFilter::default() };
    let told = |heads: Vec<RunHead>| heads.iter().map(|head| head.id).collect::<Vec<_>>();
    assert_eq!(told(store.runs(&first).await.unwrap()), [before]);
    let began = holdfast_store::Advance {
        run: runs[1].id,
        expected_seq: runs[1].seq,
        events: &[run::Event::Started],
        state: RunState::Running,
        summary: None,
    };
    let mut change = store.begin().await.unwrap();
    change.append(&began).await.unwrap();
    change.commit(entry("run.start")).await.unwrap();
    assert_eq!(told(store.runs(&first).await.unwrap()), [runs[1].id], "one that has begun is told of");
}

#[tokio::test]
async fn parts_expire_with_their_lot_and_never_by_themselves() {
    let (database, store) = furnished().await;
    let (_, runs) = lot(&store).await;
    let passed =
        "UPDATE runs SET requested_at = now() - interval '2 hours', expires_at = now() - interval '1 hour'";
    sqlx::query(passed).execute(&mut database.owner().await).await.unwrap();
    assert_eq!(store.expired_requests().await.unwrap(), []);
    assert_eq!(runs.len(), 2);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_concerns_its_own_lot_alone() {
    let (database, store) = furnished().await;
    let (good, runs) = lot(&store).await;
    let evacuation = load(&store, good).await;
    let over = evacuation.cancel(&runs, &anybody(), "it is back").unwrap();
    write(&store, &evacuation, &runs, &over).await.unwrap();
    let (bad, _) = lot(&store).await;
    let unheard_of = r#"INSERT INTO evacuation_events (evacuation, seq, kind, body)
                        VALUES ($1, 2, 'unheard_of', '{"kind": "unheard_of"}')"#;
    sqlx::query(unheard_of).bind(bad.0).execute(&mut database.owner().await).await.unwrap();
    assert!(matches!(store.evacuation_entries(bad).await, Err(Error::Corrupt(_))));
    let all = EvacuationFilter { live: false, before: None, limit: 10 };
    let read: Vec<_> = store.evacuations(&all).await.unwrap();
    let read: Vec<_> =
        read.into_iter().map(|(id, entries)| (id, entries.map(|all| all.len()).ok())).collect();
    assert_eq!(read, [(bad, None), (good, Some(2))]);
}
