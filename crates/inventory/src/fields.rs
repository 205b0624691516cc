//! From nodes to single values, with a problem for each that is not what it should be. What an account or
//! an application consists of is said elsewhere.

use crate::problem::{Place, Problems, clip, listed, way_to_a_word};
use crate::tree::{Node, What};
use holdfast_domain::{Name, REGIONS, RegionCode, Seconds};
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// Longer texts are refused: nothing that AWS or a reader takes is longer.
pub(crate) const MOST_TEXT: usize = 2048;

/// A key that an object may have, and whether it must.
pub(crate) type KeyRule = (&'static str, bool);

/// An object whose keys were checked.
pub(crate) struct Fields<'n> {
    node: &'n Node,
    pub path: String,
}

impl<'n> Fields<'n> {
    pub fn at(&self) -> Place {
        self.node.at
    }
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key)
    }
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
    pub fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }
    pub fn place_of(&self, key: &str) -> Place {
        self.get(key).map_or(self.node.at, |n| n.at)
    }
}

pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { clip(key) } else { format!("{path}.{}", clip(key)) }
}

/// The last part of a path, as a message names the field.
fn field(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub problems: Problems,
}

impl Reader {
    /// Checks the keys of an object. Missing ones are told in one problem, unknown ones each.
    pub fn fields<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        what: &str,
        keys: &[KeyRule],
    ) -> Option<Fields<'n>> {
        let What::Map(entries) = &node.what else {
            let all = listed(keys.iter().map(|k| k.0));
            self.wrong_type(node, path, &format!("{what}, an object"), &format!("write its keys: {all}"));
            return None;
        };
        for entry in entries {
            // Without room for it, working out the nearest word would be work for nothing.
            if self.problems.is_full() || keys.iter().any(|(name, _)| *name == entry.key) {
                continue;
            }
            let message = format!("unknown key `{}`", clip(&entry.key));
            let way_out = way_to_a_word(&entry.key, keys.iter().map(|k| k.0));
            self.problems.at(entry.at, &join(path, &entry.key), message, way_out);
        }
        let missing: Vec<_> =
            keys.iter().filter(|(name, must)| *must && node.get(name).is_none()).map(|k| k.0).collect();
        if !missing.is_empty() {
            let noun = if missing.len() == 1 { "the key" } else { "the keys" };
            let message = format!("{what} lacks {noun} {}", listed(missing.iter().copied()));
            let way_out = if missing.len() == 1 { "add it" } else { "add them" };
            self.problems.at(node.at, path, message, way_out);
        }
        Some(Fields { node, path: path.to_owned() })
    }

    pub fn wrong_type(&mut self, node: &Node, path: &str, expected: &str, way_out: &str) {
        if matches!(node.what, What::Refused) {
            return;
        }
        let name = if path.is_empty() { "the file".to_owned() } else { format!("`{}`", field(path)) };
        let message = format!("{name} should be {expected}, and {} stands here", node.found());
        self.problems.at(node.at, path, message, way_out);
    }

    pub fn items<'n>(&mut self, node: &'n Node, path: &str, of: &str) -> Option<&'n [Node]> {
        match &node.what {
            What::List(items) => Some(items),
            _ => {
                self.wrong_type(node, path, &format!("a list of {of}"), "write a list; `[]` is an empty one");
                None
            }
        }
    }

    /// Every item of a list under the path that it has by name, or else by place; no name twice.
    pub fn entries<'n, T>(
        &mut self,
        node: &'n Node,
        path: &str,
        of: &str,
        mut read: impl FnMut(&mut Self, &'n Node, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.items(node, path, of)?;
        let mut seen: HashMap<&str, Place> = HashMap::new();
        let mut all = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let named = item.label().filter(|l| Name::parse(l).is_ok());
            let item_path = named.map_or_else(|| format!("{path}[{index}]"), |name| join(path, name));
            if let Some(name) = named
                && let Some(first) = seen.insert(name, item.at)
            {
                let message =
                    format!("`{name}` stands twice in `{}`, first in line {}", field(path), first.line);
                self.problems.at(item.at, &item_path, message, "give each its own name, or keep one of them");
            }
            match read(self, item, &item_path) {
                Some(entry) => all.push(entry),
                // An entry must never get lost without a word.
                None if self.problems.is_empty() => {
                    self.problems.at(
                        item.at,
                        &item_path,
                        "this entry could not be read",
                        "compare it with an export",
                    );
                }
                None => {}
            }
        }
        Some(all)
    }

    /// Any text; numbers and truth values without quotes are told to be quoted.
    pub fn text<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n str> {
        let quote = |raw: &str| format!("quote it: \"{}\"", clip(raw));
        match &node.what {
            What::Text(text) if text.chars().count() > MOST_TEXT => {
                let message = format!("`{}` has more than {MOST_TEXT} characters", field(path));
                self.problems.at(node.at, path, message, "shorten it");
                None
            }
            What::Text(text) => Some(text),
            What::Number(raw) => {
                let message =
                    format!("`{}` should be text, and {} without quotes is a number", field(path), clip(raw));
                self.problems.at(node.at, path, message, quote(raw));
                None
            }
            What::Bool(value) => {
                let message =
                    format!("`{}` should be text, and {value} without quotes is a truth value", field(path));
                self.problems.at(node.at, path, message, quote(&value.to_string()));
                None
            }
            What::Null => {
                self.wrong_type(
                    node,
                    path,
                    "text",
                    "give it a value, or leave the key out if it is optional",
                );
                None
            }
            _ => {
                self.wrong_type(node, path, "text", "write a single text");
                None
            }
        }
    }

    /// A text for people: anything that is not blank.
    pub fn prose(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let path = fields.path_of(key);
        let node = fields.get(key)?;
        let text = self.text(node, &path)?;
        if text.trim().is_empty() {
            self.problems.at(
                node.at,
                &path,
                format!("`{key}` is empty"),
                "say something, or leave the key out if it is optional",
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// A text for machines: not empty, no white space at its ends, no control characters.
    pub fn word(&mut self, node: &Node, path: &str) -> Option<String> {
        let text = self.text(node, path)?;
        let wrong = if text.is_empty() {
            "is empty"
        } else if text.trim() != text {
            "begins or ends with white space"
        } else if text.chars().any(char::is_control) {
            "holds a line break or another control character"
        } else {
            return Some(text.to_owned());
        };
        let message = format!("`{}` {wrong}", field(path));
        self.problems.at(node.at, path, message, "write it as AWS spells it");
        None
    }

    /// A text that `rule` takes; its refusal is what is wrong and the way out.
    pub fn ruled(&mut self, node: &Node, path: &str, rule: crate::shapes::Rule) -> Option<String> {
        let text = self.word(node, path)?;
        match rule(&text) {
            Ok(()) => Some(text),
            Err((wrong, way_out)) => {
                let message = format!("`{}` is `{}`, {wrong}", field(path), clip(&text));
                self.problems.at(node.at, path, message, way_out);
                None
            }
        }
    }

    pub fn name_at(&mut self, node: &Node, path: &str) -> Option<Name> {
        let text = self.text(node, path)?;
        if let Ok(name) = Name::parse(text) {
            return Some(name);
        }
        let message = format!("`{}` is `{}`, which is not a name", field(path), clip(text));
        let mut way_out = "write 1 to 63 lower case letters, digits and inner hyphens".to_owned();
        let near: String = text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        if let Ok(near) = Name::parse(near.trim_matches('-')) {
            way_out.push_str(&format!(", such as `{near}`"));
        }
        self.problems.at(node.at, path, message, way_out);
        None
    }

    pub fn name(&mut self, fields: &Fields<'_>, key: &str) -> Option<Name> {
        self.name_at(fields.get(key)?, &fields.path_of(key))
    }

    /// One of a few words.
    pub fn choice<T: Copy>(
        &mut self,
        node: &Node,
        path: &str,
        what: &str,
        all: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(node, path)?;
        let found = all.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() && !self.problems.is_full() {
            let message = format!("`{}` is `{}`, which is not {what}", field(path), clip(text));
            self.problems.at(node.at, path, message, way_to_a_word(text, all.iter().map(|w| w.0)));
        }
        found
    }

    pub fn region_at(&mut self, node: &Node, path: &str) -> Option<RegionCode> {
        let text = self.text(node, path)?;
        self.region_of(text, node.at, path)
    }

    pub fn region_of(&mut self, text: &str, at: Place, path: &str) -> Option<RegionCode> {
        match RegionCode::parse(text) {
            Ok(region) => Some(region),
            Err(_) => {
                let message = format!("`{}` is not a Region that Holdfast knows", clip(text));
                self.problems.at(at, path, message, way_to_a_word(text, REGIONS.iter().map(|r| r.code)));
                None
            }
        }
    }

    /// A list of Regions, none of them twice, in the order given; `None` if any is in doubt, so that nothing
    /// else is judged by half a list.
    pub fn regions(&mut self, fields: &Fields<'_>, key: &str) -> Option<Vec<RegionCode>> {
        let path = fields.path_of(key);
        let items = self.items(fields.get(key)?, &path, "Regions")?;
        let (mut all, mut whole): (Vec<RegionCode>, bool) = (Vec::new(), true);
        for (index, item) in items.iter().enumerate() {
            let item_path = format!("{path}[{index}]");
            let Some(region) = self.region_at(item, &item_path) else {
                whole = false;
                continue;
            };
            if all.contains(&region) {
                self.problems.at(
                    item.at,
                    &item_path,
                    format!("`{region}` stands twice in `{key}`"),
                    "keep one of them",
                );
            } else {
                all.push(region);
            }
        }
        whole.then_some(all)
    }

    pub fn number_at(&mut self, node: &Node, path: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let (low, high) = (*range.start(), *range.end());
        let limits =
            if high == u32::MAX { format!("from {low} up") } else { format!("from {low} to {high}") };
        let way_out = format!("write a whole number {limits}, without quotes");
        let What::Number(raw) = &node.what else {
            self.wrong_type(node, path, "a number", &way_out);
            return None;
        };
        let leading_zero = raw.len() > 1 && raw.starts_with('0');
        let value = raw.parse::<u32>().ok().filter(|_| !leading_zero && !raw.starts_with('+'));
        match value {
            Some(value) if range.contains(&value) => Some(value),
            _ => {
                let wrong = if raw.starts_with('-') {
                    "it cannot be negative"
                } else {
                    "which is not one that it takes"
                };
                self.problems.at(
                    node.at,
                    path,
                    format!("`{}` is {}, {wrong}", field(path), clip(raw)),
                    way_out,
                );
                None
            }
        }
    }

    pub fn number(&mut self, fields: &Fields<'_>, key: &str, range: RangeInclusive<u32>) -> Option<u32> {
        self.number_at(fields.get(key)?, &fields.path_of(key), range)
    }

    pub fn length(&mut self, fields: &Fields<'_>, key: &str) -> Option<Seconds> {
        self.length_at(fields.get(key)?, &fields.path_of(key))
    }

    pub fn length_at(&mut self, node: &Node, path: &str) -> Option<Seconds> {
        let name = field(path);
        let write = || "write 30s, 15m, 4h, 1d or a sum such as 1h30m".to_owned();
        let (raw, seconds) = match &node.what {
            What::Number(raw) => (raw, raw.parse().ok()),
            What::Text(text) => match Seconds::parse(text) {
                Ok(length) => return Some(length),
                Err(_) => (text, None),
            },
            _ => {
                self.wrong_type(node, path, "a length of time", &write());
                return None;
            }
        };
        let (message, way_out) = if raw.starts_with('-') {
            (format!("`{name}` is {}, and a length of time cannot be negative", clip(raw)), write())
        } else if let Some(seconds) = seconds {
            (
                format!("`{name}` is {}, a number without a unit", clip(raw)),
                format!("if it is seconds, write {}", Seconds(seconds)),
            )
        } else {
            (format!("`{name}` is `{}`, which is not a length of time", clip(raw)), write())
        };
        self.problems.at(node.at, path, message, way_out);
        None
    }
}
