//! Accounts, and what came of assuming their roles.

use crate::App;
use crate::authority::{Action, may};
use crate::inventory::Edit;
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::accounts::{AccountView, Accounts, DiscoveredAccount, PermissionsAnswer, RoleAnswer};
use holdfast_api::{Answer, IfMatch, Problem, version};
use holdfast_domain::{Account, Actor, Application, Inventory, Name, OwnPlan};
use holdfast_store::{AccountProbe, AccountRole, AccountTrust, RolePermissions};
use std::collections::BTreeSet;

#[async_trait]
impl Accounts for App {
    async fn accounts(&self, actor: &Actor) -> Answer<Vec<AccountView>> {
        may(actor, Action::ReadStatus)?;
        let seen = self.seen(actor).await?;
        let inventory = self.store.load_inventory().await.map_err(of_store)?;
        let probes = self.store.account_probes().await.map_err(of_store)?;
        let trust = self.store.account_trust().await.map_err(of_store)?;
        let permissions = self.store.role_permissions().await.map_err(of_store)?;
        let view = |account: &Account| {
            let mut users = Users::of(&inventory, &account.name).applications();
            users.retain(|name| seen.sees_text(name));
            view(account, (&probes, &trust), &permissions, users)
        };
        Ok(inventory.accounts.iter().flatten().map(view).collect())
    }

    async fn account(&self, actor: &Actor, id: &str) -> Answer<AccountView> {
        let all = self.accounts(actor).await?;
        all.into_iter().find(|a| a.id == id || a.name == id).ok_or_else(|| Problem::not_found("account", id))
    }

    async fn discovered_accounts(&self, actor: &Actor) -> Answer<Vec<DiscoveredAccount>> {
        may(actor, Action::ReadStatus)?;
        let found = self.store.unregistered_accounts().await.map_err(of_store)?;
        let accounts = self.store.accounts().await.map_err(of_store)?;
        let told_by = |id| accounts.iter().find(|account| account.id == id).map(|a| a.name.to_string());
        Ok(found
            .into_iter()
            .map(|account| DiscoveredAccount {
                id: account.id.to_string(),
                name: account.name,
                status: account.status,
                told_by: told_by(account.told_by).unwrap_or_default(),
                seen_at: account.seen_at,
            })
            .collect())
    }

    async fn put_account(&self, actor: &Actor, account: Account, if_match: &IfMatch) -> Answer<AccountView> {
        let id = account.id.to_string();
        let subject = format!("account:{id}");
        self.may_freshly(actor, Action::WriteProtected).await?;
        let make = |stored: &Inventory| {
            let mut accounts = stored.accounts.clone().unwrap_or_default();
            if_match.check(&version_of(&accounts, account.id.as_str()))?;
            accounts.retain(|a| a.id != account.id);
            accounts.push(account);
            Ok(Inventory { version: 1, accounts: Some(accounts), ..Inventory::default() })
        };
        self.store_inventory(actor, make, Edit::whole("account.put").of(subject)).await?;
        self.account(actor, &id).await
    }

    async fn remove_account(&self, actor: &Actor, id: &str, if_match: &IfMatch) -> Answer<()> {
        self.may_freshly(actor, Action::WriteProtected).await?;
        let view = self.account(actor, id).await?;
        let subject = format!("account:{}", view.id);
        let make = |stored: &Inventory| {
            let mut accounts = stored.accounts.clone().unwrap_or_default();
            if_match.check(&version_of(&accounts, &view.id))?;
            let there = accounts.iter().find(|a| a.id.as_str() == view.id);
            if let Some(sentence) = there.and_then(|account| Users::of(stored, &account.name).sentence()) {
                return Err(in_use(sentence));
            }
            accounts.retain(|a| a.id.as_str() != view.id);
            Ok(Inventory { version: 1, accounts: Some(accounts), ..Inventory::default() })
        };
        self.store_inventory(actor, make, Edit::pruning("account.remove").of(subject)).await.map(|_| ())
    }
}

/// What of the inventory would be left without an account.
struct Users {
    /// Applications with resources in it.
    resources: BTreeSet<String>,
    /// Steps of one's own that call with its act role: application and step.
    steps: Vec<(String, String)>,
}

impl Users {
    fn of(inventory: &Inventory, account: &Name) -> Self {
        let holds = |a: &&Application| a.resources.iter().any(|r| &r.account == account);
        let calls = |plan: &OwnPlan| {
            let steps = plan.steps.iter().filter(|step| step.work.account() == Some(account));
            steps.map(|step| (plan.application.to_string(), step.name.to_string())).collect::<Vec<_>>()
        };
        Self {
            resources: inventory
                .applications
                .iter()
                .flatten()
                .filter(holds)
                .map(|a| a.name.to_string())
                .collect(),
            steps: inventory.plans.iter().flatten().flat_map(calls).collect(),
        }
    }

    fn applications(&self) -> Vec<String> {
        let of_steps = self.steps.iter().map(|(application, _)| application);
        let all: BTreeSet<&String> = self.resources.iter().chain(of_steps).collect();
        all.into_iter().cloned().collect()
    }

    /// `None`: nothing uses it.
    fn sentence(&self) -> Option<String> {
        let mut sentences = Vec::new();
        if !self.resources.is_empty() {
            let names: Vec<&str> = self.resources.iter().map(String::as_str).collect();
            sentences.push(format!("Resources of {} are in it.", names.join(", ")));
        }
        for (application, step) in &self.steps {
            sentences.push(format!("The step `{step}` of {application} calls with its role."));
        }
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }
}

/// Of the account of this id, where there is one.
fn version_of(accounts: &[Account], id: &str) -> Vec<String> {
    accounts.iter().filter(|a| a.id.as_str() == id).map(version::of_account).collect()
}

fn in_use(sentence: String) -> Problem {
    Problem::new(
        409,
        "account_in_use",
        "The account is in use",
        sentence,
        "Take that out of the inventory first.",
    )
}

fn permissions_of(account: &Account, all: &[RolePermissions]) -> Vec<PermissionsAnswer> {
    let of_account = all.iter().filter(|told| told.account == account.id);
    of_account
        .map(|told| {
            let (role, arn) = match told.role {
                AccountRole::Read => ("read", &account.read_role_arn),
                AccountRole::Act => ("act", &account.act_role_arn),
            };
            let (state, way_out) = match &told.missing {
                Ok(missing) if missing.is_empty() => ("ok", None),
                Ok(_) => (
                    "missing",
                    Some(format!(
                        "Allow these actions in the policy of {arn}; infra/member-account.yaml has them all."
                    )),
                ),
                Err(_) => (
                    "unknown",
                    Some(format!("Allow iam:SimulatePrincipalPolicy to {}.", account.read_role_arn)),
                ),
            };
            PermissionsAnswer {
                role: role.to_owned(),
                state: state.to_owned(),
                at: told.at,
                missing: told.missing.iter().flatten().map(|missing| missing.action.clone()).collect(),
                reason: told.missing.clone().err(),
                way_out,
            }
        })
        .collect()
}

fn view(
    account: &Account,
    (probes, trust): (&[AccountProbe], &[AccountTrust]),
    permissions: &[RolePermissions],
    applications: Vec<String>,
) -> AccountView {
    let answer = |role: AccountRole, arn: &str| {
        let probe = probes.iter().find(|p| p.account == account.id && p.role == role);
        let state = match probe.map(|p| &p.answer) {
            None => "unknown",
            Some(Ok(_)) => "ok",
            Some(Err(_)) => "failed",
        };
        RoleAnswer {
            state: state.to_owned(),
            at: probe.map(|p| p.at),
            reason: match (probe, role) {
                (Some(p), _) => p.answer.clone().err(),
                (None, AccountRole::Read) => Some("not asked yet: the next sweep does".into()),
                (None, AccountRole::Act) => {
                    Some("not tried yet: within minutes of the next sweep it is".into())
                }
            },
            way_out: way_out(state, arn),
            identity: probe.and_then(|p| p.answer.clone().ok()),
            demands_external_id: trust
                .iter()
                .find(|t| t.account == account.id && t.role == role)
                .map(|t| t.demands_external_id),
        }
    };
    AccountView {
        id: account.id.to_string(),
        name: account.name.to_string(),
        read_role_arn: account.read_role_arn.clone(),
        act_role_arn: account.act_role_arn.clone(),
        external_id: account.external_id.clone(),
        read: answer(AccountRole::Read, &account.read_role_arn),
        act: answer(AccountRole::Act, &account.act_role_arn),
        permissions: permissions_of(account, permissions),
        applications,
    }
}

fn way_out(state: &str, arn: &str) -> Option<String> {
    match state {
        "failed" => Some(format!(
            "Where AWS said no: check that {arn} exists, that its trust policy names the control account with this external \
             id, and that it allows sts:SetSourceIdentity and sts:TagSession (infra/member-account.yaml makes such a role). \
             Where nobody answered: check the network from this server to STS."
        )),
        _ => None,
    }
}
