//! CloudFormation over query: stacks, their events, creating and updating them.

use super::input::{list, required, text};
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply, may};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::clock::{Moment, timestamp};
use crate::world::stacks::{BuildRequest, Stack};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeStacks", "cloudformation:DescribeStacks", Plane::Control),
    Operation::look("DescribeStackEvents", "cloudformation:DescribeStackEvents", Plane::Control),
    Operation::change("CreateStack", "cloudformation:CreateStack", Plane::Control),
    Operation::change("UpdateStack", "cloudformation:UpdateStack", Plane::Control),
];

pub(super) fn resources(context: &Context<'_>, input: &Value) -> Vec<String> {
    match text(input, "StackName") {
        Some(arn) if arn.starts_with("arn:") => vec![arn.to_owned()],
        Some(name) => {
            vec![format!("arn:aws:cloudformation:{}:{}:stack/{name}/*", context.region, context.account)]
        }
        None => vec!["*".to_owned()],
    }
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    match operation {
        "DescribeStacks" => {
            let stack = named(world, context, input)?;
            Ok(Reply::look(answer(operation, |xml| {
                xml.element("Stacks", |xml| xml.element("member", |xml| stack_xml(xml, stack)));
            })))
        }
        "DescribeStackEvents" => {
            let stack = named(world, context, input)?;
            Ok(Reply::look(answer(operation, |xml| {
                xml.element("StackEvents", |xml| events_xml(xml, stack, context.now));
            })))
        }
        _ => build(world, context, operation, input),
    }
}

fn answer(operation: &str, content: impl FnOnce(&mut Xml)) -> Vec<u8> {
    Xml::document(&format!("{operation}Response"), namespace(Service::CloudFormation), |xml| {
        xml.element(&format!("{operation}Result"), content);
    })
}

fn named<'w>(world: &'w World, context: &Context<'_>, input: &Value) -> Result<&'w Stack, Refusal> {
    let name = required(input, "StackName", "ValidationError")?;
    world
        .stack(context.account, context.region, name)
        .ok_or_else(|| Refusal::new("ValidationError", format!("Stack with id {name} does not exist")))
}

fn build(world: &mut World, context: &Context<'_>, operation: &str, input: &Value) -> Result<Reply, Refusal> {
    let role_arn = text(input, "RoleARN");
    if let Some(role) = role_arn {
        may(world, context, "iam:PassRole", role)
            .map_err(|why| Service::CloudFormation.denied(&context.caller.arn, "iam:PassRole", role, &why))?;
    }
    let template_url = required(input, "TemplateURL", "ValidationError")?;
    // Read in the name of whoever asks for the stack; one version of an object has a right of its own.
    let read = if template_url.contains("versionId=") { "s3:GetObjectVersion" } else { "s3:GetObject" };
    if let Some(object) = object_at(template_url)
        && may(world, context, read, &object).is_err()
    {
        return Err(Refusal::new("ValidationError", "S3 error: Access Denied"));
    }
    let mut parameters = BTreeMap::new();
    for parameter in list(input, "Parameters", "member") {
        let key = required(parameter, "ParameterKey", "ValidationError")?;
        parameters.insert(key.to_owned(), text(parameter, "ParameterValue").unwrap_or_default().to_owned());
    }
    let request = BuildRequest {
        account: context.account,
        region: context.region,
        name: required(input, "StackName", "ValidationError")?,
        template_url,
        parameters,
        role_arn: role_arn.map(str::to_owned),
        token: text(input, "ClientRequestToken").map(str::to_owned),
        capabilities: list(input, "Capabilities", "member")
            .into_iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    };
    let (id, changed) = if operation == "CreateStack" {
        world.create_stack(request, context.now)?
    } else {
        world.update_stack(request, context.now)?
    };
    Ok(Reply::did(changed, answer(operation, |xml| xml.text("StackId", id))))
}

/// The object of a template's URL in virtual-hosted style; templates elsewhere are anybody's here.
fn object_at(url: &str) -> Option<String> {
    let (host, key) = url.strip_prefix("https://")?.split_once('/')?;
    let (bucket, _) = host.split_once(".s3.")?;
    Some(format!("arn:aws:s3:::{bucket}/{key}"))
}

fn stack_xml(xml: &mut Xml, stack: &Stack) {
    xml.text("StackId", stack.id());
    xml.text("StackName", &stack.name);
    xml.text("CreationTime", timestamp(stack.created_wall_ms));
    xml.maybe("LastUpdatedTime", stack.updated_wall_ms.map(timestamp));
    xml.text("StackStatus", &stack.status);
    xml.maybe("StackStatusReason", stack.reason.as_ref());
    xml.maybe("RoleARN", stack.role_arn.as_ref());
    xml.element("Parameters", |xml| {
        for (key, value) in &stack.built.parameters {
            xml.element("member", |xml| {
                xml.text("ParameterKey", key);
                xml.text("ParameterValue", value);
            });
        }
    });
}

fn events_xml(xml: &mut Xml, stack: &Stack, now: Moment) {
    for (number, event) in stack.events.iter().enumerate().rev() {
        xml.element("member", |xml| {
            xml.text("EventId", format!("{}-{number}", stack.uuid));
            xml.text("StackId", stack.id());
            xml.text("StackName", &stack.name);
            xml.text("LogicalResourceId", &stack.name);
            xml.text("PhysicalResourceId", stack.id());
            xml.text("ResourceType", "AWS::CloudFormation::Stack");
            xml.text("Timestamp", now.wall(event.at_ms));
            xml.text("ResourceStatus", &event.status);
            xml.maybe("ResourceStatusReason", event.reason.as_ref());
            xml.maybe("ClientRequestToken", event.token.as_ref());
        });
    }
}
