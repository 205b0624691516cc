//! Reading parameters out of a decoded request, whichever protocol it came by: numbers and flags may be
//! text, and a list of one may have lost its brackets on the way through XML.

use crate::refusal::Refusal;
use serde_json::Value;

/// A text, if it is there and not empty.
pub(super) fn text<'a>(input: &'a Value, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str).filter(|t| !t.is_empty())
}

/// A whole number.
pub(super) fn integer(input: &Value, key: &str) -> Option<i64> {
    let value = input.get(key)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Any number.
pub(super) fn number(input: &Value, key: &str) -> Option<f64> {
    let value = input.get(key)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// A flag.
pub(super) fn flag(input: &Value, key: &str) -> Option<bool> {
    let value = input.get(key)?;
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

/// A list: `key` for JSON, `key/member` for XML and query.
pub(super) fn list<'a>(input: &'a Value, key: &str, member: &str) -> Vec<&'a Value> {
    let Some(value) = input.get(key) else { return Vec::new() };
    match value.get(member).unwrap_or(value) {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        one => vec![one],
    }
}

/// A text that the operation cannot do without.
pub(super) fn required<'a>(input: &'a Value, key: &str, code: &str) -> Result<&'a str, Refusal> {
    text(input, key)
        .ok_or_else(|| Refusal::new(code, format!("The request must contain the parameter {key}.")))
}
