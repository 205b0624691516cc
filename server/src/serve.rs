//! One process put together: control plane, workers, pages and REST over one database.

mod asks;
mod database;
mod news;

use asks::StepRequests;
pub use database::{Prepared, migrate, prepare, stop};

use crate::{
    config::{self, Settings, audit_settings, aws_settings, checkpoint_places},
    http::{self, session_store::PostgresSessions},
    signals,
    state::{AppState, Site},
};
use anyhow::Context as _;
use holdfast_app::{App, Breached, RelyingParty, federation::ClaimRules, sealing::Sealing};
use holdfast_aws::{AwsCloud, AwsSettings};
use holdfast_domain::{Hosts, Role};
use holdfast_engine::audit::Opened;
use holdfast_engine::bundles::BundleSettings;
use holdfast_engine::{Engine, EngineSettings};
use holdfast_notify::{Notifier, Post};
use holdfast_store::Store;
use jiff::SignedDuration;
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Open answers may end for this long, and steps under way may reach a journalled point.
const GRACE: Duration = Duration::from_secs(2);

/// How often a server without workers asks the database for the time.
const TIME_EVERY: Duration = Duration::from_secs(5);

/// What a server is made of; everything in it is ready.
#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub listener: TcpListener,
    pub site: Site,
    pub stale_after: Duration,
    /// What second factors, webhooks' secrets and channels are kept with; none: no new one of them is.
    pub sealing: Option<Sealing>,
    pub claim_rules: ClaimRules,
    /// Whose roles ask for a second factor beside the password.
    pub second_factor_for: Vec<Role>,
    pub breached: Option<Breached>,
    /// Whether there is a mail server to send by.
    pub mail: bool,
    /// Whether bundles go anywhere else than into the workers' own folders.
    pub bundle_places_named: bool,
    /// Of which hosts people may store addresses.
    pub outside_hosts: Hosts,
    /// None: this process does no work, others do.
    pub workers: Option<Workers>,
}

#[derive(Debug)]
pub struct Workers {
    pub aws: AwsSettings,
    pub engine: EngineSettings,
    /// How people are told.
    pub post: Post,
    pub notify: holdfast_notify::Settings,
}

/// Those that run.
#[derive(Debug)]
struct AtWork {
    engine: Engine,
    notifier: Notifier,
}

impl AtWork {
    /// What is under way comes to a safe point.
    async fn shutdown(self) {
        tokio::join!(self.engine.shutdown(), self.notifier.shutdown());
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    state: AppState,
    store: Store,
    http: JoinHandle<()>,
    workers: Option<AtWork>,
}

impl Server {
    /// # Errors
    /// When the workers cannot begin, or the public address is no origin.
    pub async fn start(parts: Parts) -> anyhow::Result<Self> {
        let Parts {
            store,
            listener,
            site,
            stale_after,
            sealing,
            claim_rules,
            second_factor_for,
            breached,
            mail,
            bundle_places_named,
            outside_hosts,
            workers,
        } = parts;
        let passkeys = RelyingParty::at(&site.public_url);
        let settings = holdfast_app::Settings {
            sealing,
            passkeys,
            claim_rules,
            second_factor_for,
            breached,
            mail,
            bundle_places_named,
            outside_hosts,
            ..use_cases(stale_after, site.demo)?
        };
        let store = sealing_store(store, settings.sealing.as_ref()).await;
        let app = App::new(store.clone(), settings.clone()).accountable();
        let state = AppState::new(Arc::new(app), site);
        news::pass_on(&store, &state);
        let workers = match workers {
            Some(workers) => Some(start_workers(&store, settings, workers).await?),
            None => {
                tokio::spawn(keep_time(store.clone(), state.closing.clone()));
                None
            }
        };
        let router = http::router(state.clone(), PostgresSessions::new(store.clone()))?;
        let address = listener.local_addr()?;
        let closing = state.closing.clone();
        let http = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let serving = axum::serve(listener, service).with_graceful_shutdown(closing.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "stopped serving");
            }
        });
        Ok(Self { address, state, store, http, workers })
    }

    /// Waits until it can do its work.
    ///
    /// # Errors
    /// What is missing when the time is over.
    pub async fn ready_within(&self, longest: Duration) -> Result<(), String> {
        let until = tokio::time::Instant::now() + longest;
        loop {
            match self.state.plane.ready().await {
                Err(reason) if tokio::time::Instant::now() > until => return Err(reason),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Ends streams, lets answers and steps come to a safe point, closes the database's connections; within about
    /// four seconds, whatever hangs. What is cut off is taken up by the next worker from its journal.
    pub async fn stop(self) {
        self.state.closing.cancel();
        let mut http = self.http;
        let workers = async {
            if let Some(workers) = self.workers
                && tokio::time::timeout(GRACE, workers.shutdown()).await.is_err()
            {
                tracing::warn!(
                    "a step was still waiting for AWS: whoever takes over looks before it repeats"
                );
            }
        };
        let answers = async {
            if tokio::time::timeout(GRACE, &mut http).await.is_err() {
                http.abort();
            }
        };
        tokio::join!(workers, answers);
        // Connections that hang in a query are not waited for.
        tokio::time::timeout(Duration::from_secs(1), self.store.close()).await.ok();
    }
}

/// Where no worker does it once a second: a machine that was suspended goes on with the time at which it was.
async fn keep_time(store: Store, closing: CancellationToken) {
    while !closing.is_cancelled() {
        // It is told what the database says.
        store.now().await.ok();
        tokio::select! {
            () = closing.cancelled() => {}
            () = tokio::time::sleep(TIME_EVERY) => {}
        }
    }
}

/// The store with the keys of its secrets; what stands in clear from before there was a key is sealed.
async fn sealing_store(store: Store, sealing: Option<&Sealing>) -> Store {
    let Some(sealing) = sealing else { return store };
    let store = store.sealing_with(sealing.clone());
    match store.seal_webhook_secrets().await {
        Ok(0) => {}
        Ok(secrets) => tracing::info!(secrets, "secrets of webhooks that stood in clear are sealed now"),
        // Nothing fails for it; the next start tries again.
        Err(error) => tracing::warn!(%error, "the secrets of webhooks could not be sealed"),
    }
    store
}

fn use_cases(stale_after: Duration, demo: bool) -> anyhow::Result<holdfast_app::Settings> {
    let stale_after = SignedDuration::try_from(stale_after).context("stale_after")?;
    Ok(holdfast_app::Settings {
        stale_after,
        ready_after_first_sweep: demo,
        ..holdfast_app::Settings::default()
    })
}

/// What steps ask of the use cases is asked over the engine's connections: page views must not be able to take the last.
async fn start_workers(
    store: &Store,
    use_cases: holdfast_app::Settings,
    workers: Workers,
) -> anyhow::Result<AtWork> {
    let cloud = Arc::new(AwsCloud::new(workers.aws));
    let asks = Arc::new(StepRequests(App::new(store.for_engine(), use_cases.clone())));
    let engine = Engine::start(store.for_engine(), cloud, asks, workers.engine).await?;
    // Over the pages' connections: telling people must not be able to take the last one from a failover.
    let app = App::new(store.clone(), use_cases);
    let notifier = Notifier::start(store.clone(), app, workers.post, workers.notify);
    Ok(AtWork { engine, notifier })
}

fn workers(settings: &Settings, aws: AwsSettings, opened: &Opened) -> anyhow::Result<Workers> {
    let mut engine = EngineSettings::new(settings.data.clone());
    engine.sweep_interval = settings.sweep_interval;
    engine.audit = audit_settings(settings, &aws, opened)?;
    engine.bundles = BundleSettings {
        places: config::bundle_places(settings, &aws),
        endpoints: config::endpoints_for_bundle(settings, &aws),
    };
    let post = config::post(settings, &aws.outside)?;
    Ok(Workers { aws, engine, post, notify: settings.notify.settings() })
}

/// `holdfast serve`.
///
/// # Errors
/// What is missing or wrong, by name.
pub async fn run(settings: Settings, demo: bool, with_workers: bool) -> anyhow::Result<()> {
    holdfast_app::authority::ready()
        .map_err(|error| anyhow::anyhow!("the policies cannot be used: {error}"))?;
    let stop = signals::stop().context("signals")?;
    let aws = aws_settings(&settings, demo)?;
    let simulator_url = aws.endpoint_url.clone().filter(|_| demo);
    make_folder(&settings.data)?;
    let checkpoints = checkpoint_places(&settings, &aws);
    let opened = config::opened(&settings, &aws).await?;
    let workers = with_workers.then(|| workers(&settings, aws, &opened)).transpose()?;
    let listener = bind(settings.listen).await?;
    let sealing = config::sealing(&settings, &opened)?;
    config::check_second_factors(&settings, sealing.is_some())?;
    let breached = config::breached(&settings)?;
    let provider = config::provider(&settings, sealing.as_ref())?;
    let claim_rules = config::claim_rules(&settings)?;
    let Prepared { store, postgres, mut notes } = prepare(&settings).await?;
    if sealing.is_none() {
        notes.push(config::NO_KEY.to_owned());
    }
    if settings.mode == config::Mode::Production && settings.proxies.is_none() {
        notes.push(config::NO_PROXY.to_owned());
    }
    if settings.mode == config::Mode::Production && settings.second_factor_for.is_empty() {
        notes.push(config::NOBODY.to_owned());
    }
    if settings.database_is_open {
        notes.push(config::AS_THE_URL_SAYS.to_owned());
    }
    for note in &notes {
        tracing::warn!("{note}");
    }
    #[cfg(feature = "demo")]
    if let Some(simulator) = &simulator_url {
        crate::demo::fill(&store, &settings.data, simulator, sealing.as_ref()).await?;
    }
    let server = Server::start(Parts {
        store,
        listener,
        site: Site {
            public_url: settings.public_url.clone(),
            simulator_url,
            demo,
            notes,
            checkpoints,
            production: settings.mode == config::Mode::Production,
            proxies: settings.proxies.clone(),
            provider,
            requests_per_minute: settings.requests_per_minute,
        },
        stale_after: settings.stale_after,
        sealing,
        claim_rules,
        second_factor_for: settings.second_factor_for.clone(),
        breached,
        mail: settings.notify.has_mail(),
        bundle_places_named: !settings.bundles.is_empty(),
        outside_hosts: settings.outside_hosts.clone(),
        workers,
    })
    .await?;
    println!("Holdfast ({} mode) serves {}", settings.mode, settings.public_url);
    tracing::info!(address = %server.address, mode = %settings.mode, workers = with_workers, "serving");
    stop.cancelled().await;
    server.stop().await;
    database::stop(postgres).await
}

/// `holdfast worker`: the work without the pages.
///
/// # Errors
/// As [`run`].
pub async fn run_worker(settings: Settings) -> anyhow::Result<()> {
    let stop = signals::stop().context("signals")?;
    let aws = aws_settings(&settings, false)?;
    make_folder(&settings.data)?;
    let opened = config::opened(&settings, &aws).await?;
    let workers = workers(&settings, aws, &opened)?;
    let sealing = config::sealing(&settings, &opened)?;
    let Prepared { store, postgres, notes } = prepare(&settings).await?;
    for note in &notes {
        tracing::warn!("{note}");
    }
    // What stands in clear is left to the servers: a key that this folder alone has would seal it away from them.
    let store = sealing.iter().fold(store, |store, sealing| store.sealing_with(sealing.clone()));
    let use_cases = holdfast_app::Settings { sealing, ..use_cases(settings.stale_after, false)? };
    let workers = start_workers(&store, use_cases, workers).await?;
    println!("A Holdfast worker runs ({} mode)", settings.mode);
    stop.cancelled().await;
    if tokio::time::timeout(GRACE, workers.shutdown()).await.is_err() {
        tracing::warn!("a step was still waiting for AWS: whoever takes over looks before it repeats");
    }
    tokio::time::timeout(Duration::from_secs(1), store.close()).await.ok();
    database::stop(postgres).await
}

/// # Errors
/// Says which address, and the way out.
pub async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| {
        format!("--listen: {listen} cannot be listened on. Stop what uses it, or choose another address")
    })
}

/// # Errors
/// Says which folder, and the way out.
pub fn make_folder(data: &PathBuf) -> anyhow::Result<()> {
    std::fs::create_dir_all(data).with_context(|| {
        format!("--data: the folder {} cannot be made. Name one that this user may write to", data.display())
    })
}
