//! What has to be read again, and so cannot be hashed, is encrypted before the database sees it (AES-256-GCM). The keys are in a
//! file: whoever reads the database, or a dump of it, reads nothing of what is sealed.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;

/// The form of what is sealed: this byte, the key's id, the nonce, the text encrypted, its tag.
const FORM: u8 = 1;
const KEY_ID: usize = 4;
const HEAD: usize = 1 + KEY_ID + NONCE_LEN;

/// Why something sealed cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// By a key that this server was not given.
    OtherKey,
    /// Not what was sealed, or not there.
    Changed,
}

/// The last key seals; the ones before it open what they sealed.
#[derive(Clone)]
pub struct Sealing(Arc<Vec<Key>>);

struct Key {
    id: [u8; KEY_ID],
    seals: LessSafeKey,
    hashes: hmac::Key,
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealing({} keys)", self.0.len())
    }
}

impl Sealing {
    /// One key a line, each 64 hexadecimal digits; empty lines and lines with `#` in front say nothing.
    ///
    /// # Errors
    /// The number of the line that is no key, or that there is none. Never what stands there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Vec::new();
        for (line, key) in text.lines().map(str::trim).enumerate() {
            if key.is_empty() || key.starts_with('#') {
                continue;
            }
            let wrong = || format!("line {} is no key of 64 hexadecimal digits", line + 1);
            let bytes = hex::decode(key).map_err(|_| wrong())?;
            let unbound = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| wrong())?;
            let mut id = [0; KEY_ID];
            id.copy_from_slice(
                &Sha256::digest([b"holdfast sealing key", bytes.as_slice()].concat())[..KEY_ID],
            );
            let derived = Sha256::digest([b"holdfast hashing key", bytes.as_slice()].concat());
            let hashes = hmac::Key::new(hmac::HMAC_SHA256, &derived);
            keys.push(Key { id, seals: LessSafeKey::new(unbound), hashes });
        }
        if keys.is_empty() { Err("there is no key in it".to_owned()) } else { Ok(Self(Arc::new(keys))) }
    }

    /// A line for the file.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new_key() -> Result<String, String> {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).map_err(|_| "the system gives no randomness".to_owned())?;
        Ok(hex::encode(key))
    }

    /// What is only ever compared, and could be guessed by whoever had its plain hash. By the oldest key, which stays the same
    /// when one is added.
    #[must_use]
    pub fn hash(&self, text: &[u8]) -> Option<[u8; 32]> {
        let tag = hmac::sign(&self.0.first()?.hashes, text);
        tag.as_ref().try_into().ok()
    }

    /// `of`: what it is and whose, so that nobody can put it in another's place.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal(&self, of: &str, text: &[u8]) -> Result<Vec<u8>, String> {
        let Key { id, seals, .. } = self.0.last().ok_or("there is no key")?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| "the system gives no randomness".to_owned())?;
        let mut body = text.to_vec();
        seals
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(of.as_bytes()),
                &mut body,
            )
            .map_err(|_| "it could not be encrypted".to_owned())?;
        Ok([&[FORM], id.as_slice(), &nonce, &body].concat())
    }

    /// # Errors
    /// See [`Unreadable`].
    pub fn open(&self, of: &str, sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let (head, body) = sealed.split_at_checked(HEAD).ok_or(Unreadable::Changed)?;
        let (id, nonce) = head[1..].split_at(KEY_ID);
        if head[0] != FORM {
            return Err(Unreadable::Changed);
        }
        let key = self.0.iter().find(|key| key.id == id).ok_or(Unreadable::OtherKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unreadable::Changed)?;
        let mut body = body.to_vec();
        let text = key.seals.open_in_place(nonce, Aad::from(of.as_bytes()), &mut body);
        text.map(|text| text.to_vec()).map_err(|_| Unreadable::Changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealing(keys: &[&str]) -> Sealing {
        Sealing::parse(&keys.join("\n")).unwrap()
    }

    #[test]
    fn what_is_sealed_is_read_again_and_only_as_what_it_was_sealed() {
        let keys = sealing(&[&Sealing::new_key().unwrap()]);
        let sealed = keys.seal("totp of a", b"12345678901234567890").unwrap();
        assert_eq!(sealed.len(), 53, "as long as the table wants it");
        assert!(!sealed.windows(4).any(|w| w == b"1234"));
        assert_eq!(keys.open("totp of a", &sealed).unwrap(), b"12345678901234567890");
        assert_eq!(keys.open("totp of b", &sealed), Err(Unreadable::Changed));
        assert_ne!(keys.seal("totp of a", b"12345678901234567890").unwrap(), sealed, "never the same twice");
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert!(keys.open("totp of a", &other).is_err(), "byte {at}");
        }
        assert_eq!(keys.open("totp of a", &sealed[..10]), Err(Unreadable::Changed));
    }

    #[test]
    fn an_older_key_still_opens_and_a_key_that_is_gone_does_not() {
        let (old, new) = (Sealing::new_key().unwrap(), Sealing::new_key().unwrap());
        let sealed = sealing(&[&old]).seal("x", b"text").unwrap();
        assert_eq!(sealing(&[&old, &new]).open("x", &sealed).unwrap(), b"text");
        assert_eq!(sealing(&[&new]).open("x", &sealed), Err(Unreadable::OtherKey));
    }

    #[test]
    fn what_is_hashed_is_known_again_by_whoever_has_the_oldest_key_and_by_nobody_else() {
        let (old, new) = (Sealing::new_key().unwrap(), Sealing::new_key().unwrap());
        let hash = sealing(&[&old]).hash(b"text").unwrap();
        assert_eq!(sealing(&[&old, &new]).hash(b"text"), Some(hash));
        assert_ne!(sealing(&[&new]).hash(b"text"), Some(hash));
        assert_ne!(sealing(&[&old]).hash(b"texT"), Some(hash));
        assert_ne!(hash.as_slice(), Sha256::digest(b"text").as_slice());
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_what_stands_there_is_not_told() {
        assert!(Sealing::parse("# nothing\n\n").is_err());
        for wrong in ["hunter2", &"0".repeat(62), &"g".repeat(64)] {
            let why = Sealing::parse(&format!("# ours\n{wrong}")).unwrap_err();
            assert_eq!(why, "line 2 is no key of 64 hexadecimal digits");
        }
        let key = Sealing::new_key().unwrap();
        assert_eq!(format!("{:?}", sealing(&[&key])), "Sealing(1 keys)");
    }
}
