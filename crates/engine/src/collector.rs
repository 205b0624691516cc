//! Looks at every resource of the inventory, account by account, and keeps what it saw. An account that denies
//! or a Region that does not answer delays nobody else: each account has its own sweep, each look its own end.

use crate::EngineSettings;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use holdfast_cloud::{Access, Cloud, ErrorKind};
use holdfast_domain::{Account, Application, Facts, Name, RegionCode, Resource};
use holdfast_store::{Look, ProbeAnswer, Store, Wakeup};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// One resource to look at, with the Regions of its application.
#[derive(Debug, Clone)]
struct Target {
    application: Name,
    resource: Resource,
    regions: Vec<RegionCode>,
}

pub async fn run(store: Store, cloud: Arc<dyn Cloud>, worker: String, settings: EngineSettings, stop: CancellationToken) {
    let mut sweeps: HashMap<Name, JoinHandle<()>> = HashMap::new();
    let mut wakeups = store.wakeups();
    let tick = settings.sweep_interval.min(std::time::Duration::from_secs(1));
    while !stop.is_cancelled() {
        match due(&store, &worker, &settings).await {
            Ok(work) => {
                for (account, targets) in work {
                    let busy = sweeps.get(&account.name).is_some_and(|s| !s.is_finished());
                    if !busy {
                        let sweep = sweep_account(store.clone(), cloud.clone(), account.clone(), targets, settings.looks_per_account);
                        sweeps.insert(account.name.clone(), tokio::spawn(sweep));
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the inventory could not be read for a sweep"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(tick) => {}
            application = refresh_asked(&mut wakeups) => look_at_once(&store, &cloud, &settings, &application).await,
        }
    }
    for (_, sweep) in sweeps {
        sweep.abort();
    }
}

async fn refresh_asked(wakeups: &mut tokio::sync::broadcast::Receiver<Wakeup>) -> String {
    loop {
        match wakeups.recv().await {
            Ok(Wakeup::Refresh(application)) => return application,
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// The accounts whose sweep is due and that this worker got the right to sweep: replicas share the work.
async fn due(
    store: &Store,
    worker: &str,
    settings: &EngineSettings,
) -> Result<Vec<(Account, Vec<Target>)>, holdfast_store::Error> {
    let claimed = store.claim_sweeps(worker, settings.sweep_interval).await?;
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let mut by_account: BTreeMap<Name, Vec<Target>> = BTreeMap::new();
    for application in store.applications().await? {
        for target in targets(&application) {
            by_account.entry(target.resource.account.clone()).or_default().push(target);
        }
    }
    Ok(store
        .accounts()
        .await?
        .into_iter()
        .filter(|a| claimed.contains(&a.name))
        .map(|a| {
            let targets = by_account.remove(&a.name).unwrap_or_default();
            (a, targets)
        })
        .collect())
}

fn targets(application: &Application) -> Vec<Target> {
    let regions: Vec<RegionCode> = application.regions().cloned().collect();
    application
        .resources
        .iter()
        .filter(|r| r.spec.kind().is_observed())
        .map(|resource| Target { application: application.name.clone(), resource: resource.clone(), regions: regions.clone() })
        .collect()
}

async fn sweep_account(store: Store, cloud: Arc<dyn Cloud>, account: Account, targets: Vec<Target>, at_once: usize) {
    let probe = cloud.probe(&account, &Access::Read).await;
    let answer = match &probe {
        Ok(identity) => ProbeAnswer { state: "ok", reason: None, identity: Some(identity.arn.clone()) },
        Err(error) => ProbeAnswer {
            state: if error.kind == ErrorKind::Denied { "denied" } else { "unreachable" },
            reason: Some(error.to_string()),
            identity: None,
        },
    };
    if let Err(error) = store.record_probe(&account.name, "read", &answer).await {
        tracing::warn!(account = %account.name, %error, "the role's answer could not be kept");
    }
    let places = Semaphore::new(at_once);
    let mut looks: FuturesUnordered<_> =
        targets.iter().map(|target| look(&cloud, &account, target, &places)).collect();
    while let Some((target, seen)) = looks.next().await {
        keep(&store, target, seen).await;
    }
    if let Err(error) = store.sweep_ended(&account.name).await {
        tracing::warn!(account = %account.name, %error, "the end of the sweep could not be kept");
    }
}

type Seen = Vec<(RegionCode, Timestamp, Result<Facts, String>)>;

async fn look<'a>(
    cloud: &Arc<dyn Cloud>,
    account: &Account,
    target: &'a Target,
    places: &Semaphore,
) -> (&'a Target, Seen) {
    // A semaphore that nobody closes always gives a place.
    let _place = places.acquire().await;
    let looked = cloud.observe(account, &Access::Read, &target.resource, &target.regions).await;
    let at = Timestamp::now();
    (target, looked.into_iter().map(|(region, result)| (region, at, result.map_err(|e| e.to_string()))).collect())
}

async fn keep(store: &Store, target: &Target, seen: Seen) {
    let looks: Vec<Look> = seen
        .into_iter()
        .map(|(region, at, result)| Look { resource: target.resource.name.clone(), region, at, result })
        .collect();
    if let Err(error) = store.record_looks(&target.application, &looks).await {
        tracing::warn!(application = %target.application, %error, "what was seen could not be kept");
    }
}

/// Somebody asked to look again now, for one application.
async fn look_at_once(store: &Store, cloud: &Arc<dyn Cloud>, settings: &EngineSettings, application: &str) {
    let Ok(name) = Name::parse(application) else { return };
    let (Ok(application), Ok(accounts)) = (store.application(&name).await, store.accounts().await) else { return };
    let places = Semaphore::new(settings.looks_per_account);
    let all = targets(&application);
    let mut looks: FuturesUnordered<_> = all
        .iter()
        .filter_map(|t| accounts.iter().find(|a| a.name == t.resource.account).map(|a| look(cloud, a, t, &places)))
        .collect();
    while let Some((target, seen)) = looks.next().await {
        keep(store, target, seen).await;
    }
}
