//! The schema itself: migrations, what the application's role may not do, what no row may say.

use crate::{furnished, start_run};
use holdfast_failover::run::RunState;
use holdfast_store::{AppRole, LocalLogin, Pools, Store, ensure_login, examine_role, local_role, migrate};
use holdfast_testkit::{TestDatabase, test_database};
use sqlx::{AssertSqlSafe, Executor as _};

#[tokio::test]
async fn migrating_again_and_at_the_same_time_changes_nothing() {
    let database = test_database().await;
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    let all =
        futures::future::join_all((0..4).map(|_| migrate(&database.owner_url, AppRole::Unchanged))).await;
    for outcome in all {
        outcome.unwrap();
    }
    migrate(&database.owner_url, AppRole::Unchanged).await.unwrap();
    assert!(database.store().await.schema_is_current().await.unwrap());
}

#[tokio::test]
async fn a_database_without_the_schema_is_not_current() {
    let database = test_database().await;
    sqlx::raw_sql("DELETE FROM _sqlx_migrations WHERE version > 3")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    let store = database.store().await;
    assert!(!store.schema_is_current().await.unwrap());
    sqlx::raw_sql("DROP TABLE _sqlx_migrations").execute(&mut database.owner().await).await.unwrap();
    assert!(!store.schema_is_current().await.unwrap());
}

#[tokio::test]
async fn the_applications_role_cannot_rewrite_history_or_change_the_schema() {
    let (database, store) = furnished().await;
    start_run(&store, "shop", false).await.unwrap();
    let mut app = database.app().await;
    for sql in [
        "UPDATE audit_entries SET actor = 'x'",
        "UPDATE audit_entries SET salt = salt",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "DROP TABLE audit_entries",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "ALTER TABLE audit_entries ADD COLUMN x int",
        "INSERT INTO audit_entries (id, action) OVERRIDING SYSTEM VALUE VALUES (1, 'a.b')",
        "INSERT INTO audit_entries (at, action) VALUES (now(), 'a.b')",
        "UPDATE run_events SET body = '{}'",
        "DELETE FROM run_events",
        "TRUNCATE run_events",
        "TRUNCATE runs CASCADE",
        "DROP TABLE run_events",
        "ALTER TABLE run_events DISABLE TRIGGER run_events_insert_only",
        "UPDATE measured SET rto = '{}'",
        "DELETE FROM measured",
        "UPDATE runs SET digest = repeat('0', 64)",
        "UPDATE runs SET expires_at = 'infinity'",
        "UPDATE runs SET requested_by = gen_random_uuid()",
        "DELETE FROM runs",
        "UPDATE runs SET evacuation = NULL",
        "UPDATE runs SET drill = NULL",
        "UPDATE held_resources SET holder = gen_random_uuid()",
        "UPDATE evacuation_events SET body = '{}'",
        "DELETE FROM evacuation_events",
        "TRUNCATE evacuation_events",
        "UPDATE evacuations SET digest = repeat('0', 64)",
        "DELETE FROM evacuations",
        "UPDATE journal_gaps SET known = known",
        "DELETE FROM journal_gaps",
        "TRUNCATE journal_gaps",
        "INSERT INTO journal_gaps (noticed_at) VALUES (now())",
        "CREATE TABLE x (y int)",
        "CREATE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION refuse_change CASCADE",
        "SET ROLE holdfast_owner",
        "SET session_replication_role = replica",
        "COPY audit_entries TO PROGRAM 'cat'",
        "CREATE ROLE x",
        "UPDATE _sqlx_migrations SET version = 9",
        "SELECT pg_read_file('/etc/passwd')",
    ] {
        let refused = app.execute(sql).await.expect_err(sql);
        let code = refused.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
        assert_eq!(code, "42501", "{sql}: {refused}");
    }
}

/// A run without an evacuation is one that was asked for by itself, as every run of an older version is.
#[tokio::test]
async fn what_the_version_before_evacuations_writes_of_a_run_is_still_enough() {
    let (database, _store) = furnished().await;
    let mut app = database.app().await;
    let run = "INSERT INTO runs (id, application, state, digest, intent, mode, from_region, to_region, dry_run, requested_by,
                   requested_email, reason, requested_at, expires_at, seq)
               VALUES (gen_random_uuid(), 'shop', 'awaiting_approval', repeat('0', 64), 'failover', 'planned', 'us-east-1',
                   'eu-central-1', false, gen_random_uuid(), 'x', 'x', now(), now() + interval '1 hour', 1)";
    app.execute(run).await.unwrap();
}

/// While replicas are replaced the version before reads and writes the same tables (`migrations/README.md`).
#[tokio::test]
async fn what_the_version_before_the_merkle_log_reads_and_writes_is_still_there() {
    let (database, _store) = furnished().await;
    let mut app = database.app().await;
    let entry = "INSERT INTO audit_entries (action, actor_kind, actor, person, token, subject_kind, subject, application,
                     outcome, code, reason, detail, request_id)
                 VALUES ('a.b', 'system', 'x', NULL, NULL, 'x', 'x', NULL, 'done', NULL, NULL, '{}', NULL)";
    app.execute(entry).await.unwrap();
    app.execute("SELECT id, at, action, leaf_index FROM audit_entries").await.unwrap();
}

#[tokio::test]
async fn journal_and_audit_log_are_insert_only_even_for_the_owner() {
    let (database, store) = furnished().await;
    start_run(&store, "shop", false).await.unwrap();
    let mut owner = database.owner().await;
    for sql in [
        "UPDATE audit_entries SET actor = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "UPDATE run_events SET body = body",
        "DELETE FROM run_events",
        "TRUNCATE run_events",
        "TRUNCATE runs CASCADE",
        "DELETE FROM runs",
    ] {
        assert!(owner.execute(sql).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn the_role_that_the_application_works_as_is_told_from_the_owners() {
    let database = test_database().await;
    let app = examine_role(&database.app_url).await.unwrap();
    assert!(app.is_lesser(), "{app:?}");
    assert_eq!(app.role, "holdfast_app");
    let owner = examine_role(&database.owner_url).await.unwrap();
    assert!(owner.may_change_schema && owner.may_rewrite_audit, "{owner:?}");
}

#[tokio::test]
async fn an_owners_url_leads_to_a_lesser_role_that_works() {
    let database = test_database().await;
    let local = local_role(&database.owner_url).unwrap();
    let LocalLogin { role, password } = local.login.clone().unwrap();
    assert_eq!(local, local_role(&database.owner_url).unwrap(), "every replica comes to the same");
    assert!(
        local.app_url.contains(&password) && !local.app_url.contains("holdfast_owner"),
        "{}",
        local.app_url
    );
    for _ in 0..2 {
        migrate(&database.owner_url, AppRole::Own { role: &role, password: &password }).await.unwrap();
    }
    let report = examine_role(&local.app_url).await.unwrap();
    assert!(report.is_lesser() && report.role == role, "{report:?}");
    let store = Store::connect(&local.app_url, Pools::default()).await.unwrap();
    assert!(store.is_empty().await.unwrap());
    store.close().await;
    drop_role(&database, &role).await;
}

#[tokio::test]
async fn the_role_of_the_applications_url_is_made_where_there_is_none_and_otherwise_left_alone() {
    let database = test_database().await;
    let role = format!("app_of_{}", uuid::Uuid::new_v4().simple());
    let with = |password: &str| {
        let owner = database.owner_url.split_once('@').expect("a host").1.to_owned();
        format!("postgres://{role}:{password}@{owner}")
    };
    // A quote, an at sign and a percent sign, as a URL has them.
    let url = with("it's%40%25secret");
    assert!(examine_role(&url).await.is_err(), "there is no such role yet");
    let made = ensure_login(&database.owner_url, &url).await.unwrap();
    assert_eq!(made.as_deref(), Some(role.as_str()));
    migrate(&database.owner_url, AppRole::Member { role: &role }).await.unwrap();
    let report = examine_role(&url).await.unwrap();
    assert!(report.is_lesser() && report.role == role, "{report:?}");
    let store = Store::connect(&url, Pools::default()).await.unwrap();
    assert!(store.is_empty().await.unwrap());
    store.close().await;

    assert_eq!(ensure_login(&database.owner_url, &with("another")).await.unwrap(), None);
    assert!(examine_role(&with("another")).await.is_err(), "its password is changed by nobody but its owner");
    let shut_out = format!("ALTER ROLE {role} NOLOGIN");
    database.owner().await.execute(AssertSqlSafe(shut_out)).await.unwrap();
    assert_eq!(ensure_login(&database.owner_url, &url).await.unwrap(), None);
    assert!(examine_role(&url).await.is_err(), "who was shut out stays so");
    drop_role(&database, &role).await;
}

async fn drop_role(database: &TestDatabase, role: &str) {
    let drop = format!("DROP ROLE {role}");
    database.owner().await.execute(AssertSqlSafe(drop)).await.unwrap();
}

#[tokio::test]
async fn two_holdfasts_on_one_postgres_do_not_lock_each_other_out() {
    let (one, two) = (test_database().await, test_database().await);
    // Their owners have different passwords, so that the passwords of their roles differ too.
    let other = two.owner_url.replacen("holdfast_owner:", "holdfast_owner:x", 1);
    let locals = [local_role(&one.owner_url).unwrap(), local_role(&other).unwrap()];
    let [first, second] = locals.clone().map(|local| local.login.unwrap());
    assert_ne!((&first.role, &first.password), (&second.role, &second.password));
    assert_ne!(first.role, second.role);
    for (database, login) in [(&one, &first), (&two, &second), (&one, &first)] {
        let own = AppRole::Own { role: &login.role, password: &login.password };
        migrate(&database.owner_url, own).await.unwrap();
    }
    for (database, login, local) in [(&one, &first, &locals[0]), (&two, &second, &locals[1])] {
        let store = Store::connect(&local.app_url, Pools::default()).await.unwrap();
        assert!(store.is_empty().await.unwrap());
        store.close().await;
        drop_role(database, &login.role).await;
    }
}

#[tokio::test]
async fn an_owner_without_a_password_takes_the_lesser_role_on() {
    let local = local_role("postgres://holdfast_owner@localhost/holdfast").unwrap();
    assert_eq!(local.login, None);
    // The same option on a URL that these tests can sign in with.
    let database = test_database().await;
    let option = local.app_url.rsplit_once('&').expect("an option").1;
    let url = format!("{}&{option}", database.owner_url);
    let role: String = sqlx::query_scalar("SELECT current_user::text")
        .fetch_one(&mut <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap())
        .await
        .unwrap();
    assert_eq!(role, "holdfast_app", "{}", local.app_url);
}

#[tokio::test]
async fn the_password_of_the_applications_role_cannot_carry_sql() {
    let database = test_database().await;
    for password in ["short", "', SUPERUSER; --aaaaaaaaaaaa"] {
        assert!(migrate(&database.owner_url, AppRole::Login { password }).await.is_err());
    }
}

/// Each statement says something that must not be; beside it the constraint that refuses it.
#[tokio::test]
async fn no_row_can_be_nonsense() {
    let (database, store) = furnished().await;
    let run = start_run(&store, "shop", false).await.unwrap();
    let mut app = database.app().await;
    let application =
        |column: &str, value: &str| format!("UPDATE applications SET {column} = {value} WHERE name = 'shop'");
    let person = |email: &str, roles: &str| {
        format!(
            "INSERT INTO people (id, email, display_name, roles) VALUES (gen_random_uuid(), '{email}', 'x', '{roles}')"
        )
    };
    let cases = [
        (application("rto_seconds", "-1"), "applications_rto_not_negative"),
        (application("rpo_seconds", "-1"), "applications_rpo_not_negative"),
        (application("tier", "0"), "applications_tier_known"),
        (application("tier", "5"), "applications_tier_known"),
        (application("strategy", "'hope'"), "applications_strategy_known"),
        (application("recovery_regions", "'{us-east-1}'"), "applications_home_not_in_recovery"),
        (application("recovery_regions", "'{}'"), "applications_recovery_present"),
        (application("recovery_regions", "'{eu-west-1,eu-west-1}'"), "applications_recovery_different"),
        (application("recovery_regions", "'{Frankfurt}'"), "region_shape"),
        (application("home_region", "'useast1'"), "region_shape"),
        (application("name", "'Not A Name'"), "name_shape"),
        (application("approval_policy", "'nobodys'"), "applications_approval_policy_fkey"),
        ("INSERT INTO application_dependencies VALUES ('shop', 'shop', 1)".into(), "application_dependencies_not_on_itself"),
        ("INSERT INTO application_dependencies VALUES ('shop', 'nothing', 1)".into(), "application_dependencies_depends_on_fkey"),
        ("UPDATE resources SET kind = 'probe' WHERE name = 'web'".into(), "resources_spec_is_of_kind"),
        ("UPDATE resources SET kind = 'x', spec = '{\"kind\": \"x\"}' WHERE name = 'web'".into(), "resources_kind_known"),
        ("UPDATE resources SET account = 'nobodys' WHERE name = 'web'".into(), "resources_account_fkey"),
        ("INSERT INTO resources VALUES ('shop', 'web', 'probe', 'shop-prod', '{\"kind\": \"probe\"}', 9)".into(), "resources_pkey"),
        ("INSERT INTO accounts VALUES ('22', 'x', 'arn:aws:iam::22:role/a', 'arn:aws:iam::22:role/b', 'xyz')".into(), "accounts_id_shape"),
        ("UPDATE accounts SET read_role_arn = 'arn:aws:iam::999999999999:role/x'".into(), "accounts_read_role_of_account"),
        ("UPDATE accounts SET act_role_arn = read_role_arn".into(), "accounts_two_roles"),
        ("UPDATE accounts SET external_id = 'another'".into(), "accounts_external_id_immutable"),
        ("INSERT INTO accounts VALUES ('999999999999', 'x', 'arn:aws:iam::999999999999:role/a', 'arn:aws:iam::999999999999:role/b',
          (SELECT external_id FROM accounts LIMIT 1))".into(), "accounts_external_id_key"),
        ("UPDATE approval_rules SET approvals = 0".into(), "approval_rules_approvals_positive"),
        ("UPDATE waivers SET reason = ' '".into(), "waivers_reason_given"),
        ("UPDATE declared_regions SET declared = 'fine'".into(), "declared_regions_declared_known"),
        ("INSERT INTO observations VALUES ('shop', 'web', 'us-east-1', now(), NULL, NULL, NULL)".into(), "observations_facts_with_time"),
        ("INSERT INTO observations VALUES ('shop', 'web', 'us-east-1')".into(), "observations_say_something"),
        ("INSERT INTO observations VALUES ('shop', 'x', 'us-east-1', now(), '{}')".into(), "observations_resource_fkey"),
        (person("A@example.com", "{}"), "people_email_lower_case"),
        (person("nobody", "{}"), "people_email_shape"),
        (person("a@example.com", "{king}"), "people_roles_known"),
        (person("a@example.com", "{admin,admin}"), "people_roles_different"),
        ("INSERT INTO people (id, email, display_name, roles, password_temporary_until)
          VALUES (gen_random_uuid(), 'a@example.com', 'x', '{}', now())".into(), "people_temporary_password_is_there"),
        ("INSERT INTO people (id, email, display_name, roles, one_with) VALUES ('00000000-0000-0000-0000-000000000001', 'a@example.com', 'x', '{}',
          '00000000-0000-0000-0000-000000000001')".into(), "people_one_with_another"),
        ("INSERT INTO approval_rules_left (application, policy, rules, expires_after_seconds, changed_by_email)
          VALUES ('shop', 'one', '{}', 1, 'x')".into(), "approval_rules_left_rules_listed"),
        ("INSERT INTO approval_rules_left (application, policy, rules, expires_after_seconds, changed_by_email)
          VALUES ('shop', 'one', '[]', 0, 'x')".into(), "approval_rules_left_expiry_positive"),
        ("INSERT INTO approval_rules_left (application, policy, rules, expires_after_seconds, changed_by_email, changed_at)
          VALUES ('shop', 'one', '[]', 1, 'x', '2020-01-01')".into(), "42501"),
        ("INSERT INTO scoped_roles (person, role) VALUES (gen_random_uuid(), 'viewer')".into(), "scoped_roles_are_limited"),
        ("INSERT INTO scoped_roles (person, role, tier) VALUES (gen_random_uuid(), 'king', 1)".into(), "scoped_roles_role_known"),
        ("INSERT INTO scoped_roles (person, role, tier) VALUES (gen_random_uuid(), 'viewer', 9)".into(), "scoped_roles_tier_known"),
        ("INSERT INTO scoped_roles (person, role, team) VALUES (gen_random_uuid(), 'viewer', 'a')".into(), "scoped_roles_person_fkey"),
        ("INSERT INTO sessions (id_hash, data, expires_at, ends_at, provider_session)
          VALUES (decode(repeat('00', 32), 'hex'), '{}', now(), now(), 's')".into(), "sessions_provider_session_has_issuer"),
        ("INSERT INTO provider_sign_outs VALUES ('https://idp.example.com', '', now())".into(), "provider_sign_outs_word_given"),
        ("UPDATE runs SET state = 'completed'".into(), "runs_end_with_their_state"),
        ("UPDATE runs SET ended_at = now()".into(), "runs_end_with_their_state"),
        ("UPDATE runs SET state = 'fine'".into(), "runs_state_known"),
        ("UPDATE runs SET owner_worker = 'a'".into(), "runs_owner_with_epoch"),
        ("UPDATE runs SET drill_refused = 'x'".into(), "runs_drill_refused_at_a_time"),
        (format!("INSERT INTO resource_claims VALUES ('{run}', 'x')"), "resource_claims_resource_fkey"),
        (format!("INSERT INTO run_events (run, seq, kind, body) VALUES ('{run}', 1, 'started', '{{\"kind\": \"started\"}}')"), "run_events_pkey"),
        (format!("INSERT INTO run_events (run, seq, kind, body) VALUES ('{run}', 9, 'started', '{{\"kind\": \"paused\"}}')"), "run_events_body_is_of_kind"),
        ("INSERT INTO run_events (run, seq, kind, body) VALUES (gen_random_uuid(), 1, 'x', '{\"kind\": \"x\"}')".into(), "run_events_run_fkey"),
        ("INSERT INTO workers VALUES ('a b', 1, now(), now())".into(), "workers_id_shape"),
        ("INSERT INTO sweeps VALUES (true)".into(), "42501"),
        ("INSERT INTO audit_entries (action, actor_kind, actor, subject_kind, subject, outcome, detail)
          VALUES ('a.b', 'person', 'x', 'x', 'x', 'done', '{}')".into(), "audit_entries_person_is_known"),
        ("INSERT INTO audit_entries (action, actor_kind, actor, subject_kind, subject, outcome, detail)
          VALUES ('a.b', 'system', 'x', 'x', 'x', 'refused', '{}')".into(), "audit_entries_refusal_has_code"),
        ("INSERT INTO audit_entries (action, actor_kind, actor, subject_kind, subject, outcome, detail)
          VALUES ('Nonsense', 'system', 'x', 'x', 'x', 'done', '{}')".into(), "audit_entries_action_shape"),
    ];
    for (sql, constraint) in cases {
        let refused = app.execute(AssertSqlSafe(sql.clone())).await.expect_err(&sql);
        let said = refused.as_database_error().unwrap();
        let found =
            said.constraint().map_or_else(|| said.code().unwrap_or_default().into_owned(), str::to_owned);
        assert_eq!(found, constraint, "{sql}: {said}");
    }
}

#[tokio::test]
async fn the_schema_and_the_program_agree_on_which_states_end_a_run() {
    let (database, store) = furnished().await;
    start_run(&store, "shop", false).await.unwrap();
    for state in RunState::ALL {
        for ended in [true, false] {
            let set = sqlx::query("UPDATE runs SET state = $1, ended_at = CASE WHEN $2 THEN now() END")
                .bind(state.as_str())
                .bind(ended)
                .execute(&mut database.app().await)
                .await;
            assert_eq!(set.is_ok(), ended == state.is_over(), "{state:?} ended: {ended}");
        }
    }
}

/// A table without a grant is of no use, and one that may be emptied is no record.
#[tokio::test]
async fn every_table_is_granted_and_none_of_the_records_may_be_deleted_from() {
    let database = test_database().await;
    let rights: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT tablename::text, has_table_privilege('holdfast_app', tablename::text, 'SELECT'),
                has_table_privilege('holdfast_app', tablename::text, 'DELETE, TRUNCATE')
         FROM pg_tables WHERE schemaname = 'public'",
    )
    .fetch_all(&mut database.owner().await)
    .await
    .unwrap();
    assert!(rights.len() > 25);
    for (table, read, delete) in rights {
        assert!(read, "{table}");
        let records = [
            "runs",
            "run_events",
            "measured",
            "people",
            "api_tokens",
            "_sqlx_migrations",
            "evacuations",
            "evacuation_events",
            "break_glasses",
            "sealed_codes",
            "approval_rules_left",
        ];
        if table.starts_with("audit_") || records.contains(&table.as_str()) {
            assert!(!delete, "{table}");
        }
    }
}

#[tokio::test]
async fn a_test_database_is_made_quickly() {
    drop(test_database().await);
    let began = std::time::Instant::now();
    let database = test_database().await;
    let took = began.elapsed();
    drop(database);
    assert!(took < std::time::Duration::from_secs(2), "took {took:?}");
    eprintln!("a test database took {took:?}");
}
