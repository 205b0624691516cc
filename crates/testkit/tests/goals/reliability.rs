//! The goals of reliability, in docs/TESTING.md.

use crate::{assert_there, cells, named, root};

/// The rest (R12, R15, R19) is about inputs, disks and soaks, which are not the runs'.
const GOALS: [&str; 16] =
    ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R13", "R14", "R16", "R17", "R18"];

fn rows(page: &str) -> Vec<[String; 3]> {
    let table = page.split("## Goals of reliability").nth(1).unwrap().split("\n## ").next().unwrap();
    table.lines().filter(|line| line.starts_with("| R")).map(cells).collect()
}

#[test]
fn every_goal_names_tests_that_are_there_or_says_what_is_missing() {
    let page = std::fs::read_to_string(root().join("docs/TESTING.md")).unwrap();
    let rows = rows(&page);
    let goals: Vec<&str> = rows.iter().map(|[goal, ..]| goal.split(':').next().unwrap()).collect();
    assert_eq!(goals, GOALS);
    for [goal, proof, missing] in &rows {
        let tests = named(proof);
        assert!(!tests.is_empty() || !missing.is_empty(), "{goal}: neither a test nor what is missing");
        for (file, test) in tests {
            assert_there(goal, file, test);
        }
    }
}
