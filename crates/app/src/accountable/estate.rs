//! What there is: the inventory, whole and entry by entry, Regions, what holds changes back.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::accounts::{AccountView, Accounts, DiscoveredAccount};
use holdfast_api::applications::{
    ApplicationFilter, ApplicationStatus, ApplicationSummary, ApplicationView, Applications,
};
use holdfast_api::inventory::{FileFormat, Inventories, InventoryDiff, Manner};
use holdfast_api::people::{Policies, PolicyView};
use holdfast_api::regions::{RegionView, Regions, RegionsView};
use holdfast_api::safeguards::{AutomationView, DeclareFreeze, FreezeView, Safeguards, SwitchAutomation};
use holdfast_api::{Answer, IfMatch, Page};
use holdfast_domain::{Account, Actor, Application, ApprovalPolicy, Declaration, Name, RegionCode};
use holdfast_failover::readiness::Finding;
use uuid::Uuid;

#[async_trait]
impl Accounts for Accountable {
    async fn accounts(&self, actor: &Actor) -> Answer<Vec<AccountView>> {
        self.read(actor, "account", self.0.accounts(actor)).await
    }

    async fn account(&self, actor: &Actor, id: &str) -> Answer<AccountView> {
        self.read(actor, "account", self.0.account(actor, id)).await
    }

    async fn discovered_accounts(&self, actor: &Actor) -> Answer<Vec<DiscoveredAccount>> {
        self.read(actor, "account", self.0.discovered_accounts(actor)).await
    }

    async fn put_account(&self, actor: &Actor, account: Account, if_match: &IfMatch) -> Answer<AccountView> {
        let subject = format!("account:{}", account.id);
        self.change(actor, "account.put", &subject, self.0.put_account(actor, account, if_match)).await
    }

    async fn remove_account(&self, actor: &Actor, id: &str, if_match: &IfMatch) -> Answer<()> {
        let subject = format!("account:{id}");
        self.change(actor, "account.remove", &subject, self.0.remove_account(actor, id, if_match)).await
    }
}

#[async_trait]
impl Applications for Accountable {
    async fn applications(
        &self,
        actor: &Actor,
        filter: &ApplicationFilter,
    ) -> Answer<Page<ApplicationSummary>> {
        self.read(actor, "application", self.0.applications(actor, filter)).await
    }

    async fn application(&self, actor: &Actor, name: &Name) -> Answer<ApplicationView> {
        self.read(actor, "application", self.0.application(actor, name)).await
    }

    async fn put_application(
        &self,
        actor: &Actor,
        application: Application,
        if_match: &IfMatch,
    ) -> Answer<ApplicationView> {
        let subject = format!("application:{}", application.name);
        let asked = self.0.put_application(actor, application, if_match);
        self.change(actor, "application.put", &subject, asked).await
    }

    async fn remove_application(&self, actor: &Actor, name: &Name, if_match: &IfMatch) -> Answer<()> {
        let subject = format!("application:{name}");
        let asked = self.0.remove_application(actor, name, if_match);
        self.change(actor, "application.remove", &subject, asked).await
    }

    async fn application_status(&self, actor: &Actor, name: &Name) -> Answer<ApplicationStatus> {
        self.read(actor, "application", self.0.application_status(actor, name)).await
    }

    async fn application_readiness(&self, actor: &Actor, name: &Name) -> Answer<Vec<Finding>> {
        self.read(actor, "application", self.0.application_readiness(actor, name)).await
    }

    async fn new_webhook_secret(&self, actor: &Actor, name: &Name, step: &Name) -> Answer<String> {
        let subject = format!("application:{name}");
        let asked = self.0.new_webhook_secret(actor, name, step);
        self.change(actor, "webhook.new_secret", &subject, asked).await
    }

    async fn refresh_application(&self, actor: &Actor, name: &Name) -> Answer<()> {
        let subject = format!("application:{name}");
        self.change(actor, "application.refresh", &subject, self.0.refresh_application(actor, name)).await
    }
}

#[async_trait]
impl Inventories for Accountable {
    async fn export_inventory(&self, actor: &Actor, format: FileFormat) -> Answer<String> {
        self.read(actor, "inventory", self.0.export_inventory(actor, format)).await
    }

    /// A dry run is reading.
    async fn apply_inventory(
        &self,
        actor: &Actor,
        file: &[u8],
        format: FileFormat,
        manner: &Manner,
    ) -> Answer<InventoryDiff> {
        let asked = self.0.apply_inventory(actor, file, format, manner);
        match manner.dry_run {
            true => self.read(actor, "inventory", asked).await,
            false => self.change(actor, "inventory.apply", "inventory", asked).await,
        }
    }
}

#[async_trait]
impl Policies for Accountable {
    async fn policies(&self, actor: &Actor) -> Answer<Vec<PolicyView>> {
        self.read(actor, "policy", self.0.policies(actor)).await
    }

    async fn policy(&self, actor: &Actor, name: &Name) -> Answer<PolicyView> {
        self.read(actor, "policy", self.0.policy(actor, name)).await
    }

    async fn add_policy(&self, actor: &Actor, policy: ApprovalPolicy) -> Answer<PolicyView> {
        let subject = format!("policy:{}", policy.name);
        self.change(actor, "policy.put", &subject, self.0.add_policy(actor, policy)).await
    }

    async fn put_policy(
        &self,
        actor: &Actor,
        policy: ApprovalPolicy,
        if_match: &IfMatch,
    ) -> Answer<PolicyView> {
        let subject = format!("policy:{}", policy.name);
        self.change(actor, "policy.put", &subject, self.0.put_policy(actor, policy, if_match)).await
    }

    async fn remove_policy(&self, actor: &Actor, name: &Name, if_match: &IfMatch) -> Answer<()> {
        let subject = format!("policy:{name}");
        self.change(actor, "policy.remove", &subject, self.0.remove_policy(actor, name, if_match)).await
    }
}

#[async_trait]
impl Regions for Accountable {
    async fn regions(&self, actor: &Actor) -> Answer<RegionsView> {
        self.read(actor, "region", self.0.regions(actor)).await
    }

    async fn region(&self, actor: &Actor, code: &RegionCode) -> Answer<RegionView> {
        self.read(actor, "region", self.0.region(actor, code)).await
    }

    async fn declare_region(
        &self,
        actor: &Actor,
        code: &RegionCode,
        declared: Declaration,
        reason: Option<String>,
        if_match: &IfMatch,
    ) -> Answer<RegionView> {
        let subject = format!("region:{code}");
        let asked = self.0.declare_region(actor, code, declared, reason, if_match);
        self.change(actor, "region.declare", &subject, asked).await
    }
}

#[async_trait]
impl Safeguards for Accountable {
    async fn automation(&self, actor: &Actor) -> Answer<AutomationView> {
        self.read(actor, "safeguard", self.0.automation(actor)).await
    }

    async fn switch_automation(&self, actor: &Actor, switch: SwitchAutomation) -> Answer<AutomationView> {
        let action = if switch.on { "automation.on" } else { "automation.off" };
        self.change(actor, action, "settings:automation", self.0.switch_automation(actor, switch)).await
    }

    async fn freezes(&self, actor: &Actor) -> Answer<Vec<FreezeView>> {
        self.read(actor, "safeguard", self.0.freezes(actor)).await
    }

    async fn declare_freeze(&self, actor: &Actor, freeze: DeclareFreeze) -> Answer<FreezeView> {
        let application = freeze.application.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let subject = application.map_or_else(|| "applications:*".to_owned(), |a| format!("application:{a}"));
        self.change(actor, "freeze.declare", &subject, self.0.declare_freeze(actor, freeze)).await
    }

    async fn lift_freeze(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        self.change(actor, "freeze.lift", &format!("freeze:{id}"), self.0.lift_freeze(actor, id)).await
    }
}
