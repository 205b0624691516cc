//! Asks each account about itself, now and then: whether its act role could be had, what its roles may do, and who else is
//! in its organization. Nothing waits for the answers, and no account need give any.

use holdfast_clock::DatabaseClock;
use holdfast_cloud::{Access, Cloud, ErrorKind};
use holdfast_domain::{Account, AccountId, Need};
use holdfast_store::{AccountProbe, AccountRole, AccountTrust, OrganizationAccount, RolePermissions, Store};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Policies are edited by people, and organizations grow slowly: IAM's own limits are tighter than our curiosity.
const INTERVAL: Duration = Duration::from_secs(15 * 60);

pub async fn survey(
    (store, cloud, clock): (&Store, &Arc<dyn Cloud>, &DatabaseClock),
    account: &Account,
    needs: &BTreeSet<Need>,
) {
    match store.begin_survey(&account.id, INTERVAL.as_secs_f64()).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::warn!(account = %account.name, %error, "whose turn it is to ask the account could not be asked");
            return;
        }
    }
    rehearse((store, cloud, clock), account).await;
    doubt_trust((store, cloud, clock), account).await;
    for (role, acts) in [(AccountRole::Read, false), (AccountRole::Act, true)] {
        if !asks(acts, needs) {
            if let Err(error) = store.forget_role_permissions(&account.id, role).await {
                tracing::warn!(account = %account.name, %error, "what the role was asked before could not be forgotten");
            }
            continue;
        }
        let missing = cloud.missing_permissions(account, acts, needs).await.map_err(|e| e.to_string());
        let told = RolePermissions { account: account.id.clone(), role, at: clock.now(), missing };
        if let Err(error) = store.record_role_permissions(&told).await {
            tracing::warn!(account = %account.name, %error, "what the role may do could not be kept");
        }
    }
    organization((store, cloud, clock), account).await;
}

/// Whether anything will ask the role for anything: an answer about nothing would look like all is well.
fn asks(acts: bool, needs: &BTreeSet<Need>) -> bool {
    needs.iter().any(|need| if acts { need.acts() } else { matches!(need, Need::Kind(_)) })
}

/// The act role, as a step would assume it: what its trust policy lacks is known before a run needs it.
pub(crate) async fn rehearse(
    (store, cloud, clock): (&Store, &Arc<dyn Cloud>, &DatabaseClock),
    account: &Account,
) {
    let answer = cloud.probe(account, &Access::Rehearsal).await.map(|i| i.arn).map_err(|e| e.to_string());
    let probe = AccountProbe { account: account.id.clone(), role: AccountRole::Act, at: clock.now(), answer };
    if let Err(error) = store.record_account_probe(&probe).await {
        tracing::warn!(account = %account.name, %error, "the act role's answer could not be kept");
    }
}

/// Whether each role demands the external id at all. One that does not can be used through us by whoever registers its ARN
/// here or elsewhere (the confused deputy), so it is tried as such a person would.
pub(crate) async fn doubt_trust(
    (store, cloud, clock): (&Store, &Arc<dyn Cloud>, &DatabaseClock),
    account: &Account,
) {
    for (role, acts) in [(AccountRole::Read, false), (AccountRole::Act, true)] {
        let demands_external_id = match cloud.probe(account, &Access::WithoutExternalId { acts }).await {
            Ok(_) => false,
            // A no to everybody, or for want of our own credentials, says nothing of the external id: it is believed where the
            // same role is given to who has one.
            Err(error) if error.kind == ErrorKind::Denied => {
                let with = if acts { Access::Rehearsal } else { Access::Survey };
                if cloud.probe(account, &with).await.is_err() {
                    continue;
                }
                true
            }
            // What was found before still holds where nobody answered.
            Err(error) => {
                tracing::debug!(account = %account.name, %error, "whether the role demands its external id is not known");
                continue;
            }
        };
        let found = AccountTrust { account: account.id.clone(), role, at: clock.now(), demands_external_id };
        if let Err(error) = store.record_account_trust(&found).await {
            tracing::warn!(account = %account.name, %error, "whether the role demands its external id could not be kept");
        }
    }
}

async fn organization((store, cloud, clock): (&Store, &Arc<dyn Cloud>, &DatabaseClock), account: &Account) {
    let told = match cloud.organization(account).await {
        Ok(told) => told,
        // All accounts but one or two are refused; and what was told before may still hold where nobody answered.
        Err(error) if error.kind != ErrorKind::Denied => {
            tracing::debug!(account = %account.name, %error, "the organization could not be asked");
            return;
        }
        Err(_) => Vec::new(),
    };
    let seen_at = clock.now();
    let members: Vec<OrganizationAccount> = told
        .into_iter()
        .filter_map(|member| {
            Some(OrganizationAccount {
                id: AccountId::parse(&member.id).ok()?,
                name: member.name,
                status: member.status,
                told_by: account.id.clone(),
                seen_at,
            })
        })
        .collect();
    if let Err(error) = store.record_organization(&account.id, &members).await {
        tracing::warn!(account = %account.name, %error, "the organization's accounts could not be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::{OwnCall, ResourceKind};

    #[test]
    fn the_act_role_is_asked_only_where_a_step_may_change_something() {
        let asks = |acts, needs: &[Need]| asks(acts, &needs.iter().copied().collect());
        for kind in [ResourceKind::CloudwatchAlarm, ResourceKind::Probe, ResourceKind::ServiceQuota] {
            let needs = [Need::Kind(kind)];
            assert_eq!((asks(false, &needs), asks(true, &needs)), (true, false), "{}", kind.as_str());
        }
        let service = [Need::Kind(ResourceKind::EcsService), Need::Kind(ResourceKind::Probe)];
        assert!(asks(false, &service) && asks(true, &service));
        let own = [Need::OwnStep(OwnCall::Function)];
        assert_eq!((asks(false, &own), asks(true, &own)), (false, true));
    }
}
