//! docs/TESTING.md says which test proves which goal of reliability. A list that nobody checks says what was once true.
#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on has failed.

use std::path::Path;

/// The rest (R11, R12, R15, R19) is about bundles, inputs, disks and soaks, which are not the runs'.
const GOALS: [&str; 15] =
    ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R13", "R14", "R16", "R17", "R18"];

fn rows(page: &str) -> Vec<[&str; 3]> {
    let table = page.split("## Goals of reliability").nth(1).unwrap().split("\n## ").next().unwrap();
    table
        .lines()
        .filter(|line| line.starts_with("| R"))
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            [cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap()]
        })
        .collect()
}

/// What stands between backticks: a file, and a test in it, and so on.
fn named(cell: &str) -> Vec<(&str, &str)> {
    let words: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    assert!(words.len().is_multiple_of(2), "a file and a test in turn: {cell}");
    words.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

#[test]
fn every_goal_names_tests_that_are_there_or_says_what_is_missing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/TESTING.md")).unwrap();
    let rows = rows(&page);
    let goals: Vec<&str> = rows.iter().map(|[goal, ..]| goal.split(':').next().unwrap()).collect();
    assert_eq!(goals, GOALS);
    for [goal, proof, missing] in rows {
        let tests = named(proof);
        assert!(!tests.is_empty() || !missing.is_empty(), "{goal}: neither a test nor what is missing");
        for (file, test) in tests {
            let source =
                std::fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{goal}: {file}: {e}"));
            let there = match file.ends_with(".mjs") {
                true => source.contains(test),
                false => source.contains(&format!("fn {test}(")),
            };
            assert!(there, "{goal}: {file} has no test `{test}`");
        }
    }
}
