//! The demonstration's own file is canonical.

use holdfast_inventory::{Format, check, diff, read, write_json, write_yaml};

const DEMO: &str = include_str!("../../../sim/demo/inventory.yaml");

fn told(problems: &[holdfast_inventory::Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_demonstration_is_read_and_written_byte_for_byte() {
    let inventory = read(DEMO.as_bytes(), Format::Yaml).unwrap_or_else(|p| panic!("{}", told(&p)));
    let written = write_yaml(&inventory);
    for (number, (is, should)) in written.lines().zip(DEMO.lines()).enumerate() {
        assert_eq!(is, should, "line {}", number + 1);
    }
    assert_eq!(written, DEMO);
}

#[test]
fn the_demonstration_says_the_same_as_json() {
    let inventory = read(DEMO.as_bytes(), Format::Yaml).unwrap();
    assert_eq!(read(write_json(&inventory).as_bytes(), Format::Json).as_ref(), Ok(&inventory));
}

#[test]
fn everything_that_the_demonstration_names_is_in_it_and_taking_it_twice_changes_nothing() {
    let inventory = read(DEMO.as_bytes(), Format::Yaml).unwrap();
    assert_eq!(told(&check(&inventory, &holdfast_domain::Inventory::default())), "");
    assert!(diff(&inventory, &inventory, true).unwrap().is_empty());
}
