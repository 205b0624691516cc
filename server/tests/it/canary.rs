//! Secrets never leave. One of each kind is given or made, everything that can be asked is asked, everything that can go wrong
//! is sent, and then answers, pages, the log and a dump of the database are looked through for every one of them.

use crate::{
    coverage::operations,
    house::{Answered, Client, URL},
};
use holdfast_api::people::NewPerson;
use holdfast_app::{App, Settings, sealing::Sealing};
use holdfast_domain::{PersonId, Role};
use holdfast_engine::audit::{AuditSettings, Sequencer};
use holdfast_outside::Egress;
use holdfast_server::{
    config::Proxies,
    guarded::Guarded,
    http::{self, session_store::PostgresSessions},
    oidc::{OidcSettings, Provider},
    state::{AppState, Site},
};
use holdfast_store::{AuditActor, AuditEntry, Store};
use holdfast_testkit::{Heard, TestDatabase, test_database};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};
use totp_rs::{Builder, Secret, Totp};

const PASSWORD: &str = "canary-of-a-password";
const OTHERS_PASSWORD: &str = "canary-of-another-password";
const WRONG_PASSWORD: &str = "canary-of-a-mistyped-password";
const HOOK_PATH: &str = "canary-of-a-channels-webhook";
const SLACK_PATH: &str = "canary-of-a-slack-webhook";
const PAGERDUTY_KEY: &str = "canary0of0pagerduty0key000000000";
const CALENDAR_PATH: &str = "canary-of-a-calendar.ics";
const CLIENT_SECRET: &str = "canary-of-the-providers-client";
const EMAIL: &str = "all@example.com";

const INVENTORY: &str = r#"version: 1
accounts:
  - {id: "222222222222", name: prod, read_role_arn: arn:aws:iam::222222222222:role/r, act_role_arn: arn:aws:iam::222222222222:role/a}
groups:
  - name: approvers
approval_policies:
  - {name: one-approver, rules: [{group: approvers, approvals: 1}], expires_after: 2h}
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
      - {name: orders, kind: aurora_global_database, account: prod, global_cluster: orders}
plans:
  - application: shop
    steps:
      - {name: tell, kind: webhook, before: move_traffic, url: https://hooks.example.com/x}
"#;

/// Everything that is logged, down to the last detail.
fn log() -> Heard {
    let heard = Heard::default();
    let all = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(heard.writer());
    tracing::subscriber::set_global_default(all.finish()).unwrap();
    heard
}

/// A secret in each of the spellings that it could leave in.
struct Canary {
    what: &'static str,
    spellings: Vec<String>,
}

impl Canary {
    fn of(what: &'static str, text: &str) -> Self {
        Self::both(what, text, text.as_bytes())
    }

    /// Shown as this text, which stands for these bytes.
    fn both(what: &'static str, text: &str, bytes: &[u8]) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
        let spellings =
            vec![text.to_owned(), hex::encode(text), hex::encode(bytes), STANDARD_NO_PAD.encode(bytes)];
        assert!(spellings.iter().all(|spelling| spelling.len() >= 8), "{what} would be found anywhere");
        Self { what, spellings }
    }
}

struct Bank {
    app: App,
    store: Store,
    client: Client,
    cookie: String,
    sealing_key: String,
    sent: std::cell::Cell<u32>,
    database: TestDatabase,
}

impl Bank {
    async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let database = test_database().await;
        let sealing_key = Sealing::new_key().unwrap();
        let sealing = Sealing::parse(&sealing_key).unwrap();
        let store = database.store().await.sealing_with(sealing.clone());
        let app = App::new(store.clone(), Settings { sealing: Some(sealing.clone()), ..Settings::default() });
        app.seed_inventory(INVENTORY).await.unwrap();
        let new =
            NewPerson { email: EMAIL.into(), role: Role::Admin, groups: vec![], password: PASSWORD.into() };
        let person = PersonId(app.create_person(new).await.unwrap().id.parse().unwrap());
        let mut change = store.begin().await.unwrap();
        change.set_roles(person, &Role::ALL).await.unwrap();
        let by = AuditActor::System { name: "test".into() };
        change.commit(AuditEntry::done("test.set_up", by, "test", 1)).await.unwrap();
        let oidc = OidcSettings {
            issuer: "https://127.0.0.1:1".to_owned(),
            client_id: "holdfast".to_owned(),
            client_secret: Some(SecretString::from(CLIENT_SECRET.to_owned())),
            name: "Example".to_owned(),
            scopes: vec!["email".to_owned()],
            groups_claim: "groups".to_owned(),
            acr_values: vec![],
            amr: vec![],
            redirect_uri: format!("{URL}/sign-in/provider/callback"),
            longest: Duration::from_secs(43_200),
        };
        let provider = Provider::new(oidc, Guarded::new(Egress::Production).unwrap(), sealing);
        let site = Site {
            public_url: URL.to_owned(),
            simulator_url: None,
            demo: false,
            notes: vec![],
            checkpoints: vec![],
            production: true,
            proxies: Proxies::default(),
            provider: Some(Arc::new(provider)),
            requests_per_minute: None,
        };
        let state = AppState::new(Arc::new(app.clone().accountable()), site);
        let client = Client(http::router(state, PostgresSessions::new(store.clone())).unwrap());
        Self { app, store, client, cookie: String::new(), sealing_key, sent: 0.into(), database }
    }

    /// Under a key of its own, so that what is kept for repeats is looked through too.
    async fn send(&self, method: &str, path: &str, body: &str) -> Answered {
        self.sent.set(self.sent.get() + 1);
        let key = format!("sending-{}", self.sent.get());
        let mut headers = vec![("origin", URL), ("idempotency-key", key.as_str())];
        if !self.cookie.is_empty() {
            headers.push(("cookie", &self.cookie));
        }
        if !body.is_empty() {
            let form = !path.starts_with("/api/");
            headers.push((
                "content-type",
                if form { "application/x-www-form-urlencoded" } else { "application/json" },
            ));
        }
        self.client.send(method, path, &headers, body).await
    }

    /// What the answer shows under this name, once.
    async fn shown(&self, path: &str, body: &Value, field: &str) -> String {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.send("POST", path, &body).await;
        assert!(answer.status < 300, "{path}: {}", answer.text);
        answer.json()[field].as_str().unwrap_or_else(|| panic!("{path}: {}", answer.text)).to_owned()
    }

    async fn code(&self, totp: &Totp) -> String {
        let at = self.store.now().await.unwrap().as_second();
        totp.generate(u64::try_from(at).unwrap()).to_string()
    }

    /// As `pg_dump` of the machine's own Postgres writes it down.
    fn dump(&self) -> String {
        let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let named = folders.map(|folder| folder.path().join("bin/pg_dump"));
        let program = named.filter(|path| path.is_file()).max().unwrap_or_else(|| PathBuf::from("pg_dump"));
        let dumped = Command::new(&program).arg(&self.database.owner_url).output();
        let dumped = dumped.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
        String::from_utf8_lossy(&dumped.stdout).into_owned()
    }
}

/// The pages that are only looked at, read from their own router.
pub fn pages() -> Vec<String> {
    let source = include_str!("../../src/http/pages/mod.rs");
    let routes = source.split(".route(").skip(1).filter(|route| route.contains("get("));
    routes
        .map(|route| route.split('"').nth(1).unwrap())
        .map(|path| {
            path.replace("{version}", "1")
                .replace("{step}", "tell")
                .replace("{name}", "shop")
                .replace("{code}", "us-east-1")
                .replace("{id}", crate::fake::RUN)
        })
        .collect()
}

/// One of each kind of secret that Holdfast is given or makes, each in use.
async fn hide(bank: &mut Bank, audit_key: &AuditSettings) -> Vec<Canary> {
    let mut canaries: Vec<Canary> = [
        ("a password", PASSWORD),
        ("another's password", OTHERS_PASSWORD),
        ("a mistyped password", WRONG_PASSWORD),
        ("the secret of the provider's client", CLIENT_SECRET),
        ("the key that secrets are sealed with", &bank.sealing_key),
    ]
    .map(|(what, text)| Canary::of(what, text))
    .into();
    let signed_in = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    bank.cookie = bank.send("POST", "/api/v1/session", &signed_in).await.cookie().unwrap();
    let other = json!({ "email": "new@example.com", "roles": ["viewer"], "password": OTHERS_PASSWORD });
    assert_eq!(bank.send("POST", "/api/v1/people", &other.to_string()).await.status, 201);

    let token =
        bank.shown("/api/v1/tokens", &json!({ "name": "night", "scopes": ["runs:read"] }), "token").await;
    canaries.push(Canary::both("a token", &token, &hex::decode(&token[3..]).unwrap()));

    let sealed = bank.shown("/api/v1/sealed_codes", &json!({ "kept_at": "the safe" }), "code").await;
    canaries.push(Canary::of("a sealed code", &sealed));

    canaries.extend(hide_receivers(bank).await);
    let signs = "/api/v1/applications/shop/steps/tell/secret";
    let path =
        operations().into_iter().find(|(method, path, ..)| method == "POST" && path.contains("secret"));
    let path = path.map_or(signs.to_owned(), |(.., filled, _)| filled.replace("observe-again", "tell"));
    let webhook = bank.shown(&path, &Value::Null, "secret").await;
    canaries.push(Canary::of("a webhook's secret", webhook.strip_prefix("whsec_").unwrap()));

    let secret = bank.shown("/api/v1/session/factors/totp", &Value::Null, "secret").await;
    let bytes = Secret::try_from_base32(&secret).unwrap();
    canaries.push(Canary::both("the secret of a second factor", &secret, bytes.as_bytes()));
    let totp = Builder::new().with_secret(bytes).build().unwrap();
    let code = json!({ "code": bank.code(&totp).await }).to_string();
    let confirmed = bank.send("POST", "/api/v1/session/factors/totp/confirm", &code).await;
    let recovery = confirmed.json()["recovery_codes"].clone();
    for code in recovery.as_array().unwrap_or_else(|| panic!("{}", confirmed.text)) {
        canaries.push(Canary::of("a code to recover with", code.as_str().unwrap()));
    }

    Sequencer::new(bank.store.clone(), audit_key.clone()).round().await.unwrap();
    let key = std::fs::read_to_string(&audit_key.key_file).unwrap();
    let key = key.trim().lines().last().unwrap().to_owned();
    canaries.push(Canary::of("the key that the audit log is signed with", &key));

    let id = bank.cookie.split_once('=').unwrap().1.to_owned();
    canaries.push(Canary::of("a session's id", &id));
    for url in [&bank.database.owner_url, &bank.database.app_url] {
        let password = url.split("://").nth(1).unwrap().split('@').next().unwrap().split(':').nth(1).unwrap();
        canaries.push(Canary::of("the password of a database's role", password));
    }
    canaries
}

/// Where people's channels lead, what signs what goes there, and where a calendar of who is on call is read.
async fn hide_receivers(bank: &Bank) -> Vec<Canary> {
    let mut canaries: Vec<Canary> = [
        ("the path of a channel's webhook", HOOK_PATH),
        ("the path of a Slack webhook", SLACK_PATH),
        ("PagerDuty's key", PAGERDUTY_KEY),
        ("the path of an on-call calendar", CALENDAR_PATH),
    ]
    .map(|(what, text)| Canary::of(what, text))
    .into();
    let hook =
        json!({ "kind": "webhook", "name": "hook", "url": format!("https://hooks.example.com/{HOOK_PATH}") });
    let secret = bank.shown("/api/v1/channels", &hook, "secret").await;
    canaries.push(Canary::of("what signs a channel's messages", secret.strip_prefix("whsec_").unwrap()));
    let slack =
        json!({ "kind": "slack", "name": "slack", "url": format!("https://hooks.example.com/{SLACK_PATH}") });
    let pager = json!({ "kind": "pagerduty", "name": "pager", "routing_key": PAGERDUTY_KEY });
    for channel in [slack, pager] {
        assert_eq!(bank.send("POST", "/api/v1/channels", &channel.to_string()).await.status, 201);
    }
    let calendar = json!({ "calendar_url": format!("https://calendar.example.com/{CALENDAR_PATH}") });
    let kept = bank.send("PUT", "/api/v1/on_call/approvers", &calendar.to_string()).await;
    assert_eq!(kept.status, 200, "{}", kept.text);
    canaries
}

/// What people and programs get wrong, with a secret in it.
async fn mistakes(bank: &Bank) -> Vec<Answered> {
    let mut answers = Vec::new();
    let json = |text: Value| text.to_string();
    for (method, path, body) in [
        ("POST", "/api/v1/session", json(json!({ "email": EMAIL, "password": WRONG_PASSWORD }))),
        ("POST", "/api/v1/session", json(json!({ "email": EMAIL, "pasword": WRONG_PASSWORD }))),
        ("POST", "/api/v1/session/proof", json(json!({ "password": WRONG_PASSWORD }))),
        (
            "PUT",
            "/api/v1/session/password",
            json(json!({ "present": WRONG_PASSWORD, "new": OTHERS_PASSWORD })),
        ),
        (
            "POST",
            "/me/password",
            format!("present={WRONG_PASSWORD}&new={OTHERS_PASSWORD}&again={OTHERS_PASSWORD}"),
        ),
        ("POST", "/api/v1/people", json(json!({ "email": "x", "roles": [], "password": OTHERS_PASSWORD }))),
        ("POST", "/api/v1/people", format!("{{\"password\": \"{OTHERS_PASSWORD}\", ")),
        (
            "POST",
            "/api/v1/channels",
            json(json!({ "kind": "slack", "name": "x", "url": format!("ftp://{SLACK_PATH}/") })),
        ),
        ("POST", "/me/channels", format!("kind=slack&name=x&to=ftp://{SLACK_PATH}/")),
        (
            "PUT",
            "/api/v1/on_call/approvers",
            json(json!({ "calendar_url": format!("ftp://{CALENDAR_PATH}/") })),
        ),
        ("POST", "/on-call/calendar", format!("team=approvers&calendar_url=ftp://{CALENDAR_PATH}/")),
        ("POST", "/sign-in", format!("email={EMAIL}&password={WRONG_PASSWORD}")),
        ("POST", "/prove", format!("password={WRONG_PASSWORD}")),
        ("GET", "/sign-in/provider", String::new()),
        ("GET", "/sign-in/provider/callback?code=x&state=y", String::new()),
    ] {
        answers.push(bank.send(method, path, &body).await);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_an_answer_a_page_the_log_or_a_dump_of_the_database() {
    let log = log();
    let folder = tempfile::tempdir().unwrap();
    let mut bank = Bank::new().await;
    let canaries = hide(&mut bank, &AuditSettings::within(folder.path())).await;
    let mut places: Vec<(String, String)> = Vec::new();
    let told = |answer: &Answered| format!("{:?}\n{}", answer.headers, answer.text);
    for (n, answer) in mistakes(&bank).await.iter().enumerate() {
        assert!(answer.status >= 300, "mistake {n}: {}", answer.text);
        places.push((format!("the answer to mistake {n}"), told(answer)));
    }
    let (mut answered, mut shown) = (0, 0);
    for (method, _, filled, _) in operations() {
        if method == "GET" && !filled.ends_with("/events") {
            let answer = bank.send("GET", &filled, "").await;
            answered += u32::from(answer.status == 200);
            places.push((filled, told(&answer)));
        }
    }
    for path in pages() {
        let answer = bank.send("GET", &path, "").await;
        shown += u32::from(answer.status == 200);
        places.push((path, told(&answer)));
    }
    assert!(answered >= 25 && shown >= 20, "{answered} answers and {shown} pages were looked through");
    let people = bank.app.list_people().await.unwrap();
    places.push(("what is printed of people".into(), format!("{people:?} {:?}", bank.app)));
    let (log, dump) = (log.text(), bank.dump());
    assert!(log.contains("holdfast") && log.len() > 10_000, "the log was not heard");
    assert!(dump.contains("COPY public.webhook_secrets") && dump.contains(EMAIL), "the dump is not whole");
    places.extend([("the log".into(), log), ("the dump".into(), dump)]);
    let mut hits = Vec::new();
    for canary in &canaries {
        for (place, text) in &places {
            if canary.spellings.iter().any(|spelling| text.contains(spelling)) {
                hits.push(format!("{} in {place}", canary.what));
            }
        }
    }
    assert_eq!(hits, Vec::<String>::new(), "of {} secrets in {} places", canaries.len(), places.len());
}
