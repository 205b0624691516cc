//! What an edit of the inventory does to who must approve: which applications would take over what stands under a policy that asks
//! more, and what is kept of the rules that applications leave.

use crate::problems::of_store;
use holdfast_api::Answer;
use holdfast_domain::{Inventory, Name};
use holdfast_failover::approval::{RulesLeft, gained, rules_left, taken_over};
use holdfast_store::{Change, Changed, UnreadableApplication, UnreadablePart};
use std::collections::BTreeSet;

/// Both with all that is stored, whoever may see it.
pub(super) async fn taken_over_by(
    change: &mut Change,
    before: &Inventory,
    after: &Inventory,
) -> Answer<BTreeSet<Name>> {
    let gained = gained(before, after);
    if gained.is_empty() {
        return Ok(BTreeSet::new());
    }
    let names: Vec<&Name> = gained.iter().map(|(application, _)| &application.name).collect();
    let identities: Vec<String> = gained.iter().flat_map(|(_, ids)| ids.iter().cloned()).collect();
    let now = change.now().await.map_err(of_store)?;
    let mut lately = change.rules_left(&names, &identities).await.map_err(of_store)?;
    lately.retain(|left| now < left.until);
    let texts: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let named = change.policies_of_names(&texts).await.map_err(of_store)?;
    Ok(taken_over(before, after, &lately, &named))
}

/// Of an application that cannot be read at least the policy can; what it holds cannot.
pub(super) async fn keep_rules_left(
    change: &mut Change,
    (before, after): (&Inventory, &Inventory),
    unreadable: &[UnreadableApplication],
    changed: &Changed,
) -> Answer<()> {
    let mut left = rules_left(before, after);
    let unread = unreadable.iter().filter(|one| one.part == UnreadablePart::Entry);
    let names: Vec<&str> = unread.map(|one| one.name.as_str()).collect();
    for (application, policy) in change.policies_of_names(&names).await.map_err(of_store)? {
        let policy = before.approval_policies.iter().flatten().find(|p| p.name == policy).cloned();
        left.extend(policy.map(|policy| RulesLeft { application, policy, holds: Vec::new() }));
    }
    change.keep_rules_left(&left, changed.person, &changed.by).await.map_err(of_store)
}
