//! `holdfast demo`: Postgres, the simulator and the server in one process, with no configuration. The world in it
//! is invented; nothing of it leaves this machine.

mod fill;
mod people;
mod place;

pub use fill::fill;

use crate::{
    config::{Proxies, address_of, demo_credentials, sealing_in},
    serve::{Parts, Server, Workers, bind, make_folder},
    signals,
    state::Site,
};
use anyhow::Context as _;
use holdfast_app::federation::ClaimRules;
use holdfast_aws::{AwsSettings, Egress, OutsideSettings};
use holdfast_domain::{Hosts, RegionCode};
use holdfast_embedded_postgres::EmbeddedPostgres;
use holdfast_engine::EngineSettings;
use holdfast_notify::{PAGERDUTY, Post};
use holdfast_outside::Outside;
use holdfast_sim::{Sim, SimConfig};
use holdfast_store::{AppRole, Pools, Store};
use people::DemoPerson;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// The world is small and near: it is looked at often, so that what is done to it shows soon.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
const STALE_AFTER: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Options {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub simulator_listen: Option<SocketAddr>,
    pub speed: f64,
}

/// What runs, in the order of starting.
#[derive(Default)]
struct Running {
    postgres: Option<EmbeddedPostgres>,
    simulator: Option<Sim>,
    server: Option<Server>,
}

/// Runs until a signal; then stops all of it.
///
/// # Errors
/// Says what is missing and the way out; what was started by then is stopped.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let stop = signals::stop().context("signals")?;
    let mut running = Running::default();
    let outcome = tokio::select! {
        started = start(&options, &mut running) => started.map(Some),
        () = stop.cancelled() => Ok(None),
    };
    let result = match outcome {
        Ok(Some(people)) => {
            welcome(&options, &running, &people, &stop).await;
            stop.cancelled().await;
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    eprintln!("\nStopping. The data stays in {}; the next start goes on from it.", options.data.display());
    if tokio::time::timeout(STOP_WITHIN, running.stop()).await.is_err() {
        tracing::warn!("stopped without waiting for everything; the next start recovers");
    }
    result
}

impl Running {
    async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
        if let Some(simulator) = self.simulator
            && tokio::time::timeout(Duration::from_millis(500), simulator.shutdown()).await.is_err()
        {
            tracing::warn!("the simulator had calls open");
        }
        if let Some(postgres) = self.postgres
            && let Err(error) = postgres.stop().await
        {
            tracing::warn!(%error, "Postgres did not stop");
        }
    }
}

async fn start(options: &Options, running: &mut Running) -> anyhow::Result<Vec<DemoPerson>> {
    make_folder(&options.data)?;
    let data = options.data.canonicalize().context("--data")?;
    // First, so that a taken port is told before anything is made.
    let listener = bind(options.listen).await?;
    let address = listener.local_addr()?;

    let step = Step::begin("Postgres");
    let postgres = EmbeddedPostgres::start(&data).await?;
    step.end(if postgres.was_adopted() { "found running, taken over" } else { "started" });
    let (owner_url, app_url, password) =
        (postgres.owner_url(), postgres.app_url(), postgres.app_password().to_owned());
    running.postgres = Some(postgres);

    let step = Step::begin("Database");
    holdfast_store::migrate(&owner_url, AppRole::Login { password: &password }).await?;
    let store = Store::connect(&app_url, Pools::default()).await?;
    step.end("ready");

    let step = Step::begin("Simulator");
    let simulator = start_simulator(options, &data).await?;
    let simulator_url = simulator.url();
    running.simulator = Some(simulator);
    place::write_simulator(&data, &simulator_url)?;
    step.end(&format!("a small AWS on {simulator_url}"));

    let step = Step::begin("Inventory and people");
    let sealing = Some(sealing_in(&data)?);
    let people = fill(&store, &data, &simulator_url, sealing.as_ref()).await?;
    step.end("there");

    let step = Step::begin("Server");
    let mut aws = AwsSettings::new(vec![RegionCode::parse("us-east-1")?, RegionCode::parse("eu-central-1")?]);
    aws.endpoint_url = Some(simulator_url.clone());
    aws.control_credentials = demo_credentials();
    aws.outside = OutsideSettings {
        egress: Egress::Local,
        dns_resolver: address_of(&simulator_url),
        ..OutsideSettings::production("this machine")
    };
    let mut engine = EngineSettings::new(data);
    engine.sweep_interval = SWEEP_EVERY;
    engine.poll_interval = Duration::from_millis(250);
    let site = Site {
        public_url: place::public_url(address),
        simulator_url: Some(simulator_url),
        demo: true,
        production: false,
        proxies: Proxies::default(),
        provider: None,
        requests_per_minute: None,
        notes: vec![format!(
            "The world is invented, and the database is a private Postgres in {}",
            options.data.display()
        )],
        checkpoints: engine.audit.places.clone(),
    };
    let site_url = site.public_url.clone();
    let post = Post::new(Outside::new(aws.outside.clone()), None, site_url, PAGERDUTY.to_owned());
    let parts = Parts {
        store,
        listener,
        site,
        stale_after: STALE_AFTER,
        sealing,
        claim_rules: ClaimRules::default(),
        mail: false,
        second_factor_for: Vec::new(),
        breached: None,
        bundle_places_named: false,
        outside_hosts: Hosts::default(),
        workers: Some(Workers { aws, engine, post, notify: Default::default() }),
    };
    running.server = Some(Server::start(parts).await?);
    step.end("started");
    Ok(people)
}

/// On the port told, else on the one that was used last time, else on a free one.
async fn start_simulator(options: &Options, data: &Path) -> anyhow::Result<Sim> {
    let config = |listen| SimConfig { listen, data: Some(data.join("simulator")), speed: options.speed };
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    if let Some(told) = options.simulator_listen {
        return Ok(holdfast_sim::start(config(told)).await?);
    }
    match place::read_simulator(data) {
        Some(last) => match holdfast_sim::start(config(last)).await {
            Err(holdfast_sim::Error::Listen { .. }) => Ok(holdfast_sim::start(config(free)).await?),
            started => Ok(started?),
        },
        None => Ok(holdfast_sim::start(config(free)).await?),
    }
}

/// Says where it is and how to get in, once the first look at the world is done.
async fn welcome(options: &Options, running: &Running, people: &[DemoPerson], stop: &CancellationToken) {
    let Some(server) = &running.server else { return };
    let step = Step::begin("First look at every account");
    let ready = tokio::select! {
        ready = server.ready_within(Duration::from_secs(60)) => ready,
        () = stop.cancelled() => return,
    };
    match ready {
        Ok(()) => step.end("done"),
        Err(reason) => step.end(&format!("not yet: {reason}")),
    }
    println!("\n  {}\n", place::public_url(server.address));
    println!("  Sign in as any of these (also in {}):\n", options.data.join(people::FILE).display());
    let width = people.iter().map(|person| person.email.len()).max().unwrap_or(0);
    for person in people {
        let groups = if person.groups.is_empty() {
            String::new()
        } else {
            format!(", group {}", person.groups.join(" and "))
        };
        println!("    {:width$}  {}  {}{groups}", person.email, person.password, person.roles.join(" and "));
    }
    if let Some(simulator) = &running.simulator {
        println!(
            "\n  The simulated AWS: {}/  (darken a Region there, then recover from it)",
            simulator.url()
        );
    }
    if !options.listen.ip().is_loopback() {
        println!(
            "\n  Listening beyond this machine: anybody who reaches it sees the demonstration, over plain http."
        );
    }
    println!("  Ctrl-C stops all of it.\n");
}

/// A line of progress: what is being done, then what came of it and how long it took.
struct Step {
    what: &'static str,
    began: Instant,
}

impl Step {
    fn begin(what: &'static str) -> Self {
        eprintln!("   {what} ...");
        Self { what, began: Instant::now() }
    }

    fn end(self, outcome: &str) {
        eprintln!("   {}: {outcome} ({:.1} s)", self.what, self.began.elapsed().as_secs_f64());
    }
}
