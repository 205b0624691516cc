//! The canonical document as YAML and as JSON. Deterministic: the same value gives the same bytes, and
//! reading them gives the value again.

use crate::document::{self, Layout, Out};
use holdfast_domain::{Account, Application, Inventory};
use std::fmt::Write;

/// The whole file, as `GET /inventory` and `holdfast export` give it.
#[must_use]
pub fn write_yaml(inventory: &Inventory) -> String {
    let mut text = String::new();
    if let Out::Map(_, entries) = document::inventory(inventory) {
        for (key, value) in &entries {
            entry(&mut text, 0, key, value);
        }
    }
    text
}

/// The same with the same keys in the same order, indented by two, ending in a line break.
#[must_use]
pub fn write_json(inventory: &Inventory) -> String {
    json(document::inventory(inventory))
}

/// One application as it stands in the file.
#[must_use]
pub fn write_application_json(application: &Application) -> String {
    json(document::application(application))
}

/// One account as it stands in the file.
#[must_use]
pub fn write_account_json(account: &Account) -> String {
    json(document::account(account))
}

fn json(out: Out) -> String {
    // The alternate form of a value is its indented text; writing to a string cannot fail.
    format!("{:#}\n", out.into_json())
}

/// `key: value` from where the line stands, with what belongs below it indented deeper.
fn entry(text: &mut String, indent: usize, key: &str, value: &Out) {
    scalar(text, key);
    text.push(':');
    match value {
        Out::Map(Layout::Lines, entries) if !entries.is_empty() => {
            text.push('\n');
            for (key, value) in entries {
                spaces(text, indent + 2);
                entry(text, indent + 2, key, value);
            }
        }
        Out::List(Layout::Lines, items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                spaces(text, indent + 2);
                text.push_str("- ");
                listed(text, indent + 4, item);
            }
        }
        _ => {
            text.push(' ');
            one_line(text, value);
            text.push('\n');
        }
    }
}

/// An item after its dash: the first key on the same line, the others below it.
fn listed(text: &mut String, indent: usize, item: &Out) {
    if let Out::Map(Layout::Lines, entries) = item
        && !entries.is_empty()
    {
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                spaces(text, indent);
            }
            entry(text, indent, key, value);
        }
    } else {
        one_line(text, item);
        text.push('\n');
    }
}

fn spaces(text: &mut String, count: usize) {
    text.extend(std::iter::repeat_n(' ', count));
}

fn one_line(text: &mut String, out: &Out) {
    match out {
        Out::Text(value) => scalar(text, value),
        Out::Id(value) => quoted(text, value),
        Out::Bare(value) => text.push_str(value),
        Out::Number(number) => drop(write!(text, "{number}")),
        Out::List(_, items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                one_line(text, item);
            }
            text.push(']');
        }
        Out::Map(_, entries) => {
            text.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                scalar(text, key);
                text.push_str(": ");
                one_line(text, value);
            }
            text.push('}');
        }
    }
}

fn scalar(text: &mut String, value: &str) {
    if is_safe_bare(value) { text.push_str(value) } else { quoted(text, value) }
}

/// Whether every YAML reader, also an old one, takes this for the text that it is, on one line and within
/// brackets. Stricter than YAML: when in doubt, quotes.
fn is_safe_bare(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_'));
    let inner = |c: char| c.is_ascii_alphanumeric() || " -_./:@+=*()'\";?!$%&^|<>~\\".contains(c);
    starts
        && text.chars().all(inner)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !is_a_word_of_yaml(text)
        && !is_like_a_number(text)
}

fn is_a_word_of_yaml(text: &str) -> bool {
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Numbers, dates, times and base-60 numbers of any version of YAML.
fn is_like_a_number(text: &str) -> bool {
    let radix = |prefix: &str| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_'))
    };
    text.starts_with(|c: char| c.is_ascii_digit())
        && (text.chars().all(|c| c.is_ascii_digit() || "_.:,eE+- TtZz".contains(c))
            || radix("0x")
            || radix("0o")
            || radix("0b"))
}

fn quoted(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if is_printable(c) => text.push(c),
            c if u32::from(c) <= 0xff => drop(write!(text, "\\x{:02X}", u32::from(c))),
            c if u32::from(c) <= 0xffff => drop(write!(text, "\\u{:04X}", u32::from(c))),
            c => drop(write!(text, "\\U{:08X}", u32::from(c))),
        }
    }
    text.push('"');
}

/// What may stand in a quoted text as itself: YAML's printable characters without those that break lines,
/// mark byte order or have no width.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a1}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_only_where_another_reader_could_take_them_for_something_else() {
        for bare in [
            "shop",
            "us-east-1",
            "arn:aws:iam::222222222222:role/x",
            "15m",
            "https://a.example.com/b?c=d",
            "it's here",
            "3b1f6c52-8d0e",
            "/support/database",
        ] {
            assert!(is_safe_bare(bare), "{bare}");
        }
        for nasty in [
            "",
            " a",
            "a ",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "yes",
            "No",
            "null",
            "~",
            "1e3",
            "0x10",
            "012345678901",
            "12:30:45",
            "2027-03-01",
            "1_000",
            "-1",
            ".5",
            "[a]",
            "a, b",
            "{a}",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "a\nb",
            "a\tb",
            "é",
            "🚢",
            "- a",
            "? a",
            "---",
            "=",
        ] {
            assert!(!is_safe_bare(nasty), "{nasty:?}");
        }
    }
}
