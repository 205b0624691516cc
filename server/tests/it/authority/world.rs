//! Two teams with one of each thing, over the real use cases and a database, and somebody who asks.

use crate::{
    bodies::body,
    house::{Answered, Client, URL},
};
use holdfast_app::{App, Settings};
use holdfast_domain::{EvacuationId, HeldRole, Name, PersonId, RegionCode, Role, RunId};
use holdfast_failover::evacuation::{Direction, Part, Request as Lot};
use holdfast_failover::run::{Event, Run, Who};
use holdfast_failover::{Digest, Intent, Mode, RunState};
use holdfast_store::{AuditActor, AuditEntry, AuditFilter, AuditRecord, NewFreeze, NewRun, Store};
use holdfast_testkit::{TestDatabase, request, run_id, test_database};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

pub const PASSWORD: &str = "a long enough password";

pub const INVENTORY: &str = r#"version: 1
accounts:
  - {id: "222222222222", name: prod, read_role_arn: arn:aws:iam::222222222222:role/r, act_role_arn: arn:aws:iam::222222222222:role/a}
groups:
  - name: approvers
approval_policies:
  - {name: one-approver, rules: [{group: approvers, approvals: 1}], expires_after: 2h}
applications:
  - {name: books, owner: library, tier: 2, environment: staging, strategy: warm_standby, home_region: us-east-1,
     recovery_regions: [eu-central-1], objectives: {rto: 15m, rpo: 30s}, approval_policy: one-approver,
     resources: [{name: orders, kind: aurora_global_database, account: prod, global_cluster: books}]}
  - {name: shop, owner: payments, tier: 1, environment: production, strategy: warm_standby, home_region: us-east-1,
     recovery_regions: [eu-central-1], objectives: {rto: 15m, rpo: 30s}, approval_policy: one-approver,
     resources: [{name: orders, kind: aurora_global_database, account: prod, global_cluster: shop}]}
plans:
  - {application: books, steps: [{name: tell, kind: webhook, before: move_traffic, url: "https://hooks.example.com/b"}]}
  - {application: shop, steps: [{name: tell, kind: webhook, before: move_traffic, url: "https://hooks.example.com/s"}]}
"#;

/// What of one team there is.
#[derive(Debug, Clone)]
pub struct Things {
    pub application: &'static str,
    pub run: String,
    pub lot: String,
    pub freeze: String,
}

pub struct World {
    pub app: App,
    pub store: Store,
    pub client: Client,
    pub own: Things,
    pub other: Things,
    pub nothing: Things,
    _database: TestDatabase,
}

fn test_entry() -> AuditEntry {
    AuditEntry::done("test.set_up", AuditActor::System { name: "test".into() }, "test", "1")
}

impl World {
    pub async fn new() -> Self {
        let database = test_database().await;
        let store = database.store().await;
        let app = App::new(store.clone(), Settings::default());
        app.seed_inventory(INVENTORY).await.unwrap();
        let by =
            app.put_person("asks@example.com".into(), vec![Role::Operator.into()], vec![], PASSWORD.into());
        let by =
            Who { id: PersonId(by.await.unwrap().id.parse().unwrap()), email: "asks@example.com".into() };
        app.put_person("victim@example.com".into(), vec![Role::Viewer.into()], vec![], PASSWORD.into())
            .await
            .unwrap();
        let made = "INSERT INTO bundles (id, made_at, applications, plans, content)
             VALUES (gen_random_uuid(), clock_timestamp(), 2, 4, 'a bundle')";
        sqlx::raw_sql(made).execute(&mut database.owner().await).await.unwrap();
        let (client, _) = Client::of(Arc::new(app.clone().accountable()));
        let own = things(&store, "shop", &by).await;
        let other = things(&store, "books", &by).await;
        let nothing = Things {
            application: "bokks",
            run: RunId::fresh().to_string(),
            lot: EvacuationId::fresh().to_string(),
            freeze: uuid::Uuid::now_v7().to_string(),
        };
        Self { app, store, client, own, other, nothing, _database: database }
    }

    pub async fn sign_in(&self, held: &str) -> Somebody<'_> {
        let email = format!("{}@example.com", held.replace([':', '='], "-"));
        let role: HeldRole = held.parse().unwrap();
        self.app
            .put_person(email.clone(), vec![role.clone()], vec!["approvers".into()], PASSWORD.into())
            .await
            .unwrap();
        let body = format!(r#"{{"email": "{email}", "password": "{PASSWORD}"}}"#);
        let json = [("content-type", "application/json")];
        let cookie = self.client.send("POST", "/api/v1/session", &json, &body).await.cookie().unwrap();
        Somebody { world: self, held: role, email, cookie }
    }

    /// The newest first.
    pub async fn entries_of(&self, email: &str) -> Vec<AuditRecord> {
        let filter = AuditFilter { actor: Some(email.into()), limit: 5, ..AuditFilter::default() };
        self.store.audit_entries(&filter).await.unwrap()
    }
}

async fn things(store: &Store, application: &'static str, by: &Who) -> Things {
    let name = Name::parse(application).unwrap();
    let (run, lot) = (run_id(), EvacuationId::fresh());
    let now = Timestamp::now();
    let asked = request(application, by.clone());
    let events = Run::request(run, asked.clone(), now);
    assert!(matches!(events[0], Event::Requested { .. }));
    let state = RunState::AwaitingApproval;
    let new = NewRun { id: run, request: &asked, state, events: &events, summary: serde_json::json!({}) };
    let mut change = store.begin().await.unwrap();
    change.insert_run(&new).await.unwrap();
    let part = Part {
        application: name.clone(),
        run,
        intent: Intent::Failover,
        to: RegionCode::parse("eu-central-1").unwrap(),
        digest: asked.digest.clone(),
    };
    let request = Lot {
        region: RegionCode::parse("us-east-1").unwrap(),
        direction: Direction::default(),
        mode: Mode::Planned,
        waves: vec![vec![part]],
        left_out: vec![],
        circles: vec![],
        concurrency: 4,
        stop_on_failure: true,
        dry_run: false,
        digest: Digest::of(&application).unwrap(),
        by: by.clone(),
        reason: format!("to empty it of {application}"),
        incident: None,
        expires_after_seconds: 7_200,
    };
    let events = request.clone().begin(&[&asked]);
    change.insert_evacuation(lot, &request, &events).await.unwrap();
    let freeze = NewFreeze {
        application: Some(name),
        reason: format!("the year's end of {application}"),
        starts_at: now,
        ends_at: now + SignedDuration::from_hours(24),
        declared_by: by.email.clone(),
    };
    let freeze = change.declare_freeze(&freeze).await.unwrap();
    change.commit(test_entry().of_application(&Name::parse(application).unwrap())).await.unwrap();
    Things { application, run: run.to_string(), lot: lot.to_string(), freeze: freeze.to_string() }
}

pub struct Somebody<'a> {
    world: &'a World,
    pub held: HeldRole,
    pub email: String,
    pub cookie: String,
}

impl Somebody<'_> {
    pub async fn send(&self, method: &str, path: &str, body: &str) -> Answered {
        let form = !path.starts_with("/api/") && method == "POST";
        let kind = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        let key = uuid::Uuid::now_v7().to_string();
        let mut headers =
            vec![("cookie", self.cookie.as_str()), ("origin", URL), ("idempotency-key", key.as_str())];
        if method != "GET" {
            headers.push(("content-type", kind));
        }
        // Else its stream of events would not end.
        if path.starts_with("/api/") && path.ends_with("/events") {
            headers.push(("accept", "application/json"));
        }
        // What it was made from is no version of anything: nothing is stored that is asked with it.
        if ["PUT", "DELETE"].contains(&method) {
            headers.push(("if-match", "\"no version\""));
        }
        self.world.client.send(method, path, &headers, body).await
    }

    pub fn is_limited(&self) -> bool {
        self.held.is_limited()
    }
}

pub fn filled(path: &str, things: &Things) -> String {
    let path = path
        .replace("/freezes/{id}", &format!("/freezes/{}", things.freeze))
        .replace("/runs/{id}", &format!("/runs/{}", things.run))
        .replace("/evacuations/{id}", &format!("/evacuations/{}", things.lot));
    path.replace("/applications/{name}", &format!("/applications/{}", things.application))
        .replace("/policies/{name}", "/policies/one-approver")
        .replace("/groups/{name}", "/groups/approvers")
        .replace("/on_call/{name}", "/on_call/approvers")
        .replace("/on-call/{name}", "/on-call/approvers")
        .replace("{step}", "tell")
        .replace("{version}", "1")
        .replace("{waiver}", "orders:rds@us-east-1")
        .replace("{code}", "us-east-1")
        .replace("/accounts/{id}", "/accounts/222222222222")
        .replace("/audit/{id}", "/audit/1")
        .replace("/people/{id}", "/people/victim@example.com")
        .replace("{passkey}", crate::fake::RUN)
        .replace("{id}", crate::fake::RUN)
}

pub fn sent(method: &str, path: &str, things: &Things) -> String {
    body(method, path).replace("\"shop\"", &format!("\"{}\"", things.application))
}

/// Without what tells one thing from another, and what is drawn anew for each answer.
pub fn compared(answer: &Answered, things: &Things) -> (u16, String, String) {
    let mut text = answer.text.clone();
    for one in [things.application, &things.run, &things.lot, &things.freeze] {
        text = text.replace(one, "IT");
    }
    let parts = text.split("nonce=\"");
    let mut without = String::new();
    for (index, part) in parts.enumerate() {
        without.push_str(if index == 0 { part } else { part.split_once('"').map_or("", |(_, rest)| rest) });
    }
    // Clocks and counts go on between two answers.
    without.retain(|c| !c.is_ascii_digit());
    let location = answer.headers.get("location").map_or("", |value| value.to_str().unwrap());
    let location = [things.application, &things.run, &things.lot, &things.freeze]
        .iter()
        .fold(location.to_owned(), |text, one| text.replace(*one, "IT"));
    (answer.status, without, location)
}
