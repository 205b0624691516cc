//! Sessions that AssumeRole hands out. The token carries the session and a seal, so that nothing has to
//! be remembered and a restart ends none of them; the secret follows from the key id and the seal's key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Keys from here begin like AWS's temporary ones, and with our mark.
const KEY_PREFIX: &str = "ASIASIM";
const TOKEN_PREFIX: &str = "IQoSIM.";

/// An assumed role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// `AccessKeyId`.
    pub access_key: String,
    /// The role's account.
    pub account: String,
    /// The role's name.
    pub role: String,
    /// `RoleSessionName`.
    pub name: String,
    /// `SourceIdentity`.
    pub source_identity: Option<String>,
    /// The inline policy, as given.
    pub policy: Option<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Real time, milliseconds since the epoch.
    pub expires_ms: i64,
}

impl Session {
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`.
    pub fn arn(&self) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{}", self.account, self.role, self.name)
    }

    /// The role's unique id.
    pub fn role_id(&self) -> String {
        let digest = hex::encode_upper(Sha256::digest(format!("{}/{}", self.account, self.role)));
        format!("AROA{}", digest.get(..17).unwrap_or_default())
    }
}

/// A new access key id.
pub fn new_access_key() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    format!("{KEY_PREFIX}{}", id.get(..13).unwrap_or_default())
}

/// The secret that belongs to an access key id.
pub fn secret(session_key: &[u8], access_key: &str) -> String {
    let sealed = hmac_sha256(session_key, format!("secret/{access_key}").as_bytes());
    STANDARD.encode(sealed).chars().take(40).collect()
}

/// The session token.
pub fn token(session: &Session, session_key: &[u8]) -> String {
    // A struct of strings and numbers always has a JSON form.
    let claims = serde_json::to_vec(session).unwrap_or_default();
    let seal = hmac_sha256(session_key, &claims);
    format!("{TOKEN_PREFIX}{}.{}", URL_SAFE_NO_PAD.encode(&claims), URL_SAFE_NO_PAD.encode(seal))
}

/// Whether a key or token claims to come from here.
pub fn handed_out(access_key: &str, token: Option<&str>) -> bool {
    access_key.starts_with(KEY_PREFIX) || token.is_some_and(|t| t.starts_with(TOKEN_PREFIX))
}

/// The session in a token, if its seal is ours.
pub fn read(token: &str, session_key: &[u8]) -> Option<Session> {
    let (claims, seal) = token.strip_prefix(TOKEN_PREFIX)?.split_once('.')?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
    if seal != hmac_sha256(session_key, &claims) {
        return None;
    }
    serde_json::from_slice(&claims).ok()
}

/// HMAC-SHA-256 (RFC 2104) with a key of any length.
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    // Padding to the block by hand makes the constructor that cannot fail fit.
    let mut block = [0_u8; 64];
    let hashed = Sha256::digest(key);
    let short: &[u8] = if key.len() > block.len() { &hashed } else { key };
    for (to, from) in block.iter_mut().zip(short) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_agrees_with_rfc_4231() {
        let first = hmac_sha256(&[0x0b; 20], b"Hi There");
        assert_eq!(hex::encode(first), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let long_key = hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex::encode(long_key), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn a_token_that_was_touched_is_not_read() {
        let session = Session {
            access_key: new_access_key(),
            account: "222222222222".into(),
            role: "holdfast-read".into(),
            name: "run-1".into(),
            source_identity: None,
            policy: None,
            tags: vec![],
            expires_ms: 1,
        };
        assert_eq!(session.access_key.len(), 20);
        let token = token(&session, b"key");
        assert_eq!(read(&token, b"key"), Some(session));
        assert_eq!(read(&token, b"other"), None);
        assert_eq!(read(&token.replacen("IQoSIM.e", "IQoSIM.f", 1), b"key"), None);
    }
}
