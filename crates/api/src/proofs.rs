//! How people prove who they are: a second factor beside the password, and the proof that is asked for again before what must
//! not be done on an old sign-in.

use crate::passkeys::PasskeyAnswer;
use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::{Actor, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// What was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proved {
    /// A second factor was a part of it, which was checked here.
    pub second_factor: bool,
    /// Which key that was, where it was one.
    pub passkey: Option<Uuid>,
}

/// Whose password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// They are signed in: nothing more is asked of them.
    Whole(PersonId),
    /// The same, and the code of their second factor came with the password.
    WithCode(PersonId),
    /// They have a second factor; until its code is given, or its key has answered, they are nobody.
    CodeDue(PersonId),
}

/// What a person is asked for when they prove who they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FactorsView {
    pub password: bool,
    /// Since when codes of an authenticator app are asked for; absent: they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub codes_since: Option<Timestamp>,
    /// A secret was shown and waits for its first code.
    pub codes_begun: bool,
    /// Keys that are registered: one of them, or a code, is asked for.
    #[serde(default)]
    pub passkeys: u32,
    /// Why no key can be registered or asked here; absent: it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkeys_not_offered: Option<String>,
    pub recovery_codes_left: u32,
    /// They sign in by an identity provider, and can prove there who they are.
    pub provider: bool,
    /// Why no authenticator app can be set up here; absent: it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_offered: Option<String>,
}

/// Shown once. It proves nothing until a code has confirmed it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnrolmentView {
    /// To be typed into an authenticator app, in Base32. Absent of the answer to a repeat.
    #[schema(required = false)]
    pub secret: String,
    /// The same as a link that authenticator apps open. Absent of the answer to a repeat.
    #[schema(required = false)]
    pub uri: String,
}

impl fmt::Debug for EnrolmentView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentView").finish_non_exhaustive()
    }
}

/// Shown once: each signs in one time in place of a code of the app.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveryCodesView {
    /// Absent of the answer to a repeat.
    #[schema(required = false)]
    pub recovery_codes: Vec<String>,
}

impl fmt::Debug for RecoveryCodesView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoveryCodesView({})", self.recovery_codes.len())
    }
}

/// What somebody typed to prove who they are.
#[derive(Clone, Default)]
pub struct Proof {
    pub password: Option<String>,
    /// Of the authenticator app, or one to recover with.
    pub code: Option<String>,
    /// In place of both: a key that has made sure who holds it.
    pub passkey: Option<PasskeyAnswer>,
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").finish_non_exhaustive()
    }
}

#[async_trait]
pub trait Proofs {
    /// The second half of a sign-in whose password was right.
    async fn finish_sign_in(&self, person: PersonId, code: &str, from: &str) -> Answer<()>;
    /// Proves anew who a session's person is. Everything that the person has is asked for: the password, and a code; or the
    /// answer of a key, which made sure of its holder itself.
    async fn prove(&self, actor: &Actor, proof: Proof, from: &str) -> Answer<Proved>;
    async fn factors(&self, actor: &Actor) -> Answer<FactorsView>;
    /// A new secret for an authenticator app. Wants fresh identity; refused where one is set up already.
    async fn begin_codes(&self, actor: &Actor) -> Answer<EnrolmentView>;
    /// The app's first code sets it up. Answers with codes to recover with.
    async fn confirm_codes(&self, actor: &Actor, code: &str, from: &str) -> Answer<RecoveryCodesView>;
    /// Wants fresh identity. Keys stay, and the codes to recover with where there are any.
    async fn remove_codes(&self, actor: &Actor) -> Answer<()>;
    /// In place of those that are left. Wants fresh identity.
    async fn new_recovery_codes(&self, actor: &Actor) -> Answer<RecoveryCodesView>;
    /// Takes every second factor of somebody who has lost it, keys too. By id or e-mail address; wants fresh identity, and is never
    /// one's own.
    async fn reset_codes(&self, actor: &Actor, id: &str) -> Answer<()>;
}
