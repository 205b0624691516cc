//! Security Hub over rest-json: whether it is enabled, and its open findings.

use super::input::{integer, list, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use http::Method;
use serde_json::{Map, Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeHub", "securityhub:DescribeHub", Plane::Control),
    Operation::look("GetFindings", "securityhub:GetFindings", Plane::Control),
];

const MOST: usize = 100;

pub(super) fn route(method: &Method, path: &[&str]) -> Option<(&'static str, Map<String, Value>)> {
    let operation = match (method.as_str(), path) {
        ("GET", ["accounts"]) => "DescribeHub",
        ("POST", ["findings"]) => "GetFindings",
        _ => return None,
    };
    Some((operation, Map::new()))
}

pub(super) fn perform(
    world: &World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let (account, region) = (context.account, context.region);
    let mut hubs = world.supporting.hubs.iter();
    let hub = hubs.find(|h| h.account == account && h.region == region).ok_or_else(|| {
        let message = format!("Account {account} is not subscribed to AWS Security Hub");
        Refusal::new("InvalidAccessException", message).with_status(401)
    })?;
    if operation == "DescribeHub" {
        let arn = format!("arn:aws:securityhub:{region}:{account}:hub/default");
        return Ok(Reply::look(json!({"HubArn": arn, "AutoEnableControls": true}).to_string()));
    }
    let filters = input.get("Filters").unwrap_or(&Value::Null);
    let wanted: Vec<&str> =
        list(filters, "SeverityLabel", "member").into_iter().filter_map(|f| text(f, "Value")).collect();
    let of = |label: &'static str, count: usize| {
        let asked = wanted.is_empty() || wanted.contains(&label);
        std::iter::repeat_n(label, if asked { count } else { 0 })
    };
    let all: Vec<&str> = of("CRITICAL", hub.critical).chain(of("HIGH", hub.high)).collect();
    let most = integer(input, "MaxResults").and_then(|n| usize::try_from(n).ok()).unwrap_or(MOST).min(MOST);
    let findings = all.iter().take(most).enumerate().map(|(number, label)| {
        json!({
            "Id": format!("{region}/finding/{number}"),
            "AwsAccountId": account,
            "Severity": {"Label": label},
            "Workflow": {"Status": "NEW"},
            "RecordState": "ACTIVE",
        })
    });
    let mut body = json!({"Findings": findings.collect::<Vec<_>>()});
    if all.len() > most {
        body["NextToken"] = json!("more");
    }
    Ok(Reply::look(body.to_string()))
}
