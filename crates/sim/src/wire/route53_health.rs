//! Route 53 health checks over REST-XML: what they are, what each checker sees, and changing them under their
//! version.

use super::input::{flag, integer, required};
use super::render::namespace;
use super::route53::document;
use super::service::Service;
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::health::{HealthCheck, HealthCheckUpdate, Watch};
use serde_json::Value;

/// Some of the places that Route 53 looks from.
const CHECKERS: [&str; 3] = ["us-west-1", "eu-west-1", "sa-east-1"];

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    if operation == "ListHealthChecks" {
        return Ok(list(world, context));
    }
    let id = required(input, "HealthCheckId", "InvalidInput")?;
    let at = world.health_checks.iter().position(|h| h.id == id && h.account == context.account).ok_or_else(
        || {
            Refusal::new("NoSuchHealthCheck", format!("A health check with id {id} does not exist."))
                .with_status(404)
        },
    )?;
    if operation == "UpdateHealthCheck" {
        let update = HealthCheckUpdate {
            version: integer(input, "HealthCheckVersion").and_then(|v| u64::try_from(v).ok()),
            inverted: flag(input, "Inverted"),
            disabled: flag(input, "Disabled"),
        };
        let changed = world.health_checks.get_mut(at).map_or(Ok(false), |check| check.update(update))?;
        let body = Xml::document("UpdateHealthCheckResponse", namespace(Service::Route53), |xml| {
            for found in world.health_checks.iter().filter(|h| h.id == id) {
                xml.element("HealthCheck", |xml| health_check(xml, found));
            }
        });
        return Ok(Reply::did(changed, body));
    }
    let Some(found) = world.health_checks.get(at) else { return Ok(list(world, context)) };
    Ok(match operation {
        "GetHealthCheck" => document("GetHealthCheckResponse", |xml| {
            xml.element("HealthCheck", |xml| health_check(xml, found));
        }),
        _ => status(world, context, found),
    })
}

fn list(world: &World, context: &Context<'_>) -> Reply {
    document("ListHealthChecksResponse", |xml| {
        xml.element("HealthChecks", |xml| {
            for found in world.health_checks.iter().filter(|h| h.account == context.account) {
                xml.element("HealthCheck", |xml| health_check(xml, found));
            }
        });
        xml.text("Marker", "");
        xml.text("IsTruncated", false);
        xml.text("MaxItems", 100);
    })
}

/// What the checkers see: the raw answer, before inverting and disabling are applied.
fn status(world: &World, context: &Context<'_>, found: &HealthCheck) -> Reply {
    let healthy = world.seen_healthy(found, context.now);
    let said = match (&found.watches, healthy) {
        (Watch::Endpoint | Watch::Object { .. }, true) => "Success: HTTP Status Code 200, OK",
        (Watch::Object { .. }, false) => "Failure: HTTP Status Code 404, Not Found.",
        (Watch::Endpoint, false) => {
            "Failure: Connection timed out. The endpoint or the internet connection is down."
        }
        (_, true) => "Success: what the health check watches is healthy.",
        (_, false) => "Failure: what the health check watches is not healthy.",
    };
    document("GetHealthCheckStatusResponse", |xml| {
        xml.element("HealthCheckObservations", |xml| {
            for checker in CHECKERS {
                xml.element("HealthCheckObservation", |xml| {
                    xml.text("Region", checker);
                    xml.text("IPAddress", "192.0.2.53");
                    xml.element("StatusReport", |xml| {
                        xml.text("Status", said);
                        xml.text("CheckedTime", context.now.wall(context.now.virtual_ms));
                    });
                });
            }
        });
    })
}

fn health_check(xml: &mut Xml, check: &HealthCheck) {
    xml.text("Id", &check.id);
    xml.text("CallerReference", &check.id);
    xml.element("HealthCheckConfig", |xml| {
        match &check.watches {
            Watch::Endpoint => {
                xml.text("Port", 443);
                xml.text("Type", "HTTPS");
                xml.text("ResourcePath", &check.path);
                xml.text("FullyQualifiedDomainName", &check.domain);
                xml.text("RequestInterval", 30);
                xml.text("FailureThreshold", 3);
            }
            Watch::Object { key, search, .. } => {
                xml.text("Port", 443);
                xml.text("Type", if search.is_some() { "HTTPS_STR_MATCH" } else { "HTTPS" });
                xml.text("ResourcePath", format!("/{key}"));
                xml.text("FullyQualifiedDomainName", &check.domain);
                if let Some(search) = search {
                    xml.text("SearchString", search);
                }
                xml.text("RequestInterval", 30);
                xml.text("FailureThreshold", 3);
            }
            Watch::Calculated { children, threshold } => {
                xml.text("Type", "CALCULATED");
                xml.text("HealthThreshold", threshold);
                xml.element("ChildHealthChecks", |xml| {
                    for child in children {
                        xml.text("ChildHealthCheck", child);
                    }
                });
            }
            Watch::Alarm { region, name, insufficient, .. } => {
                xml.text("Type", "CLOUDWATCH_METRIC");
                xml.element("AlarmIdentifier", |xml| {
                    xml.text("Region", region);
                    xml.text("Name", name);
                });
                xml.text("InsufficientDataHealthStatus", insufficient);
            }
            Watch::RoutingControl { arn } => {
                xml.text("Type", "RECOVERY_CONTROL");
                xml.text("RoutingControlArn", arn);
            }
        }
        xml.text("Inverted", check.inverted);
        xml.text("Disabled", check.disabled);
    });
    xml.text("HealthCheckVersion", check.version);
}
