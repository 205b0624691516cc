//! SSM over JSON 1.1: reading a parameter, and putting it over; commands are in `commands`.

use super::input::{flag, required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply, commands};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::supporting::Parameter;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetParameter", "ssm:GetParameter", Plane::Data),
    Operation::change("PutParameter", "ssm:PutParameter", Plane::Control),
    Operation::look("ListCommands", "ssm:ListCommands", Plane::Control),
    Operation::change("SendCommand", "ssm:SendCommand", Plane::Control),
];

const COMMANDS: [&str; 2] = ["SendCommand", "ListCommands"];

pub(super) fn resources(context: &Context<'_>, operation: &str, input: &Value) -> Vec<String> {
    if COMMANDS.contains(&operation) {
        return commands::resources(context, operation, input);
    }
    let name = text(input, "Name").unwrap_or("*").trim_start_matches('/');
    vec![format!("arn:aws:ssm:{}:{}:parameter/{name}", context.region, context.account)]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    if COMMANDS.contains(&operation) {
        return commands::perform(world, context, operation, input);
    }
    let name = required(input, "Name", "ValidationException")?;
    let mut parameters = world.supporting.parameters.iter_mut();
    let found =
        parameters.find(|p| p.account == context.account && p.region == context.region && p.name == name);
    match (operation, found) {
        ("GetParameter", Some(parameter)) => Ok(get(parameter, context, input)),
        ("GetParameter", None) => Err(Refusal::new("ParameterNotFound", "")),
        (_, Some(_)) if flag(input, "Overwrite") != Some(true) => Err(Refusal::new(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )),
        (_, Some(parameter)) => {
            let value = required(input, "Value", "ValidationException")?;
            let changed = parameter.value != value;
            value.clone_into(&mut parameter.value);
            // AWS counts a version up also where the value is what it was.
            parameter.version += 1;
            let body = json!({"Version": parameter.version, "Tier": "Standard"});
            Ok(Reply::did(changed, body.to_string()))
        }
        (_, None) => {
            let value = required(input, "Value", "ValidationException")?.to_owned();
            let kind = required(input, "Type", "ValidationException")?.to_owned();
            world.supporting.parameters.push(Parameter {
                account: context.account.to_owned(),
                region: context.region.to_owned(),
                name: name.to_owned(),
                kind,
                value,
                version: 1,
            });
            Ok(Reply::did(true, json!({"Version": 1, "Tier": "Standard"}).to_string()))
        }
    }
}

fn get(parameter: &Parameter, context: &Context<'_>, input: &Value) -> Reply {
    let hidden = parameter.kind == "SecureString" && flag(input, "WithDecryption") != Some(true);
    let value = if hidden { "AQICAHj-not-decrypted" } else { parameter.value.as_str() };
    let arn = resources(context, "GetParameter", input).concat();
    let body = json!({"Parameter": {
        "Name": parameter.name,
        "Type": parameter.kind,
        "Value": value,
        "Version": parameter.version,
        "ARN": arn,
        "DataType": "text",
    }});
    Reply::look(body.to_string())
}
