//! Looks at every resource of the inventory, account by account, and keeps what it saw. An account that denies
//! or a Region that does not answer delays nobody else: each account has its own sweep, each look its own end.
//! How many calls may be under way at once is the adapters' care; here many looks are begun together, so that what
//! AWS answers in one call can be asked in one.

mod keep;

use crate::EngineSettings;
use crate::look::Ground;
use crate::survey::{doubt_trust, rehearse, survey};
use futures::{Stream, StreamExt};
use holdfast_clock::DatabaseClock;
use holdfast_cloud::{Access, Cloud};
use holdfast_domain::{Account, Application, Name, Need, NotSeen, OwnPlan, RegionCode, Resource};
use holdfast_store::{AccountProbe, AccountRole, Look, Store, Wakeup, Wakeups};
use keep::Keeper;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// One resource to look at, in these Regions.
#[derive(Debug, Clone)]
struct Target {
    application: Name,
    resource: Resource,
    regions: Vec<RegionCode>,
}

/// The sweeps under way, by account: one that is slow is not started again, and holds up nobody.
type Sweeps = HashMap<Name, JoinHandle<()>>;

fn is_running(sweeps: &Sweeps, account: &Name) -> bool {
    sweeps.get(account).is_some_and(|sweep| !sweep.is_finished())
}

/// Which accounts are to be swept now: all at a round, and afterwards those that were still being swept when it came, as
/// soon as that is over. An account with a dark Region would otherwise miss every other round.
#[derive(Debug, Default)]
struct Turns {
    round: bool,
    late: BTreeSet<Name>,
}

impl Turns {
    fn are_there(&self, sweeps: &Sweeps) -> bool {
        self.round || self.late.iter().any(|account| !is_running(sweeps, account))
    }

    fn take<'a>(
        &mut self,
        accounts: impl Iterator<Item = &'a Name>,
        running: impl Fn(&Name) -> bool,
    ) -> BTreeSet<Name> {
        let wanted = accounts.filter(|account| self.round || self.late.contains(*account)).cloned();
        let (late, due) = wanted.partition(running);
        *self = Self { round: false, late };
        due
    }
}

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
    let keeper = Keeper::start(store.clone());
    let mut wakeups = store.wakeups();
    let tick = settings.sweep_interval.min(Duration::from_secs(1));
    let mut unreported = false;
    let mut turns = Turns::default();
    while !stop.is_cancelled() {
        match store.begin_sweep(&worker, settings.sweep_interval.as_secs_f64()).await {
            Ok(round) => turns.round |= round,
            Err(error) => tracing::warn!(%error, "whose turn it is to sweep could not be asked"),
        }
        if turns.are_there(&sweeps) {
            unreported = true;
            let parts = (&cloud, &clock, &keeper);
            if let Err(error) = begin(&store, parts, &settings, &mut sweeps, &mut turns).await {
                tracing::warn!(%error, "the inventory could not be read for a sweep");
            }
        }
        if unreported && sweeps.values().all(JoinHandle::is_finished) {
            match store.finish_sweep(&worker).await {
                Ok(()) => unreported = false,
                Err(error) => tracing::warn!(%error, "the end of the sweep could not be kept"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = all_over(&mut sweeps), if unreported => {}
            () = tokio::time::sleep(tick) => {}
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

async fn all_over(sweeps: &mut Sweeps) {
    for sweep in sweeps.values_mut().filter(|sweep| !sweep.is_finished()) {
        // One that ended badly is over too; it has said why.
        sweep.await.ok();
    }
}

async fn refresh_asked(wakeups: &mut Wakeups) {
    while !matches!(wakeups.next().await, Wakeup::Refresh) {}
}

async fn begin(
    store: &Store,
    (cloud, clock, keeper): (&Arc<dyn Cloud>, &DatabaseClock, &Keeper),
    settings: &EngineSettings,
    sweeps: &mut Sweeps,
    turns: &mut Turns,
) -> Result<(), holdfast_store::Error> {
    let mut by_account: BTreeMap<Name, Vec<Target>> = BTreeMap::new();
    let found = store.applications().await?;
    for one in &found.unreadable {
        tracing::error!(application = %one.name, why = %one.why, "an application cannot be read, and is not looked at");
    }
    for application in found.readable {
        for target in targets(&application) {
            by_account.entry(target.resource.account.clone()).or_default().push(target);
        }
    }
    let accounts = store.accounts().await?;
    let mut kinds = store.kinds_by_account().await?;
    let mut called: BTreeMap<Name, BTreeSet<Need>> = BTreeMap::new();
    for step in store.own_plans().await?.iter().flat_map(|plan| &plan.steps) {
        if let Some((account, call)) = step.work.calls() {
            called.entry(account.clone()).or_default().insert(Need::OwnStep(call));
        }
    }
    sweeps.retain(|name, _| accounts.iter().any(|a| &a.name == name));
    let due = turns.take(accounts.iter().map(|a| &a.name), |name| is_running(sweeps, name));
    for account in accounts.into_iter().filter(|a| due.contains(&a.name)) {
        let name = account.name.clone();
        let kinds = kinds.remove(&name).unwrap_or_default();
        let mut needs = called.remove(&name).unwrap_or_default();
        needs.extend(kinds.iter().copied().map(Need::Kind));
        let sweep = AccountSweep {
            store: store.clone(),
            cloud: cloud.clone(),
            clock: clock.clone(),
            keeper: keeper.clone(),
            targets: by_account.remove(&name).unwrap_or_default(),
            access: Access::Read(kinds),
            needs,
            account,
            at_once: settings.looks_per_account,
        };
        sweeps.insert(name, tokio::spawn(sweep.run()));
    }
    Ok(())
}

/// A resource that is asked in each Region by itself is one target per Region, so that a dark one keeps nobody waiting.
fn targets(application: &Application) -> Vec<Target> {
    let regions: Vec<RegionCode> = application.regions().cloned().collect();
    application
        .resources
        .iter()
        .flat_map(|resource| {
            let together = if resource.spec.kind().is_regional() { 1 } else { regions.len().max(1) };
            regions.chunks(together).map(|regions| Target {
                application: application.name.clone(),
                resource: resource.clone(),
                regions: regions.to_vec(),
            })
        })
        .collect()
}

/// One pass over one account, under one session.
struct AccountSweep {
    store: Store,
    cloud: Arc<dyn Cloud>,
    clock: DatabaseClock,
    keeper: Keeper,
    account: Account,
    targets: Vec<Target>,
    access: Access,
    needs: BTreeSet<Need>,
    at_once: usize,
}

impl AccountSweep {
    async fn run(self) {
        self.sweep().await;
        // By itself: an account that is slow to say what its roles may do must not hold up its next sweep.
        tokio::spawn(async move {
            survey((&self.store, &self.cloud, &self.clock), &self.account, &self.needs).await;
        });
    }

    /// Whether the role can be had is found out beside the looks, which wait for the session that is made for it: for one
    /// answer of AWS, and not for two. The probe is begun first, so that no look makes a session of its own.
    async fn sweep(&self) {
        futures::future::join(self.probe(), self.look()).await;
    }

    async fn probe(&self) {
        let answer =
            self.cloud.probe(&self.account, &self.access).await.map(|i| i.arn).map_err(|e| e.to_string());
        let at = self.clock.now();
        let probe = AccountProbe { account: self.account.id.clone(), role: AccountRole::Read, at, answer };
        if let Err(error) = self.store.record_account_probe(&probe).await {
            tracing::warn!(account = %self.account.name, %error, "the role's answer could not be kept");
        }
    }

    async fn look(&self) {
        let eyes = Eyes {
            cloud: self.cloud.as_ref(),
            clock: &self.clock,
            account: &self.account,
            access: &self.access,
        };
        let mut looks = std::pin::pin!(eyes.look_at(&self.targets, self.at_once));
        while let Some(looks) = looks.next().await {
            self.keeper.keep(looks).await;
        }
        self.keeper.all_kept().await;
    }
}

/// Who looks, into which account.
#[derive(Clone, Copy)]
struct Eyes<'a> {
    cloud: &'a dyn Cloud,
    clock: &'a DatabaseClock,
    account: &'a Account,
    access: &'a Access,
}

impl<'a> Eyes<'a> {
    /// As they come in, each with the Regions of one target.
    fn look_at(self, targets: &'a [Target], at_once: usize) -> impl Stream<Item = Vec<Look>> + 'a {
        futures::stream::iter(targets)
            .map(move |target| async move {
                let looked =
                    self.cloud.observe(self.account, self.access, &target.resource, &target.regions).await;
                // The database's time: a replica whose clock is ahead would hide every later look behind its own.
                let at = self.clock.now();
                let look = |(region, result): (RegionCode, Result<_, holdfast_cloud::Error>)| Look {
                    application: target.application.clone(),
                    resource: target.resource.name.clone(),
                    region,
                    at,
                    outcome: result.map_err(NotSeen::from),
                };
                looked.into_iter().map(look).collect()
            })
            .buffer_unordered(at_once)
    }
}

/// Looks at everything of one application now, and keeps it; under the session that the sweeps use, so that nobody is
/// asked for another.
pub async fn look_at_application(
    (store, cloud, clock): (&Store, &Arc<dyn Cloud>, &DatabaseClock),
    ground: &Ground,
    at_once: usize,
) {
    let kinds = match store.kinds_by_account().await {
        Ok(kinds) => kinds,
        Err(error) => {
            tracing::warn!(%error, "what the accounts have could not be read; nothing was looked at again");
            return;
        }
    };
    let all = targets(&ground.application);
    let sweeps = ground.accounts.iter().map(|account| {
        let of_account: Vec<Target> =
            all.iter().filter(|t| t.resource.account == account.name).cloned().collect();
        let access = Access::Read(kinds.get(&account.name).cloned().unwrap_or_default());
        async move {
            let eyes = Eyes { cloud: cloud.as_ref(), clock, account, access: &access };
            let mut looks = std::pin::pin!(eyes.look_at(&of_account, at_once).ready_chunks(64));
            while let Some(looks) = looks.next().await {
                keep::write(store, &looks.concat()).await;
            }
        }
    });
    futures::future::join_all(sweeps).await;
}

/// Somebody asked to look again now.
async fn refresh(store: Store, cloud: Arc<dyn Cloud>, clock: DatabaseClock, at_once: usize) {
    let asked = (store.take_refresh_requests().await, store.accounts().await, store.own_plans().await);
    let (names, accounts, own) = match asked {
        (Ok(names), Ok(accounts), Ok(own)) => (names, accounts, own),
        (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
            tracing::warn!(%error, "what to look at again could not be read");
            return;
        }
    };
    for name in names {
        let Ok(application) = store.application(&name).await else { continue };
        let ground = Ground { application, accounts: accounts.clone() };
        look_at_application((&store, &cloud, &clock), &ground, at_once).await;
        // Whoever has mended a trust policy is told at once, and not at the next survey.
        let used = accounts_of(&ground.application, &own);
        let used = ground.accounts.iter().filter(|account| used.contains(&account.name));
        let asked = used.map(|account| async {
            rehearse((&store, &cloud, &clock), account).await;
            doubt_trust((&store, &cloud, &clock), account).await;
        });
        futures::future::join_all(asked).await;
    }
}

/// Those that the application's resources and steps of one's own are in.
fn accounts_of<'a>(application: &'a Application, own: &'a [OwnPlan]) -> BTreeSet<&'a Name> {
    let own = own.iter().filter(|plan| plan.application == application.name).flat_map(|plan| &plan.steps);
    let resources = application.resources.iter().map(|resource| &resource.account);
    resources.chain(own.filter_map(|step| step.work.account())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_is_still_being_swept_when_a_round_comes_is_swept_when_that_is_over() {
        let names = ["calm", "dark"].map(|name| Name::parse(name).unwrap());
        let mut turns = Turns { round: true, ..Turns::default() };
        let due = turns.take(names.iter(), |name| name.as_str() == "dark");
        assert_eq!(due, BTreeSet::from([names[0].clone()]));
        assert!(turns.are_there(&Sweeps::new()), "its sweep is over, and the next round is not there yet");
        assert_eq!(turns.take(names.iter(), |_| false), BTreeSet::from([names[1].clone()]));
        assert!(!turns.are_there(&Sweeps::new()));
    }
}
