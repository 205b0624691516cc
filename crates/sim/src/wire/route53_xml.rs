//! Route 53's objects as XML, element by element.

use super::xml::Xml;
use crate::world::clock::Moment;
use crate::world::dns::{Change, HostedZone, RecordSet};

pub(super) fn zone(xml: &mut Xml, zone: &HostedZone) {
    xml.text("Id", format!("/hostedzone/{}", zone.id));
    xml.text("Name", &zone.name);
    xml.text("CallerReference", &zone.id);
    xml.element("Config", |xml| xml.text("PrivateZone", zone.is_private()));
    xml.text("ResourceRecordSetCount", zone.records.len());
}

pub(super) fn record_set(xml: &mut Xml, record: &RecordSet) {
    xml.text("Name", &record.name);
    xml.text("Type", &record.kind);
    xml.maybe("SetIdentifier", record.set_identifier.as_ref());
    xml.maybe("Weight", record.weight);
    xml.maybe("Region", record.region.as_ref());
    if let Some(geo) = &record.geo {
        xml.element("GeoLocation", |xml| {
            xml.maybe("ContinentCode", geo.continent.as_ref());
            xml.maybe("CountryCode", geo.country.as_ref());
            xml.maybe("SubdivisionCode", geo.subdivision.as_ref());
        });
    }
    if let Some(proximity) = &record.proximity {
        xml.element("GeoProximityLocation", |xml| {
            xml.maybe("AWSRegion", proximity.region.as_ref());
            xml.maybe("LocalZoneGroup", proximity.local_zone_group.as_ref());
            if let Some((latitude, longitude)) = &proximity.coordinates {
                xml.element("Coordinates", |xml| {
                    xml.text("Latitude", latitude);
                    xml.text("Longitude", longitude);
                });
            }
            xml.maybe("Bias", proximity.bias);
        });
    }
    if let Some(cidr) = &record.cidr {
        xml.element("CidrRoutingConfig", |xml| {
            xml.text("CollectionId", &cidr.collection_id);
            xml.text("LocationName", &cidr.location);
        });
    }
    xml.maybe("Failover", record.failover.as_ref());
    xml.maybe("MultiValueAnswer", record.multi_value);
    xml.maybe("TTL", record.ttl_s);
    if !record.values.is_empty() {
        xml.element("ResourceRecords", |xml| {
            for value in &record.values {
                xml.element("ResourceRecord", |xml| xml.text("Value", value));
            }
        });
    }
    if let Some(alias) = &record.alias {
        xml.element("AliasTarget", |xml| {
            xml.text("HostedZoneId", &alias.hosted_zone_id);
            xml.text("DNSName", &alias.dns_name);
            xml.text("EvaluateTargetHealth", alias.evaluate_target_health);
        });
    }
    xml.maybe("HealthCheckId", record.health_check_id.as_ref());
}

pub(super) fn change_info(xml: &mut Xml, change: &Change, now: Moment) {
    xml.text("Id", format!("/change/{}", change.id));
    xml.text("Status", change.status(now.virtual_ms));
    xml.text("SubmittedAt", now.wall(change.submitted_ms));
}
