//! One entry of the inventory sent on its own, read by the inventory's own reader: the same strictness and the
//! same words, whether it comes in the file or alone.

use super::super::{body, problem::Refused};
use holdfast_api::{FieldProblem, Problem};
use holdfast_domain::{Account, Application};
use holdfast_inventory::Format;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// # Errors
/// What the inventory's reader says, with paths that begin at the entry.
pub fn account(id: &str, bytes: &[u8]) -> Result<Account, Refused> {
    let bytes = named("id", id, bytes)?;
    Ok(holdfast_inventory::read_account(&bytes, Format::Json).map_err(not_accepted)?)
}

/// # Errors
/// As [`account`].
pub fn application(name: &str, bytes: &[u8]) -> Result<Application, Refused> {
    let bytes = named("name", name, bytes)?;
    Ok(holdfast_inventory::read_application(&bytes, Format::Json).map_err(not_accepted)?)
}

/// The entry with the key that the path names. Bytes that hold it already stay as they are, so that lines in
/// problems are the sender's.
fn named<'a>(key: &str, id: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Refused> {
    if bytes.is_empty() {
        return Err(Problem::new(
            400,
            "body_missing",
            "Body missing",
            "This request needs the entry as JSON.",
            "Send it as the inventory file has it.",
        )
        .into());
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

fn not_accepted(problems: Vec<holdfast_inventory::Problem>) -> Problem {
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    let detail =
        if problems.len() == 1 { first } else { format!("{} problems; the first: {first}", problems.len()) };
    let mut problem = Problem::new(
        422,
        "inventory_invalid",
        "The entry was not stored",
        detail,
        "Mend the fields named and send it again. Nothing was stored.",
    );
    problem.fields = problems
        .into_iter()
        .map(|p| FieldProblem {
            line: p.line,
            column: p.column,
            path: p.path,
            message: p.message,
            way_out: p.way_out,
        })
        .collect();
    problem
}
