//! How one signs in: proofs, second factors, sessions, identity providers.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::Answer;
use holdfast_api::federation::{Federation, Vouched};
use holdfast_api::proofs::{EnrolmentView, FactorsView, Proof, Proofs, Proved, RecoveryCodesView};
use holdfast_api::sessions::{OwnSession, Sessions};
use holdfast_domain::{Actor, PersonId};

fn own(actor: &Actor) -> String {
    format!("person:{}", actor.email)
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
}
