//! How one signs in: passwords, proofs, second factors, keys, sessions, identity providers.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::Answer;
use holdfast_api::federation::{Federation, NotTaken, SignedOut, Vouched};
use holdfast_api::passkeys::{
    AddPasskey, AddedPasskeyView, FactorsDue, PasskeyAnswer, PasskeyChallengeView, PasskeyView, Passkeys,
};
use holdfast_api::passwords::{ChangePassword, Passwords};
use holdfast_api::proofs::{EnrolmentView, FactorsView, Proof, Proofs, Proved, RecoveryCodesView};
use holdfast_api::sessions::{OwnSession, Sessions};
use holdfast_domain::{Actor, PersonId};
use uuid::Uuid;

fn own(actor: &Actor) -> String {
    format!("person:{}", actor.email)
}

#[async_trait]
impl Passwords for Accountable {
    async fn change_password(
        &self,
        actor: &Actor,
        change: ChangePassword,
        here: Option<&str>,
        from: &str,
    ) -> Answer<u64> {
        self.proof(actor, "password.change", self.0.change_password(actor, change, here, from)).await
    }
}

#[async_trait]
impl Proofs for Accountable {
    /// Nobody yet: counted, and told of as the sign-in itself says.
    async fn finish_sign_in(&self, person: PersonId, code: &str, from: &str) -> Answer<()> {
        self.0.finish_sign_in(person, code, from).await
    }

    async fn prove(&self, actor: &Actor, proof: Proof, from: &str) -> Answer<Proved> {
        self.proof(actor, "session.prove", self.0.prove(actor, proof, from)).await
    }

    async fn factors(&self, actor: &Actor) -> Answer<FactorsView> {
        self.read(actor, "factor", self.0.factors(actor)).await
    }

    async fn begin_codes(&self, actor: &Actor) -> Answer<EnrolmentView> {
        self.change(actor, "factor.begin", &own(actor), self.0.begin_codes(actor)).await
    }

    async fn confirm_codes(&self, actor: &Actor, code: &str, from: &str) -> Answer<RecoveryCodesView> {
        self.proof(actor, "factor.add", self.0.confirm_codes(actor, code, from)).await
    }

    async fn remove_codes(&self, actor: &Actor) -> Answer<()> {
        self.change(actor, "factor.remove", &own(actor), self.0.remove_codes(actor)).await
    }

    async fn new_recovery_codes(&self, actor: &Actor) -> Answer<RecoveryCodesView> {
        self.change(actor, "factor.new_recovery_codes", &own(actor), self.0.new_recovery_codes(actor)).await
    }

    async fn reset_codes(&self, actor: &Actor, id: &str) -> Answer<()> {
        self.change(actor, "factor.reset", &format!("person:{id}"), self.0.reset_codes(actor, id)).await
    }
}

#[async_trait]
impl Passkeys for Accountable {
    async fn passkeys(&self, actor: &Actor) -> Answer<Vec<PasskeyView>> {
        self.read(actor, "passkey", self.0.passkeys(actor)).await
    }

    async fn begin_passkey(&self, actor: &Actor, session: &str) -> Answer<PasskeyChallengeView> {
        self.change(actor, "passkey.begin", &own(actor), self.0.begin_passkey(actor, session)).await
    }

    async fn add_passkey(
        &self,
        actor: &Actor,
        new: AddPasskey,
        session: &str,
        from: &str,
    ) -> Answer<AddedPasskeyView> {
        self.proof(actor, "passkey.add", self.0.add_passkey(actor, new, session, from)).await
    }

    async fn rename_passkey(&self, actor: &Actor, id: Uuid, name: &str) -> Answer<PasskeyView> {
        self.change(actor, "passkey.rename", &own(actor), self.0.rename_passkey(actor, id, name)).await
    }

    async fn remove_passkey(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        self.change(actor, "passkey.remove", &own(actor), self.0.remove_passkey(actor, id)).await
    }

    async fn passkeys_of(&self, actor: &Actor, person: &str) -> Answer<Vec<PasskeyView>> {
        self.read(actor, "passkey", self.0.passkeys_of(actor, person)).await
    }

    async fn remove_passkey_of(&self, actor: &Actor, person: &str, id: Uuid) -> Answer<()> {
        let asked = self.0.remove_passkey_of(actor, person, id);
        self.change(actor, "passkey.remove", &format!("person:{person}"), asked).await
    }

    /// Nobody yet, as the next two.
    async fn factors_due(&self, person: PersonId) -> Answer<FactorsDue> {
        self.0.factors_due(person).await
    }

    async fn challenge_sign_in(
        &self,
        person: PersonId,
        session: &str,
        from: &str,
    ) -> Answer<PasskeyChallengeView> {
        self.0.challenge_sign_in(person, session, from).await
    }

    async fn finish_sign_in_by_passkey(
        &self,
        person: PersonId,
        answer: PasskeyAnswer,
        from: &str,
    ) -> Answer<Uuid> {
        self.0.finish_sign_in_by_passkey(person, answer, from).await
    }

    async fn challenge_proof(
        &self,
        actor: &Actor,
        page: Option<&str>,
        session: &str,
        from: &str,
    ) -> Answer<PasskeyChallengeView> {
        let asked = self.0.challenge_proof(actor, page, session, from);
        self.change(actor, "session.challenge", &own(actor), asked).await
    }
}

#[async_trait]
impl Sessions for Accountable {
    async fn own_sessions(&self, actor: &Actor, current: Option<&str>) -> Answer<Vec<OwnSession>> {
        self.read(actor, "session", self.0.own_sessions(actor, current)).await
    }

    async fn end_session(&self, actor: &Actor, id: &str) -> Answer<()> {
        self.change(actor, "session.end", &own(actor), self.0.end_session(actor, id)).await
    }

    async fn end_sessions(&self, actor: &Actor, but: Option<&str>) -> Answer<u64> {
        self.change(actor, "session.end_all", &own(actor), self.0.end_sessions(actor, but)).await
    }

    async fn end_everybodys_sessions(&self, actor: &Actor, confirm: &str) -> Answer<u64> {
        let asked = self.0.end_everybodys_sessions(actor, confirm);
        self.change(actor, "session.end_everybodys", "person:*", asked).await
    }
}

#[async_trait]
impl Federation for Accountable {
    /// Nobody yet; of whoever is known, the sign-in itself writes down that they stay out.
    async fn sign_in_by_provider(&self, vouched: Vouched, from: &str) -> Answer<PersonId> {
        self.0.sign_in_by_provider(vouched, from).await
    }

    async fn prove_by_provider(&self, actor: &Actor, vouched: Vouched, from: &str) -> Answer<()> {
        self.change(actor, "session.prove", &own(actor), self.0.prove_by_provider(actor, vouched, from)).await
    }

    /// Nobody here: that a word comes twice, the sign-out itself writes down.
    async fn sign_out_by_provider(&self, word: SignedOut, from: &str) -> Answer<u64> {
        self.0.sign_out_by_provider(word, from).await
    }

    async fn provider_not_taken(&self, word: NotTaken<'_>) -> Answer<()> {
        self.0.provider_not_taken(word).await
    }
}
