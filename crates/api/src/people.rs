//! People, groups, sign-in and API tokens.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::{Actor, PersonId, Role, Scope};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PersonView {
    pub id: String,
    pub email: String,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    pub disabled: bool,
}

/// `secret` is shown once, at creation, and never again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenView {
    pub id: String,
    pub name: String,
    pub email: String,
    pub scopes: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    pub revoked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    pub email: String,
    pub role: Role,
    pub groups: Vec<String>,
    pub password: String,
}

#[async_trait]
pub trait People {
    /// Checks a password: the same answer, in about the same time, for an unknown address and a wrong password.
    /// Five failures in fifteen minutes close the account's door for fifteen minutes, counted in Postgres.
    async fn sign_in(&self, email: &str, password: &str, from: &str) -> Answer<PersonId>;
    /// Who a session's person is now: roles and groups are read anew for each request.
    async fn actor_of_session(
        &self,
        person: PersonId,
        identity_proved_at: Option<Timestamp>,
    ) -> Answer<Actor>;
    /// Who a bearer token speaks for.
    async fn actor_of_token(&self, token: &str) -> Answer<Actor>;
    /// Writes the audit entry of a sign-out.
    async fn sign_out(&self, actor: &Actor) -> Answer<()>;
    async fn people(&self, actor: &Actor) -> Answer<Vec<PersonView>>;
    async fn tokens(&self, actor: &Actor) -> Answer<Vec<TokenView>>;
    async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        scopes: Vec<Scope>,
        days: u16,
    ) -> Answer<TokenView>;
    async fn revoke_token(&self, actor: &Actor, id: &str) -> Answer<()>;
}
