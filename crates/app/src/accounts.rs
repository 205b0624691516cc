//! Accounts, and what came of assuming their roles.

use crate::App;
use crate::authority::{Action, may};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::accounts::{AccountView, Accounts, RoleAnswer};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Account, Actor, Inventory};
use holdfast_store::{AuditEntry, Probe};
use std::collections::BTreeSet;

#[async_trait]
impl Accounts for App {
    async fn accounts(&self, actor: &Actor) -> Answer<Vec<AccountView>> {
        may(actor, Action::ReadStatus)?;
        let accounts = self.store.accounts().await.map_err(of_store)?;
        let probes = self.store.probes().await.map_err(of_store)?;
        let applications = self.store.applications().await.map_err(of_store)?;
        Ok(accounts
            .into_iter()
            .map(|account| {
                let users: BTreeSet<String> = applications
                    .iter()
                    .filter(|a| a.resources.iter().any(|r| r.account == account.name))
                    .map(|a| a.name.to_string())
                    .collect();
                view(&account, &probes, users.into_iter().collect())
            })
            .collect())
    }

    async fn account(&self, actor: &Actor, id: &str) -> Answer<AccountView> {
        let all = self.accounts(actor).await?;
        all.into_iter().find(|a| a.id == id || a.name == id).ok_or_else(|| Problem::not_found("account", id))
    }

    async fn put_account(&self, actor: &Actor, account: Account) -> Answer<AccountView> {
        let id = account.id.to_string();
        if let Err(refused) = may(actor, Action::WriteProtected) {
            return Err(self.refused(actor, "account.put", &format!("account:{id}"), refused).await);
        }
        let stored = self.store.load_inventory().await.map_err(of_store)?;
        let mut accounts = stored.accounts.unwrap_or_default();
        accounts.retain(|a| a.id != account.id);
        accounts.push(account);
        let sent = Inventory { version: 1, accounts: Some(accounts), ..Inventory::default() };
        self.store_inventory(actor, &sent, false, false).await?;
        self.account(actor, &id).await
    }

    async fn remove_account(&self, actor: &Actor, id: &str) -> Answer<()> {
        let view = self.account(actor, id).await?;
        let subject = format!("account:{}", view.id);
        if let Err(refused) = may(actor, Action::WriteProtected) {
            return Err(self.refused(actor, "account.remove", &subject, refused).await);
        }
        if !view.applications.is_empty() {
            let problem = Problem::new(
                409,
                "account_in_use",
                "The account is in use",
                format!("Resources of {} are in it.", view.applications.join(", ")),
                "Take those resources out of the inventory first.",
            );
            return Err(self.refused(actor, "account.remove", &subject, problem).await);
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        let mut stored = change.lock_inventory().await.map_err(of_store)?;
        if let Some(accounts) = stored.accounts.as_mut() {
            accounts.retain(|a| a.id.as_str() != view.id);
        }
        change.replace_inventory(&stored).await.map_err(of_store)?;
        change
            .commit(AuditEntry::done(actor, "account.remove", &subject, serde_json::Value::Null))
            .await
            .map_err(of_store)?;
        Ok(())
    }
}

fn view(account: &Account, probes: &[Probe], applications: Vec<String>) -> AccountView {
    let answer = |role: &str, arn: &str| {
        probes.iter().find(|p| p.account == account.name && p.role == role).map_or_else(
            || RoleAnswer { state: "unknown".into(), at: None, reason: None, way_out: None, identity: None },
            |p| RoleAnswer {
                state: p.state.clone(),
                at: Some(p.at),
                reason: p.reason.clone(),
                way_out: way_out(&p.state, arn),
                identity: p.identity.clone(),
            },
        )
    };
    AccountView {
        id: account.id.to_string(),
        name: account.name.to_string(),
        read_role_arn: account.read_role_arn.clone(),
        act_role_arn: account.act_role_arn.clone(),
        external_id: account.external_id.clone(),
        read: answer("read", &account.read_role_arn),
        act: answer("act", &account.act_role_arn),
        applications,
    }
}

fn way_out(state: &str, arn: &str) -> Option<String> {
    match state {
        "denied" => Some(format!(
            "Check that {arn} exists, that its trust policy names the control account with this external id, and that \
             it allows sts:SetSourceIdentity and sts:TagSession (infra/member-account.yaml makes such a role)."
        )),
        "unreachable" => Some("No STS endpoint answered: check the network from this server to AWS.".into()),
        _ => None,
    }
}
