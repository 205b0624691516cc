//! One place reads the clock of the machine (decision 46).

use crate::root;
use std::path::{Path, PathBuf};

/// What is a world of its own, or no part of what is shipped.
const ELSEWHERE: [&str; 4] = ["crates/clock/", "crates/sim/", "crates/testkit/", "crates/bench/"];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !["tests", "examples", "target", "node_modules"].iter().any(|name| path.ends_with(name)) {
                sources(&path, into);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn nothing_that_is_shipped_reads_the_clock_of_its_machine_but_the_one_crate_for_it() {
    let mut files = Vec::new();
    for folder in ["crates", "server", "frontend"] {
        sources(&root().join(folder), &mut files);
    }
    let mut found = Vec::new();
    for file in files {
        let place = file.strip_prefix(root()).unwrap().display().to_string();
        if ELSEWHERE.iter().any(|folder| place.starts_with(folder)) || place.ends_with("/tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        // Tests stand at the end of a file.
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        for reader in ["Timestamp::now()", "SystemTime::now()", "Zoned::now()", "OffsetDateTime::now_utc()"] {
            if shipped.contains(reader) {
                found.push(format!("{place}: {reader}"));
            }
        }
    }
    assert_eq!(found, [""; 0], "take holdfast_clock::now(), which is the database's");
}
