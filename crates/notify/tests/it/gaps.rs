//! What a database has lost of a run's journal is told to people.

use super::*;
use holdfast_domain::Name;
use holdfast_failover::gap::{Gap, WAY_OUT};

async fn noticed(house: &House, gap: &Gap, worker: &str) {
    let mut change = house.store.begin().await.unwrap();
    change.record_gap(gap, worker).await.unwrap();
    change.commit(entry("run.rewound")).await.unwrap();
}

#[tokio::test]
async fn whoever_asked_for_the_run_hears_once_of_a_gap_however_many_workers_notice_it() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(204)).await;
    house.channel(&house.operator, ChannelKind::Webhook, &receiver.url("/hook")).await;
    let run = house.asks(|_| {}).await;
    let known_at = house.store.now().await.unwrap();
    let gap = Gap { run: run.id, application: Name::parse("shop").unwrap(), kept: 1, known: 4, known_at };
    for worker in ["worker-1", "worker-2"] {
        noticed(&house, &gap, worker).await;
    }
    house.tells("http://127.0.0.1:9/", NEVER);
    let of_gap = |told: &[DeliveryView]| {
        told.iter().filter(|one| one.matter == "journal_gap" && one.state == "delivered").count()
    };
    let told = house.until(&run, |told| of_gap(told) == 1).await;
    assert!(told.iter().any(|one| one.matter == "journal_gap" && one.person == "operator@example.com"));
    let said: Vec<_> = receiver.heard().iter().map(|one| one.json()).collect();
    let said: Vec<_> = said.iter().filter(|one| one["data"]["matter"] == "journal_gap").collect();
    assert_eq!(said.len(), 1);
    assert!(said[0]["data"]["text"].as_str().unwrap().ends_with(WAY_OUT));
    assert_eq!(said[0]["data"]["url"], format!("{SITE}/runs/{}", run.id));
}

#[tokio::test]
async fn of_a_run_that_is_lost_whole_people_hear_too() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(204)).await;
    house.channel(&house.operator, ChannelKind::Webhook, &receiver.url("/hook")).await;
    let known_at = house.store.now().await.unwrap();
    let application = Name::parse("shop").unwrap();
    let gap = Gap { run: RunId::fresh(), application, kept: 0, known: 4, known_at };
    noticed(&house, &gap, "worker-1").await;
    house.tells("http://127.0.0.1:9/", NEVER);
    house.until_nothing_is_due().await;
    let since = Instant::now();
    while receiver.heard().is_empty() {
        assert!(since.elapsed() < WITHIN, "nobody was told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(receiver.heard()[0].json()["data"]["url"], format!("{SITE}/system"));
}
