//! Writing and reading are each other's inverse, for any inventory and in both formats.

use crate::arbitrary::{inventory, nasty};
use holdfast_domain::{Group, Inventory};
use holdfast_inventory::{Format, Problem, apply, diff, read, write_json, write_yaml};
use proptest::prelude::*;

fn told(problems: &[Problem], text: &str) -> String {
    let problems = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    format!("{problems}\n{text}")
}

fn round(inventory: &Inventory) -> Result<(), TestCaseError> {
    for (format, text) in [(Format::Yaml, write_yaml(inventory)), (Format::Json, write_json(inventory))] {
        let back = read(text.as_bytes(), format).map_err(|p| TestCaseError::fail(told(&p, &text)))?;
        prop_assert_eq!(&back, inventory, "{}", text);
        let again = if format == Format::Yaml { write_yaml(&back) } else { write_json(&back) };
        prop_assert_eq!(again, text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_inventory_is_read_as_it_was_written(inventory in inventory()) {
        round(&inventory)?;
    }

    #[test]
    fn taking_any_inventory_twice_changes_nothing(inventory in inventory()) {
        prop_assert_eq!(&apply(&Inventory::default(), &inventory, false), &inventory);
        prop_assert_eq!(&apply(&inventory, &inventory, true), &inventory);
        // What arbitrary entries name may not exist; then it is refused, and never half taken.
        if let Ok(diff) = diff(&inventory, &inventory, false) {
            prop_assert!(diff.is_empty());
        }
    }

    #[test]
    fn any_text_is_read_as_it_was_written(text in nasty()) {
        let group = Group { name: "sre".parse().unwrap(), description: Some(text) };
        round(&Inventory { version: 1, groups: Some(vec![group]), ..Inventory::default() })?;
    }
}

#[test]
fn an_order_that_is_not_canonical_is_made_so_and_then_stays() {
    let text = "groups: [{name: b}, {name: a}]\nversion: 1\nregions:\n- code: us-west-2\n- {declared: impaired, code: eu-west-1, reason: 'a: b'}\n";
    let written = write_yaml(&read(text.as_bytes(), Format::Yaml).unwrap());
    assert_eq!(
        written,
        "version: 1\nregions:\n  - code: eu-west-1\n    declared: impaired\n    reason: \"a: b\"\n  - code: us-west-2\n    declared: normal\ngroups:\n  - name: a\n  - name: b\n"
    );
    assert_eq!(write_yaml(&read(written.as_bytes(), Format::Yaml).unwrap()), written);
}

#[test]
fn units_are_written_in_their_largest_form() {
    let text = "version: 1\napproval_policies: [{name: p, rules: [{group: g, approvals: 1}], expires_after: 5400s}]\n";
    let written = write_yaml(&read(text.as_bytes(), Format::Yaml).unwrap());
    assert!(written.contains("expires_after: 1h30m\n"), "{written}");
}

#[test]
fn an_empty_section_is_not_an_absent_one() {
    let text = "version: 1\ngroups: []\n";
    let inventory = read(text.as_bytes(), Format::Yaml).unwrap();
    assert_eq!((inventory.groups.as_deref(), inventory.accounts.as_deref()), (Some(&[][..]), None));
    assert_eq!(write_yaml(&inventory), text);
}
