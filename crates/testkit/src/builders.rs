//! What most stories begin with: the `shop` application over two Regions, people by role, a request to move.

use holdfast_domain::{Inventory, Name, PersonId, RegionCode, Role, RunId, Seconds};
use holdfast_failover::run::{Request, Who};
use holdfast_failover::{Digest, FrozenPolicy, Intent, Mode, Movement, Plan};
use holdfast_store::{AuditActor, AuditEntry, NewPerson, Person, Store};
use serde_json::json;

/// `shop`, tier 1, warm standby, at home in us-east-1 with eu-central-1 to recover in; `billing` depends on it.
#[must_use]
pub fn inventory() -> Inventory {
    let account = json!({
        "id": "222222222222", "name": "shop-prod", "external_id": "holdfast-test",
        "read_role_arn": "arn:aws:iam::222222222222:role/holdfast-read",
        "act_role_arn": "arn:aws:iam::222222222222:role/holdfast-act",
    });
    let shop = json!({
        "name": "shop", "owner": "payments", "tier": 1, "strategy": "warm_standby", "home_region": "us-east-1",
        "recovery_regions": ["eu-central-1"], "objectives": {"rto": "15m", "rpo": "30s"},
        "data_residency": ["us-east-1", "eu-central-1"], "approval_policy": "one-approver",
        "resources": [
            {"name": "front-door", "kind": "route53_records", "account": "shop-prod",
             "hosted_zone_id": "Z0123456789ABC", "record": "shop.example.com", "type": "A"},
            {"name": "orders", "kind": "aurora_global_database", "account": "shop-prod", "global_cluster": "orders"},
            {"name": "web", "kind": "ecs_service", "account": "shop-prod", "per_region": {
                "us-east-1": {"cluster": "shop", "service": "web"},
                "eu-central-1": {"cluster": "shop", "service": "web", "desired_in_recovery": 6}}},
        ],
        "waivers": [{"step": "front-door", "plane": "route53@us-east-1", "by": "operator@example.com",
                     "reason": "no other control plane exists", "review_on": "2027-03-01"}],
    });
    let billing = json!({
        "name": "billing", "owner": "payments", "tier": 2, "strategy": "pilot_light", "home_region": "us-east-1",
        "recovery_regions": ["eu-west-1", "eu-central-1"], "objectives": {"rto": "4h", "rpo": "5m"},
        "approval_policy": "tier-1", "depends_on": ["shop"],
    });
    serde_json::from_value(json!({
        "version": 1,
        "accounts": [account],
        "regions": [{"code": "us-east-1", "declared": "impaired", "reason": "elevated errors"}],
        "groups": [{"name": "approvers"}, {"name": "business-owners"}, {"name": "sre", "description": "on call"}],
        "approval_policies": [
            {"name": "one-approver", "rules": [{"group": "approvers", "approvals": 1}], "expires_after": "2h"},
            {"name": "tier-1", "rules": [{"group": "sre", "approvals": 1}, {"group": "business-owners", "approvals": 1}],
             "expires_after": "2h"},
        ],
        "applications": [billing, shop],
        "plans": [{"application": "shop", "steps": [
            {"name": "tell-partners", "place": {"before": "move_traffic"}, "moves": ["failover"], "in_emergency": "left_out",
             "timeout": "1m", "kind": "webhook", "url": "https://hooks.example.com/holdfast"},
            {"name": "bank-told", "place": {"after_step": "confirm-serving"}, "moves": ["failover", "failback"],
             "in_emergency": "carried_out", "kind": "wait_for_person", "says": "the bank knows", "group": "sre"},
        ]}],
    }))
    .expect("the inventory of the tests")
}

/// Stores a person with one role and without a password.
pub async fn person(store: &Store, email: &str, role: Role, groups: &[&str]) -> Person {
    let new = NewPerson {
        id: PersonId::fresh(),
        email: email.to_owned(),
        display_name: email.split('@').next().unwrap_or(email).to_owned(),
        password_hash: None,
        roles: vec![role],
        scoped_roles: vec![],
        groups: groups.iter().map(|g| Name::parse(g).expect("a group's name")).collect(),
    };
    let mut change = store.begin().await.expect("beginning a change");
    change.create_person(&new).await.expect("creating a person");
    let by = AuditActor::System { name: "test".into() };
    change
        .commit(AuditEntry::done("people.create", by, "person", new.id))
        .await
        .expect("committing a person");
    store.person(new.id).await.expect("reading the person back")
}

#[must_use]
pub fn who(person: &Person) -> Who {
    Who { id: person.id, email: person.email.clone() }
}

/// In the order of their making, as every run's.
#[must_use]
pub fn run_id() -> RunId {
    RunId::fresh()
}

/// A planned failover of `application` from us-east-1 to eu-central-1 with an empty plan, approved by one
/// of `approvers` within two hours.
#[must_use]
pub fn request(application: &str, by: Who) -> Request {
    let region = |code| RegionCode::parse(code).expect("a Region");
    let inventory = inventory();
    let name = Name::parse(application).expect("an application's name");
    let policy = inventory.approval_policies.iter().flatten().next().expect("a policy").clone();
    Request {
        application: name,
        movement: Movement {
            intent: Intent::Failover,
            mode: Mode::Planned,
            from: region("us-east-1"),
            to: region("eu-central-1"),
        },
        plan: serde_json::from_value::<Plan>(
            json!({"steps": [], "roles": {}, "facts": [], "before": [], "measurements": [], "notes": []}),
        )
        .expect("an empty plan"),
        emergency: None,
        policy: FrozenPolicy {
            name: policy.name,
            rules: policy.rules,
            expires_after_seconds: policy.expires_after.get(),
            editors: vec![],
        },
        objectives: holdfast_domain::Objectives { rto: Seconds(900), rpo: Seconds(30) },
        overrides: Vec::new(),
        holds: Vec::new(),
        dry_run: false,
        commit_within_seconds: None,
        digest: Digest::of(&application).expect("a digest"),
        by,
        reason: "elevated errors".into(),
        incident: None,
        impact_began_at: None,
        detected_at: None,
        asked_by: None,
        evacuation: None,
    }
}
