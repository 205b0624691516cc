//! A whole Holdfast without wire or page: database, use cases, engine, and the fake cloud.

use crate::fake_cloud::{FakeCloud, Fate};
use crate::histories::record;
use async_trait::async_trait;
use holdfast_api::people::{NewPerson, People};
use holdfast_api::runs::{Decision, RequestRun, ReviewRun, RunView, Runs};
use holdfast_api::{Answer, applications::Applications};
use holdfast_app::{App, Settings};
use holdfast_domain::{Actor, Name, PersonId, Role, RunId};
use holdfast_engine::{Asks, Engine, EngineSettings};
use holdfast_failover::step::run_plan::{Asking, NotAsked};
use holdfast_failover::{Intent, Mode, RunState, StepState};
use holdfast_store::{Fence, Pools, Store};
use holdfast_testkit::{Injected, TestDatabase, sealing, test_database};
use jiff::Timestamp;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::Notify;

const INVENTORY: &str = r#"version: 1
accounts:
  - id: "222222222222"
    name: prod
    read_role_arn: arn:aws:iam::222222222222:role/holdfast-read
    act_role_arn: arn:aws:iam::222222222222:role/holdfast-act
groups:
  - name: approvers
approval_policies:
  - name: one-approver
    rules:
      - {group: approvers, approvals: 1}
    expires_after: 2h
applications:
  - name: shop
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: us-east-1
    recovery_regions: [eu-central-1]
    objectives: {rto: 15m, rpo: 30s}
    approval_policy: one-approver
    resources:
      - name: front-door
        kind: route53_records
        account: prod
        hosted_zone_id: Z0123456789ABC
        record: shop.example.com
        type: A
      - name: web
        kind: ecs_service
        account: prod
        per_region:
          us-east-1: {cluster: shop, service: web}
          eu-central-1: {cluster: shop, service: web, desired_in_recovery: 6}
"#;

const PROBE: &str = "      - name: healthy
        kind: probe
        account: prod
        per_region:
          eu-central-1: {url: https://shop.example.com/health}
";

const IDENTITY: &str = "  - name: identity
    owner: platform
    tier: 1
    strategy: warm_standby
    home_region: us-east-1
    recovery_regions: [eu-central-1]
    objectives: {rto: 15m, rpo: 30s}
    approval_policy: by-sre
    resources:
      - name: sign-in
        kind: route53_records
        account: prod
        hosted_zone_id: Z0123456789ABC
        record: login.example.com
        type: A
plans:
  - application: shop
    steps:
      - {name: sign-in, kind: run_plan, after: observe, application: identity}
";

/// What a worker asks of the use cases.
#[derive(Debug)]
struct Requests(App);

#[async_trait]
impl Asks for Requests {
    async fn ask(&self, asking: &Asking, fence: &Fence) -> Result<RunId, NotAsked> {
        self.0.ask_for_step(asking, fence).await
    }
    async fn bring_back(&self, drill: RunId) -> Result<RunId, String> {
        self.0.bring_back(drill).await
    }
}

pub fn requests(app: &App) -> Arc<dyn Asks> {
    Arc::new(Requests(app.clone()))
}

/// A request takes effect, and its answer is never heard.
#[derive(Debug)]
struct Unheard {
    requests: Requests,
    asked: Arc<Notify>,
}

#[async_trait]
impl Asks for Unheard {
    async fn ask(&self, asking: &Asking, fence: &Fence) -> Result<RunId, NotAsked> {
        self.requests.ask(asking, fence).await.unwrap();
        self.asked.notify_one();
        std::future::pending().await
    }
    async fn bring_back(&self, drill: RunId) -> Result<RunId, String> {
        self.requests.bring_back(drill).await
    }
}

pub struct House {
    pub app: App,
    pub store: Store,
    pub cloud: Arc<FakeCloud>,
    engine: Option<Engine>,
    data: TempDir,
    /// Of the worker that is started next.
    pub sweep_interval: Duration,
    pub runs_at_once: usize,
    pub hold_at_most: Duration,
    pub operator: Actor,
    pub approver: Actor,
    database: TestDatabase,
}

/// Until the condition holds; fails after a time that only a broken build needs.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl House {
    pub async fn new() -> Self {
        Self::with_sweeps_every(Duration::from_millis(200)).await
    }

    /// With these steps of its own in shop's plans, and a probe among its resources.
    pub async fn with_own_steps(steps: &str) -> Self {
        let inventory = format!("{INVENTORY}{PROBE}plans:\n  - application: shop\n    steps:\n{steps}");
        Self::of(&inventory, Duration::from_millis(200)).await
    }

    /// Shop's plans begin by running the plan of `identity`, of which `sre` decides.
    pub async fn with_identity() -> Self {
        let policy = "  - name: by-sre\n    rules:\n      - {group: sre, approvals: 1}\n    expires_after: 2h\napplications:\n";
        let groups = "  - name: approvers\n  - name: sre\n";
        let inventory = INVENTORY.replace("applications:\n", policy).replace("  - name: approvers\n", groups);
        Self::of(&format!("{inventory}{IDENTITY}"), Duration::from_millis(200)).await
    }

    /// `copy-1` and so on beside shop.
    pub async fn with_copies_of_shop(count: usize) -> Self {
        let (_, shop) = INVENTORY.split_once("applications:\n").unwrap();
        let copies: String = (1..=count)
            .map(|n| {
                let name = format!("copy-{n}");
                shop.replace("name: shop", &format!("name: {name}"))
                    .replace("shop.example.com", &format!("{name}.example.com"))
            })
            .collect();
        Self::of(&format!("{INVENTORY}{copies}"), Duration::from_secs(5)).await
    }

    pub async fn with_sweeps_every(sweep_interval: Duration) -> Self {
        Self::of(INVENTORY, sweep_interval).await
    }

    async fn of(inventory: &str, sweep_interval: Duration) -> Self {
        let database = test_database().await;
        let store = Store::connect(&database.app_url, Pools { web: 6, engine: 6 }).await.unwrap();
        let store = store.sealing_with(sealing());
        let app = App::new(store.clone(), Settings::default());
        app.seed_inventory(inventory).await.unwrap();
        let operator = actor(&app, "operator@example.com", Role::Operator, &[]).await;
        let approver = actor(&app, "approver@example.com", Role::Approver, &["approvers"]).await;
        let mut house = Self {
            app,
            store,
            cloud: Arc::new(FakeCloud::new()),
            engine: None,
            data: TempDir::new().unwrap(),
            sweep_interval,
            runs_at_once: 64,
            hold_at_most: Duration::from_millis(500),
            operator,
            approver,
            database,
        };
        house.start().await;
        house.sees_everything().await;
        house
    }

    fn settings(&self) -> EngineSettings {
        let mut settings = EngineSettings::new(self.data.path().to_owned());
        settings.sweep_interval = self.sweep_interval;
        settings.poll_interval = Duration::from_millis(20);
        settings.runs_at_once = self.runs_at_once;
        settings.hold_at_most = self.hold_at_most;
        settings
    }

    pub async fn start(&mut self) {
        let (store, cloud) = (self.store.clone(), self.cloud.clone());
        let engine = Engine::start(store, cloud, requests(&self.app), self.settings()).await;
        self.engine = Some(engine.unwrap());
    }

    /// A life of the worker that ends the way a `kill -9` would end it: once its request for a run has taken effect, and
    /// before it has heard so.
    pub async fn dies_asking(&self) {
        let asked = Arc::new(Notify::new());
        let told = asked.clone();
        self.lives(|requests| Arc::new(Unheard { requests, asked: told }), asked.notified()).await;
    }

    /// A life that ends so at this moment.
    pub async fn dies_at(&self, moment: impl Future<Output = ()>) {
        self.lives(|requests| Arc::new(requests), moment).await;
    }

    async fn lives(
        &self,
        asking: impl FnOnce(Requests) -> Arc<dyn Asks> + Send + 'static,
        until: impl Future<Output = ()>,
    ) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (url, cloud, settings) = (self.database.app_url.clone(), self.cloud.clone(), self.settings());
        runtime.spawn(async move {
            let store = Store::connect(&url, Pools { web: 2, engine: 6 }).await.unwrap();
            let store = store.sealing_with(sealing());
            let asks = asking(Requests(App::new(store.clone(), Settings::default())));
            let _engine = Engine::start(store, cloud, asks, settings).await.unwrap();
            std::future::pending::<()>().await;
        });
        until.await;
        Injected::DeathAtAMoment.count(1);
        // Tasks and connections end where they are.
        let end = move || runtime.shutdown_timeout(Duration::from_secs(30));
        tokio::task::spawn_blocking(end).await.unwrap();
    }

    pub async fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.shutdown().await;
        }
        record(&mut self.owner().await).await;
    }

    /// Where a process of its own finds the database, and the folder of this worker.
    pub fn address(&self) -> (&str, &std::path::Path) {
        (&self.database.app_url, self.data.path())
    }

    /// For looking, and meddling, behind everybody's back.
    pub async fn owner(&self) -> sqlx::PgConnection {
        self.database.owner().await
    }

    async fn sees_everything(&self) {
        // A probe that the inventory has in one Region only is never seen in the other.
        let here = |r: &holdfast_api::applications::ResourceStatus| r.kind != "probe";
        let shop = Name::parse("shop").unwrap();
        until("the first sweep", || async {
            let status = self.app.application_status(&self.operator, &shop).await.unwrap();
            status
                .resources
                .iter()
                .filter(|r| here(r))
                .flat_map(|r| &r.regions)
                .all(|r| r.state == "known")
                .then_some(())
        })
        .await;
    }

    pub fn asked(mode: Mode) -> RequestRun {
        RequestRun {
            application: "shop".into(),
            intent: Intent::Failover,
            mode,
            drill: None,
            drill_minutes: None,
            from_region: None,
            to_region: None,
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

    pub async fn request(&self, asked: RequestRun) -> Answer<RunView> {
        self.app.request_run(&self.operator, asked, &uuid::Uuid::now_v7().to_string()).await
    }

    pub async fn approve(&self, run: &RunView) -> Answer<RunView> {
        let review =
            ReviewRun { decision: Decision::Approve, plan_digest: run.plan_digest.clone(), comment: None };
        self.app.review_run(&self.approver, id(run), review).await
    }

    pub async fn started(&self) -> RunView {
        let run = self.request(Self::asked(Mode::Planned)).await.unwrap();
        self.approve(&run).await.unwrap()
    }

    /// The answer of its first call was lost.
    pub async fn started_with_a_lost_answer(&self) -> RunView {
        self.cloud.next_call(Fate::Lost);
        let run = self.started().await;
        until("the lost answer", || async {
            let now = self.app.run(&self.operator, id(&run)).await.unwrap();
            now.steps.iter().any(|s| s.state == StepState::Unknown).then_some(())
        })
        .await;
        run
    }

    pub async fn reaches(&self, run: &RunView, state: RunState) -> RunView {
        until(&format!("{state:?}"), || async {
            let now = self.app.run(&self.operator, id(run)).await.unwrap();
            (now.summary.state == state).then_some(now)
        })
        .await
    }
}

pub fn id(run: &RunView) -> RunId {
    run.summary.id.parse().unwrap()
}

pub async fn actor(app: &App, email: &str, role: Role, groups: &[&str]) -> Actor {
    let new = NewPerson {
        email: email.into(),
        role,
        groups: groups.iter().map(ToString::to_string).collect(),
        password: "a long enough password".into(),
    };
    let person = app.create_person(new).await.unwrap();
    let id = PersonId(person.id.parse().unwrap());
    app.actor_of_session(id, Some(Timestamp::now())).await.unwrap()
}
