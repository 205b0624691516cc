//! CloudFront over REST-XML: a distribution, its configuration with its version, and replacing the one that a
//! version names. Its one control plane is in us-east-1.

use super::input::text;
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::cloudfront::Distribution;
use http::Method;
use serde_json::{Map, Value};

const AT: Plane = Plane::Global("us-east-1");

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetDistribution", "cloudfront:GetDistribution", AT),
    Operation::look("GetDistributionConfig", "cloudfront:GetDistributionConfig", AT),
    Operation::change("UpdateDistribution", "cloudfront:UpdateDistribution", AT),
];

/// The key under which the body of an update stands in its input.
pub(super) const BODY: &str = "DistributionConfig";

pub(super) fn route(method: &Method, path: &[&str]) -> Option<(&'static str, Map<String, Value>)> {
    let (operation, id) = match (method.as_str(), path) {
        ("GET", [_, "distribution", id]) => ("GetDistribution", *id),
        ("GET", [_, "distribution", id, "config"]) => ("GetDistributionConfig", *id),
        ("PUT", [_, "distribution", id, "config"]) => ("UpdateDistribution", *id),
        _ => return None,
    };
    Some((operation, Map::from_iter([("Id".to_owned(), Value::String(id.to_owned()))])))
}

pub(super) fn resources(context: &Context<'_>, input: &Value) -> Vec<String> {
    let id = text(input, "Id").unwrap_or("*");
    vec![format!("arn:aws:cloudfront::{}:distribution/{id}", context.account)]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let id = text(input, "Id").unwrap_or_default();
    let account = context.account;
    let found =
        world.distributions.iter_mut().find(|d| d.account == account && d.id == id).ok_or_else(|| {
            Refusal::new("NoSuchDistribution", "The specified distribution does not exist.").with_status(404)
        })?;
    match operation {
        "GetDistributionConfig" => {
            let body = Xml::document("DistributionConfig", namespace(Service::CloudFront), |xml| {
                element_content(xml, &found.config);
            });
            Ok(Reply::look(body).with_etag(&found.etag))
        }
        "GetDistribution" => Ok(Reply::look(whole(found, context)).with_etag(&found.etag)),
        _ => {
            let config = input
                .get(BODY)
                .ok_or_else(|| Refusal::new("MissingBody", "This operation requires a body."))?;
            let changed = found.update(text(input, "IfMatch"), config, context.now.virtual_ms)?;
            Ok(Reply::did(changed, whole(found, context)).with_etag(&found.etag))
        }
    }
}

fn whole(found: &Distribution, context: &Context<'_>) -> Vec<u8> {
    Xml::document("Distribution", namespace(Service::CloudFront), |xml| {
        xml.text("Id", &found.id);
        xml.text("ARN", found.arn());
        xml.text("Status", found.status(context.now.virtual_ms));
        xml.text("LastModifiedTime", context.now.wall(found.updated_ms.max(0)));
        xml.text("InProgressInvalidationBatches", 0);
        xml.text("DomainName", format!("{}.cloudfront.net", found.id.to_lowercase()));
        xml.element("DistributionConfig", |xml| element_content(xml, &found.config));
    })
}

/// The way back from what `decode` makes of XML: fields are elements, and a list is its element repeated.
fn element_content(xml: &mut Xml, value: &Value) {
    let Value::Object(fields) = value else { return };
    for (name, field) in fields {
        let several = match field {
            Value::Array(items) => items.iter().collect(),
            one => vec![one],
        };
        for one in several {
            match one {
                Value::Object(_) => xml.element(name, |xml| element_content(xml, one)),
                Value::String(text) => xml.text(name, text),
                _ => {}
            }
        }
    }
}
