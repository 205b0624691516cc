//! What is stored after a file was taken: a pure merge. Whether it may be taken is for [`crate::diff()`].

use holdfast_domain::{Account, Inventory};

/// Sections by key: accounts by id, Regions by code, the others by name.
pub(crate) fn sort(inventory: &mut Inventory) {
    inventory.accounts.iter_mut().for_each(|s| s.sort_by(|a, b| a.id.cmp(&b.id)));
    inventory.regions.iter_mut().for_each(|s| s.sort_by(|a, b| a.code.cmp(&b.code)));
    inventory.groups.iter_mut().for_each(|s| s.sort_by(|a, b| a.name.cmp(&b.name)));
    inventory.approval_policies.iter_mut().for_each(|s| s.sort_by(|a, b| a.name.cmp(&b.name)));
    inventory.applications.iter_mut().for_each(|s| s.sort_by(|a, b| a.name.cmp(&b.name)));
    inventory.plans.iter_mut().for_each(|s| s.sort_by(|a, b| a.application.cmp(&b.application)));
}

/// `new` over `stored`: an absent section is left alone; in one that is present, entries that it does not
/// name go if `prune`, and stay otherwise. An external id once given stays. The result is in canonical order.
#[must_use]
pub fn apply(stored: &Inventory, new: &Inventory, prune: bool) -> Inventory {
    let accounts = new.accounts.as_ref().map(|accounts| {
        let given = |account: &Account| {
            let before = stored.accounts.iter().flatten().find(|a| a.id == account.id);
            let kept = before.and_then(|a| a.external_id.clone());
            Account { external_id: kept.or_else(|| account.external_id.clone()), ..account.clone() }
        };
        accounts.iter().map(given).collect::<Vec<_>>()
    });
    let mut merged = Inventory {
        version: 1,
        accounts: section(stored.accounts.as_ref(), accounts.as_ref(), prune, |a| &a.id),
        regions: section(stored.regions.as_ref(), new.regions.as_ref(), prune, |r| &r.code),
        groups: section(stored.groups.as_ref(), new.groups.as_ref(), prune, |g| &g.name),
        approval_policies: section(
            stored.approval_policies.as_ref(),
            new.approval_policies.as_ref(),
            prune,
            |p| &p.name,
        ),
        applications: section(stored.applications.as_ref(), new.applications.as_ref(), prune, |a| &a.name),
        plans: section(stored.plans.as_ref(), new.plans.as_ref(), prune, |p| &p.application),
    };
    if new.plans.is_none()
        && let (Some(plans), Some(applications)) = (&mut merged.plans, &merged.applications)
    {
        // An application that goes takes its own steps along.
        plans.retain(|p| applications.iter().any(|a| a.name == p.application));
    }
    sort(&mut merged);
    merged
}

fn section<T: Clone, K: Ord>(
    stored: Option<&Vec<T>>,
    new: Option<&Vec<T>>,
    prune: bool,
    key: impl Fn(&T) -> &K,
) -> Option<Vec<T>> {
    let Some(new) = new else { return stored.cloned() };
    let mut merged = new.clone();
    if !prune {
        let named: std::collections::BTreeSet<_> = new.iter().map(&key).collect();
        merged.extend(stored.into_iter().flatten().filter(|e| !named.contains(key(e))).cloned());
    }
    Some(merged)
}
