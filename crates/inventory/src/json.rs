//! JSON (RFC 8259) to a tree, strictly, with the line and column of every value.

use crate::problem::{Place, Problems, clip};
use crate::tree::{Entry, Limits, Node, What};
use std::collections::HashMap;

/// `None`: the text cannot be read on; why is in `problems`.
pub(crate) fn parse(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut reader = Reader { rest: text, at: Place::START, limits: Limits::default(), problems };
    reader.space();
    if reader.rest.is_empty() {
        reader.problems.at(Place::START, "", "the file is empty", "begin with {\"version\": 1}");
        return None;
    }
    let root = reader.value(0)?;
    reader.space();
    if reader.rest.is_empty() { Some(root) } else { reader.wrong("nothing more after the value") }
}

struct Reader<'t, 'p> {
    rest: &'t str,
    at: Place,
    limits: Limits,
    problems: &'p mut Problems,
}

impl<'t> Reader<'t, '_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\n' {
            self.at = Place { line: self.at.line.saturating_add(1), column: 1 };
        } else {
            self.at.column = self.at.column.saturating_add(1);
        }
        Some(c)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.bump();
        }
    }

    fn wrong<T>(&mut self, expected: &str) -> Option<T> {
        let found = self
            .peek()
            .map_or_else(|| "the end of the file".to_owned(), |c| format!("`{}`", clip(&c.to_string())));
        let message = format!("this is not JSON: {found} stands where {expected} should");
        self.problems.at(self.at, "", message, "mind commas, quotes and brackets; JSON takes no comments");
        None
    }

    fn expect(&mut self, c: char, name: &str) -> Option<()> {
        if self.peek() == Some(c) {
            self.bump();
            Some(())
        } else {
            self.wrong(name)
        }
    }

    /// Recursion is bounded by the limit on depth, which is checked before going deeper.
    fn value(&mut self, depth: usize) -> Option<Node> {
        self.space();
        let at = self.at;
        let opens = matches!(self.peek(), Some('{' | '['));
        if let Err((message, way_out)) = self.limits.node(depth + usize::from(opens)) {
            self.problems.at(at, "", message, way_out);
            return None;
        }
        let what = match self.peek() {
            Some('{') => self.object(depth + 1)?,
            Some('[') => self.list(depth + 1)?,
            Some('"') => What::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('t') => self.word("true", What::Bool(true))?,
            Some('f') => self.word("false", What::Bool(false))?,
            Some('n') => self.word("null", What::Null)?,
            _ => return self.wrong("a value"),
        };
        Some(Node { at, what })
    }

    fn word(&mut self, word: &str, what: What) -> Option<What> {
        if !self.rest.starts_with(word) {
            return self.wrong("a value");
        }
        for _ in word.chars() {
            self.bump();
        }
        Some(what)
    }

    fn object(&mut self, depth: usize) -> Option<What> {
        self.bump();
        let (mut entries, mut seen) = (Vec::new(), HashMap::new());
        self.space();
        if self.peek() == Some('}') {
            self.bump();
            return Some(What::Map(entries));
        }
        loop {
            self.space();
            let at = self.at;
            if self.peek() != Some('"') {
                return self.wrong("a key in double quotes");
            }
            let key = self.string()?;
            self.space();
            self.expect(':', "a colon")?;
            let value = self.value(depth)?;
            if let Some(first) = seen.insert(key.clone(), at) {
                let message = format!("the key `{}` stands twice, first in line {}", clip(&key), first.line);
                self.problems.at(at, "", message, "keep one of them");
            } else {
                entries.push(Entry { key, at, value });
            }
            self.space();
            if self.peek() == Some('}') {
                self.bump();
                return Some(What::Map(entries));
            }
            self.expect(',', "a comma or a closing brace")?;
        }
    }

    fn list(&mut self, depth: usize) -> Option<What> {
        self.bump();
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(']') {
            self.bump();
            return Some(What::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.peek() == Some(']') {
                self.bump();
                return Some(What::List(items));
            }
            self.expect(',', "a comma or a closing bracket")?;
        }
    }

    fn digits(&mut self) -> Option<()> {
        if !matches!(self.peek(), Some('0'..='9')) {
            return self.wrong("a digit");
        }
        while matches!(self.peek(), Some('0'..='9')) {
            self.bump();
        }
        Some(())
    }

    fn number(&mut self) -> Option<What> {
        let from: &'t str = self.rest;
        if self.peek() == Some('-') {
            self.bump();
        }
        // A leading zero is not JSON, but it is kept here: the field's own message can say to quote an id.
        self.digits()?;
        if self.peek() == Some('.') {
            self.bump();
            self.digits()?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.bump();
            if matches!(self.peek(), Some('+' | '-')) {
                self.bump();
            }
            self.digits()?;
        }
        let raw = from.get(..from.len() - self.rest.len()).unwrap_or_default();
        Some(What::Number(raw.to_owned()))
    }

    fn string(&mut self) -> Option<String> {
        self.bump();
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('"') => {
                    self.bump();
                    return Some(text);
                }
                Some('\\') => {
                    self.bump();
                    text.push(self.escape()?);
                }
                Some(c) if c >= ' ' => {
                    self.bump();
                    text.push(c);
                }
                _ => return self.wrong("a closing quote or an escape"),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let plain = match self.peek() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.bump();
                return self.unicode();
            }
            _ => return self.wrong("an escape such as \\n"),
        };
        self.bump();
        Some(plain)
    }

    fn unicode(&mut self) -> Option<char> {
        let high = self.four_hex()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            self.expect('\\', "the second half of a surrogate pair")?;
            self.expect('u', "the second half of a surrogate pair")?;
            let low = self.four_hex()?;
            if !(0xdc00..0xe000).contains(&low) {
                return self.wrong("the second half of a surrogate pair");
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        match char::from_u32(code) {
            Some(c) => Some(c),
            None => self.wrong("a whole character, not half of a surrogate pair,"),
        }
    }

    fn four_hex(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|c| c.to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.wrong("four hexadecimal digits"),
            }
            self.bump();
        }
        Some(code)
    }
}
