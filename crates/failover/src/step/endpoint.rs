//! Pointing an application at its store: what the rule of the plan comes to is read from the store itself, when the
//! step's turn has come, and only then becomes a call.

use super::check::{Look, known};
use super::{Verdict, backup};
use crate::change::{Change, StoreEndpoint};
use holdfast_domain::facts::SettingFacts;
use holdfast_domain::{Facts, RegionCode};

pub(super) fn check(look: &Look<'_>, change: &Change, region: &RegionCode, to: &StoreEndpoint) -> Verdict {
    let setting = match look.at(region) {
        Ok(Facts::Setting { setting: Some(setting) }) => setting,
        Ok(Facts::Setting { setting: None }) => {
            return Verdict::Stuck {
                reason: format!("{} does not exist in {region}", look.resource),
                way_out: "Create it there as the application expects it, with any value; then retry.".into(),
            };
        }
        Ok(other) => return look.not_what_it_was(region, other),
        Err(reason) => return Verdict::Unseen { reason },
    };
    // What is put back after a failback is fixed in the plan.
    let endpoint = match to.endpoint.clone().map_or_else(|| writer_endpoint(look, region, to), Ok) {
        Ok(endpoint) => endpoint,
        Err(verdict) => return verdict,
    };
    if setting.endpoint.as_deref() == Some(endpoint.as_str()) {
        return Verdict::Reached { note: format!("{} leads to {endpoint}", look.resource) };
    }
    if let Some(verdict) = cannot_be_set(look, region, setting) {
        return verdict;
    }
    Verdict::Act(change.pointed_at(StoreEndpoint {
        store: to.store.clone(),
        endpoint: Some(endpoint),
        on_version: Some(setting.version.clone()),
    }))
}

/// The rule: where the writer of the store is reached in this Region, once it is there.
fn writer_endpoint(look: &Look<'_>, region: &RegionCode, to: &StoreEndpoint) -> Result<String, Verdict> {
    let store = known(look.seen, &to.store, region).map_err(|reason| Verdict::Unseen { reason })?;
    if let Facts::BackupVault(vault) = store {
        return backup::endpoint(look, &to.store, region, vault);
    }
    if store.writes() == Some(false) {
        return Err(Verdict::Wait { note: format!("{} does not write in {region} yet", to.store) });
    }
    match store.endpoint() {
        Some(endpoint) => Ok(endpoint.to_owned()),
        None => Err(Verdict::Wait { note: format!("{} tells no endpoint in {region} yet", to.store) }),
    }
}

/// A value that could be read, and is something else than an endpoint, is not written over.
fn cannot_be_set(look: &Look<'_>, region: &RegionCode, setting: &SettingFacts) -> Option<Verdict> {
    if setting.is_replica {
        return Some(Verdict::Stuck {
            reason: format!("{} in {region} is a copy of another Region's secret and cannot be written", look.resource),
            way_out: "Give the Region a secret of its own for the endpoint, name it in the inventory, and request the run anew.".into(),
        });
    }
    let why = setting.not_told.as_ref()?;
    Some(Verdict::Stuck {
        reason: format!("{} in {region}: {why}", look.resource),
        way_out: "Put the present endpoint there, or correct the entry's `key`; then retry.".into(),
    })
}
