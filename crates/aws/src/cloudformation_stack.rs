//! CloudFormation stacks of the recovery Region: their state, and building them from their template.

use crate::clients::Caller;
use crate::perform::answered;
use crate::regional::{in_each, not_named, told};
use crate::settings::Service;
use aws_sdk_cloudformation::types::{Parameter, ResourceStatus, Stack, StackStatus};
use holdfast_cloud::{Error, Looked, Settled};
use holdfast_domain::facts::StackFacts;
use holdfast_domain::resource::CloudformationStack;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::change::StackBuild;
use holdfast_failover::run::Answer;
use jiff::Timestamp;

const DESCRIBE: &str = "cloudformation:DescribeStacks";

const EVENTS: &str = "cloudformation:DescribeStackEvents";

pub(crate) const LOOK: &[&str] = &[DESCRIBE, EVENTS];

pub(crate) const CHANGES: &[&str] = &["cloudformation:CreateStack", "cloudformation:UpdateStack"];

/// Stands for the id of an update where AWS has answered that there is nothing to update.
const NOTHING_TO_UPDATE: &str = "nothing to update";

pub(crate) async fn look(caller: &Caller, spec: &CloudformationStack, regions: &[RegionCode]) -> Looked {
    told(in_each(regions, |region| look_in(caller, spec, region)).await, |stack| Facts::Stack { stack })
}

async fn look_in(
    caller: &Caller,
    spec: &CloudformationStack,
    region: &RegionCode,
) -> Result<Option<StackFacts>, Error> {
    let place = spec.per_region.get(region).ok_or_else(|| not_named(caller, region, DESCRIBE, "stack"))?;
    let sent = caller.cloudformation(region.as_str()).describe_stacks().stack_name(&place.stack).send();
    match caller.ask(Service::CloudFormation, region.as_str(), DESCRIBE, sent).await {
        // A deleted stack is told of for ninety days when it is asked for by its id.
        Ok(answer) => {
            let stands = |stack: &&Stack| stack.stack_status() != Some(&StackStatus::DeleteComplete);
            let Some(found) = answer.stacks().iter().find(stands) else { return Ok(None) };
            let facts = facts(found);
            let failed = facts.status.contains("ROLLBACK") || facts.status.ends_with("_FAILED");
            let reason = if failed { why(caller, region, &place.stack).await } else { None };
            Ok(Some(StackFacts { reason: reason.or(facts.reason), ..facts }))
        }
        Err(error) if says_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Of a stack that failed, the first failure of its last operation: the stack's own state tells only what followed.
async fn why(caller: &Caller, region: &RegionCode, stack: &str) -> Option<String> {
    let sent = caller.cloudformation(region.as_str()).describe_stack_events().stack_name(stack).send();
    let answer = caller.ask(Service::CloudFormation, region.as_str(), EVENTS, sent).await.ok()?;
    let of_this_operation =
        answer.stack_events().iter().take_while(|event| event.resource_status_reason() != Some(BEGUN));
    let mut reasons: Vec<&str> =
        of_this_operation.filter_map(|event| event.resource_status_reason()).collect();
    reasons.retain(|reason| !reason.contains("cancelled"));
    reasons.last().map(|reason| (*reason).to_owned())
}

/// The reason that AWS gives for the first event of what somebody asked for.
const BEGUN: &str = "User Initiated";

/// AWS has no code of its own for it.
fn says_absent(error: &Error) -> bool {
    error.message.starts_with("ValidationError") && error.message.contains("does not exist")
}

fn facts(stack: &Stack) -> StackFacts {
    let changed = stack.last_updated_time().or_else(|| stack.creation_time());
    StackFacts {
        id: stack.stack_id().unwrap_or_default().to_owned(),
        status: stack.stack_status().map_or("unknown", |status| status.as_str()).to_owned(),
        reason: stack.stack_status_reason().map(str::to_owned),
        changed_at: changed.and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok()),
        role_arn: stack.role_arn().map(str::to_owned),
    }
}

fn parameters(build: &StackBuild) -> Vec<Parameter> {
    let parameter = |(key, value): (&String, &String)| {
        Parameter::builder().parameter_key(key).parameter_value(value).build()
    };
    build.parameters.iter().map(parameter).collect()
}

pub(crate) async fn create(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    build: &StackBuild,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller
        .cloudformation(region)
        .create_stack()
        .stack_name(&build.stack)
        .template_url(&build.template_url)
        .set_parameters(Some(parameters(build)))
        .set_role_arn(build.role_arn.clone())
        .set_client_request_token(caller.token.clone())
        .send();
    answered(action, region, &caller.ask(Service::CloudFormation, region, action, sent).await?, None)
}

pub(crate) async fn update(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    build: &StackBuild,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller
        .cloudformation(region)
        .update_stack()
        .stack_name(&build.stack)
        .template_url(&build.template_url)
        .set_parameters(Some(parameters(build)))
        .set_role_arn(build.role_arn.clone())
        .set_client_request_token(caller.token.clone())
        .send();
    match caller.ask(Service::CloudFormation, region, action, sent).await {
        Ok(answer) => answered(action, region, &answer, caller.token.clone()),
        // That the stack stands as it should is what was wanted, and AWS has looked at all of it to say so.
        Err(error) if error.message.contains("No updates are to be performed") => Ok(Answer {
            action: action.to_owned(),
            region: region.to_owned(),
            request_id: error.request_id,
            tracking: Some(NOTHING_TO_UPDATE.to_owned()),
        }),
        Err(error) => Err(error),
    }
}

/// Follows an update by its token through the stack's events: the stack's own state may be that of before for a moment.
pub(crate) async fn settled(
    caller: &Caller,
    region: &RegionCode,
    build: &StackBuild,
    tracking: &str,
) -> Result<Settled, Error> {
    if tracking == NOTHING_TO_UPDATE {
        return Ok(Settled::Yes);
    }
    let region = region.as_str();
    let sent = caller.cloudformation(region).describe_stack_events().stack_name(&build.stack).send();
    let answer = caller.ask(Service::CloudFormation, region, EVENTS, sent).await?;
    // Newest first; the stack is a resource of its own, named by its own id.
    let newest = answer.stack_events().iter().find(|event| {
        event.client_request_token() == Some(tracking)
            && event.physical_resource_id().is_some_and(|id| Some(id) == event.stack_id())
    });
    Ok(match newest.and_then(|event| event.resource_status()).map(ResourceStatus::as_str) {
        None => Settled::NotYet("not begun".into()),
        Some(status) if status.ends_with("_COMPLETE") || status.ends_with("_FAILED") => Settled::Yes,
        Some(status) => Settled::NotYet(status.to_owned()),
    })
}
