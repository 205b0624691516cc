//! What an account tells about itself: which actions its roles may not do that they will be asked for, and which other
//! accounts its organization has. Asked with the read role, in a session that may ask nothing else.

use crate::clients::Caller;
use crate::policy;
use crate::settings::{IAM_REGION, Service};
use crate::signed::{self, IAM, Request};
use holdfast_cloud::{Error, ErrorKind, OrganizationAccount};
use holdfast_domain::ResourceKind;
use std::collections::BTreeSet;

pub(crate) const SIMULATE: &str = "iam:SimulatePrincipalPolicy";
const LIST_ACCOUNTS: &str = "organizations:ListAccounts";

/// Everything that a survey asks.
pub(crate) const ASKS: &[&str] = &[SIMULATE, LIST_ACCOUNTS];

/// More pages than any organization has; a server that never stops paging is not followed for ever.
const MOST_PAGES: usize = 500;

/// Of `actions` those that the role's policies do not allow, in alphabetical order. One call: AWS weighs them all.
pub(crate) async fn missing(
    caller: &Caller,
    role_arn: &str,
    actions: &[&'static str],
) -> Result<Vec<String>, Error> {
    let mut fields = vec![("PolicySourceArn".to_owned(), role_arn.to_owned())];
    fields.push(("MaxItems".to_owned(), "1000".to_owned()));
    for (number, action) in actions.iter().enumerate() {
        fields.push((format!("ActionNames.member.{}", number + 1), (*action).to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let answer = signed::call(caller, IAM, IAM_REGION, &Request::form(SIMULATE, &fields)).await?;
    let mut answered = 0;
    let mut missing = Vec::new();
    for result in answer.xml().items("EvaluationResults") {
        let Some(action) = result.text("EvalActionName") else { continue };
        answered += 1;
        if result.text("EvalDecision") != Some("allowed") {
            missing.push(action.to_owned());
        }
    }
    // What AWS did not answer about is not known to be allowed.
    if answered < actions.len() {
        return Err(caller.call(IAM_REGION, SIMULATE).error(
            ErrorKind::Unreadable,
            format!("AWS was asked about {} actions and answered about {answered}", actions.len()),
        ));
    }
    missing.sort_unstable();
    missing.dedup();
    Ok(missing)
}

/// Every account of the organization; refused to all accounts but its administrators.
pub(crate) async fn organization(caller: &Caller) -> Result<Vec<OrganizationAccount>, Error> {
    let client = caller.organizations(IAM_REGION);
    let mut accounts = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let sent = client.list_accounts().set_next_token(next.take()).send();
        let page = caller.ask(Service::Organizations, IAM_REGION, LIST_ACCOUNTS, sent).await?;
        accounts.extend(page.accounts().iter().filter_map(|account| {
            Some(OrganizationAccount {
                id: account.id()?.to_owned(),
                name: account.name().unwrap_or_default().to_owned(),
                status: account.status().map_or("UNKNOWN", |status| status.as_str()).to_owned(),
            })
        }));
        match page.next_token {
            Some(token) if !token.is_empty() => next = Some(token),
            _ => return Ok(accounts),
        }
    }
    Err(caller
        .call(IAM_REGION, LIST_ACCOUNTS)
        .error(ErrorKind::Unreadable, "the list of accounts has no end"))
}

/// What each role will be asked for in an account that has these kinds. A step acts on none that is there for readiness
/// only.
pub(crate) fn needed(acts: bool, kinds: &BTreeSet<ResourceKind>) -> Vec<&'static str> {
    let actions = if acts {
        policy::acting_on(kinds.iter().filter(|kind| !kind.is_for_readiness_only()))
    } else {
        policy::looking_at(kinds)
    };
    actions.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_asked_about_the_calls_of_the_kinds_that_its_account_has() {
        let needed = |kinds: &[ResourceKind]| needed(true, &kinds.iter().copied().collect());
        let ecs = needed(&[ResourceKind::EcsService]);
        assert!(ecs.contains(&"ecs:UpdateService"));
        assert!(ecs.contains(&"application-autoscaling:RegisterScalableTarget"));
        assert!(!needed(&[ResourceKind::Secret]).contains(&"secretsmanager:PutSecretValue"));
        assert!(needed(&[ResourceKind::EndpointSetting]).contains(&"secretsmanager:PutSecretValue"));
    }

    #[test]
    fn a_role_is_asked_about_no_call_of_another_kind_of_the_same_service() {
        for (kind, others) in [
            (
                ResourceKind::AuroraGlobalDatabase,
                ["rds:PromoteReadReplica", "rds:CreateDBInstanceReadReplica"],
            ),
            (ResourceKind::RdsReadReplica, ["rds:SwitchoverGlobalCluster", "rds:FailoverGlobalCluster"]),
            (ResourceKind::Route53Records, ["route53:UpdateHealthCheck", "iam:PassRole"]),
            (
                ResourceKind::EksNodeGroup,
                ["autoscaling:UpdateAutoScalingGroup", "autoscaling:SuspendProcesses"],
            ),
            (ResourceKind::LambdaFunction, ["lambda:InvokeFunction", "ssm:SendCommand"]),
            (ResourceKind::BackupVault, ["iam:PassRole", "kms:CreateGrant"]),
        ] {
            let needed = needed(true, &BTreeSet::from([kind]));
            assert!(others.iter().all(|other| !needed.contains(other)), "{}: {needed:?}", kind.as_str());
        }
    }
}
