//! Lets requests and break-glasses expire, by the database's clock; any number of replicas may do it at once.

use crate::crash;
use crate::journal::Lost;
use holdfast_failover::run::{Command, Run, RunState, Summary};
use holdfast_store::{Advance, AuditActor, AuditEntry, Store};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(2);
const UPKEEP_EVERY: u32 = 150;
const LAG_KEPT_HOURS: u32 = 24;

pub async fn run(store: Store, stop: CancellationToken) {
    let mut round = 0_u32;
    while !stop.is_cancelled() {
        if let Err(error) = expire(&store).await {
            tracing::warn!(%error, "expired requests could not be closed");
        }
        if let Err(error) = store.end_expired_break_glasses().await {
            tracing::warn!(%error, "that a break-glass is over could not be written down");
        }
        if round.is_multiple_of(UPKEEP_EVERY)
            && let Err(error) = store.prune(LAG_KEPT_HOURS).await
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
        let read = match store.entries(id, 0).await {
            Ok(entries) => Run::replay(id, &entries).map_err(|corrupt| corrupt.to_string()),
            Err(holdfast_store::Error::Corrupt(what)) => Err(what),
            Err(error) => return Err(error),
        };
        let run = match read {
            Ok(run) => run,
            // The others expire all the same; at the third time this one is set aside.
            Err(what) => {
                let why = Lost::Corrupt(what).to_string();
                crash::count(store, ("holdfast", None), id, &why).await?;
                continue;
            }
        };
        let now = store.now().await?;
        // Refused: somebody approved, denied or withdrew in the meantime.
        let Ok(events) = run.handle(Command::Expire, now) else { continue };
        let summary = Summary { now: "The approvals did not come in time.".into(), ..run.summary() };
        let advance = Advance {
            run: id,
            expected_seq: run.seq,
            events: &events,
            state: RunState::Expired,
            summary: serde_json::to_value(summary).ok(),
        };
        let mut change = store.begin().await?;
        match change.append(&advance).await {
            Ok(_) => {
                let holdfast = AuditActor::System { name: "holdfast".into() };
                let entry = AuditEntry::done("run.expire", holdfast, "run", id)
                    .of_application(&run.request.application)
                    .because("nobody approved it in time");
                change.commit(entry).await?;
            }
            Err(holdfast_store::Error::RunMoved { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
