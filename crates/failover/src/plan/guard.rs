//! What must hold before anything is planned, whoever asks and however urgent: each no says the way out. What may be
//! overridden, or only noted, by kind of run is `crate::guard`.

use super::draft::Draft;
use super::is_yet_to_be_made;
use crate::movement::{Intent, Mode};
use crate::refusal::Refusal;
use crate::serving::{serving, words};
use holdfast_domain::{RegionCode, Resource, Sight, Strategy};

pub(super) fn check(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let application = &draft.picture.application;
    let movement = draft.movement;
    let regions: Vec<RegionCode> = application.regions().cloned().collect();
    for region in [&movement.from, &movement.to] {
        if !regions.contains(region) {
            return Err(Refusal::new(
                "unknown_region",
                format!("{} does not run in {region}.", application.name),
                format!("Its Regions are {}.", words(&regions)),
            ));
        }
    }
    if movement.from == movement.to {
        return Err(Refusal::new(
            "same_region",
            format!("The move is from {} to itself.", movement.from),
            "Choose another Region as the target.",
        ));
    }
    if movement.intent == Intent::Failback && movement.to != application.home_region {
        comes_back(draft)?;
    }
    if movement.intent == Intent::Drill && movement.mode == Mode::Emergency {
        return Err(Refusal::new(
            "guard_refused",
            "A drill never accepts the loss of data, so it is never an emergency.",
            "Request the drill as planned.",
        ));
    }
    for resource in &application.resources {
        see(draft, resource);
    }
    Ok(())
}

/// A failback elsewhere than home: only of an active-active Region that was taken out of service.
fn comes_back(draft: &Draft<'_>) -> Result<(), Refusal> {
    let application = &draft.picture.application;
    let to = &draft.movement.to;
    if application.strategy != Strategy::ActiveActive {
        return Err(Refusal::new(
            "not_home",
            format!("A failback goes to the home Region, {}, not to {to}.", application.home_region),
            "Fail back to the home Region, or request a failover.",
        ));
    }
    let serves = serving(application, &draft.picture.observations).regions;
    if serves.contains(to) {
        return Err(Refusal::new(
            "already_serving",
            format!(
                "{} is served from {} already: {to} need not come back.",
                application.name,
                words(&serves)
            ),
            "Choose a Region that does not serve, or request a failover.",
        ));
    }
    Ok(())
}

/// Notes what cannot be believed of one resource; whether that stands against the run is the guards' to say.
fn see(draft: &mut Draft<'_>, resource: &Resource) {
    if resource.spec.kind().is_for_readiness_only() {
        return;
    }
    for region in draft.picture.application.regions() {
        if !resource.spec.is_in(region) {
            continue;
        }
        let sight = draft.picture.observations.get(&(resource.name.clone(), region.clone()));
        if *region == draft.movement.to
            && let Some(Sight::Unknown { reason, .. }) = sight
            && is_yet_to_be_made(draft.picture, draft.movement, resource)
        {
            let bring = if draft.movement.intent == Intent::Drill {
                "a failover's stack brings it there, and a drill builds none"
            } else {
                "the stack that the plan creates there is to bring it"
            };
            draft.note(format!("{} is not in {region} ({reason}); {bring}.", resource.name));
            continue;
        }
        let (word, reason, last) = match sight {
            Some(Sight::Known { .. }) => continue,
            Some(Sight::Stale { at, reason, .. }) => ("stale", reason.clone(), Some(*at)),
            Some(Sight::Unknown { reason, last, .. }) => {
                ("unknown", reason.clone(), last.as_ref().map(|(at, _)| *at))
            }
            None => ("unknown", "not looked at yet".into(), None),
        };
        draft.note(match last {
            Some(at) => format!(
                "The picture of {} in {region} is {word} ({reason}); the plan uses what was last seen at {at}.",
                resource.name
            ),
            None => format!(
                "{} in {region} was never seen ({reason}); the plan changes nothing of it there.",
                resource.name
            ),
        });
    }
}
