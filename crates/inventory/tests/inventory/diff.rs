//! What taking a file would change, and what would be stored.

use holdfast_domain::Inventory;
use holdfast_inventory::{Format, Section, apply, diff, read, write_yaml};
use serde_json::json;

fn yaml(text: &str) -> Inventory {
    read(text.as_bytes(), Format::Yaml).unwrap_or_else(|p| panic!("{}", p[0]))
}

fn stored() -> Inventory {
    yaml(
        r#"version: 1
accounts:
  - {id: "222222222222", name: shop-prod, read_role_arn: "arn:aws:iam::222222222222:role/r", act_role_arn: "arn:aws:iam::222222222222:role/a", external_id: made-once}
  - {id: "333333333333", name: data-prod, read_role_arn: "arn:aws:iam::333333333333:role/r", act_role_arn: "arn:aws:iam::333333333333:role/a", external_id: made-too}
groups: [{name: sre}, {name: approvers}]
approval_policies:
  - {name: tier-1, rules: [{group: sre, approvals: 2}], expires_after: 2h}
  - {name: one, rules: [{group: approvers, approvals: 1}], expires_after: 2h}
applications:
  - name: shop
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: us-east-1
    recovery_regions: [eu-central-1]
    objectives: {rto: 15m, rpo: 30s}
    approval_policy: tier-1
    resources:
      - {name: orders, kind: aurora_global_database, account: data-prod, global_cluster: orders}
      - {name: cart, kind: dynamodb_global_table, account: shop-prod, table: cart}
"#,
    )
}

fn account(id: &str, name: &str, rest: &str) -> String {
    format!(
        "{{id: \"{id}\", name: {name}, read_role_arn: \"arn:aws:iam::{id}:role/r\", act_role_arn: \"arn:aws:iam::{id}:role/a\"{rest}}}"
    )
}

#[test]
fn what_is_stored_changes_nothing_when_it_is_taken_again() {
    let stored = stored();
    for prune in [false, true] {
        let diff = diff(&stored, &stored, prune).unwrap();
        assert!(diff.is_empty() && diff.protected().is_empty());
        assert!(diff.to_string().ends_with("nothing would change\n"));
        assert_eq!(apply(&stored, &stored, prune), stored);
    }
}

#[test]
fn the_addresses_that_come_new_are_those_that_holdfast_would_speak_to() {
    let with = |hook: &str| {
        let mut inventory = stored();
        let resources = [
            json!({ "name": "health", "kind": "probe", "account": "shop-prod",
                "per_region": { "us-east-1": { "url": "https://a.example.com/" } } }),
            json!({ "name": "stack", "kind": "cloudformation_stack", "account": "shop-prod",
                "per_region": { "us-east-1": { "stack": "s", "template_url": "https://t.example.com/" } } }),
        ];
        let applications = inventory.applications.as_mut().unwrap();
        applications[0].resources.extend(resources.map(|one| serde_json::from_value(one).unwrap()));
        let steps = format!("[{{name: tell, kind: webhook, after: observe, url: \"{hook}\"}}]");
        inventory.plans = yaml(&format!("version: 1\nplans: [{{application: shop, steps: {steps}}}]")).plans;
        inventory
    };
    let (first, second) = (with("https://b.example.com/"), with("https://c.example.com/"));
    let told = |old: &Inventory, new: &Inventory| diff(old, new, false).unwrap().addresses();
    let probe = "applications.shop.resources.health.per_region.us-east-1.url".to_owned();
    let hook = |url: &str| ("plans.shop.steps.tell.url".to_owned(), url.to_owned());
    assert_eq!(
        told(&stored(), &first),
        [(probe, "https://a.example.com/".to_owned()), hook("https://b.example.com/")]
    );
    assert_eq!(told(&first, &second), [hook("https://c.example.com/")]);
    assert_eq!(told(&second, &second), []);
}

#[test]
fn absent_sections_are_left_alone_also_when_pruning() {
    let new = yaml("version: 1\ngroups: [{name: approvers}, {name: sre}]\n");
    let diff = diff(&stored(), &new, true).unwrap();
    assert_eq!(diff.sections.iter().map(|s| s.section).collect::<Vec<_>>(), [Section::Groups]);
    assert!(diff.is_empty());
    assert_eq!(apply(&stored(), &new, true), stored());
}

#[test]
fn entries_that_a_present_section_leaves_out_are_refused_unless_pruned() {
    let new = yaml("version: 1\ngroups: [{name: sre}]\n");
    let refused = diff(&stored(), &new, false).unwrap_err();
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].message.contains("`approvers` is stored") && refused[0].way_out.contains("prune"),
        "{}",
        refused[0]
    );
    let pruned = diff(&stored(), &new, true).unwrap();
    assert_eq!(pruned.sections[0].removed[0].key, "approvers");
    assert_eq!(apply(&stored(), &new, true).groups.unwrap().len(), 1);
    assert_eq!(apply(&stored(), &new, false).groups.unwrap().len(), 2);
}

#[test]
fn pruning_what_others_still_name_is_refused() {
    let new = yaml(&format!("version: 1\naccounts: [{}]\n", account("222222222222", "shop-prod", "")));
    let refused = diff(&stored(), &new, true).unwrap_err();
    assert_eq!(refused[0].path, "applications.shop.resources.orders.account");
    let new = yaml(
        "version: 1\napproval_policies: [{name: one, rules: [{group: approvers, approvals: 1}], expires_after: 2h}]\n",
    );
    let refused = diff(&stored(), &new, true).unwrap_err();
    assert!(refused[0].message.contains("no approval policy `tier-1`"), "{}", refused[0]);
}

#[test]
fn an_external_id_is_kept_when_absent_and_never_changed() {
    let both = |rest: &str| {
        let all = [account("222222222222", "shop-prod", rest), account("333333333333", "data-prod", "")];
        yaml(&format!("version: 1\naccounts: [{}]\n", all.join(", ")))
    };
    for same in ["", ", external_id: made-once"] {
        assert!(diff(&stored(), &both(same), false).unwrap().is_empty());
        assert_eq!(apply(&stored(), &both(same), false), stored());
    }
    let refused = diff(&stored(), &both(", external_id: another"), false).unwrap_err();
    assert_eq!(refused[0].path, "accounts.shop-prod.external_id");
    assert_eq!(apply(&stored(), &both(", external_id: another"), false), stored());
}

#[test]
fn two_accounts_never_share_an_external_id() {
    let new = |id: &str| {
        let accounts = account("444444444444", "more-prod", &format!(", external_id: {id}"));
        yaml(&format!(
            "version: 1\naccounts: [{}, {}, {accounts}]\n",
            account("222222222222", "shop-prod", ""),
            account("333333333333", "data-prod", "")
        ))
    };
    assert!(diff(&stored(), &new("of-its-own"), false).is_ok());
    let [refused] = diff(&stored(), &new("made-once"), false).unwrap_err().try_into().unwrap();
    assert_eq!(refused.path, "accounts.more-prod.external_id");
    assert!(refused.message.contains("`shop-prod`"), "{refused}");
}

#[test]
fn a_change_is_told_field_by_field_with_before_and_after() {
    let mut new = stored();
    let shop = &mut new.applications.as_mut().unwrap()[0];
    shop.tier = 2;
    shop.objectives.rto = holdfast_domain::Seconds(3600);
    shop.resources.swap(0, 1);
    new.groups.as_mut().unwrap().push(holdfast_domain::Group {
        name: "business-owners".parse().unwrap(),
        description: Some("who pays".to_owned()),
    });
    let diff = diff(&stored(), &new, false).unwrap();
    assert_eq!(diff.touched().collect::<Vec<_>>(), [Section::Groups, Section::Applications]);
    assert!(diff.protected().is_empty());
    assert_eq!(
        diff.to_string(),
        "accounts: 2 unchanged\n\
         groups: 1 added, 2 unchanged\n\
         \x20 + business-owners\n\
         approval_policies: 2 unchanged\n\
         applications: 1 changed\n\
         \x20 ~ shop\n\
         \x20     tier: 1 → 2\n\
         \x20     objectives.rto: \"15m\" → \"1h\"\n\
         \x20     resources: [\"orders\",\"cart\"] → [\"cart\",\"orders\"]\n"
    );
    let json = serde_json::to_value(&diff).unwrap();
    assert_eq!(
        json["sections"][3]["changed"][0]["fields"][0],
        serde_json::json!({"path": "tier", "before": 1, "after": 2})
    );
    assert_eq!(serde_json::from_value::<holdfast_inventory::Diff>(json).unwrap(), diff);
}

#[test]
fn accounts_policies_and_an_applications_move_to_another_policy_need_a_person() {
    let change = |edit: &dyn Fn(&mut Inventory)| {
        let mut new = stored();
        edit(&mut new);
        diff(&stored(), &new, false).unwrap().protected()
    };
    assert_eq!(change(&|new| new.accounts.as_mut().unwrap()[0].act_role_arn.push('2')), ["accounts"]);
    assert_eq!(
        change(&|new| new.approval_policies.as_mut().unwrap()[0].rules[0].approvals = 3),
        ["approval_policies"]
    );
    let moved = change(&|new| new.applications.as_mut().unwrap()[0].approval_policy = "one".parse().unwrap());
    assert_eq!(moved, ["applications.shop.approval_policy"]);
    assert!(
        change(&|new| new.applications.as_mut().unwrap()[0].owner = "others".parse().unwrap()).is_empty()
    );
}

#[test]
fn a_renamed_account_is_one_change_and_its_old_name_is_gone() {
    let all = [account("222222222222", "shop-live", ""), account("333333333333", "data-prod", "")];
    let new = yaml(&format!("version: 1\naccounts: [{}]\n", all.join(", ")));
    let refused = diff(&stored(), &new, false).unwrap_err();
    assert_eq!(refused[0].path, "applications.shop.resources.cart.account");
}

#[test]
fn into_nothing_everything_is_added_and_stored_in_order() {
    let empty = Inventory::default();
    let diff = diff(&empty, &stored(), false).unwrap();
    assert_eq!(diff.sections.iter().map(|s| s.added.len()).collect::<Vec<_>>(), [2, 2, 2, 1]);
    assert!(!diff.protected().is_empty());
    assert!(diff.to_string().contains("  + shop-prod (222222222222)\n"));
    let applied = apply(&empty, &stored(), false);
    assert_eq!(applied, stored());
    assert!(
        write_yaml(&applied)
            .starts_with("version: 1\naccounts:\n  - id: \"222222222222\"\n    name: shop-prod\n")
    );
}
