//! What load balancers say of the targets behind a group or a service.

use crate::clients::Caller;
use crate::settings::Service;
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;
use futures::future::try_join_all;
use holdfast_cloud::Error;
use holdfast_domain::facts::TargetHealth;

pub(crate) const DESCRIBE: &str = "elasticloadbalancing:DescribeTargetHealth";

/// `None` where there is no target group to ask. Of several the one with the fewest healthy targets speaks.
pub(crate) async fn of(
    caller: &Caller,
    region: &str,
    target_groups: &[String],
) -> Result<Option<TargetHealth>, Error> {
    let all = try_join_all(target_groups.iter().map(|arn| of_one(caller, region, arn))).await?;
    Ok(all.into_iter().min_by_key(|health| health.healthy))
}

async fn of_one(caller: &Caller, region: &str, target_group: &str) -> Result<TargetHealth, Error> {
    let sent = caller.elbv2(region).describe_target_health().target_group_arn(target_group).send();
    let answer = caller.ask(Service::ElbV2, region, DESCRIBE, sent).await?;
    let mut health = TargetHealth::default();
    for described in answer.target_health_descriptions() {
        let found = described.target_health();
        match found.and_then(|found| found.state()) {
            Some(TargetHealthStateEnum::Healthy) => health.healthy += 1,
            Some(TargetHealthStateEnum::Unhealthy | TargetHealthStateEnum::UnhealthyDraining) => {
                health.unhealthy += 1;
                if health.reason.is_none() {
                    health.reason = found.and_then(|found| found.description()).map(str::to_owned);
                }
            }
            _ => health.other += 1,
        }
    }
    Ok(health)
}
