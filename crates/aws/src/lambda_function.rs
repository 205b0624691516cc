//! Lambda functions: one of the same name in each Region, its concurrency, and what brings it events.

use crate::clients::Caller;
use crate::failure::Call;
use crate::pages::Pages;
use crate::perform::answered;
use crate::reading::count;
use crate::regional::{in_each, not_named};
use crate::settings::Service;
use aws_sdk_lambda::types::ProvisionedConcurrencyConfigListItem;
use futures::future::try_join_all;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{EventSourceMapping, LambdaFunctionFacts, ProvisionedConcurrency};
use holdfast_domain::resource::LambdaFunction;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;

const CONFIGURATION: &str = "lambda:GetFunctionConfiguration";
const CONCURRENCY: &str = "lambda:GetFunctionConcurrency";
const PROVISIONED: &str = "lambda:ListProvisionedConcurrencyConfigs";
const MAPPINGS: &str = "lambda:ListEventSourceMappings";
const MAPPING: &str = "lambda:GetEventSourceMapping";

pub(crate) const LOOK: &[&str] = &[CONFIGURATION, CONCURRENCY, PROVISIONED, MAPPINGS, MAPPING];

pub(crate) const CHANGES: &[&str] = &[
    "lambda:DeleteFunctionConcurrency",
    "lambda:PutFunctionConcurrency",
    "lambda:PutProvisionedConcurrencyConfig",
    "lambda:UpdateEventSourceMapping",
];

pub(crate) async fn look(caller: &Caller, spec: &LambdaFunction, regions: &[RegionCode]) -> Looked {
    in_each(regions, |region| look_in(caller, spec, region)).await
}

async fn look_in(caller: &Caller, spec: &LambdaFunction, region: &RegionCode) -> Result<Facts, Error> {
    let Some(place) = spec.per_region.get(region) else {
        return Err(not_named(caller, region, CONFIGURATION, "function"));
    };
    let (region, name) = (region.as_str(), spec.function.as_str());
    let (state, reserved, provisioned, mappings) = tokio::try_join!(
        state(caller, region, name),
        reserved(caller, region, name),
        provisioned(caller, region, name),
        mappings(caller, region, name, &place.event_source_mappings),
    )?;
    Ok(Facts::LambdaFunction(LambdaFunctionFacts { state, reserved, provisioned, mappings }))
}

async fn state(caller: &Caller, region: &str, name: &str) -> Result<String, Error> {
    let sent = caller.lambda(region).get_function_configuration().function_name(name).send();
    let answer = caller.ask(Service::Lambda, region, CONFIGURATION, sent).await?;
    Ok(answer.state().map_or("Unknown", |s| s.as_str()).to_owned())
}

async fn reserved(caller: &Caller, region: &str, name: &str) -> Result<Option<u32>, Error> {
    let sent = caller.lambda(region).get_function_concurrency().function_name(name).send();
    let answer = caller.ask(Service::Lambda, region, CONCURRENCY, sent).await?;
    let call = caller.call(region, CONCURRENCY);
    // Zero stops the function, and is not made of what is no count.
    let reserved = answer.reserved_concurrent_executions();
    reserved.map(|number| count(&call, "ReservedConcurrentExecutions", Some(number))).transpose()
}

async fn provisioned(
    caller: &Caller,
    region: &str,
    name: &str,
) -> Result<Vec<ProvisionedConcurrency>, Error> {
    let mut all = Vec::new();
    let mut pages = Pages::default();
    loop {
        let sent = caller
            .lambda(region)
            .list_provisioned_concurrency_configs()
            .function_name(name)
            .set_marker(pages.token())
            .send();
        let page = match caller.ask(Service::Lambda, region, PROVISIONED, sent).await {
            Ok(page) => page,
            // That a function has none may be said so, too; that there is no function, its state says.
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(all),
            Err(error) => return Err(error),
        };
        for config in page.provisioned_concurrency_configs() {
            all.push(provisioned_one(&caller.call(region, PROVISIONED), config)?);
        }
        if !pages.go_on(&caller.call(region, PROVISIONED), page.next_marker)? {
            return Ok(all);
        }
    }
}

fn provisioned_one(
    call: &Call,
    config: &ProvisionedConcurrencyConfigListItem,
) -> Result<ProvisionedConcurrency, Error> {
    let requested = config.requested_provisioned_concurrent_executions();
    let available = config.available_provisioned_concurrent_executions();
    let arn = config
        .function_arn()
        .ok_or_else(|| call.error(ErrorKind::Unreadable, "whose concurrency is provisioned is not told"))?;
    Ok(ProvisionedConcurrency {
        // …:function:NAME:QUALIFIER
        qualifier: arn.rsplit(':').next().unwrap_or(arn).to_owned(),
        requested: count(call, "RequestedProvisionedConcurrentExecutions", requested)?,
        available: count(call, "AvailableProvisionedConcurrentExecutions", Some(available.unwrap_or(0)))?,
        status: config.status().map_or("UNKNOWN", |s| s.as_str()).to_owned(),
    })
}

/// Those of the function itself, and of the listed ones also those of its aliases and versions, which Lambda does not
/// list with them.
async fn mappings(
    caller: &Caller,
    region: &str,
    name: &str,
    listed: &[String],
) -> Result<Vec<EventSourceMapping>, Error> {
    let mut all = of_the_function(caller, region, name).await?;
    let others = listed.iter().filter(|uuid| !all.iter().any(|m| m.uuid == **uuid));
    let others = try_join_all(others.map(|uuid| of_an_alias(caller, region, name, uuid))).await?;
    all.extend(others.into_iter().flatten());
    Ok(all)
}

async fn of_an_alias(
    caller: &Caller,
    region: &str,
    name: &str,
    uuid: &str,
) -> Result<Option<EventSourceMapping>, Error> {
    let sent = caller.lambda(region).get_event_source_mapping().uuid(uuid).send();
    let found = match caller.ask(Service::Lambda, region, MAPPING, sent).await {
        Ok(found) => found,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // One of another function is none of this one's.
    let own = found.function_arn().is_some_and(|arn| name_in(arn) == name_in(name));
    if !own {
        return Ok(None);
    }
    let source = found.event_source_arn().map(str::to_owned);
    mapping(&caller.call(region, MAPPING), Some(uuid), source, found.state()).map(Some)
}

/// One that is not told whole may bring events, and is not passed over; nor is a state taken for off that has no name here.
fn mapping(
    call: &Call,
    uuid: Option<&str>,
    source: Option<String>,
    state: Option<&str>,
) -> Result<EventSourceMapping, Error> {
    const STATES: [&str; 7] =
        ["Creating", "Deleting", "Disabled", "Disabling", "Enabled", "Enabling", "Updating"];
    match (uuid, state.filter(|state| STATES.contains(state))) {
        (Some(uuid), Some(state)) => {
            Ok(EventSourceMapping { uuid: uuid.to_owned(), source, state: state.to_owned() })
        }
        _ => Err(call.error(
            ErrorKind::Unreadable,
            format!(
                "whether the event source mapping {} is on is not told: its state is {}",
                uuid.unwrap_or("without a name"),
                state.unwrap_or("absent")
            ),
        )),
    }
}

/// Out of …:function:NAME or …:function:NAME:ALIAS, or of what is a name already.
fn name_in(arn: &str) -> &str {
    let name = arn.split_once(":function:").map_or(arn, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}

async fn of_the_function(
    caller: &Caller,
    region: &str,
    name: &str,
) -> Result<Vec<EventSourceMapping>, Error> {
    let mut all = Vec::new();
    let mut pages = Pages::default();
    loop {
        let sent = caller
            .lambda(region)
            .list_event_source_mappings()
            .function_name(name)
            .set_marker(pages.token())
            .send();
        let page = caller.ask(Service::Lambda, region, MAPPINGS, sent).await?;
        for found in page.event_source_mappings() {
            let source = found.event_source_arn().map(str::to_owned);
            all.push(mapping(&caller.call(region, MAPPINGS), found.uuid(), source, found.state())?);
        }
        if !pages.go_on(&caller.call(region, MAPPINGS), page.next_marker)? {
            return Ok(all);
        }
    }
}

fn wire(caller: &Caller, region: &str, action: &'static str, number: u32) -> Result<i32, Error> {
    i32::try_from(number).map_err(|_| {
        let message = format!("{number} executions are more than Lambda can count");
        caller.call(region, action).error(ErrorKind::Invalid, message)
    })
}

pub(crate) async fn set_concurrency(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    function: &str,
    reserved: Option<u32>,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let client = caller.lambda(region);
    match reserved {
        Some(count) => {
            let count = wire(caller, region, action, count)?;
            let sent = client
                .put_function_concurrency()
                .function_name(function)
                .reserved_concurrent_executions(count)
                .send();
            answered(action, region, &caller.ask(Service::Lambda, region, action, sent).await?, None)
        }
        None => {
            let sent = client.delete_function_concurrency().function_name(function).send();
            answered(action, region, &caller.ask(Service::Lambda, region, action, sent).await?, None)
        }
    }
}

pub(crate) async fn set_provisioned(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    function: &str,
    qualifier: &str,
    provisioned: u32,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let provisioned = wire(caller, region, action, provisioned)?;
    let sent = caller
        .lambda(region)
        .put_provisioned_concurrency_config()
        .function_name(function)
        .qualifier(qualifier)
        .provisioned_concurrent_executions(provisioned)
        .send();
    answered(action, region, &caller.ask(Service::Lambda, region, action, sent).await?, None)
}

pub(crate) async fn set_event_source(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    mapping: &str,
    enabled: bool,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller.lambda(region).update_event_source_mapping().uuid(mapping).enabled(enabled).send();
    answered(action, region, &caller.ask(Service::Lambda, region, action, sent).await?, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_off_only_where_aws_says_so() {
        let call =
            Call { account: String::new(), region: String::new(), operation: MAPPINGS, changing: false };
        let state = |uuid, state| mapping(&call, uuid, None, state).map(|mapping| mapping.is_on());
        assert_eq!(state(Some("a"), Some("Disabled")).ok(), Some(false));
        assert_eq!(state(Some("a"), Some("Enabling")).ok(), Some(true));
        for (uuid, unknown) in [(Some("a"), None), (Some("a"), Some("Dozing")), (None, Some("Disabled"))] {
            assert_eq!(state(uuid, unknown).unwrap_err().kind, ErrorKind::Unreadable);
        }
    }
}
