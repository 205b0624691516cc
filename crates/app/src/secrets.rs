//! Passwords and API tokens: made, hashed and compared here and nowhere else.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use holdfast_store::hash_secret;
use rand::RngCore;

const PREFIX: &str = "hf_";

/// An Argon2id hash in PHC form, with the crate's defaults (19 MiB, two passes).
pub fn hash_password(password: &str) -> Result<String, String> {
    Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string()).map_err(|e| e.to_string())
}

/// A hash of nothing in particular: verified against when the address is unknown, so that the answer takes as long.
pub const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$aG9sZGZhc3QtbnMtc2FsdA$Zq8yoRMbXCqGMCm0Ov0bGQZL3WmCjkSQ9MvWxFWlYv4";

pub fn password_is(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// `hf_` and 256 random bits; only the hash is stored, and a token is found by it, so that no secret is ever
/// compared byte by byte. The prefix lets secret scanners find leaked ones.
pub fn new_token() -> (String, [u8; 32]) {
    let mut secret = [0_u8; 32];
    rand::rng().fill_bytes(&mut secret);
    let token = format!("{PREFIX}{}", hex::encode(secret));
    let hash = hash_secret(token.as_bytes());
    (token, hash)
}

/// `whsec_` and 256 random bits, as the Standard Webhooks scheme writes a signing key.
pub fn new_webhook_secret() -> String {
    let mut key = [0_u8; 32];
    rand::rng().fill_bytes(&mut key);
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(key))
}

/// `None`: not the shape of a token.
pub fn token_hash(token: &str) -> Option<[u8; 32]> {
    let secret = token.strip_prefix(PREFIX)?;
    (secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| hash_secret(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(password_is("correct horse", &hash));
        assert!(!password_is("correct hors", &hash));
        assert!(!password_is("", NOBODY));
        assert!(PasswordHash::new(NOBODY).is_ok(), "the stand-in must cost as much as a real one");
    }

    #[test]
    fn a_token_is_known_by_its_hash_and_noise_has_none() {
        let (token, hash) = new_token();
        assert_eq!(token_hash(&token), Some(hash));
        assert_ne!(new_token().0, token);
        for noise in ["", "hf_", "hf__", "Bearer x", "hf_00_11", &token[..token.len() - 1]] {
            assert_eq!(token_hash(noise), None, "{noise:?}");
        }
    }
}
