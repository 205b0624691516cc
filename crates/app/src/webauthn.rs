//! What keys are asked, and whether what they answer is right: the one module that names the library which knows WebAuthn. What goes
//! out and comes in, and what is kept between the two, is JSON; what becomes of it is `passkeys.rs`'s to say.

use holdfast_domain::PersonId;
use holdfast_store::KeyState;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use webauthn_rs::prelude::{
    Credential, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

/// What keys call this server.
const NAME: &str = "Holdfast";

/// Whom keys answer to: the host of the address that people use. A key answers to no other.
#[derive(Debug, Clone)]
pub struct RelyingParty(Webauthn);

/// What a key is asked, and what its answer is held against: the first for the browser, the second for nobody.
pub(crate) struct Question {
    pub asked: Value,
    pub state: Value,
}

/// A key that registered itself.
pub(crate) struct Registered {
    pub credential_id: Vec<u8>,
    pub state: KeyState,
}

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// Not what a key answers.
    NotRead(String),
    /// Read, and not right.
    Wrong(String),
    /// Right, but for a count that does not go on: that of a copy, or of a key that was copied.
    CountWentBack,
    /// What was kept here cannot be read.
    Kept(String),
}

impl RelyingParty {
    /// # Errors
    /// Why browsers let no key answer at this address.
    pub fn at(public_url: &str) -> Result<Self, String> {
        let url = Url::parse(public_url).map_err(|error| format!("{public_url} is no address: {error}."))?;
        let Some(host) = url.domain().map(str::to_owned) else {
            return Err(format!(
                "A passkey belongs to a name, and {public_url} is a number. Open Holdfast by a name: http://localhost on this \
                 machine, https elsewhere (HOLDFAST_PUBLIC_URL)."
            ));
        };
        if url.scheme() != "https" && host != "localhost" {
            return Err(format!("Browsers ask passkeys over https alone, and this is {public_url}."));
        }
        let builder = WebauthnBuilder::new(&host, &url).map_err(|error| error.to_string())?;
        let within = Duration::from_secs(u64::from(holdfast_store::CHALLENGE_SECONDS));
        let party = builder.rp_name(NAME).timeout(within).build().map_err(|error| error.to_string())?;
        Ok(Self(party))
    }

    /// The name that this server is reached at.
    pub(crate) fn host(&self) -> Option<&str> {
        self.0.get_allowed_origins().iter().find_map(Url::domain)
    }

    /// `known`: the person's keys, which are not registered twice.
    pub(crate) fn ask_to_register(
        &self,
        person: PersonId,
        email: &str,
        known: &[Value],
    ) -> Result<Question, NoAnswer> {
        let known = known.iter().map(kept::<Passkey>).collect::<Result<Vec<_>, _>>()?;
        let known = known.iter().map(|key| key.cred_id().clone()).collect();
        let asked = self.0.start_passkey_registration(person.0, email, email, Some(known));
        let (challenge, state) = asked.map_err(|error| NoAnswer::Kept(error.to_string()))?;
        question(&challenge.public_key, &state)
    }

    pub(crate) fn registered(&self, state: Value, answer: &Value) -> Result<Registered, NoAnswer> {
        let state: PasskeyRegistration = kept(&state)?;
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let key = self.0.finish_passkey_registration(&answer, &state).map_err(wrong)?;
        Ok(Registered { credential_id: key.cred_id().to_vec(), state: said(&key)? })
    }

    /// One of these, whichever the person has at hand.
    pub(crate) fn ask(&self, keys: &[Value]) -> Result<Question, NoAnswer> {
        let keys = keys.iter().map(kept::<Passkey>).collect::<Result<Vec<_>, _>>()?;
        let (challenge, state) =
            self.0.start_passkey_authentication(&keys).map_err(|error| NoAnswer::Kept(error.to_string()))?;
        question(&challenge.public_key, &state)
    }

    /// Which of the keys it was, as they are now, and what it said of itself.
    pub(crate) fn answered(
        &self,
        state: Value,
        answer: &Value,
        keys: &[Value],
    ) -> Result<(usize, KeyState), NoAnswer> {
        let state: PasskeyAuthentication = kept(&state)?;
        let answer: PublicKeyCredential = read(answer)?;
        let result = self.0.finish_passkey_authentication(&answer, &state).map_err(wrong)?;
        for (which, key) in keys.iter().enumerate() {
            let mut key: Passkey = kept(key)?;
            if key.cred_id() != result.cred_id() {
                continue;
            }
            // The library has compared with what was so when it was asked.
            let counted = Credential::from(key.clone()).counter;
            if result.counter() <= counted && (result.counter() > 0 || counted > 0) {
                return Err(NoAnswer::CountWentBack);
            }
            key.update_credential(&result);
            return Ok((which, said(&key)?));
        }
        Err(NoAnswer::Wrong("the key was taken away meanwhile".to_owned()))
    }
}

fn question(asked: &impl Serialize, state: &impl Serialize) -> Result<Question, NoAnswer> {
    let json = |error: serde_json::Error| NoAnswer::Kept(error.to_string());
    Ok(Question {
        asked: serde_json::to_value(asked).map_err(json)?,
        state: serde_json::to_value(state).map_err(json)?,
    })
}

fn said(key: &Passkey) -> Result<KeyState, NoAnswer> {
    let credential = serde_json::to_value(key).map_err(|error| NoAnswer::Kept(error.to_string()))?;
    let Credential { counter, backup_state: backed_up, .. } = key.clone().into();
    Ok(KeyState { credential, counter, backed_up })
}

fn kept<T: DeserializeOwned>(value: &Value) -> Result<T, NoAnswer> {
    T::deserialize(value).map_err(|error| NoAnswer::Kept(error.to_string()))
}

fn read<T: DeserializeOwned>(answer: &Value) -> Result<T, NoAnswer> {
    T::deserialize(answer).map_err(|error| NoAnswer::NotRead(error.to_string()))
}

fn wrong(error: WebauthnError) -> NoAnswer {
    match error {
        WebauthnError::CredentialPossibleCompromise => NoAnswer::CountWentBack,
        other => NoAnswer::Wrong(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_asked_under_a_name_that_browsers_trust_and_nowhere_else() {
        for good in ["http://localhost:8080", "https://holdfast.example.com", "https://dr.example.com:8443"] {
            assert!(RelyingParty::at(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://127.0.0.1:8080", "localhost"),
            ("http://[::1]:8080", "localhost"),
            ("https://192.0.2.1", "a number"),
            ("http://holdfast.example.com", "https alone"),
            ("", "no address"),
        ] {
            let said = RelyingParty::at(bad).err().unwrap_or_default();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn a_key_is_asked_to_make_sure_of_its_holder_and_for_five_minutes() {
        let party = RelyingParty::at("http://localhost:8080").unwrap();
        let question = party.ask_to_register(PersonId::fresh(), "a@example.com", &[]).unwrap();
        assert_eq!(question.asked["rp"], serde_json::json!({ "name": "Holdfast", "id": "localhost" }));
        assert_eq!(question.asked["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(question.asked["timeout"], 300_000);
        let another = party.ask_to_register(PersonId::fresh(), "a@example.com", &[]).unwrap();
        assert_ne!(question.asked["challenge"], another.asked["challenge"], "never the same twice");
    }

    #[test]
    fn what_is_no_answer_is_said_to_be_none() {
        let party = RelyingParty::at("http://localhost:8080").unwrap();
        let question = || party.ask_to_register(PersonId::fresh(), "a@example.com", &[]).unwrap().state;
        for nothing in
            [Value::Null, serde_json::json!("x"), serde_json::json!({ "id": 1 }), serde_json::json!([])]
        {
            let no = party.registered(question(), &nothing).err();
            assert!(matches!(no, Some(NoAnswer::NotRead(_))), "{nothing}: {no:?}");
        }
        let empty = serde_json::json!({ "id": "", "rawId": "", "type": "public-key",
            "response": { "attestationObject": "", "clientDataJSON": "" } });
        assert!(matches!(party.registered(question(), &empty).err(), Some(NoAnswer::Wrong(_))));
        assert!(matches!(party.registered(Value::Null, &empty).err(), Some(NoAnswer::Kept(_))));
    }
}
