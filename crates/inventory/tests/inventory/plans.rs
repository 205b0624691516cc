//! The `plans` section: what each kind of step must say, where a mistake is told, what may not vanish unseen.

use holdfast_inventory::{Format, Problem, apply, check, diff, read, write_yaml};

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
  - name: identity
    owner: platform
    tier: 1
    strategy: warm_standby
    home_region: us-east-1
    recovery_regions: [eu-central-1]
    objectives: {rto: 15m, rpo: 30s}
    approval_policy: one
    depends_on: []
    resources: []
  - name: shop
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: us-east-1
    recovery_regions: [eu-central-1]
    objectives: {rto: 15m, rpo: 30s}
    approval_policy: one
    depends_on: []
    resources:
      - name: healthy
        kind: probe
        account: prod
        per_region:
          eu-central-1: {url: https://shop.example.com/health}
      - name: orders
        kind: aurora_global_database
        account: prod
        global_cluster: orders
plans:
  - application: shop
    steps:
      - {name: tell, kind: webhook, before: move_traffic, url: https://hooks.example.com/x, in_emergency: left_out, timeout: 1m}
      - {name: warm, kind: lambda_invoke, after: raise_compute, account: prod, function: warm, payload: "{\"size\": 3}"}
      - {name: patch, kind: ssm_document, before: switch_stores, account: prod, region: source, document: Fence, parameters: {mode: hard}, target_tag: role, target_value: writer, fences: [orders], moves: [failover]}
      - {name: bank, kind: wait_for_person, after_step: confirm-serving, says: the bank knows, group: sre}
      - {name: settle, kind: wait_for_time, after: switch_stores, for: 1m30s}
      - {name: night, kind: wait_for_time, before: build, until: "2027-03-01T03:00:00Z"}
      - {name: well, kind: wait_for_signal, before: move_traffic, signal: healthy}
      - {name: sign-in, kind: run_plan, after: observe, application: identity}
"#;

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_kind_of_step_is_read_and_written_byte_for_byte() {
    let inventory = read(FILE.as_bytes(), Format::Yaml).unwrap_or_else(|p| panic!("{}", told(&p)));
    assert_eq!(write_yaml(&inventory), FILE);
    assert_eq!(told(&check(&inventory, &holdfast_domain::Inventory::default())), "");
    assert_eq!(inventory.plans.unwrap()[0].steps.len(), 8);
}

#[test]
fn each_mistake_is_told_at_its_line_with_a_way_out() {
    for (piece, instead, says) in [
        ("kind: webhook", "kind: web_hook", "did you mean `webhook`?"),
        ("before: move_traffic, url", "before: trafic, url", "move_traffic"),
        ("before: move_traffic, url", "url", "neither before nor after"),
        ("before: move_traffic, url", "before: move_traffic, after: observe, url", "2 places"),
        ("before: move_traffic, url", "before: observe, url", "write `after: observe`"),
        ("https://hooks.example.com/x", "https://me@hooks.example.com/x", "without a user name"),
        ("in_emergency: left_out", "in_emergency: maybe", "left_out"),
        ("timeout: 1m", "timeout: 0s", "at most 7d"),
        ("function: warm, ", "", "lacks the key `function`"),
        ("{\\\"size\\\": 3}", "{size}", "not JSON"),
        ("region: source", "region: somewhere", "target, source"),
        ("fences: [orders]", "fences: orders", "a list"),
        ("fences: [orders]", "fences: [orders, orders]", "stands twice"),
        ("moves: [failover]", "moves: [failure]", "failover"),
        ("moves: [failover]", "moves: []", "`moves` is empty"),
        ("parameters: {mode: hard}", "parameters: hard", "an object of texts"),
        ("says: the bank knows", "says: \"\"", "`says` is empty"),
        ("after_step: confirm-serving", "after_step: Confirm", "not a step's id"),
        ("for: 1m30s", "for: 1m30s, until: \"2027-03-01T03:00:00Z\"", "give one of the two"),
        ("until: \"2027-03-01T03:00:00Z\"", "until: tomorrow", "2027-03-01T03:00:00Z"),
        ("name: well", "name: bank", "stands twice"),
        ("kind: run_plan", "kind: run_plans", "did you mean `run_plan`?"),
        (", application: identity}", "}", "lacks the key `application`"),
    ] {
        assert!(FILE.contains(piece), "{piece}");
        let wrong = FILE.replace(piece, instead);
        let problems =
            read(wrong.as_bytes(), Format::Yaml).err().unwrap_or_else(|| panic!("{instead} was taken"));
        let [problem] = &problems[..] else { panic!("{instead}: {}", told(&problems)) };
        assert!(problem.to_string().contains(says), "{instead}: {problem}");
        let line = if instead == "name: bank" { "name: well" } else { piece };
        let at = FILE.lines().position(|l| l.contains(line)).unwrap() + 1;
        assert_eq!(problem.line, u32::try_from(at).ok(), "{problem}");
    }
}

#[test]
fn what_a_step_names_must_be_there() {
    for (piece, instead, says) in [
        ("  - application: shop", "  - application: shops", "did you mean `shop`?"),
        ("account: prod, function", "account: prd, function", "did you mean `prod`?"),
        ("signal: healthy", "signal: health", "did you mean `healthy`?"),
        ("signal: healthy", "signal: orders", "name a resource of the kind probe"),
        ("signal: healthy", "region: us-east-1, signal: healthy", "has nothing in us-east-1"),
        ("fences: [orders]", "fences: [order]", "did you mean `orders`?"),
        ("fences: [orders]", "fences: [healthy]", "there is no store `healthy`"),
        ("application: identity}", "application: identify}", "did you mean `identity`?"),
        ("application: identity}", "application: shop}", "would run its own plan"),
    ] {
        let inventory = read(FILE.replace(piece, instead).as_bytes(), Format::Yaml)
            .unwrap_or_else(|p| panic!("{}", told(&p)));
        let problems = told(&check(&inventory, &holdfast_domain::Inventory::default()));
        assert!(problems.contains(says), "{instead}: {problems}");
    }
}

#[test]
fn an_application_that_goes_takes_its_steps_along_and_one_left_out_is_refused() {
    let stored = read(FILE.as_bytes(), Format::Yaml).unwrap();
    let without = holdfast_domain::Inventory { applications: Some(vec![]), plans: None, ..stored.clone() };
    assert_eq!(apply(&stored, &without, true).plans, Some(vec![]));
    assert!(diff(&stored, &without, true).is_ok());
    let forgotten = holdfast_domain::Inventory { version: 1, plans: Some(vec![]), ..Default::default() };
    let refused = diff(&stored, &forgotten, false).unwrap_err();
    assert!(told(&refused).contains("`shop` is stored"), "{}", told(&refused));
    let pruned = diff(&stored, &forgotten, true).unwrap();
    assert_eq!(pruned.sections[0].removed.len(), 1);
}

#[test]
fn a_changed_step_is_compared_field_by_field() {
    let stored = read(FILE.as_bytes(), Format::Yaml).unwrap();
    let changed =
        read(FILE.replace("hooks.example.com/x", "hooks.example.com/y").as_bytes(), Format::Yaml).unwrap();
    let difference = diff(&stored, &changed, false).unwrap();
    let section = difference.sections.iter().find(|s| s.section.as_str() == "plans").unwrap();
    assert_eq!(section.changed[0].fields[0].path, "steps.tell.url");
}

#[test]
fn plans_that_run_each_other_are_told_with_the_way_around() {
    let problems = |steps: &str| {
        let inventory = read(format!("{FILE}{steps}").as_bytes(), Format::Yaml)
            .unwrap_or_else(|p| panic!("{}", told(&p)));
        told(&check(&inventory, &holdfast_domain::Inventory::default()))
    };
    let back = "  - application: identity
    steps:
      - {name: back, kind: run_plan, after: observe, application: shop}
";
    let says = problems(back);
    assert!(says.contains("in a circle: identity → shop → identity"), "{says}");
    assert!(says.contains("each run would wait for the next"), "{says}");
    let waits = back.replace(
        "kind: run_plan, after: observe, application: shop",
        "kind: wait_for_time, after: observe, for: 1m",
    );
    assert_eq!(problems(&waits), "");
}
