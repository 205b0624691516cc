//! The file as a tree whose every node knows its line and column; the common ground of YAML and JSON.
//! It knows nothing of applications or accounts.

use crate::problem::{Place, Problem, Problems};

/// Larger inputs are refused unread.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;
pub(crate) const MOST_NODES: usize = 200_000;
pub(crate) const MOST_DEPTH: usize = 32;

#[derive(Debug)]
pub(crate) struct Node {
    pub at: Place,
    pub what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Null,
    Bool(bool),
    /// As it was written: leading zeros tell of an account id without quotes.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// Something that was refused when the tree was built; its problem is already told.
    Refused,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub at: Place,
    pub value: Node,
}

impl Node {
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.what {
            What::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The name under which paths know this entry of a list.
    pub fn label(&self) -> Option<&str> {
        ["name", "code", "application"].into_iter().find_map(|key| self.get(key)?.as_text())
    }

    pub fn is_empty_list(&self) -> bool {
        matches!(&self.what, What::List(items) if items.is_empty())
    }

    /// What stands here, as a message says it.
    pub fn found(&self) -> &'static str {
        match &self.what {
            What::Null => "nothing",
            What::Bool(_) => "a truth value",
            What::Number(_) => "a number",
            What::Text(_) => "text",
            What::List(_) => "a list",
            What::Map(_) => "an object",
            What::Refused => "something refused",
        }
    }

    /// Where the thing at a problem's path stands, or the nearest thing around it.
    pub fn place_of(&self, path: &str) -> Place {
        let mut node = self;
        for part in path.split(['.', '[']).filter(|p| !p.is_empty()) {
            let next = match &node.what {
                What::Map(_) => node.get(part),
                What::List(items) => match part.strip_suffix(']').and_then(|n| n.parse::<usize>().ok()) {
                    Some(index) => items.get(index),
                    None => items.iter().find(|i| i.label() == Some(part) || i.as_text() == Some(part)),
                },
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.at
    }
}

/// The text of the file, or why it cannot be one. Control characters go first: a YAML reader takes a zero
/// byte for the end, and what follows it would be ignored without a word.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, Problem> {
    if bytes.len() > MOST_BYTES {
        return Err(Problem::of_value(
            "",
            format!("the file has {} bytes, and no more than {MOST_BYTES} (4 MiB) are read", bytes.len()),
            "leave out sections that do not change: an absent section is left alone",
        ));
    }
    let place_at = |end: usize| {
        let before = bytes.get(..end).unwrap_or_default();
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
        let column =
            String::from_utf8_lossy(before.get(line_start..).unwrap_or_default()).chars().count() + 1;
        Place { line: count(before.iter().filter(|&&b| b == b'\n').count() + 1), column: count(column) }
    };
    let refuse = |end: usize, message: String, way_out: &str| {
        let mut problems = Problems::default();
        problems.at(place_at(end), "", &message, way_out);
        problems.into_sorted().pop().unwrap_or_else(|| Problem::of_value("", message, way_out))
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|e| refuse(e.valid_up_to(), "the file is not UTF-8 text".to_owned(), "save it as UTF-8"))?;
    let control = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r');
    if let Some(end) = bytes.iter().position(control) {
        let code = bytes.get(end).copied().unwrap_or_default();
        return Err(refuse(
            end,
            format!("the file has the control character U+{code:04X}"),
            "remove it, or write it as an escape within double quotes",
        ));
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A count for people; a file never comes near the end of the range.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Keeps the two limits on a tree's shape, for both readers.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    nodes: usize,
}

impl Limits {
    pub fn node(&mut self, depth: usize) -> Result<(), (String, &'static str)> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err((
                format!("the file has more than {MOST_NODES} values"),
                "send one section at a time: an absent section is left alone",
            ));
        }
        if depth > MOST_DEPTH {
            return Err((
                format!("lists and objects stand more than {MOST_DEPTH} deep in one another"),
                "an inventory needs no more than seven",
            ));
        }
        Ok(())
    }
}
