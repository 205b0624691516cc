//! Bundles as a worker makes them: anew when something else could be carried out, taken to every place, and to one that failed
//! once more.

use async_trait::async_trait;
use holdfast_audit::VerifyingKey;
use holdfast_domain::{PersonId, RunId};
use holdfast_engine::Asks;
use holdfast_engine::audit::{AuditSettings, Place};
use holdfast_engine::bundles::{BundleSettings, Exporter, FolderPlace};
use holdfast_failover::run::Who;
use holdfast_failover::step::run_plan::{Asking, NotAsked};
use holdfast_offline::Key;
use holdfast_offline::bundle::{Bundle, Contents, Draft, Endpoints, Holder};
use holdfast_store::{Fence, Store};
use holdfast_testkit::{TestDatabase, test_database};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use uuid::Uuid;

/// Tells of one draft, or of none.
#[derive(Debug, Default)]
struct Drafts(Mutex<Option<Result<Draft, String>>>);

#[async_trait]
impl Asks for Drafts {
    async fn ask(&self, _: &Asking, _: &Fence) -> Result<RunId, NotAsked> {
        Err(NotAsked::Unknown("not here".into()))
    }
    async fn bring_back(&self, _: RunId) -> Result<RunId, String> {
        Err("not here".into())
    }
    async fn bundle_draft(&self) -> Option<Result<Draft, String>> {
        self.0.lock().unwrap().clone()
    }
}

fn opened_by(code: &str) -> Draft {
    let salt = vec![1; 16];
    let who = Who { id: PersonId(Uuid::nil()), email: "operator@example.com".into() };
    Draft {
        contents: Contents {
            applications: vec![],
            unreadable: vec![],
            accounts: vec![],
            endpoints: Endpoints::default(),
        },
        holders: vec![Holder {
            code: Uuid::now_v7(),
            person: who,
            key: Key::of_code(code, &salt).unwrap(),
            salt,
        }],
        checkpoint: None,
    }
}

/// Takes nothing until it is mended; counts.
#[derive(Debug, Default)]
struct Sick {
    mended: AtomicBool,
    held: Mutex<Vec<String>>,
}

#[async_trait]
impl Place for Sick {
    fn name(&self) -> String {
        "a sick disk".into()
    }
    async fn write(&self, text: &str) -> Result<(), String> {
        if !self.mended.load(Ordering::SeqCst) {
            return Err("it is full".into());
        }
        self.held.lock().unwrap().push(text.to_owned());
        Ok(())
    }
    async fn newest(&self) -> Result<Option<String>, String> {
        Ok(self.held.lock().unwrap().last().cloned())
    }
}

struct Made {
    exporter: Exporter,
    drafts: Arc<Drafts>,
    sick: Arc<Sick>,
    store: Store,
    folder: TempDir,
    audit: AuditSettings,
    _database: TestDatabase,
}

impl Made {
    async fn new() -> Self {
        let database = test_database().await;
        let store = database.store().await;
        let folder = TempDir::new().unwrap();
        let (drafts, sick) = (Arc::new(Drafts::default()), Arc::new(Sick::default()));
        let audit = AuditSettings::within(folder.path());
        let places: Vec<Arc<dyn Place>> =
            vec![sick.clone(), Arc::new(FolderPlace::new(folder.path().join("bundle")))];
        let settings = BundleSettings { places, endpoints: Endpoints::default() };
        let exporter = Exporter::new(store.clone(), drafts.clone(), audit.clone(), settings);
        Self { exporter, drafts, sick, store, folder, audit, _database: database }
    }

    fn can_be_carried_out(&self, draft: Option<Result<Draft, String>>) {
        *self.drafts.0.lock().unwrap() = draft;
    }

    fn file(&self) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join("bundle/holdfast.bundle")).ok()
    }

    fn key(&self) -> VerifyingKey {
        let text = std::fs::read_to_string(&self.audit.key_file).unwrap();
        holdfast_audit::SigningKey::parse(&text).unwrap().public()
    }
}

/// Never answers.
#[derive(Debug)]
struct Gone;

#[async_trait]
impl Place for Gone {
    fn name(&self) -> String {
        "a disk that is gone".into()
    }
    async fn write(&self, _: &str) -> Result<(), String> {
        std::future::pending().await
    }
    async fn newest(&self) -> Result<Option<String>, String> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_place_that_never_answers_keeps_no_other_from_its_copy() {
    let mut made = Made::new().await;
    let sick = made.sick.clone();
    sick.mended.store(true, Ordering::SeqCst);
    let places: Vec<Arc<dyn Place>> = vec![Arc::new(Gone), sick.clone()];
    let settings = BundleSettings { places, endpoints: Endpoints::default() };
    made.exporter = Exporter::new(made.store.clone(), made.drafts.clone(), made.audit.clone(), settings);
    made.can_be_carried_out(Some(Ok(opened_by("one"))));
    let round = made.exporter.round();
    let taken = async {
        while sick.held.lock().unwrap().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        done = round => assert!(done.is_ok() && !sick.held.lock().unwrap().is_empty(), "{done:?}"),
        () = taken => {}
        () = tokio::time::sleep(std::time::Duration::from_secs(20)) => panic!("the other place waits too"),
    }
}

#[tokio::test]
async fn a_bundle_is_made_anew_when_something_else_could_be_carried_out_and_a_place_that_failed_gets_it_too()
{
    let mut made = Made::new().await;
    assert!(!made.exporter.round().await.unwrap() && made.file().is_none(), "nobody could open it");
    made.can_be_carried_out(Some(Ok(opened_by("one"))));
    assert!(made.exporter.round().await.unwrap());
    let first = made.file().unwrap();
    assert!(Bundle::read(&first, &[made.key()]).unwrap().open("one").is_ok());
    assert_eq!(made.store.newest_bundle().await.unwrap().unwrap().content, first);
    let place = made.store.bundle_places().await.unwrap().remove(0);
    assert_eq!((place.made_at, place.error.as_deref()), (None, Some("it is full")));

    assert!(!made.exporter.round().await.unwrap(), "the same is not made twice");
    made.sick.mended.store(true, Ordering::SeqCst);
    assert!(!made.exporter.round().await.unwrap());
    assert_eq!(
        made.sick.held.lock().unwrap().as_slice(),
        std::slice::from_ref(&first),
        "it gets the one that it is owed"
    );
    let place = made.store.bundle_places().await.unwrap().remove(0);
    assert!(place.made_at.is_some() && place.error.is_none());
    made.exporter.round().await.unwrap();
    assert_eq!(made.sick.held.lock().unwrap().len(), 1, "once");

    made.can_be_carried_out(Some(Ok(opened_by("two"))));
    assert!(made.exporter.round().await.unwrap());
    let second = made.file().unwrap();
    let bundle = Bundle::read(&second, &[made.key()]).unwrap();
    assert!(bundle.open("one").is_err() && bundle.open("two").is_ok());
    made.can_be_carried_out(Some(Err("it cannot be read".into())));
    assert_eq!(made.exporter.round().await.unwrap_err(), "it cannot be read");
    assert_eq!(made.file().unwrap(), second, "what is there stays there");
}
