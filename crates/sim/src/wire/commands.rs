//! `SendCommand` and `ListCommands` of SSM. Every tag has two instances but `none`, which nothing has.

use super::input::{list, required, text};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::commands::Command;
use serde_json::{Value, json};

pub(super) fn resources(context: &Context<'_>, operation: &str, input: &Value) -> Vec<String> {
    if operation != "SendCommand" {
        return vec!["*".to_owned()];
    }
    let document = text(input, "DocumentName").unwrap_or("*");
    let owner = if document.starts_with("AWS-") { "" } else { context.account };
    vec![format!("arn:aws:ssm:{}:{owner}:document/{document}", context.region)]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let now_ms = context.now.virtual_ms;
    if operation == "SendCommand" {
        let document = required(input, "DocumentName", "InvalidDocument")?.to_owned();
        let none = list(input, "Targets", "Target").iter().any(|t| text(t, "Key") == Some("tag:none"));
        let command = Command {
            account: context.account.to_owned(),
            region: context.region.to_owned(),
            id: uuid::Uuid::new_v4().to_string(),
            document,
            targets: if none { 0 } else { 2 },
            sent_ms: now_ms,
        };
        let body = json!({"Command": view(&command, now_ms)}).to_string();
        world.supporting.commands.push(command);
        return Ok(Reply::did(true, body));
    }
    let id = required(input, "CommandId", "InvalidCommandId")?;
    let is = |c: &&Command| c.account == context.account && c.region == context.region && c.id == id;
    let found: Vec<Value> = world.supporting.commands.iter().filter(is).map(|c| view(c, now_ms)).collect();
    Ok(Reply::look(json!({"Commands": found}).to_string()))
}

fn view(command: &Command, now_ms: i64) -> Value {
    let status = command.status(now_ms);
    json!({
        "CommandId": command.id,
        "DocumentName": command.document,
        "Status": status,
        "StatusDetails": status,
        "TargetCount": command.targets,
        "CompletedCount": if status == "Success" { command.targets } else { 0 },
        "ErrorCount": 0,
    })
}
