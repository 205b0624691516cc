//! AWS Health over JSON 1.1: the events that are open, as its active endpoint and its standby tell them.

use super::input::list;
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::supporting::HealthEvent;
use serde_json::{Value, json};

/// The active endpoint and the standby; each of them is gone with its Region.
pub(super) const REGIONS: [&str; 2] = ["us-east-1", "us-east-2"];

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::look("DescribeEvents", "health:DescribeEvents", Plane::Data)];

pub(super) fn perform(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    if world.supporting.without_support_plan.iter().any(|account| account == context.account) {
        let message = "The AWS account does not have a support plan that includes this operation.";
        return Err(Refusal::new("SubscriptionRequiredException", message));
    }
    let filter = input.get("filter").unwrap_or(&Value::Null);
    let regions: Vec<&str> =
        list(filter, "regions", "member").into_iter().filter_map(Value::as_str).collect();
    // What a trainer has darkened, AWS would have an event of.
    let dark = world.regions.iter().filter(|(_, region)| region.dark).map(|(code, _)| HealthEvent {
        service: "MULTIPLE_SERVICES".to_owned(),
        code: "AWS_MULTIPLE_SERVICES_OPERATIONAL_ISSUE".to_owned(),
        region: code.clone(),
        began_ms: context.now.virtual_ms,
    });
    let open = world.supporting.events.iter().cloned().chain(dark);
    let asked = open.filter(|event| regions.is_empty() || regions.contains(&event.region.as_str()));
    let events = asked.enumerate().map(|(number, event)| {
        json!({
            "arn": format!("arn:aws:health:{}::event/{}/{}/{number}", event.region, event.service, event.code),
            "service": event.service,
            "eventTypeCode": event.code,
            "eventTypeCategory": "issue",
            "eventScopeCode": "PUBLIC",
            "region": event.region,
            "startTime": context.now.wall(event.began_ms).as_second(),
            "statusCode": "open",
        })
    });
    Ok(Reply::look(json!({"events": events.collect::<Vec<_>>()}).to_string()))
}
