//! S3 Control over REST-XML: Multi-Region Access Points and their routes. Routes are changed through any
//! of five Regions; the access points themselves are described in us-west-2 only.

use super::input::{integer, list, text};
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::traffic::{AccessPoint, RouteUpdate};
use http::Method;
use serde_json::{Map, Value};

const CONFIG: Plane = Plane::Global("us-west-2");

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetMultiRegionAccessPointRoutes", "s3:GetMultiRegionAccessPointRoutes", Plane::Data),
    Operation::change(
        "SubmitMultiRegionAccessPointRoutes",
        "s3:SubmitMultiRegionAccessPointRoutes",
        Plane::Data,
    ),
    Operation::look("GetMultiRegionAccessPoint", "s3:GetMultiRegionAccessPoint", CONFIG),
    Operation::look("ListMultiRegionAccessPoints", "s3:ListMultiRegionAccessPoints", CONFIG),
];

/// Amazon S3 user guide, "Multi-Region Access Point failover controls".
const ROUTE_REGIONS: [&str; 5] = ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"];

/// The path's id may hold slashes of its own (`arn:aws:s3::…:accesspoint/ALIAS`), encoded or not.
pub(super) fn route(method: &Method, path: &[&str]) -> Option<(&'static str, Map<String, Value>)> {
    let rest = path.strip_prefix(&["v20180820", "mrap", "instances"])?;
    let mut input = Map::new();
    let operation = match (method.as_str(), rest) {
        ("GET", []) => "ListMultiRegionAccessPoints",
        ("GET", [id @ .., "routes"]) if !id.is_empty() => {
            input.insert("Mrap".to_owned(), id.join("/").into());
            "GetMultiRegionAccessPointRoutes"
        }
        ("PATCH", [id @ .., "routes"]) if !id.is_empty() => {
            input.insert("Mrap".to_owned(), id.join("/").into());
            "SubmitMultiRegionAccessPointRoutes"
        }
        ("GET", id) => {
            input.insert("Name".to_owned(), id.join("/").into());
            "GetMultiRegionAccessPoint"
        }
        _ => return None,
    };
    Some((operation, input))
}

pub(super) fn resources(operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
    vec![match operation {
        "ListMultiRegionAccessPoints" => "*".to_owned(),
        "GetMultiRegionAccessPoint" => {
            format!("arn:aws:s3::{}:accesspoint/{}", context.account, text(input, "Name").unwrap_or("*"))
        }
        _ => text(input, "Mrap").unwrap_or("*").to_owned(),
    }]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let routes =
        matches!(operation, "GetMultiRegionAccessPointRoutes" | "SubmitMultiRegionAccessPointRoutes");
    let served = if routes { ROUTE_REGIONS.contains(&context.region) } else { context.region == "us-west-2" };
    if !served {
        return Err(Refusal::new(
            "InvalidRequest",
            format!(
                "{operation} is not served in {}; use {}.",
                context.region,
                if routes { ROUTE_REGIONS.join(", ") } else { "us-west-2".to_owned() }
            ),
        ));
    }
    let now_ms = context.now.virtual_ms;
    match operation {
        "ListMultiRegionAccessPoints" => {
            let mine = world.access_points.iter().filter(|p| p.account == context.account);
            Ok(document("ListMultiRegionAccessPointsResult", |xml| {
                xml.element("AccessPoints", |xml| {
                    mine.for_each(|p| xml.element("AccessPoint", |xml| report(xml, p)))
                });
            }))
        }
        "GetMultiRegionAccessPoint" => {
            let name = text(input, "Name").unwrap_or_default();
            let found = world.access_points.iter().find(|p| p.account == context.account && p.name == name);
            let found = found.ok_or_else(no_such_access_point)?;
            Ok(document("GetMultiRegionAccessPointResult", |xml| {
                xml.element("AccessPoint", |xml| report(xml, found));
            }))
        }
        "GetMultiRegionAccessPointRoutes" => {
            let found = by_arn(world, context, input)?;
            let point = world.access_points.get(found).ok_or_else(no_such_access_point)?;
            Ok(document("GetMultiRegionAccessPointRoutesResult", |xml| {
                xml.text("Mrap", point.arn());
                xml.element("Routes", |xml| {
                    for route in point.effective(now_ms) {
                        xml.element("Route", |xml| {
                            xml.text("Bucket", &route.bucket);
                            xml.text("Region", &route.region);
                            xml.text("TrafficDialPercentage", route.dial);
                        });
                    }
                });
            }))
        }
        _ => {
            let found = by_arn(world, context, input)?;
            let updates: Vec<RouteUpdate> =
                list(input, "RouteUpdates", "Route").into_iter().map(update).collect();
            let point = world.access_points.get_mut(found).ok_or_else(no_such_access_point)?;
            Ok(Reply::did(point.submit(&updates, now_ms)?, Vec::new()))
        }
    }
}

fn document(root: &str, content: impl FnOnce(&mut Xml)) -> Reply {
    Reply::look(Xml::document(root, namespace(Service::S3Control), content))
}

fn by_arn(world: &World, context: &Context<'_>, input: &Value) -> Result<usize, Refusal> {
    let arn = text(input, "Mrap").unwrap_or_default();
    let mut points = world.access_points.iter();
    points.position(|p| p.account == context.account && p.arn() == arn).ok_or_else(no_such_access_point)
}

fn no_such_access_point() -> Refusal {
    Refusal::new("NoSuchMultiRegionAccessPoint", "The specified multi-region access point does not exist")
        .with_status(404)
}

fn update(route: &Value) -> RouteUpdate {
    RouteUpdate {
        bucket: text(route, "Bucket").map(str::to_owned),
        region: text(route, "Region").map(str::to_owned),
        // Absent or not a number is no dial that exists, and is refused as such.
        dial: integer(route, "TrafficDialPercentage").unwrap_or(-1),
    }
}

fn report(xml: &mut Xml, point: &AccessPoint) {
    xml.text("Name", &point.name);
    xml.text("Alias", &point.alias);
    xml.text("Status", "READY");
    xml.element("Regions", |xml| {
        for route in &point.routes {
            xml.element("Region", |xml| {
                xml.text("Bucket", &route.bucket);
                xml.text("Region", &route.region);
                xml.text("BucketAccountId", &point.account);
            });
        }
    });
}
