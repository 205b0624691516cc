//! Could new tasks start: are the images that run at home in the recovery Region's registry, and the same ones.

use super::{Look, Severity};
use holdfast_domain::facts::EcrRepositoryFacts;
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec};

/// An image of a private registry, as a task definition names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Image<'a> {
    region: &'a str,
    repository: &'a str,
    /// A tag, or a digest with its `sha256:`.
    reference: &'a str,
}

impl<'a> Image<'a> {
    /// `None` for images of other registries.
    fn parse(text: &'a str) -> Option<Self> {
        let (registry, path) = text.split_once('/')?;
        let region = registry.split_once(".dkr.ecr.")?.1.split('.').next()?;
        let (repository, reference) = match path.split_once('@') {
            // With a digest the tag is only for people.
            Some((named, digest)) => {
                (named.split_once(':').map_or(named, |(repository, _)| repository), digest)
            }
            None => path.split_once(':').unwrap_or((path, "latest")),
        };
        Some(Self { region, repository, reference })
    }

    fn digest_in(&self, there: &'a EcrRepositoryFacts) -> Option<&'a str> {
        let is = |i: &&holdfast_domain::facts::EcrImage| {
            i.digest == self.reference || i.tags.iter().any(|t| t == self.reference)
        };
        there.images.iter().find(is).map(|i| i.digest.as_str())
    }
}

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    match &resource.spec {
        ResourceSpec::EcrRepository(spec) => repository(look, resource, &spec.repository),
        ResourceSpec::EcsService(_) => {
            pulls_from(look, resource);
            entered(look, resource);
        }
        _ => {}
    }
}

/// What the application's services run at home, of all repositories.
fn running<'a>(look: &Look<'a>) -> Vec<Image<'a>> {
    let home = &look.application.home_region;
    let mut images: Vec<Image<'a>> = look
        .application
        .resources
        .iter()
        .filter_map(|r| match look.known(r, home) {
            Some(Facts::EcsService(service)) => Some(&service.images),
            _ => None,
        })
        .flatten()
        .filter_map(|text| Image::parse(text))
        .collect();
    images.sort();
    images.dedup();
    images
}

fn repository(look: &mut Look<'_>, resource: &Resource, repository: &str) {
    let home = look.application.home_region.clone();
    let at_home = match look.known(resource, &home) {
        Some(Facts::EcrRepository(facts)) => Some(facts),
        _ => None,
    };
    let images: Vec<Image<'_>> = running(look).into_iter().filter(|i| i.repository == repository).collect();
    for region in look.application.recovery_regions.iter() {
        if let Some(facts) = at_home {
            replicated(look, resource, &home, region, facts);
        }
        let Some(Facts::EcrRepository(there)) = look.known(resource, region) else { continue };
        for image in &images {
            present(look, resource, region, image, (at_home, there));
        }
    }
}

fn replicated(
    look: &mut Look<'_>,
    resource: &Resource,
    home: &RegionCode,
    region: &RegionCode,
    facts: &EcrRepositoryFacts,
) {
    let name = &resource.name;
    let asked = facts.unread.iter().all(|u| u.what != holdfast_domain::facts::Beside::ReplicationRules);
    if asked && !facts.replicates_to.iter().any(|r| r == region.as_str()) {
        look.add(
            Severity::Warning,
            "images_not_replicated",
            Some(resource),
            Some(home),
            format!("No rule of the registry in {home} replicates the images of {name} to {region}."),
            format!(
                "Add {region} as a destination of the registry's replication, or push each image to both."
            ),
        );
    }
    if facts.newest_copies.iter().any(|(to, status)| to == region.as_str() && status == "FAILED") {
        look.add(
            Severity::Warning,
            "image_replication_failed",
            Some(resource),
            Some(home),
            format!("The newest image of {name} could not be replicated to {region}."),
            "Look at the repository there: an immutable tag that exists already, or a missing permission.",
        );
    }
}

fn present(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    image: &Image<'_>,
    (at_home, there): (Option<&EcrRepositoryFacts>, &EcrRepositoryFacts),
) {
    let name = &resource.name;
    let reference = image.reference;
    let Some(digest) = image.digest_in(there) else {
        if there.left_out > 0 {
            look.add(
                Severity::Unknown,
                "image_not_known",
                Some(resource),
                Some(region),
                format!(
                    "Whether {reference} of {name}, which runs at home, is in {region} is not known: it is not among the {} newest images there.",
                    there.images.len()
                ),
                "Let a lifecycle policy remove images that nobody runs, or look by hand.",
            );
        } else {
            look.add(
                Severity::Blocker,
                "image_missing",
                Some(resource),
                Some(region),
                format!("{reference} of {name} runs at home and is not in {region}: new tasks could not start there."),
                "Push the image there, and have the registry replicate what is pushed at home.",
            );
        }
        return;
    };
    let home_digest = at_home.and_then(|home| image.digest_in(home));
    if home_digest.is_some_and(|at_home| at_home != digest) {
        look.add(
            Severity::Warning,
            "image_differs",
            Some(resource),
            Some(region),
            format!("{reference} of {name} is another image in {region} than at home."),
            "Push the same image to both, or name images by digest.",
        );
    }
}

/// Whether an image is in the recovery Region is looked at only where the inventory has its repository.
fn entered(look: &mut Look<'_>, resource: &Resource) {
    let home = look.application.home_region.clone();
    let Some(Facts::EcsService(service)) = look.known(resource, &home) else { return };
    let has = |image: &Image<'_>| {
        look.application.resources.iter().any(
            |r| matches!(&r.spec, ResourceSpec::EcrRepository(spec) if spec.repository == image.repository),
        )
    };
    let mut missing: Vec<&str> = service
        .images
        .iter()
        .filter_map(|text| Image::parse(text))
        .filter(|image| !has(image))
        .map(|image| image.repository)
        .collect();
    missing.sort_unstable();
    missing.dedup();
    for repository in missing {
        look.add(
            Severity::Warning,
            "image_repository_not_entered",
            Some(resource),
            Some(&home),
            format!(
                "{} runs images of the repository {repository}, which the inventory does not name: whether they are in the recovery Region is not looked at.",
                resource.name
            ),
            format!("Add `{repository}` as an `ecr_repository` entry."),
        );
    }
}

/// A task that pulls its image from a Region that is gone does not start.
fn pulls_from(look: &mut Look<'_>, resource: &Resource) {
    for region in look.application.regions() {
        let Some(Facts::EcsService(service)) = look.known(resource, region) else { continue };
        let elsewhere: Vec<&str> = service
            .images
            .iter()
            .filter_map(|text| Image::parse(text))
            .map(|image| image.region)
            .filter(|at| *at != region.as_str())
            .collect();
        if let Some(at) = elsewhere.first() {
            look.add(
                Severity::Warning,
                "image_from_another_region",
                Some(resource),
                Some(region),
                format!(
                    "{} in {region} pulls its image from the registry in {at}: when that Region is gone, no new task starts.",
                    resource.name
                ),
                format!("Have the task definition name the registry in {region}."),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_told_apart_by_registry_repository_and_tag_or_digest() {
        let of = |region, repository, reference| Some(Image { region, repository, reference });
        let registry = "222222222222.dkr.ecr.us-east-1.amazonaws.com";
        for (text, expected) in [
            ("/shop/web:1.4", of("us-east-1", "shop/web", "1.4")),
            ("/shop/web", of("us-east-1", "shop/web", "latest")),
            ("/shop/web@sha256:abc", of("us-east-1", "shop/web", "sha256:abc")),
            ("/shop/web:1.4@sha256:abc", of("us-east-1", "shop/web", "sha256:abc")),
        ] {
            assert_eq!(Image::parse(&format!("{registry}{text}")), expected, "{text}");
        }
        assert_eq!(Image::parse("public.ecr.aws/nginx/nginx:1"), None);
        assert_eq!(Image::parse("nginx"), None);
    }
}
