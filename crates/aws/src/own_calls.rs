//! Calls to what is one's own: a function invoked, a document run. What they do is their affair; what they answer is
//! all that is known.

use crate::clients::Caller;
use crate::perform::answered;
use crate::settings::Service;
use crate::signed::{self, Request, SSM};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use holdfast_cloud::{Error, ErrorKind, Settled};
use holdfast_domain::{OwnCall, RegionCode};
use holdfast_failover::run::Answer;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const LIST_COMMANDS: &str = "ssm:ListCommands";

pub(crate) const CHANGES: &[&str] = &["lambda:InvokeFunction", "ssm:SendCommand", LIST_COMMANDS];

/// Those of them that one step makes.
pub(crate) fn actions(call: OwnCall) -> &'static [&'static str] {
    match call {
        OwnCall::Function => &["lambda:InvokeFunction"],
        OwnCall::Document => &["ssm:SendCommand", LIST_COMMANDS],
    }
}

/// No function runs longer (Lambda quotas, "Function timeout").
pub(crate) const LONGEST_INVOCATION: Duration = Duration::from_secs(900);

/// More of what a function says is not repeated in a journal.
const MOST_SAID: usize = 300;

pub(crate) async fn invoke(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    function: &str,
    payload: &str,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let call = caller.lambda(region).invoke().function_name(function);
    let sent = call.invocation_type(InvocationType::RequestResponse).payload(Blob::new(payload)).send();
    let answer = caller.ask(Service::Lambda, region, action, sent).await?;
    if let Some(error) = answer.function_error() {
        let said =
            answer.payload().map(|p| String::from_utf8_lossy(p.as_ref()).into_owned()).unwrap_or_default();
        let said: String = said.chars().take(MOST_SAID).collect();
        return Err(caller
            .call(region, action)
            .error(ErrorKind::Invalid, format!("{function} ran and failed ({error}): {said}")));
    }
    answered(action, region, &answer, None)
}

/// The document and the tag that its instances have.
pub(crate) struct Command<'a> {
    pub document: &'a str,
    pub parameters: &'a BTreeMap<String, String>,
    pub target_tag: &'a str,
    pub target_value: &'a str,
}

pub(crate) async fn send_command(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    command: &Command<'_>,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let parameters: Map<String, Value> =
        command.parameters.iter().map(|(key, value)| (key.clone(), json!([value]))).collect();
    let body = json!({
        "DocumentName": command.document,
        "Parameters": parameters,
        "Targets": [{"Key": format!("tag:{}", command.target_tag), "Values": [command.target_value]}],
        // An instance that cannot be reached must not keep its command for an hour.
        "TimeoutSeconds": 600,
        "Comment": "a step of a run of Holdfast",
    });
    let answer = signed::call(caller, SSM, region, &Request::json(action, body)).await?;
    let id = answer.json().pointer("/Command/CommandId").and_then(Value::as_str).map(str::to_owned);
    match id {
        Some(id) => answered(action, region, &answer, Some(id)),
        None => Err(caller.call(region, action).unreadable(&answer, "the answer names no command")),
    }
}

/// Whether a command has come to its end on every instance.
pub(crate) async fn command_settled(
    caller: &Caller,
    region: &RegionCode,
    command: &str,
) -> Result<Settled, Error> {
    let request = Request::json(LIST_COMMANDS, json!({"CommandId": command}));
    let answer = signed::call(caller, SSM, region.as_str(), &request).await?;
    let unreadable =
        |why: String| caller.call(region.as_str(), LIST_COMMANDS).error(ErrorKind::Unreadable, why);
    let Some(commands) = answer.json().get("Commands").and_then(Value::as_array) else {
        return Err(unreadable("the answer has no list of commands".into()));
    };
    let Some(found) = commands.first() else {
        return Ok(Settled::NotKnown(format!("there is no command {command}")));
    };
    let status = found.get("Status").and_then(Value::as_str).unwrap_or("absent");
    let told = |key: &str| found.get(key).and_then(Value::as_u64);
    let count = |key: &str| told(key).unwrap_or(0);
    Ok(match status {
        "Success" => match told("TargetCount") {
            Some(0) => Settled::Failed("no instance has the tag".into()),
            Some(_) => Settled::Yes,
            None => return Err(unreadable("on how many instances the command ran is not told".into())),
        },
        "Pending" | "InProgress" | "Delayed" => Settled::NotYet(format!(
            "{status}, {} of {} instances done",
            count("CompletedCount"),
            count("TargetCount")
        )),
        "Cancelled" | "Cancelling" | "Failed" | "TimedOut" => {
            Settled::Failed(format!("{status}, {} instances with errors", count("ErrorCount")))
        }
        other => {
            return Err(unreadable(format!("how the command stands is not told: its status is {other}")));
        }
    })
}
