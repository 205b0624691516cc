//! A setting that is a CNAME: read whole, and replaced by another only while it stands as it was seen. Which zone it is in,
//! private or not, is no matter: Route 53 is asked for it by the zone's id.

use super::{endpoint, facts, nothing_changed, resolved};
use crate::clients::Caller;
use crate::route53_records::{self, whole};
use crate::settings::ROUTE53_REGION;
use aws_sdk_route53::types::ResourceRecordSet;
use holdfast_cloud::{Error, ErrorKind};
use holdfast_domain::RegionCode;
use holdfast_domain::facts::{DnsRecord, Routing, SettingFacts};
use holdfast_domain::resource::Route53Records;
use holdfast_failover::change::{RecordReplacement, StoreEndpoint};
use holdfast_failover::run::Answer;

async fn records(
    caller: &Caller,
    hosted_zone_id: &str,
    record: &str,
) -> Result<Vec<ResourceRecordSet>, Error> {
    let wanted = Route53Records {
        hosted_zone_id: hosted_zone_id.to_owned(),
        record: record.to_owned(),
        record_type: "CNAME".to_owned(),
        set_identifiers: Default::default(),
    };
    route53_records::list(caller, &wanted).await
}

pub(super) async fn look(
    caller: &Caller,
    hosted_zone_id: &str,
    record: &str,
) -> Result<Option<SettingFacts>, Error> {
    let sets = records(caller, hosted_zone_id, record).await?;
    if sets.is_empty() {
        return Ok(None);
    }
    Ok(Some(match simple(&sets) {
        Ok((record, leads_to)) => {
            let says = endpoint(leads_to.trim_end_matches('.'), None);
            facts(version(&record, &leads_to), says, false)
        }
        Err(why) => facts(String::new(), Err(why), false),
    }))
}

/// The record and the one name that it leads to; or why it is no setting.
fn simple(sets: &[ResourceRecordSet]) -> Result<(DnsRecord, String), String> {
    let [set] = sets else {
        return Err("several records have the name, of which a routing policy chooses".to_owned());
    };
    let record = whole(set)?;
    if record.routing != Routing::Simple {
        return Err("the record has a routing policy".to_owned());
    }
    match record.values.as_slice() {
        [leads_to] => {
            let leads_to = leads_to.clone();
            Ok((record, leads_to))
        }
        _ => Err("the record is an alias, and leads to no name of its own".to_owned()),
    }
}

/// Route 53 counts no versions: what stands there is one, to the letter.
fn version(record: &DnsRecord, leads_to: &str) -> String {
    format!("ttl {} {leads_to}", record.ttl_seconds.unwrap_or_default())
}

pub(crate) async fn set(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    (hosted_zone_id, record): (&str, &str),
    to: &StoreEndpoint,
) -> Result<Answer, Error> {
    let call = caller.call(ROUTE53_REGION, action);
    let sets = records(caller, hosted_zone_id, record).await.map_err(nothing_changed)?;
    if sets.is_empty() {
        return Err(call.error(ErrorKind::NotFound, format!("there is no CNAME {record}")));
    }
    if to.on_version.is_none() {
        return Err(call.error(ErrorKind::Invalid, format!("{record} was not looked at")));
    }
    let (old, leads_to) = simple(&sets).map_err(|why| call.error(ErrorKind::Invalid, why))?;
    let endpoint = resolved(&call, to, &version(&old, &leads_to))?;
    let new = DnsRecord { values: vec![endpoint.to_owned()], ..old.clone() };
    let replace = [RecordReplacement { region: region.clone(), old: Some(old), new: Some(new) }];
    route53_records::replace(caller, action, hosted_zone_id, &replace).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_route53::types::builders::ResourceRecordSetBuilder;
    use aws_sdk_route53::types::{ResourceRecord, RrType};

    fn cname() -> ResourceRecordSetBuilder {
        ResourceRecordSet::builder().name("database.shop.internal.").r#type(RrType::Cname).ttl(30)
    }

    fn to(value: &str) -> ResourceRecord {
        ResourceRecord::builder().value(value).build().unwrap()
    }

    #[test]
    fn only_one_simple_record_that_leads_to_one_name_is_a_setting() {
        let plain = cname().resource_records(to("old.example.com")).build().unwrap();
        let (record, leads_to) = simple(std::slice::from_ref(&plain)).unwrap();
        assert_eq!((leads_to.as_str(), record.name.as_str()), ("old.example.com", "database.shop.internal"));
        assert_eq!(version(&record, &leads_to), "ttl 30 old.example.com");

        let weighted = cname().resource_records(to("old.example.com")).set_identifier("a").weight(1);
        assert!(simple(&[weighted.build().unwrap()]).unwrap_err().contains("routing policy"));
        assert!(simple(&[plain.clone(), plain]).unwrap_err().contains("several records"));
        assert!(simple(&[cname().build().unwrap()]).unwrap_err().contains("alias"));
    }
}
