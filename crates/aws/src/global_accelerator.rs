//! Global Accelerator: the endpoint group of each Region. Its one control plane is in us-west-2.

use crate::clients::Caller;
use crate::pages::Pages;
use crate::perform::answered;
use crate::registry::everywhere;
use crate::settings::{GLOBAL_ACCELERATOR_REGION, Service};
use aws_sdk_globalaccelerator::Client;
use aws_sdk_globalaccelerator::types::EndpointConfiguration;
use aws_sdk_globalaccelerator::types::EndpointGroup;
use futures::future::try_join_all;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{AcceleratorEndpoint, AcceleratorGroup};
use holdfast_domain::resource::GlobalAccelerator;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;

const DESCRIBE: &str = "globalaccelerator:DescribeAccelerator";
const LISTENERS: &str = "globalaccelerator:ListListeners";
const GROUPS: &str = "globalaccelerator:ListEndpointGroups";

pub(crate) const LOOK: &[&str] = &[DESCRIBE, LISTENERS, GROUPS];

pub(crate) const CHANGES: &[&str] = &["globalaccelerator:UpdateEndpointGroup"];

pub(crate) async fn look(caller: &Caller, spec: &GlobalAccelerator, regions: &[RegionCode]) -> Looked {
    let client = caller.global_accelerator(GLOBAL_ACCELERATOR_REGION);
    match tokio::try_join!(
        status(caller, &client, &spec.accelerator_arn),
        groups(caller, &client, &spec.accelerator_arn)
    ) {
        Ok((status, groups)) => {
            regions.iter().map(|region| (region.clone(), fact(caller, &status, &groups, region))).collect()
        }
        Err(error) => everywhere(regions, &error),
    }
}

fn wrong(caller: &Caller, operation: &'static str, kind: ErrorKind, message: String) -> Error {
    caller.call(GLOBAL_ACCELERATOR_REGION, operation).error(kind, message)
}

async fn status(caller: &Caller, client: &Client, arn: &str) -> Result<String, Error> {
    let sent = client.describe_accelerator().accelerator_arn(arn).send();
    let answer = caller.ask(Service::GlobalAccelerator, GLOBAL_ACCELERATOR_REGION, DESCRIBE, sent).await?;
    let Some(accelerator) = answer.accelerator else {
        return Err(wrong(caller, DESCRIBE, ErrorKind::Unreadable, "the answer holds no accelerator".into()));
    };
    let Some(enabled) = accelerator.enabled() else {
        let message = "whether the accelerator is enabled is not told";
        return Err(wrong(caller, DESCRIBE, ErrorKind::Unreadable, message.into()));
    };
    if !enabled {
        let message =
            "the accelerator is disabled and routes nothing: enable it, or take it out of the inventory";
        return Err(wrong(caller, DESCRIBE, ErrorKind::Invalid, message.into()));
    }
    match accelerator.status() {
        Some(status) => Ok(status.as_str().to_owned()),
        None => Err(wrong(caller, DESCRIBE, ErrorKind::Unreadable, "the accelerator has no status".into())),
    }
}

async fn groups(caller: &Caller, client: &Client, arn: &str) -> Result<Vec<EndpointGroup>, Error> {
    let mut listeners = Vec::new();
    let mut pages = Pages::default();
    loop {
        let sent = client.list_listeners().accelerator_arn(arn).set_next_token(pages.token()).send();
        let page = caller.ask(Service::GlobalAccelerator, GLOBAL_ACCELERATOR_REGION, LISTENERS, sent).await?;
        listeners.extend(
            page.listeners.unwrap_or_default().into_iter().filter_map(|listener| listener.listener_arn),
        );
        if !pages.go_on(&caller.call(GLOBAL_ACCELERATOR_REGION, LISTENERS), page.next_token)? {
            break;
        }
    }
    // Always in the same order, whatever AWS's is.
    listeners.sort_unstable();
    let found = try_join_all(listeners.iter().map(|listener| groups_of(caller, client, listener))).await?;
    Ok(found.into_iter().flatten().collect())
}

async fn groups_of(caller: &Caller, client: &Client, listener: &str) -> Result<Vec<EndpointGroup>, Error> {
    let mut groups = Vec::new();
    let mut pages = Pages::default();
    loop {
        let sent = client.list_endpoint_groups().listener_arn(listener).set_next_token(pages.token()).send();
        let page = caller.ask(Service::GlobalAccelerator, GLOBAL_ACCELERATOR_REGION, GROUPS, sent).await?;
        groups.extend(page.endpoint_groups.unwrap_or_default());
        if !pages.go_on(&caller.call(GLOBAL_ACCELERATOR_REGION, GROUPS), page.next_token)? {
            return Ok(groups);
        }
    }
}

fn fact(
    caller: &Caller,
    status: &str,
    groups: &[EndpointGroup],
    region: &RegionCode,
) -> Result<Facts, Error> {
    let here = groups.iter().filter(|group| group.endpoint_group_region() == Some(region.as_str()));
    let mut here =
        here.map(|group| read(caller, status, group, region)).collect::<Result<Vec<_>, Error>>()?.into_iter();
    let Some(mut first) = here.next() else {
        return Err(wrong(
            caller,
            GROUPS,
            ErrorKind::NotFound,
            format!("no listener has an endpoint group in {region}"),
        ));
    };
    first.others.extend(here);
    Ok(Facts::AcceleratorGroup(first))
}

fn read(
    caller: &Caller,
    status: &str,
    group: &EndpointGroup,
    region: &RegionCode,
) -> Result<AcceleratorGroup, Error> {
    let unreadable = |what: &str| {
        wrong(caller, GROUPS, ErrorKind::Unreadable, format!("the endpoint group in {region} has no {what}"))
    };
    let endpoints = group
        .endpoint_descriptions()
        .iter()
        .map(|endpoint| {
            Ok(AcceleratorEndpoint {
                id: endpoint.endpoint_id().ok_or_else(|| unreadable("endpoint id"))?.to_owned(),
                weight: endpoint.weight().ok_or_else(|| unreadable("endpoint weight"))?,
                client_ip_preservation: endpoint.client_ip_preservation_enabled().unwrap_or(false),
                health: endpoint.health_state().map(|health| health.as_str().to_owned()),
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(AcceleratorGroup {
        endpoint_group_arn: group.endpoint_group_arn().ok_or_else(|| unreadable("ARN"))?.to_owned(),
        traffic_dial_percent: group
            .traffic_dial_percentage()
            .and_then(whole_percent)
            .ok_or_else(|| unreadable("traffic dial"))?,
        endpoints,
        accelerator_status: status.to_owned(),
        others: Vec::new(),
    })
}

/// Dials are fractions on the wire. A trickle is not shown as nothing.
fn whole_percent(dial: f32) -> Option<u8> {
    // The range is checked first, so the conversion loses the fraction only.
    (0.0..=100.0).contains(&dial).then(|| if dial > 0.0 { (dial.round() as u8).max(1) } else { 0 })
}

pub(crate) async fn set_group(
    caller: &Caller,
    action: &'static str,
    endpoint_group_arn: &str,
    traffic_dial_percent: u8,
    endpoints: &[AcceleratorEndpoint],
) -> Result<Answer, Error> {
    let sent = caller
        .global_accelerator(GLOBAL_ACCELERATOR_REGION)
        .update_endpoint_group()
        .endpoint_group_arn(endpoint_group_arn)
        .traffic_dial_percentage(f32::from(traffic_dial_percent))
        // AWS replaces the list by this one, so all endpoints are sent.
        .set_endpoint_configurations(Some(endpoints.iter().map(configuration).collect()))
        .send();
    let answer = caller.ask(Service::GlobalAccelerator, GLOBAL_ACCELERATOR_REGION, action, sent).await?;
    answered(action, GLOBAL_ACCELERATOR_REGION, &answer, None)
}

fn configuration(endpoint: &AcceleratorEndpoint) -> EndpointConfiguration {
    EndpointConfiguration::builder()
        .endpoint_id(&endpoint.id)
        .weight(endpoint.weight)
        .client_ip_preservation_enabled(endpoint.client_ip_preservation)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dial_is_read_to_the_percent_and_a_trickle_is_not_nothing() {
        assert_eq!(whole_percent(0.0), Some(0));
        assert_eq!(whole_percent(0.2), Some(1));
        assert_eq!(whole_percent(33.4), Some(33));
        assert_eq!(whole_percent(100.0), Some(100));
        assert_eq!(whole_percent(101.0), None);
        assert_eq!(whole_percent(f32::NAN), None);
    }
}
