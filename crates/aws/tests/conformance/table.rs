//! `docs/AWS.md`, from the suite.

use crate::peers::Peer;
use crate::suite::{ACCOUNT_ROWS, LOOKING_STEPS, OWN_CALLS, ROWS, Row, Scenario};
use crate::{accounts, checkpoint_bucket, collected, failures, sessions, wrapped_keys};
use holdfast_domain::ResourceKind;
use holdfast_failover::Change;
use holdfast_failover::change::Idempotency;
use std::collections::BTreeSet;
use std::fmt::Write as _;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/AWS.md");
const WRITE: &str = "HOLDFAST_WRITE_DOCS";

const HEAD: &str = "\
# The AWS systems

Made from the conformance suite (`crates/aws/tests/conformance`) and checked by it: every line here is run against the
peers that it names. Written anew by `HOLDFAST_WRITE_DOCS=1 cargo nextest run --release -p holdfast-aws -E 'test(the_page_of_systems)'`.

*Calls*: what steps call, what a second such call would do, and the plane that must answer, for a move from us-east-1 to
eu-central-1. *Compare and set*: AWS refuses it. *Set state*: it changes nothing. *Token*: AWS knows it by its token. *One
shot*: it would be a second effect, so it is looked up and never repeated blindly. *Looks*: the planes that a look needs.
*Proved by*: the simulator is ours; ministack and moto are not.

";

const TAIL: &str = "
## What is left out

AWS Elastic Disaster Recovery and EFS replication; as a store that a setting can be pointed at, an ElastiCache Global
Datastore. A step of your own can do what of these a recovery needs.
";

fn class(change: &Change) -> &'static str {
    match change.idempotency() {
        Idempotency::CompareAndSet => "compare and set",
        Idempotency::SetState => "set state",
        Idempotency::Token => "token",
        Idempotency::OneShot => "one shot",
    }
}

fn calls(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "none".to_owned();
    }
    let told: Vec<String> = changes
        .iter()
        .map(|change| format!("`{}` ({}; {})", change.action(), class(change), change.plane()))
        .collect();
    told.join("<br>")
}

fn proof(row: &Row) -> String {
    // `ministack_widened` is ministack.
    let peers: BTreeSet<&str> = row
        .scenarios
        .iter()
        .flat_map(|scenario| scenario.peers)
        .map(|peer| peer.split('_').next().unwrap_or(peer))
        .collect();
    let mut told: Vec<&str> =
        ["simulator", "ministack", "moto"].into_iter().filter(|peer| peers.contains(peer)).collect();
    told.extend(row.alone);
    told.join("; ")
}

async fn page() -> String {
    let peer = Peer::simulator().await.unwrap();
    let mut page = HEAD.to_owned();
    page.push_str("| kind | status shows | readiness finds | calls | looks | proved by |\n");
    page.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for kind in ResourceKind::ALL {
        let name = kind.as_str();
        let row = ROWS.iter().find(|row| row.kind == *kind).unwrap();
        let resource = (row.resource)(&peer).await;
        let calls = calls(&(row.changes)(&peer, &resource).await);
        let Row { status, readiness, looks, .. } = row;
        writeln!(page, "| {name} | {status} | {readiness} | {calls} | {looks} | {} |", proof(row)).unwrap();
    }
    page.push_str("\n## What is asked of an account\n\n| system | shows | readiness finds | calls | looks | proved by |\n");
    page.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for row in ACCOUNT_ROWS {
        writeln!(page, "| {} |", row.join(" | ")).unwrap();
    }
    page.push_str("\n## What holds for every kind\n\n| claim | proved by |\n| --- | --- |\n");
    let shared = sessions::SCENARIOS.iter().chain(accounts::SCENARIOS).chain(checkpoint_bucket::SCENARIOS);
    let shared = shared.chain(failures::SCENARIOS).chain(collected::SCENARIOS).chain(wrapped_keys::SCENARIOS);
    for Scenario { claim, peers } in shared {
        writeln!(page, "| {} | {} |", claim.replace('_', " "), peers.join(", ")).unwrap();
    }
    page.push_str("\n## Calls of steps of your own\n\n| call | is |\n| --- | --- |\n");
    for (name, what) in OWN_CALLS {
        writeln!(page, "| {name} | {what} |").unwrap();
    }
    page.push_str("\n## Steps that only look\n\n| step | is over when |\n| --- | --- |\n");
    for (name, end) in LOOKING_STEPS {
        writeln!(page, "| {name} | {end} |").unwrap();
    }
    page.push_str(TAIL);
    page
}

#[tokio::test]
async fn the_page_of_systems_says_what_the_suite_proves() {
    let page = page().await;
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        kept == page,
        "docs/AWS.md is not what the suite says. Write it anew:\n  {WRITE}=1 cargo nextest run --release -p holdfast-aws -E 'test(the_page_of_systems)'"
    );
}
