//! Break-glass: what the database itself holds to, whoever asks and whatever a clock says.

use crate::{anybody, entry, furnished};
use holdfast_domain::{BreakGlassId, PersonId, Role, RunId};
use holdfast_failover::break_glass::{OpenedWith, UnderBreakGlass};
use holdfast_failover::run::{Event, RunState, Who};
use holdfast_store::{Advance, Error, NewBreakGlass, NewRun, NoticeOf, Store, hash_secret};
use holdfast_testkit::{TestDatabase, person, request, run_id, who};
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

fn new(holder: &Who, minutes: u16) -> NewBreakGlass {
    NewBreakGlass {
        holder: holder.clone(),
        reason: "nobody answers".into(),
        incident: None,
        minutes,
        opened_with: OpenedWith::SecondFactor,
        sealed_code: None,
    }
}

async fn open(store: &Store, new: &NewBreakGlass) -> Result<BreakGlassId, Error> {
    let mut change = store.begin().await?;
    let id = change.open_break_glass(new).await?;
    change.commit(entry("break_glass.open")).await?;
    Ok(id)
}

async fn end(store: &Store, id: BreakGlassId) -> Result<bool, Error> {
    let mut change = store.begin().await?;
    let ended = change.end_break_glass(id, "somebody").await?;
    change.commit(entry("break_glass.end")).await?;
    Ok(ended)
}

async fn review(store: &Store, id: BreakGlassId, by: &Who) -> Result<bool, Error> {
    let mut change = store.begin().await?;
    let reviewed = change.review_break_glass(id, by, "rightly").await?;
    change.commit(entry("break_glass.review")).await?;
    Ok(reviewed)
}

fn under(id: BreakGlassId, by: &Who) -> Event {
    let until = jiff::Timestamp::MAX;
    Event::BreakGlass {
        under: UnderBreakGlass { id, by: by.clone(), reason: "nobody answers".into(), until, offline: None },
    }
}

/// Requested and started in one: the request's own events, and these.
async fn request_under(store: &Store, application: &str, event: Event) -> Result<RunId, Error> {
    let request = request(application, anybody());
    let id = run_id();
    let events = [Event::Requested { request: Box::new(request.clone()) }, event, Event::Started];
    let summary = serde_json::json!({ "began": true });
    let new = NewRun { id, request: &request, state: RunState::Running, events: &events, summary };
    let mut change = store.begin().await?;
    change.insert_run(&new).await?;
    change.commit(entry("run.request")).await?;
    Ok(id)
}

async fn wait_for_approval(store: &Store, application: &str) -> RunId {
    let request = request(application, anybody());
    let id = run_id();
    let events = [Event::Requested { request: Box::new(request.clone()) }];
    let summary = serde_json::json!({});
    let new = NewRun { id, request: &request, state: RunState::AwaitingApproval, events: &events, summary };
    let mut change = store.begin().await.unwrap();
    change.insert_run(&new).await.unwrap();
    change.commit(entry("run.request")).await.unwrap();
    id
}

async fn start_waiting(store: &Store, run: RunId, event: Event) -> Result<(), Error> {
    let events = [event, Event::Started];
    let advance = Advance { run, expected_seq: 1, events: &events, state: RunState::Running, summary: None };
    let mut change = store.begin().await?;
    change.append(&advance).await?;
    change.commit(entry("run.break_glass")).await?;
    Ok(())
}

/// A holder, and somebody else.
async fn people(store: &Store) -> (Who, Who) {
    let holder = person(store, "olga@example.com", Role::Operator, &[]).await;
    let other = person(store, "ada@example.com", Role::Approver, &[]).await;
    (who(&holder), who(&other))
}

async fn owner(database: &TestDatabase, sql: String) {
    database.owner().await.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// As if its hour had passed, past what guards the row.
async fn age(database: &TestDatabase, id: BreakGlassId) {
    let sql = format!(
        "ALTER TABLE break_glasses DISABLE TRIGGER USER;
         UPDATE break_glasses SET opened_at = opened_at - interval '2 h', expires_at = expires_at - interval '2 h' WHERE id = '{id}';
         ALTER TABLE break_glasses ENABLE TRIGGER USER"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database.owner().await).await.unwrap();
}

#[tokio::test]
async fn one_at_a_time_for_each_person_by_the_databases_clock_and_for_an_hour_at_most() {
    let (database, store) = furnished().await;
    let (holder, other) = people(&store).await;
    let before = store.now().await.unwrap();
    let mut given_up = store.begin().await.unwrap();
    given_up.open_break_glass(&new(&holder, 60)).await.unwrap();
    drop(given_up);
    assert_eq!(store.due_notices(10).await.unwrap(), [], "nobody hears of what was rolled back");
    let first = open(&store, &new(&holder, 60)).await.unwrap();
    let told = store.due_notices(10).await.unwrap();
    assert_eq!(told.iter().map(|notice| notice.of).collect::<Vec<_>>(), [NoticeOf::BreakGlass(first)]);
    assert!(store.address(&told[0], &[], None).await.unwrap(), "once");
    assert_eq!(store.due_notices(10).await.unwrap(), []);
    let glass = store.break_glass(first).await.unwrap();
    assert!(before <= glass.opened_at && glass.opened_at <= store.now().await.unwrap());
    assert_eq!(glass.expires_at.duration_since(glass.opened_at).as_secs(), 3_600);
    assert!(open(&store, &new(&holder, 5)).await.unwrap_err().is_conflict("break_glasses_one_open"));
    assert!(open(&store, &new(&other, 61)).await.unwrap_err().is_conflict("break_glasses_an_hour_at_most"));
    assert!(open(&store, &new(&other, 0)).await.unwrap_err().is_conflict("break_glasses_an_hour_at_most"));
    open(&store, &new(&other, 5)).await.unwrap();
    assert_eq!(store.break_glasses_to_review().await.unwrap().len(), 2);
    assert_eq!(store.open_break_glass_of(holder.id).await.unwrap().map(|glass| glass.id), Some(first));
    age(&database, first).await;
    assert_eq!(store.open_break_glass_of(holder.id).await.unwrap(), None, "the clock has ended it");
    assert_eq!(store.expired_break_glasses().await.unwrap()[0].id, first);
    assert!(end(&store, first).await.unwrap());
    let ended = store.break_glass(first).await.unwrap();
    assert_eq!(ended.ended.map(|(at, _)| at), Some(ended.expires_at), "not when it was written down");
    assert!(!end(&store, first).await.unwrap(), "it ends once");
    let again = open(&store, &new(&holder, 5)).await.unwrap_err();
    assert!(again.is_conflict("break_glasses_reviewed_first"), "{again}");
    assert!(review(&store, first, &other).await.unwrap());
    open(&store, &new(&holder, 5)).await.unwrap();
}

#[tokio::test]
async fn a_run_starts_under_an_open_one_of_its_holder_only_and_is_marked_for_ever() {
    let (database, store) = furnished().await;
    let (holder, other) = people(&store).await;
    let id = open(&store, &new(&holder, 30)).await.unwrap();
    let not_open = |answer: Result<RunId, Error>| {
        assert!(answer.unwrap_err().is_conflict("run_events_break_glass_is_open"));
    };
    not_open(request_under(&store, "shop", under(id, &other)).await);
    not_open(request_under(&store, "shop", under(BreakGlassId::fresh(), &holder)).await);
    let run = request_under(&store, "shop", under(id, &holder)).await.unwrap();
    assert_eq!(store.run_head(run).await.unwrap().break_glass, Some(id));
    assert_eq!(store.runs_under(&[id]).await.unwrap()[&id][0].id, run);

    let mut app = database.app().await;
    for sql in [
        format!("UPDATE runs SET break_glass = NULL WHERE id = '{run}'"),
        "UPDATE runs SET break_glass = gen_random_uuid() WHERE break_glass IS NOT NULL".to_owned(),
    ] {
        let refused = app.execute(AssertSqlSafe(sql.clone())).await.expect_err(&sql);
        assert_eq!(refused.as_database_error().unwrap().constraint(), Some("runs_stay_marked"), "{sql}");
    }
    owner(&database, format!("UPDATE runs SET state = 'completed', ended_at = now() WHERE id = '{run}'"))
        .await;
    end(&store, id).await.unwrap();
    not_open(request_under(&store, "shop", under(id, &holder)).await);
}

#[tokio::test]
async fn a_request_that_waits_is_started_and_marked_in_one_write_or_not_at_all() {
    let (database, store) = furnished().await;
    let (holder, another) = people(&store).await;
    let id = open(&store, &new(&holder, 30)).await.unwrap();
    let waiting = wait_for_approval(&store, "shop").await;
    age(&database, id).await;
    let late = start_waiting(&store, waiting, under(id, &holder)).await.unwrap_err();
    assert!(late.is_conflict("run_events_break_glass_is_open"), "{late}");
    let head = store.run_head(waiting).await.unwrap();
    assert_eq!((head.seq, head.break_glass), (1, None), "nothing of it was written");
    end(&store, id).await.unwrap();
    let anew = open(&store, &new(&another, 30)).await.unwrap();
    start_waiting(&store, waiting, under(anew, &another)).await.unwrap();
    let head = store.run_head(waiting).await.unwrap();
    assert_eq!((head.state, head.break_glass), (RunState::Running, Some(anew)));
}

#[tokio::test]
async fn its_review_is_closed_once_by_another_after_it_and_its_runs_are_over() {
    let (database, store) = furnished().await;
    let (holder, other) = people(&store).await;
    let id = open(&store, &new(&holder, 30)).await.unwrap();
    let run = request_under(&store, "shop", under(id, &holder)).await.unwrap();
    assert!(!review(&store, id, &other).await.unwrap(), "not while it lasts");
    end(&store, id).await.unwrap();
    let running = review(&store, id, &other).await.unwrap_err();
    assert!(running.is_conflict("break_glasses_reviewed_after_their_runs"), "{running}");
    owner(&database, format!("UPDATE runs SET state = 'completed', ended_at = now() WHERE id = '{run}'"))
        .await;
    let own = review(&store, id, &holder).await.unwrap_err();
    assert!(own.is_conflict("break_glasses_reviewed_by_another"), "{own}");
    assert_eq!(store.break_glasses_to_review().await.unwrap().len(), 1);
    assert!(review(&store, id, &other).await.unwrap());
    assert!(!review(&store, id, &other).await.unwrap(), "once");
    assert!(store.break_glasses_to_review().await.unwrap().is_empty());
    let reviewed = store.break_glass(id).await.unwrap().reviewed.unwrap();
    assert_eq!((reviewed.by.as_str(), reviewed.words.as_str()), ("ada@example.com", "rightly"));
}

#[tokio::test]
async fn a_sealed_code_opens_once_and_never_for_whoever_made_it() {
    let (_database, store) = furnished().await;
    let (holder, maker) = people(&store).await;
    let hash = hash_secret(b"a code");
    let using = async |by: PersonId| {
        let mut change = store.begin().await?;
        let used = change.use_sealed_code(&hash, by, &[]).await?;
        change.commit(entry("sealed_code.use")).await?;
        Ok::<Option<Uuid>, Error>(used)
    };
    let mut change = store.begin().await.unwrap();
    let id = change.make_sealed_code(&hash, "the safe", maker.id).await.unwrap();
    change.commit(entry("sealed_code.make")).await.unwrap();
    assert!(using(maker.id).await.unwrap_err().is_conflict("sealed_codes_not_its_makers"));
    assert_eq!(using(holder.id).await.unwrap(), Some(id));
    assert_eq!(using(holder.id).await.unwrap(), None, "it is used up");
    let mut change = store.begin().await.unwrap();
    assert!(!change.withdraw_sealed_code(id, maker.id).await.unwrap(), "it is used up");
    let with =
        NewBreakGlass { opened_with: OpenedWith::SealedCode, sealed_code: Some(id), ..new(&holder, 5) };
    let opened = open(&store, &with).await.unwrap();
    end(&store, opened).await.unwrap();
    let twice = open(&store, &with).await.unwrap_err();
    assert!(twice.is_conflict("break_glasses_sealed_code_key"), "{twice}");
    let code = &store.sealed_codes().await.unwrap()[0];
    assert_eq!(code.used.as_ref().map(|(by, _)| by.as_str()), Some("olga@example.com"));
}

#[tokio::test]
async fn what_was_so_of_a_break_glass_stays_so_for_the_application_and_the_owner() {
    let (database, store) = furnished().await;
    let (holder, other) = people(&store).await;
    let id = open(&store, &new(&holder, 5)).await.unwrap();
    let of = |set: &str| format!("UPDATE break_glasses SET {set} WHERE id = '{id}'");
    let mut owner = database.owner().await;
    let mut app = database.app().await;
    let said = |error: sqlx::Error| {
        let said = error.as_database_error().unwrap();
        said.constraint().map_or_else(|| said.code().unwrap_or_default().into_owned(), str::to_owned)
    };
    let (reviewer, email) = (other.id, &other.email);
    let by_owner = [
        (of("expires_at = expires_at + interval '1 min'"), "break_glasses_only_go_on"),
        (of("reason = 'another'"), "break_glasses_only_go_on"),
        (of(&format!("holder = '{reviewer}'")), "break_glasses_only_go_on"),
        (of("ended_at = opened_at - interval '1 s', ended_by = 'x'"), "break_glasses_ended_in_its_time"),
        (of("ended_by = 'x'"), "break_glasses_ended_by_somebody"),
        (of("review = 'x'"), "break_glasses_reviewed_whole"),
        (
            of(&format!(
                "reviewer = '{reviewer}', reviewer_email = '{email}', reviewed_at = now(), review = 'x'"
            )),
            "break_glasses_reviewed_once_over",
        ),
        (format!("DELETE FROM break_glasses WHERE id = '{id}'"), "42501"),
    ];
    for (sql, constraint) in by_owner {
        let refused = owner.execute(AssertSqlSafe(sql.clone())).await.expect_err(&sql);
        assert_eq!(said(refused), constraint, "{sql}");
    }
    for sql in [
        of("reason = 'another'"),
        of("expires_at = now()"),
        format!("DELETE FROM break_glasses WHERE id = '{id}'"),
        "UPDATE sealed_codes SET code_hash = code_hash".to_owned(),
        "DELETE FROM sealed_codes".to_owned(),
    ] {
        let refused = app.execute(AssertSqlSafe(sql.clone())).await.expect_err(&sql);
        assert_eq!(said(refused), "42501", "{sql}");
    }
    let dated = format!(
        "INSERT INTO break_glasses (id, holder, holder_email, reason, minutes, opened_with, opened_at)
         VALUES (gen_random_uuid(), '{reviewer}', 'x', 'x', 60, 'second_factor', now() - interval '30 days')
         RETURNING opened_at > now() - interval '1 min' AND expires_at > now() + interval '59 min'"
    );
    let now: bool = sqlx::query_scalar(AssertSqlSafe(dated)).fetch_one(&mut app).await.unwrap();
    assert!(now, "it opens when it is written, whatever is said");
    end(&store, id).await.unwrap();
    let again = of("ended_at = opened_at, ended_by = 'x'");
    let refused = owner.execute(AssertSqlSafe(again)).await.unwrap_err();
    assert_eq!(said(refused), "break_glasses_only_go_on", "it has ended");
}
