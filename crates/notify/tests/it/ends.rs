//! What comes of what nobody can be told of, and who sees who was told.

use super::*;

#[tokio::test]
async fn of_what_cannot_be_read_administrators_hear_once_and_nobody_is_asked_for_ever() {
    let mut house = House::new().await;
    let admin = person(&house.store, "admin@example.com", Role::Admin, &[]).await;
    let run = house.asks(|_| {}).await;
    let broken = "ALTER TABLE run_events DISABLE TRIGGER USER;
                  UPDATE run_events SET body = jsonb_build_object('kind', kind);
                  ALTER TABLE run_events ENABLE TRIGGER USER;
                  UPDATE notices SET tries = 5";
    sqlx::raw_sql(broken).execute(&mut house.database.owner().await).await.unwrap();
    house.tells("http://127.0.0.1:9/", NEVER);
    house.until_nothing_is_due().await;
    let told = house.told(&run).await;
    assert_eq!(
        (told.len(), told[0].person.as_str(), told[0].matter.as_str()),
        (1, admin.email.as_str(), "needs_person")
    );
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_looked_at_again_later_and_later() {
    let house = House::new().await;
    house.asks(|_| {}).await;
    let broken = "ALTER TABLE run_events DISABLE TRIGGER USER;
                  UPDATE run_events SET body = jsonb_build_object('kind', kind);
                  ALTER TABLE run_events ENABLE TRIGGER USER";
    let mut owner = house.database.owner().await;
    sqlx::raw_sql(broken).execute(&mut owner).await.unwrap();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        assert_eq!(house.app.address_notices(10, NEVER).await.unwrap(), 1);
        let pause: f64 =
            sqlx::query_scalar("SELECT extract(epoch FROM due_at - clock_timestamp())::float8 FROM notices")
                .fetch_one(&mut owner)
                .await
                .unwrap();
        pauses.push((pause / 60.0).round());
        sqlx::raw_sql("UPDATE notices SET due_at = clock_timestamp()").execute(&mut owner).await.unwrap();
    }
    assert_eq!(pauses, [1.0, 2.0, 4.0, 8.0, 16.0]);
    house.app.address_notices(10, NEVER).await.unwrap();
    assert_eq!(house.app.address_notices(10, NEVER).await.unwrap(), 0, "there is an end");
}

#[tokio::test]
async fn who_was_told_is_shown_by_name_to_whoever_may_have_to_ring_them_up_and_what_a_receiver_said_to_its_owner()
 {
    let mut house = House::new().await;
    let down = Receiver::that(Does::Answer(404)).await;
    house.channel(&house.approver, ChannelKind::Slack, &down.url("/services/canary")).await;
    house.tells("http://127.0.0.1:9/", NEVER);
    let run = house.asks(|_| {}).await;
    house.until(&run, all("failed")).await;
    let viewer = person(&house.store, "viewer@example.com", Role::Viewer, &[]).await;
    let sees = async |who: &Person| {
        let told = house.app.told_of_run(&actor(who), run.id).await.unwrap().remove(0);
        (told.person, told.error.is_some(), told.state)
    };
    let failed = || "failed".to_owned();
    assert_eq!(sees(&viewer).await, ("somebody".to_owned(), false, failed()));
    assert_eq!(sees(&house.operator).await, (house.approver.email.clone(), false, failed()));
    assert_eq!(sees(&house.approver).await, (house.approver.email.clone(), true, failed()));
}
