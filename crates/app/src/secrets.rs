//! Passwords and API tokens: made, hashed and compared here and nowhere else.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use rand::RngCore;
use sha2::{Digest, Sha256};

/// An Argon2id hash in PHC form, with the crate's defaults (19 MiB, two passes).
pub fn hash_password(password: &str) -> Result<String, String> {
    Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string()).map_err(|e| e.to_string())
}

/// A hash of nothing in particular: verified against when the address is unknown, so that the answer takes as long.
pub const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$aG9sZGZhc3QtbnMtc2FsdA$Zq8yoRMbXCqGMCm0Ov0bGQZL3WmCjkSQ9MvWxFWlYv4";

pub fn password_is(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// `hf_` + id + secret; only the secret's hash is stored. The prefix lets secret scanners find leaked ones.
pub fn new_token(id: uuid::Uuid) -> (String, Vec<u8>) {
    let mut secret = [0_u8; 32];
    rand::rng().fill_bytes(&mut secret);
    let text = hex::encode(secret);
    (format!("hf_{}_{text}", id.simple()), Sha256::digest(text.as_bytes()).to_vec())
}

/// Takes a token apart: its id and the hash of its secret.
pub fn read_token(token: &str) -> Option<(uuid::Uuid, Vec<u8>)> {
    let (id, secret) = token.strip_prefix("hf_")?.split_once('_')?;
    let id = uuid::Uuid::try_parse(id).ok()?;
    (secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| (id, Sha256::digest(secret.as_bytes()).to_vec()))
}

/// In constant time.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    a.len() == b.len() && bool::from(a.ct_eq(b))
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
    fn a_token_is_read_back_and_noise_is_not() {
        let id = uuid::Uuid::now_v7();
        let (token, hash) = new_token(id);
        assert_eq!(read_token(&token), Some((id, hash)));
        for noise in ["", "hf_", "hf__", "Bearer x", "hf_00_11", &token[..token.len() - 1]] {
            assert_eq!(read_token(noise), None, "{noise:?}");
        }
    }
}
