//! Pointing the application at its store in the target Region, when the store has been promoted or restored and before
//! traffic comes.

use super::draft::{Draft, Making};
use crate::change::{Change, StoreEndpoint};
use crate::movement::Mode;
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::resource::{EndpointSetting, SettingPlace};
use holdfast_domain::{Application, Facts, Name, RegionCode, Resource, ResourceSpec, StepId};

/// The store that a setting is about: the one that it names, or the only one that has an endpoint.
///
/// # Errors
/// A sentence, when it is not clear which.
pub fn store_of<'a>(
    application: &'a Application,
    setting: &Resource,
    spec: &EndpointSetting,
) -> Result<&'a Name, String> {
    let mut stores = application.resources.iter().filter(|r| r.spec.kind().has_endpoint()).map(|r| &r.name);
    let name = &setting.name;
    match &spec.store {
        Some(wanted) => stores.find(|store| store.as_str() == wanted).ok_or_else(|| {
            format!(
                "{name} names the store `{wanted}`, and the application has no such store with an endpoint."
            )
        }),
        None => match (stores.next(), stores.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => {
                Err(format!("{name} names no store, and the application has none with an endpoint."))
            }
            (Some(_), Some(_)) => Err(format!("{name} names no store, and the application has several.")),
        },
    }
}

/// The steps, or `after` when nothing is to be set.
pub(super) fn point(draft: &mut Draft<'_>, after: Vec<StepId>) -> Result<Vec<StepId>, Refusal> {
    let mut ids = Vec::new();
    for resource in &draft.picture.application.resources {
        let ResourceSpec::EndpointSetting(spec) = &resource.spec else { continue };
        let to = &draft.movement.to;
        let Some(place) = spec.per_region.get(to) else {
            draft.note(format!("{} has no setting in {to}; it is left as it is.", resource.name));
            continue;
        };
        let store = match store_of(&draft.picture.application, resource, spec) {
            Ok(store) => store,
            Err(sentence) => {
                draft.cannot(&sentence, "Name one of the application's stores under `store`.")?;
                continue;
            }
        };
        if let Some(id) = step(draft, &resource.name, place, store, &after)? {
            ids.push(id);
        }
    }
    Ok(if ids.is_empty() { after } else { ids })
}

fn step(
    draft: &mut Draft<'_>,
    name: &Name,
    place: &SettingPlace,
    store: &Name,
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let region = draft.movement.to.clone();
    let endpoint =
        draft.last(store, &region).filter(|_| !draft.makes_anew(store, &region)).and_then(Facts::endpoint);
    let (value_now, stands) = now(draft, name, &region, endpoint);
    if stands {
        return Ok(None);
    }
    let to = StoreEndpoint { store: store.clone(), endpoint: None, on_version: None };
    let Some(change) = set(place, &region, to) else {
        let sentence = format!("{name} in {region} names neither a parameter, nor a secret with its key.");
        draft.cannot(&sentence, "Correct the entry.")?;
        return Ok(None);
    };
    let value_to_be = match endpoint {
        Some(endpoint) => format!("the writer endpoint of {store} in {region}: {endpoint}"),
        None => format!("the writer endpoint of {store} in {region}, as the store tells it then"),
    };
    draft
        .add(Making {
            id: ("point", &[name.as_str()]),
            title: format!("Point {name} at {store} in {region}"),
            work: Work::Call { change },
            resource: Some(name),
            regions: vec![region],
            after: after.to_vec(),
            timeout_seconds: 900,
            value_now,
            value_to_be,
            ..Making::default()
        })
        .map(Some)
}

/// `None`: the inventory names neither a parameter nor a secret with its key.
fn set(place: &SettingPlace, region: &RegionCode, to: StoreEndpoint) -> Option<Change> {
    let region = region.clone();
    match place {
        SettingPlace { parameter: Some(parameter), key, .. } => {
            Some(Change::SetParameterEndpoint { region, parameter: parameter.clone(), key: key.clone(), to })
        }
        SettingPlace { secret: Some(secret), key: Some(key), .. } => {
            Some(Change::SetSecretEndpoint { region, secret: secret.clone(), key: key.clone(), to })
        }
        _ => None,
    }
}

/// After a failback: the settings of the Region being left, to what they said before the failover.
pub(super) fn put_back(draft: &mut Draft<'_>, after: &[StepId]) -> Result<(), Refusal> {
    let Some(from) = draft.leaving() else { return Ok(()) };
    for resource in &draft.picture.application.resources {
        let ResourceSpec::EndpointSetting(spec) = &resource.spec else { continue };
        let (name, Some(place)) = (&resource.name, spec.per_region.get(from)) else { continue };
        let said = |facts: Option<&Facts>| match facts {
            Some(Facts::Setting { setting: Some(setting) }) => setting.endpoint.clone(),
            _ => None,
        };
        let (Some(stood), Some(now)) = (said(draft.before(name, from)), said(draft.last(name, from))) else {
            continue;
        };
        let Ok(store) = store_of(&draft.picture.application, resource, spec) else { continue };
        let to = StoreEndpoint { store: store.clone(), endpoint: Some(stood.clone()), on_version: None };
        let Some(change) = set(place, from, to).filter(|_| stood != now) else { continue };
        if draft.movement.mode == Mode::Emergency {
            // The Region being left may be dark, and this is no part of the rescue.
            draft.note(format!("{name} in {from} is not put back to {stood}, which it said before."));
            continue;
        }
        draft.add(Making {
            id: ("put-back", &[name.as_str()]),
            title: format!("Put {name} in {from} back to what it said before"),
            work: Work::Call { change },
            resource: Some(name),
            regions: vec![from.clone()],
            after: after.to_vec(),
            timeout_seconds: 900,
            value_now: now,
            value_to_be: stood,
            ..Making::default()
        })?;
    }
    Ok(())
}

/// What the setting says now, and whether that is known to be what it is to say.
fn now(draft: &Draft<'_>, name: &Name, region: &RegionCode, endpoint: Option<&str>) -> (String, bool) {
    let setting = match draft.last(name, region) {
        Some(Facts::Setting { setting: Some(setting) }) => setting,
        Some(_) => return ("not there".into(), false),
        None => return ("not known".into(), false),
    };
    let Some(says) = setting.endpoint.as_deref() else {
        return ("not read beforehand".into(), false);
    };
    (says.to_owned(), endpoint == Some(says) && draft.known(name, region).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movement::Intent;
    use crate::plan::{Picture, plan};
    use crate::testing::stores::{moved_ledger, vault};
    use crate::testing::world::{A, B, key, known, moved_shop, setting, setting_facts};
    use crate::testing::{movement, region};

    /// The shop after a failover that pointed its setting at the store in [`B`].
    fn moved() -> Picture {
        let mut picture = moved_shop();
        picture.application.resources.push(setting("database"));
        picture.observations.insert(key("database", B), known(setting_facts("promoted.example.com")));
        picture.before.insert(key("database", B), setting_facts("reader.example.com"));
        picture
    }

    #[test]
    fn a_failback_puts_the_setting_of_the_region_that_it_leaves_back_to_what_it_said() {
        let back = plan(&moved(), &movement(Intent::Failback, Mode::Planned, B, A)).unwrap();
        let step = back.steps.iter().find(|step| step.id.as_str() == "put-back-database").unwrap();
        let to = step.change().and_then(Change::endpoint_of).unwrap();
        assert_eq!(to.endpoint.as_deref(), Some("reader.example.com"));
        assert!(step.after.iter().all(|id| id.as_str() == "confirm-serving"), "{:?}", step.after);
    }

    #[test]
    fn what_tells_no_endpoint_is_not_what_a_setting_may_mean() {
        let mut application = moved_ledger().application;
        application.resources.push(vault("backups"));
        let here = setting("database");
        let ResourceSpec::EndpointSetting(spec) = &here.spec else { unreachable!() };
        assert_eq!(store_of(&application, &here, spec).unwrap().as_str(), "books");
        for cannot in ["carts", "backups"] {
            let spec = EndpointSetting { store: Some(cannot.into()), ..spec.clone() };
            assert!(store_of(&application, &here, &spec).is_err(), "{cannot}");
        }
    }

    #[test]
    fn a_store_that_is_made_anew_is_pointed_at_although_the_setting_says_what_the_old_one_tells() {
        let mut picture = moved_ledger();
        let old =
            picture.observations[&key("books", A)].known().and_then(Facts::endpoint).unwrap().to_owned();
        let mut here = setting("database");
        let ResourceSpec::EndpointSetting(spec) = &mut here.spec else { unreachable!() };
        spec.per_region = spec.per_region.values().map(|place| (region(A), place.clone())).collect();
        picture.application.resources.push(here);
        picture.observations.insert(key("database", A), known(setting_facts(&old)));
        let back = plan(&picture, &movement(Intent::Failback, Mode::Planned, B, A)).unwrap();
        let step = back.steps.iter().find(|step| step.id.as_str() == "point-database").unwrap();
        assert!(!step.value_to_be.contains(&old), "{}", step.value_to_be);
    }

    #[test]
    fn what_says_already_what_it_said_before_and_what_an_emergency_leaves_get_no_step() {
        let mut stands = moved();
        stands.observations.insert(key("database", B), known(setting_facts("reader.example.com")));
        let planned = movement(Intent::Failback, Mode::Planned, B, A);
        let emergency = movement(Intent::Failback, Mode::Emergency, B, A);
        for (picture, movement) in [(stands, planned), (moved(), emergency)] {
            let back = plan(&picture, &movement).unwrap();
            assert!(back.steps.iter().all(|step| !step.id.as_str().starts_with("put-back")));
        }
    }
}
