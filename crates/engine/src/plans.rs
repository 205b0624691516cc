//! Has kept plans looked after when their turn comes: within half an hour, and at once when the inventory changed. Whose
//! turn it is stands in the database, so that of many replicas each looks after others, and a restart forgets none.

use crate::Asks;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(5);

pub async fn run(asks: Arc<dyn Asks>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let looked_after = tokio::select! {
            count = asks.look_after_plans() => count,
            () = stop.cancelled() => break,
        };
        // More may be due: the next lot at once.
        if looked_after > 0 {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}
