//! Claims about the inventory file, single entries, tags, tables and exports by REST.

use crate::house::House;

const TOKEN: (&str, &str) = ("authorization", "Bearer hf_operator");

#[tokio::test]
async fn the_file_comes_as_it_is_asked_for_and_as_json_otherwise() {
    let house = House::new();
    for (accept, kind) in [
        ("application/yaml", "application/yaml"),
        ("text/yaml, */*", "application/yaml"),
        ("application/json;q=0.1, application/yaml", "application/yaml"),
        ("application/yaml;q=0, */*", "application/json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
    ] {
        let answer = house.send("GET", "/api/v1/inventory", &[TOKEN, ("accept", accept)], "").await;
        assert_eq!(answer.header("content-type"), kind, "{accept}");
    }
    assert_eq!(
        house.token("GET", "/api/v1/inventory?format=yaml", "").await.header("content-type"),
        "application/yaml"
    );
}

#[tokio::test]
async fn the_file_is_read_by_its_content_type_and_its_manner_is_passed_on() {
    let house = House::new();
    for (kind, path, body, asked) in [
        ("application/yaml", "", "version: 1", "apply Yaml 10 dry_run=false prune=false"),
        ("text/yaml; charset=utf-8", "?dry_run=true", "version: 1", "apply Yaml 10 dry_run=true prune=false"),
        ("application/json", "?prune=true&dry_run=false", "{}", "apply Json 2 dry_run=false prune=true"),
    ] {
        let answer = house
            .token_with("PUT", &format!("/api/v1/inventory{path}"), &[("content-type", kind)], body)
            .await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
        assert!(house.plane.was_asked(asked), "{asked}: {:?}", house.plane.asked);
    }
    let untyped = house.send("PUT", "/api/v1/inventory", &[TOKEN], " {}").await;
    assert_eq!(untyped.status, 200);
    assert!(house.plane.was_asked("apply Json 3 dry_run=false prune=false"));
    let odd =
        house.token_with("PUT", "/api/v1/inventory", &[("content-type", "text/plain")], "version: 1").await;
    assert_eq!(odd.status, 415);
}

#[tokio::test]
async fn an_edit_of_a_version_that_has_changed_is_refused() {
    let house = House::new();
    let entry = r#"{"owner": "payments", "tier": 1, "strategy": "warm_standby", "home_region": "us-east-1",
        "recovery_regions": ["eu-central-1"], "objectives": {"rto": "15m", "rpo": "30s"}, "approval_policy": "one-approver"}"#;
    for (path, body) in [
        ("/api/v1/applications/shop", entry),
        (
            "/api/v1/accounts/222222222222",
            r#"{"name": "shop-prod", "read_role_arn": "arn:aws:iam::222222222222:role/r", "act_role_arn": "arn:aws:iam::222222222222:role/a"}"#,
        ),
        ("/api/v1/inventory", "{}"),
    ] {
        let tag = house.token("GET", path, "").await.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() == 66, "{path}: {tag}");
        let other = house.token_with("PUT", path, &[("if-match", "\"other\"")], body).await;
        assert_eq!((other.status, other.code().as_str()), (412, "changed_meanwhile"), "{path}");
        let same = house.token_with("PUT", path, &[("if-match", &tag)], body).await;
        assert_eq!(same.status, 200, "{path}: {}", same.text);
    }
}

#[tokio::test]
async fn each_format_has_its_tag_and_what_is_held_is_not_sent_again() {
    let house = House::new();
    let tag = |format: &'static str| {
        let house = &house;
        async move {
            let path = format!("/api/v1/inventory?format={format}");
            house.token("GET", &path, "").await.header("etag").to_owned()
        }
    };
    let (yaml, json) = (tag("yaml").await, tag("json").await);
    assert_ne!(yaml, json);
    for held in [&yaml, &json] {
        let put = house.token_with("PUT", "/api/v1/inventory", &[("if-match", held)], "{}").await;
        assert_eq!(put.status, 200, "{}", put.text);
    }
    for path in ["/api/v1/inventory", "/api/v1/applications/shop", "/api/v1/openapi.json"] {
        let tag = house.token("GET", path, "").await.header("etag").to_owned();
        let weak = format!("\"other\", W/{tag}");
        for held in [tag.as_str(), weak.as_str()] {
            let again = house.token_with("GET", path, &[("if-none-match", held)], "").await;
            assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", tag.as_str()));
        }
        let other = house.token_with("GET", path, &[("if-none-match", "\"other\"")], "").await;
        assert_eq!(other.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_single_entry_is_read_as_strictly_as_the_file() {
    let house = House::new();
    let misspelt = r#"{"owner": "payments", "tier": 1, "strategy": "warm_standby", "home_region": "us-east-1",
        "recovry_regions": ["eu-central-1"], "objectives": {"rto": "15m", "rpo": "30s"}, "approval_policy": "one-approver"}"#;
    let answer = house.token("PUT", "/api/v1/applications/shop", misspelt).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.text.contains("recovery_regions"), "{}", answer.text);
    let other = house.token("PUT", "/api/v1/applications/shop", r#"{"name": "billing"}"#).await;
    assert_eq!((other.status, other.json()["fields"][0]["path"].as_str()), (422, Some("name")));
    assert!(house.plane.asked.lock().unwrap().is_empty(), "nothing was stored");
}

#[tokio::test]
async fn a_region_is_declared_by_one_of_four_words() {
    let house = House::new();
    let wrong = house.token("PATCH", "/api/v1/regions/us-east-1", r#"{"declared": "broken"}"#).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.json()["way_out"].as_str().unwrap().contains("evacuating"));
    let right = house
        .token("PATCH", "/api/v1/regions/us-east-1", r#"{"declared": "impaired", "reason": "storm"}"#)
        .await;
    assert_eq!(right.status, 200);
    assert!(house.plane.was_asked("declare us-east-1 impaired"));
}

#[tokio::test]
async fn compliance_comes_as_a_table_when_asked() {
    let house = House::new();
    for (path, accept, kind) in [
        ("/api/v1/compliance", "*/*", "application/json"),
        ("/api/v1/compliance", "text/csv", "text/csv; charset=utf-8"),
        ("/api/v1/compliance?format=csv", "*/*", "text/csv; charset=utf-8"),
    ] {
        let answer = house.send("GET", path, &[TOKEN, ("accept", accept)], "").await;
        assert_eq!(answer.header("content-type"), kind, "{path} {accept}");
    }
}

#[tokio::test]
async fn the_audit_export_is_the_log_in_its_order_from_its_beginning_to_its_end() {
    let house = House::new();
    let answer = house.token("GET", "/api/v1/audit/export", "").await;
    let lines: Vec<&str> = answer.text.lines().collect();
    let wanted = [
        r#"{"holdfast_audit_log":1,"origin":"holdfast-audit"}"#,
        r#"{"index":0}"#,
        r#"{"index":1}"#,
        r#"{"pending":{}}"#,
        r#"{"end":3}"#,
    ];
    assert_eq!(lines, wanted);
}

#[tokio::test]
async fn an_audit_export_comes_to_its_end_for_a_client_that_takes_compression() {
    let house = House::new();
    for path in ["/api/v1/audit/export", "/api/v1/audit/export?outcome=done"] {
        for coding in ["gzip", "br"] {
            // Reading it to its end is the claim: what breaks off is an error there.
            let answer = house.send("GET", path, &[TOKEN, ("accept-encoding", coding)], "").await;
            assert_eq!((answer.status, answer.header("content-encoding")), (200, coding), "{path}");
        }
    }
}

#[tokio::test]
async fn an_audit_export_of_some_entries_has_each_on_a_line_of_its_own() {
    let house = House::new();
    let answer = house.token("GET", "/api/v1/audit/export?outcome=done", "").await;
    let ids: Vec<i64> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [2, 1]);
}

#[tokio::test]
async fn groups_have_their_members_and_tokens_are_shown_at_birth() {
    let house = House::new();
    let groups = house.token("GET", "/api/v1/groups", "").await.json();
    assert_eq!(groups["items"][0]["members"][0], "approver@example.com");
    let body = r#"{"name": "pipeline", "scopes": ["inventory:read", "inventory:read"]}"#;
    let token = house.token("POST", "/api/v1/tokens", body).await;
    assert_eq!((token.status, token.json()["token"].as_str()), (201, Some("hf_new")));
    assert_eq!(token.json()["scopes"].as_array().unwrap().len(), 1);
    let unknown = house.token("POST", "/api/v1/tokens", r#"{"name": "x", "scopes": ["everything"]}"#).await;
    assert_eq!((unknown.status, unknown.json()["fields"][0]["path"].as_str()), (422, Some("scopes[0]")));
}

#[tokio::test]
async fn metrics_tell_what_is_known_and_leave_out_what_is_not() {
    let house = House::new();
    let text = house.token("GET", "/metrics", "").await.text;
    assert!(text.contains(r#"holdfast_observations{region="us-east-1",state="unknown"} 2"#), "{text}");
    assert!(text.contains(r#"holdfast_runs{state="awaiting_approval"} 1"#), "{text}");
    let sweep = text.lines().find(|line| line.starts_with("holdfast_last_sweep_age_seconds"));
    assert_eq!(sweep, None, "there was no sweep");
    assert!(text.contains("holdfast_clock_ahead_seconds{worker=\"worker-1\"} 600"), "{text}");
    assert!(text.contains("holdfast_clocks_apart 1"), "{text}");
    assert!(text.contains("holdfast_applications_unreadable 1"), "{text}");
    assert!(!text.contains("holdfast_aws_clock_ahead_seconds{"), "AWS was not heard");
}
