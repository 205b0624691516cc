//! The end of live drills: when their time there is over, by the database's clock, the way back is asked for. Any number of
//! replicas may do it at once: one way there has one way back.

use crate::asks::{ASKING_AT_MOST, Asks};
use holdfast_store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(2);

pub async fn run(store: Store, asks: Arc<dyn Asks>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match store.drills_to_end().await {
            Ok(due) => {
                for drill in due {
                    // It is kept with the drill, shown on its page, and tried again.
                    match tokio::time::timeout(ASKING_AT_MOST, asks.bring_back(drill)).await {
                        Ok(Ok(_)) => {}
                        Ok(Err(why)) => tracing::warn!(%drill, why, "a live drill is not brought back yet"),
                        Err(_) => {
                            tracing::warn!(%drill, "asking for the way back of a live drill took too long")
                        }
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "live drills could not be seen to"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
