//! Approval policies: who must say yes. They are a section of the inventory; here one at a time.

use crate::App;
use crate::authority::{Action, may};
use crate::inventory::Edit;
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::people::{Policies, PolicyView, RuleView};
use holdfast_api::{Answer, IfMatch, Problem, version};
use holdfast_domain::{Actor, ApprovalPolicy, Inventory, Name};

#[async_trait]
impl Policies for App {
    async fn policies(&self, actor: &Actor) -> Answer<Vec<PolicyView>> {
        may(actor, Action::ReadInventory)?;
        Ok(self.store.approval_policies().await.map_err(of_store)?.iter().map(view).collect())
    }

    async fn policy(&self, actor: &Actor, name: &Name) -> Answer<PolicyView> {
        let all = self.policies(actor).await?;
        all.into_iter()
            .find(|p| p.name == name.as_str())
            .ok_or_else(|| Problem::not_found("approval policy", name.as_str()))
    }

    async fn add_policy(&self, actor: &Actor, policy: ApprovalPolicy) -> Answer<PolicyView> {
        self.store_policy(actor, policy, |name, stored| match stored {
            Some(_) => Err(already_there("approval policy", name)),
            None => Ok(()),
        })
        .await
    }

    async fn put_policy(
        &self,
        actor: &Actor,
        policy: ApprovalPolicy,
        if_match: &IfMatch,
    ) -> Answer<PolicyView> {
        self.store_policy(actor, policy, |_, stored| if_match.check(&versions(stored))).await
    }

    async fn remove_policy(&self, actor: &Actor, name: &Name, if_match: &IfMatch) -> Answer<()> {
        let subject = format!("policy:{name}");
        self.may_freshly(actor, Action::WriteProtected).await?;
        let make = |stored: &Inventory| {
            let mut policies = stored.approval_policies.clone().unwrap_or_default();
            let there = policies.iter().find(|p| &p.name == name);
            if there.is_none() {
                return Err(Problem::not_found("approval policy", name.as_str()));
            }
            if_match.check(&versions(there))?;
            if let Some(user) = stored.applications.iter().flatten().find(|a| &a.approval_policy == name) {
                return Err(in_use(name, &user.name));
            }
            policies.retain(|p| &p.name != name);
            Ok(Inventory { version: 1, approval_policies: Some(policies), ..Inventory::default() })
        };
        self.store_inventory(actor, make, Edit::pruning("policy.remove").of(subject)).await.map(|_| ())
    }
}

impl App {
    /// `check` sees the policy as it is stored, held against every other edit.
    async fn store_policy(
        &self,
        actor: &Actor,
        policy: ApprovalPolicy,
        check: impl FnOnce(&Name, Option<&ApprovalPolicy>) -> Answer<()> + Send,
    ) -> Answer<PolicyView> {
        let name = policy.name.clone();
        let subject = format!("policy:{name}");
        self.may_freshly(actor, Action::WriteProtected).await?;
        let make = |stored: &Inventory| {
            let mut policies = stored.approval_policies.clone().unwrap_or_default();
            check(&policy.name, policies.iter().find(|p| p.name == policy.name))?;
            policies.retain(|p| p.name != policy.name);
            policies.push(policy);
            Ok(Inventory { version: 1, approval_policies: Some(policies), ..Inventory::default() })
        };
        self.store_inventory(actor, make, Edit::whole("policy.put").of(subject)).await?;
        self.policy(actor, &name).await
    }
}

fn versions(stored: Option<&ApprovalPolicy>) -> Vec<String> {
    stored.into_iter().map(|policy| version::of_policy(&view(policy))).collect()
}

fn view(policy: &ApprovalPolicy) -> PolicyView {
    PolicyView {
        name: policy.name.to_string(),
        rules: policy
            .rules
            .iter()
            .map(|rule| RuleView { group: rule.group.to_string(), approvals: rule.approvals })
            .collect(),
        expires_after_seconds: policy.expires_after.get(),
    }
}

pub(crate) fn already_there(what: &str, name: &Name) -> Problem {
    Problem::new(
        409,
        "already_there",
        "There is one already",
        format!("There is a {what} `{name}` already."),
        "Change that one (PUT), or choose another name.",
    )
}

fn in_use(name: &Name, application: &Name) -> Problem {
    Problem::new(
        409,
        "policy_in_use",
        "The policy is in use",
        format!("`{application}` stands under `{name}`."),
        "Put the application under another policy first.",
    )
}
