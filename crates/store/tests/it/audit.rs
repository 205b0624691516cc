//! The audit log: what is read back, by which filter, and that nobody rewrites it.

use crate::furnished;
use holdfast_domain::{Name, PersonId};
use holdfast_store::{AuditActor, AuditEntry, AuditFilter, AuditOutcome, Error, Store};
use jiff::SignedDuration;
use serde_json::json;

fn person() -> AuditActor {
    AuditActor::Person { id: PersonId::fresh(), email: "operator@example.com".into(), token: None }
}

fn system() -> AuditActor {
    AuditActor::System { name: "worker".into() }
}

async fn count(store: &Store, filter: AuditFilter) -> usize {
    store.audit_entries(&AuditFilter { limit: 1_000, ..filter }).await.unwrap().len()
}

#[tokio::test]
async fn an_entry_is_read_back_as_it_was_written() {
    let (_database, store) = furnished().await;
    let token = AuditActor::Person {
        id: PersonId::fresh(),
        email: "operator@example.com".into(),
        token: Some(uuid::Uuid::now_v7()),
    };
    let written = AuditEntry::refused("runs.request", token, "run", "none", "run_active")
        .of_application(&Name::parse("shop").unwrap())
        .because("another run holds it")
        .with(json!({"to": "eu-central-1"}))
        .in_request(Some("req-1".into()));
    let id = store.refuse(written.clone()).await.unwrap();
    let read =
        store.audit_entries(&AuditFilter { limit: 1, ..AuditFilter::default() }).await.unwrap().remove(0);
    assert_eq!((read.id, read.outcome, read.leaf_index), (id, AuditOutcome::Refused, None));
    assert_eq!(read.entry, written);
    let done = store.refuse(AuditEntry::done("runs.request", person(), "run", "none")).await;
    assert!(matches!(done, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn each_filter_finds_its_own() {
    let (_database, store) = furnished().await;
    let shop = Name::parse("shop").unwrap();
    let start = store.now().await.unwrap();
    for n in 0..4 {
        let entry = AuditEntry::done("runs.request", person(), "run", n).of_application(&shop);
        store.audit(entry).await.unwrap();
        store.audit(AuditEntry::done("runs.go_on", system(), "run", n).of_application(&shop)).await.unwrap();
        store
            .audit(AuditEntry::refused("session.create", person(), "session", n, "wrong_password"))
            .await
            .unwrap();
    }
    let all = AuditFilter { since: Some(start), ..AuditFilter::default() };
    let some = || all.clone();
    assert_eq!(count(&store, some()).await, 12);
    assert_eq!(count(&store, AuditFilter { application: Some(shop.clone()), ..some() }).await, 8);
    assert_eq!(count(&store, AuditFilter { action: Some("runs.request".into()), ..some() }).await, 4);
    let both = AuditFilter { application: Some(shop), action: Some("runs.go_on".into()), ..some() };
    assert_eq!(count(&store, both).await, 4);
    assert_eq!(count(&store, AuditFilter { actor: Some("worker".into()), ..some() }).await, 4);
    assert_eq!(count(&store, AuditFilter { subject: Some(("run".into(), "2".into())), ..some() }).await, 2);
    assert_eq!(count(&store, AuditFilter { outcome: Some(AuditOutcome::Refused), ..some() }).await, 4);
    let later = start + SignedDuration::from_hours(1);
    assert_eq!(count(&store, AuditFilter { since: Some(later), ..AuditFilter::default() }).await, 0);
    assert_eq!(count(&store, AuditFilter { until: Some(start), ..AuditFilter::default() }).await, 1);
    assert_eq!(count(&store, AuditFilter { until: Some(later), ..some() }).await, 12);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let (_database, store) = furnished().await;
    for n in 0..25 {
        store.audit(AuditEntry::done("a.b", system(), "n", n)).await.unwrap();
    }
    let mut filter = AuditFilter { action: Some("a.b".into()), limit: 10, ..AuditFilter::default() };
    let mut seen = vec![];
    loop {
        let page = store.audit_entries(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        seen.extend(page.into_iter().map(|r| r.entry.subject));
    }
    assert_eq!(seen, (0..25).rev().map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_rewrites_the_log_not_even_its_owner() {
    let (database, _store) = furnished().await;
    let (mut owner, mut app) = (database.owner().await, database.app().await);
    for sql in [
        "UPDATE audit_entries SET actor = 'x' WHERE id = 1",
        "UPDATE audit_entries SET at = at WHERE id = 1",
        "UPDATE audit_entries SET salt = salt WHERE id = 1",
        "DELETE FROM audit_entries WHERE id = 1",
        "TRUNCATE audit_entries CASCADE",
        "TRUNCATE audit_leaves, audit_nodes, audit_checkpoints, audit_keys",
        "INSERT INTO audit_entries (id, action, actor_kind, actor, subject_kind, subject, outcome, detail)
         VALUES (7, 'a.b', 'system', 'x', 'x', 'x', 'done', '{}')",
    ] {
        for (who, connection) in [("the owner", &mut owner), ("the application", &mut app)] {
            assert!(sqlx::query(sql).execute(connection).await.is_err(), "{who}: {sql}");
        }
    }
    // What the database alone gives, the application does not choose.
    for column in ["id", "at", "salt"] {
        let sql = format!(
            "INSERT INTO audit_entries ({column}, action, actor_kind, actor, subject_kind, subject, outcome, detail)
             VALUES (DEFAULT, 'a.b', 'system', 'x', 'x', 'x', 'done', '{{}}')"
        );
        assert!(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut app).await.is_err(), "{column}");
    }
}
