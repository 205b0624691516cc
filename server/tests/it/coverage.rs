//! Claims about every path at once: what the document says is what the router does.

use crate::house::House;
use holdfast_server::http::v1::document;
use serde_json::Value;

/// Every operation of the document, with its path filled in.
pub fn operations() -> Vec<(String, String, String, Value)> {
    let document = serde_json::to_value(document()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !["get", "put", "post", "delete", "patch"].contains(&method.as_str()) {
                continue;
            }
            let filled = path
                .replace("{step}", "observe-again")
                .replace("{version}", "2")
                .replace("{waiver}", "front-door:route53@us-east-1")
                .replace("{passkey}", crate::fake::RUN)
                .replace("{name}", "shop")
                .replace("{code}", "us-east-1")
                .replace("/accounts/{id}", "/accounts/222222222222")
                .replace("/audit/{id}", "/audit/2")
                .replace("/people/{id}", "/people/approver@example.com")
                .replace("{id}", crate::fake::RUN);
            all.push((method.to_uppercase(), path.clone(), filled, operation.clone()));
        }
    }
    all
}

pub fn is_public(operation: &Value) -> bool {
    operation["security"].as_array().is_some_and(Vec::is_empty)
}

#[tokio::test]
async fn every_operation_but_the_public_ones_refuses_a_stranger() {
    let house = House::new();
    let mut public = Vec::new();
    for (method, path, filled, operation) in operations() {
        let answer = house.send(&method, &filled, &[], "").await;
        if is_public(&operation) {
            assert_ne!(answer.status, 404, "{method} {path}");
            public.push(format!("{method} {path}"));
            continue;
        }
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
        assert_eq!(answer.code(), "not_signed_in", "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
    }
    public.sort();
    // This list only shrinks.
    let allowed = [
        "GET /.well-known/security.txt",
        "GET /api/v1/openapi.json",
        "GET /livez",
        "GET /readyz",
        "POST /api/v1/session",
    ];
    assert_eq!(public, allowed);
}

#[tokio::test]
async fn every_operation_documents_the_status_that_it_answers_with() {
    let house = House::new();
    // Else its stream of events would not end.
    *house.plane.ended.lock().unwrap() = true;
    for (method, path, filled, operation) in operations() {
        let answer = house.token(&method, &filled, "").await;
        let documented = operation["responses"].as_object().unwrap();
        assert!(
            documented.contains_key(&answer.status.to_string()),
            "{method} {path} answers {}, documented are {:?}: {}",
            answer.status,
            documented.keys().collect::<Vec<_>>(),
            answer.text
        );
    }
}

#[tokio::test]
async fn every_reading_operation_answers_a_signed_in_person() {
    let house = House::new();
    let cookie = house.sign_in().await;
    for (method, path, filled, _) in operations() {
        // A stream of a run that has not ended does not end.
        if method != "GET" || path.ends_with("/events") {
            continue;
        }
        let answer = house.send("GET", &filled, &[("cookie", &cookie)], "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
}

#[test]
fn the_paths_of_the_contract_are_all_there() {
    let there: Vec<String> =
        operations().into_iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
    for promised in [
        "POST /api/v1/session",
        "DELETE /api/v1/session",
        "GET /api/v1/inventory",
        "PUT /api/v1/inventory",
        "GET /api/v1/accounts",
        "PUT /api/v1/accounts/{id}",
        "GET /api/v1/accounts/{id}",
        "DELETE /api/v1/accounts/{id}",
        "GET /api/v1/discovered_accounts",
        "GET /api/v1/regions",
        "GET /api/v1/regions/{code}",
        "PATCH /api/v1/regions/{code}",
        "GET /api/v1/applications",
        "PUT /api/v1/applications/{name}",
        "GET /api/v1/applications/{name}",
        "DELETE /api/v1/applications/{name}",
        "GET /api/v1/applications/{name}/status",
        "GET /api/v1/applications/{name}/readiness",
        "GET /api/v1/applications/{name}/plans",
        "POST /api/v1/applications/{name}/plans",
        "GET /api/v1/applications/{name}/plans/kept",
        "GET /api/v1/applications/{name}/plans/versions",
        "GET /api/v1/applications/{name}/plans/{version}",
        "GET /api/v1/applications/{name}/plans/{version}/diff",
        "POST /api/v1/applications/{name}/plans/{version}/evaluations",
        "POST /api/v1/applications/{name}/waivers",
        "DELETE /api/v1/applications/{name}/waivers/{waiver}",
        "POST /api/v1/applications/{name}/refresh",
        "POST /api/v1/runs",
        "GET /api/v1/runs",
        "GET /api/v1/runs/{id}",
        "POST /api/v1/runs/{id}/reviews",
        "DELETE /api/v1/runs/{id}/reviews",
        "POST /api/v1/runs/{id}/pause",
        "POST /api/v1/runs/{id}/resume",
        "POST /api/v1/runs/{id}/cancel",
        "POST /api/v1/runs/{id}/acknowledge",
        "GET /api/v1/runs/{id}/escalate",
        "POST /api/v1/runs/{id}/escalate",
        "GET /api/v1/runs/{id}/abort",
        "POST /api/v1/runs/{id}/abort",
        "POST /api/v1/runs/{id}/commit",
        "POST /api/v1/runs/{id}/try_again",
        "POST /api/v1/runs/{id}/end_drill",
        "GET /api/v1/automation",
        "PUT /api/v1/automation",
        "GET /api/v1/freezes",
        "POST /api/v1/freezes",
        "DELETE /api/v1/freezes/{id}",
        "GET /api/v1/break_glass",
        "GET /api/v1/break_glasses",
        "POST /api/v1/break_glasses",
        "GET /api/v1/break_glasses/{id}",
        "POST /api/v1/break_glasses/{id}/end",
        "POST /api/v1/break_glasses/{id}/review",
        "GET /api/v1/bundle",
        "GET /api/v1/bundle/copy",
        "POST /api/v1/offline_codes",
        "DELETE /api/v1/offline_codes/{id}",
        "POST /api/v1/journals",
        "GET /api/v1/sealed_codes",
        "POST /api/v1/sealed_codes",
        "DELETE /api/v1/sealed_codes/{id}",
        "POST /api/v1/runs/{id}/break_glass",
        "POST /api/v1/runs/{id}/steps/{step}/retry",
        "POST /api/v1/runs/{id}/steps/{step}/skip",
        "GET /api/v1/runs/{id}/events",
        "POST /api/v1/evacuations",
        "GET /api/v1/evacuations",
        "GET /api/v1/evacuations/{id}",
        "POST /api/v1/evacuations/{id}/reviews",
        "DELETE /api/v1/evacuations/{id}/reviews",
        "POST /api/v1/evacuations/{id}/break_glass",
        "POST /api/v1/evacuations/{id}/commit",
        "POST /api/v1/evacuations/{id}/go_on",
        "POST /api/v1/evacuations/{id}/cancel",
        "GET /api/v1/regions/{code}/evacuation",
        "GET /api/v1/compliance",
        "GET /api/v1/audit",
        "GET /api/v1/audit/export",
        "GET /api/v1/audit/checkpoint",
        "GET /api/v1/audit/keys",
        "GET /api/v1/audit/{id}",
        "GET /api/v1/people",
        "POST /api/v1/people",
        "POST /api/v1/people/sign_out",
        "POST /api/v1/groups",
        "POST /api/v1/policies",
        "GET /api/v1/groups",
        "GET /api/v1/policies",
        "GET /api/v1/on_call",
        "PUT /api/v1/on_call/{name}",
        "DELETE /api/v1/on_call/{name}",
        "POST /api/v1/on_call/{name}/overrides",
        "DELETE /api/v1/on_call/{name}/overrides/{id}",
        "PUT /api/v1/session/password",
        "GET /api/v1/session/passkeys",
        "POST /api/v1/session/passkeys",
        "POST /api/v1/session/passkeys/challenge",
        "PATCH /api/v1/session/passkeys/{id}",
        "DELETE /api/v1/session/passkeys/{id}",
        "POST /api/v1/session/proof/challenge",
        "GET /api/v1/people/{id}/passkeys",
        "DELETE /api/v1/people/{id}/passkeys/{passkey}",
        "GET /api/v1/channels",
        "POST /api/v1/channels",
        "DELETE /api/v1/channels/{id}",
        "POST /api/v1/channels/{id}/test",
        "GET /api/v1/runs/{id}/notices",
        "GET /api/v1/evacuations/{id}/notices",
        "GET /api/v1/tokens",
        "POST /api/v1/tokens",
        "DELETE /api/v1/tokens/{id}",
        "GET /metrics",
        "GET /readyz",
    ] {
        assert!(there.iter().any(|path| path == promised), "{promised} is missing from {there:#?}");
    }
}

#[test]
fn the_document_is_whole() {
    let document = serde_json::to_value(document()).unwrap();
    assert!(document["openapi"].as_str().unwrap() >= "3.1", "{}", document["openapi"]);
    let mut ids = Vec::new();
    for (method, path, _, operation) in operations() {
        let named = |place: &str| {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            parameters
                .iter()
                .filter(|p| p["in"] == place)
                .map(|p| p["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let wanted: Vec<String> = path
            .split('/')
            .filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'))
            .map(str::to_owned)
            .collect();
        assert_eq!(named("path"), wanted, "{method} {path}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let words = answer["description"].as_str().unwrap_or_default().trim();
            assert!(!words.is_empty(), "{method} {path}: {status} has no description");
        }
        ids.push(operation["operationId"].as_str().unwrap_or_default().to_owned());
    }
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids are unique");
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, into)),
        _ => {}
    }
}

#[test]
fn what_the_core_says_has_a_schema_of_its_own() {
    let document = serde_json::to_value(document()).unwrap();
    let schemas = &document["components"]["schemas"];
    for (of, property, named) in [
        ("RunView", "facts", "Fact"),
        ("RunView", "tally", "Tally"),
        ("RunView", "measured", "Measured"),
        ("ApplicationView", "findings", "Finding"),
        ("ApplicationStatus", "serving", "Serving"),
        ("RegionStatus", "values", "Facts"),
        ("Readiness", "findings", "Finding"),
    ] {
        assert!(schemas[named]["properties"].is_object(), "{named} has no schema");
        let schema = schemas[of].to_string();
        let reference = format!("#/components/schemas/{named}\"");
        assert!(schema.contains(property) && schema.contains(&reference), "{of}.{property}: {schema}");
    }
}
