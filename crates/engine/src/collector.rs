//! Looks at every resource of the inventory, account by account, and keeps what it saw. An account that denies
//! or a Region that does not answer delays nobody else: each account has its own sweep, each look its own end.

use crate::EngineSettings;
use crate::clock::DatabaseClock;
use crate::look::Ground;
use crate::survey::survey;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use holdfast_cloud::{Access, Cloud};
use holdfast_domain::{Account, Application, Name, RegionCode, Resource};
use holdfast_store::{AccountProbe, AccountRole, LagPoint, Look, Store, Wakeup, Wakeups};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
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

/// The sweeps under way, by account: one that is slow is not started again, and holds up nobody.
type Sweeps = HashMap<Name, JoinHandle<()>>;

pub async fn run(
    store: Store,
    cloud: Arc<dyn Cloud>,
    clock: DatabaseClock,
    worker: String,
    settings: EngineSettings,
    stop: CancellationToken,
) {
    recall(&store, cloud.as_ref()).await;
    let mut sweeps = Sweeps::new();
    let mut wakeups = store.wakeups();
    let tick = settings.sweep_interval.min(Duration::from_secs(1));
    let mut unreported = false;
    while !stop.is_cancelled() {
        match store.begin_sweep(&worker, settings.sweep_interval.as_secs_f64()).await {
            Ok(true) => {
                unreported = true;
                if let Err(error) = begin(&store, &cloud, &clock, &settings, &mut sweeps).await {
                    tracing::warn!(%error, "the inventory could not be read for a sweep");
                }
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "whose turn it is to sweep could not be asked"),
        }
        if unreported && sweeps.values().all(JoinHandle::is_finished) {
            match store.finish_sweep(&worker).await {
                Ok(()) => unreported = false,
                Err(error) => tracing::warn!(%error, "the end of the sweep could not be kept"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(if unreported { tick.min(Duration::from_millis(100)) } else { tick }) => {}
            () = refresh_asked(&mut wakeups) => {
                // By itself: a dark Region that somebody looks at again must not hold up the sweeps.
                tokio::spawn(refresh(store.clone(), cloud.clone(), clock.clone(), settings.looks_per_account));
            }
        }
    }
    for (_, sweep) in sweeps {
        sweep.abort();
    }
}

/// Hands what earlier processes saw to this one's cloud.
async fn recall(store: &Store, cloud: &dyn Cloud) {
    match store.all_observations().await {
        Ok(all) => {
            let seen = all.values().flat_map(BTreeMap::values).filter_map(|observed| observed.seen.as_ref());
            seen.for_each(|(_, facts)| cloud.recall(facts));
        }
        Err(error) => tracing::warn!(%error, "what was seen before could not be read"),
    }
}

async fn refresh_asked(wakeups: &mut Wakeups) {
    while !matches!(wakeups.next().await, Wakeup::Refresh) {}
}

async fn begin(
    store: &Store,
    cloud: &Arc<dyn Cloud>,
    clock: &DatabaseClock,
    settings: &EngineSettings,
    sweeps: &mut Sweeps,
) -> Result<(), holdfast_store::Error> {
    let mut by_account: BTreeMap<Name, Vec<Target>> = BTreeMap::new();
    for application in store.applications().await? {
        for target in targets(&application) {
            by_account.entry(target.resource.account.clone()).or_default().push(target);
        }
    }
    let accounts = store.accounts().await?;
    sweeps.retain(|name, _| accounts.iter().any(|a| &a.name == name));
    for account in accounts {
        if sweeps.get(&account.name).is_some_and(|sweep| !sweep.is_finished()) {
            continue;
        }
        let targets = by_account.remove(&account.name).unwrap_or_default();
        let name = account.name.clone();
        let sweep = sweep_account(
            store.clone(),
            cloud.clone(),
            clock.clone(),
            account,
            targets,
            settings.looks_per_account,
        );
        sweeps.insert(name, tokio::spawn(sweep));
    }
    Ok(())
}

fn targets(application: &Application) -> Vec<Target> {
    let regions: Vec<RegionCode> = application.regions().cloned().collect();
    application
        .resources
        .iter()
        .filter(|r| r.spec.kind().is_observed())
        .map(|resource| Target {
            application: application.name.clone(),
            resource: resource.clone(),
            regions: regions.clone(),
        })
        .collect()
}

/// The access for all of an account's looks: one session, narrowed to what the account has.
fn reading(targets: &[Target]) -> Access {
    Access::Read(targets.iter().map(|target| target.resource.spec.kind()).collect())
}

async fn sweep_account(
    store: Store,
    cloud: Arc<dyn Cloud>,
    clock: DatabaseClock,
    account: Account,
    targets: Vec<Target>,
    at_once: usize,
) {
    let access = reading(&targets);
    let answer = cloud.probe(&account, &access).await.map(|i| i.arn).map_err(|e| e.to_string());
    let probe =
        AccountProbe { account: account.id.clone(), role: AccountRole::Read, at: clock.now(), answer };
    if let Err(error) = store.record_account_probe(&probe).await {
        tracing::warn!(account = %account.name, %error, "the role's answer could not be kept");
    }
    look_at(&store, &cloud, &clock, &account, &targets, &access, at_once).await;
    let kinds = targets.iter().map(|target| target.resource.spec.kind()).collect();
    survey((&store, &cloud, &clock), &account, &kinds).await;
}

async fn look_at(
    store: &Store,
    cloud: &Arc<dyn Cloud>,
    clock: &DatabaseClock,
    account: &Account,
    targets: &[Target],
    access: &Access,
    at_once: usize,
) {
    let places = Semaphore::new(at_once);
    let mut looks: FuturesUnordered<_> =
        targets.iter().map(|target| look(cloud, clock, account, target, access, &places)).collect();
    while let Some((target, looks)) = looks.next().await {
        keep(store, target, &looks).await;
    }
}

async fn look<'a>(
    cloud: &Arc<dyn Cloud>,
    clock: &DatabaseClock,
    account: &Account,
    target: &'a Target,
    access: &Access,
    places: &Semaphore,
) -> (&'a Target, Vec<Look>) {
    // A semaphore that nobody closes always gives a place.
    let _place = places.acquire().await;
    let looked = cloud.observe(account, access, &target.resource, &target.regions).await;
    // The database's time: a replica whose clock is ahead would hide every later look behind its own.
    let at = clock.now();
    let looks = looked
        .into_iter()
        .map(|(region, result)| Look {
            application: target.application.clone(),
            resource: target.resource.name.clone(),
            region,
            at,
            outcome: result.map_err(|e| e.to_string()),
        })
        .collect();
    (target, looks)
}

async fn keep(store: &Store, target: &Target, looks: &[Look]) {
    if let Err(error) = store.record_observations(looks).await {
        tracing::warn!(application = %target.application, %error, "what was seen could not be kept");
    }
    let lags: Vec<LagPoint> = looks
        .iter()
        .filter_map(|look| {
            let lag = look.outcome.as_ref().ok()?.lag()?;
            Some(LagPoint {
                resource: look.resource.clone(),
                region: look.region.clone(),
                at: lag.measured_at,
                milliseconds: lag.milliseconds,
            })
        })
        .collect();
    if let Err(error) = store.record_lag(&target.application, &lags).await {
        tracing::warn!(application = %target.application, %error, "the history of lag could not be kept");
    }
}

/// Looks at everything of one application now, and keeps it.
pub async fn look_at_application(
    (store, cloud, clock): (&Store, &Arc<dyn Cloud>, &DatabaseClock),
    ground: &Ground,
    at_once: usize,
) {
    let all = targets(&ground.application);
    let sweeps = ground.accounts.iter().map(|account| {
        let of_account: Vec<Target> =
            all.iter().filter(|t| t.resource.account == account.name).cloned().collect();
        async move {
            look_at(store, cloud, clock, account, &of_account, &reading(&of_account), at_once).await;
        }
    });
    futures::future::join_all(sweeps).await;
}

/// Somebody asked to look again now.
async fn refresh(store: Store, cloud: Arc<dyn Cloud>, clock: DatabaseClock, at_once: usize) {
    let (names, accounts) = match (store.take_refresh_requests().await, store.accounts().await) {
        (Ok(names), Ok(accounts)) => (names, accounts),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "what to look at again could not be read");
            return;
        }
    };
    for name in names {
        let Ok(application) = store.application(&name).await else { continue };
        let ground = Ground { application, accounts: accounts.clone() };
        look_at_application((&store, &cloud, &clock), &ground, at_once).await;
    }
}
