//! The goals of security in docs/SECURITY.md, and the requirements of ASVS 5.0 that it answers: each of level 2, and those of
//! level 3 that were chosen, once.

use crate::{assert_there, cells, named, root};
use std::collections::BTreeMap;

/// Section by section, the requirements of levels 1 and 2; the numbers between are of level 3.
const LEVEL_2: [(&str, &[u8]); 75] = [
    ("1.1", &[1, 2]),
    ("1.2", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ("1.3", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ("1.4", &[1, 2, 3]),
    ("1.5", &[1, 2]),
    ("2.1", &[1, 2, 3]),
    ("2.2", &[1, 2, 3]),
    ("2.3", &[1, 2, 3, 4]),
    ("2.4", &[1]),
    ("3.2", &[1, 2]),
    ("3.3", &[1, 2, 3, 4]),
    ("3.4", &[1, 2, 3, 4, 5, 6]),
    ("3.5", &[1, 2, 3, 4, 5]),
    ("3.7", &[1, 2]),
    ("4.1", &[1, 2, 3]),
    ("4.2", &[1]),
    ("4.3", &[1, 2]),
    ("4.4", &[1, 2, 3, 4]),
    ("5.1", &[1]),
    ("5.2", &[1, 2, 3]),
    ("5.3", &[1, 2]),
    ("5.4", &[1, 2, 3]),
    ("6.1", &[1, 2, 3]),
    ("6.2", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ("6.3", &[1, 2, 3, 4]),
    ("6.4", &[1, 2, 3, 4]),
    ("6.5", &[1, 2, 3, 4, 5]),
    ("6.6", &[1, 2, 3]),
    ("6.8", &[1, 2, 3, 4]),
    ("7.1", &[1, 2, 3]),
    ("7.2", &[1, 2, 3, 4]),
    ("7.3", &[1, 2]),
    ("7.4", &[1, 2, 3, 4, 5]),
    ("7.5", &[1, 2]),
    ("7.6", &[1, 2]),
    ("8.1", &[1, 2]),
    ("8.2", &[1, 2, 3]),
    ("8.3", &[1]),
    ("8.4", &[1]),
    ("9.1", &[1, 2, 3]),
    ("9.2", &[1, 2, 3, 4]),
    ("10.1", &[1, 2]),
    ("10.2", &[1, 2]),
    ("10.3", &[1, 2, 3, 4]),
    ("10.4", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ("10.5", &[1, 2, 3, 4, 5]),
    ("10.6", &[1, 2]),
    ("10.7", &[1, 2, 3]),
    ("11.1", &[1, 2]),
    ("11.2", &[1, 2, 3]),
    ("11.3", &[1, 2, 3]),
    ("11.4", &[1, 2, 3, 4]),
    ("11.5", &[1]),
    ("11.6", &[1]),
    ("12.1", &[1, 2, 3]),
    ("12.2", &[1, 2]),
    ("12.3", &[1, 2, 3, 4]),
    ("13.1", &[1]),
    ("13.2", &[1, 2, 3, 4, 5]),
    ("13.3", &[1, 2]),
    ("13.4", &[1, 2, 3, 4, 5]),
    ("14.1", &[1, 2]),
    ("14.2", &[1, 2, 3, 4]),
    ("14.3", &[1, 2, 3]),
    ("15.1", &[1, 2, 3]),
    ("15.2", &[1, 2, 3]),
    ("15.3", &[1, 2, 3, 4, 5, 6, 7]),
    ("16.1", &[1]),
    ("16.2", &[1, 2, 3, 4, 5]),
    ("16.3", &[1, 2, 3, 4]),
    ("16.4", &[1, 2, 3]),
    ("16.5", &[1, 2, 3]),
    ("17.1", &[1]),
    ("17.2", &[1, 2, 3, 4]),
    ("17.3", &[1, 2]),
];

/// What a control plane with approvals should hold beside them.
const OF_LEVEL_3: [&str; 9] =
    ["1.2.10", "2.3.5", "3.4.7", "3.4.8", "7.5.3", "8.3.2", "15.2.4", "15.2.5", "15.4.2"];

fn rows(page: &str) -> Vec<[String; 4]> {
    let table = page.split("\n## ASVS 5.0").nth(1).unwrap().split("\n## ").next().unwrap();
    let is_row = |line: &&str| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit());
    table.lines().filter(is_row).map(cells).collect()
}

#[test]
fn every_requirement_stands_once_and_names_what_is_there_or_says_why_not() {
    let page = std::fs::read_to_string(root().join("docs/SECURITY.md")).unwrap();
    let mut wanted: BTreeMap<String, usize> =
        OF_LEVEL_3.iter().map(|number| ((*number).to_owned(), 0)).collect();
    for (section, numbers) in LEVEL_2 {
        wanted.extend(numbers.iter().map(|number| (format!("{section}.{number}"), 0)));
    }
    assert_eq!(wanted.len(), 253 + OF_LEVEL_3.len());
    for [numbers, _, proof, rest] in rows(&page) {
        for number in numbers.split(", ") {
            *wanted.get_mut(number).unwrap_or_else(|| panic!("{number} is no requirement of these")) += 1;
        }
        let named = named(&proof);
        for (file, what) in &named {
            assert_there(&numbers, file, what);
        }
        let said = rest.starts_with("missing: ") || rest.starts_with("does not apply: ");
        assert!(said || rest.is_empty(), "{numbers}: {rest}");
        assert!(!named.is_empty() || said, "{numbers}: neither a test nor why there is none");
    }
    let not_once: Vec<_> = wanted.iter().filter(|(_, times)| **times != 1).collect();
    assert!(not_once.is_empty(), "not once: {not_once:?}");
}

#[test]
fn every_goal_of_security_names_tests_that_are_there_or_says_what_is_missing() {
    let page = std::fs::read_to_string(root().join("docs/SECURITY.md")).unwrap();
    let table = page.split("\n## Goals, and what proves each").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<[String; 3]> = table.lines().filter(|line| line.starts_with("| S")).map(cells).collect();
    let goals: Vec<&str> = rows.iter().map(|[goal, ..]| goal.split(':').next().unwrap()).collect();
    assert_eq!(goals, (1..=20).map(|n| format!("S{n}")).collect::<Vec<_>>());
    for [goal, proof, missing] in &rows {
        let tests = named(proof);
        assert!(!tests.is_empty() || !missing.is_empty(), "{goal}: neither a test nor what is missing");
        for (file, test) in tests {
            assert_there(goal, file, test);
        }
    }
}
