//! AWS Config over JSON 1.1: the recorder's status.

use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::world::World;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[Operation::look(
    "DescribeConfigurationRecorderStatus",
    "config:DescribeConfigurationRecorderStatus",
    Plane::Control,
)];

pub(super) fn perform(world: &World, context: &Context<'_>) -> Reply {
    let here = world.supporting.recorders.iter();
    let here = here.filter(|r| r.account == context.account && r.region == context.region);
    let statuses: Vec<Value> = here
        .map(|recorder| {
            json!({
                "name": "default",
                "recording": recorder.recording,
                "lastStatus": if recorder.failure.is_some() { "FAILURE" } else { "SUCCESS" },
                "lastErrorMessage": recorder.failure,
            })
        })
        .collect();
    Reply::look(json!({"ConfigurationRecordersStatus": statuses}).to_string())
}
