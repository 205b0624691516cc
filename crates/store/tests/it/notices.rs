//! The outbox: written with what happened or not at all, addressed once, delivered once at a time.

use crate::{anybody, entry, furnished, start_run};
use holdfast_domain::{ChannelKind, PersonId, Role, RunId};
use holdfast_failover::notice::{Matter, Message, Signal};
use holdfast_failover::run::{Event, RunState};
use holdfast_store::{CameOf, Channel, DeliveryState, NewDelivery, NewRun, Notice, NoticeOf, Store};
use holdfast_testkit::{TestDatabase, person, request, run_id};
use sqlx::Executor as _;
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(600);

async fn ask(store: &Store, commit: bool) -> RunId {
    let request = request("shop", anybody());
    let id = run_id();
    let events = [Event::Requested { request: Box::new(request.clone()) }];
    let new = NewRun {
        id,
        request: &request,
        state: RunState::AwaitingApproval,
        events: &events,
        summary: serde_json::json!({}),
    };
    let mut change = store.begin().await.unwrap();
    change.insert_run(&new).await.unwrap();
    if commit {
        change.commit(entry("run.request")).await.unwrap();
    }
    id
}

fn message(signal: Signal) -> Message {
    let mut message = Message::test("a@example.com", jiff::Timestamp::UNIX_EPOCH);
    (message.matter, message.signal) = (Matter::ApprovalWanted, signal);
    message
}

async fn channel(store: &Store, of: PersonId, kind: ChannelKind) -> Uuid {
    let id = Uuid::now_v7();
    let new =
        Channel { id, person: of, kind, name: "mine".into(), leads_to: "x".into(), sealed: vec![1; 40] };
    let mut change = store.begin().await.unwrap();
    change.add_channel(&new).await.unwrap();
    change.commit(entry("channel.add")).await.unwrap();
    id
}

/// A run that waits, and somebody with a channel.
async fn asked() -> (TestDatabase, Store, Notice, PersonId, Uuid) {
    let (database, store) = furnished().await;
    let who = person(&store, "approver@example.com", Role::Approver, &["approvers"]).await.id;
    let channel = channel(&store, who, ChannelKind::PagerDuty).await;
    ask(&store, true).await;
    let notice = store.due_notices(10).await.unwrap().remove(0);
    (database, store, notice, who, channel)
}

fn to(person: PersonId, channel: Option<Uuid>, signal: Signal) -> NewDelivery {
    NewDelivery { person, channel, message: message(signal) }
}

#[tokio::test]
async fn what_happened_is_in_the_outbox_with_it_or_not_at_all() {
    let (_database, store) = furnished().await;
    ask(&store, false).await;
    assert_eq!(store.due_notices(10).await.unwrap(), [], "it was rolled back");
    let id = ask(&store, true).await;
    let due = store.due_notices(10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].of, due[0].seq, due[0].rounds), (NoticeOf::Run(id), 1, 0));
}

#[tokio::test]
async fn of_a_dry_run_nobody_is_told() {
    let (_database, store) = furnished().await;
    start_run(&store, "shop", true).await.unwrap();
    assert_eq!(store.due_notices(10).await.unwrap(), []);
    start_run(&store, "shop", false).await.unwrap();
    assert_eq!(store.due_notices(10).await.unwrap().len(), 2, "asked for, and begun");
}

#[tokio::test]
async fn of_many_workers_one_addresses_a_notice_and_only_once() {
    let (_database, store, notice, who, channel) = asked().await;
    let deliveries = [to(who, Some(channel), Signal::Ask), to(who, None, Signal::Ask)];
    let all = (0..8).map(|_| store.address(&notice, &deliveries, Some(LONG)));
    let won = futures::future::join_all(all).await.into_iter().filter(|one| *one.as_ref().unwrap()).count();
    assert_eq!(won, 1);
    let NoticeOf::Run(_) = notice.of else { panic!("of a run") };
    let told = store.deliveries(notice.of, 10).await.unwrap();
    let mut states: Vec<_> = told.iter().map(|one| one.state.as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["no_channel", "waiting"]);
    assert_eq!(store.due_notices(10).await.unwrap(), [], "not again before its time");
}

#[tokio::test]
async fn it_is_looked_at_again_when_its_time_has_come_and_not_when_nobody_is_waited_for() {
    let (_database, store, notice, who, channel) = asked().await;
    assert!(
        store.address(&notice, &[to(who, Some(channel), Signal::Ask)], Some(Duration::ZERO)).await.unwrap()
    );
    let again = store.due_notices(10).await.unwrap().remove(0);
    assert_eq!((again.id, again.rounds), (notice.id, 1));
    assert!(!store.address(&notice, &[], None).await.unwrap(), "the first round is over");
    assert!(store.address(&again, &[to(who, Some(channel), Signal::Ask)], None).await.unwrap());
    assert_eq!(store.due_notices(10).await.unwrap(), []);
    assert_eq!(store.deliveries(notice.of, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_attempt_is_in_one_workers_hands_and_the_next_ones_when_it_dies() {
    let (_database, store, notice, who, channel) = asked().await;
    store.address(&notice, &[to(who, Some(channel), Signal::Ask)], None).await.unwrap();
    let taken = futures::future::join_all((0..8).map(|_| store.take_deliveries(5, LONG))).await;
    let taken: Vec<_> = taken.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].number, taken[0].channel), (1, channel));
    // It says nothing any more: the time for which it was taken runs out.
    let why = "no answer".to_owned();
    store.settle_delivery(&taken[0], &CameOf::Again { why, after: Duration::ZERO }).await.unwrap();
    let dead = store.take_deliveries(5, SHORT).await.unwrap().remove(0);
    let next = loop {
        if let Some(next) = store.take_deliveries(5, LONG).await.unwrap().pop() {
            break next;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((next.delivery, next.number), (dead.delivery, 3), "under the same id");
    assert!(!store.settle_delivery(&dead, &CameOf::GivenUp { why: "late".into() }).await.unwrap());
    assert!(store.settle_delivery(&next, &CameOf::Delivered).await.unwrap());
    let told = store.deliveries(notice.of, 10).await.unwrap();
    assert_eq!((told[0].state, told[0].attempts), (DeliveryState::Delivered, 3));
}

#[tokio::test]
async fn a_channel_has_one_delivery_under_way_so_that_a_dead_one_holds_one_place() {
    let (_database, store, notice, who, slow) = asked().await;
    let other = channel(&store, who, ChannelKind::Slack).await;
    let many = [to(who, Some(slow), Signal::Tell), to(who, Some(other), Signal::Tell)];
    store.address(&notice, &many, Some(Duration::ZERO)).await.unwrap();
    let again = store.due_notices(10).await.unwrap().remove(0);
    store.address(&again, &many, None).await.unwrap();
    let taken = store.take_deliveries(10, LONG).await.unwrap();
    let mut channels: Vec<_> = taken.iter().map(|one| one.channel).collect();
    channels.sort_unstable();
    let mut both = [slow, other];
    both.sort_unstable();
    assert_eq!(channels, both, "four wait, and one of each channel is under way");
    assert_eq!(store.take_deliveries(10, LONG).await.unwrap(), []);
}

#[tokio::test]
async fn what_rang_is_known_when_it_is_over_and_what_has_not_rung_does_not() {
    let (_database, store, notice, who, pager) = asked().await;
    let reader = channel(&store, who, ChannelKind::Slack).await;
    let waiting = channel(&store, who, ChannelKind::PagerDuty).await;
    let all = [pager, reader, waiting].map(|channel| to(who, Some(channel), Signal::Ask));
    store.address(&notice, &all, None).await.unwrap();
    // Whether one that failed rang all the same, its answer lost, nobody knows.
    for attempt in store.take_deliveries(10, LONG).await.unwrap() {
        let came_of = match attempt.channel == waiting {
            true => CameOf::Again { why: "busy".into(), after: LONG },
            false => CameOf::Delivered,
        };
        store.settle_delivery(&attempt, &came_of).await.unwrap();
    }
    let rang: BTreeSet<Uuid> = store.overtake(notice.of, 9).await.unwrap().into_iter().map(|r| r.1).collect();
    assert_eq!(rang, BTreeSet::from([pager, waiting]));
    let told = store.deliveries(notice.of, 10).await.unwrap();
    let overtaken = told.iter().filter(|one| one.state == DeliveryState::Overtaken).count();
    assert_eq!(overtaken, 1);
}

#[tokio::test]
async fn nothing_is_kept_of_a_channel_that_was_removed_and_what_waited_for_it_is_given_up() {
    let (database, store, notice, who, channel) = asked().await;
    store.address(&notice, &[to(who, Some(channel), Signal::Ask)], None).await.unwrap();
    let stranger = PersonId::fresh();
    let mut change = store.begin().await.unwrap();
    assert!(change.remove_channel(stranger, channel).await.is_err());
    drop(change);
    let mut change = store.begin().await.unwrap();
    change.remove_channel(who, channel).await.unwrap();
    change.commit(entry("channel.remove")).await.unwrap();
    assert_eq!(store.channels(&[who]).await.unwrap(), []);
    assert_eq!(store.take_deliveries(10, LONG).await.unwrap(), []);
    assert_eq!(store.deliveries(notice.of, 10).await.unwrap()[0].state, DeliveryState::Overtaken);
    let mut app = database.app().await;
    for sql in [
        "UPDATE channels SET removed_at = NULL",
        "UPDATE channels SET sealed = decode(repeat('00', 40), 'hex')",
        "UPDATE channels SET person = gen_random_uuid()",
        "UPDATE channels SET leads_to = 'elsewhere'",
        "DELETE FROM channels",
        "DELETE FROM notices",
        "DELETE FROM deliveries",
        "UPDATE notices SET kind = 'x'",
        "UPDATE deliveries SET message = '{}'",
        "UPDATE deliveries SET channel = NULL",
    ] {
        assert!(app.execute(sql).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_holds_up_none_of_the_others_and_is_given_up_in_the_end() {
    let (database, store, notice, who, first) = asked().await;
    let second = channel(&store, who, ChannelKind::Slack).await;
    let both = [to(who, Some(first), Signal::Ask), to(who, Some(second), Signal::Ask)];
    store.address(&notice, &both, None).await.unwrap();
    let mut owner = database.owner().await;
    let spoilt = sqlx::query(
        "UPDATE deliveries SET message = '{\"matter\": \"of a later version\"}' WHERE channel = $1",
    );
    spoilt.bind(first).execute(&mut owner).await.unwrap();
    let taken = store.take_deliveries(5, Duration::ZERO).await.unwrap();
    assert_eq!(taken.iter().map(|one| one.channel).collect::<Vec<_>>(), [second]);
    store.settle_delivery(&taken[0], &CameOf::Delivered).await.unwrap();
    assert_eq!(store.deliveries(notice.of, 10).await.unwrap().len(), 1, "lists show the others");
    for _ in 0..12 {
        assert_eq!(store.take_deliveries(5, Duration::ZERO).await.unwrap(), []);
    }
    let ended: (String, i32) = sqlx::query_as("SELECT state, attempts FROM deliveries WHERE channel = $1")
        .bind(first)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(ended, ("failed".to_owned(), 10));
}

#[tokio::test]
async fn who_was_told_is_kept_longer_than_a_year_and_while_anything_goes_on() {
    let (database, store, notice, who, channel) = asked().await;
    store.address(&notice, &[to(who, Some(channel), Signal::Ask)], None).await.unwrap();
    let mut owner = database.owner().await;
    let pruned = async || store.prune(24).await.unwrap().notices;
    owner.execute("UPDATE notices SET at = now() - interval '401 days'").await.unwrap();
    assert_eq!(pruned().await, 0, "something waits to be told");
    let taken = store.take_deliveries(5, LONG).await.unwrap().remove(0);
    store.settle_delivery(&taken, &CameOf::Delivered).await.unwrap();
    assert_eq!(pruned().await, 0, "its run goes on");
    owner.execute("UPDATE runs SET state = 'cancelled', ended_at = now()").await.unwrap();
    owner.execute("UPDATE notices SET at = now() - interval '399 days'").await.unwrap();
    assert_eq!(pruned().await, 0);
    owner.execute("UPDATE notices SET at = now() - interval '401 days'").await.unwrap();
    assert_eq!(pruned().await, 1);
    assert_eq!(store.deliveries(notice.of, 10).await.unwrap(), []);
}
