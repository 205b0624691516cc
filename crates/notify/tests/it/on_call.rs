//! Whoever is on call hears first, and a calendar that cannot be read never means that nobody does.

use super::*;
use holdfast_api::on_call::{NewOverride, OnCallView, OnCalls as _, PutOnCall, RotationView};
use holdfast_domain::Name;
use jiff::SignedDuration;

fn team() -> Name {
    Name::parse("approvers").unwrap()
}

/// `approver` and `second`, who both may approve; each has a channel of their own.
async fn two_approvers(house: &House, receiver: &Receiver) -> Person {
    let second = person(&house.store, "second@example.com", Role::Approver, &["approvers"]).await;
    house.channel(&house.approver, ChannelKind::Webhook, &receiver.url("/first")).await;
    house.channel(&second, ChannelKind::Webhook, &receiver.url("/second")).await;
    second
}

async fn rotate(house: &House, people: &[&str]) -> OnCallView {
    let rotation = RotationView {
        people: people.iter().map(|email| (*email).to_owned()).collect(),
        time_zone: "Europe/Berlin".into(),
        starts_on: "2026-01-05".into(),
        hand_over: "09:00".into(),
        turn_days: 7,
    };
    let put = PutOnCall { rotation: Some(rotation), calendar_url: None };
    house.app.put_on_call(&actor(&house.operator), &team(), put).await.unwrap()
}

/// By a calendar it is they; as that stands before anybody has read it.
async fn follow(house: &House, email: &str) -> OnCallView {
    let now = house.store.now().await.unwrap();
    let (from, until) = (now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(1));
    let says = format!(r#"[{{"person": "{email}", "from": "{from}", "until": "{until}"}}]"#);
    let calendar = Receiver::that(Does::Say(says)).await;
    let put = PutOnCall { rotation: None, calendar_url: Some(calendar.url("/secret-canary.ics")) };
    house.app.put_on_call(&actor(&house.operator), &team(), put).await.unwrap()
}

/// Waits until the calendar was read.
async fn known(house: &House) -> OnCallView {
    let since = Instant::now();
    loop {
        let view = house.app.on_call(&actor(&house.operator)).await.unwrap().remove(0);
        if view.state == "known" {
            return view;
        }
        assert!(since.elapsed() < WITHIN, "{view:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Who was asked in the first round.
fn asked(told: &[DeliveryView]) -> Vec<&str> {
    let mut asked: Vec<&str> = told
        .iter()
        .filter(|one| one.matter == "approval_wanted" && one.round == 1)
        .map(|one| one.person.as_str())
        .collect();
    asked.sort_unstable();
    asked
}

#[tokio::test]
async fn whoever_is_on_call_is_asked_first_and_everybody_when_they_do_not_answer() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    let second = two_approvers(&house, &receiver).await;
    let view = rotate(&house, &[second.email.as_str()]).await;
    assert_eq!((view.now, view.state.as_str()), (vec![second.email.clone()], "known"));
    house.tells("http://127.0.0.1:9/", Duration::from_millis(300));
    let run = house.asks(|_| {}).await;
    let both =
        |told: &[DeliveryView]| told.iter().any(|one| one.person == house_approver() && one.round == 2);
    let told = house.until(&run, both).await;
    assert_eq!(asked(&told), [second.email.as_str()]);
}

fn house_approver() -> &'static str {
    "approver@example.com"
}

#[tokio::test]
async fn where_whoever_is_on_call_has_no_channel_everybody_is_asked_at_once() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    let second = person(&house.store, "second@example.com", Role::Approver, &["approvers"]).await;
    house.channel(&house.approver, ChannelKind::Webhook, &receiver.url("/first")).await;
    rotate(&house, &[second.email.as_str()]).await;
    house.tells("http://127.0.0.1:9/", NEVER);
    let run = house.asks(|_| {}).await;
    let heard =
        |told: &[DeliveryView]| told.iter().any(|one| (one.round, one.state.as_str()) == (1, "delivered"));
    let told = house.until(&run, heard).await;
    assert_eq!(asked(&told), [house_approver(), second.email.as_str()], "who cannot be reached is named");
}

#[tokio::test]
async fn who_takes_the_duty_over_is_asked_in_place_of_whose_turn_it_is() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    let second = two_approvers(&house, &receiver).await;
    rotate(&house, &[second.email.as_str()]).await;
    let until = house.store.now().await.unwrap() + SignedDuration::from_hours(1);
    let new = NewOverride { person: "Approver@example.com".into(), from: None, until };
    let view = house.app.override_on_call(&actor(&second), &team(), new).await.unwrap();
    assert!(view.overridden);
    assert_eq!(view.next.unwrap().people, [second.email.as_str()], "theirs again when it ends");
    house.tells("http://127.0.0.1:9/", NEVER);
    let run = house.asks(|_| {}).await;
    let told = house.until(&run, all("delivered")).await;
    assert_eq!(asked(&told), [house_approver()]);
    let ended = house.app.end_override(&actor(&second), &team(), view.overrides[0].id).await.unwrap();
    assert_eq!(ended.now, [second.email]);
}

#[tokio::test]
async fn a_calendar_says_who_and_while_it_cannot_be_read_everybody_is_asked() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    let second = two_approvers(&house, &receiver).await;
    let view = follow(&house, &second.email).await;
    assert_eq!((view.state.as_str(), view.now.len()), ("unknown", 0), "it was not read yet");
    assert!(!format!("{view:?}").contains("canary"), "{view:?}");
    let unread = house.asks(|_| {}).await;
    house.tells("http://127.0.0.1:9/", NEVER);
    assert_eq!(known(&house).await.now, [second.email.as_str()]);
    house.until(&unread, all("delivered")).await;
    house.command(&unread, Command::Cancel { by: who(&house.operator), reason: "again".into() }).await;
    let run = house.asks(|_| {}).await;
    assert_eq!(asked(&house.until(&run, all("delivered")).await), [second.email.as_str()]);
    house.command(&run, Command::Cancel { by: who(&house.operator), reason: "again".into() }).await;

    let old = "UPDATE on_call_schedules SET read_at = clock_timestamp() - interval '61 minutes', failure = 'it answered 503'";
    sqlx::raw_sql(old).execute(&mut house.database.owner().await).await.unwrap();
    let view = house.app.on_call(&actor(&house.operator)).await.unwrap().remove(0);
    assert_eq!(view.state, "unknown");
    assert!(view.reason.unwrap().contains("it answered 503"));
    let run = house.asks(|_| {}).await;
    let told = house.until(&run, |told| asked(told).len() == 2).await;
    assert_eq!(asked(&told), [house_approver(), second.email.as_str()], "never nobody");
}

#[tokio::test]
async fn that_a_calendar_names_only_somebody_without_an_account_is_said() {
    let mut house = House::new().await;
    follow(&house, "stranger@example.com").await;
    house.tells("http://127.0.0.1:9/", NEVER);
    let view = known(&house).await;
    assert!(view.now.is_empty(), "{view:?}");
    assert_eq!(view.reason.as_deref(), Some("Whoever is on call by the calendar has no account here."));
    assert_eq!(view.calendar.unwrap().strangers, ["stranger@example.com"]);
}

#[tokio::test]
async fn a_schedule_is_of_a_team_that_there_is_and_of_people_who_can_sign_in() {
    let house = House::new().await;
    let operator = actor(&house.operator);
    let rotation = |people: &[&str]| RotationView {
        people: people.iter().map(|email| (*email).to_owned()).collect(),
        time_zone: "UTC".into(),
        starts_on: "2026-01-05".into(),
        hand_over: "09:00".into(),
        turn_days: 7,
    };
    let put = async |team: &str, rotation: RotationView| {
        let put = PutOnCall { rotation: Some(rotation), calendar_url: None };
        let put = house.app.put_on_call(&operator, &Name::parse(team).unwrap(), put).await;
        put.map(drop).map_err(|no| no.fields.first().map_or(no.code.clone(), |field| field.path.clone()))
    };
    let no = |field: &str| Err(field.to_owned());
    assert_eq!(put("nobodys", rotation(&[house_approver()])).await, no("team"));
    assert_eq!(put("approvers", rotation(&["stranger@example.com"])).await, no("rotation.people"));
    assert_eq!(put("approvers", rotation(&[])).await, no("rotation.people"));
    let zone = RotationView { time_zone: "Mars/Olympus".into(), ..rotation(&[house_approver()]) };
    assert_eq!(put("approvers", zone).await, no("rotation.time_zone"));
    let viewer = person(&house.store, "viewer@example.com", Role::Viewer, &[]).await;
    let read = house.app.on_call(&actor(&viewer)).await;
    assert_eq!(read.unwrap(), [], "everybody may read it");
    let removed = house.app.remove_on_call(&actor(&viewer), &team()).await;
    assert_eq!(removed.unwrap_err().status, 403);
    assert_eq!(house.app.remove_on_call(&operator, &team()).await.unwrap_err().status, 404);
    let nothing = PutOnCall { rotation: None, calendar_url: None };
    assert_eq!(house.app.put_on_call(&operator, &team(), nothing).await.unwrap_err().status, 422);
}
