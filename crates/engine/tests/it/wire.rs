//! A whole Holdfast over the wire: database, use cases, engine, the real adapters, and the simulator with the
//! demonstration. The judge is the simulator's ledger.

use crate::histories::record;
use crate::house::{actor, id, requests, until};
use crate::proxy::Proxy;
use holdfast_api::applications::Applications;
use holdfast_api::runs::{Decision, RequestRun, ReviewRun, RunView, Runs};
use holdfast_app::{App, Settings};
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials, Egress, OutsideSettings};
use holdfast_cloud::Cloud;
use holdfast_domain::{Actor, Name, RegionCode, Role, RunId};
use holdfast_engine::{Engine, EngineSettings};
use holdfast_failover::{Finding, Intent, Mode, RunState};
use holdfast_sim::ledger::{Effect, Entry};
use holdfast_sim::world::World;
use holdfast_sim::{Sim, SimConfig};
use holdfast_store::{Pools, Store};
use holdfast_testkit::{Injected, TestDatabase, sealing, test_database};
use sqlx::Connection as _;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct WireHouse {
    pub sim: Sim,
    pub app: App,
    pub operator: Actor,
    pub approvers: Vec<Actor>,
    engine: Option<Engine>,
    data: TempDir,
    database_url: String,
    /// Dropped with the house, where it is the house's own.
    _database: Option<TestDatabase>,
}

/// What moves, with the Regions to name where what is seen does not tell them.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    pub application: &'static str,
    from: Option<&'static str>,
    to: Option<&'static str>,
}

impl Move {
    pub const fn of(application: &'static str) -> Self {
        Self { application, from: None, to: None }
    }
    pub const fn from(self, region: &'static str) -> Self {
        Self { from: Some(region), ..self }
    }
    pub const fn to(self, region: &'static str) -> Self {
        Self { to: Some(region), ..self }
    }
}

/// One process of the worker, yet to be started.
pub struct Process {
    url: String,
    settings: EngineSettings,
    aws: AwsSettings,
}

/// Where everything is that a process of its own needs.
#[derive(Debug, Clone)]
pub struct Place {
    database: String,
    simulator: SocketAddr,
    pub folder: PathBuf,
}

impl Place {
    /// For an environment variable.
    pub fn in_words(&self) -> String {
        format!("{} {} {}", self.database, self.simulator, self.folder.display())
    }

    pub fn of_words(words: &str) -> Self {
        let [database, simulator, folder] = words.split(' ').collect::<Vec<_>>().try_into().unwrap();
        Self { database: database.into(), simulator: simulator.parse().unwrap(), folder: folder.into() }
    }

    pub fn process(&self) -> Process {
        Process { url: self.database.clone(), settings: settings(&self.folder), aws: aws(self.simulator) }
    }
}

impl Process {
    /// So many runs at most in the hands of this one, so that others get some.
    pub fn with_runs_at_once(mut self, runs: usize) -> Self {
        self.settings.runs_at_once = runs;
        self
    }

    pub async fn start(self, through: impl FnOnce(Arc<dyn Cloud>) -> Arc<dyn Cloud>) -> Engine {
        let store =
            Store::connect(&self.url, Pools { web: 1, engine: 6 }).await.unwrap().sealing_with(sealing());
        let asks = requests(&App::new(store.for_engine(), Settings::default()));
        Engine::start(store, through(Arc::new(AwsCloud::new(self.aws))), asks, self.settings).await.unwrap()
    }
}

impl WireHouse {
    /// With everything seen once, and no sweep after that: what is in the ledger then is the runs' own.
    pub async fn new() -> Self {
        Self::at_speed(4.0).await
    }

    /// So many of AWS's seconds pass in one of ours.
    pub async fn at_speed(speed: f64) -> Self {
        Self::of(holdfast_sim::demo_world(), holdfast_sim::DEMO_INVENTORY, speed).await
    }

    /// With another world than the demonstration's, or another inventory.
    pub async fn of(world: World, inventory: &str, speed: f64) -> Self {
        let database = test_database().await;
        let house = Self::furnished(&database.app_url, world, inventory, speed).await;
        Self { _database: Some(database), ..house }
    }

    /// With the demonstration, over a migrated database of somebody else's.
    pub async fn over_database(url: &str, speed: f64) -> Self {
        Self::furnished(url, holdfast_sim::demo_world(), holdfast_sim::DEMO_INVENTORY, speed).await
    }

    async fn furnished(url: &str, world: World, inventory: &str, speed: f64) -> Self {
        let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed };
        let sim = holdfast_sim::start_with(config, world).await.unwrap();
        let store = Store::connect(url, Pools { web: 6, engine: 6 }).await.unwrap().sealing_with(sealing());
        let app = App::new(store.clone(), Settings::default());
        // Its probes ask the simulator, which listens elsewhere here.
        let inventory = inventory.replace("127.0.0.1:4600", &sim.addr.to_string());
        app.seed_inventory(&inventory).await.unwrap();
        let operator = actor(&app, "operator@example.com", Role::Operator, &[]).await;
        let groups = ["approvers", "business-owners", "sre"];
        let mut approvers = Vec::new();
        for group in groups {
            approvers.push(actor(&app, &format!("{group}@example.com"), Role::Approver, &[group]).await);
        }
        let data = TempDir::new().unwrap();
        let cloud = Arc::new(AwsCloud::new(aws(sim.addr)));
        let engine =
            Engine::start(store.clone(), cloud, requests(&app), settings(data.path())).await.unwrap();
        until("the first sweep", || async { store.last_sweep().await.unwrap().finished_at }).await;
        let (engine, database_url) = (Some(engine), url.to_owned());
        Self { sim, app, operator, approvers, engine, data, database_url, _database: None }
    }

    pub async fn stop(mut self) {
        Injected::AnswerOfAws.count(self.sim.struck().into_values().sum());
        self.stop_engine().await;
        record(&mut self.database().await).await;
    }

    /// The database, for what no use case makes.
    pub async fn store(&self) -> Store {
        Store::connect(&self.database_url, Pools { web: 1, engine: 1 }).await.unwrap().sealing_with(sealing())
    }

    /// AWS as somebody sees it who has no server.
    pub fn cloud(&self) -> Arc<dyn Cloud> {
        Arc::new(AwsCloud::new(aws(self.sim.addr)))
    }

    /// What signs the audit log, and bundles.
    pub fn key_file(&self) -> PathBuf {
        self.data.path().join("audit/key")
    }

    /// What it has requested is carried out by whoever comes next.
    pub async fn stop_engine(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.shutdown().await;
        }
    }

    /// What a process that is started again would make anew: the same worker, in whatever runtime this is called.
    pub fn process(&self) -> Process {
        self.place(self.data.path()).process()
    }

    /// The same, which reaches its database through something that may lose what passes.
    pub async fn process_through_proxy(&self) -> (Process, Proxy) {
        let process = self.process();
        let proxy = Proxy::before(database_of(&process.url)).await;
        (Process { url: proxy.url(&process.url), ..process }, proxy)
    }

    /// The same for a worker with a folder of its own.
    pub fn place(&self, folder: &Path) -> Place {
        Place { database: self.database_url.clone(), simulator: self.sim.addr, folder: folder.to_owned() }
    }

    /// Requested, and approved by as many as it takes.
    pub async fn started(&self, application: &'static str, intent: Intent, mode: Mode) -> RunView {
        self.asked(Move::of(application), intent, mode).await
    }

    pub async fn started_as(&self, movement: Move, mode: Mode) -> RunView {
        self.asked(movement, Intent::Failover, mode).await
    }

    /// What it would do; nothing is asked for.
    pub async fn rehearsed(&self, movement: Move, mode: Mode) -> RunView {
        let asked = RequestRun { dry_run: true, ..request(movement, Intent::Failover, mode) };
        self.app.request_run(&self.operator, asked, &uuid::Uuid::now_v7().to_string()).await.unwrap()
    }

    /// Awaits its approval.
    pub async fn requested(&self, movement: Move, intent: Intent, mode: Mode) -> RunView {
        let asked = request(movement, intent, mode);
        until("the request to be taken", || async {
            let key = uuid::Uuid::now_v7().to_string();
            match self.app.request_run(&self.operator, asked.clone(), &key).await {
                // A look that was too slow for its deadline on a loaded machine is made again.
                Err(problem)
                    if ["override_needed", "guard_refused"].contains(&&*problem.code)
                        && self.engine.is_some() =>
                {
                    let name = Name::parse(movement.application).unwrap();
                    self.app.refresh_application(&self.operator, &name).await.unwrap();
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    None
                }
                taken => Some(taken.unwrap()),
            }
        })
        .await
    }

    async fn asked(&self, movement: Move, intent: Intent, mode: Mode) -> RunView {
        let run = self.requested(movement, intent, mode).await;
        self.approved(run).await
    }

    /// By as many as it takes.
    pub async fn approved(&self, mut run: RunView) -> RunView {
        for approver in &self.approvers {
            if run.summary.state != RunState::AwaitingApproval {
                break;
            }
            let review = ReviewRun {
                decision: Decision::Approve,
                plan_digest: run.plan_digest.clone(),
                comment: None,
            };
            // Who is in no group that the policy names is told so, and the next one is asked.
            if let Ok(reviewed) = self.app.review_run(approver, id(&run), review).await {
                run = reviewed;
            }
        }
        run
    }

    /// The run, over; fails with what it says when it waits for a person instead.
    pub async fn over(&self, run: &RunView) -> RunView {
        // Among faults a call may have to wait out its deadline several times.
        let end = Instant::now() + Duration::from_secs(180);
        loop {
            let now = match self.app.run(&self.operator, id(run)).await {
                // A loaded machine's database may take longer to answer than a page waits for it.
                Err(problem) if problem.status == 503 && Instant::now() < end => continue,
                answer => answer.unwrap(),
            };
            if now.summary.state.is_over() {
                return now;
            }
            let waits = now.summary.state != RunState::NeedsPerson && Instant::now() < end;
            let steps = now.steps.iter().map(|step| format!("{}: {:?} {:?}", step.id, step.state, step.note));
            assert!(
                waits,
                "{} is {:?}: {:#?}",
                run.summary.application,
                now.summary.state,
                steps.collect::<Vec<_>>()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// As if a live drill had ended long enough ago.
    pub async fn its_time_is_over(&self, run: RunId) {
        let mut connection = self.database().await;
        sqlx::query(
            "UPDATE runs SET ended_at = clock_timestamp() - interval '2 days', drill_refused = NULL, drill_refused_at = NULL
             WHERE id = $1",
        )
        .bind(run.0)
        .execute(&mut connection)
        .await
        .unwrap();
    }

    pub async fn findings(&self, application: &str) -> Vec<Finding> {
        let name = Name::parse(application).unwrap();
        self.app.application_readiness(&self.operator, &name).await.unwrap()
    }

    pub async fn serving(&self, application: &str) -> Vec<RegionCode> {
        let name = Name::parse(application).unwrap();
        self.app.application_status(&self.operator, &name).await.unwrap().serving.regions
    }

    /// As the application signs in.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// For looking behind everybody's back.
    pub async fn database(&self) -> sqlx::PgConnection {
        sqlx::PgConnection::connect(&self.database_url).await.unwrap()
    }

    /// How many connections its database has now.
    pub async fn connections(&self) -> i64 {
        let mut connection = self.database().await;
        sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// Every call that the steps of runs made, sessions among them.
    pub fn calls(&self) -> Vec<Arc<Entry>> {
        let mut ledger = self.sim.ledger();
        ledger.retain(|entry| entry.user_agent.contains("holdfast-step/"));
        ledger
    }

    /// What had an effect twice: the same run, step, operation, Region and body.
    pub fn done_twice(&self) -> Vec<String> {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for entry in self.calls().iter().filter(|entry| entry.effect == Effect::Changed) {
            let step = step_of(entry);
            let run = entry.session_name.as_deref().unwrap_or_default();
            let key = format!("{run} {step} {} {} {}", entry.operation, entry.region, entry.body);
            *times.entry(key).or_default() += 1;
        }
        times.into_iter().filter(|(_, times)| *times > 1).map(|(key, _)| key).collect()
    }
}

/// Where the server of a database's URL listens.
pub fn database_of(url: &str) -> SocketAddr {
    url.rsplit('@').next().unwrap().split('/').next().unwrap().parse().unwrap()
}

pub fn request(movement: Move, intent: Intent, mode: Mode) -> RequestRun {
    RequestRun {
        application: movement.application.into(),
        intent,
        mode,
        drill: None,
        drill_minutes: None,
        from_region: movement.from.map(Into::into),
        to_region: movement.to.map(Into::into),
        split: None,
        dry_run: false,
        reason: "a test".into(),
        incident: None,
        impact_began_at: None,
        detected_at: None,
        // What an emergency needs of planes is told elsewhere.
        overrides: if mode == Mode::Emergency { vec!["plane_lint".into()] } else { Vec::new() },
        commit_within_seconds: None,
        break_glass: false,
        plan_digest: None,
    }
}

/// The step that a call of a run was made for.
pub fn step_of(entry: &Entry) -> &str {
    entry.user_agent.split("holdfast-step/").nth(1).unwrap().split(' ').next().unwrap()
}

fn settings(data: &Path) -> EngineSettings {
    let mut settings = EngineSettings::new(data.to_owned());
    settings.sweep_interval = Duration::from_secs(3_600);
    settings.poll_interval = Duration::from_millis(100);
    settings.clocks_every = Duration::from_secs(1);
    settings
}

/// Deadlines short enough for a test to sit through a silence.
fn aws(simulator: SocketAddr) -> AwsSettings {
    let regions = ["eu-central-1", "us-west-2", "us-east-1"];
    AwsSettings {
        endpoint_url: Some(format!("http://{simulator}")),
        control_credentials: ControlCredentials::Static {
            access_key_id: "AKIDCONTROL".into(),
            secret_access_key: "control".into(),
            session_token: None,
        },
        operation_timeout: Duration::from_secs(3),
        attempt_timeout: Duration::from_millis(700),
        change_timeout: Duration::from_secs(1),
        session_timeout: Duration::from_secs(2),
        // The zones' name servers are the simulator's too: no question leaves the machine.
        outside: OutsideSettings {
            egress: Egress::Local,
            dns_resolver: Some(simulator),
            ..OutsideSettings::production("a test")
        },
        ..AwsSettings::new(regions.iter().map(|code| RegionCode::parse(code).unwrap()).collect())
    }
}
