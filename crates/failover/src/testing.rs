//! Builders for this crate's tests: people, applications, pictures, requests.

pub mod compute;
pub mod effects;
pub mod stores;
pub mod switches;
pub mod world;

use crate::approval::FrozenPolicy;
use crate::change::Change;
use crate::digest::{Digest, request_digest};
use crate::movement::{Intent, Mode, Movement};
use crate::plan::{EmergencyVariant, Plan, escalated_id};
use crate::run::{Request, Who};
use crate::step::{How, Step, Work};
use crate::undo::declared;
use holdfast_domain::{ApprovalRule, Name, Objectives, PersonId, RegionCode, Seconds, StepId};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

pub const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

pub fn after(seconds: i64) -> Timestamp {
    NOW.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

pub fn step_id(text: &str) -> StepId {
    StepId::parse(text).unwrap()
}

/// Person 1 is who requests.
pub fn who(number: u128) -> Who {
    Who { id: PersonId(uuid::Uuid::from_u128(number)), email: format!("person-{number}@example.com") }
}

pub fn movement(intent: Intent, mode: Mode, from: &str, to: &str) -> Movement {
    Movement { intent, mode, from: region(from), to: region(to) }
}

pub fn failover(mode: Mode) -> Movement {
    movement(Intent::Failover, mode, "us-east-1", "eu-central-1")
}

pub fn policy(rules: &[(&str, u8)]) -> FrozenPolicy {
    FrozenPolicy {
        name: name("tier-1"),
        rules: rules.iter().map(|(g, n)| ApprovalRule { group: name(g), approvals: *n }).collect(),
        expires_after_seconds: 7200,
        editors: vec![],
    }
}

fn step(id: &str, work: Work, after: &[&str]) -> Step {
    let change = match &work {
        Work::Call { change } => Some(change.plane()),
        _ => None,
    };
    let undo = Some(declared(&work));
    Step {
        id: step_id(id),
        title: id.to_owned(),
        resource: change.as_ref().map(|_| name("thing")),
        work,
        regions: vec![region("us-east-1"), region("eu-central-1")],
        after: after.iter().map(|a| step_id(a)).collect(),
        timeout_seconds: 600,
        irreversible: false,
        plane: change.unwrap_or_else(|| "sts@eu-central-1".into()),
        value_now: String::new(),
        value_to_be: String::new(),
        how: How::default(),
        undo,
        undoes: None,
    }
}

pub fn scale(desired: u32) -> Change {
    Change::SetEcsDesiredCount {
        region: region("eu-central-1"),
        cluster: "shop".into(),
        service: "web".into(),
        desired,
    }
}

pub fn switch() -> Change {
    Change::SwitchAuroraOver {
        region: region("us-east-1"),
        global_cluster: "orders".into(),
        target_cluster_arn: world::arn("orders", "eu-central-1"),
    }
}

pub fn fail() -> Change {
    Change::FailAuroraOver {
        region: region("eu-central-1"),
        global_cluster: "orders".into(),
        target_cluster_arn: world::arn("orders", "eu-central-1"),
    }
}

/// A plan in the shape of a real one: look, two branches, a one-shot call after both, a confirmation.
pub fn small_plan() -> Plan {
    Plan {
        steps: vec![
            step("observe-again", Work::ObserveAgain, &[]),
            step(
                "record-lag",
                Work::RecordLag {
                    stores: vec![name("orders")],
                    target: region("eu-central-1"),
                    limit_ms: None,
                },
                &["observe-again"],
            ),
            step("scale-web", Work::Call { change: scale(6) }, &["observe-again"]),
            step("switch-orders", Work::Call { change: switch() }, &["record-lag", "scale-web"]),
            step(
                "confirm-serving",
                Work::ConfirmServing { region: region("eu-central-1"), not_from: None, probes: Vec::new() },
                &["switch-orders"],
            ),
        ],
        roles: BTreeMap::new(),
        facts: Vec::new(),
        before: Vec::new(),
        measurements: Vec::new(),
        notes: Vec::new(),
        changed_before: BTreeSet::new(),
        split: None,
        drill: None,
    }
}

/// What [`small_plan`] is escalated to: the same shape, and a call that accepts the loss of data.
pub fn small_variant() -> EmergencyVariant {
    let mut steps = small_plan().steps;
    for step in &mut steps {
        if step.id == step_id("switch-orders") {
            step.work = Work::Call { change: fail() };
            step.irreversible = true;
            step.undo = Some(declared(&step.work));
        }
        step.id = escalated_id(&step.id).unwrap();
        step.after = step.after.iter().map(|id| escalated_id(id).unwrap()).collect();
    }
    EmergencyVariant::Ready { steps, roles: BTreeMap::new(), notes: Vec::new() }
}

pub fn request() -> Request {
    sealed(Request {
        application: name("shop"),
        movement: failover(Mode::Planned),
        plan: small_plan(),
        emergency: Some(small_variant()),
        policy: policy(&[("sre", 1), ("business-owners", 1)]),
        objectives: Objectives { rto: Seconds(900), rpo: Seconds(30) },
        overrides: Vec::new(),
        holds: Vec::new(),
        dry_run: false,
        commit_within_seconds: None,
        digest: Digest(String::new()),
        by: who(1),
        reason: "the Region is impaired".into(),
        incident: None,
        impact_began_at: None,
        detected_at: None,
        asked_by: None,
        evacuation: None,
    })
}

/// With the digest of what it holds.
pub fn sealed(mut request: Request) -> Request {
    request.digest = request_digest(
        &request.application,
        &request.movement,
        &request.plan,
        request.emergency.as_ref(),
        &request.policy,
        request.manner(),
    )
    .unwrap();
    request
}
