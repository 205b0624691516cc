//! What is refused, where, and with which way out.

use holdfast_inventory::{Format, MOST_PROBLEMS, Problem, read, read_account, read_application};

pub const GOOD: &str = r#"version: 1
accounts:
  - id: "222222222222"
    name: shop-prod
    read_role_arn: arn:aws:iam::222222222222:role/holdfast-read
    act_role_arn: arn:aws:iam::222222222222:role/holdfast-act
groups:
  - name: approvers
approval_policies:
  - name: one-approver
    rules:
      - {group: approvers, approvals: 1}
    expires_after: 2h
applications:
  - name: shop
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: us-east-1
    recovery_regions: [eu-central-1]
    objectives: {rto: 15m, rpo: 30s}
    data_residency: [us-east-1, eu-central-1]
    approval_policy: one-approver
    depends_on: []
    resources:
      - name: front-door
        kind: route53_records
        account: shop-prod
        hosted_zone_id: Z0123456789ABC
        record: shop.example.com
        type: A
      - name: orders
        kind: aurora_global_database
        account: shop-prod
        global_cluster: orders
      - name: books
        kind: rds_read_replica
        account: shop-prod
        per_region:
          us-east-1: {instance: books}
      - name: setting
        kind: endpoint_setting
        account: shop-prod
        per_region:
          us-east-1: {parameter: /books, key: host}
      - name: web
        kind: ecs_service
        account: shop-prod
        per_region:
          us-east-1: {cluster: shop, service: web}
          eu-central-1: {cluster: shop, service: web, desired_in_recovery: 6}
    waivers:
      - {step: front-door, plane: route53@us-east-1, by: operator, reason: later, review_on: 2027-03-01}
"#;

pub fn problems(text: &str) -> Vec<Problem> {
    read(text.as_bytes(), Format::Yaml).err().unwrap_or_default()
}

pub fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Replaces one piece of the good file; exactly one problem must follow, at that piece's line.
fn refused(old: &str, new: &str) -> Problem {
    assert_eq!(GOOD.matches(old).count(), 1, "{old:?} should stand once");
    let text = GOOD.replace(old, new);
    let mut found = problems(&text);
    assert_eq!(found.len(), 1, "{new:?}: {}", told(&found));
    found.remove(0)
}

pub fn line_of(needle: &str) -> u32 {
    u32::try_from(GOOD.lines().position(|l| l.contains(needle)).unwrap() + 1).unwrap()
}

#[test]
fn the_good_file_is_read() {
    assert_eq!(told(&problems(GOOD)), "");
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_right_word() {
    let problem = refused("data_residency:", "data_residencey:");
    assert_eq!(
        problem.to_string(),
        format!(
            "line {}, column 5: applications.shop.data_residencey: unknown key `data_residencey`; did you mean `data_residency`?",
            line_of("data_residency:")
        )
    );
    let text = GOOD.replace("recovery_regions:", "recovry_regions:");
    let found = problems(&text);
    assert_eq!(found.len(), 2, "{}", told(&found));
    assert!(found[0].message.contains("lacks the key `recovery_regions`"), "{}", told(&found));
    assert!(
        found[1].to_string().ends_with("unknown key `recovry_regions`; did you mean `recovery_regions`?")
    );
}

#[test]
fn an_account_id_without_quotes_is_refused_and_told_to_be_quoted() {
    for id in ["222222222222", "012345678901"] {
        let problem = refused("\"222222222222\"", id);
        assert_eq!((problem.line, problem.column), (Some(3), Some(9)));
        assert_eq!(problem.path, "accounts.shop-prod.id");
        assert_eq!(problem.way_out, format!("quote it: \"{id}\""));
    }
    assert!(refused("\"222222222222\"", "\"2222\"").way_out.contains("twelve digits"));
}

#[test]
fn words_from_a_list_are_refused_with_the_nearest() {
    let near = |old, new, path: &str, way_out: &str| {
        let problem = refused(old, new);
        assert_eq!((problem.path.as_str(), problem.way_out.as_str()), (path, way_out));
    };
    near(
        "kind: ecs_service",
        "kind: ecs_servise",
        "applications.shop.resources.web.kind",
        "did you mean `ecs_service`?",
    );
    near(
        "strategy: warm_standby",
        "strategy: warm-standby",
        "applications.shop.strategy",
        "did you mean `warm_standby`?",
    );
    near(
        "home_region: us-east-1",
        "home_region: us-east1",
        "applications.shop.home_region",
        "did you mean `us-east-1`?",
    );
    near(
        "[eu-central-1]",
        "[eu-central]",
        "applications.shop.recovery_regions[0]",
        "did you mean `eu-central-1`?",
    );
    let far = refused("kind: ecs_service", "kind: mainframe");
    assert!(far.way_out.starts_with("write one of `route53_records`, "), "{far}");
}

#[test]
fn every_value_has_its_own_refusal() {
    for (old, new, path, message) in [
        ("version: 1", "version: 2", "version", "reads version 1"),
        ("version: 1", "version: \"1\"", "version", "reads version 1"),
        ("rto: 15m", "rto: -5m", "applications.shop.objectives.rto", "cannot be negative"),
        ("rto: 15m", "rto: -5", "applications.shop.objectives.rto", "cannot be negative"),
        ("rto: 15m", "rto: 900", "applications.shop.objectives.rto", "a number without a unit"),
        ("rto: 15m", "rto: soon", "applications.shop.objectives.rto", "not a length of time"),
        ("rto: 15m", "rto: [15m]", "applications.shop.objectives.rto", "a list stands here"),
        ("tier: 1", "tier: 5", "applications.shop.tier", "`tier` is 5"),
        ("tier: 1", "tier: -1", "applications.shop.tier", "cannot be negative"),
        ("tier: 1", "tier: \"1\"", "applications.shop.tier", "should be a number"),
        ("tier: 1", "tier: 01", "applications.shop.tier", "`tier` is 01"),
        ("tier: 1", "tier: 1e0", "applications.shop.tier", "`tier` is 1e0"),
        ("owner: payments", "owner: Payments Team", "applications.shop.owner", "not a name"),
        ("owner: payments", "owner: 42", "applications.shop.owner", "without quotes is a number"),
        ("owner: payments", "owner: true", "applications.shop.owner", "without quotes is a truth value"),
        ("owner: payments", "owner:", "applications.shop.owner", "nothing stands here"),
        (
            "recovery_regions: [eu-central-1]",
            "recovery_regions: []",
            "applications.shop.recovery_regions",
            "is empty",
        ),
        (
            "[eu-central-1]",
            "[eu-central-1, us-east-1]",
            "applications.shop.recovery_regions",
            "names the home Region",
        ),
        (
            "[eu-central-1]",
            "[eu-central-1, eu-central-1]",
            "applications.shop.recovery_regions[1]",
            "stands twice",
        ),
        (
            "[us-east-1, eu-central-1]",
            "[eu-central-1]",
            "applications.shop.data_residency",
            "leaves out the home Region",
        ),
        ("depends_on: []", "depends_on: [shop]", "applications.shop.depends_on[0]", "depends on itself"),
        ("depends_on: []", "depends_on: [a, a]", "applications.shop.depends_on[1]", "stands twice"),
        (
            "approvals: 1",
            "approvals: 0",
            "approval_policies.one-approver.rules[0].approvals",
            "`approvals` is 0",
        ),
        (
            "approvals: 1",
            "approvals: 21",
            "approval_policies.one-approver.rules[0].approvals",
            "`approvals` is 21",
        ),
        ("2h", "4m", "approval_policies.one-approver.expires_after", "at least 5m and at most 7d"),
        ("2h", "8d", "approval_policies.one-approver.expires_after", "at least 5m and at most 7d"),
        ("Z0123456789ABC", "z0123", "applications.shop.resources.front-door.hosted_zone_id", "hosted zone"),
        ("shop.example.com", "shop", "applications.shop.resources.front-door.record", "not a record's name"),
        ("type: A", "type: TXT", "applications.shop.resources.front-door.type", "not a type of record"),
        (
            "{instance: books}",
            "{}",
            "applications.shop.resources.books.per_region.us-east-1",
            "neither `instance` nor `cluster`",
        ),
        (
            "{parameter: /books, key",
            "{key",
            "applications.shop.resources.setting.per_region.us-east-1",
            "neither `parameter`, `secret` nor `record`",
        ),
        (
            "{parameter: /books, key: host}",
            "{hosted_zone_id: Z0PRIVATE, record: books.shop.internal, secret: books}",
            "applications.shop.resources.setting.per_region.us-east-1",
            "both `secret` and `record`",
        ),
        (
            "{parameter: /books, key: host}",
            "{record: books.shop.internal}",
            "applications.shop.resources.setting.per_region.us-east-1",
            "`record` is given without `hosted_zone_id`",
        ),
        (
            "{parameter: /books, key: host}",
            "{parameter: /books, hosted_zone_id: Z0PRIVATE}",
            "applications.shop.resources.setting.per_region.us-east-1",
            "`hosted_zone_id` is given without `record`",
        ),
        (
            "{parameter: /books, key: host}",
            "{hosted_zone_id: Z0PRIVATE, record: books.shop.internal, key: host}",
            "applications.shop.resources.setting.per_region.us-east-1",
            "`key` means nothing beside `record`",
        ),
        (
            "{instance: books}",
            "{instance: a, cluster: b}",
            "applications.shop.resources.books.per_region.us-east-1",
            "both",
        ),
        (
            "role/holdfast-read",
            "user/holdfast-read",
            "accounts.shop-prod.read_role_arn",
            "not the ARN of a role",
        ),
        (
            "arn:aws:iam::222222222222:role/holdfast-act",
            "arn:aws:iam::333333333333:role/x",
            "accounts.shop-prod.act_role_arn",
            "account 333333333333",
        ),
        (
            "eu-central-1: {cluster",
            "eu-west-1: {cluster",
            "applications.shop.resources.web.per_region.eu-west-1",
            "not one of the application's Regions",
        ),
        (
            "desired_in_recovery: 6",
            "desired_in_recovery: six",
            "applications.shop.resources.web.per_region.eu-central-1.desired_in_recovery",
            "should be a number",
        ),
        (
            "cluster: shop, service: web}",
            "cluster: shop}",
            "applications.shop.resources.web.per_region.us-east-1",
            "lacks the key `service`",
        ),
        ("name: orders", "name: front-door", "applications.shop.resources.front-door", "stands twice"),
        ("2027-03-01", "2027-02-30", "applications.shop.waivers[0].review_on", "not a date"),
        ("route53@us-east-1", "route53", "applications.shop.waivers[0].plane", "not a plane"),
        ("reason: later", "reason: ' '", "applications.shop.waivers[0].reason", "is empty"),
    ] {
        if GOOD.matches(old).count() != 1 {
            let first = GOOD.replacen(old, new, 1);
            let found = problems(&first);
            assert_eq!(found.len(), 1, "{new:?}: {}", told(&found));
            assert!(found[0].message.contains(message) && found[0].path == path, "{new:?}: {}", found[0]);
            continue;
        }
        let problem = refused(old, new);
        assert!(problem.message.contains(message) && problem.path == path, "{new:?}: {problem}");
        assert!(!problem.way_out.is_empty());
    }
}

#[test]
fn all_missing_keys_are_told_at_once() {
    let found = problems("version: 1\napplications:\n  - name: shop\n    tier: 1\n");
    assert_eq!(found.len(), 1, "{}", told(&found));
    for key in ["owner", "strategy", "home_region", "recovery_regions", "objectives", "approval_policy"] {
        assert!(found[0].message.contains(&format!("`{key}`")), "{}", found[0]);
    }
    assert_eq!(problems("groups: []")[0].message, "the file lacks the key `version`");
}

#[test]
fn all_problems_are_told_in_the_order_of_their_lines_up_to_a_limit() {
    let text = GOOD.replace("tier: 1", "tier: 9").replace("2h", "2w").replace("type: A", "type: B");
    let lines: Vec<_> = problems(&text).iter().map(|p| p.line.unwrap()).collect();
    assert_eq!(lines, [line_of("2h"), line_of("tier"), line_of("type: A")]);
    let many: String = (0..200).map(|n| format!("  - {{name: G{n}}}\n")).collect();
    let found = problems(&format!("version: 1\ngroups:\n{many}"));
    assert_eq!(found.len(), MOST_PROBLEMS);
    assert_eq!(found[49].message, "151 further problems are not listed");
}

#[test]
fn the_external_id_is_what_aws_takes_for_one() {
    let with = |id: &str| {
        GOOD.replace("    name: shop-prod\n", &format!("    name: shop-prod\n    external_id: {id}\n"))
    };
    assert_eq!(told(&problems(&with("demo-shop"))), "");
    let found = problems(&with("'a b'"));
    assert_eq!(found[0].path, "accounts.shop-prod.external_id");
}

#[test]
fn the_same_name_or_account_twice_is_refused() {
    let again = "  - {id: \"222222222222\", name: shop-prod, read_role_arn: \"arn:aws:iam::222222222222:role/a\", act_role_arn: \"arn:aws:iam::222222222222:role/b\"}\ngroups:\n";
    let found = problems(&GOOD.replace("groups:\n", again));
    let paths: Vec<_> = found.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["accounts.shop-prod", "accounts.shop-prod.id"], "{}", told(&found));
    let found = problems("version: 1\nregions: [{code: us-east-1}, {code: us-east-1, declared: impared}]\n");
    let paths: Vec<_> = found.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["regions.us-east-1", "regions.us-east-1.declared"], "{}", told(&found));
}

#[test]
fn sections_of_a_later_version_are_refused_by_name() {
    for section in ["triggers", "game_days"] {
        let found = problems(&format!("version: 1\n{section}: []\n"));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].message.contains(&format!("`{section}` is not taken by this version")),
            "{}",
            found[0]
        );
        assert_eq!(found[0].line, Some(2));
    }
}

#[test]
fn yaml_that_hides_something_is_refused() {
    for (text, message) in [
        ("version: &a 1\n", "anchors"),
        ("version: 1\ngroups: &g []\n", "anchors"),
        ("version: &a 1\ngroups: *a\n", "aliases"),
        ("version: !!int 1\n", "tags"),
        ("version: 1\ngroups: [{<<: {name: x}}]\n", "merge keys"),
        ("version: 1\nversion: 1\n", "stands twice, first in line 1"),
        ("version: 1\n---\nversion: 1\n", "second document"),
        ("version: 1\n? [a]\n: b\n", "where a key should"),
        ("version: 1\n1: b\n", "the key 1 is not text"),
        ("version: 1\n\0groups: wrong", "control character U+0000"),
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("version: [1\n", "not YAML"),
        ("- version\n", "a list stands here"),
    ] {
        let found = problems(text);
        assert!(found.iter().any(|p| p.message.contains(message)), "{text:?}: {}", told(&found));
    }
    assert_eq!(problems("version: 1\n\u{1}")[0].line, Some(2));
    let not_utf8 = read(b"version: 1\n# \xff", Format::Yaml).unwrap_err();
    assert_eq!((not_utf8[0].line, not_utf8[0].column), (Some(2), Some(3)));
}

#[test]
fn columns_count_characters_also_after_wide_ones() {
    let found = problems("version: 1\ngroups: [{name: a, description: \"ä🚢\", nam: b}]\n");
    assert_eq!((found[0].line, found[0].column), (Some(2), Some(39)), "{}", told(&found));
    let json = "{\"version\": 1,\n \"groups\": [{\"name\": \"a\", \"description\": \"ä🚢\", \"nam\": 1}]}";
    let found = read(json.as_bytes(), Format::Json).unwrap_err();
    assert_eq!((found[0].line, found[0].column), (Some(2), Some(48)), "{}", told(&found));
}

#[test]
fn json_is_read_strictly_with_lines() {
    assert!(read(b"\xef\xbb\xbf {\"version\": 1, \"groups\": []}\n", Format::Json).is_ok());
    for (text, line, message) in [
        ("{\"version\": 1,\n}", 2, "`}` stands where a key in double quotes should"),
        ("{\"version\": 1}\n{", 2, "nothing more"),
        ("{\"version\": 1, // no\n}", 1, "a key in double quotes"),
        ("{'version': 1}", 1, "a key in double quotes"),
        ("{\"version\": 1,\n\"version\": 1}", 2, "stands twice"),
        ("{\"version\": 1, \"groups\":\n[{\"name\": \"\\ud800\"}]}", 2, "surrogate"),
        ("{\"version\": 1, \"accounts\":\n[{\"id\": 222222222222}]}", 2, "without quotes is a number"),
        ("{\"version\": tru}", 1, "a value"),
        ("{\"version\": 1.}", 1, "a digit"),
        ("{\"version\"", 1, "the end of the file"),
        ("", 1, "the file is empty"),
    ] {
        let found = read(text.as_bytes(), Format::Json).unwrap_err();
        let right = found.iter().any(|p| p.line == Some(line) && p.message.contains(message));
        assert!(right, "{text:?}: {}", told(&found));
    }
    let escaped = read(
        br#"{"version": 1, "groups": [{"name": "a", "description": "\ud83d\udea2\u00e4\n\/"}]}"#,
        Format::Json,
    );
    assert_eq!(escaped.unwrap().groups.unwrap()[0].description.as_deref(), Some("🚢ä\n/"));
}

#[test]
fn single_entries_are_read_by_the_same_rules() {
    let account = r#"{"id": "222222222222", "name": "shop-prod", "read_role_arn": "arn:aws:iam::222222222222:role/r", "act_role_arn": "arn:aws:iam::222222222222:role/a"}"#;
    let read_back = read_account(account.as_bytes(), Format::Json).unwrap();
    assert_eq!(
        read_account(holdfast_inventory::write_account_json(&read_back).as_bytes(), Format::Json),
        Ok(read_back)
    );
    let found = read_application(b"{\"name\": \"shop\", \"tire\": 1}", Format::Json).unwrap_err();
    assert_eq!(found.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["", "tire"]);
}

/// The good file with one more resource of the first application, and what is wrong with it then.
fn beside_web(entry: &str) -> String {
    let web = "      - name: web\n        kind: ecs_service\n";
    assert_eq!(GOOD.matches(web).count(), 1);
    told(&problems(&GOOD.replace(web, &format!("{entry}{web}"))))
}

#[test]
fn an_object_holds_out_a_region_that_the_application_has() {
    let entry = |holds_out: &str| {
        format!(
            "      - name: stop\n        kind: s3_switch_object\n        account: shop-prod\n        per_region:\n          \
             eu-central-1: {{bucket: b, key: STOP, holds_out: {holds_out}, health_check_id: c}}\n"
        )
    };
    assert_eq!(beside_web(&entry("us-east-1")), "");
    assert!(beside_web(&entry("us-west-2")).contains("us-west-2 is not one of the application's Regions"));
    assert!(!beside_web(&entry("mars-1")).is_empty());
}

#[test]
fn a_metric_says_when_it_is_well_in_words_that_cloudwatch_and_holdfast_know() {
    let entry = |statistic: &str, period: &str, well_when: &str, threshold: &str| {
        format!(
            "      - name: success\n        kind: cloudwatch_metric\n        account: shop-prod\n        namespace: Shop\n        \
             metric: Success\n        statistic: {statistic}\n        period: {period}\n        well_when: {well_when}\n        \
             threshold: {threshold}\n        per_region:\n          eu-central-1: {{dimensions: {{Service: web}}}}\n"
        )
    };
    assert_eq!(beside_web(&entry("Average", "5m", "at_least", "\"99.5\"")), "");
    for (wrong, says) in [
        (entry("Mean", "5m", "at_least", "\"1\""), "not a statistic of CloudWatch"),
        (entry("Sum", "90s", "at_least", "\"1\""), "by the minute and its multiples"),
        (entry("Sum", "0s", "at_least", "\"1\""), "by the minute and its multiples"),
        (entry("Sum", "1m", "atleast", "\"1\""), "did you mean `at_least`?"),
        (entry("Sum", "1m", "below", "\"few\""), "not a number"),
    ] {
        let told = beside_web(&wrong);
        assert!(told.contains(says), "{says:?} is not in {told}");
    }
}
