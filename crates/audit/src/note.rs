//! Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature. Keys are written as the
//! format has them, `NAME+HASH+KEY`, so that other people's tools can read what is signed here.

use crate::Malformed;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The algorithm's byte: Ed25519.
const ED25519: u8 = 1;
const PRIVATE: &str = "PRIVATE+KEY+";

/// A name that is a key's: no space, no plus sign, nothing that ends a line.
fn good_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}

/// The first four bytes of SHA-256(name, line end, algorithm, key).
fn key_id(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(public).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// A secret. Its text is shown by [`SigningKey::secret_text`] alone.
#[derive(Clone)]
pub struct SigningKey {
    name: String,
    key: ed25519_dalek::SigningKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    key: ed25519_dalek::VerifyingKey,
}

impl SigningKey {
    /// # Errors
    /// When the name cannot be a key's.
    pub fn of(name: &str, seed: &[u8; 32]) -> Result<Self, Malformed> {
        if !good_name(name) {
            return Err(Malformed::because(format!("`{name}` cannot be a key's name")));
        }
        Ok(Self { name: name.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(seed) })
    }

    /// # Errors
    /// When it is not `PRIVATE+KEY+NAME+HASH+KEY`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::because("it is not a signing key, PRIVATE+KEY+NAME+HASH+KEY");
        let (name, id, data) = parts(text.trim().strip_prefix(PRIVATE).ok_or_else(malformed)?)?;
        let key = Self::of(&name, &data)?;
        if key.public().id() == id { Ok(key) } else { Err(malformed()) }
    }

    #[must_use]
    pub fn secret_text(&self) -> String {
        format!("{PRIVATE}{}", written(&self.name, self.public().id(), &self.key.to_bytes()))
    }

    #[must_use]
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The note of a text, which ends in a line end.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let mut signature = self.public().id().to_vec();
        signature.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n\u{2014} {} {}\n", self.name, STANDARD.encode(signature))
    }
}

impl VerifyingKey {
    /// # Errors
    /// When it is not `NAME+HASH+KEY`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::because("it is not a public key, NAME+HASH+KEY");
        let (name, id, data) = parts(text.trim())?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&data).map_err(|_| malformed())?;
        let key = Self { name, key };
        if key.id() == id { Ok(key) } else { Err(malformed()) }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.key.as_bytes())
    }

    /// The text of a note that this key has signed; `None` when it has not, or not this text.
    #[must_use]
    pub fn verify<'a>(&self, note: &'a str) -> Option<&'a str> {
        let (text, signatures) = note.rsplit_once("\n\n")?;
        let text = &note[..text.len() + 1];
        signatures.lines().any(|line| self.signed(text, line)).then_some(text)
    }

    fn signed(&self, text: &str, line: &str) -> bool {
        let Some((name, encoded)) = line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' '))
        else {
            return false;
        };
        let Ok(bytes) = STANDARD.decode(encoded) else { return false };
        let Some((id, signature)) = bytes.split_first_chunk::<4>() else { return false };
        let Ok(signature) = <[u8; 64]>::try_from(signature) else { return false };
        name == self.name
            && *id == self.id()
            && self.key.verify_strict(text.as_bytes(), &Signature::from_bytes(&signature)).is_ok()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(&self.name, self.id(), self.key.as_bytes()))
    }
}

fn written(name: &str, id: [u8; 4], key: &[u8; 32]) -> String {
    let mut data = vec![ED25519];
    data.extend_from_slice(key);
    format!("{name}+{}+{}", hex::encode(id), STANDARD.encode(data))
}

fn parts(text: &str) -> Result<(String, [u8; 4], [u8; 32]), Malformed> {
    let malformed = || Malformed::because("a key is written NAME+HASH+KEY");
    // The last part is Base64 and may hold plus signs of its own.
    let mut fields = text.splitn(3, '+');
    let (Some(name), Some(id), Some(data)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(malformed());
    };
    let id: [u8; 4] = hex::decode(id).ok().and_then(|id| id.try_into().ok()).ok_or_else(malformed)?;
    let data = STANDARD.decode(data).map_err(|_| malformed())?;
    match data.split_first() {
        Some((&ED25519, key)) if good_name(name) => {
            Ok((name.to_owned(), id, key.try_into().map_err(|_| malformed())?))
        }
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of golang.org/x/mod/sumdb/note, whose format C2SP took over.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SAID: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_of_the_reference_implementation_is_verified() {
        let key = VerifyingKey::parse(PETER).unwrap();
        assert_eq!(key.to_string(), PETER);
        assert_eq!(key.verify(NOTE), Some(SAID));
        for forged in [NOTE.replace("cryptography", "approval"), NOTE.replace("x08go", "x08gp")] {
            assert_eq!(key.verify(&forged), None);
        }
    }

    #[test]
    fn what_one_key_signs_no_other_verifies() {
        let one = SigningKey::of("holdfast", &[1; 32]).unwrap();
        let two = SigningKey::of("holdfast", &[2; 32]).unwrap();
        let note = one.sign("text\n");
        assert_eq!(one.public().verify(&note), Some("text\n"));
        assert_eq!(two.public().verify(&note), None);
        let renamed = SigningKey::of("other", &[1; 32]).unwrap();
        assert_eq!(renamed.public().verify(&note), None);
    }

    #[test]
    fn a_key_is_read_back_from_its_text_and_shows_no_secret_otherwise() {
        let key = SigningKey::of("holdfast", &[7; 32]).unwrap();
        let again = SigningKey::parse(&key.secret_text()).unwrap();
        assert_eq!(again.public(), key.public());
        let secret = key.secret_text();
        assert!(!format!("{key:?}").contains(secret.rsplit_once('+').unwrap().1));
        for bad in ["", "PRIVATE+KEY+x", &secret[..secret.len() - 4], &secret.replace("holdfast", "other")] {
            assert!(SigningKey::parse(bad).is_err(), "{bad}");
        }
        assert!(SigningKey::of("two words", &[1; 32]).is_err());
    }
}
