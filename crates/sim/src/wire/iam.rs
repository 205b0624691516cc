//! IAM over query: what a role's policies would allow, as the world has them.

use super::input::{list, required};
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::auth::policy::wildcard;
use crate::refusal::Refusal;
use crate::world::World;
use serde_json::Value;

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::look("SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy", Plane::Global("us-east-1"))];

pub(super) fn resources(input: &Value) -> Vec<String> {
    vec![input.get("PolicySourceArn").and_then(Value::as_str).unwrap_or("*").to_owned()]
}

pub(super) fn perform(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let source = required(input, "PolicySourceArn", "ValidationError")?;
    let name = source.rsplit('/').next().unwrap_or(source);
    let account = world.accounts.get(context.account);
    let role = account.and_then(|a| a.roles.get(name)).filter(|_| source.contains(context.account));
    let role = role.ok_or_else(|| {
        Refusal::new("NoSuchEntity", format!("The role with name {name} cannot be found.")).with_status(404)
    })?;
    let actions: Vec<&str> =
        list(input, "ActionNames", "member").into_iter().filter_map(Value::as_str).collect();
    if actions.is_empty() {
        return Err(Refusal::new("ValidationError", "ActionNames must have at least one entry."));
    }
    Ok(Reply::look(Xml::document("SimulatePrincipalPolicyResponse", namespace(Service::Iam), |xml| {
        xml.element("SimulatePrincipalPolicyResult", |xml| {
            xml.element("EvaluationResults", |xml| {
                for action in actions {
                    let allowed = role.allow.iter().any(|pattern| wildcard(pattern, action));
                    xml.element("member", |xml| {
                        xml.text("EvalActionName", action);
                        xml.text("EvalResourceName", "*");
                        xml.text("EvalDecision", if allowed { "allowed" } else { "implicitDeny" });
                    });
                }
            });
            xml.text("IsTruncated", false);
        });
    })))
}
