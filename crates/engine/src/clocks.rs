//! Compares clocks now and then: this machine's own and AWS's with the database's. Two that are too far apart are an alarm, and people are told.

use holdfast_cloud::Cloud;
use holdfast_failover::clock::{COMPARED_WITHIN, Comparison, Standing, judge, own_ahead};
use holdfast_store::{AuditActor, AuditEntry, Store};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

pub async fn run(
    store: Store,
    cloud: Arc<dyn Cloud>,
    worker: String,
    every: Duration,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        if let Err(error) = compare(&store, cloud.as_ref(), &worker).await {
            tracing::warn!(%error, "the clocks could not be compared");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(every) => {}
        }
    }
}

async fn compare(store: &Store, cloud: &dyn Cloud, worker: &str) -> Result<(), holdfast_store::Error> {
    let (asked, began) = (holdfast_clock::own(), Instant::now());
    let database = store.now().await?;
    let took = began.elapsed();
    let Some(own_ahead) = own_ahead(asked, took, database) else {
        tracing::debug!(?took, "the database answered too slowly to compare clocks by it");
        return Ok(());
    };
    let found = Comparison {
        worker: worker.to_owned(),
        at: database,
        own_ahead: Some(own_ahead),
        aws_ahead: aws_ahead(cloud, database),
    };
    let alarmed = store.record_clocks(&found).await?;
    match judge(&found, database) {
        Standing::Apart { says, way_out } if alarmed.as_deref() != Some(way_out) => {
            tracing::error!(%says, %way_out, "two clocks are apart");
            let mut change = store.begin().await?;
            // Where others were apart until now, people are told of these anew.
            change.end_clock_alarm(worker).await?;
            if change.begin_clock_alarm(worker, &says, way_out).await? {
                change.commit(entry("clock.apart", worker).because(says)).await?;
            }
        }
        Standing::Together if alarmed.is_some() => {
            let mut change = store.begin().await?;
            if change.end_clock_alarm(worker).await? {
                change.commit(entry("clock.together", worker)).await?;
            }
        }
        Standing::Together | Standing::Apart { .. } | Standing::Unknown { .. } => {}
    }
    Ok(())
}

fn entry(action: &str, worker: &str) -> AuditEntry {
    AuditEntry::done(action, AuditActor::System { name: worker.to_owned() }, "worker", worker)
}

fn aws_ahead(cloud: &dyn Cloud, now: Timestamp) -> Option<SignedDuration> {
    let heard = cloud.heard_clock()?;
    let ago = SignedDuration::try_from(heard.ago).ok().filter(|ago| *ago <= COMPARED_WITHIN)?;
    Some(heard.said.duration_since(now - ago))
}
