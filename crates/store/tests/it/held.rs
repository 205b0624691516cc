//! At most one run per thing of AWS, whichever applications are made of it.

use crate::{anybody, entry, furnished, start_run};
use holdfast_domain::{EvacuationId, RunId};
use holdfast_failover::run::{Event, RunState};
use holdfast_store::{Advance, Error, NewRun, Store};
use holdfast_testkit::{request, run_id};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Barrier;

const ORDERS: &str = "aurora_global_database prod/orders";
const WEB: &str = "ecs_service prod/eu-central-1/shop/web";

/// A run of the application that may change these, in a transaction that is held open until `meet` lets it go.
async fn start(
    store: &Store,
    application: &str,
    holds: &[&str],
    meet: Option<Arc<Barrier>>,
) -> Result<RunId, Error> {
    let mut request = request(application, anybody());
    request.holds = holds.iter().map(ToString::to_string).collect();
    let id = run_id();
    let events = [Event::Requested { request: Box::new(request.clone()) }, Event::Started];
    let summary = json!({ "began": true });
    let new = NewRun { id, request: &request, state: RunState::Running, events: &events, summary };
    let mut change = store.begin().await?;
    if let Some(meet) = meet {
        meet.wait().await;
    }
    change.insert_run(&new).await?;
    change.commit(entry("runs.request")).await?;
    Ok(id)
}

/// The runs that may change these.
async fn holders(store: &Store, resources: &[&str]) -> Vec<RunId> {
    let resources: Vec<String> = resources.iter().map(ToString::to_string).collect();
    store.holders(&resources).await.unwrap().into_iter().map(|holder| holder.run.id).collect()
}

async fn end(store: &Store, run: RunId) {
    let events = [Event::Completed { exceptions: vec![] }];
    let advance =
        Advance { run, expected_seq: 2, events: &events, state: RunState::Completed, summary: None };
    let mut change = store.begin().await.unwrap();
    change.append(&advance).await.unwrap();
    change.commit(entry("runs.go_on")).await.unwrap();
}

#[tokio::test]
async fn two_starts_at_once_of_applications_with_one_store_make_one_run_and_the_other_is_told_which() {
    for _ in 0..10 {
        let (_database, store) = furnished().await;
        let meet = Arc::new(Barrier::new(2));
        let both = ["shop", "billing"].map(|application| {
            let (store, meet) = (store.clone(), Arc::clone(&meet));
            // In the opposite order, as two inventories may have them.
            let holds: &[&str] = if application == "shop" { &[ORDERS, WEB] } else { &[WEB, ORDERS] };
            tokio::spawn(async move { start(&store, application, holds, Some(meet)).await })
        });
        let mut won = Vec::new();
        let mut told = Vec::new();
        for outcome in futures::future::join_all(both).await {
            match outcome.unwrap() {
                Ok(run) => won.push(run),
                Err(Error::ResourceHeld { resource, run, application }) => {
                    told.push((resource, run, application))
                }
                Err(other) => panic!("{other}"),
            }
        }
        let [winner] = won[..] else { panic!("{won:?}") };
        let [(resource, run, application)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((resource.as_str(), *run), (ORDERS, winner));
        let head = store.run_head(winner).await.unwrap();
        assert_eq!(application, head.application.as_str());
        let holders = store.holders(&[WEB.into(), ORDERS.into()]).await.unwrap();
        let [holder] = &holders[..] else { panic!("one for each run: {holders:?}") };
        assert_eq!((holder.resource.as_str(), &holder.run), (ORDERS, &head));
    }
}

#[tokio::test]
async fn what_is_over_holds_nothing_and_what_shares_nothing_is_free() {
    let (_database, store) = furnished().await;
    let first = start(&store, "shop", &[ORDERS], None).await.unwrap();
    let refused = start(&store, "billing", &[ORDERS], None).await.unwrap_err();
    assert!(matches!(&refused, Error::ResourceHeld { run, .. } if *run == first), "{refused}");
    start_run(&store, "billing", false).await.expect("it shares nothing in this plan");
    end(&store, first).await;
    assert_eq!(holders(&store, &[ORDERS]).await, []);
    start(&store, "shop", &[ORDERS], None).await.unwrap();
}

#[tokio::test]
async fn the_parts_of_a_lot_hold_as_one_each_until_it_is_over() {
    let (database, store) = furnished().await;
    let lot = EvacuationId::fresh();
    sqlx::query(
        "INSERT INTO evacuations (id, region, digest, requested_at, expires_at, seq)
         VALUES ($1, 'us-east-1', $2, now(), now() + interval '1 hour', 1)",
    )
    .bind(lot.0)
    .bind("0".repeat(64))
    .execute(&mut database.owner().await)
    .await
    .unwrap();
    let mut parts = Vec::new();
    for application in ["shop", "billing"] {
        let mut request = request(application, anybody());
        request.holds = vec![ORDERS.into(), format!("ecs_service prod/{application}")];
        request.evacuation = Some(lot);
        let id = run_id();
        let events = [Event::Requested { request: Box::new(request.clone()) }, Event::Started];
        let new =
            NewRun { id, request: &request, state: RunState::Running, events: &events, summary: json!({}) };
        let mut change = store.begin().await.unwrap();
        change.insert_run(&new).await.unwrap();
        change.commit(entry("runs.request")).await.unwrap();
        parts.push(id);
    }
    end(&store, parts[0]).await;
    assert_eq!(holders(&store, &["ecs_service prod/shop"]).await, [], "what it alone held is free");
    assert_eq!(holders(&store, &["ecs_service prod/billing"]).await, [parts[1]]);
    assert_eq!(holders(&store, &[ORDERS]).await, [parts[1]], "the other part still moves it");
    end(&store, parts[1]).await;
    assert_eq!(holders(&store, &[ORDERS]).await, []);
}

#[tokio::test]
async fn a_dry_run_holds_no_resource() {
    let (_database, store) = furnished().await;
    let mut request = request("shop", anybody());
    request.holds = vec![ORDERS.into()];
    request.dry_run = true;
    let events = [Event::Requested { request: Box::new(request.clone()) }];
    let new = NewRun {
        id: run_id(),
        request: &request,
        state: RunState::AwaitingApproval,
        events: &events,
        summary: json!({}),
    };
    let mut change = store.begin().await.unwrap();
    change.insert_run(&new).await.unwrap();
    change.commit(entry("runs.request")).await.unwrap();
    assert_eq!(holders(&store, &[ORDERS]).await, []);
}
