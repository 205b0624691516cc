//! Plans that are carried out where no server is, from a bundle and over the wire; the judge is the simulator's ledger.

use crate::house::{id, until};
use crate::wire::{Move, WireHouse, step_of};
use holdfast_api::applications::Applications;
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::audit_log::AuditLogs;
use holdfast_api::break_glass::BreakGlasses;
use holdfast_api::bundles::{Bundles, HandInJournal};
use holdfast_api::compliance::Compliances;
use holdfast_api::runs::Runs;
use holdfast_audit::{SigningKey, VerifyingKey};
use holdfast_engine::offline::{Carrier, JournalFile};
use holdfast_failover::break_glass::UnderBreakGlass;
use holdfast_failover::run::{Entry, Event, Next, Run, RunState, Who};
use holdfast_failover::{Intent, Mode};
use holdfast_offline::Key;
use holdfast_offline::bundle::{Asked, Bundle, Open};
use holdfast_offline::journal::Opening;
use holdfast_sim::ledger::Effect;
use holdfast_store::{AuditActor, AuditEntry, OfflineKey};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const CODE: &str = "abcd-efgh-jkmn-pqrs-tuvw-xyz0-2345-6789";

/// A house whose plans are kept, and a bundle of them that its operator can open.
struct Night {
    house: WireHouse,
    open: Open,
    keys: Vec<VerifyingKey>,
    folder: TempDir,
}

impl Night {
    async fn new() -> Self {
        let house = WireHouse::new().await;
        let who = Who { id: house.operator.person, email: house.operator.email.clone() };
        let salt = vec![3; 16];
        let key = *Key::of_code(CODE, &salt).unwrap().bytes();
        let mut change = house.store().await.begin().await.unwrap();
        change.make_offline_code(&OfflineKey { code: Uuid::now_v7(), person: who, salt, key }).await.unwrap();
        let by = AuditActor::System { name: "test".into() };
        change.commit(AuditEntry::done("test.set_up", by, "test", 1)).await.unwrap();
        // As the workers would within the minute.
        until("every plan to be kept", || async {
            house.app.look_after_plans(20).await.unwrap();
            let draft = house.app.bundle_draft().await.unwrap().unwrap();
            // What a slow look left unknown is looked at again, and its plans are drawn up a minute later.
            house
                .app
                .refresh_application(&house.operator, &holdfast_domain::Name::parse("shop").unwrap())
                .await
                .unwrap();
            let shop = draft.contents.applications.iter().find(|of| of.application.name.as_str() == "shop");
            shop.is_some_and(|of| !of.plans.is_empty()).then_some(())
        })
        .await;
        until("the log to be signed", || async {
            (!house.app.audit_keys(&house.operator).await.unwrap().is_empty()).then_some(())
        })
        .await;
        let key = SigningKey::parse(&std::fs::read_to_string(house.key_file()).unwrap()).unwrap();
        let draft = house.app.bundle_draft().await.unwrap().unwrap();
        let text = draft.sign(Uuid::now_v7(), Timestamp::now(), "test", &key).unwrap();
        let keys = vec![key.public()];
        let open = Bundle::read(&text, &keys).unwrap().open(CODE).unwrap();
        Self { house, open, keys, folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("shop.journal")
    }

    fn opening(&self) -> Opening {
        Opening {
            by: self.open.by.person.clone(),
            code: self.open.by.code,
            at: Timestamp::now(),
            reason: "our Region is lost".into(),
            version: "test".into(),
            host: "laptop".into(),
        }
    }

    /// As the command begins it.
    fn begun(&self, told: impl Fn(&Entry) + Send + Sync + 'static) -> JournalFile {
        let of = self.open.application("shop").unwrap();
        let plan = of.plans.iter().find(|plan| plan.movement.intent == Intent::Failover).unwrap();
        let asked = Asked {
            by: self.open.by.person.clone(),
            reason: "our Region is lost".into(),
            incident: None,
            overrides: plan.to_override.iter().map(|one| one.guard.clone()).collect(),
        };
        let request = plan.request(&of.application, &self.open, asked).unwrap();
        let glass = holdfast_domain::BreakGlassId::fresh();
        let now = Timestamp::now();
        let under = UnderBreakGlass {
            id: glass,
            by: self.open.by.person.clone(),
            reason: request.reason.clone(),
            until: now + SignedDuration::from_hours(1),
            offline: Some(self.open.head.id),
        };
        let events = Run::request_under(request, under).unwrap();
        let entries = (1..).zip(events).map(|(seq, event)| Entry { seq, at: now, event }).collect();
        let run = (holdfast_domain::RunId::fresh(), glass);
        let first = (self.opening(), entries);
        JournalFile::begin(&self.path(), &self.open, run, first, Box::new(told)).unwrap()
    }

    /// The tasks of a life that ended let go of the file a moment later.
    async fn is_free(&self) {
        until("the file to be let go", || async {
            JournalFile::reopen(&self.path(), &self.open, &self.keys, Box::new(|_| {})).ok().map(drop)
        })
        .await;
    }

    fn again(&self, told: impl Fn(&Entry) + Send + Sync + 'static) -> JournalFile {
        let file = JournalFile::reopen(&self.path(), &self.open, &self.keys, Box::new(told)).unwrap();
        file.opened(&self.path(), self.opening()).unwrap();
        file
    }

    async fn carrier(&self, file: JournalFile) -> Carrier {
        let run = file.run();
        let ground =
            (self.open.application("shop").unwrap().application.clone(), self.open.contents.accounts.clone());
        Carrier::take(Arc::new(file), run, self.house.cloud(), ground, CancellationToken::new())
            .await
            .unwrap()
    }

    fn journal(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    /// The same change made twice, by whatever run.
    fn changed_twice(&self) -> Vec<String> {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for entry in self.house.calls().iter().filter(|entry| entry.effect == Effect::Changed) {
            if entry.operation.starts_with("AssumeRole") {
                continue;
            }
            let key = format!("{} {} {} {}", step_of(entry), entry.operation, entry.region, entry.body);
            *times.entry(key).or_default() += 1;
        }
        times.into_iter().filter(|(_, times)| *times > 1).map(|(key, _)| key).collect()
    }
}

async fn to_its_end(carrier: &Carrier) -> Run {
    let next = carrier.carry_on().await.unwrap();
    let run = carrier.run().await;
    assert_eq!(next, Next::Ended, "{:?}", run.steps);
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_carried_out_with_no_server_and_handed_in_once_for_ever() {
    let mut night = Night::new().await;
    night.house.stop_engine().await;
    let carrier = night.carrier(night.begun(|_| {})).await;
    let run = to_its_end(&carrier).await;
    assert_eq!(run.state, RunState::Completed, "{:?}", run.ending);
    assert_eq!(night.house.done_twice(), [] as [String; 0]);
    let named = |entry: &Arc<holdfast_sim::ledger::Entry>| {
        entry.session_name.as_deref() == Some(run.id.to_string().as_str())
    };
    assert!(
        night.house.calls().iter().filter(|e| e.effect == Effect::Changed).all(named),
        "each call names its run"
    );
    drop(carrier);

    // What was changed on the way is refused, and nothing of it is written.
    let (app, operator) = (&night.house.app, &night.house.operator);
    let text = night.journal();
    let hand_in = async |journal: &str| {
        app.hand_in_journal(operator, HandInJournal { journal: journal.to_owned() }).await
    };
    let half = text.len() / 2;
    let other = format!(
        "{}{}{}",
        &text[..half],
        if text.as_bytes()[half] == b'a' { "b" } else { "a" },
        &text[half + 1..]
    );
    assert_eq!(hand_in(&other).await.unwrap_err().code, "journal_tampered");
    let last = text[..text.len() - 1].rfind('\n').unwrap() + 1;
    assert_eq!(hand_in(&text[..last]).await.unwrap_err().code, "run_not_over");
    assert!(app.run(operator, run.id).await.is_err(), "nothing was written");

    let taken = hand_in(&text).await.unwrap();
    assert_eq!((taken.run.as_str(), taken.already), (run.id.to_string().as_str(), false));
    let view = app.run(operator, run.id).await.unwrap();
    assert!(view.summary.executed_offline);
    assert_eq!(view.summary.state, RunState::Completed);
    assert_eq!(view.summary.break_glass.as_deref(), Some(taken.break_glass.as_str()));
    let listed = app.runs(operator, &Default::default()).await.unwrap().items;
    assert!(listed.iter().any(|one| one.id == taken.run && one.executed_offline), "lists say so too");
    let kept = app.run_journal(operator, run.id).await.unwrap();
    assert_eq!(kept.len(), taken.entries, "every entry, as it was written");
    // The database keeps microseconds.
    let apart = kept.last().unwrap().at.duration_since(run.ended_at.unwrap()).abs();
    assert!(apart <= SignedDuration::from_micros(1), "at the time that it was written: {apart}");
    let state = app.break_glass_state(operator).await.unwrap();
    assert!(state.reviews_due.iter().any(|glass| glass.id == taken.break_glass), "its review is due");
    let compliance = app.compliance(operator).await.unwrap();
    assert!(!compliance.break_glass_reviews_due.is_empty(), "and compliance is not green");

    let filter =
        AuditFilter { subject: Some(format!("run:{}", run.id)), limit: Some(500), ..AuditFilter::default() };
    let entries = app.audit(operator, &filter).await.unwrap().items;
    let calls: usize =
        entries.iter().filter_map(|entry| entry.detail["calls"].as_array()).map(Vec::len).sum();
    let answered = kept.iter().filter(|entry| matches!(entry.event, Event::CallAnswered { .. })).count();
    assert!(answered > 0 && calls >= answered, "{calls} of {answered} calls are in the log");
    assert!(entries.iter().any(|entry| entry.action == "run.hand_in" && entry.outcome == "done"));

    let again = hand_in(&text).await.unwrap();
    assert!(again.already, "the same once more changes nothing");
    assert_eq!(app.audit(operator, &filter).await.unwrap().items.len(), entries.len());
    night.house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_at_any_entry_goes_on_from_its_file_and_does_nothing_twice() {
    let mut night = Night::new().await;
    night.house.stop_engine().await;
    drop(night.begun(|_| {}));
    // Each life ends some entries further on, wherever that is: before a call, after it, before its outcome is written.
    for life in 0..60_usize {
        let left = Arc::new(AtomicUsize::new(2 + life % 3));
        let (dies, death) = tokio::sync::oneshot::channel();
        let dies = std::sync::Mutex::new(Some(dies));
        let file = night.again(move |_| {
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1) {
                dies.lock().unwrap().take().map(|dies| dies.send(()));
            }
        });
        let carrier = night.carrier(file).await;
        tokio::select! {
            ended = carrier.carry_on() => {
                assert_eq!(ended.unwrap(), Next::Ended, "{:?}", carrier.run().await.steps);
                break;
            }
            _ = death => {}
        }
        drop(carrier);
        night.is_free().await;
    }
    night.is_free().await;
    let carrier = night.carrier(night.again(|_| {})).await;
    let run = to_its_end(&carrier).await;
    assert_eq!(run.state, RunState::Completed, "{:?}", run.ending);
    assert_eq!(night.changed_twice(), [] as [String; 0]);
    night.house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_and_a_bundle_that_race_change_nothing_twice() {
    let night = Night::new().await;
    let carrier = night.carrier(night.begun(|_| {})).await;
    let server = async {
        let run = night.house.started_as(Move::of("shop"), Mode::Emergency).await;
        // Whoever comes second finds it done, or is told that somebody else changed it: it never does it again.
        until("the server's run to rest", || async {
            let now = night.house.app.run(&night.house.operator, id(&run)).await.unwrap().summary.state;
            (now.is_over() || now == RunState::NeedsPerson).then_some(())
        })
        .await;
    };
    let (ended, ()) = tokio::join!(carrier.carry_on(), server);
    ended.unwrap();
    assert_eq!(night.changed_twice(), [] as [String; 0]);
    night.house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_belongs_to_one_process_and_to_its_bundle() {
    let mut night = Night::new().await;
    let file = night.begun(|_| {});
    let other = JournalFile::reopen(&night.path(), &night.open, &night.keys, Box::new(|_| {}));
    assert!(other.unwrap_err().to_string().contains("another process"));
    drop(file);
    let there = JournalFile::begin(
        &night.path(),
        &night.open,
        (holdfast_domain::RunId::fresh(), holdfast_domain::BreakGlassId::fresh()),
        (night.opening(), vec![]),
        Box::new(|_| {}),
    );
    assert!(there.unwrap_err().to_string().contains("is there already"));
    let files = std::fs::read_dir(night.folder.path()).unwrap().count();
    assert_eq!(files, 1, "and nothing is left beside it");
    // The same plans, exported once more.
    let key = SigningKey::parse(&std::fs::read_to_string(night.house.key_file()).unwrap()).unwrap();
    let draft = night.house.app.bundle_draft().await.unwrap().unwrap();
    let text = draft.sign(Uuid::now_v7(), Timestamp::now(), "test", &key).unwrap();
    let newer = Bundle::read(&text, &night.keys).unwrap().open(CODE).unwrap();
    let refused = JournalFile::reopen(&night.path(), &newer, &night.keys, Box::new(|_| {})).unwrap_err();
    assert!(refused.to_string().contains("begun from the bundle that was made at"), "{refused}");
    assert_eq!(tail(&night.path()), b'\n', "the file is left as it was");
    night.house.stop_engine().await;
    night.house.stop().await;
}

fn tail(path: &Path) -> u8 {
    *std::fs::read(path).unwrap().last().unwrap()
}
