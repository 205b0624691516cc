//! Bundles for where no server is: who has a code for them, what goes into one, and that what is missing or old is said.

use crate::break_glass::has_an_app;
use crate::house::{AWAY, FAR, HOME, House, name, refused, test_entry};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::bundles::{Bundles, HandInJournal};
use holdfast_app::{App, Settings};
use holdfast_domain::{Actor, Role, Scope};
use holdfast_store::StoredBundle;
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

/// `shop`, seen in both Regions with its plans kept, and an operator with a second factor of two days.
async fn kept() -> (House, Actor) {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    let operator = Actor { second_factor: true, ..house.operator.clone() };
    has_an_app(&house, &operator, "2 days").await;
    house.app.look_after_plans(20).await.unwrap();
    (house, operator)
}

#[tokio::test]
async fn an_offline_code_is_made_with_a_second_factor_that_has_stood_for_a_day() {
    let (house, operator) = kept().await;
    let make = async |who: &Actor| house.app.make_offline_code(who).await;
    let without = Actor { second_factor: false, ..operator.clone() };
    assert_eq!(refused(make(&without).await).code, "fresh_identity_needed", "who has a factor gives it");
    let other = house.another("other@example.com", Role::Operator, &[]).await;
    assert_eq!(refused(make(&other).await).code, "strong_factor_needed");
    has_an_app(&house, &other, "1 hour").await;
    let other = Actor { second_factor: true, ..other };
    assert_eq!(refused(make(&other).await).code, "factor_too_new");
    let old = Actor { identity_proved_at: None, ..operator.clone() };
    assert_eq!(refused(make(&old).await).code, "fresh_identity_needed");
    let token = Actor { token_scopes: Some(Scope::ALL.to_vec()), ..operator.clone() };
    assert_eq!(refused(make(&token).await).code, "person_needed");
    assert_eq!(refused(make(&house.approver).await).status, 403);

    let first = make(&operator).await.unwrap();
    let second = make(&operator).await.unwrap();
    assert_ne!(first.code, second.code);
    let listed = house.app.bundle(&operator).await.unwrap().opened_by;
    assert_eq!(listed.iter().map(|code| code.id).collect::<Vec<_>>(), [second.id], "one of each, the newest");
    let text = format!("{:?}", house.app.audit(&operator, &AuditFilter::default()).await.unwrap().items);
    assert!(!text.contains(&second.code) && text.contains("offline_code.make"));
}

/// A bundle that was made so long ago.
async fn keeps(house: &House, seconds_ago: i64) -> (Uuid, Timestamp) {
    let made_at = Timestamp::now() - SignedDuration::from_secs(seconds_ago);
    let content = "a bundle".to_owned();
    let bundle = StoredBundle { id: Uuid::now_v7(), made_at, applications: 1, plans: 2, content };
    let mut change = house.store.begin().await.unwrap();
    change.keep_bundle(&bundle).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    (bundle.id, made_at)
}

#[tokio::test]
async fn a_code_is_ended_by_its_person_or_an_administrator_and_opens_nothing_that_is_made_then() {
    let (house, operator) = kept().await;
    let made = house.app.make_offline_code(&operator).await.unwrap();
    let other = house.another("other@example.com", Role::Operator, &[]).await;
    assert_eq!(refused(house.app.end_offline_code(&other, made.id).await).status, 404);
    let holders = async || house.app.bundle_draft().await.unwrap().map_or(0, |draft| draft.holders.len());
    assert_eq!(holders().await, 1);
    let admin = house.another("admin2@example.com", Role::Admin, &[]).await;
    house.app.end_offline_code(&admin, made.id).await.unwrap();
    assert_eq!(refused(house.app.end_offline_code(&operator, made.id).await).status, 404, "once");
    assert_eq!(holders().await, 0);
    // Nor does that of somebody who is no operator any more.
    house.app.make_offline_code(&operator).await.unwrap();
    let demoted = "UPDATE people SET roles = ARRAY['viewer'] WHERE email = 'operator@example.com'";
    house.database.owner().await.execute(demoted).await.unwrap();
    assert_eq!(holders().await, 0);
    let said = house.app.bundle(&admin).await.unwrap().opened_by;
    assert!(said.is_empty(), "nor is it said to open any: {said:?}");
    // What somebody could open is replaced by what nobody can.
    assert_eq!(house.app.bundle_draft().await.unwrap(), None);
    keeps(&house, 60).await;
    assert_eq!(house.app.bundle_draft().await.unwrap().map(|draft| draft.holders.len()), Some(0));
}

#[tokio::test]
async fn a_bundle_offers_the_emergency_form_of_each_kept_plan_as_a_request_would_freeze_it() {
    let (house, operator) = kept().await;
    assert_eq!(house.app.bundle_draft().await.unwrap(), None, "nobody could open it");
    house.app.make_offline_code(&operator).await.unwrap();
    let draft = house.app.bundle_draft().await.unwrap().unwrap();
    let shop = draft.contents.applications.iter().find(|of| of.application.name == name("shop")).unwrap();
    let plan = shop.plans.iter().find(|plan| plan.movement.to.as_str() == AWAY).unwrap();
    let steps = plan.plan.steps.iter().any(|step| step.change().is_some());
    assert!(steps && plan.movement.mode == holdfast_failover::Mode::Emergency);
    assert!(!draft.contents.accounts.is_empty());
    let again = house.app.bundle_draft().await.unwrap().unwrap();
    assert_eq!(again.print().unwrap(), draft.print().unwrap(), "nothing has changed");
    // Another measure makes no other bundle; another role does.
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    let measured = house.app.bundle_draft().await.unwrap().unwrap();
    assert_eq!(measured.print().unwrap(), draft.print().unwrap());
    let moved = "UPDATE accounts SET act_role_arn = 'arn:aws:iam::222222222222:role/another'";
    house.database.owner().await.execute(moved).await.unwrap();
    let moved = house.app.bundle_draft().await.unwrap().unwrap();
    assert_ne!(moved.print().unwrap(), draft.print().unwrap());
}

#[tokio::test]
async fn what_is_missing_or_stale_is_said() {
    let (house, operator) = kept().await;
    let state = async || house.app.bundle(&operator).await.unwrap();
    let nobody = state().await;
    assert!(nobody.stale && nobody.problems[0].contains("Nobody has an offline code"), "{nobody:#?}");
    assert_eq!(refused(house.app.bundle_copy(&operator).await).status, 404);
    house.app.make_offline_code(&operator).await.unwrap();
    assert!(state().await.problems[0].contains("No bundle was made yet"));

    let keep = async |ago: i64| {
        let made = keeps(&house, ago).await;
        house.store.record_bundle_place("folder /mnt", Ok(made)).await.unwrap();
    };
    keep(16 * 60).await;
    let old = state().await;
    assert!(old.stale && old.places[0].stale, "{old:#?}");
    assert!(old.problems.iter().any(|said| said.contains("is stale")));
    keep(60).await;
    let fresh = state().await;
    assert!(!fresh.stale && fresh.problems.is_empty(), "{fresh:#?}");
    assert_eq!(house.app.bundle_copy(&operator).await.unwrap(), "a bundle");
    house.store.record_bundle_place("folder /mnt", Err("the disk is full")).await.unwrap();
    let full = state().await;
    assert!(full.problems.iter().any(|said| said.contains("the disk is full")), "{full:#?}");
    assert!(full.places[0].made_at.is_some(), "what it held it still holds");
    assert_eq!(refused(house.app.bundle_copy(&house.approver).await).status, 403);
}

#[tokio::test]
async fn a_bundle_that_no_place_holds_is_not_fresh() {
    let (house, operator) = kept().await;
    house.app.make_offline_code(&operator).await.unwrap();
    let made = keeps(&house, 60).await;
    let state = async || house.app.bundle(&operator).await.unwrap();
    let nowhere = state().await;
    assert!(nowhere.stale && nowhere.places.is_empty(), "a row is lost with its database: {nowhere:#?}");
    house.store.record_bundle_place("folder /mnt", Err("the disk is full")).await.unwrap();
    let failed = state().await;
    assert!(failed.stale && failed.places[0].stale, "{failed:#?}");
    assert!(failed.problems.iter().all(|said| !said.contains("The newest bundle is stale")), "{failed:#?}");
    house.store.record_bundle_place("folder /mnt", Ok(made)).await.unwrap();
    assert!(!state().await.stale);
    let unset = App::new(house.store.clone(), Settings::default()).bundle(&operator).await.unwrap();
    assert!(unset.problems.iter().any(|said| said.contains("set HOLDFAST_BUNDLES")), "{unset:#?}");
}

#[tokio::test]
async fn nothing_begins_by_the_way_back_and_what_is_no_journal_is_refused() {
    let (house, operator) = kept().await;
    for text in ["", "{}", "{}\t00\n", "\u{1}"] {
        let answer = house.app.hand_in_journal(&operator, HandInJournal { journal: text.into() }).await;
        assert_eq!(refused(answer).code, "journal_tampered", "{text:?}");
    }
    let viewer = house.another("viewer@example.com", Role::Viewer, &[]).await;
    let answer = house.app.hand_in_journal(&viewer, HandInJournal { journal: String::new() }).await;
    assert_eq!(refused(answer).status, 403);
    // By the application's own role, whatever a program of ours would do.
    let insert = |ended: &str| {
        format!(
            "INSERT INTO runs (id, application, state, digest, intent, mode, from_region, to_region, dry_run, requested_by,
                 requested_email, reason, requested_at, expires_at, seq, ended_at, offline_journal)
             VALUES (gen_random_uuid(), 'shop', '{}', repeat('0', 64), 'failover', 'emergency', 'us-east-1', 'eu-central-1', false,
                 '{}', 'x@example.com', 'x', now(), now() + interval '1 hour', 1, {ended}, repeat('0', 64))",
            if ended == "NULL" { "running" } else { "completed" },
            operator.person
        )
    };
    let mut app = house.database.app().await;
    let refused = app.execute(AssertSqlSafe(insert("NULL"))).await.unwrap_err().to_string();
    assert!(refused.contains("runs_offline_are_over"), "{refused}");
    app.execute(AssertSqlSafe(insert("now()"))).await.unwrap();
    let refused = app.execute(AssertSqlSafe(insert("now()"))).await.unwrap_err().to_string();
    assert!(refused.contains("runs_offline_journal_key"), "{refused}");
    // One that says that it was opened elsewhere is over, and lets nothing of here begin.
    let glass = format!(
        "INSERT INTO break_glasses (id, holder, holder_email, reason, minutes, opened_with, opened_at)
         VALUES ('01900000-0000-7000-8000-00000000000a', '{}', 'x@example.com', 'x', 60, 'offline_code', now() + interval '1 day')",
        operator.person
    );
    app.execute(AssertSqlSafe(glass)).await.unwrap();
    let open = house.store.open_break_glass_of(operator.person).await.unwrap();
    assert_eq!(open, None);
}
