//! ECR repositories: which images each Region's registry has, and what the registry replicates where. Only looked at.

use crate::clients::Caller;
use crate::reading::beside;
use crate::regional::in_each;
use crate::settings::Service;
use aws_sdk_ecr::types::{ImageDetail, ImageIdentifier};
use holdfast_cloud::{Error, Looked};
use holdfast_domain::facts::{Beside, EcrImage, EcrRepositoryFacts};
use holdfast_domain::resource::EcrRepository;
use holdfast_domain::{Facts, RegionCode};

const REGISTRY: &str = "ecr:DescribeRegistry";
const IMAGES: &str = "ecr:DescribeImages";
const REPLICATION: &str = "ecr:DescribeImageReplicationStatus";

pub(crate) const LOOK: &[&str] = &[REGISTRY, IMAGES, REPLICATION];

/// ECR lists in no order, so everything is read and the newest are kept: what runs is seldom old.
const KEPT_IMAGES: usize = 200;
/// As many as ECR gives in one answer.
const PAGE: i32 = 1_000;
/// A repository beyond this has no lifecycle policy; what is not read counts as left out.
const PAGES: usize = 10;

pub(crate) async fn look(caller: &Caller, spec: &EcrRepository, regions: &[RegionCode]) -> Looked {
    in_each(regions, |region| look_in(caller, &spec.repository, region)).await
}

async fn look_in(caller: &Caller, repository: &str, region: &RegionCode) -> Result<Facts, Error> {
    let region = region.as_str();
    let (images, rules) =
        tokio::join!(images(caller, region, repository), replicates_to(caller, region, repository));
    let (mut images, more) = images?;
    images.sort_by_key(|image| std::cmp::Reverse(image.image_pushed_at().map(|at| at.as_nanos())));
    let left_out = images.len().saturating_sub(KEPT_IMAGES) + usize::from(more);
    let kept: Vec<EcrImage> = images
        .iter()
        .take(KEPT_IMAGES)
        .filter_map(|image| {
            Some(EcrImage { digest: image.image_digest()?.to_owned(), tags: image.image_tags().to_vec() })
        })
        .collect();
    let mut facts = EcrRepositoryFacts {
        left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        ..EcrRepositoryFacts::default()
    };
    facts.replicates_to = beside(Beside::ReplicationRules, rules, &mut facts.unread).unwrap_or_default();
    if let Some(newest) = kept.first().filter(|_| !facts.replicates_to.is_empty()) {
        let copies = copies(caller, region, repository, &newest.digest).await;
        facts.newest_copies =
            beside(Beside::ReplicationStatus, copies, &mut facts.unread).unwrap_or_default();
    }
    facts.images = kept;
    Ok(Facts::EcrRepository(facts))
}

/// All images as far as they are read, and whether there are more.
async fn images(caller: &Caller, region: &str, repository: &str) -> Result<(Vec<ImageDetail>, bool), Error> {
    let mut all = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let sent = caller
            .ecr(region)
            .describe_images()
            .repository_name(repository)
            .max_results(PAGE)
            .set_next_token(token)
            .send();
        let page = caller.ask(Service::Ecr, region, IMAGES, sent).await?;
        all.extend(page.image_details.unwrap_or_default());
        token = page.next_token.filter(|t| !t.is_empty());
        if token.is_none() {
            return Ok((all, false));
        }
    }
    Ok((all, true))
}

/// Regions that the registry's rules send this repository to; copies into another account are none of ours.
async fn replicates_to(caller: &Caller, region: &str, repository: &str) -> Result<Vec<String>, Error> {
    let sent = caller.ecr(region).describe_registry().send();
    let answer = caller.ask(Service::Ecr, region, REGISTRY, sent).await?;
    let rules = answer.replication_configuration().map(|c| c.rules()).unwrap_or_default();
    let mut regions: Vec<String> = rules
        .iter()
        .filter(|rule| {
            let filters = rule.repository_filters();
            filters.is_empty() || filters.iter().any(|f| repository.starts_with(f.filter()))
        })
        .flat_map(|rule| rule.destinations())
        .filter(|to| answer.registry_id().is_none_or(|own| own == to.registry_id()))
        .map(|to| to.region().to_owned())
        .collect();
    regions.sort();
    regions.dedup();
    Ok(regions)
}

async fn copies(
    caller: &Caller,
    region: &str,
    repository: &str,
    digest: &str,
) -> Result<Vec<(String, String)>, Error> {
    let sent = caller
        .ecr(region)
        .describe_image_replication_status()
        .repository_name(repository)
        .image_id(ImageIdentifier::builder().image_digest(digest).build())
        .send();
    let answer = caller.ask(Service::Ecr, region, REPLICATION, sent).await?;
    let statuses = answer.replication_statuses().iter();
    Ok(statuses.filter_map(|s| Some((s.region()?.to_owned(), s.status()?.as_str().to_owned()))).collect())
}
