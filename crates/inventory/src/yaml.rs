//! YAML to a tree, as little of YAML as an inventory needs: one document, no anchors, aliases, tags or
//! merge keys. What those could hide from a reader of the file is worth more than what they save.

use crate::problem::{Place, Problems, clip};
use crate::tree::{Entry, Limits, Node, What, count};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};
use std::collections::HashMap;

/// `None`: the text cannot be read on; why is in `problems`.
pub(crate) fn parse(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut builder =
        Builder { problems, limits: Limits::default(), open: Vec::new(), root: None, documents: 0 };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                builder.take(event, place(span.start))?;
            }
            Err(error) => {
                let message = format!("this is not YAML: {}", clip(error.info()));
                let way_out = "mind the indentation, and quote texts that hold `: ` or ` #`";
                builder.problems.at(place(*error.marker()), "", message, way_out);
                return None;
            }
        }
    }
    let root = builder.root.take();
    if root.is_none() {
        problems.at(Place::START, "", "the file is empty", "begin with `version: 1`");
    }
    root
}

fn place(mark: Marker) -> Place {
    Place { line: count(mark.line()), column: count(mark.col() + 1) }
}

enum Open {
    List { at: Place, items: Vec<Node> },
    Map { at: Place, entries: Vec<Entry>, key: Option<Key>, seen: HashMap<String, Place> },
}

struct Key {
    text: String,
    at: Place,
    twice: bool,
}

struct Builder<'p> {
    problems: &'p mut Problems,
    limits: Limits,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

impl Builder<'_> {
    /// `None`: stop here.
    fn take(&mut self, event: Event<'_>, at: Place) -> Option<()> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Some(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return self.stop(
                        at,
                        "a second document begins here",
                        "keep everything in one document, without `---`",
                    );
                }
                Some(())
            }
            Event::Alias(_) => {
                self.problems.at(at, "", "aliases (`*name`) are not taken", "write the value out");
                self.value(Node { at, what: What::Refused })
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_decoration(at, anchor, tag.is_some());
                let awaits_key = matches!(self.open.last(), Some(Open::Map { key: None, .. }));
                if awaits_key {
                    self.key(&text, style, at)
                } else {
                    self.value(Node { at, what: scalar(&text, style) })
                }
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_decoration(at, anchor, tag.is_some());
                self.open(at, Open::List { at, items: Vec::new() })
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_decoration(at, anchor, tag.is_some());
                self.open(at, Open::Map { at, entries: Vec::new(), key: None, seen: HashMap::new() })
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { at, items }) => self.value(Node { at, what: What::List(items) }),
                Some(Open::Map { at, entries, .. }) => self.value(Node { at, what: What::Map(entries) }),
                None => Some(()),
            },
        }
    }

    fn stop(&mut self, at: Place, message: impl Into<String>, way_out: &str) -> Option<()> {
        self.problems.at(at, "", message, way_out);
        None
    }

    fn refuse_decoration(&mut self, at: Place, anchor: usize, tagged: bool) {
        if anchor > 0 {
            self.problems.at(at, "", "anchors (`&name`) are not taken", "remove it and write each value out");
        }
        if tagged {
            self.problems.at(
                at,
                "",
                "tags (`!name`) are not taken",
                "remove it; quotes make a text of anything",
            );
        }
    }

    fn open(&mut self, at: Place, what: Open) -> Option<()> {
        if matches!(self.open.last(), Some(Open::Map { key: None, .. })) {
            return self.stop(at, "a list or an object stands where a key should", "a key is a single word");
        }
        if let Err((message, way_out)) = self.limits.node(self.open.len() + 1) {
            return self.stop(at, message, way_out);
        }
        self.open.push(what);
        Some(())
    }

    fn key(&mut self, text: &str, style: ScalarStyle, at: Place) -> Option<()> {
        if text == "<<" && style == ScalarStyle::Plain {
            self.problems.at(at, "", "merge keys (`<<`) are not taken", "write the keys out");
        }
        if style == ScalarStyle::Plain && !matches!(resolve(text), What::Text(_)) {
            let message = format!("the key {} is not text without quotes", clip(text));
            self.problems.at(at, "", message, format!("quote it: \"{}\"", clip(text)));
        }
        let Some(Open::Map { key, seen, .. }) = self.open.last_mut() else { return Some(()) };
        let first = seen.insert(text.to_owned(), at);
        *key = Some(Key { text: text.to_owned(), at, twice: first.is_some() });
        if let Some(first) = first {
            let message = format!("the key `{}` stands twice, first in line {}", clip(text), first.line);
            self.problems.at(at, "", message, "keep one of them");
        }
        Some(())
    }

    fn value(&mut self, node: Node) -> Option<()> {
        // Lists and objects were counted when they opened.
        if !matches!(node.what, What::List(_) | What::Map(_))
            && let Err((message, way_out)) = self.limits.node(self.open.len())
        {
            return self.stop(node.at, message, way_out);
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(key) if !key.twice => entries.push(Entry { key: key.text, at: key.at, value: node }),
                Some(_) => {}
                None => {
                    return self.stop(
                        node.at,
                        "an alias stands where a key should",
                        "a key is a single word",
                    );
                }
            },
        }
        Some(())
    }
}

fn scalar(text: &str, style: ScalarStyle) -> What {
    if style == ScalarStyle::Plain { resolve(text) } else { What::Text(text.to_owned()) }
}

/// What YAML 1.2's core schema makes of a scalar without quotes.
fn resolve(text: &str) -> What {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => What::Null,
        "true" | "True" | "TRUE" => What::Bool(true),
        "false" | "False" | "FALSE" => What::Bool(false),
        _ if is_number(text) => What::Number(text.to_owned()),
        _ => What::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let digits = |t: &str, radix| !t.is_empty() && t.chars().all(|c| c.is_digit(radix));
    if let Some(hex) = text.strip_prefix("0x") {
        return digits(hex, 16);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8);
    }
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    all(whole)
        && all(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| digits(e, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_without_quotes_is_what_the_core_schema_makes_of_it() {
        for number in
            ["0", "012345678901", "-5", "+1", "1e3", "0x10", "0o17", ".5", "1.", "-.inf", ".nan", "1.5E-3"]
        {
            assert!(matches!(resolve(number), What::Number(_)), "{number}");
        }
        for text in ["yes", "1e", "e3", "0x", "0xg", ".", "-", "1-2", "15m", "1.2.3", "2027-03-01", "_1"] {
            assert!(matches!(resolve(text), What::Text(_)), "{text}");
        }
        assert!(matches!(resolve("~"), What::Null));
        assert!(matches!(resolve("True"), What::Bool(true)));
    }
}
