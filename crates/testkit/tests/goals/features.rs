//! Programs alone and programs with their tests have the same features, so that neither is compiled anew after the other.

use crate::root;
use std::collections::BTreeSet;
use std::process::Command;

/// Packages with their features, as Cargo resolves them.
fn resolved(kinds: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.current_dir(root()).args(["tree", "--offline", "--locked", "--workspace", "--prefix", "none"]);
    let said = cargo.args(["--format", "{p} {f}", "--edges", kinds]).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let lines = String::from_utf8(said.stdout).unwrap();
    lines.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

#[test]
fn programs_and_tests_are_built_with_the_same_features() {
    let (programs, all) = (resolved("normal,build"), resolved("normal,build,dev"));
    assert!(programs.len() > 400 && all.len() > programs.len(), "{} and {}", programs.len(), all.len());
    let differ: Vec<&String> = programs.difference(&all).collect();
    assert!(
        differ.is_empty(),
        "tests ask more of these; crates/testkit/Cargo.toml asks for it too: {differ:#?}"
    );
}
