//! A good body for every changing operation, by its method and path in the document.

pub const NEW_PERSON: &str = r#"{"email": "new@example.com", "roles": ["operator"]}"#;
const APPLICATION: &str = r#"{"owner": "payments", "tier": 1, "strategy": "warm_standby", "home_region": "us-east-1",
    "recovery_regions": ["eu-central-1"], "objectives": {"rto": "15m", "rpo": "30s"}, "approval_policy": "one-approver"}"#;
const ACCOUNT: &str = r#"{"name": "shop-prod", "read_role_arn": "arn:aws:iam::222222222222:role/r",
    "act_role_arn": "arn:aws:iam::222222222222:role/a"}"#;
const POLICY: &str = r#"{"rules": [{"group": "sre", "approvals": 1}], "expires_after": "2h"}"#;
const NEW_POLICY: &str =
    r#"{"name": "sre-only", "rules": [{"group": "sre", "approvals": 1}], "expires_after": "2h"}"#;

/// Empty where the operation takes none, or need not have one.
pub fn body(method: &str, path: &str) -> &'static str {
    match (method, path) {
        ("POST", "/api/v1/people") => NEW_PERSON,
        // Not the word, so that whoever sends it stays signed in.
        ("POST", "/api/v1/people/sign_out") => r#"{"confirm": "nobody"}"#,
        ("POST", "/api/v1/groups") => r#"{"name": "sre"}"#,
        ("POST", "/api/v1/policies") => NEW_POLICY,
        ("POST", "/api/v1/freezes") => r#"{"reason": "year's end", "ends_at": "2027-01-02T00:00:00Z"}"#,
        ("POST", "/api/v1/break_glasses") => r#"{"reason": "nobody answers"}"#,
        ("POST", "/api/v1/break_glasses/{id}/review") => r#"{"words": "rightly"}"#,
        ("POST", "/api/v1/journals") => r#"{"journal": "{}"}"#,
        ("POST", "/api/v1/sealed_codes") => r#"{"kept_at": "the safe"}"#,
        ("POST", "/api/v1/channels") => {
            r#"{"kind": "webhook", "name": "my phone", "url": "https://hooks.example.com/"}"#
        }
        ("PUT", "/api/v1/on_call/{name}") => r#"{"calendar_url": "https://calendar.example.com/sre.ics"}"#,
        ("POST", "/api/v1/on_call/{name}/overrides") => {
            r#"{"person": "approver@example.com", "until": "2027-01-02T00:00:00Z"}"#
        }
        ("POST", "/api/v1/tokens") => r#"{"name": "pipeline", "scopes": ["runs:read"]}"#,
        ("POST", "/api/v1/applications/{name}/plans") => {
            r#"{"intent": "failover", "from_region": "us-east-1", "to_region": "eu-central-1", "expected_version": 2, "edits": []}"#
        }
        ("POST", "/api/v1/applications/{name}/waivers") => {
            r#"{"step": "front-door", "plane": "route53@us-east-1", "reason": "by hand", "review_on": "2027-03-01"}"#
        }
        ("POST", "/api/v1/runs") => {
            r#"{"application": "shop", "intent": "failover", "mode": "planned", "reason": "rehearsal"}"#
        }
        ("POST", "/api/v1/evacuations") => {
            r#"{"region": "us-east-1", "mode": "planned", "reason": "rehearsal"}"#
        }
        ("POST", _) if path.ends_with("/reviews") => r#"{"decision": "deny", "plan_digest": "x"}"#,
        ("POST", _) if path.ends_with("/escalate") => r#"{"reason": "dark", "confirm": "shop"}"#,
        ("POST", _) if path.ends_with("/abort") => r#"{"reason": "worse"}"#,
        ("POST", _) if path.ends_with("/cancel") || path.ends_with("/skip") => r#"{"reason": "no"}"#,
        ("PUT", "/api/v1/inventory") => "{}",
        ("PUT", "/api/v1/applications/{name}") => APPLICATION,
        ("PUT", "/api/v1/accounts/{id}") => ACCOUNT,
        ("PUT", "/api/v1/policies/{name}") => POLICY,
        ("PUT", "/api/v1/groups/{name}") => r#"{"members": []}"#,
        ("PUT", "/api/v1/automation") => r#"{"on": false, "reason": "AWS is unwell"}"#,
        // Not right, so that whoever sends it stays signed in.
        ("PUT", "/api/v1/session/password") => {
            r#"{"present": "not the right password", "new": "another long password"}"#
        }
        ("POST", "/api/v1/session/proof") => r#"{"password": "the right password"}"#,
        ("POST", "/api/v1/session/factors/totp/confirm") => r#"{"code": "123456"}"#,
        ("POST", "/api/v1/session/passkeys") => r#"{"name": "on my ring", "answer": {}}"#,
        ("PATCH", "/api/v1/session/passkeys/{id}") => r#"{"name": "on my ring"}"#,
        ("PATCH", "/api/v1/regions/{code}") => r#"{"declared": "impaired"}"#,
        ("PATCH", "/api/v1/people/{id}") => r#"{"roles": ["viewer"]}"#,
        _ => "",
    }
}
