//! ECS services: one in each Region, each asked in its own, with what stands beside its count: the bounds that
//! Application Auto Scaling keeps it within, the health of its targets, the images it runs. Services of one cluster that
//! are asked at once are asked together, and so are the bounds of all of a Region.

use crate::batch::{Batches, Place, distinct, together as asked_together};
use crate::clients::Caller;
use crate::failure::Call;
use crate::perform::answered;
use crate::reading::{beside, count};
use crate::regional::{in_each, not_named};
use crate::settings::Service;
use crate::target_health;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{Beside, EcsServiceFacts, ScalingBounds};
use holdfast_domain::resource::{EcsPlace, EcsService};
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const DESCRIBE: &str = "ecs:DescribeServices";
const TASK_DEFINITION: &str = "ecs:DescribeTaskDefinition";
const SCALABLE_TARGETS: &str = "application-autoscaling:DescribeScalableTargets";

pub(crate) const LOOK: &[&str] = &[DESCRIBE, TASK_DEFINITION, SCALABLE_TARGETS, target_health::DESCRIBE];

pub(crate) const CHANGES: &[&str] = &["application-autoscaling:RegisterScalableTarget", "ecs:UpdateService"];

/// The images that task definitions name, by ARN. A revision never changes, so it is asked for once.
#[derive(Debug, Default)]
pub(crate) struct TaskDefinitions(Mutex<HashMap<String, Vec<String>>>);

/// A revision lives as long as its rollout is the newest; far more than run at any time.
const KEPT_DEFINITIONS: usize = 10_000;

impl TaskDefinitions {
    fn get(&self, arn: &str) -> Option<Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(arn).cloned()
    }

    fn keep(&self, arn: &str, images: Vec<String>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_DEFINITIONS {
            kept.clear();
        }
        kept.insert(arn.to_owned(), images);
    }
}

pub(crate) async fn look(caller: &Caller, spec: &EcsService, regions: &[RegionCode]) -> Looked {
    in_each(regions, |region| look_in(caller, spec, region)).await
}

async fn look_in(caller: &Caller, spec: &EcsService, region: &RegionCode) -> Result<Facts, Error> {
    let Some(EcsPlace { cluster, service, .. }) = spec.per_region.get(region) else {
        return Err(not_named(caller, region, DESCRIBE, "service"));
    };
    let region = region.as_str();
    let (found, scaling) =
        tokio::join!(describe(caller, region, cluster, service), bounds(caller, region, cluster, service));
    let found = found?;
    let target_groups: Vec<String> =
        found.load_balancers().iter().filter_map(|b| b.target_group_arn().map(str::to_owned)).collect();
    let (targets, images) = tokio::join!(
        target_health::of(caller, region, &target_groups),
        images(caller, region, found.task_definition()),
    );
    let mut facts = facts(&caller.call(region, DESCRIBE), &found)?;
    let unread = &mut facts.unread;
    facts.scaling = beside(Beside::ScalingBounds, scaling, unread).flatten();
    facts.targets = beside(Beside::TargetHealth, targets, unread).flatten();
    facts.images = beside(Beside::Images, images, unread).unwrap_or_default();
    Ok(Facts::EcsService(facts))
}

async fn describe(
    caller: &Caller,
    region: &str,
    cluster: &str,
    service: &str,
) -> Result<types::Service, Error> {
    let key = (caller.credentials.access_key_id().to_owned(), region.to_owned(), cluster.to_owned());
    let (asker, place, of) = (caller.clone(), region.to_owned(), cluster.to_owned());
    let together = move |services: Vec<String>| async move { together(&asker, &place, &of, services).await };
    let call = || caller.call(region, DESCRIBE);
    let _waiting = caller.waits_for_another(Service::Ecs);
    match caller.traffic.ecs_services.ask(key, service.to_owned(), together).await {
        Some(Ok(Ok(found))) => Ok(found),
        Some(Ok(Err((kind, reason)))) => {
            let what = if kind == ErrorKind::NotFound { "no" } else { "nothing was told of" };
            Err(call().error(kind, format!("{what} service {service} in cluster {cluster}: {reason}")))
        }
        Some(Err(error)) => Err(error),
        None => Err(call().error(ErrorKind::Unreadable, "the question was lost before it was answered")),
    }
}

/// By session, Region and cluster.
pub(crate) type ServiceBatches = Batches<(String, String, String), String, Described>;
/// A service, or why AWS told none of that name: whether it is not there, and AWS's word.
type Described = Result<types::Service, (ErrorKind, String)>;
/// As many services as one DescribeServices takes.
pub(crate) const SERVICES_AT_ONCE: usize = 10;

async fn together(
    caller: &Caller,
    region: &str,
    cluster: &str,
    services: Vec<String>,
) -> Result<Vec<Described>, Error> {
    let sent =
        caller.ecs(region).describe_services().cluster(cluster).set_services(Some(services.clone())).send();
    let answer = caller.ask(Service::Ecs, region, DESCRIBE, sent).await?;
    Ok(services.iter().map(|asked| described(&answer, asked)).collect())
}

/// What the answer says of one of the services that were asked about. Only one that AWS says is missing is not there.
fn described(answer: &DescribeServicesOutput, asked: &str) -> Described {
    let name = asked.rsplit('/').next();
    if let Some(found) = answer.services().iter().find(|found| found.service_name() == name) {
        return Ok(found.clone());
    }
    let failure = answer
        .failures()
        .iter()
        .find(|failure| failure.arn().is_some_and(|arn| arn == asked || arn.rsplit('/').next() == name));
    let reason = failure.and_then(types::Failure::reason);
    let kind = if reason == Some("MISSING") { ErrorKind::NotFound } else { ErrorKind::Unreadable };
    Err((kind, reason.unwrap_or("no reason given").to_owned()))
}

fn facts(call: &Call, service: &types::Service) -> Result<EcsServiceFacts, Error> {
    let primary = service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
    Ok(EcsServiceFacts {
        desired: count(call, "desiredCount", Some(service.desired_count()))?,
        running: count(call, "runningCount", Some(service.running_count()))?,
        pending: count(call, "pendingCount", Some(service.pending_count()))?,
        rollout: primary.and_then(types::Deployment::rollout_state).map(|state| state.as_str().to_owned()),
        status: service.status().unwrap_or("UNKNOWN").to_owned(),
        ..EcsServiceFacts::default()
    })
}

/// Names given as ARNs stand for their last part here: Application Auto Scaling takes no ARN.
fn scalable(cluster: &str, service: &str) -> String {
    let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    format!("service/{}/{}", last(cluster), last(service))
}

/// By session and Region: a service as [`scalable`] names it, and its bounds where it has any.
pub(crate) type ScalableBatches = Batches<Place, String, Option<ScalingBounds>>;
/// As many targets as one page of DescribeScalableTargets holds.
pub(crate) const TARGETS_AT_ONCE: usize = 50;

async fn bounds(
    caller: &Caller,
    region: &str,
    cluster: &str,
    service: &str,
) -> Result<Option<ScalingBounds>, Error> {
    let place = region.to_owned();
    let call = move |caller: Caller, ids: Vec<String>| async move { all_bounds(&caller, &place, ids).await };
    let (batches, asker) = (&caller.traffic.scalable_targets, (caller, Service::ApplicationAutoScaling));
    asked_together(batches, asker, (region, SCALABLE_TARGETS), scalable(cluster, service), call).await
}

/// Of each id its bounds, in their order.
async fn all_bounds(
    caller: &Caller,
    region: &str,
    ids: Vec<String>,
) -> Result<Vec<Option<ScalingBounds>>, Error> {
    let sent = caller
        .application_autoscaling(region)
        .describe_scalable_targets()
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .set_resource_ids(Some(distinct(&ids)))
        .send();
    let answer = caller.ask(Service::ApplicationAutoScaling, region, SCALABLE_TARGETS, sent).await?;
    let call = caller.call(region, SCALABLE_TARGETS);
    let of = |id: &String| -> Result<Option<ScalingBounds>, Error> {
        let target = answer.scalable_targets().iter().find(|target| target.resource_id() == id);
        let bounds = target.map(|target| -> Result<ScalingBounds, Error> {
            let (min, max) = (Some(target.min_capacity()), Some(target.max_capacity()));
            Ok(ScalingBounds {
                min: count(&call, "MinCapacity", min)?,
                max: count(&call, "MaxCapacity", max)?,
            })
        });
        bounds.transpose()
    };
    ids.iter().map(of).collect()
}

async fn images(caller: &Caller, region: &str, definition: Option<&str>) -> Result<Vec<String>, Error> {
    let Some(arn) = definition else { return Ok(Vec::new()) };
    if let Some(images) = caller.task_definitions.get(arn) {
        return Ok(images);
    }
    let sent = caller.ecs(region).describe_task_definition().task_definition(arn).send();
    let answer = caller.ask(Service::Ecs, region, TASK_DEFINITION, sent).await?;
    let images: Vec<String> = answer
        .task_definition()
        .map(types::TaskDefinition::container_definitions)
        .unwrap_or_default()
        .iter()
        .filter_map(|container| container.image().map(str::to_owned))
        .collect();
    caller.task_definitions.keep(arn, images.clone());
    Ok(images)
}

fn wire_count(caller: &Caller, region: &str, action: &'static str, number: u32) -> Result<i32, Error> {
    i32::try_from(number).map_err(|_| {
        caller
            .call(region, action)
            .error(ErrorKind::Invalid, format!("{number} is more tasks than ECS can count"))
    })
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
    let desired = wire_count(caller, region, action, desired)?;
    let sent =
        caller.ecs(region).update_service().cluster(cluster).service(service).desired_count(desired).send();
    answered(action, region, &caller.ask(Service::Ecs, region, action, sent).await?, None)
}

pub(crate) async fn set_scaling_bounds(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    cluster: &str,
    service: &str,
    bounds: ScalingBounds,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller
        .application_autoscaling(region)
        .register_scalable_target()
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id(scalable(cluster, service))
        .min_capacity(wire_count(caller, region, action, bounds.min)?)
        .max_capacity(wire_count(caller, region, action, bounds.max)?)
        .send();
    let answer = caller.ask(Service::ApplicationAutoScaling, region, action, sent).await?;
    answered(action, region, &answer, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_service_that_aws_calls_missing_is_not_there() {
        let arn = |name: &str| format!("arn:aws:ecs:eu-central-1:222222222222:service/shop/{name}");
        let failure = |name: &str, reason| types::Failure::builder().arn(arn(name)).reason(reason).build();
        let answer = DescribeServicesOutput::builder()
            .services(types::Service::builder().service_name("web").build())
            .failures(failure("gone", "MISSING"))
            .failures(failure("other", "ACCESS_DENIED"))
            .build();
        let kind = |name: &str| described(&answer, name).map(|_| ()).map_err(|(kind, _)| kind);
        assert_eq!(kind("web"), Ok(()));
        assert_eq!(kind(&arn("web")), Ok(()));
        assert_eq!(kind("gone"), Err(ErrorKind::NotFound));
        assert_eq!(kind("other"), Err(ErrorKind::Unreadable));
        assert_eq!(kind("never-mentioned"), Err(ErrorKind::Unreadable));
    }
}
