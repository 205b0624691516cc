//! What the suite really calls under each role, against what the roles are granted. `infra/member-account.yaml` is held
//! to the same lists by a test in `policy.rs`.

use crate::peers::Peer;
use crate::suite::ROWS;
use crate::words::{acting, both, look};
use holdfast_aws::{AwsCloud, policy};
use holdfast_cloud::{Access, Cloud};
use std::collections::BTreeSet;

/// What was allowed to go through under a role, as IAM names it.
fn allowed(peer: &Peer, role: &str) -> BTreeSet<String> {
    let mark = format!(":assumed-role/{role}/");
    let ledger = peer.sim().ledger().into_iter().filter(|entry| entry.principal.contains(&mark));
    ledger.map(|entry| entry.action.clone()).filter(|action| !action.starts_with("sts:")).collect()
}

/// What each role was used for when every kind was looked at, and every call of its steps made and followed.
async fn used() -> [BTreeSet<String>; 2] {
    let mut used = [BTreeSet::new(), BTreeSet::new()];
    for row in ROWS {
        for at in 0.. {
            // Each call in a world of its own: the one before has changed it.
            let mut peer = Peer::simulator().await.unwrap();
            // Which name servers a zone has is asked of Route 53 only where no other is set to stand for them.
            peer.settings.outside.dns_resolver = None;
            peer.cloud = AwsCloud::new(peer.settings.clone());
            let resource = (row.resource)(&peer).await;
            let change = (row.changes)(&peer, &resource).await.into_iter().nth(at);
            let acting = acting("one-step", change.clone());
            let access = Access::Act(acting.clone());
            if let Some(change) = &change {
                let answer = peer.cloud.perform(&peer.account, &acting, change).await.unwrap();
                if let Some(tracking) = answer.tracking {
                    peer.cloud.settled(&peer.account, &access, change, &tracking).await.unwrap();
                }
            }
            // Also what only a change under way lets a look ask.
            look(&peer, &resource).await;
            // As another process, which knows nothing yet of what changes about never.
            let other = AwsCloud::new(peer.settings.clone());
            other.observe(&peer.account, &access, &resource, &both()).await;
            for (used, role) in used.iter_mut().zip(["holdfast-read", "holdfast-act"]) {
                used.extend(allowed(&peer, role));
            }
            if change.is_none() {
                break;
            }
        }
    }
    used
}

/// What no call of this suite shows by its name: what an account is asked about itself, the steps of one's own, which
/// are of no kind, and what AWS weighs beside a call.
fn elsewhere() -> BTreeSet<&'static str> {
    let survey = ["iam:SimulatePrincipalPolicy", "organizations:ListAccounts"];
    let own = ["lambda:InvokeFunction", "ssm:ListCommands", "ssm:SendCommand"];
    survey.iter().chain(&own).chain(policy::BESIDE_CHANGES).copied().collect()
}

#[tokio::test]
async fn each_role_is_granted_what_the_suite_calls_under_it_and_nothing_else() {
    let granted = [policy::read_role_actions(), policy::act_role_actions()];
    for (used, granted) in used().await.into_iter().zip(granted) {
        let granted: BTreeSet<String> = granted.into_iter().map(str::to_owned).collect();
        let missing: Vec<_> = used.difference(&granted).collect();
        let unused: Vec<_> =
            granted.difference(&used).filter(|action| !elsewhere().contains(action.as_str())).collect();
        assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:?}; unused: {unused:?}");
        assert!(granted.iter().all(|action| !action.contains('*')), "{granted:?}");
    }
}
