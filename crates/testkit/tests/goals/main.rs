//! Two pages say which test proves what: docs/TESTING.md of the goals of reliability, docs/SECURITY.md of the requirements
//! of a standard. A list that nobody checks says what was once true.
#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on has failed.

mod asvs;
mod clocks;
mod features;
mod reliability;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What stands between backticks: a file, and what is in it, and so on.
fn named(cell: &str) -> Vec<(&str, &str)> {
    let words: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    assert!(words.len().is_multiple_of(2), "a file and a test in turn: {cell}");
    words.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

/// The cells of the rows of a table that are no heading.
fn cells<const N: usize>(line: &str) -> [String; N] {
    let cells: Vec<String> =
        line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    cells.try_into().unwrap_or_else(|cells: Vec<String>| panic!("{} cells, not {N}: {line}", cells.len()))
}

/// A test of Rust by its function, anything else by its words.
fn assert_there(of: &str, file: &str, what: &str) {
    let source = std::fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{of}: {file}: {e}"));
    let is_function = file.ends_with(".rs")
        && what.contains('_')
        && !what.contains(|c: char| !c.is_alphanumeric() && c != '_');
    let there = match is_function {
        true => {
            ["(", "<", ": "].iter().any(|after| source.contains(&format!("fn {what}{after}")))
                || source.contains(&format!("    {what}: "))
        }
        false => source.contains(what),
    };
    assert!(there, "{of}: {file} has no `{what}`");
}
