//! An entry of the log, and the leaf that stands for it in the tree. A leaf holds names and comments as salted
//! hashes and not as words: whoever holds leaves learns nothing of them, and words that must be forgotten can be, with
//! the tree still whole.
//!
//! A leaf is the line [`MAGIC`] and then each field in the order of [`Entry`]: one byte 0 for an absent field, else one
//! byte 1, the length as four bytes (little end first) and the bytes. `actor`, `subject`, `reason` and `detail` stand
//! there as SHA-256(salt ‖ name of the field ‖ 0 ‖ text).

use crate::Malformed;
use crate::merkle::{Hash, leaf_hash};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

pub const MAGIC: &[u8] = b"holdfast audit leaf v1\n";
pub const SALT_BYTES: usize = 16;

/// All texts exactly as the database gives them: the leaf is over these bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry<'a> {
    pub id: i64,
    /// RFC 3339 in UTC with six digits of the second.
    #[serde(borrow)]
    pub at: Cow<'a, str>,
    #[serde(borrow)]
    pub action: Cow<'a, str>,
    #[serde(borrow)]
    pub actor_kind: Cow<'a, str>,
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
    #[serde(borrow)]
    pub person: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub subject_kind: Cow<'a, str>,
    #[serde(borrow)]
    pub subject: Cow<'a, str>,
    #[serde(borrow)]
    pub application: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub outcome: Cow<'a, str>,
    #[serde(borrow)]
    pub code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub reason: Option<Cow<'a, str>>,
    /// JSON as a text of its own, so that no tool on the way writes it differently.
    #[serde(borrow)]
    pub detail: Cow<'a, str>,
    #[serde(borrow)]
    pub request_id: Option<Cow<'a, str>>,
    /// Hexadecimal.
    #[serde(borrow)]
    pub salt: Cow<'a, str>,
}

/// As exports write it: another case would be another byte that says the same.
pub(crate) fn of_hex(text: &str, bytes: &mut [u8]) -> bool {
    !text.bytes().any(|b| b.is_ascii_uppercase()) && hex::decode_to_slice(text, bytes).is_ok()
}

impl Entry<'_> {
    /// # Errors
    /// When the salt is none.
    pub fn leaf(&self) -> Result<Vec<u8>, Malformed> {
        let mut salt = [0_u8; SALT_BYTES];
        if !of_hex(&self.salt, &mut salt) {
            return Err(Malformed::because("its salt is not 16 bytes in lower-case hexadecimal"));
        }
        let mut leaf = Vec::with_capacity(512);
        leaf.extend_from_slice(MAGIC);
        put(&mut leaf, Some(self.id.to_string().as_bytes()));
        put(&mut leaf, Some(self.at.as_bytes()));
        put(&mut leaf, Some(self.action.as_bytes()));
        put(&mut leaf, Some(self.actor_kind.as_bytes()));
        put(&mut leaf, Some(&hidden(&salt, "actor", &self.actor)));
        put(&mut leaf, self.person.as_deref().map(str::as_bytes));
        put(&mut leaf, self.token.as_deref().map(str::as_bytes));
        put(&mut leaf, Some(self.subject_kind.as_bytes()));
        put(&mut leaf, Some(&hidden(&salt, "subject", &self.subject)));
        put(&mut leaf, self.application.as_deref().map(str::as_bytes));
        put(&mut leaf, Some(self.outcome.as_bytes()));
        put(&mut leaf, self.code.as_deref().map(str::as_bytes));
        let reason = self.reason.as_deref().map(|words| hidden(&salt, "reason", words));
        put(&mut leaf, reason.as_ref().map(Hash::as_slice));
        put(&mut leaf, Some(&hidden(&salt, "detail", &self.detail)));
        put(&mut leaf, self.request_id.as_deref().map(str::as_bytes));
        Ok(leaf)
    }

    /// # Errors
    /// As [`Entry::leaf`].
    pub fn leaf_hash(&self) -> Result<Hash, Malformed> {
        self.leaf().map(|leaf| leaf_hash(&leaf))
    }
}

fn hidden(salt: &[u8; SALT_BYTES], field: &str, words: &str) -> Hash {
    let hash = Sha256::new().chain_update(salt).chain_update(field.as_bytes()).chain_update([0]);
    hash.chain_update(words.as_bytes()).finalize().into()
}

fn put(leaf: &mut Vec<u8>, field: Option<&[u8]>) {
    let Some(bytes) = field else {
        leaf.push(0);
        return;
    };
    leaf.push(1);
    // No column of the log comes near this length; were one to, its leaf would be another's, never a wrong one's.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    leaf.extend_from_slice(&length.to_le_bytes());
    leaf.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"id": 7, "at": "2026-11-26T16:00:00.000001Z", "action": "run.request", "actor_kind": "person",
        "actor": "operator@example.com", "person": "01900000-0000-7000-8000-000000000001", "token": null,
        "subject_kind": "run", "subject": "01900000", "application": "shop", "outcome": "done", "code": null,
        "reason": "the Region is impaired", "detail": "{\"a\": 1.10}", "request_id": null,
        "salt": "000102030405060708090a0b0c0d0e0f"}"#;

    fn entry() -> Entry<'static> {
        serde_json::from_str(LINE).unwrap()
    }

    #[test]
    fn a_leaf_holds_no_name_and_no_comment() {
        let leaf = String::from_utf8_lossy(&entry().leaf().unwrap()).into_owned();
        for word in ["operator@example.com", "impaired", "1.10", "01900000\u{0}"] {
            assert!(!leaf.contains(word), "{word}");
        }
        assert!(leaf.contains("run.request") && leaf.contains("shop"));
    }

    #[test]
    fn the_format_of_leaves_is_a_contract() {
        // Changed, no log that was ever signed could be verified any more.
        assert_eq!(
            hex::encode(entry().leaf_hash().unwrap()),
            "8e27ce146a429983dd1db2bf6ef521b15ecf6fd6a2a0f481fe1c217659269b9f"
        );
    }

    #[test]
    fn every_field_counts() {
        let whole = entry().leaf_hash().unwrap();
        let value: serde_json::Value = serde_json::from_str(LINE).unwrap();
        for field in value.as_object().unwrap().keys() {
            let mut other = value.clone();
            other[field] = match &other[field] {
                serde_json::Value::Number(n) => serde_json::json!(n.as_i64().unwrap() + 1),
                serde_json::Value::Null => serde_json::json!("x"),
                serde_json::Value::String(s) if field == "salt" => serde_json::json!(s.replace('f', "e")),
                _ => serde_json::json!("x"),
            };
            let text = other.to_string();
            let changed: Entry<'_> = serde_json::from_str(&text).unwrap();
            assert_ne!(changed.leaf_hash().unwrap(), whole, "{field}");
        }
    }

    #[test]
    fn what_moves_from_one_field_to_the_next_is_another_leaf() {
        let (mut one, mut two) = (entry(), entry());
        (one.action, one.actor_kind) = ("ab".into(), "c".into());
        (two.action, two.actor_kind) = ("a".into(), "bc".into());
        assert_ne!(one.leaf_hash(), two.leaf_hash());
        (one.code, one.reason) = (Some("".into()), None);
        (two.code, two.reason) = (None, Some("".into()));
        assert_ne!(one.leaf_hash(), two.leaf_hash());
    }
}
