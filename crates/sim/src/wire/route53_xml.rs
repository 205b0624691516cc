//! Route 53's objects as XML, element by element.

use super::xml::Xml;
use crate::world::clock::Moment;
use crate::world::dns::{Change, HealthCheck, HostedZone, RecordSet};

pub(super) fn zone(xml: &mut Xml, zone: &HostedZone) {
    xml.text("Id", format!("/hostedzone/{}", zone.id));
    xml.text("Name", &zone.name);
    xml.text("CallerReference", &zone.id);
    xml.element("Config", |xml| xml.text("PrivateZone", false));
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

pub(super) fn health_check(xml: &mut Xml, check: &HealthCheck) {
    xml.text("Id", &check.id);
    xml.text("CallerReference", &check.id);
    xml.element("HealthCheckConfig", |xml| {
        xml.text("Port", 443);
        xml.text("Type", "HTTPS");
        xml.text("ResourcePath", &check.path);
        xml.text("FullyQualifiedDomainName", &check.domain);
        xml.text("RequestInterval", 30);
        xml.text("FailureThreshold", 3);
        xml.text("Inverted", check.inverted);
        xml.text("Disabled", check.disabled);
    });
    xml.text("HealthCheckVersion", check.version);
}
