//! What is wrong with a file: where, what, and the way out. Not who may change what, and no HTTP codes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// No more than this many are told at once; the last then says how many are left out.
pub const MOST_PROBLEMS: usize = 50;

/// One thing wrong. `line` and `column` count from 1 and are absent where no text was read, as when two
/// inventories are compared; [`crate::Source::locate`] fills them in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Entries by name where they have one: `applications.shop.objectives.rto`, else by place:
    /// `applications[3]`. Empty: the file as a whole.
    pub path: String,
    pub message: String,
    pub way_out: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "line {line}, column {column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.message, self.way_out)
    }
}

impl Problem {
    /// A problem of a value that was not read from a text.
    #[must_use]
    pub fn of_value(path: impl Into<String>, message: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { line: None, column: None, path: path.into(), message: message.into(), way_out: way_out.into() }
    }
}

/// A place in the text, counted from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub line: u32,
    pub column: u32,
}

impl Place {
    pub const START: Self = Self { line: 1, column: 1 };
}

/// Problems as they are found, bounded so that a hostile file cannot make the answer large.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    kept: Vec<Problem>,
    left_out: usize,
}

impl Problems {
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether further ones are only counted: then there is no use in working out a way out.
    pub fn is_full(&self) -> bool {
        self.kept.len() >= MOST_PROBLEMS
    }

    pub fn push(&mut self, problem: Problem) {
        if self.is_full() {
            self.left_out += 1;
        } else {
            self.kept.push(problem);
        }
    }

    /// Works the problem out only if it will be told: naming the nearest word costs more than a count.
    pub fn push_with(&mut self, problem: impl FnOnce() -> Problem) {
        if self.is_full() {
            self.left_out += 1;
        } else {
            self.push(problem());
        }
    }

    pub fn at(&mut self, at: Place, path: &str, message: impl Into<String>, way_out: impl Into<String>) {
        self.push(Problem {
            line: Some(at.line),
            column: Some(at.column),
            ..Problem::of_value(path, message, way_out)
        });
    }

    /// In the order of the text; those without a place keep their order.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        if self.left_out > 0 && self.kept.pop().is_some() {
            let more = self.left_out + 1;
            self.kept.sort_by_key(|p| (p.line, p.column));
            self.kept.push(Problem::of_value(
                "",
                format!("{more} further problems are not listed"),
                "mend these first and try again",
            ));
        } else {
            self.kept.sort_by_key(|p| (p.line, p.column));
        }
        self.kept
    }
}

/// A piece of somebody's text as a message may show it: short, on one line, without control characters.
pub(crate) fn clip(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut short: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// The word that was probably meant, if one is near enough to be worth naming.
pub(crate) fn nearest<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    // The distance is quadratic in length, and nothing this long is a slip of the finger.
    if text.is_empty() || text.len() > 64 {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let far = (lower.chars().count() / 3).max(2);
    let mut best: Option<(usize, &'w str)> = None;
    for word in words {
        let mut distance = strsim::damerau_levenshtein(&lower, word);
        // `ecs` for `ecs_service`, `eu-central` for `eu-central-1`: far by edits, plain to a reader.
        if lower.len() >= 3 && word.starts_with(&lower) {
            distance = distance.min(far);
        }
        if distance <= far && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, word));
        }
    }
    best.map(|(_, word)| word)
}

/// The nearest right word, or all that there are.
pub(crate) fn way_to_a_word<'w>(text: &str, words: impl IntoIterator<Item = &'w str> + Clone) -> String {
    match nearest(text, words.clone()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("write one of {}", listed(words)),
    }
}

/// `` `a`, `b`, `c` `` with an end for what would not fit a message.
pub(crate) fn listed<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    const SHOWN: usize = 40;
    let mut words = words.into_iter();
    let mut text = words.by_ref().take(SHOWN).map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
    let more = words.count();
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_named_only_when_it_is_near() {
        let kinds = ["ecs_service", "eks_node_group", "secret"];
        assert_eq!(nearest("ecs", kinds), Some("ecs_service"));
        assert_eq!(nearest("ecs_servce", kinds), Some("ecs_service"));
        assert_eq!(nearest("Secret", kinds), Some("secret"));
        assert_eq!(nearest("virtual_machine", kinds), None);
        assert_eq!(nearest("", kinds), None);
    }

    #[test]
    fn no_more_than_fifty_problems_are_told_and_the_rest_is_counted() {
        let mut problems = Problems::default();
        for _ in 0..80 {
            problems.at(Place::START, "", "wrong", "mend it");
        }
        let told = problems.into_sorted();
        assert_eq!(told.len(), MOST_PROBLEMS);
        assert_eq!(told[49].message, "31 further problems are not listed");
    }
}
