//! Programs alone and programs with their tests have the same features, so that neither is compiled anew after the other.

use crate::root;
use std::collections::BTreeSet;
use std::process::Command;

/// Packages with their features, as Cargo resolves them.
fn resolved(of: &[&str], kinds: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.current_dir(root()).args(["tree", "--offline", "--locked", "--prefix", "none"]).args(of);
    let said = cargo.args(["--format", "{p} {f}", "--edges", kinds]).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let lines = String::from_utf8(said.stdout).unwrap();
    lines.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

#[test]
fn programs_and_tests_are_built_with_the_same_features() {
    let whole = ["--workspace"];
    let (programs, all) = (resolved(&whole, "normal,build"), resolved(&whole, "normal,build,dev"));
    assert!(programs.len() > 400 && all.len() > programs.len(), "{} and {}", programs.len(), all.len());
    let differ: Vec<&String> = programs.difference(&all).collect();
    assert!(
        differ.is_empty(),
        "tests ask more of these; crates/testkit/Cargo.toml asks for it too: {differ:#?}"
    );
}

#[test]
fn the_image_is_built_without_the_demonstration_and_the_simulator() {
    let server = ["--package", "holdfast-server"];
    let is_there = |of: &[&str], name: &str| {
        resolved(of, "normal").iter().any(|package| package.starts_with(&format!("{name} ")))
    };
    let without = [&server[..], &["--no-default-features"]].concat();
    assert!(is_there(&server, "holdfast-sim") && is_there(&without, "holdfast-store"));
    assert!(!is_there(&without, "holdfast-sim"));
    let image = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    assert!(image.contains(&format!("--profile dist {}", without.join(" "))), "{image}");
}

#[test]
fn lints_look_at_the_server_without_the_demonstration_too_and_compile_nothing_else_for_it() {
    let lints = ["--workspace", "--no-default-features"];
    let (with, without) = (resolved(&lints[..1], "normal,build"), resolved(&lints, "normal,build"));
    let names = |one: &String| one.split(' ').next().unwrap().to_owned();
    let differ: BTreeSet<String> = with.symmetric_difference(&without).map(names).collect();
    assert_eq!(differ, ["holdfast-server".to_owned()].into(), "it would compile these anew");
    let script = std::fs::read_to_string(root().join("scripts/test")).unwrap();
    assert!(script.contains(&format!("clippy --release {} ", lints.join(" "))), "{script}");
}
