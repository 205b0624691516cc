//! Elastic Load Balancing v2 over the query protocol: the health of targets, and no more.

use super::input::required;
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use serde_json::Value;

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::look("DescribeTargetHealth", "elasticloadbalancing:DescribeTargetHealth", Plane::Control)];

pub(super) fn perform(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let arn = required(input, "TargetGroupArn", "ValidationError")?;
    let group = world
        .target_groups
        .iter()
        .find(|t| t.account == context.account && t.region == context.region && t.arn() == arn)
        .ok_or_else(|| Refusal::new("TargetGroupNotFound", "One or more target groups not found"))?;
    let (registered, healthy) = world.targets(group, context.now.virtual_ms);
    // The sick come after the healthy, and what is still being looked over after them.
    let sick = group.sick.min(registered - healthy);
    let body = Xml::document("DescribeTargetHealthResponse", namespace(Service::ElbV2), |xml| {
        xml.element("DescribeTargetHealthResult", |xml| {
            xml.element("TargetHealthDescriptions", |xml| {
                for number in 0..registered {
                    let (state, reason) = match number {
                        n if n < healthy => ("healthy", None),
                        n if n < healthy + sick => (
                            "unhealthy",
                            Some((
                                "Target.ResponseCodeMismatch",
                                "Health checks failed with these codes: [503]",
                            )),
                        ),
                        _ => (
                            "initial",
                            Some(("Elb.InitialHealthChecking", "Initial health checks in progress")),
                        ),
                    };
                    xml.element("member", |xml| {
                        xml.element("Target", |xml| {
                            xml.text("Id", format!("10.0.0.{}", number % 250 + 4));
                            xml.text("Port", 8080);
                        });
                        xml.text("HealthCheckPort", 8080);
                        xml.element("TargetHealth", |xml| {
                            xml.text("State", state);
                            xml.maybe("Reason", reason.map(|r| r.0));
                            xml.maybe("Description", reason.map(|r| r.1));
                        });
                    });
                }
            });
        });
    });
    Ok(Reply::look(body))
}
