//! Organizations over JSON 1.1: which accounts there are, for those who may ask.

use super::input::{integer, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::look("ListAccounts", "organizations:ListAccounts", Plane::Global("us-east-1"))];

/// AWS gives no more at once.
const PAGE: usize = 20;

pub(super) fn perform(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let Some(organization) = &world.supporting.organization else {
        let message = "Your account is not a member of an organization.";
        return Err(Refusal::new("AWSOrganizationsNotInUseException", message));
    };
    if !organization.administrators.iter().any(|id| id == context.account) {
        let message = "You don't have permissions to access this resource.";
        return Err(Refusal::new("AccessDeniedException", message));
    }
    let from = text(input, "NextToken").and_then(|t| t.parse::<usize>().ok()).unwrap_or(0);
    let most =
        integer(input, "MaxResults").and_then(|n| usize::try_from(n).ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let management = organization.administrators.first().map_or("", String::as_str);
    let accounts = organization.members.iter().skip(from).take(most).map(|member| {
        json!({
            "Id": member.id,
            "Arn": format!("arn:aws:organizations::{management}:account/o-exampleorgid/{}", member.id),
            "Name": member.name,
            "Email": format!("{}@example.com", member.name),
            "Status": member.status,
            "JoinedMethod": "CREATED",
        })
    });
    let mut body = json!({"Accounts": accounts.collect::<Vec<_>>()});
    if organization.members.len() > from + most {
        body["NextToken"] = json!((from + most).to_string());
    }
    Ok(Reply::look(body.to_string()))
}
