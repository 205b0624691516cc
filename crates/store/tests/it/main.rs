//! The store against a real Postgres, as the application's own role.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, which fail by panicking.

mod audit;
mod break_glasses;
mod clocks;
mod crashes;
mod drills;
mod evacuations;
mod gaps;
mod held;
mod idempotency;
mod inventory;
mod notices;
mod observations;
mod passkeys;
mod people;
mod pools;
mod provider_sign_outs;
mod runs;
mod schema;
mod surveys;
mod upgrade;
mod wakeups;
mod webhooks;
mod workers;

use holdfast_domain::{Inventory, Name, PersonId, RegionCode};
use holdfast_failover::run::{Event, RunState, Who};
use holdfast_store::{AuditActor, AuditEntry, Error, NewRun, Store};
use holdfast_testkit::{TestDatabase, request};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn region(text: &str) -> RegionCode {
    RegionCode::parse(text).unwrap()
}

fn entry(action: &str) -> AuditEntry {
    AuditEntry::done(action, AuditActor::System { name: "test".into() }, "test", "1")
}

fn anybody() -> Who {
    Who { id: PersonId::fresh(), email: "operator@example.com".into() }
}

async fn replace(store: &Store, inventory: &Inventory) -> Result<(), Error> {
    let mut change = store.begin().await?;
    change.replace_inventory(inventory).await?;
    change.commit(entry("inventory.replace")).await?;
    Ok(())
}

/// With the inventory of the tests.
async fn furnished() -> (TestDatabase, Store) {
    let database = holdfast_testkit::test_database().await;
    let store = database.store().await;
    replace(&store, &holdfast_testkit::inventory()).await.unwrap();
    (database, store)
}

/// Requested and, with no approval asked in these tests, begun at once.
async fn start_run(store: &Store, application: &str, dry_run: bool) -> Result<holdfast_domain::RunId, Error> {
    let mut request = request(application, anybody());
    request.dry_run = dry_run;
    let id = holdfast_testkit::run_id();
    let events = [Event::Requested { request: Box::new(request.clone()) }, Event::Started];
    let new = NewRun {
        id,
        request: &request,
        state: RunState::Running,
        events: &events,
        summary: serde_json::json!({ "began": true }),
    };
    let mut change = store.begin().await?;
    change.insert_run(&new).await?;
    change.commit(entry("runs.request")).await?;
    Ok(id)
}
