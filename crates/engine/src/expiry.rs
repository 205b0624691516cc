//! Lets requests expire, by the database's clock; any number of replicas may do it at once.

use holdfast_failover::run::{Command, Run};
use holdfast_store::{AuditEntry, Store};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(2);
const UPKEEP_EVERY: u32 = 150;

pub async fn run(store: Store, stop: CancellationToken) {
    let mut round = 0_u32;
    while !stop.is_cancelled() {
        if let Err(error) = expire(&store).await {
            tracing::warn!(%error, "expired requests could not be closed");
        }
        if round.is_multiple_of(UPKEEP_EVERY)
            && let Err(error) = store.prune().await
        {
            tracing::warn!(%error, "old sessions and keys could not be removed");
        }
        round = round.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn expire(store: &Store) -> Result<(), holdfast_store::Error> {
    for id in store.expired_requests().await? {
        let entries = store.entries(id, 0).await?;
        let Ok(run) = Run::replay(id, &entries) else {
            tracing::error!(run = %id, "the journal of an expired request cannot be read");
            continue;
        };
        let now = store.database_now().await?;
        // Refused: somebody approved, denied or withdrew in the meantime.
        let Ok(events) = run.handle(Command::Expire, now) else { continue };
        let mut change = store.begin().await?;
        match store.append(&mut change, &run, &events, now).await {
            Ok(_) => {
                change
                    .commit(AuditEntry::by_holdfast("run.expire", &format!("run:{id}"), "nobody approved it in time"))
                    .await?;
            }
            Err(holdfast_store::Error::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
