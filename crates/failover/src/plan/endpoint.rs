//! Pointing the application at its store in the target Region, when the store has been promoted or restored and before
//! traffic comes.

use super::draft::{Draft, Making};
use crate::change::{Change, StoreEndpoint};
use crate::movement::Mode;
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::resource::{EndpointSetting, SettingHolder, SettingPlace};
use holdfast_domain::{Application, Facts, Name, RegionCode, Resource, ResourceSpec, StepId, Strategy};

/// Stores with an endpoint of their own; and, where a move restores them, databases of which a vault has backups.
fn tells_endpoint(application: &Application, store: &Resource) -> bool {
    match &store.spec {
        ResourceSpec::BackupVault(vault) => {
            application.strategy == Strategy::BackupRestore
                && vault.per_region.values().any(|place| place.databases().next().is_some())
        }
        spec => spec.kind().has_endpoint(),
    }
}

/// The store that a setting is about: the one that it names, or the only one that has an endpoint.
///
/// # Errors
/// A sentence, when it is not clear which.
pub fn store_of<'a>(
    application: &'a Application,
    setting: &Resource,
    spec: &EndpointSetting,
) -> Result<&'a Name, String> {
    let mut stores = application.resources.iter().filter(|store| tells_endpoint(application, store));
    let name = &setting.name;
    let store = match &spec.store {
        Some(wanted) => stores.find(|store| store.name.as_str() == wanted).ok_or_else(|| {
            format!(
                "{name} names the store `{wanted}`, and the application has no such store with an endpoint."
            )
        })?,
        None => match (stores.next(), stores.next()) {
            (Some(only), None) => only,
            (None, _) => {
                return Err(format!("{name} names no store, and the application has none with an endpoint."));
            }
            (Some(_), Some(_)) => {
                return Err(format!("{name} names no store, and the application has several."));
            }
        },
    };
    match &store.spec {
        ResourceSpec::BackupVault(vault) if vault.per_region.values().any(|p| p.databases().count() > 1) => {
            Err(format!(
                "{name} is about {}, which protects several databases: give each an entry of its own of the same vault.",
                store.name
            ))
        }
        _ => Ok(&store.name),
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
        if draft.is_a_vault(store) && !draft.restores_a_database(store, to) {
            draft.note(format!(
                "Nothing is restored from {store} in {to}: {} there goes on saying what it says.",
                resource.name
            ));
            continue;
        }
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
        let sentence = format!(
            "{name} in {region} names neither a parameter, nor a secret with its key, nor a record with its zone."
        );
        draft.cannot(&sentence, "Correct the entry.")?;
        return Ok(None);
    };
    let value_to_be = match endpoint {
        Some(endpoint) => format!("the writer endpoint of {store} in {region}: {endpoint}"),
        None if draft.is_a_vault(store) => {
            format!("the endpoint of the database restored from {store} in {region}, as it tells it then")
        }
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

/// `None`: what the inventory names is not whole.
fn set(place: &SettingPlace, region: &RegionCode, to: StoreEndpoint) -> Option<Change> {
    let region = region.clone();
    Some(match place.holder()? {
        SettingHolder::Parameter { name, key } => Change::SetParameterEndpoint {
            region,
            parameter: name.to_owned(),
            key: key.map(str::to_owned),
            to,
        },
        SettingHolder::Secret { name, key } => {
            Change::SetSecretEndpoint { region, secret: name.to_owned(), key: key.to_owned(), to }
        }
        SettingHolder::Record { hosted_zone_id, name } => Change::SetRecordEndpoint {
            region,
            hosted_zone_id: hosted_zone_id.to_owned(),
            record: name.to_owned(),
            to,
        },
    })
}

/// One record that both Regions read: a zone may answer in the networks of many Regions, where parameters and secrets are
/// of one.
fn is_shared(spec: &EndpointSetting, from: &RegionCode, to: &RegionCode) -> bool {
    let holder = |region| spec.per_region.get(region).and_then(SettingPlace::holder);
    holder(from) == holder(to) && matches!(holder(to), Some(SettingHolder::Record { .. }))
}

/// After a failback: the settings of the Region being left, to what they said before the failover.
pub(super) fn put_back(draft: &mut Draft<'_>, after: &[StepId]) -> Result<(), Refusal> {
    let Some(from) = draft.leaving() else { return Ok(()) };
    for resource in &draft.picture.application.resources {
        let ResourceSpec::EndpointSetting(spec) = &resource.spec else { continue };
        let (name, Some(place)) = (&resource.name, spec.per_region.get(from)) else { continue };
        if is_shared(spec, from, &draft.movement.to) {
            continue;
        }
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
mod tests;
