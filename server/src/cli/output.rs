//! What a command says: words for people, or one JSON value for programs.

use super::Failure;
use holdfast_api::Problem;
use serde::Serialize;
use std::{io::Write as _, process::ExitCode};

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
        let (code, problem) = match failure {
            Failure::Problem(problem) => (1, (**problem).clone()),
            Failure::Usage(words) => (2, plain("usage", words)),
            Failure::Other(error) => (1, plain("failed", &format!("{error:#}"))),
        };
        if self.json {
            self.show(&problem, |_| String::new());
        } else {
            eprintln!("holdfast: {}", words_of(&problem));
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

fn plain(code: &str, words: &str) -> Problem {
    Problem::new(0, code, "", words, "")
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
