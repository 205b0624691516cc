//! What a command says: words for people, or one JSON value for programs.

use super::Failure;
use holdfast_api::Problem;
use serde::Serialize;
use serde_json::{Value, json};
use std::{ffi::OsString, io::Write as _, process::ExitCode};

const USAGE_WAY_OUT: &str = "`holdfast help`, and --help after a command, say what it takes.";
const FAILED_WAY_OUT: &str = "Put right what the detail names, and try again.";

#[derive(Debug, Clone, Copy)]
pub struct Output {
    pub json: bool,
}

impl Output {
    /// The JSON value, or what `words` makes of it.
    pub fn show<T: Serialize>(self, value: &T, words: impl FnOnce(&T) -> String) {
        if self.json {
            match serde_json::to_string_pretty(value) {
                Ok(text) => say(&text),
                Err(error) => eprintln!("holdfast: the answer cannot be written as JSON: {error}"),
            }
        } else {
            let text = words(value);
            if !text.is_empty() {
                say(text.trim_end());
            }
        }
    }

    pub fn failure(self, failure: &Failure) -> ExitCode {
        let (code, json, words) = match failure {
            Failure::Problem(problem) => (1, json!(problem), words_of(problem)),
            Failure::Usage(words) => (2, plain("usage", "Wrong usage", words, USAGE_WAY_OUT), words.clone()),
            Failure::Other(error) => {
                let words = format!("{error:#}");
                (1, plain("failed", "Failed", &words, FAILED_WAY_OUT), words)
            }
        };
        if self.json {
            self.show(&json, |_| String::new());
        } else {
            eprintln!("holdfast: {words}");
        }
        ExitCode::from(code)
    }
}

/// One line or more to standard output. A reader that has gone away (`| head`) has seen enough.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        eprintln!("holdfast: the answer cannot be written: {error}");
    }
}

/// A problem that no server told: without an HTTP status. What stands indented under the first line is the way out.
fn plain(code: &str, title: &str, words: &str, otherwise: &str) -> Value {
    let words = words.strip_prefix("error: ").unwrap_or(words);
    let (detail, way_out) =
        words.split_once("\n  ").map_or((words, ""), |(detail, rest)| (detail, rest.trim()));
    let way_out = if way_out.is_empty() { otherwise } else { way_out };
    json!({ "code": code, "title": title, "detail": detail.trim_end(), "way_out": way_out })
}

/// Read by hand, because the arguments could not be: `--json`, `--output json` or `--output=json`.
pub fn json_is_asked_for(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<OsString> = arguments.collect();
    let two = arguments
        .windows(2)
        .any(|pair| matches!(pair, [name, value] if name == "--output" && value == "json"));
    two || arguments.iter().any(|argument| argument == "--output=json" || argument == "--json")
}

fn words_of(problem: &Problem) -> String {
    let mut text = if problem.title.is_empty() {
        problem.detail.clone()
    } else {
        format!("{}. {}", problem.title, problem.detail)
    };
    // One field is told in the detail already.
    if problem.fields.len() > 1 {
        for field in &problem.fields {
            let line = field.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            let path = if field.path.is_empty() { String::new() } else { format!("{}: ", field.path) };
            text.push_str(&format!("\n  {line}{path}{}; {}", field.message, field.way_out));
        }
    }
    if !problem.way_out.is_empty() {
        text.push_str("\n  ");
        text.push_str(&problem.way_out);
    }
    text
}

/// One thing to a line, with what it is called before it; what is empty is left out.
#[must_use]
pub fn lines(of: &[(&str, String)]) -> String {
    let width = of.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let told = of.iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| format!("  {name:width$}  {value}\n")).collect()
}

/// Columns wide enough for what stands in them.
#[must_use]
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(header.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(header.to_vec());
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_usage_is_told_as_a_whole_problem() {
        let setting = plain("usage", "Wrong usage", "DATABASE_URL: is not set\n  Set it.", USAGE_WAY_OUT);
        assert_eq!(
            (&setting["detail"], &setting["way_out"]),
            (&json!("DATABASE_URL: is not set"), &json!("Set it."))
        );
        let bare = plain("usage", "Wrong usage", "error: no such command", USAGE_WAY_OUT);
        assert_eq!((&bare["detail"], &bare["way_out"]), (&json!("no such command"), &json!(USAGE_WAY_OUT)));
    }

    #[test]
    fn json_is_heard_in_arguments_that_cannot_be_read() {
        let asked = |line: &str| json_is_asked_for(line.split(' ').map(OsString::from));
        assert!(asked("holdfast --output json bogus") && asked("holdfast bogus --output=json"));
        assert!(asked("holdfast bogus --json"));
        assert!(!asked("holdfast --output text json"));
    }
}
