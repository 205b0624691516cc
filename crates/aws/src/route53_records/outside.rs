//! What the zone's own name servers answer for a name, and which Region each answer leads to. Told by where the
//! records themselves lead: their values, or the addresses that an alias's target has now.

use crate::clients::Caller;
use crate::settings::{ROUTE53_REGION, Service};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{DnsRecord, NameAnswer};
use holdfast_domain::resource::Route53Records;
use holdfast_domain::{Facts, RegionCode, region_within};
use holdfast_outside::Answer;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const GET_ZONE: &str = "route53:GetHostedZone";

/// Asks the zone's servers. Found through Route 53, whose word is remembered: they answer also while it does not.
pub(super) async fn ask(caller: &Caller, spec: &Route53Records) -> Result<Vec<Answer>, String> {
    let names = caller.view.outside.names();
    let servers = if names.is_overridden() { Vec::new() } else { servers(caller, spec).await? };
    names.ask(&servers, &spec.record, &spec.record_type).await
}

async fn servers(caller: &Caller, spec: &Route53Records) -> Result<Vec<String>, String> {
    let zone = &spec.hosted_zone_id;
    let kept = caller.view.servers(zone);
    if let Some((servers, true)) = &kept {
        return Ok(servers.clone());
    }
    match delegation(caller, zone).await {
        Ok(servers) => {
            caller.view.remember(zone, servers.clone());
            Ok(servers)
        }
        Err(error) => kept.map(|(servers, _)| servers).ok_or_else(|| error.to_string()),
    }
}

async fn delegation(caller: &Caller, zone: &str) -> Result<Vec<String>, Error> {
    let sent = caller.route53(ROUTE53_REGION).get_hosted_zone().id(zone).send();
    let answer = caller.ask(Service::Route53, ROUTE53_REGION, GET_ZONE, sent).await?;
    match answer.delegation_set() {
        Some(set) if !set.name_servers().is_empty() => Ok(set.name_servers().to_vec()),
        _ => Err(caller.call(ROUTE53_REGION, GET_ZONE).error(
            ErrorKind::Invalid,
            "the zone is private: only its own networks can ask its name servers",
        )),
    }
}

/// Puts beside each record what the name servers said of it.
pub(super) async fn add(
    caller: &Caller,
    spec: &Route53Records,
    looked: &mut Looked,
    asked: Result<Vec<Answer>, String>,
) {
    let (from, at) = (caller.view.outside.from().to_owned(), holdfast_clock::now());
    let unknown = |reason: String| NameAnswer::Unknown { reason, from: from.clone(), at };
    let told: Result<BTreeMap<RegionCode, Led>, String> = match asked {
        Ok(answers) => {
            let targets = targets(caller, spec, looked).await;
            led(&answers, &targets).map(|led| {
                let none = Led { answers: count(answers.len()), here: 0, ttl_seconds: None };
                looked.keys().map(|r| (r.clone(), led.get(r).copied().unwrap_or(none))).collect()
            })
        }
        Err(why) => Err(why),
    };
    for (region, facts) in looked.iter_mut() {
        let Ok(Facts::DnsRecord { outside, .. }) = facts else { continue };
        *outside = Some(match &told {
            Ok(led) => match led.get(region) {
                Some(Led { answers, here, ttl_seconds }) => NameAnswer::Known {
                    answers: *answers,
                    here: *here,
                    ttl_seconds: *ttl_seconds,
                    from: from.clone(),
                    at,
                },
                None => unknown("nothing was asked of this Region".into()),
            },
            Err(why) => unknown(why.clone()),
        });
    }
}

/// Where each record leads: the Region, and the values that tell it.
async fn targets(
    caller: &Caller,
    spec: &Route53Records,
    looked: &Looked,
) -> Vec<(RegionCode, BTreeSet<String>)> {
    let known = looked.iter().filter_map(|(region, facts)| Some((region, facts.as_ref().ok()?)));
    let records = known.flat_map(|(region, facts)| facts.dns_records().map(move |record| (region, record)));
    let looks = records.map(|(region, record)| async move {
        let values = match &record.alias {
            Some(alias) => {
                let name = alias.dns_name.trim_end_matches('.');
                // An unknown target only makes its answers nobody's.
                caller.view.outside.names().target(name, &spec.record_type).await.unwrap_or_default()
            }
            None => record.values.iter().map(|v| v.trim_end_matches('.').to_ascii_lowercase()).collect(),
        };
        (leads_to(region, record), values)
    });
    futures::future::join_all(looks).await
}

/// A record taken out of service may stand under its own Region and lead to another's balancer.
fn leads_to(region: &RegionCode, record: &DnsRecord) -> RegionCode {
    let alias = record.alias.as_ref().and_then(|alias| region_within(&alias.dns_name));
    alias.unwrap_or_else(|| region.clone())
}

/// What the answers say of one Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Led {
    answers: u32,
    here: u32,
    ttl_seconds: Option<u32>,
}

/// Counts the answers by Region. Not one that leads to a known place: then nothing is known, rather than that they
/// lead nowhere.
fn led(
    answers: &[Answer],
    targets: &[(RegionCode, BTreeSet<String>)],
) -> Result<BTreeMap<RegionCode, Led>, String> {
    let mut led: BTreeMap<RegionCode, Led> = BTreeMap::new();
    let mut lost = None;
    for answer in answers.iter().filter(|answer| !answer.values.is_empty()) {
        let mut regions: Vec<&RegionCode> = targets
            .iter()
            .filter(|(_, values)| !values.is_disjoint(&answer.values))
            .map(|(region, _)| region)
            .collect();
        regions.sort_unstable();
        regions.dedup();
        let values = answer.values.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        match regions.as_slice() {
            [region] => {
                let entry = led.entry((*region).clone()).or_insert(Led {
                    answers: count(answers.len()),
                    here: 0,
                    ttl_seconds: None,
                });
                entry.here += 1;
                entry.ttl_seconds = answer.ttl_seconds.max(entry.ttl_seconds);
            }
            [] => lost = Some(format!("the name servers answer {values}, where none of the records leads")),
            _ => lost = Some(format!("the name servers answer {values}, where several records lead")),
        }
    }
    match lost {
        Some(why) if led.is_empty() => Err(why),
        _ => Ok(led),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(values: &[&str]) -> Answer {
        Answer {
            server: "ns-1.example.com".into(),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
            ttl_seconds: Some(60),
        }
    }

    fn targets(all: &[(&str, &str)]) -> Vec<(RegionCode, BTreeSet<String>)> {
        all.iter()
            .map(|(code, value)| (RegionCode::parse(code).unwrap(), BTreeSet::from([(*value).to_owned()])))
            .collect()
    }

    #[test]
    fn an_answer_leads_to_the_region_whose_record_leads_there() {
        let targets = targets(&[("us-east-1", "192.0.2.1"), ("eu-central-1", "192.0.2.2")]);
        let answers = [answer(&["192.0.2.2"]), answer(&["192.0.2.2"]), answer(&["192.0.2.1"])];
        let led = led(&answers, &targets).unwrap();
        let here = |code: &str| led[&RegionCode::parse(code).unwrap()].here;
        assert_eq!((here("us-east-1"), here("eu-central-1")), (1, 2));
    }

    #[test]
    fn an_answer_that_leads_nowhere_known_makes_the_view_unknown() {
        let targets = targets(&[("us-east-1", "192.0.2.1")]);
        assert!(led(&[answer(&["198.51.100.9"])], &targets).unwrap_err().contains("198.51.100.9"));
    }

    #[test]
    fn two_regions_with_one_address_are_not_told_apart() {
        let targets = targets(&[("us-east-1", "192.0.2.1"), ("eu-central-1", "192.0.2.1")]);
        assert!(led(&[answer(&["192.0.2.1"])], &targets).unwrap_err().contains("several records"));
    }

    #[test]
    fn servers_that_say_there_is_nothing_lead_to_no_region() {
        assert_eq!(led(&[answer(&[])], &targets(&[("us-east-1", "192.0.2.1")])), Ok(BTreeMap::new()));
    }
}
