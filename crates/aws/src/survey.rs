//! What an account tells about itself: which actions its roles may not do that they will be asked for, and which other
//! accounts its organization has. Asked with the read role, in a session that may ask nothing else.

use crate::clients::Caller;
use crate::own_calls;
use crate::policy;
use crate::settings::{IAM_REGION, Service};
use crate::signed::{self, IAM, Request};
use holdfast_cloud::{Error, ErrorKind, OrganizationAccount};
use holdfast_domain::{Missing, Need};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const SIMULATE: &str = "iam:SimulatePrincipalPolicy";
const LIST_ACCOUNTS: &str = "organizations:ListAccounts";

/// Everything that a survey asks.
pub(crate) const ASKS: &[&str] = &[SIMULATE, LIST_ACCOUNTS];

/// More pages than any organization has; a server that never stops paging is not followed for ever.
const MOST_PAGES: usize = 500;

/// Actions, each with what it is needed for.
pub(crate) type Needed = BTreeMap<&'static str, BTreeSet<Need>>;

/// Of the actions those that the role's policies do not allow, in alphabetical order. One call: AWS weighs them all.
pub(crate) async fn missing(caller: &Caller, role_arn: &str, needed: &Needed) -> Result<Vec<Missing>, Error> {
    // An account that has nothing but objects: IAM refuses a question about nothing.
    if needed.is_empty() {
        return Ok(Vec::new());
    }
    let mut fields = vec![("PolicySourceArn".to_owned(), role_arn.to_owned())];
    fields.push(("MaxItems".to_owned(), "1000".to_owned()));
    for (number, action) in needed.keys().enumerate() {
        fields.push((format!("ActionNames.member.{}", number + 1), (*action).to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let answer = signed::call(caller, IAM, IAM_REGION, &Request::form(SIMULATE, &fields)).await?;
    let mut answered = BTreeSet::new();
    let mut missing = BTreeSet::new();
    for result in answer.xml().items("EvaluationResults") {
        let Some(action) = result.text("EvalActionName").filter(|action| needed.contains_key(*action)) else {
            continue;
        };
        answered.insert(action.to_owned());
        if result.text("EvalDecision") != Some("allowed") {
            missing.insert(action.to_owned());
        }
    }
    // What AWS did not answer about is not known to be allowed.
    if answered.len() < needed.len() {
        return Err(caller.call(IAM_REGION, SIMULATE).error(
            ErrorKind::Unreadable,
            format!("AWS was asked about {} actions and answered about {}", needed.len(), answered.len()),
        ));
    }
    let why = |action: &str| needed.get(action).cloned().unwrap_or_default();
    Ok(missing.into_iter().map(|action| Missing { needed_by: why(&action), action }).collect())
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

/// What each role will be asked for in an account that is needed for this. A step acts on nothing that is there for
/// readiness only, and a step of one's own is made by the act role.
pub(crate) fn needed(acts: bool, needs: &BTreeSet<Need>) -> Needed {
    let mut needed = Needed::new();
    for need in needs {
        let actions: BTreeSet<&'static str> = match need {
            _ if acts && !need.acts() => BTreeSet::new(),
            Need::Kind(kind) if acts => policy::acting_on([kind]),
            Need::Kind(kind) => policy::looking_at([kind]),
            Need::OwnStep(call) if acts => own_calls::actions(*call).iter().copied().collect(),
            Need::OwnStep(_) => BTreeSet::new(),
        };
        for action in actions.into_iter().filter(|action| !policy::ON_SOME_OBJECTS.contains(action)) {
            needed.entry(action).or_default().insert(*need);
        }
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::{OwnCall, ResourceKind};

    #[test]
    fn a_role_is_asked_about_what_steps_of_ones_own_call_in_its_account() {
        let needs = |call| BTreeSet::from([Need::OwnStep(call)]);
        let document = needed(true, &needs(OwnCall::Document));
        assert_eq!(document.keys().copied().collect::<Vec<_>>(), ["ssm:ListCommands", "ssm:SendCommand"]);
        let function = needed(true, &needs(OwnCall::Function));
        assert_eq!(function["lambda:InvokeFunction"], needs(OwnCall::Function));
        assert_eq!(needed(false, &needs(OwnCall::Function)), Needed::new());
    }

    #[test]
    fn an_action_is_told_with_every_kind_that_needs_it() {
        let kinds = [ResourceKind::EcsService, ResourceKind::AutoScalingGroup].map(Need::Kind);
        let needed = needed(false, &kinds.into());
        assert_eq!(needed["elasticloadbalancing:DescribeTargetHealth"], kinds.into());
        assert_eq!(needed["ecs:DescribeServices"], [kinds[0]].into());
    }

    #[test]
    fn a_role_is_not_asked_about_what_it_has_on_some_objects_only() {
        let needs = BTreeSet::from([Need::Kind(ResourceKind::S3SwitchObject)]);
        assert_eq!((needed(true, &needs), needed(false, &needs)), (Needed::new(), Needed::new()));
        assert!(policy::ON_SOME_OBJECTS.iter().all(|action| policy::act_role_actions().contains(action)));
    }

    #[test]
    fn a_role_is_asked_about_the_calls_of_the_kinds_that_its_account_has() {
        let needed = |kinds: &[ResourceKind]| needed(true, &kinds.iter().copied().map(Need::Kind).collect());
        let ecs = needed(&[ResourceKind::EcsService]);
        assert!(ecs.contains_key("ecs:UpdateService"));
        assert!(ecs.contains_key("application-autoscaling:RegisterScalableTarget"));
        assert!(!needed(&[ResourceKind::Secret]).contains_key("secretsmanager:PutSecretValue"));
        assert!(needed(&[ResourceKind::EndpointSetting]).contains_key("secretsmanager:PutSecretValue"));
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
            let needed = needed(true, &BTreeSet::from([Need::Kind(kind)]));
            assert!(others.iter().all(|other| !needed.contains_key(other)), "{}: {needed:?}", kind.as_str());
        }
    }
}
