//! Service Quotas over JSON 1.1: what was raised, and what AWS gives by itself.

use super::input::required;
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetServiceQuota", "servicequotas:GetServiceQuota", Plane::Control),
    Operation::look("GetAWSDefaultServiceQuota", "servicequotas:GetAWSDefaultServiceQuota", Plane::Control),
];

pub(super) fn perform(
    world: &World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let service = required(input, "ServiceCode", "IllegalArgumentException")?;
    let code = required(input, "QuotaCode", "IllegalArgumentException")?;
    let none = || {
        Refusal::new(
            "NoSuchResourceException",
            "The request failed because the specified quota does not exist.",
        )
    };
    let mut quotas = world.supporting.quotas.iter();
    let quota = quotas
        .find(|q| {
            q.account == context.account
                && q.region == context.region
                && q.service == service
                && q.code == code
        })
        .ok_or_else(none)?;
    let value = if operation == "GetServiceQuota" { quota.applied.ok_or_else(none)? } else { quota.default };
    let arn = format!("arn:aws:servicequotas:{}:{}:{service}/{code}", context.region, context.account);
    let body = json!({"Quota": {
        "ServiceCode": service,
        "ServiceName": service,
        "QuotaArn": arn,
        "QuotaCode": code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
    }});
    Ok(Reply::look(body.to_string()))
}
