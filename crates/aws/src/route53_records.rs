//! Route 53 record sets of one name: reading them whole, and finding out which Region each leads to. Nothing is
//! guessed: a record that cannot be told makes the whole name unknown, because traffic it takes would be unseen.

use crate::clients::Caller;
use crate::pages::Pages;
use crate::registry::everywhere;
use crate::settings::{ROUTE53_REGION, Service};
use aws_sdk_route53::types::{ResourceRecordSet, ResourceRecordSetFailover, RrType};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{AliasTarget, DnsRecord, Routing};
use holdfast_domain::resource::Route53Records;
use holdfast_domain::{Facts, RegionCode, region_within};
use std::collections::BTreeMap;

mod change;
mod outside;

pub(crate) use change::{GET_CHANGE, replace, settled};

pub(crate) const LIST: &str = "route53:ListResourceRecordSets";

pub(crate) const LOOK: &[&str] = &[LIST, outside::GET_ZONE];

pub(crate) const CHANGES: &[&str] = &["route53:ChangeResourceRecordSets", GET_CHANGE];

pub(crate) async fn look(caller: &Caller, spec: &Route53Records, regions: &[RegionCode]) -> Looked {
    // Side by side: name servers that do not answer cost their own time once.
    let (listed, asked) = futures::join!(list(caller, spec), outside::ask(caller, spec));
    let told = match listed {
        Ok(sets) => by_region(spec, &sets)
            .map_err(|why| caller.call(ROUTE53_REGION, LIST).error(ErrorKind::Invalid, why)),
        Err(error) => Err(error),
    };
    match told {
        Ok(mut records) => {
            let mut looked: Looked = regions
                .iter()
                .map(|region| {
                    (region.clone(), Ok(Facts::records(records.remove(region).unwrap_or_default())))
                })
                .collect();
            outside::add(caller, spec, &mut looked, asked).await;
            looked
        }
        Err(error) => everywhere(regions, &error),
    }
}

/// All record sets of one name and type.
pub(crate) async fn list(caller: &Caller, spec: &Route53Records) -> Result<Vec<ResourceRecordSet>, Error> {
    let client = caller.route53(ROUTE53_REGION);
    let mut found = Vec::new();
    let mut pages = Pages::default();
    // The listing is sorted, so ours come first and the first foreign one ends it.
    let mut start = (spec.record.clone(), RrType::from(spec.record_type.as_str()), None);
    loop {
        let sent = client
            .list_resource_record_sets()
            .hosted_zone_id(&spec.hosted_zone_id)
            .start_record_name(&start.0)
            .start_record_type(start.1)
            .set_start_record_identifier(start.2)
            .send();
        let page = caller.ask(Service::Route53, ROUTE53_REGION, LIST, sent).await?;
        let all = page.resource_record_sets.len();
        if let Some(whose) = page.resource_record_sets.iter().find_map(without_name_or_type) {
            return Err(caller.call(ROUTE53_REGION, LIST).error(ErrorKind::Unreadable, whose));
        }
        found.extend(page.resource_record_sets.into_iter().filter(|set| is_ours(spec, set)));
        let next = page.next_record_name.zip(page.next_record_type);
        match next {
            // Named only where there is more; that the list is cut off is told beside it, and may be missing.
            Some((name, kind)) if all > 0 && same_name(&name, &spec.record) => {
                let place =
                    format!("{} {}", kind.as_str(), page.next_record_identifier.as_deref().unwrap_or(""));
                if !pages.go_on(&caller.call(ROUTE53_REGION, LIST), Some(place))? {
                    return Ok(found);
                }
                start = (name, kind, page.next_record_identifier);
            }
            _ => return Ok(found),
        }
    }
}

/// A record set of the list that cannot be told from ours: the SDK fills in what AWS left out.
fn without_name_or_type(set: &ResourceRecordSet) -> Option<&'static str> {
    const FILLED_IN: &str = "no value was set";
    if set.name().is_empty() {
        return Some("a record set of the zone has no name");
    }
    (set.r#type().as_str() == FILLED_IN || set.r#type().as_str().is_empty())
        .then_some("a record set of the zone has no type")
}

fn is_ours(spec: &Route53Records, set: &ResourceRecordSet) -> bool {
    set.r#type().as_str() == spec.record_type && same_name(set.name(), &spec.record)
}

/// Route 53 ends names with a dot and writes `*` as `\052`.
fn same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches('.').replace("\\052", "*").to_ascii_lowercase();
    plain(one) == plain(other)
}

fn by_region(
    spec: &Route53Records,
    sets: &[ResourceRecordSet],
) -> Result<BTreeMap<RegionCode, Vec<DnsRecord>>, String> {
    let mut records: BTreeMap<RegionCode, Vec<DnsRecord>> = BTreeMap::new();
    for set in sets {
        let record = whole(set)?;
        let said = record.set_identifier.as_deref().unwrap_or("without a set identifier");
        let Some(region) = region_of(spec, &record) else {
            return Err(format!(
                "the {} record {} ({said}) leads to no Region that can be told: name its set identifier under set_identifiers, \
                 or write the Region's code into it",
                spec.record_type, spec.record
            ));
        };
        records.entry(region).or_default().push(record);
    }
    Ok(records)
}

fn region_of(spec: &Route53Records, record: &DnsRecord) -> Option<RegionCode> {
    let id = record.set_identifier.as_deref();
    let named = || {
        spec.set_identifiers
            .iter()
            .find(|(_, named)| Some(named.as_str()) == id)
            .map(|(region, _)| region.clone())
    };
    let latency = || match &record.routing {
        Routing::Latency { region } | Routing::Geoproximity { region: Some(region), .. } => {
            RegionCode::parse(region).ok()
        }
        _ => None,
    };
    let identifier = || id.and_then(region_within);
    let alias = || record.alias.as_ref().and_then(|alias| region_within(&alias.dns_name));
    named().or_else(latency).or_else(identifier).or_else(alias)
}

/// Everything of the record, or a sentence: what is lost in reading could never be put back.
pub(crate) fn whole(set: &ResourceRecordSet) -> Result<DnsRecord, String> {
    let name = set.name().trim_end_matches('.').to_owned();
    let cannot = |what: &str| {
        Err(format!("the record {name} {what}, which Holdfast does not move: take it out of the inventory"))
    };
    if set.traffic_policy_instance_id().is_some() {
        return cannot("is made by a traffic policy");
    }
    let mut policies = routings(set);
    if let Some(role) = set.failover().filter(|role| !is_known(role)) {
        return cannot(&format!("has the failover role {}", role.as_str()));
    }
    let routing = match (policies.pop(), policies.is_empty()) {
        // Only records that are told apart by a policy have a set identifier.
        (None, _) if set.set_identifier().is_some() => {
            return cannot("has a set identifier and no routing policy");
        }
        (None, _) => Routing::Simple,
        (Some(only), true) => only,
        (Some(_), false) => return cannot("has several routing policies at once"),
    };
    Ok(DnsRecord {
        record_type: set.r#type().as_str().to_owned(),
        set_identifier: set.set_identifier().map(str::to_owned),
        routing,
        ttl_seconds: set.ttl(),
        values: set.resource_records().iter().map(|value| value.value().to_owned()).collect(),
        alias: set.alias_target().map(|alias| AliasTarget {
            hosted_zone_id: alias.hosted_zone_id().to_owned(),
            dns_name: alias.dns_name().to_owned(),
            evaluate_target_health: alias.evaluate_target_health(),
        }),
        health_check_id: set.health_check_id().map(str::to_owned),
        name,
    })
}

/// An unknown role is not a secondary's.
fn is_known(role: &ResourceRecordSetFailover) -> bool {
    matches!(role, ResourceRecordSetFailover::Primary | ResourceRecordSetFailover::Secondary)
}

/// The routing policies that the record set names. Route 53 lets it have one.
fn routings(set: &ResourceRecordSet) -> Vec<Routing> {
    let text = |text: &str| text.to_owned();
    let mut found = Vec::new();
    found.extend(set.weight().map(|weight| Routing::Weighted { weight }));
    found.extend(
        set.failover().map(|role| Routing::Failover { primary: *role == ResourceRecordSetFailover::Primary }),
    );
    found.extend(set.region().map(|region| Routing::Latency { region: text(region.as_str()) }));
    found.extend(set.geo_location().map(|place| Routing::Geolocation {
        continent: place.continent_code().map(text),
        country: place.country_code().map(text),
        subdivision: place.subdivision_code().map(text),
    }));
    found.extend(set.geo_proximity_location().map(|place| Routing::Geoproximity {
        region: place.aws_region().map(text),
        local_zone_group: place.local_zone_group().map(text),
        coordinates: place.coordinates().map(|at| (text(at.latitude()), text(at.longitude()))),
        bias: place.bias(),
    }));
    found.extend(set.multi_value_answer().filter(|multi| *multi).map(|_| Routing::Multivalue));
    found.extend(set.cidr_routing_config().map(|cidr| Routing::Cidr {
        collection_id: text(cidr.collection_id()),
        location: text(cidr.location_name()),
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_route53::types::{AliasTarget as SdkAlias, ResourceRecord, ResourceRecordSetRegion};

    fn spec(set_identifiers: &[(&str, &str)]) -> Route53Records {
        Route53Records {
            hosted_zone_id: "Z1".into(),
            record: "shop.example.com".into(),
            record_type: "A".into(),
            set_identifiers: set_identifiers
                .iter()
                .map(|(region, id)| (RegionCode::parse(region).unwrap(), (*id).to_owned()))
                .collect(),
        }
    }

    fn weighted(id: &str, weight: i64) -> ResourceRecordSet {
        let value = ResourceRecord::builder().value("192.0.2.1").build().unwrap();
        ResourceRecordSet::builder()
            .name("shop.example.com.")
            .r#type(RrType::A)
            .set_identifier(id)
            .weight(weight)
            .ttl(60)
            .resource_records(value)
            .build()
            .unwrap()
    }

    fn regions_of(spec: &Route53Records, sets: &[ResourceRecordSet]) -> Result<Vec<String>, String> {
        by_region(spec, sets).map(|records| records.keys().map(ToString::to_string).collect())
    }

    #[test]
    fn a_set_identifier_that_holds_a_code_tells_the_region() {
        let sets = [weighted("shop-us-east-1", 100), weighted("eu-central-1/blue", 0)];
        assert_eq!(regions_of(&spec(&[]), &sets).unwrap(), ["eu-central-1", "us-east-1"]);
    }

    #[test]
    fn the_inventory_wins_over_what_a_set_identifier_looks_like() {
        let sets = [weighted("primary", 100), weighted("us-east-1", 0)];
        let spec = spec(&[("us-east-1", "primary"), ("eu-central-1", "us-east-1")]);
        let records = by_region(&spec, &sets).unwrap();
        assert_eq!(
            records[&RegionCode::parse("eu-central-1").unwrap()][0].set_identifier.as_deref(),
            Some("us-east-1")
        );
    }

    #[test]
    fn latency_records_lead_where_they_say_and_aliases_where_their_target_is() {
        let latency = ResourceRecordSet::builder()
            .name("shop.example.com")
            .r#type(RrType::A)
            .set_identifier("one")
            .region(ResourceRecordSetRegion::ApSoutheast1)
            .build()
            .unwrap();
        let target = SdkAlias::builder()
            .hosted_zone_id("Z2")
            .dns_name("lb-1.us-east-1.elb.amazonaws.com.")
            .evaluate_target_health(true)
            .build()
            .unwrap();
        let alias = ResourceRecordSet::builder()
            .name("shop.example.com")
            .r#type(RrType::A)
            .set_identifier("two")
            .weight(1)
            .alias_target(target)
            .build()
            .unwrap();
        assert_eq!(regions_of(&spec(&[]), &[latency, alias]).unwrap(), ["ap-southeast-1", "us-east-1"]);
    }

    #[test]
    fn a_record_that_leads_nowhere_known_makes_the_name_unknown_and_says_the_way_out() {
        let refused =
            regions_of(&spec(&[]), &[weighted("us-east-1", 1), weighted("maintenance", 0)]).unwrap_err();
        assert!(refused.contains("maintenance") && refused.contains("set_identifiers"), "{refused}");
    }

    #[test]
    fn all_records_of_a_region_are_kept_in_the_order_of_their_set_identifiers() {
        let sets = [weighted("us-east-1/b", 30), weighted("eu-central-1", 0), weighted("us-east-1/a", 70)];
        let mut records = by_region(&spec(&[]), &sets).unwrap();
        let home = Facts::records(records.remove(&RegionCode::parse("us-east-1").unwrap()).unwrap());
        let ids: Vec<_> = home.dns_records().filter_map(|r| r.set_identifier.as_deref()).collect();
        assert_eq!(ids, ["us-east-1/a", "us-east-1/b"]);
        assert_eq!(records[&RegionCode::parse("eu-central-1").unwrap()].len(), 1);
    }

    #[test]
    fn what_cannot_be_written_back_whole_is_refused() {
        let policy = ResourceRecordSet::builder()
            .name("shop.example.com")
            .r#type(RrType::A)
            .set_identifier("us-east-1")
            .traffic_policy_instance_id("policy-1")
            .build()
            .unwrap();
        assert!(whole(&policy).unwrap_err().contains("traffic policy"));
        let mut two = weighted("us-east-1", 1);
        two.multi_value_answer = Some(true);
        assert!(whole(&two).unwrap_err().contains("several routing policies"));
    }

    #[test]
    fn names_are_the_same_with_or_without_the_dot_and_however_a_star_is_written() {
        assert!(same_name("\\052.Shop.example.com.", "*.shop.example.com"));
        assert!(!same_name("shop.example.com", "www.shop.example.com"));
    }
}
