//! Would an object hold its Region out: it lies elsewhere, an inverted health check watches just it, and the Region's
//! records follow that check.

use super::{Look, Severity};
use crate::plan::named_by_record;
use holdfast_domain::facts::{HealthCheck, SwitchObject, Watched};
use holdfast_domain::resource::S3SwitchObject;
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource, spec: &S3SwitchObject) {
    for (region, place) in &spec.per_region {
        if *region == place.holds_out {
            look.say(
                (Severity::Blocker, "lies_in_the_region_it_holds_out"),
                (resource, region),
                format!("{} is to hold {region} out from a bucket in {region}: it could not be put when that is gone.", resource.name),
                "Use a bucket in another Region, and let the health check watch the object there.",
            );
        }
        if let Some(Facts::SwitchObject(object)) = look.known(resource, region) {
            one(look, resource, region, object);
        }
    }
    no_way_out_of_home(look, resource, spec);
}

fn one(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, object: &SwitchObject) {
    let (name, held) = (&resource.name, &object.holds_out);
    if object.holds {
        look.say(
            (Severity::Warning, "holds_a_region_out"),
            (resource, region),
            format!("{name} is there: {held} is held out until it is taken away."),
            "A failback takes it away; where no run of Holdfast has put it, find out who did.",
        );
    }
    let Some(check) = watching(look, object) else {
        // Where it is entered and not seen, that is told of it.
        if !is_entered(look, &object.health_check_id) {
            look.say(
                (Severity::Warning, "health_check_not_entered"),
                (resource, region),
                format!(
                    "Whether health check {} is inverted and watches {name} is not looked at.",
                    object.health_check_id
                ),
                "Enter it as a resource of the kind route53_health_check.",
            );
        }
        return;
    };
    if !check.inverted {
        look.say(
            (Severity::Blocker, "switch_not_inverted"),
            (resource, region),
            format!("The health check that watches {name} is not inverted: while the object is not there, {held} counts as unhealthy."),
            "Invert the health check: it is to be unhealthy while the object is there.",
        );
    }
    if let Watched::Endpoint { address, path } = &check.watches
        && !(names_bucket(address, path.as_deref(), object) && names_key(path.as_deref(), object))
    {
        let path = path.as_deref().unwrap_or("/");
        look.say(
            (Severity::Blocker, "watches_something_else"),
            (resource, region),
            format!(
                "The health check of {name} asks {address} for {path}, which does not name object {} of bucket {}.",
                object.key, object.bucket
            ),
            "Let it ask the bucket's address for the object, or correct the entry.",
        );
    }
    let follows = named_by_record(look.application, check, |resource, at| look.known(resource, at));
    match follows {
        None => look.say(
            (Severity::Warning, "nothing_follows_switch"),
            (resource, region),
            format!("No record of the application that was seen follows the health check of {name}: to put it moves no traffic."),
            format!("Attach health check {} to the record for {held}.", object.health_check_id),
        ),
        Some(other) if other != held => look.say(
            (Severity::Blocker, "holds_out_another_region"),
            (resource, region),
            format!("{name} is to hold {held} out, and its health check is that of the record for {other}."),
            "Attach the health check to the right Region's record, or correct the entry.",
        ),
        Some(_) => {}
    }
}

/// The health check that is to watch it, as it is seen.
fn watching<'a>(look: &Look<'a>, object: &SwitchObject) -> Option<&'a HealthCheck> {
    look.observations.values().filter_map(|sight| sight.known()).find_map(|facts| match facts {
        Facts::HealthCheck(check) if check.id == object.health_check_id => Some(check),
        _ => None,
    })
}

fn is_entered(look: &Look<'_>, id: &str) -> bool {
    let is_it = |resource: &Resource| matches!(&resource.spec, ResourceSpec::Route53HealthCheck(spec) if spec.health_check_id == id);
    look.application.resources.iter().any(is_it)
}

/// The bucket stands before the host or first in the path.
fn names_bucket(address: &str, path: Option<&str>, object: &SwitchObject) -> bool {
    let in_path = path.and_then(|path| path.trim_start_matches('/').strip_prefix(object.bucket.as_str()));
    address.strip_prefix(object.bucket.as_str()).is_some_and(|rest| rest.starts_with('.'))
        || in_path.is_some_and(|rest| rest.starts_with('/'))
        // A name of one's own may stand for the bucket.
        || !address.ends_with(".amazonaws.com")
}

fn names_key(path: Option<&str>, object: &SwitchObject) -> bool {
    // Of a check that does not tell it, nothing is said.
    path.is_none_or(|path| path.ends_with(&format!("/{}", object.key.trim_start_matches('/'))))
}

fn no_way_out_of_home(look: &mut Look<'_>, resource: &Resource, spec: &S3SwitchObject) {
    let home = look.application.home_region.clone();
    if spec.per_region.values().any(|place| place.holds_out == home) {
        return;
    }
    let others = look.application.resources.iter().filter_map(|other| match &other.spec {
        ResourceSpec::S3SwitchObject(spec) => Some(spec),
        _ => None,
    });
    if others.flat_map(|spec| spec.per_region.values()).any(|place| place.holds_out == home) {
        return;
    }
    look.add(
        Severity::Note,
        "home_cannot_be_held_out",
        Some(resource),
        None,
        format!("No object of the application holds {home} out."),
        format!("Enter one in a recovery Region that does, as {} does for another.", resource.name),
    );
}

/// Whether an object of the application is the switch behind this check, as it is seen.
pub(super) fn is_behind(look: &Look<'_>, check: &str) -> bool {
    look.observations
        .values()
        .filter_map(|sight| sight.known())
        .any(|facts| matches!(facts, Facts::SwitchObject(object) if object.health_check_id == check))
}
