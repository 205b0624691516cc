//! What the database has lost of a run's journal, as it is told.

use crate::house::{AWAY, FAR, HOME, House, id, name, test_entry};
use crate::scopes::holder;
use holdfast_api::now::Nows;
use holdfast_api::runs::Runs;
use holdfast_domain::RunId;
use holdfast_failover::gap::{Gap, WAY_OUT};
use holdfast_failover::{Intent, RunState};

async fn lost(house: &House, run: RunId) {
    let known_at = house.store.now().await.unwrap();
    let gap = Gap { run, application: name("shop"), kept: 1, known: 4, known_at };
    let mut change = house.store.begin().await.unwrap();
    change.record_gap(&gap, "worker-1").await.unwrap();
    change.commit(test_entry()).await.unwrap();
}

#[tokio::test]
async fn it_stands_on_the_runs_page_and_among_all_with_what_to_do() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    let run = house.request(House::asked("shop", Intent::Failover, HOME, AWAY)).await.unwrap();
    assert_eq!(run.gaps, []);
    lost(&house, id(&run)).await;
    let told = house.app.run(&house.operator, id(&run)).await.unwrap().gaps;
    assert_eq!((told[0].entries, told[0].first, told[0].last), (3, 2, 4));
    assert!(told[0].says.contains("3 entries of this run's journal, 2 to 4"), "{}", told[0].says);
    assert_eq!(told[0].way_out, WAY_OUT);
    assert_eq!(house.app.gaps(&house.operator).await.unwrap(), told);
    let ours = holder(&house, "ours@example.com", &["viewer:team=payments"]).await;
    assert_eq!(house.app.gaps(&ours).await.unwrap(), told);
    let others = holder(&house, "others@example.com", &["viewer:team=library"]).await;
    assert_eq!(house.app.gaps(&others).await.unwrap(), [], "of an application that they may not know of");
}

#[tokio::test]
async fn it_stands_there_too_where_what_is_left_of_the_journal_cannot_be_read() {
    let house = House::new().await;
    let run = house.corrupt("shop", (Intent::Failover, HOME, AWAY), RunState::Running).await;
    lost(&house, run).await;
    let shown = house.app.run(&house.operator, run).await.unwrap();
    assert!(shown.unreadable.is_some() && shown.gaps.len() == 1);
}
