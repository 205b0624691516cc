//! What our sessions may do. Pure: from an account and a change to the text of a session policy, and the whole
//! of what the two roles need, which `infra/member-account.yaml` grants. A session never holds more than its
//! role; these texts make it hold less.

mod step;

use crate::backup_vault;
use crate::own_calls;
use crate::registry::{change_actions, look_actions};
use crate::survey;
use holdfast_domain::{Account, ResourceKind};
use holdfast_failover::Change;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;

/// STS takes no longer text (AssumeRole, parameter `Policy`).
pub const POLICY_LIMIT: usize = 2048;

/// Needs no permission; stands where a session is to be allowed nothing that needs one.
const NOTHING: &str = "sts:GetCallerIdentity";

/// What AWS weighs beside some changes, of whoever makes the call: the right to hand a role or a key on, to read the
/// template of a stack, to use the key of a secret. Which role, key or object that is, and by way of which service, is
/// part of the right: simulated without them it would be refused to roles that have it.
pub const BESIDE_CHANGES: &[&str] = &[
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "s3:GetObject",
    "s3:GetObjectVersion",
];

/// What the roles may do to the switch objects that their template was given, and to no other: simulated without their
/// names it would be refused to roles that have it. A look that is refused tells of them.
pub(crate) const ON_SOME_OBJECTS: &[&str] =
    &["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"];

/// Everything the read role needs: the looks at every kind.
#[must_use]
pub fn read_role_actions() -> BTreeSet<&'static str> {
    looking_at(ResourceKind::ALL).into_iter().chain(survey::ASKS.iter().copied()).collect()
}

/// Everything the act role needs: a step looks before and after it changes.
#[must_use]
pub fn act_role_actions() -> BTreeSet<&'static str> {
    acting_on(ResourceKind::ALL)
        .into_iter()
        .chain(own_calls::CHANGES.iter().chain(BESIDE_CHANGES).chain(backup_vault::DELETES).copied())
        .collect()
}

/// What the read role needs in an account that has these kinds.
pub(crate) fn looking_at<'a>(kinds: impl IntoIterator<Item = &'a ResourceKind>) -> BTreeSet<&'static str> {
    kinds.into_iter().flat_map(|kind| look_actions(*kind)).copied().collect()
}

/// What the act role needs to look at these kinds and to change them.
pub(crate) fn acting_on<'a>(kinds: impl IntoIterator<Item = &'a ResourceKind>) -> BTreeSet<&'static str> {
    let actions = kinds.into_iter().flat_map(|kind| look_actions(*kind).iter().chain(change_actions(*kind)));
    actions.copied().collect()
}

#[derive(Serialize)]
struct Statement {
    #[serde(rename = "Effect")]
    effect: &'static str,
    #[serde(rename = "Action")]
    action: Vec<&'static str>,
    #[serde(rename = "Resource")]
    resource: Vec<String>,
}

/// Allows these actions on these resources.
fn on(
    actions: impl AsRef<[&'static str]>,
    resources: impl IntoIterator<Item = impl Into<String>>,
) -> Statement {
    let resource = resources.into_iter().map(Into::into).collect();
    Statement { effect: "Allow", action: actions.as_ref().to_vec(), resource }
}

fn anywhere(actions: impl IntoIterator<Item = &'static str>) -> Statement {
    on(actions.into_iter().collect::<Vec<_>>(), ["*"])
}

fn policy(statements: &[Statement]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// For looks at resources of these kinds. `None` where the text would be too long for STS: an account that has nearly
/// every kind is then looked at with the read role as it is, which can change nothing either.
#[must_use]
pub fn looking(kinds: &BTreeSet<ResourceKind>) -> Option<String> {
    let mut actions = looking_at(kinds);
    if actions.is_empty() {
        actions.insert(NOTHING);
    }
    Some(policy(&[anywhere(actions)])).filter(|text| text.len() <= POLICY_LIMIT)
}

/// For a session that is to do nothing.
#[must_use]
pub(crate) fn nothing() -> String {
    policy(&[anywhere([NOTHING])])
}

/// For asking an account about itself.
#[must_use]
pub(crate) fn surveying() -> String {
    policy(&[anywhere(survey::ASKS.iter().copied())])
}

/// For one step: its own action on its own resources, and the looks that its kind needs.
///
/// # Errors
/// A sentence, when the change names so much that the text would be too long for STS.
pub fn changing(account: &Account, change: &Change) -> Result<String, String> {
    let text = policy(&step::statements(account, change));
    if text.len() > POLICY_LIMIT {
        return Err(format!(
            "the session policy of this step has {} characters and AWS takes {POLICY_LIMIT}: split the step's records over \
             several resources",
            text.len()
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
