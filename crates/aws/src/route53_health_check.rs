//! Route 53 health checks: what they watch, what their checkers report, and setting them under their version.
//!
//! AWS does not mean `GetHealthCheckStatus` for frequent polling, so a check is asked once per look and its answer
//! stands for all Regions.

use crate::clients::Caller;
use crate::perform::answered;
use crate::registry::everywhere;
use crate::settings::{ROUTE53_REGION, Service};
use aws_sdk_route53::types::{self, HealthCheckType};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{Checkers, HealthCheck, Watched};
use holdfast_domain::resource::Route53HealthCheck;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;

const GET: &str = "route53:GetHealthCheck";
const STATUS: &str = "route53:GetHealthCheckStatus";

pub(crate) const LOOK: &[&str] = &[GET, STATUS];

pub(crate) const CHANGES: &[&str] = &["route53:UpdateHealthCheck"];

pub(crate) async fn look(caller: &Caller, spec: &Route53HealthCheck, regions: &[RegionCode]) -> Looked {
    match read(caller, &spec.health_check_id).await {
        Ok(check) => {
            regions.iter().map(|region| (region.clone(), Ok(Facts::HealthCheck(check.clone())))).collect()
        }
        Err(error) => everywhere(regions, &error),
    }
}

async fn read(caller: &Caller, id: &str) -> Result<HealthCheck, Error> {
    let client = caller.route53(ROUTE53_REGION);
    let sent = client.get_health_check().health_check_id(id).send();
    let answer = caller.ask(Service::Route53, ROUTE53_REGION, GET, sent).await?;
    let check = answer.health_check.ok_or_else(|| {
        caller.call(ROUTE53_REGION, GET).error(ErrorKind::Unreadable, "the answer holds no health check")
    })?;
    let config = check.health_check_config().ok_or_else(|| {
        caller.call(ROUTE53_REGION, GET).error(ErrorKind::Unreadable, "the health check has no configuration")
    })?;
    Ok(HealthCheck {
        id: id.to_owned(),
        version: check.health_check_version(),
        watches: watched(config)
            .map_err(|why| caller.call(ROUTE53_REGION, GET).error(ErrorKind::Unreadable, why))?,
        inverted: config.inverted().unwrap_or(false),
        disabled: config.disabled().unwrap_or(false),
        checkers: checkers(caller, &client, id).await?,
    })
}

fn watched(config: &types::HealthCheckConfig) -> Result<Watched, String> {
    match config.r#type() {
        HealthCheckType::Calculated => Ok(Watched::Calculated {
            children: config.child_health_checks().to_vec(),
            // Of none of its children it would count as healthy whatever they say.
            threshold: config
                .health_threshold()
                .and_then(|threshold| u32::try_from(threshold).ok())
                .ok_or("the health check does not say how many of its children must be healthy")?,
        }),
        HealthCheckType::CloudwatchMetric => {
            let alarm = config.alarm_identifier().ok_or("the health check names no alarm")?;
            Ok(Watched::Alarm {
                region: alarm.region().as_str().to_owned(),
                name: alarm.name().to_owned(),
                // Route 53's own default (API reference, `InsufficientDataHealthStatus`).
                insufficient_data: config
                    .insufficient_data_health_status()
                    .map_or("LastKnownStatus", |status| status.as_str())
                    .to_owned(),
            })
        }
        HealthCheckType::RecoveryControl => {
            let arn = config.routing_control_arn().ok_or("the health check names no routing control")?;
            Ok(Watched::RoutingControl { arn: arn.to_owned() })
        }
        HealthCheckType::Http
        | HealthCheckType::Https
        | HealthCheckType::HttpStrMatch
        | HealthCheckType::HttpsStrMatch
        | HealthCheckType::Tcp => {
            let name = config.fully_qualified_domain_name().or(config.ip_address());
            Ok(Watched::Endpoint {
                address: name.ok_or("the health check names no endpoint")?.to_owned(),
                path: config.resource_path().map(str::to_owned),
            })
        }
        other => Err(format!("what a health check of the type {} watches is not known", other.as_str())),
    }
}

/// `None`: Route 53 answered, and no checker reports.
async fn checkers(
    caller: &Caller,
    client: &aws_sdk_route53::Client,
    id: &str,
) -> Result<Option<Checkers>, Error> {
    let sent = client.get_health_check_status().health_check_id(id).send();
    let answer = match caller.ask(Service::Route53, ROUTE53_REGION, STATUS, sent).await {
        Ok(answer) => answer,
        // Kinds without checkers of their own may be refused.
        Err(error) if error.kind == ErrorKind::Invalid => return Ok(None),
        Err(error) => return Err(error),
    };
    let said = answer.health_check_observations();
    // A checker that does not say what it saw saw nothing well: left out, it would make the share of the others larger.
    let well = |one: &&types::HealthCheckObservation| {
        one.status_report()
            .and_then(|report| report.status())
            .is_some_and(|status| status.starts_with("Success"))
    };
    let healthy = said.iter().filter(well).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok((!said.is_empty()).then(|| Checkers { healthy: count(healthy), all: count(said.len()) }))
}

pub(crate) async fn set(
    caller: &Caller,
    action: &'static str,
    health_check_id: &str,
    version: i64,
    inverted: bool,
    disabled: bool,
) -> Result<Answer, Error> {
    let sent = caller
        .route53(ROUTE53_REGION)
        .update_health_check()
        .health_check_id(health_check_id)
        .health_check_version(version)
        .inverted(inverted)
        .disabled(disabled)
        .send();
    let answer = caller.ask(Service::Route53, ROUTE53_REGION, action, sent).await?;
    answered(action, ROUTE53_REGION, &answer, None)
}
