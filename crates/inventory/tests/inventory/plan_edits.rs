//! What was changed about plans, in the file: read and written byte for byte, each mistake at its line with the nearest word.

use holdfast_domain::Inventory;
use holdfast_inventory::{Format, Problem, check, diff, read, write_json, write_yaml};

const FILE: &str = r#"version: 1
accounts:
  - id: "222222222222"
    name: prod
    read_role_arn: arn:aws:iam::222222222222:role/read
    act_role_arn: arn:aws:iam::222222222222:role/act
groups:
  - name: sre
approval_policies:
  - name: one
    rules:
      - {group: sre, approvals: 1}
    expires_after: 2h
applications:
  - name: shop
    owner: payments
    tier: 1
    strategy: active_active
    home_region: us-east-1
    recovery_regions: [eu-central-1, eu-west-1]
    objectives: {rto: 15m, rpo: 30s}
    load_split: {us-east-1: 50, eu-central-1: 30, eu-west-1: 20}
    approval_policy: one
    depends_on: []
    resources:
      - name: orders
        kind: aurora_global_database
        account: prod
        global_cluster: orders
      - name: healthy
        kind: probe
        account: prod
        per_region:
          eu-central-1: {url: https://shop.example.com/health}
plans:
  - application: shop
    edits:
      - intent: failover
        from: us-east-1
        to: eu-central-1
        edits:
          - {edit: wait_for, step: switch-orders, other: scale-web-eu-central-1}
          - {edit: do_not_wait_for, step: scale-web-eu-central-1, other: stop-events, mode: planned}
          - {edit: timeout, step: switch-orders, timeout: 1m40s, mode: emergency}
          - {edit: tries, step: switch-orders, tries: 3}
          - {edit: only_if, step: own-bank, signal: healthy, is: unwell, region: eu-central-1}
          - {edit: only_if, step: own-night, resource: orders, fact: writer, value: "yes", region: us-east-1}
          - {edit: if_it_fails, step: lower-web, then: go_on}
          - {edit: leave_out, step: start-events}
          - {edit: insert, name: bank, kind: wait_for_person, before: move_traffic, says: the bank knows, group: sre, timeout: 1h}
"#;

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn whole(text: &str) -> Inventory {
    read(text.as_bytes(), Format::Yaml).unwrap_or_else(|p| panic!("{}", told(&p)))
}

#[test]
fn every_kind_of_edit_is_read_and_written_byte_for_byte() {
    let inventory = whole(FILE);
    assert_eq!(write_yaml(&inventory), FILE);
    assert_eq!(told(&check(&inventory, &Inventory::default())), "");
    let json = write_json(&inventory);
    let again = read(json.as_bytes(), Format::Json).unwrap_or_else(|p| panic!("{}", told(&p)));
    assert_eq!((write_json(&again), write_yaml(&again)), (json, FILE.to_owned()));
    assert!(diff(&inventory, &again, false).unwrap().is_empty());
}

#[test]
fn each_mistake_is_told_at_its_line_with_the_nearest_right_word() {
    for (piece, instead, says) in [
        ("edit: timeout", "edit: time_out", "did you mean `timeout`?"),
        ("timeout: 1m40s", "timeout: 5s", "from 10s to 7d"),
        ("timeout: 1m40s", "seconds: 100", "lacks the key `timeout`"),
        ("tries: 3", "tries: 21", "from 1 to 20"),
        ("other: stop-events", "after: stop-events", "lacks the key `other`"),
        ("step: switch-orders, tries", "step: Switch, tries", "not a step's id"),
        ("mode: planned", "mode: planed", "did you mean `planned`?"),
        ("then: go_on", "then: go on", "did you mean `go_on`?"),
        ("is: unwell", "is: ill", "well"),
        ("is: unwell, ", "", "lacks the key `is`"),
        ("signal: healthy, is: unwell, ", "", "the condition asks nothing"),
        ("fact: writer", "signal: healthy, fact: writer", "asks one thing"),
        ("kind: wait_for_person", "kind: webhook", "write it under `steps`"),
        ("before: move_traffic, says", "before: traffic, says", "move_traffic"),
        ("intent: failover", "intent: failovr", "did you mean `failover`?"),
        ("from: us-east-1", "from: us-east-11", "did you mean `us-east-1`?"),
        ("us-east-1: 50, eu", "us-east-1: 40, eu", "sum to 90"),
        ("eu-west-1: 20}", "eu-west-2: 20}", "not one of the application's Regions"),
        (", eu-west-1: 20}", "}", "says nothing of eu-west-1"),
        (
            "load_split: {us-east-1: 50, eu-central-1: 30, eu-west-1: 20}",
            "load_split: evenn",
            "did you mean `even`?",
        ),
        ("strategy: active_active", "strategy: warm_standby", "is of active-active applications"),
    ] {
        assert!(FILE.contains(piece), "{piece}");
        let wrong = FILE.replacen(piece, instead, 1);
        let problems =
            read(wrong.as_bytes(), Format::Yaml).err().unwrap_or_else(|| panic!("{instead} was taken"));
        assert!(told(&problems).contains(says), "{instead}: {}", told(&problems));
        let line = if instead.starts_with("strategy") { "load_split:" } else { piece };
        let at = u32::try_from(FILE.lines().position(|l| l.contains(line)).unwrap() + 1).ok();
        assert!(problems.iter().all(|problem| problem.line == at), "{instead}: {}", told(&problems));
    }
}

#[test]
fn what_an_edit_names_must_be_there() {
    for (piece, instead, says) in [
        ("to: eu-central-1\n        edits", "to: us-east-1\n        edits", "has no failover plan"),
        ("signal: healthy", "signal: health", "did you mean `healthy`?"),
        ("resource: orders, fact", "resource: order, fact", "did you mean `orders`?"),
        ("is: unwell, region: eu-central-1", "is: unwell, region: us-east-1", "has nothing in us-east-1"),
    ] {
        assert!(FILE.contains(piece), "{piece}");
        let problems = told(&check(&whole(&FILE.replacen(piece, instead, 1)), &Inventory::default()));
        assert!(problems.contains(says), "{instead}: {problems}");
    }
}

#[test]
fn the_comparison_shows_what_of_the_edits_would_change() {
    let stored = whole(FILE);
    let changed = whole(&FILE.replace("timeout: 1m40s", "timeout: 10m"));
    let difference = diff(&stored, &changed, false).unwrap();
    let section = difference.sections.iter().find(|s| s.section.as_str() == "plans").unwrap();
    assert_eq!(section.changed[0].fields[0].path, "edits");
    let text = difference.to_string();
    assert!(text.contains("1m40s") && text.contains("10m"), "{text}");
    let split = whole(&FILE.replace("us-east-1: 50, eu-central-1: 30", "us-east-1: 40, eu-central-1: 40"));
    let paths: Vec<_> = diff(&stored, &split, false)
        .unwrap()
        .sections
        .iter()
        .flat_map(|s| &s.changed)
        .flat_map(|c| &c.fields)
        .map(|f| f.path.clone())
        .collect();
    assert_eq!(paths, ["load_split.us-east-1", "load_split.eu-central-1"]);
}
