//! A key in software, which nobody here wrote (the crate `passkey`), with the browser that asks it. It counts what it signs and
//! makes sure of its holder when it is asked to, and its secrets can be copied.

use passkey::authenticator::{Authenticator, MemoryStore, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use url::Url;

/// Somebody who touches the key, and shows who they are when it wants that.
struct Holder;

#[async_trait::async_trait]
impl UserValidationMethod for Holder {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A clone is a copy of the key with all that it holds.
#[derive(Clone, Default)]
pub struct SoftwareKey {
    holds: MemoryStore,
}

impl SoftwareKey {
    /// Answers to `navigator.credentials.create()` in a page of that origin, as JSON.
    pub async fn create(&mut self, public_key: &Value, origin: &str) -> Value {
        let request = serde_json::from_value(json!({ "publicKey": public_key })).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let made = client.register(&Url::parse(origin).unwrap(), request, DefaultClientData).await.unwrap();
        self.holds.clone_from(client.authenticator().store());
        serde_json::to_value(made).unwrap()
    }

    /// Answers to `navigator.credentials.get()`. `None`: it holds nothing that is asked for.
    pub async fn get(&mut self, public_key: &Value, origin: &str) -> Option<Value> {
        let request = serde_json::from_value(json!({ "publicKey": public_key })).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let said =
            client.authenticate(&Url::parse(origin).unwrap(), request, DefaultClientData).await.ok()?;
        self.holds.clone_from(client.authenticator().store());
        Some(serde_json::to_value(said).unwrap())
    }

    fn authenticator(&self) -> Authenticator<MemoryStore, Holder, RustCryptoBackend> {
        let empty = Aaguid::new_empty();
        let mut authenticator = Authenticator::new(empty, self.holds.clone(), Holder, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(true);
        authenticator
    }
}
