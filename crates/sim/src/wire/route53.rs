//! Route 53 over REST-XML: zones, record sets and changes; health checks are in `route53_health`. The XML itself
//! is in `route53_xml`; what a change batch may do is the world's.

use super::input::{flag, integer, list, required, text};
use super::render::namespace;
use super::route53_health;
use super::route53_xml::{change_info, record_set, zone};
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::build::digits_of;
use crate::world::dns::{
    Action, Alias, Change, Cidr, Geo, HostedZone, Proximity, RecordSet, labels, normal_name,
};
use http::Method;
use serde_json::{Map, Value};

const AT: Plane = Plane::Global("us-east-1");

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("ListHostedZones", "route53:ListHostedZones", AT),
    Operation::look("GetHostedZone", "route53:GetHostedZone", AT),
    Operation::look("ListResourceRecordSets", "route53:ListResourceRecordSets", AT),
    Operation::change("ChangeResourceRecordSets", "route53:ChangeResourceRecordSets", AT),
    Operation::look("GetChange", "route53:GetChange", AT),
    Operation::look("ListHealthChecks", "route53:ListHealthChecks", AT),
    Operation::look("GetHealthCheck", "route53:GetHealthCheck", AT),
    Operation::look("GetHealthCheckStatus", "route53:GetHealthCheckStatus", AT),
    Operation::change("UpdateHealthCheck", "route53:UpdateHealthCheck", AT),
];

const MAX_PAGE: i64 = 300;

pub(super) fn route(method: &Method, path: &[&str]) -> Option<(&'static str, Map<String, Value>)> {
    let (operation, key, id) = match (method.as_str(), path) {
        ("GET", ["2013-04-01", "hostedzone"]) => ("ListHostedZones", "", ""),
        ("GET", ["2013-04-01", "hostedzone", id]) => ("GetHostedZone", "Id", *id),
        ("GET", ["2013-04-01", "hostedzone", id, "rrset"]) => ("ListResourceRecordSets", "HostedZoneId", *id),
        ("POST", ["2013-04-01", "hostedzone", id, "rrset"]) => {
            ("ChangeResourceRecordSets", "HostedZoneId", *id)
        }
        ("GET", ["2013-04-01", "change", id]) => ("GetChange", "Id", *id),
        ("GET", ["2013-04-01", "healthcheck"]) => ("ListHealthChecks", "", ""),
        ("GET", ["2013-04-01", "healthcheck", id]) => ("GetHealthCheck", "HealthCheckId", *id),
        ("POST", ["2013-04-01", "healthcheck", id]) => ("UpdateHealthCheck", "HealthCheckId", *id),
        ("GET", ["2013-04-01", "healthcheck", id, "status"]) => {
            ("GetHealthCheckStatus", "HealthCheckId", *id)
        }
        _ => return None,
    };
    let mut input = Map::new();
    if !key.is_empty() {
        input.insert(key.to_owned(), Value::String(id.to_owned()));
    }
    Some((operation, input))
}

pub(super) fn resources(operation: &str, input: &Value) -> Vec<String> {
    let of =
        |kind: &str, key: &str| vec![format!("arn:aws:route53:::{kind}/{}", text(input, key).unwrap_or("*"))];
    match operation {
        "GetHostedZone" => of("hostedzone", "Id"),
        "ListResourceRecordSets" | "ChangeResourceRecordSets" => of("hostedzone", "HostedZoneId"),
        "GetChange" => of("change", "Id"),
        "GetHealthCheck" | "GetHealthCheckStatus" | "UpdateHealthCheck" => of("healthcheck", "HealthCheckId"),
        _ => vec!["*".to_owned()],
    }
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    match operation {
        "ListHostedZones" => Ok(list_zones(world, context)),
        "GetHostedZone" => get_zone(world, context, input),
        "ListResourceRecordSets" => list_records(world, context, input),
        "ChangeResourceRecordSets" => change_records(world, context, input),
        "GetChange" => get_change(world, context, input),
        _ => route53_health::perform(world, context, operation, input),
    }
}

pub(super) fn document(root: &str, content: impl FnOnce(&mut Xml)) -> Reply {
    Reply::look(Xml::document(root, namespace(Service::Route53), content))
}

fn zone_of<'w>(world: &'w World, context: &Context<'_>, id: &str) -> Result<&'w HostedZone, Refusal> {
    world.zone(context.account, id).ok_or_else(|| {
        Refusal::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")).with_status(404)
    })
}

fn list_zones(world: &World, context: &Context<'_>) -> Reply {
    document("ListHostedZonesResponse", |xml| {
        xml.element("HostedZones", |xml| {
            for found in world.zones.iter().filter(|z| z.account == context.account) {
                xml.element("HostedZone", |xml| zone(xml, found));
            }
        });
        xml.text("IsTruncated", false);
        xml.text("MaxItems", 100);
    })
}

fn get_zone(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let found = zone_of(world, context, required(input, "Id", "InvalidInput")?)?;
    Ok(document("GetHostedZoneResponse", |xml| {
        xml.element("HostedZone", |xml| zone(xml, found));
        if found.is_private() {
            xml.element("VPCs", |xml| {
                for region in &found.vpc_regions {
                    xml.element("VPC", |xml| {
                        xml.text("VPCRegion", region);
                        xml.text("VPCId", format!("vpc-{}", digits_of(&format!("vpc {region}"), 17)));
                    });
                }
            });
            return;
        }
        xml.element("DelegationSet", |xml| {
            xml.element("NameServers", |xml| {
                for n in 1..=4 {
                    xml.text("NameServer", format!("ns-{n}.sim.example"));
                }
            });
        });
    }))
}

fn list_records(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let found = zone_of(world, context, required(input, "HostedZoneId", "InvalidInput")?)?;
    let (name, kind, id) = (text(input, "name"), text(input, "type"), text(input, "identifier"));
    if name.is_none() && (kind.is_some() || id.is_some()) {
        return Err(Refusal::new("InvalidInput", "A start type or identifier needs a start name."));
    }
    let max = integer(input, "maxitems").unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
    let start_name = name.map(normal_name).unwrap_or_default();
    let start = (labels(&start_name), kind.unwrap_or(""), id.unwrap_or(""));
    let mut from = found.records.iter().filter(|r| name.is_none() || r.order() >= start);
    let page: Vec<&RecordSet> = from.by_ref().take(usize::try_from(max).unwrap_or(1)).collect();
    let next = from.next();
    Ok(document("ListResourceRecordSetsResponse", |xml| {
        xml.element("ResourceRecordSets", |xml| {
            for record in page {
                xml.element("ResourceRecordSet", |xml| record_set(xml, record));
            }
        });
        xml.text("IsTruncated", next.is_some());
        if let Some(next) = next {
            xml.text("NextRecordName", &next.name);
            xml.text("NextRecordType", &next.kind);
            xml.maybe("NextRecordIdentifier", next.set_identifier.as_ref());
        }
        xml.text("MaxItems", max);
    }))
}

fn change_records(world: &mut World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let id = required(input, "HostedZoneId", "InvalidInput")?;
    let zone_id = zone_of(world, context, id)?.id.clone();
    let batch = input.get("ChangeBatch").unwrap_or(&Value::Null);
    let changes =
        list(batch, "Changes", "Change").into_iter().map(read_change).collect::<Result<Vec<_>, _>>()?;
    if changes.is_empty() {
        return Err(Refusal::new("InvalidInput", "ChangeBatch must hold at least one change."));
    }
    let change = Change {
        account: context.account.to_owned(),
        id: format!("C{}", &uuid::Uuid::new_v4().simple().to_string().to_uppercase()[..20]),
        submitted_ms: context.now.virtual_ms,
    };
    let account = context.account;
    let Some(found) = world.zones.iter_mut().find(|z| z.account == account && z.id == zone_id) else {
        return Err(
            Refusal::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")).with_status(404)
        );
    };
    let changed = found.apply(&changes)?;
    let body = Xml::document("ChangeResourceRecordSetsResponse", namespace(Service::Route53), |xml| {
        xml.element("ChangeInfo", |xml| change_info(xml, &change, context.now));
    });
    world.remember_change(change);
    Ok(Reply::did(changed, body))
}

fn read_change(change: &Value) -> Result<(Action, RecordSet), Refusal> {
    let invalid = |message: String| Refusal::new("InvalidInput", message);
    let action = match required(change, "Action", "InvalidInput")? {
        "CREATE" => Action::Create,
        "DELETE" => Action::Delete,
        "UPSERT" => Action::Upsert,
        other => return Err(invalid(format!("Action must be CREATE, DELETE or UPSERT, not {other}"))),
    };
    let set = change
        .get("ResourceRecordSet")
        .ok_or_else(|| invalid("A change needs a ResourceRecordSet".into()))?;
    let owned = |key: &str| text(set, key).map(str::to_owned);
    let weight = match set.get("Weight") {
        None => None,
        Some(_) => Some(
            integer(set, "Weight")
                .and_then(|w| u8::try_from(w).ok())
                .ok_or_else(|| invalid("Weight must be 0 to 255".into()))?,
        ),
    };
    let alias = match set.get("AliasTarget") {
        None => None,
        Some(target) => Some(Alias {
            hosted_zone_id: required(target, "HostedZoneId", "InvalidInput")?.to_owned(),
            dns_name: normal_name(required(target, "DNSName", "InvalidInput")?),
            evaluate_target_health: flag(target, "EvaluateTargetHealth").unwrap_or(false),
        }),
    };
    let geo = set.get("GeoLocation").map(|g| Geo {
        continent: text(g, "ContinentCode").map(str::to_owned),
        country: text(g, "CountryCode").map(str::to_owned),
        subdivision: text(g, "SubdivisionCode").map(str::to_owned),
    });
    let proximity = set.get("GeoProximityLocation").map(|p| Proximity {
        region: text(p, "AWSRegion").map(str::to_owned),
        local_zone_group: text(p, "LocalZoneGroup").map(str::to_owned),
        coordinates: p
            .get("Coordinates")
            .and_then(|c| Some((text(c, "Latitude")?.to_owned(), text(c, "Longitude")?.to_owned()))),
        bias: integer(p, "Bias"),
    });
    let cidr = match set.get("CidrRoutingConfig") {
        None => None,
        Some(c) => Some(Cidr {
            collection_id: required(c, "CollectionId", "InvalidInput")?.to_owned(),
            location: required(c, "LocationName", "InvalidInput")?.to_owned(),
        }),
    };
    let values = list(set, "ResourceRecords", "ResourceRecord");
    let record = RecordSet {
        name: normal_name(required(set, "Name", "InvalidInput")?),
        kind: required(set, "Type", "InvalidInput")?.to_owned(),
        set_identifier: owned("SetIdentifier"),
        weight,
        failover: owned("Failover"),
        region: owned("Region"),
        geo,
        multi_value: flag(set, "MultiValueAnswer"),
        proximity,
        cidr,
        ttl_s: integer(set, "TTL").and_then(|t| u64::try_from(t).ok()),
        values: values.into_iter().filter_map(|v| text(v, "Value").map(str::to_owned)).collect(),
        alias,
        health_check_id: owned("HealthCheckId"),
    };
    Ok((action, record))
}

fn get_change(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let id = required(input, "Id", "InvalidInput")?;
    let found =
        world.changes.iter().find(|c| c.id == id && c.account == context.account).ok_or_else(|| {
            Refusal::new("NoSuchChange", format!("Could not find resource with ID: {id}")).with_status(404)
        })?;
    Ok(document("GetChangeResponse", |xml| {
        xml.element("ChangeInfo", |xml| change_info(xml, found, context.now));
    }))
}
