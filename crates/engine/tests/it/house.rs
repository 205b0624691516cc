//! A whole Holdfast without wire or page: database, use cases, engine, and the fake cloud.

use crate::fake_cloud::FakeCloud;
use holdfast_api::people::{NewPerson, People};
use holdfast_api::runs::{Decision, RequestRun, ReviewRun, RunView, Runs};
use holdfast_api::{Answer, applications::Applications};
use holdfast_app::{App, Settings};
use holdfast_domain::{Actor, Name, PersonId, Role, RunId};
use holdfast_engine::{Engine, EngineSettings};
use holdfast_failover::{Intent, Mode, RunState};
use holdfast_store::{Pools, Store};
use holdfast_testkit::{TestDatabase, test_database};
use jiff::Timestamp;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

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

pub struct House {
    pub app: App,
    pub store: Store,
    pub cloud: Arc<FakeCloud>,
    engine: Option<Engine>,
    data: TempDir,
    sweep_interval: Duration,
    pub operator: Actor,
    pub approver: Actor,
    database: TestDatabase,
}

/// Until the condition holds; fails after a time that only a broken build needs.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let end = Instant::now() + Duration::from_secs(60);
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

    pub async fn with_sweeps_every(sweep_interval: Duration) -> Self {
        Self::of(INVENTORY, sweep_interval).await
    }

    async fn of(inventory: &str, sweep_interval: Duration) -> Self {
        let database = test_database().await;
        let store = Store::connect(&database.app_url, Pools { web: 6, engine: 6 }).await.unwrap();
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
            operator,
            approver,
            database,
        };
        house.start().await;
        house.sees_everything().await;
        house
    }

    pub async fn start(&mut self) {
        let mut settings = EngineSettings::new(self.data.path().to_owned());
        settings.sweep_interval = self.sweep_interval;
        settings.poll_interval = Duration::from_millis(20);
        self.engine = Some(Engine::start(self.store.clone(), self.cloud.clone(), settings).await.unwrap());
    }

    pub async fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.shutdown().await;
        }
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
            from_region: None,
            to_region: None,
            dry_run: false,
            reason: "a test".into(),
            incident: None,
            impact_began_at: None,
            overrides: Vec::new(),
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
