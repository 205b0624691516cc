//! Approvals: whose count when the last one is given, and what one bad run does to everybody's list.

use crate::house::{AWAY, HOME, House, id, name, refused, test_entry};
use holdfast_api::Answer;
use holdfast_api::inventory::{FileFormat, Inventories, Manner};
use holdfast_api::now::Nows;
use holdfast_api::runs::{Decision, ReviewRun, RunVerb, RunView, Runs};
use holdfast_app::App;
use holdfast_domain::{Actor, PersonId, Role};
use holdfast_failover::Intent;
use holdfast_failover::run::{Entry, Event, RunState};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

async fn waiting(application: &str) -> (House, RunView) {
    let house = House::new().await;
    house.sees_services(application, &[HOME, AWAY]).await;
    let run = house.request(House::asked(application, Intent::Failover, HOME, AWAY)).await.unwrap();
    (house, run)
}

async fn kinds(house: &House, run: &RunView) -> Vec<&'static str> {
    let entries = house.app.run_journal(&house.operator, id(run)).await.unwrap();
    entries.iter().map(|e| e.event.kind()).collect()
}

#[tokio::test]
async fn a_run_does_not_start_on_the_vote_of_somebody_disabled_since() {
    let (house, run) = waiting("pair").await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let third = house.another("third@example.com", Role::Approver, &["approvers"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    house.app.disable_person("approver@example.com").await.unwrap();

    let shown = house.app.run(&house.operator, id(&run)).await.unwrap();
    assert!(shown.reviews.is_empty(), "it is not shown as counting either");
    let after = house.approve(&second, &run).await.unwrap();
    assert_eq!(after.summary.state, RunState::AwaitingApproval);
    assert_eq!(kinds(&house, &run).await, ["requested", "approved", "approval_withdrawn", "approved"]);

    let after = house.approve(&third, &run).await.unwrap();
    assert_eq!(after.summary.state, RunState::Running);
}

#[tokio::test]
async fn a_vote_is_gone_with_the_role_of_an_approver() {
    let (house, run) = waiting("pair").await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    let mut change = house.store.begin().await.unwrap();
    change.set_roles(house.approver.person, &[Role::Viewer]).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    assert_eq!(house.approve(&second, &run).await.unwrap().summary.state, RunState::AwaitingApproval);
}

#[tokio::test]
async fn a_vote_is_gone_with_the_group_and_another_of_the_group_may_take_its_place() {
    let (house, run) = waiting("split").await;
    let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    assert!(house.app.approvals(&second).await.unwrap().is_empty(), "the seat is taken");
    let mut change = house.store.begin().await.unwrap();
    change.set_groups(house.approver.person, &[name("owners")]).await.unwrap();
    change.commit(test_entry()).await.unwrap();

    assert_eq!(house.app.approvals(&second).await.unwrap().len(), 1, "the seat is free again");
    assert_eq!(house.approve(&owner, &run).await.unwrap().summary.state, RunState::AwaitingApproval);
    assert_eq!(house.approve(&second, &run).await.unwrap().summary.state, RunState::Running);
}

#[tokio::test]
async fn votes_that_still_stand_start_the_run() {
    let (house, run) = waiting("pair").await;
    let second = house.another("second@example.com", Role::Approver, &["approvers", "owners"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    assert_eq!(house.approve(&second, &run).await.unwrap().summary.state, RunState::Running);
    assert_eq!(kinds(&house, &run).await, ["requested", "approved", "approved", "started"]);
}

#[tokio::test]
async fn a_refused_approval_takes_nobody_elses_back() {
    let (house, run) = waiting("pair").await;
    let owner = house.another("owner@example.com", Role::Approver, &["owners"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    house.app.disable_person("approver@example.com").await.unwrap();
    assert_eq!(refused(house.approve(&owner, &run).await).code, "not_an_approver");
    assert_eq!(kinds(&house, &run).await, ["requested", "approved"]);
}

#[tokio::test]
async fn one_run_that_cannot_be_read_leaves_everybody_their_list_and_first_page() {
    let (house, run) = waiting("shop").await;
    house.corrupt("pair", (Intent::Failover, HOME, AWAY), RunState::AwaitingApproval).await;
    let mine = house.app.approvals(&house.approver).await.unwrap();
    assert_eq!(mine.iter().map(|r| &r.id).collect::<Vec<_>>(), [&run.summary.id]);
    let now = house.app.now(&house.approver).await.unwrap();
    assert_eq!(now.approvals_for_me.len(), 1);
}

/// What a journal that says `started` must have said before: of the frozen bytes, by as many as the policy asks, none of them
/// the requester, none taken back.
fn judged(entries: &[Entry], requester: PersonId, approvals: usize) {
    let Some(Event::Requested { request }) = entries.first().map(|entry| &entry.event) else {
        panic!("a journal begins with its request")
    };
    let mut standing = BTreeSet::new();
    let mut starts = 0;
    for entry in entries {
        match &entry.event {
            Event::Approved { review, digest } => {
                assert_eq!(*digest, request.digest, "an approval is of what was asked for");
                assert_ne!(review.person, requester);
                assert_eq!(starts, 0, "nobody approves what has begun");
                standing.insert(review.person);
            }
            Event::ApprovalWithdrawn { by, .. } => {
                standing.remove(&by.id);
            }
            Event::Started => {
                starts += 1;
                assert!(standing.len() >= approvals, "{} of {approvals}: {entries:?}", standing.len());
            }
            _ => {}
        }
    }
    assert!(starts <= 1, "started {starts} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_last_approvals_at_once_the_run_starts_once() {
    let house = House::new().await;
    house.sees_services("pair", &[HOME, AWAY]).await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let third = house.another("third@example.com", Role::Approver, &["approvers"]).await;
    let mut both = 0;
    for _ in 0..20 {
        let run = house.request(House::asked("pair", Intent::Failover, HOME, AWAY)).await.unwrap();
        house.approve(&house.approver, &run).await.unwrap();
        let (one, other) = tokio::join!(house.approve(&second, &run), house.approve(&third, &run));
        both += usize::from(one.is_ok() && other.is_ok());
        let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
        judged(&entries, house.operator.person, 2);
        assert_eq!(entries.iter().filter(|entry| entry.event == Event::Started).count(), 1);
        let cancel = RunVerb::Cancel { reason: "once more".into() };
        house.app.drive_run(&house.operator, id(&run), cancel).await.unwrap();
    }
    assert!(both < 20, "the one that came second was told so, or changed nothing");
}

/// `SEEDS` asks for more rounds; the core goes through ten thousand of its own (`model/approval/seeded.rs`).
#[tokio::test(flavor = "multi_thread")]
async fn eight_clients_that_edit_approve_withdraw_and_cancel_at_once_start_nothing_unapproved() {
    let rounds =
        std::env::var("SEEDS").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(30).min(1_000);
    let house = House::new().await;
    let mut approvers = vec![house.approver.clone()];
    for n in 2..=5 {
        approvers.push(house.another(&format!("{n}@example.com"), Role::Approver, &["approvers"]).await);
    }
    let mut started = 0;
    for round in 0..rounds {
        house.sees_services("pair", &[HOME, AWAY]).await;
        let run = house.request(House::asked("pair", Intent::Failover, HOME, AWAY)).await.unwrap();
        let clients = (0..8_u64).map(|client| {
            let (app, operator, run) = (house.app.clone(), house.operator.clone(), run.clone());
            let approver = approvers[usize::try_from(client).unwrap() % approvers.len()].clone();
            let mut seeded = round.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(client) | 1;
            async move {
                for _ in 0..4 {
                    seeded = seeded
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let digest = run.plan_digest.clone();
                    let approve =
                        |plan_digest| ReviewRun { decision: Decision::Approve, plan_digest, comment: None };
                    // Whether each is accepted is for the journal to tell.
                    match (client, seeded >> 60) {
                        (6, _) => drop(edit(&app, &operator, (seeded >> 58) % 9 + 2).await),
                        (7, 0..=2) => {
                            let cancel = RunVerb::Cancel { reason: "enough".into() };
                            drop(app.drive_run(&operator, id(&run), cancel).await);
                        }
                        (7, _) => drop(app.review_run(&operator, id(&run), approve(digest)).await),
                        (_, 0..=8) => drop(app.review_run(&approver, id(&run), approve(digest)).await),
                        (_, 9 | 10) => {
                            drop(app.review_run(&approver, id(&run), approve("0".repeat(64))).await)
                        }
                        _ => drop(app.drive_run(&approver, id(&run), RunVerb::Withdraw).await),
                    }
                }
            }
        });
        clients.collect::<JoinSet<()>>().join_all().await;
        let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
        judged(&entries, house.operator.person, 2);
        started += usize::from(entries.iter().any(|entry| entry.event == Event::Started));
        let cancel = RunVerb::Cancel { reason: "the next round".into() };
        house.app.drive_run(&house.operator, id(&run), cancel).await.ok();
    }
    assert!(started > 0, "no run of {rounds} started");
}

/// Somebody changes what the plan rests on.
async fn edit(app: &App, by: &Actor, desired: u64) -> Answer<()> {
    let whole = app.export_inventory(by, FileFormat::Json).await?;
    let mut file: Value = serde_json::from_str(&whole).unwrap();
    let applications = file["applications"].as_array_mut().unwrap();
    let pair = applications.iter_mut().find(|one| one["name"] == "pair").unwrap();
    pair["resources"][0]["per_region"][AWAY]["desired_in_recovery"] = desired.into();
    app.apply_inventory(by, file.to_string().as_bytes(), FileFormat::Json, &Manner::default()).await.map(drop)
}

/// Each value of it that holds no other, by its pointer.
fn leaves(value: &Value, at: &str, into: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) if !fields.is_empty() => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            fields.iter().map(|(key, child)| (escaped(key), child)).collect()
        }
        Value::Array(all) if !all.is_empty() => {
            all.iter().enumerate().map(|(n, child)| (n.to_string(), child)).collect()
        }
        _ => return into.push(at.to_owned()),
    };
    children.iter().for_each(|(key, child)| leaves(child, &format!("{at}/{key}"), into));
}

fn flipped(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}x")),
        Value::Number(number) => json!(number.as_i64().unwrap_or(0) + 1),
        Value::Bool(yes) => json!(!yes),
        Value::Array(_) => json!(["x"]),
        Value::Object(_) => json!({ "x": "x" }),
        Value::Null => json!("x"),
    }
}

/// Whether what stands there is what the approvers were shown a digest of.
fn is_what_was_approved(body: &Value, digest: &str) -> bool {
    match serde_json::from_value(body.clone()) {
        Ok(Event::Requested { request }) => request.digest_now().is_ok_and(|now| now.to_string() == digest),
        _ => false,
    }
}

#[tokio::test]
async fn whatever_a_superuser_flips_in_a_stored_plan_the_last_vote_starts_nothing() {
    let (house, run) = waiting("pair").await;
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    house.approve(&house.approver, &run).await.unwrap();
    let mut owner = house.database.owner().await;
    sqlx::raw_sql("ALTER TABLE run_events DISABLE TRIGGER USER").execute(&mut owner).await.unwrap();
    let at: uuid::Uuid = run.summary.id.parse().unwrap();
    let asked: Value = sqlx::query_scalar("SELECT body FROM run_events WHERE run = $1 AND seq = 1")
        .bind(at)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert!(is_what_was_approved(&asked, &run.plan_digest));
    let write = "UPDATE run_events SET body = $2 WHERE run = $1 AND seq = 1";
    let (mut all, mut covered) = (Vec::new(), BTreeSet::new());
    leaves(&asked, "", &mut all);
    for leaf in all.iter().filter(|leaf| *leaf != "/kind") {
        let mut body = asked.clone();
        let value = body.pointer_mut(leaf).unwrap();
        *value = flipped(value);
        let part = leaf.trim_start_matches("/request/");
        if is_what_was_approved(&body, &run.plan_digest) && part != "digest" {
            let acts = [
                "plan/steps/",
                "plan/roles",
                "plan/facts",
                "policy",
                "overrides",
                "movement",
                "application",
                "dry_run",
            ];
            let shown = part.ends_with("/value_now");
            assert!(shown || !acts.iter().any(|acts| part.starts_with(acts)), "the digest leaves out {leaf}");
            continue;
        }
        sqlx::query(write).bind(at).bind(&body).execute(&mut owner).await.unwrap();
        let no = refused(house.approve(&second, &run).await);
        assert!(no.status >= 400, "{leaf}: {no:?}");
        let state: (String, i64) = sqlx::query_as("SELECT state, seq FROM runs WHERE id = $1")
            .bind(at)
            .fetch_one(&mut owner)
            .await
            .unwrap();
        assert_eq!(state, ("awaiting_approval".to_owned(), 2), "{leaf} was flipped, and it went on");
        covered.insert(part.split('/').take(2).collect::<Vec<_>>().join("/"));
    }
    for part in
        ["plan/steps", "plan/facts", "policy/rules", "movement/to", "application", "dry_run", "digest"]
    {
        assert!(covered.iter().any(|covered| covered == part), "{part} was not flipped: {covered:?}");
    }
    sqlx::query(write).bind(at).bind(&asked).execute(&mut owner).await.unwrap();
    assert_eq!(house.approve(&second, &run).await.unwrap().summary.state, RunState::Running);
}
