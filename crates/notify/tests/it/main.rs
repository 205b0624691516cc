//! People are told, over a database and receivers on loopback: who hears what, what a receiver's failure does and does not do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, which fail by panicking"
)]

mod ends;
mod gaps;
mod on_call;
mod receiver;

use holdfast_api::notices::{ChannelView, DeliveryView, NewChannel, Notices as _};
use holdfast_app::sealing::Sealing;
use holdfast_app::{App, Settings as AppSettings};
use holdfast_domain::{Actor, ChannelKind, Role, RunId};
use holdfast_failover::break_glass::{OpenedWith, UnderBreakGlass};
use holdfast_failover::run::{Command, Event, Request, Run};
use holdfast_failover::{Mode, Review};
use holdfast_notify::{Notifier, Patience, Post, Settings};
use holdfast_outside::webhook::signature;
use holdfast_outside::{Egress, Outside, Settings as OutsideSettings};
use holdfast_store::{Advance, AuditActor, AuditEntry, NewBreakGlass, NewRun, Person, Store};
use holdfast_testkit::{TestDatabase, inventory, person, request, run_id, test_database, who};
use receiver::{Does, Receiver};
use std::time::{Duration, Instant};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SITE: &str = "https://holdfast.example.com";
/// Nothing here takes as long; what does has failed.
const WITHIN: Duration = Duration::from_secs(20);

struct House {
    store: Store,
    app: App,
    operator: Person,
    approver: Person,
    notifiers: Vec<Notifier>,
    database: TestDatabase,
}

fn actor(person: &Person) -> Actor {
    Actor {
        person: person.id,
        email: person.email.clone(),
        others: Vec::new(),
        roles: person.roles.clone(),
        scoped_roles: person.scoped_roles.clone(),
        groups: person.groups.clone(),
        token: None,
        token_scopes: None,
        token_within: holdfast_domain::Reach::default(),
        identity_proved_at: None,
        second_factor: false,
        passkey: None,
        due: None,
        sent: None,
        request: None,
        over: None,
    }
}

fn entry(action: &str) -> AuditEntry {
    AuditEntry::done(action, AuditActor::System { name: "test".into() }, "test", "1")
}

impl House {
    async fn new() -> Self {
        let database = test_database().await;
        let store = database.store().await;
        let mut change = store.begin().await.unwrap();
        change.replace_inventory(&inventory()).await.unwrap();
        change.commit(entry("inventory.replace")).await.unwrap();
        let operator = person(&store, "operator@example.com", Role::Operator, &[]).await;
        let approver = person(&store, "approver@example.com", Role::Approver, &["approvers"]).await;
        let sealing = Sealing::parse(&Sealing::new_key().unwrap()).unwrap();
        let settings = AppSettings { sealing: Some(sealing), ..AppSettings::default() };
        let app = App::new(store.clone(), settings);
        Self { store, app, operator, approver, notifiers: Vec::new(), database }
    }

    fn tells(&mut self, pagerduty: &str, again_after: Duration) {
        let outside = OutsideSettings { egress: Egress::Local, ..OutsideSettings::production("here") };
        let post = Post::new(Outside::new(outside), None, SITE.to_owned(), pagerduty.to_owned());
        let first = Duration::from_millis(10);
        let patience = Patience { first, longest: first, attempts: 5 };
        let settings = Settings { again_after, patience };
        self.notifiers.push(Notifier::start(self.store.clone(), self.app.clone(), post, settings));
    }

    async fn channel(&self, of: &Person, kind: ChannelKind, to: &str) -> ChannelView {
        let mut new = NewChannel { kind, name: "mine".into(), address: None, url: None, routing_key: None };
        match kind {
            ChannelKind::PagerDuty => new.routing_key = Some(to.to_owned()),
            _ => new.url = Some(to.to_owned()),
        }
        self.app.add_channel(&actor(of), new).await.unwrap()
    }

    async fn asks(&self, change: impl FnOnce(&mut Request)) -> Run {
        let mut request = request("shop", who(&self.operator));
        change(&mut request);
        request.digest = request.digest_now().unwrap();
        let (id, now) = (run_id(), self.store.now().await.unwrap());
        let events = Run::request(id, request.clone(), now);
        let entries: Vec<_> = events
            .iter()
            .zip(1..)
            .map(|(event, seq)| holdfast_failover::run::Entry { seq, at: now, event: event.clone() })
            .collect();
        let run = Run::replay(id, &entries).unwrap();
        let new = NewRun {
            id,
            request: &request,
            state: run.state,
            events: &events,
            summary: serde_json::json!({}),
        };
        let mut change = self.store.begin().await.unwrap();
        change.insert_run(&new).await.unwrap();
        change.commit(entry("run.request")).await.unwrap();
        self.run(id).await
    }

    async fn run(&self, id: RunId) -> Run {
        Run::replay(id, &self.store.entries(id, 0).await.unwrap()).unwrap()
    }

    async fn command(&self, run: &Run, command: Command) -> Run {
        let now = self.store.now().await.unwrap();
        let events: Vec<Event> = run.handle(command, now).unwrap();
        let after = run.after(&events, now).unwrap();
        let advance = Advance {
            run: run.id,
            expected_seq: run.seq,
            events: &events,
            state: after.state,
            summary: None,
        };
        let mut change = self.store.begin().await.unwrap();
        change.append(&advance).await.unwrap();
        change.commit(entry("run.command")).await.unwrap();
        self.run(run.id).await
    }

    async fn approve(&self, run: &Run) -> Run {
        let review = Review {
            person: self.approver.id,
            email: self.approver.email.clone(),
            groups: self.approver.groups.clone(),
            at: self.store.now().await.unwrap(),
            comment: None,
            others: vec![],
        };
        let digest = run.request.digest.clone();
        self.command(run, Command::Approve { review, digest }).await
    }

    /// Its requester does, and starts it.
    async fn breaks_the_glass_for(&self, run: &Run) -> Run {
        let holder = who(&self.operator);
        let new = NewBreakGlass {
            holder: holder.clone(),
            reason: "nobody answers".into(),
            incident: None,
            minutes: 60,
            opened_with: OpenedWith::SecondFactor,
            sealed_code: None,
        };
        let mut change = self.store.begin().await.unwrap();
        let id = change.open_break_glass(&new).await.unwrap();
        change.commit(entry("break_glass.open")).await.unwrap();
        let until = self.store.break_glass(id).await.unwrap().expires_at;
        let under = UnderBreakGlass { id, by: holder, reason: new.reason, until, offline: None };
        self.command(run, Command::BreakGlass { under }).await
    }

    async fn told(&self, run: &Run) -> Vec<DeliveryView> {
        // An administrator's view has what receivers answered.
        let admin = Actor { roles: vec![Role::Operator, Role::Admin], ..actor(&self.operator) };
        self.app.told_of_run(&admin, run.id).await.unwrap()
    }

    /// Until nobody is to be told of anything any more.
    async fn until_nothing_is_due(&self) {
        let since = Instant::now();
        let mut owner = self.database.owner().await;
        loop {
            let due: i64 = sqlx::query_scalar("SELECT count(*) FROM notices WHERE due_at IS NOT NULL")
                .fetch_one(&mut owner)
                .await
                .unwrap();
            if due == 0 {
                return;
            }
            assert!(since.elapsed() < WITHIN, "{due} notices are still due");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until what was told of the run is so.
    async fn until(&self, run: &Run, is_so: impl Fn(&[DeliveryView]) -> bool) -> Vec<DeliveryView> {
        let since = Instant::now();
        loop {
            let told = self.told(run).await;
            if is_so(&told) {
                return told;
            }
            assert!(since.elapsed() < WITHIN, "it does not come about: {told:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn all(state: &str) -> impl Fn(&[DeliveryView]) -> bool + '_ {
    move |told| !told.is_empty() && told.iter().all(|one| one.state == state)
}

const NEVER: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn an_approver_hears_at_once_by_a_webhook_that_proves_where_it_comes_from() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(204)).await;
    let made = house.channel(&house.approver, ChannelKind::Webhook, &receiver.url("/hook?key=canary")).await;
    house.tells("http://127.0.0.1:9/", NEVER);
    let run = house.asks(|_| {}).await;
    let told = house.until(&run, all("delivered")).await;
    assert_eq!((told.len(), told[0].person.as_str()), (1, "approver@example.com"));
    let heard = receiver.heard().remove(0);
    let (id, at) = (heard.header("webhook-id"), heard.header("webhook-timestamp"));
    let at = jiff::Timestamp::from_second(at.parse().unwrap()).unwrap();
    let good = signature(&made.secret.unwrap(), &id, at, &heard.body).unwrap();
    assert_eq!(heard.header("webhook-signature"), good);
    let said = heard.json();
    assert_eq!(said["data"]["matter"], "approval_wanted");
    assert_eq!(said["data"]["url"], format!("{SITE}/runs/{}", run.id));
    assert_eq!(said["data"]["run"], run.id.to_string());
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_under_the_same_id_with_the_same_words() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Fail { times: 2, with: 503 }).await;
    house.channel(&house.approver, ChannelKind::Webhook, &receiver.url("/hook")).await;
    house.tells("http://127.0.0.1:9/", NEVER);
    let run = house.asks(|_| {}).await;
    let told = house.until(&run, all("delivered")).await;
    assert_eq!(told[0].attempts, 3);
    let heard = receiver.heard();
    assert_eq!(heard.len(), 3);
    for one in &heard {
        assert_eq!(one.header("webhook-id"), format!("msg_{}", told[0].id));
        assert_eq!(one.body, heard[0].body);
    }
}

#[tokio::test]
async fn what_trying_again_cannot_help_is_given_up_at_once_and_the_rest_in_the_end() {
    let mut house = House::new().await;
    let (gone, down) = (Receiver::that(Does::Answer(404)).await, Receiver::that(Does::Answer(500)).await);
    house.channel(&house.approver, ChannelKind::Slack, &gone.url("/services/canary")).await;
    house.channel(&house.approver, ChannelKind::Slack, &down.url("/services/canary")).await;
    house.tells("http://127.0.0.1:9/", NEVER);
    let run = house.asks(|_| {}).await;
    let told = house.until(&run, all("failed")).await;
    let mut attempts: Vec<_> = told.iter().map(|one| (one.attempts, one.error.clone().unwrap())).collect();
    attempts.sort();
    let answered = |status: u16| format!("the receiver answered {status}");
    assert_eq!(attempts, [(1, answered(404)), (5, answered(500))]);
    assert!(!format!("{told:?}").contains("canary"), "where it leads is shown: {told:?}");
}

#[tokio::test]
async fn a_pager_rings_until_somebody_has_decided() {
    let mut house = House::new().await;
    let pagerduty = Receiver::that(Does::Answer(202)).await;
    house.channel(&house.approver, ChannelKind::PagerDuty, KEY).await;
    house.tells(&pagerduty.url("/v2/enqueue"), NEVER);
    let run = house.asks(|_| {}).await;
    house.until(&run, all("delivered")).await;
    house.approve(&run).await;
    let settled = |told: &[DeliveryView]| told.iter().filter(|one| one.state == "delivered").count() == 2;
    house.until(&run, settled).await;
    let said: Vec<_> = pagerduty.heard().iter().map(|one| one.json()).collect();
    assert_eq!((&said[0]["event_action"], &said[1]["event_action"]), (&"trigger".into(), &"resolve".into()));
    assert_eq!(said[0]["dedup_key"], said[1]["dedup_key"]);
    assert_eq!(said[0]["routing_key"], KEY);
    assert_eq!(said[0]["payload"]["severity"], "critical");
}

#[tokio::test]
async fn a_pager_that_rang_for_an_approval_falls_silent_when_the_run_starts_under_break_glass() {
    let mut house = House::new().await;
    let pagerduty = Receiver::that(Does::Answer(202)).await;
    house.channel(&house.approver, ChannelKind::PagerDuty, KEY).await;
    house.tells(&pagerduty.url("/v2/enqueue"), NEVER);
    let run = house.asks(|_| {}).await;
    house.until(&run, all("delivered")).await;
    house.breaks_the_glass_for(&run).await;
    let over = |told: &[DeliveryView]| told.iter().filter(|one| one.state == "delivered").count() == 3;
    house.until(&run, over).await;
    let said: Vec<_> = pagerduty.heard().iter().map(|one| one.json()).collect();
    let asked = &said[0]["dedup_key"];
    let of_the_ask: Vec<_> =
        said.iter().filter(|one| &one["dedup_key"] == asked).map(|one| &one["event_action"]).collect();
    assert_eq!(of_the_ask, ["trigger", "resolve"], "{said:#?}");
    let told =
        said.iter().find(|one| one["payload"]["class"] == "emergency").expect("what was started is told of");
    assert_ne!(&told["dedup_key"], asked, "an incident of its own: it is not settled with the other");
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_holds_up_nobody_else() {
    let mut house = House::new().await;
    let (dead, well) = (Receiver::that(Does::Hang).await, Receiver::that(Does::Answer(200)).await);
    for _ in 0..15 {
        house.channel(&house.approver, ChannelKind::Webhook, &dead.url("/hook")).await;
    }
    house.channel(&house.operator, ChannelKind::Webhook, &well.url("/hook")).await;
    house.tells("http://127.0.0.1:9/", NEVER);
    let run = house.asks(|_| {}).await;
    let hangs = |told: &[DeliveryView]| told.iter().filter(|one| one.attempts == 1).count() == 15;
    house.until(&run, hangs).await;
    let since = Instant::now();
    house.approve(&run).await;
    house.until(&run, |told| told.iter().any(|one| one.state == "delivered")).await;
    assert!(since.elapsed() < Duration::from_secs(8), "before any of the others ran out of time");
    assert_eq!(well.heard()[0].json()["data"]["matter"], "started");
}

#[tokio::test]
async fn of_an_emergency_everybody_hears_and_who_cannot_be_reached_is_named() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    let viewer = person(&house.store, "viewer@example.com", Role::Viewer, &[]).await;
    let gone = person(&house.store, "gone@example.com", Role::Approver, &["approvers"]).await;
    let mut change = house.store.begin().await.unwrap();
    change.disable_person(gone.id).await.unwrap();
    change.commit(entry("person.put")).await.unwrap();
    house.channel(&viewer, ChannelKind::Slack, &receiver.url("/services")).await;
    house.tells("http://127.0.0.1:9/", NEVER);
    let run = house.asks(|request| request.movement.mode = Mode::Emergency).await;
    let told = house.until(&run, |told| told.iter().any(|one| one.state == "delivered")).await;
    let mut states: Vec<_> =
        told.iter().map(|one| (one.person.as_str(), one.matter.as_str(), one.state.as_str())).collect();
    states.sort_unstable();
    assert_eq!(
        states,
        [
            ("approver@example.com", "approval_wanted", "no_channel"),
            ("viewer@example.com", "emergency", "delivered"),
        ]
    );
    assert!(receiver.heard()[0].json()["text"].as_str().unwrap().contains("emergency failover"));
}

#[tokio::test]
async fn while_nobody_answers_it_is_told_again_and_admins_hear_of_it_until_somebody_does() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    let admin = person(&house.store, "admin@example.com", Role::Admin, &[]).await;
    house.channel(&house.approver, ChannelKind::Webhook, &receiver.url("/approver")).await;
    house.channel(&admin, ChannelKind::Webhook, &receiver.url("/admin")).await;
    house.tells("http://127.0.0.1:9/", Duration::from_millis(300));
    let run = house.asks(|_| {}).await;
    let told = house
        .until(&run, |told| told.iter().any(|one| one.person == admin.email && one.state == "delivered"))
        .await;
    let admin_first = told.iter().filter(|one| one.person == admin.email).map(|one| one.round).min();
    assert_eq!(admin_first, Some(2), "not at once");
    assert!(told.iter().any(|one| one.matter == "unanswered"));
    house.approve(&run).await;
    house.until(&run, |told| told.iter().any(|one| one.matter == "started")).await;
    let asked = |told: &[DeliveryView]| told.iter().filter(|one| one.matter == "approval_wanted").count();
    let before = asked(&house.told(&run).await);
    // The request comes up once more, finds that somebody has answered, and never again.
    house.until_nothing_is_due().await;
    assert_eq!(asked(&house.told(&run).await), before, "somebody has answered");
}

#[tokio::test]
async fn however_many_tell_a_message_is_sent_once() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    for number in 0..4 {
        let path = format!("/hook/{number}");
        house.channel(&house.approver, ChannelKind::Webhook, &receiver.url(&path)).await;
    }
    for _ in 0..3 {
        house.tells("http://127.0.0.1:9/", NEVER);
    }
    let run = house.asks(|_| {}).await;
    house.until(&run, |told| told.len() == 4 && all("delivered")(told)).await;
    for notifier in house.notifiers {
        notifier.shutdown().await;
    }
    assert_eq!(receiver.heard().len(), 4);
}

#[tokio::test]
async fn a_channel_is_tried_by_its_owner_alone_and_what_became_of_it_is_told() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    let made = house.channel(&house.approver, ChannelKind::Slack, &receiver.url("/services")).await;
    let stranger = actor(&house.operator);
    assert_eq!(house.app.test_channel(&stranger, &made.id).await.unwrap_err().status, 404);
    assert_eq!(house.app.remove_channel(&stranger, &made.id).await.unwrap_err().status, 404);
    house.tells("http://127.0.0.1:9/", NEVER);
    let owner = actor(&house.approver);
    house.app.test_channel(&owner, &made.id).await.unwrap();
    let since = Instant::now();
    loop {
        let last = house.app.channels(&owner).await.unwrap().remove(0).last.unwrap();
        if last.state == "delivered" {
            break;
        }
        assert!(since.elapsed() < WITHIN, "{last:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(receiver.heard()[0].json()["text"].as_str().unwrap().contains("works"));
    house.app.remove_channel(&owner, &made.id).await.unwrap();
    assert_eq!(house.app.channels(&owner).await.unwrap(), []);
}

#[tokio::test]
async fn an_address_that_only_this_machine_can_reach_is_not_spoken_to_in_production() {
    let mut house = House::new().await;
    let receiver = Receiver::that(Does::Answer(200)).await;
    house.channel(&house.approver, ChannelKind::Webhook, &receiver.url("/hook")).await;
    house.channel(&house.approver, ChannelKind::Webhook, "https://169.254.169.254/latest").await;
    let outside = Outside::new(OutsideSettings::production("here"));
    let post = Post::new(outside, None, SITE.to_owned(), "https://events.example.com/".to_owned());
    let patience =
        Patience { first: Duration::from_millis(1), longest: Duration::from_millis(1), attempts: 2 };
    let settings = Settings { patience, ..Settings::default() };
    house.notifiers.push(Notifier::start(house.store.clone(), house.app.clone(), post, settings));
    let run = house.asks(|_| {}).await;
    house.until(&run, all("failed")).await;
    assert!(receiver.heard().is_empty());
}

/// What the database holds of a channel, and what is told of it, is searched for what is secret.
#[tokio::test]
async fn nothing_that_is_secret_of_a_channel_lies_open() {
    let house = House::new().await;
    let owner = &house.approver;
    let made = house.channel(owner, ChannelKind::Webhook, "https://hooks.example.com/canary-path").await;
    house.channel(owner, ChannelKind::PagerDuty, KEY).await;
    let secret = made.secret.clone().unwrap();
    let shown = serde_json::to_string(&house.app.channels(&actor(owner)).await.unwrap()).unwrap();
    let stored = format!("{:?}", house.store.channels(&[owner.id]).await.unwrap());
    let sealed: Vec<u8> =
        house.store.channels(&[owner.id]).await.unwrap().into_iter().flat_map(|s| s.channel.sealed).collect();
    let sealed = String::from_utf8_lossy(&sealed).into_owned();
    for secret in [secret.as_str(), "canary-path", KEY] {
        for (where_, text) in [("answers", &shown), ("prints", &stored), ("the database", &sealed)] {
            assert!(!text.contains(secret), "{where_}");
        }
    }
}
