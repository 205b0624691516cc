//! The audit log: what is read back, by which filter, and that nobody rewrites it.

use crate::furnished;
use holdfast_domain::{Name, PersonId, RunId};
use holdfast_store::{
    AuditActor, AuditEntry, AuditFilter, AuditOutcome, CallFilter, Error, RefusalLimits, Store,
};
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
        .in_request(Some(uuid::Uuid::now_v7()));
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
async fn refusals_are_written_down_until_they_would_fill_the_log_and_the_last_says_so() {
    let (_database, store) = furnished().await;
    let limits = RefusalLimits { window_seconds: 900, alike: 3, all: 5 };
    let refuse = async |who: &str, subject: &str, code: &str| {
        let actor = AuditActor::Person { id: PersonId::fresh(), email: who.into(), token: None };
        let entry = AuditEntry::refused("run.pause", actor, "run", subject, code);
        store.refuse_within(entry, limits).await.unwrap();
    };
    let told = async |who: &str| {
        let filter = AuditFilter { actor: Some(who.into()), limit: 100, ..AuditFilter::default() };
        let entries = store.audit_entries(&filter).await.unwrap();
        entries.into_iter().map(|e| (e.entry.subject, e.entry.detail)).collect::<Vec<_>>()
    };
    for _ in 0..10 {
        refuse("a@example.com", "1", "forbidden").await;
    }
    let alike = told("a@example.com").await;
    assert_eq!(alike.len(), 3, "{alike:?}");
    assert_eq!((&alike[0].1, &alike[1].1), (&json!({"no_more_for_seconds": 900}), &json!({})));
    refuse("a@example.com", "1", "wrong_state").await;
    for n in 0..10 {
        refuse("a@example.com", &n.to_string(), "forbidden").await;
    }
    let all = told("a@example.com").await;
    assert_eq!(all.len(), 5, "{all:?}");
    assert_eq!(all[0], ("0".to_owned(), json!({"no_more_for_seconds": 900})));
    // Nobody uses up what is kept for another.
    refuse("b@example.com", "1", "forbidden").await;
    assert_eq!(told("b@example.com").await.len(), 1);
    // Times are the database's: what lies before the window no longer counts.
    let short = RefusalLimits { window_seconds: 0, ..limits };
    let actor = AuditActor::Person { id: PersonId::fresh(), email: "a@example.com".into(), token: None };
    store
        .refuse_within(AuditEntry::refused("run.pause", actor, "run", "1", "forbidden"), short)
        .await
        .unwrap();
    assert_eq!(told("a@example.com").await.len(), 6);
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

/// What a worker writes down with the answer to a call.
fn call(run: RunId, of: &str, step: &str) -> AuditEntry {
    let calls =
        json!([{"step": step, "outcome": "answered", "action": "ecs:UpdateService", "request_id": step}]);
    AuditEntry::done("run.call_answered", system(), "run", run)
        .with(json!({"on_behalf_of": of, "steps": [step], "calls": calls}))
}

#[tokio::test]
async fn calls_are_found_by_whom_they_were_made_for_by_run_and_by_the_word_that_they_came_of() {
    let (database, store) = furnished().await;
    let (one, other) = (RunId::fresh(), RunId::fresh());
    let word = async |run: RunId, action: &str| {
        store.audit(AuditEntry::done(action, person(), "run", run)).await.unwrap()
    };
    let called = async |run: RunId, of: &str, step: &str| store.audit(call(run, of, step)).await.unwrap();
    let approved = word(one, "run.approve").await;
    let a = called(one, "a@example.com", "a").await;
    let elsewhere = called(other, "b@example.com", "x").await;
    let paused = word(one, "run.pause").await;
    let b = called(one, "a@example.com", "b").await;
    store
        .audit(
            AuditEntry::done("run.step_started", system(), "run", one)
                .with(json!({"on_behalf_of": "a@example.com"})),
        )
        .await
        .unwrap();
    let aborted = word(one, "run.abort").await;
    let c = called(one, "b@example.com", "c").await;
    let found = async |filter: CallFilter| -> Vec<i64> {
        let records = store.audited_calls(&CallFilter { limit: 100, ..filter }).await.unwrap();
        records.iter().map(|record| record.id).collect()
    };
    let of = |email: &str| CallFilter { on_behalf_of: Some(email.into()), ..CallFilter::default() };
    assert_eq!(found(CallFilter::default()).await, [c, b, elsewhere, a]);
    assert_eq!(found(of("a@example.com")).await, [b, a]);
    assert_eq!(found(of("b@example.com")).await, [c, elsewhere]);
    assert_eq!(found(CallFilter { run: Some(one), ..CallFilter::default() }).await, [c, b, a]);
    assert_eq!(
        found(CallFilter { after: Some(a), before: Some(c), ..CallFilter::default() }).await,
        [b, elsewhere]
    );
    let words = ["run.approve", "run.abort"];
    let until = async |entry: i64| store.click(entry, &words).await.unwrap().map(|click| click.until);
    assert_eq!(until(approved).await, Some(Some(aborted)), "a pause sets nothing going");
    assert_eq!(until(aborted).await, Some(None));
    assert_eq!(until(a).await, None, "a worker's entry is nobody's word");
    let of_pause = store.click(paused, &words).await.unwrap().unwrap();
    assert_eq!((of_pause.action.as_str(), of_pause.run), ("run.pause", one.to_string()));
    for (sql, index) in [
        ("detail ->> 'on_behalf_of' = 'a@example.com'", "audit_entries_calls_of"),
        ("subject_kind = 'run' AND subject = 'x'", "audit_entries_calls_run"),
    ] {
        let mut owner = database.owner().await;
        sqlx::raw_sql("SET enable_seqscan = off; SET enable_sort = off").execute(&mut owner).await.unwrap();
        let explain = format!(
            "EXPLAIN SELECT id FROM audit_entries WHERE detail ? 'calls' AND {sql} ORDER BY id DESC LIMIT 50"
        );
        let plan: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).fetch_all(&mut owner).await.unwrap();
        assert!(plan.join("\n").contains(index), "{plan:?}");
    }
}
