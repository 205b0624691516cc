//! What the fake control plane tells of.

use super::{RUN, operator};
use holdfast_api::{accounts::*, applications::*, people::*, regions::*, runs::*};
use serde_json::{Value, json};

pub fn summary(ended: bool) -> RunSummary {
    let ended_at = if ended { json!("2026-11-21T10:00:10Z") } else { Value::Null };
    serde_json::from_value(json!({
        "id": RUN, "application": "shop", "intent": "failover", "mode": "planned", "from_region": "us-east-1",
        "to_region": "eu-central-1", "state": if ended { "completed" } else { "awaiting_approval" }, "dry_run": false,
        "requested_by": "operator@example.com", "reason": "rehearsal", "requested_at": "2026-11-21T10:00:00Z",
        "ended_at": ended_at, "steps_done": 0, "steps_total": 0, "now": "waits for approval", "expires_at": null,
        "rto_seconds": null, "worst_lag_ms": null
    }))
    .unwrap()
}

pub fn view(ended: bool) -> RunView {
    let mut value = serde_json::to_value(summary(ended)).unwrap();
    let rest = json!({
        "plan_digest": "d".repeat(64), "incident": null, "impact_began_at": null, "approved_at": null,
        "rto_objective_seconds": 900, "rpo_objective_seconds": 30, "approval_policy": "one-approver",
        "tally": {"rules": [], "met": false}, "reviews": [], "overrides": [], "steps": [], "facts": [],
        "measurements": [], "notes": [],
        "measured": {"rto": {"detect_and_decide_seconds": null, "detect_seconds": null, "decide_seconds": null, "approve_seconds": null, "execute_seconds": null,
            "verify_seconds": null, "total_seconds": null, "from_impact": false}, "stores": []},
        "ending": null, "verbs": [], "acknowledged_by": null, "acknowledged_at": null, "seq": 1, "at": "2026-11-21T10:00:00Z"
    });
    value.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    serde_json::from_value(value).unwrap()
}

pub fn application_view() -> ApplicationView {
    serde_json::from_value(json!({
        "summary": {
            "name": "shop", "owner": "payments", "tier": 1, "strategy": "warm_standby", "home_region": "us-east-1",
            "recovery_regions": ["eu-central-1"], "recovery_state": "steady",
            "serving": {"regions": ["us-east-1"], "writers": [], "certain": true, "disagree": false, "reasons": []},
            "rto_objective_seconds": 900, "rpo_objective_seconds": 30, "rto_measured_seconds": null, "lag_now_ms": null,
            "has_store": true, "would_survive": "unknown", "because": null, "compliance": "unknown", "active_run": null,
            "picture_at": null
        },
        "application": {
            "name": "shop", "owner": "payments", "tier": 1, "strategy": "warm_standby", "home_region": "us-east-1",
            "recovery_regions": ["eu-central-1"], "objectives": {"rto": "15m", "rpo": "30s"},
            "approval_policy": "one-approver"
        },
        "resources": [], "findings": [], "runs": [], "lag": [],
        "moves": [{"intent": "failover", "from": "us-east-1", "to": "eu-central-1", "refused": null}]
    }))
    .unwrap()
}

pub fn account_view() -> AccountView {
    let unknown = || RoleAnswer {
        state: "unknown".into(),
        at: None,
        reason: None,
        way_out: None,
        identity: None,
        demands_external_id: None,
    };
    AccountView {
        id: "222222222222".into(),
        name: "shop-prod".into(),
        read_role_arn: "arn:aws:iam::222222222222:role/holdfast-read".into(),
        act_role_arn: "arn:aws:iam::222222222222:role/holdfast-act".into(),
        external_id: None,
        read: unknown(),
        act: unknown(),
        permissions: vec![],
        applications: vec![],
    }
}

pub fn region_view() -> RegionView {
    serde_json::from_value(json!({
        "code": "us-east-1", "name": "N. Virginia", "latitude": 38.9, "longitude": -77.4, "declared": "normal",
        "declared_reason": null, "observed": "good", "observed_at": null, "known": 3, "stale": 1, "unknown": 2,
        "reasons": [], "home_of": ["shop"], "serving": ["shop"], "recovery_of": []
    }))
    .unwrap()
}

pub fn person_view() -> PersonView {
    PersonView {
        id: operator().person.to_string(),
        email: "approver@example.com".into(),
        roles: vec!["approver".into()],
        groups: vec!["approvers".into()],
        disabled: false,
        temporary_password_until: None,
        other_accounts: Vec::new(),
    }
}

pub fn group_view() -> GroupView {
    GroupView { name: "approvers".into(), description: None, members: vec!["approver@example.com".into()] }
}

pub fn policy_view() -> PolicyView {
    PolicyView {
        name: "one-approver".into(),
        rules: vec![RuleView { group: "approvers".into(), approvals: 1 }],
        expires_after_seconds: 7_200,
    }
}
