//! What an entry says of another: it must be there, be of the same account, and not lead back in a circle.

use crate::read::{GOOD, line_of, problems, told};
use holdfast_inventory::{Format, check, read, read_with_source};

#[test]
fn applications_may_not_depend_on_each_other_in_a_circle() {
    let application = |name: &str, on: &str| {
        format!(
            "  - {{name: {name}, owner: o, tier: 1, strategy: pilot_light, home_region: us-east-1, recovery_regions: [us-west-2], objectives: {{rto: 1h, rpo: 1h}}, approval_policy: p, depends_on: [{on}]}}\n"
        )
    };
    let file = |all: &[(&str, &str)]| {
        let all: String = all.iter().map(|(name, on)| application(name, on)).collect();
        format!("version: 1\napplications:\n{all}")
    };
    let found = problems(&file(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]));
    assert_eq!(found.len(), 1, "{}", told(&found));
    assert!(found[0].message.ends_with("in a circle: a → b → c → a"), "{}", found[0]);
    assert_eq!((found[0].path.as_str(), found[0].line), ("applications.c.depends_on", Some(5)));
    assert_eq!(told(&problems(&file(&[("a", "b, c"), ("b", "d"), ("c", "d"), ("d", "")]))), "");
}

#[test]
fn what_is_named_must_be_in_the_file_or_stored_and_the_problem_has_its_line() {
    let text = GOOD
        .replace("approval_policy: one-approver", "approval_policy: one-aprover")
        .replace("depends_on: []", "depends_on: [identity]")
        .replacen("account: shop-prod", "account: elsewhere", 1);
    let (new, source) = read_with_source(text.as_bytes(), Format::Yaml).unwrap();
    let mut found = check(&new, &holdfast_domain::Inventory::default());
    source.locate(&mut found);
    let all: Vec<_> = found.iter().map(|p| (p.path.as_str(), p.line.unwrap())).collect();
    assert_eq!(
        all,
        [
            ("applications.shop.approval_policy", line_of("approval_policy:")),
            ("applications.shop.depends_on[0]", line_of("depends_on")),
            ("applications.shop.resources.front-door.account", line_of("account: shop-prod")),
        ]
    );
    assert_eq!(found[0].way_out, "did you mean `one-approver`?");

    // Split over two files: the second names what the first stored.
    let (things, applications) = GOOD.split_at(GOOD.find("applications:").unwrap());
    let stored = read(things.as_bytes(), Format::Yaml).unwrap();
    let new = read(format!("version: 1\n{applications}").as_bytes(), Format::Yaml).unwrap();
    assert_eq!(told(&check(&new, &stored)), "");
    assert!(!check(&new, &holdfast_domain::Inventory::default()).is_empty());
}

#[test]
fn an_arn_of_another_account_than_the_resources_own_is_refused() {
    let accelerator = |id: &str| {
        let resource = format!(
            "global_accelerator\n        account: shop-prod\n        accelerator_arn: arn:aws:globalaccelerator::{id}:accelerator/5f8a\n"
        );
        GOOD.replace(
            "aurora_global_database\n        account: shop-prod\n        global_cluster: orders\n",
            &resource,
        )
    };
    let found = |id| {
        check(
            &read(accelerator(id).as_bytes(), Format::Yaml).unwrap(),
            &holdfast_domain::Inventory::default(),
        )
    };
    assert_eq!(told(&found("222222222222")), "");
    assert_eq!(found("333333333333")[0].path, "applications.shop.resources.orders.accelerator_arn");
}
