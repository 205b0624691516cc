//! Steps of one's own: what they do, in which order, and what becomes of lost answers.

use crate::fake_cloud::{Fate, region};
use crate::house::{House, id};
use holdfast_api::applications::Applications;
use holdfast_api::inventory::{FileFormat, Inventories, Manner};
use holdfast_api::runs::{RunVerb, RunView, Runs, StepView};
use holdfast_domain::{Facts, Name, StepId};
use holdfast_failover::run::Event;
use holdfast_failover::{Mode, RunState, StepState};
use holdfast_store::sealing::Sealing;
use holdfast_store::{AuditActor, AuditEntry, Store};
use std::time::Duration;

const TELL: &str =
    "      - {name: tell, kind: webhook, before: move_traffic, url: https://hooks.example.com/x}\n";
const WARM: &str =
    "      - {name: warm, kind: lambda_invoke, before: move_traffic, account: prod, function: warm-caches}\n";

fn step<'r>(run: &'r RunView, id: &str) -> &'r StepView {
    run.steps.iter().find(|s| s.id == id).unwrap_or_else(|| panic!("{id} is not in the run"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_goes_out_once_before_the_traffic_that_it_announces() {
    let mut house = House::with_own_steps(TELL).await;
    let run = house.started().await;
    let done = house.reaches(&run, RunState::Completed).await;
    let [delivery] = &house.cloud.delivered()[..] else { panic!("one delivery was expected") };
    assert_eq!(delivery.id, format!("msg_{}_own-tell", run.summary.id));
    assert!(delivery.secret.starts_with("whsec_"));
    let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
    assert_eq!(body["data"]["application"], "shop");
    assert_eq!((&body["data"]["from"], &body["data"]["to"]), (&"us-east-1".into(), &"eu-central-1".into()));
    assert!(step(&done, "own-tell").ended_at <= step(&done, "route-front-door").started_at);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_told_again_under_its_id_when_the_answer_is_lost_or_the_receiver_is_sick() {
    for fates in [vec![Fate::Lost], vec![Fate::DoneAnswerLost], vec![Fate::Sick, Fate::Sick]] {
        let mut house = House::with_own_steps(&TELL.replace("before: move_traffic", "after: observe")).await;
        let times = fates.len();
        fates.into_iter().for_each(|fate| house.cloud.next_call(fate));
        let run = house.started().await;
        house.reaches(&run, RunState::Completed).await;
        let delivered = house.cloud.delivered();
        assert_eq!(delivered.len(), times + 1);
        assert!(delivered.iter().all(|d| *d == delivered[0]), "the same id and the same bytes");
        house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_refused_asks_a_person() {
    let mut house = House::with_own_steps(&TELL.replace("before: move_traffic", "after: observe")).await;
    house.cloud.next_call(Fate::Denied);
    let run = house.started().await;
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    assert!(step(&parked, "own-tell").parked.is_some() && step(&parked, "own-tell").may_retry);
    assert!(house.cloud.made().is_empty(), "what comes after it waits");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_secret_this_worker_cannot_read_is_not_sent_and_asks_a_person() {
    let mut house = House::with_own_steps(&TELL.replace("before: move_traffic", "after: observe")).await;
    let elsewhere = house.store.clone().sealing_with(Sealing::parse(&Sealing::new_key().unwrap()).unwrap());
    put_secret(&elsewhere).await;
    let run = house.started().await;
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    let told = step(&parked, "own-tell").parked.as_ref().unwrap();
    assert!(told.way_out.contains("HOLDFAST_SECRETS_KEY"), "{told:?}");
    assert!(house.cloud.delivered().is_empty(), "nothing goes out unsigned");
    put_secret(&house.store).await;
    let retry = RunVerb::RetryStep { step: StepId::parse("own-tell").unwrap() };
    house.app.drive_run(&house.operator, id(&run), retry).await.unwrap();
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(house.cloud.delivered().len(), 1);
    house.stop().await;
}

/// As a server with this store's key makes a new one.
async fn put_secret(store: &Store) {
    let (application, step) = (Name::parse("shop").unwrap(), Name::parse("tell").unwrap());
    let mut change = store.begin().await.unwrap();
    let secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    change.replace_webhook_secret(&application, &step, secret).await.unwrap();
    let by = AuditActor::System { name: "test".into() };
    change.commit(AuditEntry::done("webhook.new_secret", by, "application", "shop")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_whose_answer_was_lost_is_not_invoked_again_without_a_persons_word() {
    let mut house = House::with_own_steps(&WARM.replace("before: move_traffic", "after: observe")).await;
    house.cloud.next_call(Fate::DoneAnswerLost);
    let run = house.started().await;
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    let reason = &step(&parked, "own-warm").parked.as_ref().unwrap().reason;
    assert!(reason.contains("nothing shows whether it happened"), "{reason}");
    assert_eq!(house.cloud.made().len(), 1);
    let retry = RunVerb::RetryStep { step: StepId::parse("own-warm").unwrap() };
    house.app.drive_run(&house.operator, id(&run), retry).await.unwrap();
    house.reaches(&run, RunState::Completed).await;
    assert_eq!(house.cloud.made().iter().filter(|m| m.step == "own-warm").count(), 2);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_answered_is_invoked_once() {
    let mut house = House::with_own_steps(WARM).await;
    let run = house.started().await;
    let done = house.reaches(&run, RunState::Completed).await;
    assert_eq!(house.cloud.made().iter().filter(|m| m.step == "own-warm").count(), 1);
    assert_eq!(step(&done, "own-warm").answers.len(), 1);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_the_named_group_ends_the_wait_and_others_are_refused() {
    let wait = "      - {name: bank, kind: wait_for_person, before: move_traffic, says: the bank knows, group: approvers}\n";
    let mut house = House::with_own_steps(wait).await;
    let run = house.started().await;
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    assert!(step(&parked, "own-bank").parked.as_ref().unwrap().reason.contains("the bank knows"));
    assert!(!step(&parked, "own-bank").may_confirm, "the operator is not of the group");
    let confirm = || RunVerb::ConfirmStep {
        step: StepId::parse("own-bank").unwrap(),
        comment: Some("rang them".into()),
    };
    let refused = house.app.drive_run(&house.operator, id(&run), confirm()).await.unwrap_err();
    assert_eq!(refused.code, "not_the_owner");
    house.app.drive_run(&house.approver, id(&run), confirm()).await.unwrap();
    let done = house.reaches(&run, RunState::Completed).await;
    assert_eq!(step(&done, "own-bank").state, StepState::Succeeded);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_a_time_and_for_a_signal() {
    let wait = "      - {name: settle, kind: wait_for_time, after: observe, for: 1s}\n      - {name: well, kind: wait_for_signal, before: move_traffic, signal: healthy}\n";
    let mut house = House::with_own_steps(wait).await;
    house.cloud.sicken(true);
    let run = house.started().await;
    crate::house::until("the wait for the signal", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        (step(&now, "own-well").state == StepState::Waiting).then_some(())
    })
    .await;
    assert!(!house.cloud.effects().contains(&"route-front-door".to_owned()), "no traffic before it is well");
    house.cloud.sicken(false);
    let done = house.reaches(&run, RunState::Completed).await;
    let settle = step(&done, "own-settle");
    let took = settle.ended_at.unwrap().duration_since(settle.started_at.unwrap());
    assert!(took >= jiff::SignedDuration::from_secs(1), "{took}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_whose_time_is_over_asks_with_the_way_out_of_its_kind() {
    let wait =
        "      - {name: well, kind: wait_for_signal, before: move_traffic, signal: healthy, timeout: 1s}\n";
    let mut house = House::with_own_steps(wait).await;
    house.cloud.sicken(true);
    let run = house.started().await;
    let parked = house.reaches(&run, RunState::NeedsPerson).await;
    let asks = step(&parked, "own-well").parked.clone().unwrap();
    assert!(asks.reason.contains("status 503"), "{}", asks.reason);
    assert!(asks.way_out.starts_with("Mend what healthy watches in eu-central-1"), "{}", asks.way_out);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serving_is_confirmed_when_the_probe_of_the_target_answers() {
    let mut house = House::with_own_steps(TELL).await;
    house.cloud.sicken(true);
    let run = house.started().await;
    crate::house::until("the wait for the probe", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        let note = step(&now, "confirm-serving").note.clone().unwrap_or_default();
        note.contains("healthy does not answer from eu-central-1").then_some(())
    })
    .await;
    house.cloud.sicken(false);
    house.reaches(&run, RunState::Completed).await;
    house.stop().await;
}

/// The look that a run ends with is begun beside its last steps.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_waited_for_last_everybody_sees_once_it_says_completed() {
    let mut house = House::with_own_steps(TELL).await;
    house.stop().await;
    house.sweep_interval = Duration::from_secs(3600);
    house.start().await;
    house.cloud.sicken(true);
    let run = house.started().await;
    crate::house::until("the wait for the probe", || async {
        let now = house.app.run(&house.operator, id(&run)).await.unwrap();
        let note = step(&now, "confirm-serving").note.clone().unwrap_or_default();
        note.contains("healthy does not answer from eu-central-1").then_some(())
    })
    .await;
    house.cloud.sicken(false);
    house.reaches(&run, RunState::Completed).await;
    let observed = house.store.observations(&Name::parse("shop").unwrap()).await.unwrap();
    let probe = &observed[&(Name::parse("healthy").unwrap(), region("eu-central-1"))];
    let Some((_, Facts::Probe(answer))) = &probe.seen else { panic!("it was not seen: {probe:?}") };
    assert!(answer.healthy, "{answer:?}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_nothing_and_says_what_it_would_send() {
    let mut house = House::with_own_steps(&format!("{TELL}{WARM}")).await;
    let asked = holdfast_api::runs::RequestRun { dry_run: true, ..House::asked(Mode::Planned) };
    let run = house.request(asked).await.unwrap();
    let run = house.approve(&run).await.unwrap_or(run);
    let done = house.reaches(&run, RunState::Completed).await;
    assert!(house.cloud.delivered().is_empty() && house.cloud.made().is_empty());
    assert!(step(&done, "own-tell").note.as_deref().unwrap().contains("would call webhook:Post"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_carries_own_steps_and_not_their_secrets() {
    let mut house = House::with_own_steps(TELL).await;
    let actor = &house.operator;
    let file = house.app.export_inventory(actor, FileFormat::Yaml).await.unwrap();
    assert!(file.contains(TELL.trim()) && !file.contains("whsec_"), "{file}");
    let again = house
        .app
        .apply_inventory(actor, file.as_bytes(), FileFormat::Yaml, &Manner::default())
        .await
        .unwrap();
    assert!(!again.changed);
    let view = house.app.application(actor, &"shop".parse().unwrap()).await.unwrap();
    assert_eq!(view.own_steps.len(), 1);
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    let journal = house.app.run_journal(actor, id(&run)).await.unwrap();
    assert!(
        journal
            .iter()
            .any(|e| matches!(&e.event, Event::CallAnswered { step, .. } if step.as_str() == "own-tell"))
    );
    assert!(!serde_json::to_string(&journal).unwrap().contains("whsec_"), "nor does the journal");
    house.stop().await;
}
