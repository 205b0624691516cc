//! CloudFront distributions: which origin of which Region each origin group tries first. Its one control plane is in
//! us-east-1.

use crate::clients::Caller;
use crate::perform::answered;
use crate::registry::everywhere;
use crate::settings::{CLOUDFRONT_REGION, Service};
use aws_sdk_cloudfront::types::{Distribution, DistributionConfig};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::DistributionOrigin;
use holdfast_domain::resource::CloudfrontDistribution;
use holdfast_domain::{Facts, RegionCode, region_within};
use holdfast_failover::run::Answer;
use std::collections::BTreeMap;

const GET: &str = "cloudfront:GetDistribution";

pub(crate) const LOOK: &[&str] = &[GET];

pub(crate) const CHANGES: &[&str] = &["cloudfront:UpdateDistribution"];

pub(crate) async fn look(caller: &Caller, spec: &CloudfrontDistribution, regions: &[RegionCode]) -> Looked {
    let told = match read(caller, &spec.distribution_id).await {
        Ok((distribution, etag)) => facts(spec, &distribution, &etag, regions)
            .map_err(|why| caller.call(CLOUDFRONT_REGION, GET).error(ErrorKind::Invalid, why)),
        Err(error) => Err(error),
    };
    match told {
        Ok(facts) => facts.into_iter().map(|(region, facts)| (region, Ok(facts))).collect(),
        Err(error) => everywhere(regions, &error),
    }
}

async fn read(caller: &Caller, id: &str) -> Result<(Distribution, String), Error> {
    let sent = caller.cloudfront(CLOUDFRONT_REGION).get_distribution().id(id).send();
    let answer = caller.ask(Service::CloudFront, CLOUDFRONT_REGION, GET, sent).await?;
    match (answer.distribution, answer.e_tag) {
        (Some(distribution), Some(etag)) => Ok((distribution, etag)),
        _ => Err(caller
            .call(CLOUDFRONT_REGION, GET)
            .error(ErrorKind::Unreadable, "the answer holds no distribution or no version")),
    }
}

fn facts(
    spec: &CloudfrontDistribution,
    distribution: &Distribution,
    etag: &str,
    regions: &[RegionCode],
) -> Result<BTreeMap<RegionCode, Facts>, String> {
    let config = distribution.distribution_config().ok_or("the distribution has no configuration")?;
    let groups = groups(config);
    let mut by_region: BTreeMap<RegionCode, Vec<String>> = BTreeMap::new();
    for origin in config.origins().map(|o| o.items()).unwrap_or_default() {
        match region_within(origin.domain_name()).or_else(|| region_within(origin.id())) {
            Some(region) => by_region.entry(region).or_default().push(origin.id().to_owned()),
            // An origin outside all groups leads nowhere that could be chosen.
            None if !groups.values().flatten().any(|member| member == origin.id()) => {}
            None => {
                return Err(format!(
                    "the Region of origin {} ({}) of {} cannot be told: write the Region's code into the origin's id",
                    origin.id(),
                    origin.domain_name(),
                    spec.distribution_id
                ));
            }
        }
    }
    Ok(regions
        .iter()
        .map(|region| {
            let facts = Facts::DistributionOrigin(DistributionOrigin {
                distribution_id: spec.distribution_id.clone(),
                origins: by_region.remove(region).unwrap_or_default(),
                groups: groups.clone(),
                status: distribution.status().to_owned(),
                enabled: config.enabled(),
                etag: etag.to_owned(),
            });
            (region.clone(), facts)
        })
        .collect())
}

fn groups(config: &DistributionConfig) -> BTreeMap<String, Vec<String>> {
    let groups = config.origin_groups().map(|groups| groups.items()).unwrap_or_default();
    groups
        .iter()
        .map(|group| {
            let members = group.members().map(|members| members.items()).unwrap_or_default();
            (group.id().to_owned(), members.iter().map(|member| member.origin_id().to_owned()).collect())
        })
        .collect()
}

/// CloudFront takes a whole configuration only, so it is read first; what was read is sent back under its own
/// version, and only if that is the one that was approved.
pub(crate) async fn set_primaries(
    caller: &Caller,
    action: &'static str,
    distribution_id: &str,
    etag: &str,
    primaries: &BTreeMap<String, String>,
) -> Result<Answer, Error> {
    let reading = Caller { changing: false, ..caller.clone() };
    let (distribution, found) = read(&reading, distribution_id).await?;
    let refused = |kind, why: String| Err(caller.call(CLOUDFRONT_REGION, action).error(kind, why));
    if found != etag {
        return refused(ErrorKind::Conflict, format!("the distribution is at version {found}, not {etag}"));
    }
    let Some(mut config) = distribution.distribution_config else {
        return refused(ErrorKind::Unreadable, "the distribution has no configuration".into());
    };
    for (group, origin) in primaries {
        if !put_first(&mut config, group, origin) {
            return refused(ErrorKind::Conflict, format!("group {group} has no origin {origin}"));
        }
    }
    let sent = caller
        .cloudfront(CLOUDFRONT_REGION)
        .update_distribution()
        .id(distribution_id)
        .if_match(etag)
        .distribution_config(config)
        .send();
    let answer = caller.ask(Service::CloudFront, CLOUDFRONT_REGION, action, sent).await?;
    answered(action, CLOUDFRONT_REGION, &answer, None)
}

/// The other members keep their order behind it.
fn put_first(config: &mut DistributionConfig, group: &str, origin: &str) -> bool {
    let groups = config.origin_groups.iter_mut().flat_map(|groups| groups.items.iter_mut().flatten());
    for found in groups.filter(|g| g.id == group) {
        let Some(members) = found.members.as_mut() else { continue };
        if members.items.iter().any(|member| member.origin_id == origin) {
            // A stable sort: false, the wanted one, comes first.
            members.items.sort_by_key(|member| member.origin_id != origin);
            return true;
        }
    }
    false
}
