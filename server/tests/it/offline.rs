//! The built command on the worst night: a bundle that a server's own worker made, then no server, no database, only the
//! simulated AWS; killed in the middle, and started again.

use crate::stranded::Stranded;
use holdfast_api::audit_log::AuditLogs;
use holdfast_api::bundles::{Bundles, HandInJournal};
use holdfast_api::people::NewPerson;
use holdfast_api::runs::Runs;
use holdfast_app::{App, Settings, federation::ClaimRules};
use holdfast_aws::{AwsSettings, ControlCredentials, Egress, OutsideSettings};
use holdfast_domain::{Actor, PersonId, RegionCode, Role};
use holdfast_engine::EngineSettings;
use holdfast_failover::run::Who;
use holdfast_notify::Post;
use holdfast_offline::{Endpoints, Key};
use holdfast_outside::Outside;
use holdfast_server::serve::{Parts, Server, Workers};
use holdfast_server::state::Site;
use holdfast_sim::ledger::Effect;
use holdfast_sim::{Sim, SimConfig};
use holdfast_store::{AuditActor, AuditEntry, OfflineKey, Pools, Store};
use holdfast_testkit::{TestDatabase, sealing, test_database};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use uuid::Uuid;

const CODE: &str = "abcd-efgh-jkmn-pqrs-tuvw-xyz0-2345-6789";
const EMAIL: &str = "operator@example.com";

struct Night {
    sim: Sim,
    app: App,
    operator: Actor,
    folder: TempDir,
    public_key: String,
    /// Where the command is run without a network, if it is.
    stranded: Option<Stranded>,
    _database: TestDatabase,
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let end = Instant::now() + Duration::from_secs(200);
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Night {
    /// A server worked until its bundle lay in its folder; then it was stopped.
    async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 4.0 };
        let sim = holdfast_sim::start_with(config, holdfast_sim::demo_world()).await.unwrap();
        let database = test_database().await;
        let store = Store::connect(&database.app_url, Pools { web: 4, engine: 6 }).await.unwrap();
        let store = store.sealing_with(sealing());
        let app = App::new(store.clone(), Settings { sealing: Some(sealing()), ..Settings::default() });
        let inventory = holdfast_sim::DEMO_INVENTORY.replace("127.0.0.1:4600", &sim.addr.to_string());
        app.seed_inventory(&inventory).await.unwrap();
        let password = "a long enough password".to_owned();
        let new = NewPerson { email: EMAIL.into(), role: Role::Operator, groups: vec![], password };
        let person = PersonId(app.create_person(new).await.unwrap().id.parse().unwrap());
        let salt = vec![3; 16];
        let key = *Key::of_code(CODE, &salt).unwrap().bytes();
        let person_of = Who { id: person, email: EMAIL.into() };
        let mut change = store.begin().await.unwrap();
        change
            .make_offline_code(&OfflineKey { code: Uuid::now_v7(), person: person_of, salt, key })
            .await
            .unwrap();
        let by = AuditActor::System { name: "test".into() };
        change.commit(AuditEntry::done("test.set_up", by, "test", 1)).await.unwrap();
        let operator = Actor {
            person,
            email: EMAIL.into(),
            others: Vec::new(),
            roles: vec![Role::Operator],
            scoped_roles: vec![],
            groups: vec![],
            token: None,
            token_scopes: None,
            token_within: holdfast_domain::Reach::default(),
            identity_proved_at: None,
            second_factor: false,
            passkey: None,
            due: None,
            sent: None,
            request: None,
            over: None,
        };
        let folder = TempDir::new().unwrap();
        let server = Server::start(parts(&store, &sim, folder.path()).await).await.unwrap();
        let bundle = folder.path().join("bundle/holdfast.bundle");
        until("a bundle with a plan of shop", || async {
            let text = std::fs::read_to_string(&bundle).ok()?;
            let head: Value = serde_json::from_str(text.lines().next()?).ok()?;
            head["plans"].as_array()?.iter().find(|plan| plan["application"] == "shop").map(drop)
        })
        .await;
        let public_key = app.audit_keys(&operator).await.unwrap().remove(0).public_key;
        let state = app.bundle(&operator).await.unwrap();
        assert!(!state.stale && state.places.len() == 1, "{state:#?}");
        let only = "No place holds a copy but the worker's own folder";
        assert!(state.problems.len() == 1 && state.problems[0].starts_with(only), "{state:#?}");
        server.stop().await;
        // With it the connections are closed: what is asked afterwards is asked of a server that was started again.
        let store = Store::connect(&database.app_url, Pools { web: 4, engine: 1 }).await.unwrap();
        let app = App::new(store, Settings { sealing: Some(sealing()), ..Settings::default() });
        Self { sim, app, operator, folder, public_key, stranded: None, _database: database }
    }

    fn bundle(&self) -> PathBuf {
        self.folder.path().join("bundle/holdfast.bundle")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("shop.journal")
    }

    /// With nothing of a server in its environment: neither an address nor a database.
    async fn begin(&self, words: &[&str]) -> Child {
        let program = env!("CARGO_BIN_EXE_holdfast");
        let mut command = match &self.stranded {
            Some(stranded) => stranded.command(program),
            None => {
                let mut command = Command::new(program);
                command.env_clear();
                command
            }
        };
        let mut child = command
            .arg("bundle")
            .args(words)
            .args(["--public-key", &self.public_key, "--json"])
            .env("HOME", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(CODE.as_bytes()).await.ok();
        child
    }

    async fn execute(&self, bundle: &Path, more: &[&str]) -> Child {
        let (bundle, journal) = (bundle.display().to_string(), self.journal().display().to_string());
        let mut words = vec!["execute", &bundle, "--application", "shop", "--journal", &journal];
        words.extend(["--code-stdin", "--override", "plane_lint"]);
        if !more.contains(&"--reason") {
            words.extend(["--reason", "our Region is lost"]);
        }
        // As from a script whose variable is empty.
        if !more.contains(&"--incident") {
            words.extend(["--incident", ""]);
        }
        words.extend(more);
        self.begin(&words).await
    }

    fn changes(&self) -> Vec<String> {
        let ledger = self.sim.ledger();
        let changed = ledger.iter().filter(|entry| entry.effect == Effect::Changed);
        changed
            .filter(|entry| entry.user_agent.contains("holdfast-step/") && entry.service != "sts")
            .map(|entry| format!("{} {} {}", entry.operation, entry.region, entry.body))
            .collect()
    }
}

async fn parts(store: &Store, sim: &Sim, data: &Path) -> Parts {
    let regions = ["eu-central-1", "us-west-2", "us-east-1"];
    let outside = OutsideSettings {
        egress: Egress::Local,
        dns_resolver: Some(sim.addr),
        ..OutsideSettings::production("a test")
    };
    let aws = AwsSettings {
        endpoint_url: Some(format!("http://{}", sim.addr)),
        control_credentials: ControlCredentials::Static {
            access_key_id: "AKIDCONTROL".into(),
            secret_access_key: "control".into(),
            session_token: None,
        },
        outside: outside.clone(),
        ..AwsSettings::new(regions.iter().map(|code| RegionCode::parse(code).unwrap()).collect())
    };
    let mut engine = EngineSettings::new(data.to_owned());
    engine.sweep_interval = Duration::from_secs(3);
    engine.bundles.endpoints = Endpoints {
        endpoint_url: aws.endpoint_url.clone(),
        services: BTreeMap::new(),
        dns_resolver: Some(sim.addr),
        sts_regions: aws.sts_regions.clone(),
        local: true,
        ..Endpoints::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let post = Post::new(Outside::new(outside), None, url.clone(), "http://127.0.0.1:9/".into());
    Parts {
        store: store.clone(),
        listener,
        site: Site {
            public_url: url,
            simulator_url: None,
            demo: false,
            notes: vec![],
            checkpoints: vec![],
            production: false,
            provider: None,
            requests_per_minute: None,
            proxies: Default::default(),
        },
        stale_after: Duration::from_secs(90),
        sealing: Some(sealing()),
        claim_rules: ClaimRules::default(),
        mail: false,
        second_factor_for: Vec::new(),
        breached: None,
        bundle_places_named: false,
        outside_hosts: Default::default(),
        workers: Some(Workers { aws, engine, post, notify: holdfast_notify::Settings::default() }),
    }
}

async fn said(child: Child) -> (i32, Value, String) {
    let Output { status, stdout, stderr } = child.wait_with_output().await.unwrap();
    let error = String::from_utf8_lossy(&stderr).into_owned();
    let json = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
    (status.code().unwrap_or(-1), json, error)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_carries_a_plan_out_alone_is_killed_goes_on_and_is_handed_in() {
    let night = Night::new().await;
    let shown = night.bundle().display().to_string();

    // What is not whole, not confirmed or not ours begins nothing.
    let text = std::fs::read_to_string(night.bundle()).unwrap();
    let tampered = night.folder.path().join("tampered");
    std::fs::write(&tampered, text.replacen("\"shop\"", "\"shoq\"", 1)).unwrap();
    let (code, problem, _) = said(night.execute(&tampered, &["--confirm", "shop"]).await).await;
    assert_eq!((code, problem["code"].as_str()), (1, Some("bundle_tampered")));
    let (code, problem, _) = said(night.execute(&night.bundle(), &[]).await).await;
    assert_eq!((code, problem["code"].as_str()), (1, Some("confirmation_needed")));
    let (code, verified, error) = said(night.begin(&["verify", &shown]).await).await;
    assert_eq!((code, &verified["verified"]), (0, &Value::Bool(true)), "{error}");
    let long = "x".repeat(2_001);
    for wrong in [["--reason", long.as_str()], ["--incident", &long[..501]]] {
        let more = [&["--confirm", "shop"][..], &wrong[..]].concat();
        let (_, problem, _) = said(night.execute(&night.bundle(), &more).await).await;
        assert!(problem.to_string().contains("is longer than"), "{problem}");
    }
    assert!(!night.journal().exists() && night.changes().is_empty());

    // The first call leaves within two seconds.
    let before = night.sim.ledger().len();
    let began = Instant::now();
    let mut first = night.execute(&night.bundle(), &["--confirm", "shop"]).await;
    until("the first call", || async { (night.sim.ledger().len() > before).then_some(()) }).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "the first call left after {took:?}");

    // Killed when something was changed, and again a change later.
    for changes in [1, 2] {
        until("a change", || async { (night.changes().len() >= changes).then_some(()) }).await;
        first.kill().await.unwrap();
        // Where it lay a worker has put a newer one meanwhile: it goes on with the one that it kept.
        std::fs::write(night.bundle(), "another").unwrap();
        first = night.execute(&night.bundle(), &[]).await;
    }
    let (code, ended, error) = said(first).await;
    assert_eq!((code, ended["state"].as_str()), (0, Some("completed")), "{ended:#} {error}");
    let mut changes = night.changes();
    let all = changes.len();
    changes.sort();
    changes.dedup();
    assert_eq!(changes.len(), all, "a change was made twice");

    let journal = std::fs::read_to_string(night.journal()).unwrap();
    let taken = night.app.hand_in_journal(&night.operator, HandInJournal { journal }).await.unwrap();
    assert_eq!(Some(taken.run.as_str()), ended["run"].as_str());
    let view = night.app.run(&night.operator, taken.run.parse().unwrap()).await.unwrap();
    assert!(view.summary.executed_offline && view.summary.break_glass.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_way_to_anything_but_aws_the_command_carries_a_plan_out_is_killed_and_goes_on() {
    let mut night = Night::new().await;
    night.stranded = Some(Stranded::with(night.sim.addr, night.folder.path()).await);
    let mut first = night.execute(&night.bundle(), &["--confirm", "shop"]).await;
    let found = night.stranded.as_mut().unwrap().found().await;
    assert_eq!(found, "reached: ", "neither another port of this machine nor any other address");
    until("a change", || async { (!night.changes().is_empty()).then_some(()) }).await;
    first.kill().await.unwrap();
    first = night.execute(&night.bundle(), &[]).await;
    let (code, ended, error) = said(first).await;
    assert_eq!((code, ended["state"].as_str()), (0, Some("completed")), "{ended:#} {error}");
    let mut changes = night.changes();
    let all = changes.len();
    changes.sort();
    changes.dedup();
    assert_eq!(changes.len(), all, "a change was made twice");
    let journal = std::fs::read_to_string(night.journal()).unwrap();
    let taken = night.app.hand_in_journal(&night.operator, HandInJournal { journal }).await.unwrap();
    assert_eq!(Some(taken.run.as_str()), ended["run"].as_str());
}
