//! Accounts and what came of assuming their roles.

use crate::problem::Answer;
use crate::version::IfMatch;
use async_trait::async_trait;
use holdfast_domain::{Account, Actor};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountView {
    pub id: String,
    pub name: String,
    pub read_role_arn: String,
    pub act_role_arn: String,
    pub external_id: Option<String>,
    pub read: RoleAnswer,
    /// Steps alone act with this role. Now and then it is assumed as a step would assume it, with nothing allowed, to see
    /// whether it could be; until then this is unknown.
    pub act: RoleAnswer,
    /// What IAM says that the roles may not do and will be asked for; empty until IAM was asked.
    pub permissions: Vec<PermissionsAnswer>,
    /// Those with resources in it, or with steps of one's own that call with its act role.
    pub applications: Vec<String>,
}

/// The last answer about what one of the roles may do. `state`: `ok`, `missing` or `unknown` (could not be asked).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PermissionsAnswer {
    /// `read` or `act`.
    pub role: String,
    pub state: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// IAM actions.
    pub missing: Vec<String>,
    pub reason: Option<String>,
    pub way_out: Option<String>,
}

/// An account of the organization that the inventory does not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DiscoveredAccount {
    pub id: String,
    /// As the organization calls it.
    pub name: String,
    /// `ACTIVE`, `SUSPENDED` or `PENDING_CLOSURE`.
    pub status: String,
    /// The registered account that told of it.
    pub told_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub seen_at: Timestamp,
}

/// The last answer of assuming a role. `state`: `ok`, `failed` or `unknown` (never asked).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoleAnswer {
    pub state: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    pub reason: Option<String>,
    pub way_out: Option<String>,
    /// Who AWS says we are.
    pub identity: Option<String>,
    /// Whether the role refuses whoever does not give its external id; null while that was not tried or not answered. Every
    /// run that would use a role that does not is refused (`unsafe_trust`).
    pub demands_external_id: Option<bool>,
}

#[async_trait]
pub trait Accounts {
    async fn accounts(&self, actor: &Actor) -> Answer<Vec<AccountView>>;
    /// By id or name.
    async fn account(&self, actor: &Actor, id: &str) -> Answer<AccountView>;
    /// The accounts of the organizations that registered accounts administer, without those that are registered.
    async fn discovered_accounts(&self, actor: &Actor) -> Answer<Vec<DiscoveredAccount>>;
    async fn put_account(&self, actor: &Actor, account: Account, if_match: &IfMatch) -> Answer<AccountView>;
    /// Refused while an application's resource or step of one's own names it.
    async fn remove_account(&self, actor: &Actor, id: &str, if_match: &IfMatch) -> Answer<()>;
}
