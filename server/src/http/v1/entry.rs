//! One entry of the inventory sent on its own, read by the inventory's own reader: the same strictness and the
//! same words, whether it comes in the file or alone.

use super::super::{body, problem::Refused};
use holdfast_api::Problem;
use holdfast_app::problems::of_file;
use holdfast_domain::{Account, Application, ApprovalPolicy};
use holdfast_inventory::Format;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// # Errors
/// What the inventory's reader says, with paths that begin at the entry.
pub fn account(id: &str, bytes: &[u8]) -> Result<Account, Refused> {
    let bytes = named("id", id, bytes)?;
    Ok(holdfast_inventory::read_account(&bytes, Format::Json).map_err(|found| of_file("entry", found))?)
}

/// # Errors
/// As [`account`].
pub fn application(name: &str, bytes: &[u8]) -> Result<Application, Refused> {
    let bytes = named("name", name, bytes)?;
    Ok(holdfast_inventory::read_application(&bytes, Format::Json).map_err(|found| of_file("entry", found))?)
}

/// `name` is the path's, where the path has one.
///
/// # Errors
/// As [`account`].
pub fn policy(name: Option<&str>, bytes: &[u8]) -> Result<ApprovalPolicy, Refused> {
    let bytes = match name {
        Some(name) => named("name", name, bytes)?,
        None if bytes.is_empty() => return Err(missing().into()),
        None => Cow::Borrowed(bytes),
    };
    Ok(holdfast_inventory::read_policy(&bytes, Format::Json).map_err(|found| of_file("entry", found))?)
}

fn missing() -> Problem {
    Problem::new(
        400,
        "body_missing",
        "Body missing",
        "This request needs the entry as JSON.",
        "Send it as the inventory file has it.",
    )
}

/// The entry with the key that the path names. Bytes that hold it already stay as they are, so that lines in
/// problems are the sender's.
fn named<'a>(key: &str, id: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Refused> {
    if bytes.is_empty() {
        return Err(missing().into());
    }
    let mut entry: Map<String, Value> = body::parse(bytes)?;
    match entry.get(key) {
        Some(given) if given == id => Ok(Cow::Borrowed(bytes)),
        Some(_) => Err(Problem::bad_field(
            key,
            format!("is not `{id}`, which the path names"),
            "Make them the same, or leave it out.",
        )
        .into()),
        None => {
            entry.insert(key.to_owned(), json!(id));
            Ok(Cow::Owned(Value::Object(entry).to_string().into_bytes()))
        }
    }
}
