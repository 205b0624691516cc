//! What webhooks are signed with, as it lies in the table.

use crate::{entry, furnished, name, replace};
use holdfast_domain::Inventory;
use holdfast_store::sealing::{Sealing, Unreadable};
use holdfast_store::{AuditFilter, Error, Pools, Store};
use holdfast_testkit::{TestDatabase, inventory, test_database};
use sqlx::Executor as _;

const IN_CLEAR: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// The whole table, as a dump would have it.
async fn rows(database: &TestDatabase) -> String {
    let sql = "SELECT coalesce(string_agg(w::text, E'\\n'), '') FROM webhook_secrets w";
    sqlx::query_scalar(sql).fetch_one(&mut database.owner().await).await.unwrap()
}

async fn secret(store: &Store) -> Option<Result<String, Unreadable>> {
    store.webhook_secret(&name("shop"), &name("tell-partners")).await.unwrap()
}

/// As the version before this one wrote it.
async fn stands_in_clear(database: &TestDatabase) {
    let sql = format!("UPDATE webhook_secrets SET secret = '{IN_CLEAR}', sealed_secret = NULL");
    database.app().await.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test]
async fn a_webhook_keeps_its_secret_until_it_is_given_another_or_goes() {
    let (_database, store) = furnished().await;
    let secret = async |step: &str| {
        store.webhook_secret(&name("shop"), &name(step)).await.unwrap().map(Result::unwrap)
    };
    let first = secret("tell-partners").await.unwrap();
    assert!(first.starts_with("whsec_") && first.len() == 50, "{} characters", first.len());
    assert_eq!(secret("bank-told").await, None, "a wait signs nothing");
    replace(&store, &inventory()).await.unwrap();
    assert_eq!(secret("tell-partners").await.as_ref(), Some(&first));
    let other = first.replace(&first[6..10], "AAAA");
    let mut change = store.begin().await.unwrap();
    change.replace_webhook_secret(&name("shop"), &name("tell-partners"), &other).await.unwrap();
    let none = change.replace_webhook_secret(&name("shop"), &name("bank-told"), &other).await;
    assert!(matches!(none, Err(Error::NotFound("webhook"))));
    change.commit(entry("webhook.new_secret")).await.unwrap();
    assert_eq!(secret("tell-partners").await, Some(other));
    replace(&store, &Inventory { version: 1, plans: Some(vec![]), ..Inventory::default() }).await.unwrap();
    assert_eq!(secret("tell-partners").await, None);
    assert_eq!(store.own_steps(&name("shop")).await.unwrap(), vec![]);
}

#[tokio::test]
async fn the_table_holds_no_secret_that_whoever_reads_it_could_sign_with() {
    let (database, store) = furnished().await;
    let made = secret(&store).await.unwrap().unwrap();
    let mut change = store.begin().await.unwrap();
    change.replace_webhook_secret(&name("shop"), &name("tell-partners"), IN_CLEAR).await.unwrap();
    let first = rows(&database).await;
    change.commit(entry("webhook.new_secret")).await.unwrap();
    let second = rows(&database).await;
    for (row, of) in [(first, made), (second, IN_CLEAR.to_owned())] {
        assert!(row.contains("tell-partners"), "{row}");
        let as_bytes: String = of.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!row.contains("whsec") && !row.contains(&of[6..]) && !row.contains(&as_bytes), "{row}");
    }
    assert_eq!(secret(&store).await, Some(Ok(IN_CLEAR.to_owned())));
}

#[tokio::test]
async fn what_stands_in_clear_from_before_still_signs_and_is_sealed_once_by_a_server_that_has_a_key() {
    let (database, store) = furnished().await;
    stands_in_clear(&database).await;
    assert_eq!(secret(&store).await, Some(Ok(IN_CLEAR.to_owned())));
    assert_eq!(store.seal_webhook_secrets().await.unwrap(), 1);
    assert!(!rows(&database).await.contains("whsec"));
    assert_eq!(secret(&store).await, Some(Ok(IN_CLEAR.to_owned())));
    assert_eq!(store.seal_webhook_secrets().await.unwrap(), 0);
    let filter =
        AuditFilter { action: Some("webhook.seal_secrets".into()), limit: 9, ..AuditFilter::default() };
    assert_eq!(store.audit_entries(&filter).await.unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_key_no_secret_is_made_in_clear_and_what_was_there_before_goes_on() {
    let (database, with_key) = furnished().await;
    let store = Store::connect(&database.app_url, Pools { web: 2, engine: 1 }).await.unwrap();
    replace(&store, &inventory()).await.unwrap();
    assert_eq!(secret(&store).await, Some(Err(Unreadable::OtherKey)));
    stands_in_clear(&database).await;
    assert_eq!(store.seal_webhook_secrets().await.unwrap(), 0);
    assert_eq!(secret(&store).await, Some(Ok(IN_CLEAR.to_owned())));
    let mut change = store.begin().await.unwrap();
    let replaced = change.replace_webhook_secret(&name("shop"), &name("tell-partners"), IN_CLEAR).await;
    assert!(matches!(replaced, Err(Error::NoSecretsKey)), "{replaced:?}");
    drop(change);
    let none = Inventory { version: 1, plans: Some(vec![]), ..Inventory::default() };
    replace(&with_key, &none).await.unwrap();
    let refused = replace(&store, &inventory()).await;
    assert!(matches!(refused, Err(Error::NoSecretsKey)), "{refused:?}");
    assert_eq!(rows(&database).await, "");
}

#[tokio::test]
async fn a_secret_opens_with_the_keys_that_sealed_it_and_in_its_own_place_alone() {
    let database = test_database().await;
    let (old, new) = (Sealing::new_key().unwrap(), Sealing::new_key().unwrap());
    let with = async |keys: &[&str]| {
        let store = Store::connect(&database.app_url, Pools { web: 1, engine: 1 }).await.unwrap();
        store.sealing_with(Sealing::parse(&keys.join("\n")).unwrap())
    };
    replace(&with(&[&old]).await, &inventory()).await.unwrap();
    let made = secret(&with(&[&old]).await).await.unwrap().unwrap();
    assert_eq!(secret(&with(&[&old, &new]).await).await, Some(Ok(made)));
    assert_eq!(secret(&with(&[&new]).await).await, Some(Err(Unreadable::OtherKey)));
    let moved = "UPDATE webhook_secrets SET step = 'bank-told'";
    database.app().await.execute(moved).await.unwrap();
    let elsewhere = with(&[&old]).await.webhook_secret(&name("shop"), &name("bank-told")).await.unwrap();
    assert_eq!(elsewhere, Some(Err(Unreadable::Changed)));
}

#[tokio::test]
async fn a_row_has_one_secret_in_one_form() {
    let (database, _store) = furnished().await;
    let mut app = database.app().await;
    for (set, constraint) in [
        (format!("secret = '{IN_CLEAR}'"), "webhook_secrets_one_of_two"),
        ("sealed_secret = NULL".to_owned(), "webhook_secrets_one_of_two"),
        ("sealed_secret = 'whsec_'::bytea".to_owned(), "webhook_secrets_secret_is_sealed"),
    ] {
        let sql = format!("UPDATE webhook_secrets SET {set}");
        let refused = app.execute(sqlx::AssertSqlSafe(sql)).await.expect_err(&set);
        assert_eq!(refused.as_database_error().unwrap().constraint(), Some(constraint), "{set}");
    }
}
