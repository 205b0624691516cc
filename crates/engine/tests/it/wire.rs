//! A whole Holdfast over the wire: database, use cases, engine, the real adapters, and the simulator with the
//! demonstration. The judge is the simulator's ledger.

use crate::house::{actor, id, until, until_within};
use holdfast_api::applications::Applications;
use holdfast_api::runs::{Decision, RequestRun, ReviewRun, RunView, Runs};
use holdfast_app::{App, Settings};
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials, Egress, OutsideSettings};
use holdfast_domain::{Actor, Name, RegionCode, Role};
use holdfast_engine::{Engine, EngineSettings};
use holdfast_failover::{Intent, Mode, RunState};
use holdfast_sim::ledger::{Effect, Entry};
use holdfast_sim::{Sim, SimConfig};
use holdfast_store::{Pools, Store};
use holdfast_testkit::{TestDatabase, test_database};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub struct WireHouse {
    pub sim: Sim,
    pub app: App,
    pub operator: Actor,
    approvers: Vec<Actor>,
    engine: Engine,
    _data: TempDir,
    _database: TestDatabase,
}

impl WireHouse {
    /// With everything seen once, and no sweep after that: what is in the ledger then is the runs' own.
    pub async fn new() -> Self {
        let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 4.0 };
        let sim = holdfast_sim::start(config).await.unwrap();
        let database = test_database().await;
        let store = Store::connect(&database.app_url, Pools { web: 6, engine: 6 }).await.unwrap();
        let app = App::new(store.clone(), Settings::default());
        app.seed_inventory(holdfast_sim::DEMO_INVENTORY).await.unwrap();
        let operator = actor(&app, "operator@example.com", Role::Operator, &[]).await;
        let groups = ["approvers", "business-owners", "sre"];
        let mut approvers = Vec::new();
        for group in groups {
            approvers.push(actor(&app, &format!("{group}@example.com"), Role::Approver, &[group]).await);
        }
        let data = TempDir::new().unwrap();
        let mut settings = EngineSettings::new(data.path().to_owned());
        settings.sweep_interval = Duration::from_secs(3_600);
        settings.poll_interval = Duration::from_millis(100);
        let cloud = Arc::new(AwsCloud::new(aws(&sim)));
        let engine = Engine::start(store.clone(), cloud, settings).await.unwrap();
        until("the first sweep", || async { store.last_sweep().await.unwrap().finished_at }).await;
        Self { sim, app, operator, approvers, engine, _data: data, _database: database }
    }

    pub async fn stop(self) {
        self.engine.shutdown().await;
    }

    /// Requested, and approved by as many as it takes.
    pub async fn started(&self, application: &str, intent: Intent, mode: Mode) -> RunView {
        let asked = RequestRun {
            application: application.into(),
            intent,
            mode,
            from_region: None,
            to_region: None,
            dry_run: false,
            reason: "a test".into(),
            incident: None,
            impact_began_at: None,
            overrides: Vec::new(),
            plan_digest: None,
        };
        let key = uuid::Uuid::now_v7().to_string();
        let mut run = self.app.request_run(&self.operator, asked, &key).await.unwrap();
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
        let limit = Duration::from_secs(180);
        until_within(limit, &format!("the end of the run of {}", run.summary.application), || async {
            let now = self.app.run(&self.operator, id(run)).await.unwrap();
            let steps =
                || now.steps.iter().map(|step| format!("{}: {:?} {:?}", step.id, step.state, step.note));
            assert_ne!(now.summary.state, RunState::NeedsPerson, "{:#?}", steps().collect::<Vec<_>>());
            now.summary.state.is_over().then_some(now)
        })
        .await
    }

    pub async fn serving(&self, application: &str) -> Vec<RegionCode> {
        let name = Name::parse(application).unwrap();
        self.app.application_status(&self.operator, &name).await.unwrap().serving.regions
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
            let step = entry.user_agent.split("holdfast-step/").nth(1).unwrap().split(' ').next().unwrap();
            let run = entry.session_name.as_deref().unwrap_or_default();
            let key = format!("{run} {step} {} {} {}", entry.operation, entry.region, entry.body);
            *times.entry(key).or_default() += 1;
        }
        times.into_iter().filter(|(_, times)| *times > 1).map(|(key, _)| key).collect()
    }
}

/// Deadlines short enough for a test to sit through a silence.
fn aws(sim: &Sim) -> AwsSettings {
    let regions = ["eu-central-1", "us-west-2", "us-east-1"];
    AwsSettings {
        endpoint_url: Some(sim.url()),
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
            dns_resolver: Some(sim.addr),
            from: "a test".into(),
        },
        ..AwsSettings::new(regions.iter().map(|code| RegionCode::parse(code).unwrap()).collect())
    }
}
