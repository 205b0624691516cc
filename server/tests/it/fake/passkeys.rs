//! The fake control plane's keys: one, whose right answer is known.

use super::{Fake, operator};
use async_trait::async_trait;
use holdfast_api::{Answer, Problem, passkeys::*};
use holdfast_domain::{Actor, PersonId};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

/// What stands where the right answer of the key would.
pub const RIGHT: &str = r#"{"id":"right"}"#;
pub const KEY: Uuid = Uuid::from_u128(7);

fn view(name: &str) -> PasskeyView {
    PasskeyView {
        id: KEY,
        name: name.to_owned(),
        added_at: Timestamp::UNIX_EPOCH,
        last_used_at: None,
        backed_up: false,
    }
}

fn challenge() -> PasskeyChallengeView {
    PasskeyChallengeView { public_key: json!({ "challenge": "AAAA" }) }
}

impl Fake {
    pub fn right(&self, answer: &PasskeyAnswer) -> Answer<Uuid> {
        assert_eq!(answer.session.len(), 32, "the session that asks is named");
        self.note(format!("key answers for {:?}", answer.page));
        if answer.answer == serde_json::from_str::<serde_json::Value>(RIGHT).unwrap() {
            return Ok(KEY);
        }
        Err(Problem::new(401, "passkey_refused", "Not right", "Not right.", "Again."))
    }
}

#[async_trait]
impl Passkeys for Fake {
    async fn passkeys(&self, _: &Actor) -> Answer<Vec<PasskeyView>> {
        Ok(vec![view("on my ring")])
    }
    async fn begin_passkey(&self, _: &Actor, _: &str) -> Answer<PasskeyChallengeView> {
        self.note("begin passkey");
        Ok(challenge())
    }
    async fn add_passkey(
        &self,
        actor: &Actor,
        new: AddPasskey,
        _: &str,
        _: &str,
    ) -> Answer<AddedPasskeyView> {
        self.change(actor, format!("add passkey {}", new.name))?;
        let recovery_codes = vec!["abcd-efgh-jkmn-pqrs".to_owned()];
        Ok(AddedPasskeyView { passkey: view(&new.name), recovery_codes })
    }
    async fn rename_passkey(&self, _: &Actor, id: Uuid, name: &str) -> Answer<PasskeyView> {
        self.note(format!("rename passkey {id} {name}"));
        Ok(view(name))
    }
    async fn remove_passkey(&self, _: &Actor, id: Uuid) -> Answer<()> {
        self.note(format!("remove passkey {id}"));
        Ok(())
    }
    async fn passkeys_of(&self, _: &Actor, _: &str) -> Answer<Vec<PasskeyView>> {
        Ok(vec![view("on their ring")])
    }
    async fn remove_passkey_of(&self, _: &Actor, person: &str, id: Uuid) -> Answer<()> {
        self.note(format!("remove passkey {id} of {person}"));
        Ok(())
    }
    async fn factors_due(&self, _: PersonId) -> Answer<FactorsDue> {
        Ok(FactorsDue { codes: true, passkeys: true })
    }
    async fn challenge_sign_in(
        &self,
        person: PersonId,
        session: &str,
        _: &str,
    ) -> Answer<PasskeyChallengeView> {
        assert_eq!((person, session.len()), (operator().person, 32));
        self.note("challenge sign-in");
        Ok(challenge())
    }
    async fn finish_sign_in_by_passkey(&self, _: PersonId, answer: PasskeyAnswer, _: &str) -> Answer<Uuid> {
        self.right(&answer)
    }
    async fn challenge_proof(
        &self,
        _: &Actor,
        page: Option<&str>,
        _: &str,
        _: &str,
    ) -> Answer<PasskeyChallengeView> {
        self.note(format!("challenge for {page:?}"));
        Ok(challenge())
    }
}
