//! ECS services: one in each Region, each asked in its own.

use crate::clients::Caller;
use crate::perform::answered;
use crate::settings::Service;
use aws_sdk_ecs::types;
use futures::future::join_all;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::EcsServiceFacts;
use holdfast_domain::resource::{EcsPlace, EcsService};
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;

const DESCRIBE: &str = "ecs:DescribeServices";

pub(crate) const LOOK: &[&str] = &[DESCRIBE];

pub(crate) async fn look(caller: &Caller, spec: &EcsService, regions: &[RegionCode]) -> Looked {
    join_all(
        regions.iter().map(|region| async move { (region.clone(), look_in(caller, spec, region).await) }),
    )
    .await
    .into_iter()
    .collect()
}

async fn look_in(caller: &Caller, spec: &EcsService, region: &RegionCode) -> Result<Facts, Error> {
    let Some(EcsPlace { cluster, service, .. }) = spec.per_region.get(region) else {
        return Err(caller.call(region.as_str(), DESCRIBE).error(
            ErrorKind::Invalid,
            format!("the inventory names no service in {region}: add it under per_region"),
        ));
    };
    let sent = caller.ecs(region.as_str()).describe_services().cluster(cluster).services(service).send();
    let answer = caller.ask(Service::Ecs, region.as_str(), DESCRIBE, sent).await?;
    match answer.services().first() {
        Some(found) => Ok(Facts::EcsService(facts(found))),
        None => {
            let reason =
                answer.failures().first().and_then(types::Failure::reason).unwrap_or("no reason given");
            Err(caller
                .call(region.as_str(), DESCRIBE)
                .error(ErrorKind::NotFound, format!("no service {service} in cluster {cluster}: {reason}")))
        }
    }
}

fn facts(service: &types::Service) -> EcsServiceFacts {
    let primary = service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
    EcsServiceFacts {
        desired: count(service.desired_count()),
        running: count(service.running_count()),
        pending: count(service.pending_count()),
        rollout: primary.and_then(types::Deployment::rollout_state).map(|state| state.as_str().to_owned()),
        status: service.status().unwrap_or("UNKNOWN").to_owned(),
    }
}

/// AWS's counts are signed in the wire format only.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

pub(crate) async fn set_desired_count(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    cluster: &str,
    service: &str,
    desired: u32,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let Ok(desired) = i32::try_from(desired) else {
        return Err(caller
            .call(region, action)
            .error(ErrorKind::Invalid, format!("{desired} is more tasks than ECS can count")));
    };
    let sent =
        caller.ecs(region).update_service().cluster(cluster).service(service).desired_count(desired).send();
    answered(action, region, &caller.ask(Service::Ecs, region, action, sent).await?, None)
}
