//! Keys, and what is encrypted and vouched for with them: AES-256-GCM, HMAC-SHA256, and Argon2id over what people type.

use argon2::Argon2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::Sha256;
use std::fmt;

/// Of one bundle, or of one person's code.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

const NO_RANDOMNESS: &str = "the system gives no randomness";

pub(crate) fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NO_RANDOMNESS.to_owned())?;
    Ok(bytes)
}

impl Key {
    #[must_use]
    pub fn of_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// For whoever seals it away.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// # Errors
    /// When the system has no randomness.
    pub fn fresh() -> Result<Self, String> {
        random().map(Self)
    }

    /// What a code opens, however it is typed: case, spaces and hyphens do not count. Argon2id, 19 MiB, two passes: a part
    /// of the bundle's form.
    ///
    /// # Errors
    /// When there is nothing in it, or not the memory for it.
    pub fn of_code(typed: &str, salt: &[u8]) -> Result<Self, String> {
        let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(200).collect();
        let code = code.to_lowercase();
        if code.is_empty() {
            return Err("no code was given".to_owned());
        }
        let mut key = [0; 32];
        let hashed = Argon2::default().hash_password_into(code.as_bytes(), salt, &mut key);
        hashed.map_err(|error| error.to_string())?;
        Ok(Self(key))
    }

    fn cipher(&self) -> Result<LessSafeKey, String> {
        let unbound = UnboundKey::new(&AES_256_GCM, &self.0).map_err(|_| "the key is none".to_owned())?;
        Ok(LessSafeKey::new(unbound))
    }

    /// `of`: what it is, so that nothing stands in another's place. Base64.
    pub(crate) fn seal(&self, of: &str, text: &[u8]) -> Result<String, String> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut body = text.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(of.as_bytes()),
                &mut body,
            )
            .map_err(|_| "it could not be encrypted".to_owned())?;
        Ok(STANDARD.encode([nonce.as_slice(), &body].concat()))
    }

    /// `None`: not with this key, or not what was sealed.
    pub(crate) fn open(&self, of: &str, sealed: &str) -> Option<Vec<u8>> {
        let sealed = STANDARD.decode(sealed).ok()?;
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let text = self.cipher().ok()?.open_in_place(nonce, Aad::from(of.as_bytes()), &mut body).ok()?;
        Some(text.to_vec())
    }

    /// Vouches for these parts, one after the other.
    pub(crate) fn vouch(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = keyed(&self.0);
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// Compared in the same time wherever they differ.
    pub(crate) fn vouches(&self, parts: &[&[u8]], given: &[u8]) -> bool {
        let mut mac = keyed(&self.0);
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_slice(given).is_ok()
    }

    /// Another key that follows from this one.
    pub(crate) fn derive(&self, what: &str) -> Self {
        Self(self.vouch(&[what.as_bytes()]))
    }
}

#[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_opens_however_it_is_typed_and_another_does_not() {
        let salt = [7; 16];
        let key = Key::of_code("abcd-efgh-2345", &salt).unwrap();
        let sealed = key.seal("of", b"text").unwrap();
        let typed = Key::of_code(" ABCD efgh 2345\n", &salt).unwrap();
        assert_eq!(typed.open("of", &sealed).as_deref(), Some(b"text".as_slice()));
        assert_eq!(typed.open("of another", &sealed), None);
        assert_eq!(Key::of_code("abcd-efgh-2346", &salt).unwrap().open("of", &sealed), None);
        assert_eq!(Key::of_code("abcd-efgh-2345", &[8; 16]).unwrap().open("of", &sealed), None);
        assert!(Key::of_code(" - ", &salt).is_err());
        assert_eq!(format!("{key:?}"), "Key(..)");
    }
}
