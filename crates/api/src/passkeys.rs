//! Passkeys and security keys (WebAuthn): a second factor beside the password, and by itself the proof of who one is that is asked
//! for again. What a browser hands to a key, and what the key answers, passes here as it is.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::{Actor, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasskeyView {
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    /// As its owner calls it.
    pub name: String,
    #[schema(value_type = String, format = DateTime)]
    pub added_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// A copy of it is kept elsewhere too, as passkeys of phones and password managers are.
    pub backed_up: bool,
}

/// What a key is asked, good for one answer within five minutes, in the session that asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasskeyChallengeView {
    /// The `publicKey` of `navigator.credentials.create()` or `get()`, binary fields in unpadded base64url.
    #[schema(value_type = Object)]
    pub public_key: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AddPasskey {
    pub name: String,
    /// What `navigator.credentials.create()` gave, as `PublicKeyCredential.toJSON()` writes it.
    pub answer: Value,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AddedPasskeyView {
    pub passkey: PasskeyView,
    /// Shown once, with the first second factor: each signs in one time in place of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for AddedPasskeyView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddedPasskeyView({:?}, {} codes)", self.passkey, self.recovery_codes.len())
    }
}

/// What a key answered to a challenge.
#[derive(Debug, Clone, PartialEq)]
pub struct PasskeyAnswer {
    /// What `navigator.credentials.get()` gave, as `PublicKeyCredential.toJSON()` writes it.
    pub answer: Value,
    /// The session that asked for the challenge, as [`crate::sessions`] names it.
    pub session: String,
    /// The page that the proof is for, as it was named when the challenge was asked for.
    pub page: Option<String>,
}

/// What finishes a sign-in whose password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FactorsDue {
    pub codes: bool,
    pub passkeys: bool,
}

/// `session` is the session that asks, as [`crate::sessions`] names it: its challenges are its own.
#[async_trait]
pub trait Passkeys {
    /// One's own, the oldest first.
    async fn passkeys(&self, actor: &Actor) -> Answer<Vec<PasskeyView>>;
    /// What a new key is asked. Wants fresh identity, by the second factor where there is one.
    async fn begin_passkey(&self, actor: &Actor, session: &str) -> Answer<PasskeyChallengeView>;
    /// The key's answer registers it.
    async fn add_passkey(
        &self,
        actor: &Actor,
        new: AddPasskey,
        session: &str,
        from: &str,
    ) -> Answer<AddedPasskeyView>;
    /// Wants fresh identity.
    async fn rename_passkey(&self, actor: &Actor, id: Uuid, name: &str) -> Answer<PasskeyView>;
    /// Wants fresh identity, by a second factor.
    async fn remove_passkey(&self, actor: &Actor, id: Uuid) -> Answer<()>;
    /// Of somebody else, by id or e-mail address.
    async fn passkeys_of(&self, actor: &Actor, person: &str) -> Answer<Vec<PasskeyView>>;
    /// Of somebody else, who has lost it. Wants fresh identity; never one's own.
    async fn remove_passkey_of(&self, actor: &Actor, person: &str, id: Uuid) -> Answer<()>;
    /// Of somebody whose password was right.
    async fn factors_due(&self, person: PersonId) -> Answer<FactorsDue>;
    /// What a key of somebody whose password was right is asked.
    async fn challenge_sign_in(
        &self,
        person: PersonId,
        session: &str,
        from: &str,
    ) -> Answer<PasskeyChallengeView>;
    /// The second half of a sign-in whose password was right. Which key it was.
    async fn finish_sign_in_by_passkey(
        &self,
        person: PersonId,
        answer: PasskeyAnswer,
        from: &str,
    ) -> Answer<Uuid>;
    /// What a key is asked that proves anew who a session's person is; its answer goes to
    /// [`Proofs::prove`](crate::proofs::Proofs::prove). `page`: what the proof is for.
    async fn challenge_proof(
        &self,
        actor: &Actor,
        page: Option<&str>,
        session: &str,
        from: &str,
    ) -> Answer<PasskeyChallengeView>;
}
