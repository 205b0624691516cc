//! Between columns and domain types: words of enumerations, times, hashes.

use crate::{Error, Result};
use holdfast_domain::Name;
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A unit variant's stored name: the one that it has on the wire, so that there is one list of names.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        other => format!("{other:?}"),
    }
}

pub(crate) fn from_word<T: DeserializeOwned>(what: &'static str, word: &str) -> Result<T> {
    serde_json::from_value(Value::String(word.to_owned()))
        .map_err(|e| Error::Corrupt(format!("{what} `{word}`: {e}")))
}

pub(crate) fn from_words<T: DeserializeOwned>(what: &'static str, words: &[String]) -> Result<Vec<T>> {
    words.iter().map(|w| from_word(what, w)).collect()
}

pub(crate) fn from_json<T: DeserializeOwned>(what: impl FnOnce() -> String, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|e| Error::Corrupt(format!("{}: {e}", what())))
}

/// A document that was read as the text that it is.
pub(crate) fn from_text<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("{what}: {e}")))
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|e| Error::Invalid(e.to_string()))
}

pub(crate) fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The database's time type.
pub(crate) type Time = jiff_sqlx::Timestamp;

pub(crate) fn time(at: jiff::Timestamp) -> Time {
    at.to_sqlx()
}

pub(crate) fn maybe_time(at: Option<Time>) -> Option<jiff::Timestamp> {
    at.map(Into::into)
}

/// SHA-256, as session ids and token secrets are kept. They are random, so neither salt nor stretching helps.
#[must_use]
pub fn hash_secret(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}
