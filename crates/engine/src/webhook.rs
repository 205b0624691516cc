//! What a webhook of a step of one's own says, and under which id.

use holdfast_cloud::Delivery;
use holdfast_domain::{Name, RunId};
use holdfast_failover::{Movement, Step};
use serde_json::json;

/// The body tells what moves; the same bytes for every attempt, so that the same id never stands for two things.
pub fn delivery(
    (run, step): (RunId, &Step),
    (application, movement): (&Name, &Movement),
    url: &str,
    secret: String,
) -> Delivery {
    let body = json!({
        "type": "holdfast.step",
        "data": {
            "application": application,
            "run": run,
            "step": step.id,
            "intent": movement.intent,
            "mode": movement.mode,
            "from": movement.from,
            "to": movement.to,
        },
    });
    Delivery { url: url.to_owned(), id: format!("msg_{run}_{}", step.id), body: body.to_string(), secret }
}
