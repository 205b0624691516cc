//! Makes the bundle for where no server is: anew whenever something else could be carried out from it, and before it is a
//! quarter of an hour old; and takes it to its places. Each worker does, to the places that it has: a folder of its own is
//! not another's.

mod folder;

pub use folder::FolderPlace;

use crate::Asks;
use crate::audit::keys::Keys;
use crate::audit::{AuditSettings, Place};
use holdfast_failover::Digest;
use holdfast_offline::bundle::{Draft, Endpoints};
use holdfast_store::{AuditActor, AuditEntry, Store, StoredBundle};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Well before it is stale, so that a worker that dies leaves time for another.
const ANEW_AFTER: SignedDuration = SignedDuration::from_mins(8);
/// Whether something else could be carried out is looked at this often; where that takes long, for a fifth of the time, and
/// as seldom as leaves a bundle fresh.
const EVERY: Duration = Duration::from_secs(10);
const AT_LEAST_EVERY: Duration = Duration::from_secs(180);
const REST: u32 = 4;
/// A disk that is gone may never answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Where copies go, and how AWS is reached from them.
#[derive(Debug, Clone)]
pub struct BundleSettings {
    pub places: Vec<Arc<dyn Place>>,
    pub endpoints: Endpoints,
}

impl BundleSettings {
    /// In this worker's own folder: a place to take it from, and lost with the machine.
    #[must_use]
    pub fn within(data: &Path) -> Self {
        let place = FolderPlace::new(data.join("bundle"));
        Self { places: vec![Arc::new(place)], endpoints: Endpoints::default() }
    }
}

#[derive(Debug)]
pub struct Exporter {
    store: Store,
    asks: Arc<dyn Asks>,
    audit: AuditSettings,
    settings: BundleSettings,
    last: Option<Last>,
}

/// The newest that this worker made.
#[derive(Debug)]
struct Last {
    /// What can be carried out from it.
    print: Digest,
    bundle: StoredBundle,
    /// The places that did not take it: it is taken to them again, and not made anew for them.
    owed: Vec<Arc<dyn Place>>,
}

pub async fn run(exporter: Exporter, stop: CancellationToken) {
    let mut exporter = exporter;
    let mut said = String::new();
    while !stop.is_cancelled() {
        let began = Instant::now();
        match exporter.round().await {
            Ok(_) => said.clear(),
            Err(words) => {
                exporter.tell_places(&words).await;
                // Once for each reason.
                if words != said {
                    tracing::error!(reason = %words, "no bundle can be made");
                    said = words;
                }
            }
        }
        let pause = (began.elapsed() * REST).clamp(EVERY, AT_LEAST_EVERY);
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Exporter {
    #[must_use]
    pub fn new(store: Store, asks: Arc<dyn Asks>, audit: AuditSettings, settings: BundleSettings) -> Self {
        Self { store, asks, audit, settings, last: None }
    }

    /// Answers whether a bundle was made.
    ///
    /// # Errors
    /// In words: none could be made, or not kept.
    pub async fn round(&mut self) -> Result<bool, String> {
        let Some(draft) = self.asks.bundle_draft().await else { return Ok(false) };
        let mut draft = draft?;
        draft.contents.endpoints = self.settings.endpoints.clone();
        let print = draft.print().map_err(|error| error.to_string())?;
        let now = self.store.now().await.map_err(|error| error.to_string())?;
        if let Some(last) = &mut self.last
            && last.print == print
            && now.duration_since(last.bundle.made_at) < ANEW_AFTER
        {
            last.owed = publish(&self.store, &last.bundle, &last.owed).await;
            return Ok(false);
        }
        let bundle = self.make(&draft, now)?;
        self.keep(&bundle, &draft, &print).await?;
        let owed = publish(&self.store, &bundle, &self.settings.places).await;
        self.last = Some(Last { print, bundle, owed });
        Ok(true)
    }

    fn make(&self, draft: &Draft, now: Timestamp) -> Result<StoredBundle, String> {
        let keys = Keys::read(&self.audit.key_file, self.audit.make_key, &self.audit.opened)?;
        let id = Uuid::now_v7();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let applications = &draft.contents.applications;
        Ok(StoredBundle {
            id,
            made_at: now,
            applications: count(applications.len()),
            plans: count(applications.iter().map(|of| of.plans.len()).sum()),
            content: draft.sign(id, now, env!("CARGO_PKG_VERSION"), keys.signing())?,
        })
    }

    /// In the database, for whoever asks a server for a copy; and in the audit log, that there was one.
    async fn keep(&self, bundle: &StoredBundle, draft: &Draft, print: &Digest) -> Result<(), String> {
        let kept = async {
            let mut change = self.store.begin().await?;
            change.keep_bundle(bundle).await?;
            let worker = AuditActor::System { name: "worker".to_owned() };
            let opened_by: Vec<&str> =
                draft.holders.iter().map(|holder| holder.person.email.as_str()).collect();
            let detail = json!({
                "applications": bundle.applications, "plans": bundle.plans, "holds": print, "opened_by": opened_by,
            });
            change.commit(AuditEntry::done("bundle.export", worker, "bundle", bundle.id).with(detail)).await
        };
        kept.await.map(|_| ()).map_err(|error: holdfast_store::Error| error.to_string())
    }

    async fn tell_places(&self, words: &str) {
        for place in &self.settings.places {
            tell(&self.store, place.as_ref(), Err(words)).await;
        }
    }
}

/// To these places, to all at once: one that fails or hangs does not keep the others from it. Answers with those that did
/// not take it.
async fn publish(store: &Store, bundle: &StoredBundle, places: &[Arc<dyn Place>]) -> Vec<Arc<dyn Place>> {
    let taken = places.iter().map(|place| take_to(store, bundle, place));
    futures::future::join_all(taken).await.into_iter().flatten().collect()
}

/// Answers with the place where it did not take it.
async fn take_to(store: &Store, bundle: &StoredBundle, place: &Arc<dyn Place>) -> Option<Arc<dyn Place>> {
    let written = tokio::time::timeout(ANSWERS_WITHIN, place.write(&bundle.content)).await;
    let written =
        written.unwrap_or_else(|_| Err(format!("it did not answer within {} s", ANSWERS_WITHIN.as_secs())));
    if let Err(error) = &written {
        tracing::error!(%error, place = place.name(), "a bundle could not be written");
    }
    let told = written.as_ref().map(|()| (bundle.id, bundle.made_at)).map_err(String::as_str);
    tell(store, place.as_ref(), told).await;
    written.is_err().then(|| Arc::clone(place))
}

async fn tell(store: &Store, place: &dyn Place, outcome: Result<(Uuid, Timestamp), &str>) {
    if let Err(error) = store.record_bundle_place(&place.name(), outcome).await {
        tracing::warn!(%error, place = place.name(), "what came of a bundle could not be kept");
    }
}
