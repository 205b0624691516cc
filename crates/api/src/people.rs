//! People, groups, approval policies, sign-in and API tokens.

use crate::problem::Answer;
use crate::proofs::Admitted;
use crate::version::IfMatch;
use async_trait::async_trait;
use holdfast_domain::{Actor, ApprovalPolicy, HeldRole, Name, PersonId, Reach, Role, Scope};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PersonView {
    pub id: String,
    pub email: String,
    /// `operator`, or `operator:team=payments,tier=1` where it ends somewhere.
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    pub disabled: bool,
    /// Until when the password that an admin chose for them lets them in, to choose their own; absent: it is their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub temporary_password_until: Option<Timestamp>,
    /// E-mail addresses of the other accounts that are known as theirs: for approvals all of them are one person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_accounts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GroupView {
    pub name: String,
    pub description: Option<String>,
    /// E-mail addresses of those who can sign in. A group without members cannot approve.
    pub members: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyView {
    pub name: String,
    /// Every rule must be met; one person counts once.
    pub rules: Vec<RuleView>,
    pub expires_after_seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleView {
    pub group: String,
    pub approvals: u8,
}

/// `token` is the secret: shown once, at creation, and never again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenView {
    pub id: String,
    pub name: String,
    pub email: String,
    pub scopes: Vec<String>,
    /// What it is limited to, such as `team=payments`; absent: to what its person may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    pub revoked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What the machine's administrator says of a person at the command line.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPerson {
    pub email: String,
    pub role: Role,
    pub groups: Vec<String>,
    pub password: String,
}

impl fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPerson").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Somebody to be made. Without a password they cannot sign in until they are given one. With it they sign in to choose their own.
#[derive(Clone, PartialEq, Eq)]
pub struct AddPerson {
    pub email: String,
    pub roles: Vec<HeldRole>,
    pub groups: Vec<String>,
    pub password: Option<String>,
}

impl fmt::Debug for AddPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddPerson").field("email", &self.email).finish_non_exhaustive()
    }
}

/// What is to change of a person; what is `None` stays.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ChangePerson {
    pub roles: Option<Vec<HeldRole>>,
    pub groups: Option<Vec<String>>,
    pub password: Option<String>,
    pub disabled: Option<bool>,
    /// Another account of the same person, by its e-mail address; empty: the account is nobody else's.
    pub same_person_as: Option<String>,
}

impl fmt::Debug for ChangePerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePerson")
            .field("roles", &self.roles)
            .field("groups", &self.groups)
            .field("disabled", &self.disabled)
            .field("same_person_as", &self.same_person_as)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutGroup {
    pub name: Name,
    pub description: Option<String>,
    /// E-mail addresses of those who can sign in; the others stay as they are. `None` leaves all of them so.
    pub members: Option<Vec<String>>,
}

#[async_trait]
pub trait People {
    /// Checks a password: the same answer, in about the same time, for an unknown address and a wrong password.
    /// Five failures in fifteen minutes close the account's door for fifteen minutes, counted in Postgres.
    /// Of whoever has a second factor a code is asked for too, here or by [`crate::proofs::Proofs::finish_sign_in`].
    async fn sign_in(&self, email: &str, password: &str, code: Option<&str>, from: &str) -> Answer<Admitted>;
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
    /// By id or e-mail address.
    async fn person(&self, actor: &Actor, id: &str) -> Answer<PersonView>;
    /// Refused when the address is somebody's already.
    async fn add_person(&self, actor: &Actor, new: AddPerson) -> Answer<PersonView>;
    /// Nobody changes their own roles, groups or password this way, nor disables themselves. A password that is given is as the first
    /// one: good for choosing one's own, and for three days.
    async fn change_person(
        &self,
        actor: &Actor,
        id: &str,
        change: ChangePerson,
        if_match: &IfMatch,
    ) -> Answer<PersonView>;
}

/// Who counts for an approval: changing a group's members is as good as changing its policies.
#[async_trait]
pub trait Groups {
    async fn groups(&self, actor: &Actor) -> Answer<Vec<GroupView>>;
    async fn group(&self, actor: &Actor, name: &Name) -> Answer<GroupView>;
    /// Refused when there is one of the name.
    async fn add_group(&self, actor: &Actor, new: PutGroup) -> Answer<GroupView>;
    async fn put_group(&self, actor: &Actor, group: PutGroup, if_match: &IfMatch) -> Answer<GroupView>;
}

#[async_trait]
pub trait Policies {
    async fn policies(&self, actor: &Actor) -> Answer<Vec<PolicyView>>;
    async fn policy(&self, actor: &Actor, name: &Name) -> Answer<PolicyView>;
    /// Refused when there is one of the name.
    async fn add_policy(&self, actor: &Actor, policy: ApprovalPolicy) -> Answer<PolicyView>;
    async fn put_policy(
        &self,
        actor: &Actor,
        policy: ApprovalPolicy,
        if_match: &IfMatch,
    ) -> Answer<PolicyView>;
    /// Refused while an application stands under it.
    async fn remove_policy(&self, actor: &Actor, name: &Name, if_match: &IfMatch) -> Answer<()>;
}

/// API tokens of whoever asks.
#[async_trait]
pub trait Tokens {
    async fn tokens(&self, actor: &Actor) -> Answer<Vec<TokenView>>;
    async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        scopes: Vec<Scope>,
        within: Reach,
        days: u16,
    ) -> Answer<TokenView>;
    async fn revoke_token(&self, actor: &Actor, id: &str) -> Answer<()>;
}
