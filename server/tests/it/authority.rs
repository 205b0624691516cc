//! The matrix of rights: every operation of the document and every path of the pages, by every role, held over everything and
//! over one's own team only, upon what is one's own team's and what is another's. Over the real use cases and a database.
//! What the router has and this matrix has not, fails it.

use crate::{
    bodies::body,
    coverage::operations,
    house::{Answered, Client, URL},
};
use holdfast_app::{App, Settings};
use holdfast_domain::{EvacuationId, HeldRole, Name, PersonId, RegionCode, Role, RunId};
use holdfast_failover::evacuation::{Part, Request as Lot};
use holdfast_failover::run::{Event, Run, Who};
use holdfast_failover::{Digest, Intent, Mode};
use holdfast_store::{AuditActor, AuditEntry, AuditFilter, AuditRecord, NewFreeze, NewRun, Store};
use holdfast_testkit::{TestDatabase, request, run_id, test_database};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeSet, sync::Arc};

const PASSWORD: &str = "a long enough password";

const INVENTORY: &str = r#"version: 1
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

/// What a path is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// Nobody need be signed in, or it begins and ends one's own session: not sent here.
    TheDoor,
    /// One's own, or what names no application: for everybody with one of the roles.
    Everybody,
    /// Many applications: nothing that is another's may show.
    List,
    /// Of no one application: for roles without limits.
    Whole,
    Application,
    Run,
    Lot,
    Freeze,
}
use About::{Application, Everybody, Freeze, List, Lot as AboutLot, Run as AboutRun, TheDoor, Whole};

const ALL: &[Role] = &Role::ALL;
const OPERATE: &[Role] = &[Role::Operator, Role::Admin];
const APPROVE: &[Role] = &[Role::Approver];
const CONFIRM: &[Role] = &[Role::Operator, Role::Approver, Role::Admin];
const CLOSE: &[Role] = &[Role::Approver, Role::Admin];
const ADMIN: &[Role] = &[Role::Admin];

/// Of an operation of the document.
fn of_operation(method: &str, path: &str) -> Option<(About, &'static [Role])> {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    Some(match (method, path) {
        ("GET", "/livez" | "/readyz" | "/openapi.json" | "/.well-known/security.txt") => (TheDoor, ALL),
        (_, "/session") => (TheDoor, ALL),
        ("POST", "/session/proof") | ("DELETE", "/sessions" | "/sessions/{id}") => (TheDoor, ALL),
        ("GET", "/session/factors" | "/sessions" | "/tokens" | "/channels") => (Everybody, ALL),
        ("POST", "/session/factors/totp" | "/session/factors/totp/confirm") => (Everybody, ALL),
        ("POST", "/session/factors/recovery_codes") | ("DELETE", "/session/factors/totp") => (Everybody, ALL),
        ("POST", "/tokens" | "/channels" | "/channels/{id}/test") => (Everybody, ALL),
        ("DELETE", "/tokens/{id}" | "/channels/{id}") => (Everybody, ALL),

        ("GET", "/applications" | "/runs" | "/approvals" | "/evacuations" | "/now" | "/compliance") => (List, ALL),
        ("GET", "/accounts" | "/accounts/{id}" | "/regions" | "/regions/{code}" | "/freezes") => (List, ALL),
        ("GET", "/inventory" | "/audit" | "/audit/calls" | "/metrics" | "/system") => (List, ALL),
        ("GET", "/break_glass" | "/break_glasses") => (List, ALL),
        ("GET", "/policies" | "/policies/{name}" | "/discovered_accounts" | "/automation") => (Everybody, ALL),
        ("GET", "/audit/checkpoint" | "/audit/consistency" | "/audit/keys") => (Everybody, ALL),
        ("GET", "/break_glasses/{id}") => (Everybody, ALL),
        ("GET", "/audit/export" | "/audit/{id}") => (Whole, ALL),

        ("GET", "/applications/{name}") => (Application, ALL),
        ("GET", "/applications/{name}/status" | "/applications/{name}/readiness") => (Application, ALL),
        ("GET", "/applications/{name}/plans" | "/applications/{name}/plans/kept") => (Application, ALL),
        ("GET", "/applications/{name}/plans/versions") => (Application, ALL),
        ("GET", "/applications/{name}/plans/{version}") => (Application, ALL),
        ("GET", "/applications/{name}/plans/{version}/diff") => (Application, ALL),
        ("POST", "/applications/{name}/plans/{version}/evaluations") => (Application, ALL),
        ("POST", "/applications/{name}/refresh") => (Application, ALL),
        ("POST", "/applications/{name}/plans" | "/applications/{name}/waivers") => (Application, OPERATE),
        ("DELETE", "/applications/{name}/waivers/{waiver}") => (Application, OPERATE),
        ("DELETE", "/applications/{name}") => (Application, OPERATE),
        ("POST", "/applications/{name}/webhooks/{step}/secret") => (Application, ADMIN),
        ("POST", "/runs") => (Application, OPERATE),
        // Making one that is there already is no reading: it says that the name is taken, and changes nothing.
        ("PUT", "/applications/{name}") => (Everybody, OPERATE),
        ("PUT", "/inventory") => (Everybody, OPERATE),

        ("GET", "/runs/{id}" | "/runs/{id}/events" | "/runs/{id}/notices") => (AboutRun, ALL),
        ("GET", "/runs/{id}/escalate" | "/runs/{id}/abort") => (AboutRun, ALL),
        ("POST", "/runs/{id}/pause" | "/runs/{id}/resume" | "/runs/{id}/cancel") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/escalate" | "/runs/{id}/abort" | "/runs/{id}/commit") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/acknowledge" | "/runs/{id}/try_again") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/break_glass" | "/runs/{id}/end_drill") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/steps/{step}/retry" | "/runs/{id}/steps/{step}/skip") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/steps/{step}/confirm") => (AboutRun, CONFIRM),
        (_, "/runs/{id}/reviews") => (AboutRun, APPROVE),

        ("GET", "/evacuations/{id}" | "/evacuations/{id}/notices") => (AboutLot, ALL),
        ("POST", "/evacuations/{id}/go_on" | "/evacuations/{id}/cancel") => (AboutLot, OPERATE),
        ("POST", "/evacuations/{id}/break_glass") => (AboutLot, OPERATE),
        (_, "/evacuations/{id}/reviews") => (AboutLot, APPROVE),
        // All of a Region; what is named, in a test of its own.
        ("GET", "/regions/{code}/evacuation") => (Whole, ALL),
        ("POST", "/evacuations") => (Whole, OPERATE),

        ("PATCH", "/regions/{code}") | ("PUT", "/automation") => (Whole, OPERATE),
        ("POST", "/freezes") => (Whole, ADMIN),
        ("DELETE", "/freezes/{id}") => (Freeze, ADMIN),
        ("POST", "/break_glasses" | "/break_glasses/{id}/end") => (Everybody, OPERATE),
        ("POST", "/break_glasses/{id}/review") => (Whole, CLOSE),
        (_, "/sealed_codes" | "/sealed_codes/{id}") => (Whole, ADMIN),
        ("PUT" | "DELETE", "/accounts/{id}") => (Whole, ADMIN),
        ("POST", "/policies") | ("PUT" | "DELETE", "/policies/{name}") => (Whole, ADMIN),
        (_, "/people" | "/people/{id}" | "/people/{id}/factors") => (Whole, ADMIN),
        (_, "/groups" | "/groups/{name}") => (Whole, ADMIN),
        _ => return None,
    })
}

/// Of a path of the pages. What a form does is its operation's above, by the same use case.
fn of_page(method: &str, path: &str) -> Option<(About, &'static [Role])> {
    Some(match (method, path) {
        ("GET", "/sign-in" | "/sign-in/code" | "/prove") => (TheDoor, ALL),
        ("POST", "/me/sessions/end" | "/me/sessions/{id}/end" | "/theme") => (TheDoor, ALL),
        ("GET", "/me" | "/me/channels" | "/tokens" | "/policies" | "/api") => (Everybody, ALL),
        ("POST", "/me/codes" | "/me/codes/confirm" | "/me/codes/remove" | "/me/recovery-codes") => (Everybody, ALL),
        ("POST", "/me/channels" | "/me/channels/{id}/test" | "/me/channels/{id}/remove") => (Everybody, ALL),
        ("POST", "/tokens" | "/tokens/{id}/revoke") => (Everybody, ALL),

        ("GET", "/" | "/applications" | "/runs" | "/approvals" | "/accounts" | "/regions") => (List, ALL),
        ("GET", "/regions/{code}" | "/evacuations" | "/safeguards" | "/break-glass") => (List, ALL),
        ("GET", "/compliance" | "/compliance.csv" | "/audit" | "/audit/calls" | "/system") => (List, ALL),
        ("GET", "/break-glass/{id}") => (Everybody, ALL),

        ("GET", "/applications/{name}" | "/applications/{name}/plans") => (Application, ALL),
        ("GET", "/applications/{name}/plans/{version}") => (Application, ALL),
        ("GET", "/applications/{name}/plans/{version}/diff") => (Application, ALL),
        ("POST", "/applications/{name}/refresh") => (Application, ALL),
        ("POST", "/applications/{name}/plans/{version}/evaluate") => (Application, ALL),
        ("POST", "/applications/{name}/plans/{version}/edit") => (Application, OPERATE),
        ("POST", "/applications/{name}/plans/waivers") => (Application, OPERATE),
        ("POST", "/applications/{name}/plans/waivers/end") => (Application, OPERATE),
        ("POST", "/applications/{name}/runs") => (Application, OPERATE),
        ("GET", "/applications/{name}/runs/new") => (Application, ALL),
        (_, "/applications/{name}/webhooks/{step}/secret") => (Application, ADMIN),

        ("GET", "/runs/{id}" | "/runs/{id}/escalate" | "/runs/{id}/abort") => (AboutRun, ALL),
        ("POST", "/runs/{id}/pause" | "/runs/{id}/resume" | "/runs/{id}/cancel") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/escalate" | "/runs/{id}/abort" | "/runs/{id}/commit") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/acknowledge" | "/runs/{id}/try_again") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/break_glass" | "/runs/{id}/end_drill") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/steps/{step}/retry" | "/runs/{id}/steps/{step}/skip") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/steps/{step}/confirm") => (AboutRun, CONFIRM),
        ("POST", "/runs/{id}/review" | "/runs/{id}/withdraw") => (AboutRun, APPROVE),

        ("GET", "/evacuations/{id}") => (AboutLot, ALL),
        ("POST", "/evacuations/{id}/review" | "/evacuations/{id}/withdraw") => (AboutLot, APPROVE),
        ("POST", "/evacuations/{id}/break_glass") => (AboutLot, OPERATE),
        ("POST", "/evacuations/{id}/go-on" | "/evacuations/{id}/cancel") => (AboutLot, OPERATE),
        ("GET", "/regions/{code}/evacuate") => (Whole, ALL),
        ("POST", "/regions/{code}/evacuate") => (Whole, OPERATE),

        ("POST", "/regions/{code}" | "/safeguards/automation") => (Whole, OPERATE),
        ("POST", "/safeguards/freezes") => (Whole, ADMIN),
        ("POST", "/safeguards/freezes/{id}/lift") => (Freeze, ADMIN),
        ("POST", "/break-glass" | "/break-glass/{id}/end") => (Everybody, OPERATE),
        ("POST", "/break-glass/{id}/review") => (Whole, CLOSE),
        ("POST", "/break-glass/codes" | "/break-glass/codes/{id}/withdraw") => (Whole, ADMIN),
        (_, "/people" | "/people/{id}" | "/people/{id}/disable" | "/people/{id}/enable") => (Whole, ADMIN),
        ("POST", "/people/{id}/reset-factor" | "/groups" | "/groups/{name}") => (Whole, ADMIN),
        ("POST", "/policies" | "/policies/{name}" | "/policies/{name}/remove") => (Whole, ADMIN),
        _ => return None,
    })
}

/// Every path of the pages with each method that it takes, read from their own router.
fn pages() -> Vec<(&'static str, String)> {
    let source = include_str!("../../src/http/pages/mod.rs");
    let routes = source.split(".route(").skip(1);
    routes
        .flat_map(|route| {
            let path = route.split('"').nth(1).unwrap().to_owned();
            let takes = |method: &str| route.contains(&format!("{method}("));
            let methods = [("GET", takes("get")), ("POST", takes("post"))];
            methods.into_iter().filter(|(_, takes)| *takes).map(move |(method, _)| (method, path.clone()))
        })
        .collect()
}

/// What of one team there is.
#[derive(Debug, Clone)]
struct Things {
    application: &'static str,
    run: String,
    lot: String,
    freeze: String,
}

struct World {
    app: App,
    store: Store,
    client: Client,
    own: Things,
    other: Things,
    nothing: Things,
    _database: TestDatabase,
}

fn test_entry() -> AuditEntry {
    AuditEntry::done("test.set_up", AuditActor::System { name: "test".into() }, "test", "1")
}

impl World {
    async fn new() -> Self {
        let database = test_database().await;
        let store = database.store().await;
        let app = App::new(store.clone(), Settings::default());
        app.seed_inventory(INVENTORY).await.unwrap();
        let by = app.put_person("asks@example.com".into(), vec![Role::Operator.into()], vec![], PASSWORD.into());
        let by = Who { id: PersonId(by.await.unwrap().id.parse().unwrap()), email: "asks@example.com".into() };
        app.put_person("victim@example.com".into(), vec![Role::Viewer.into()], vec![], PASSWORD.into())
            .await
            .unwrap();
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

    async fn sign_in(&self, held: &str) -> Somebody<'_> {
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
    async fn entries_of(&self, email: &str) -> Vec<AuditRecord> {
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
    let state = holdfast_failover::RunState::AwaitingApproval;
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

struct Somebody<'a> {
    world: &'a World,
    held: HeldRole,
    email: String,
    cookie: String,
}

impl Somebody<'_> {
    async fn send(&self, method: &str, path: &str, body: &str) -> Answered {
        let form = !path.starts_with("/api/") && method == "POST";
        let kind = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        let key = uuid::Uuid::now_v7().to_string();
        let mut headers =
            vec![("cookie", self.cookie.as_str()), ("origin", URL), ("idempotency-key", key.as_str())];
        if method != "GET" {
            headers.push(("content-type", kind));
        }
        // What it was made from is no version of anything: nothing is stored that is asked with it.
        if ["PUT", "DELETE"].contains(&method) {
            headers.push(("if-match", "\"no version\""));
        }
        self.world.client.send(method, path, &headers, body).await
    }

    fn is_limited(&self) -> bool {
        self.held.is_limited()
    }
}

fn filled(path: &str, things: &Things) -> String {
    let path = path
        .replace("/freezes/{id}", &format!("/freezes/{}", things.freeze))
        .replace("/runs/{id}", &format!("/runs/{}", things.run))
        .replace("/evacuations/{id}", &format!("/evacuations/{}", things.lot));
    path.replace("/applications/{name}", &format!("/applications/{}", things.application))
        .replace("/policies/{name}", "/policies/one-approver")
        .replace("/groups/{name}", "/groups/approvers")
        .replace("{step}", "tell")
        .replace("{version}", "1")
        .replace("{waiver}", "orders:rds@us-east-1")
        .replace("{code}", "us-east-1")
        .replace("/accounts/{id}", "/accounts/222222222222")
        .replace("/audit/{id}", "/audit/1")
        .replace("/people/{id}", "/people/victim@example.com")
        .replace("{id}", crate::fake::RUN)
}

fn sent(method: &str, path: &str, things: &Things) -> String {
    body(method, path).replace("\"shop\"", &format!("\"{}\"", things.application))
}

/// Without what tells one thing from another, and what is drawn anew for each answer.
fn compared(answer: &Answered, things: &Things) -> (u16, String, String) {
    let mut text = answer.text.clone();
    for one in [things.application, &things.run, &things.lot, &things.freeze] {
        text = text.replace(one, "IT");
    }
    let parts = text.split("nonce=\"");
    let mut without = String::new();
    for (index, part) in parts.enumerate() {
        without.push_str(if index == 0 { part } else { part.split_once('"').map_or("", |(_, rest)| rest) });
    }
    let location = answer.headers.get("location").map_or("", |value| value.to_str().unwrap());
    let location = [things.application, &things.run, &things.lot, &things.freeze]
        .iter()
        .fold(location.to_owned(), |text, one| text.replace(*one, "IT"));
    (answer.status, without, location)
}

const REFUSED: [&str; 5] = ["forbidden", "out_of_scope", "scope_missing", "person_needed", "not_signed_in"];

/// Whoever there is: each role over everything, and over the team `payments` only.
fn everybody() -> Vec<String> {
    let roles = Role::ALL.iter().map(|role| role.as_str());
    roles.flat_map(|role| [role.to_owned(), format!("{role}:team=payments")]).collect()
}

fn shows_others(text: &str, world: &World) -> Option<String> {
    let Things { application: _, run, lot, freeze } = &world.other;
    ["books", "library", run, lot, freeze].iter().find(|one| text.contains(**one)).map(|one| (*one).to_owned())
}

#[tokio::test]
async fn every_operation_of_the_router_answers_each_role_as_the_matrix_says() {
    let mut all = operations();
    // What ends things comes last.
    all.sort_by_key(|(method, path, ..)| (method == "DELETE", path.ends_with("/cancel")));
    let absent: Vec<String> = all
        .iter()
        .filter(|(method, path, ..)| of_operation(method, path).is_none())
        .map(|(method, path, ..)| format!("{method} {path}"))
        .collect();
    assert!(absent.is_empty(), "the matrix has no row for {absent:?}");
    let mut wrong: Vec<String> = Vec::new();
    for held in everybody() {
        let world = World::new().await;
        let who = world.sign_in(&held).await;
        for (method, path, ..) in &all {
            let (about, roles) = of_operation(method, path).unwrap();
            if about == TheDoor || path.ends_with("/events") {
                continue;
            }
            let named = format!("{method} {path} by {held}");
            let ask = async |things: &Things| {
                let body = sent(method, path, things);
                who.send(method, &filled(path, things), &body).await
            };
            let of_one = matches!(about, Application | AboutRun | AboutLot | Freeze);
            if of_one {
                let (others, nothing) = (ask(&world.other).await, ask(&world.nothing).await);
                let same = compared(&others, &world.other) == compared(&nothing, &world.nothing);
                if who.is_limited() && (!same || others.status != 404) {
                    wrong.push(format!(
                        "{named}: another team's: {} {}, as against {} {}",
                        others.status, others.text, nothing.status, nothing.text
                    ));
                }
            }
            let answer = ask(&world.own).await;
            let code = if answer.status >= 400 { answer.code() } else { String::new() };
            let has = roles.contains(&who.held.role);
            let expected = match about {
                Whole if has && who.is_limited() => "out_of_scope",
                _ if has => "",
                _ => "forbidden",
            };
            let as_written = if expected.is_empty() {
                !REFUSED.contains(&code.as_str())
            } else {
                answer.status == 403 && code == expected
            };
            if !as_written {
                wrong.push(format!("{named}: {} {}, expected {expected:?}", answer.status, answer.text));
            }
            if code == "out_of_scope" && !answer.text.contains("Ask ") && !answer.text.contains("ask ") {
                wrong.push(format!("{named}: does not say who can lift it: {}", answer.text));
            }
            if who.is_limited()
                && let Some(shown) = shows_others(&answer.text, &world)
            {
                wrong.push(format!("{named}: shows `{shown}`: {}", answer.text));
            }
        }
        if who.is_limited() {
            assert_untouched(&world).await;
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

/// Nothing of the other team's has changed.
async fn assert_untouched(world: &World) {
    let run = world.store.run_head(world.other.run.parse().unwrap()).await.unwrap();
    assert_eq!((run.state, run.seq), (holdfast_failover::RunState::AwaitingApproval, 1));
    assert!(world.store.application(&Name::parse("books").unwrap()).await.is_ok());
    let freezes = world.store.freezes().await.unwrap();
    assert!(freezes.iter().any(|freeze| freeze.id.to_string() == world.other.freeze));
}

#[tokio::test]
async fn every_path_of_the_pages_answers_each_role_as_the_matrix_says() {
    let all = pages();
    assert!(all.len() > 80, "{all:?}");
    let absent: Vec<_> = all.iter().filter(|(method, path)| of_page(method, path).is_none()).collect();
    assert!(absent.is_empty(), "the matrix has no row for {absent:?}");
    let mut wrong: Vec<String> = Vec::new();
    for held in everybody() {
        let world = World::new().await;
        let who = world.sign_in(&held).await;
        for (method, path) in &all {
            let (about, roles) = of_page(method, path).unwrap();
            if about == TheDoor {
                continue;
            }
            let named = format!("{method} {path} by {held}");
            let ask = async |things: &Things| who.send(method, &filled(path, things), "").await;
            if who.is_limited() && matches!(about, Application | AboutRun | AboutLot | Freeze) {
                let (others, nothing) = (ask(&world.other).await, ask(&world.nothing).await);
                if compared(&others, &world.other) != compared(&nothing, &world.nothing) {
                    wrong.push(format!(
                        "{named}: another team's: {} {:?}, as against {} {:?}",
                        others.status,
                        others.headers.get("location"),
                        nothing.status,
                        nothing.headers.get("location")
                    ));
                }
                if *method == "GET" && others.status != 404 {
                    wrong.push(format!("{named}: another team's page answers {}", others.status));
                }
            }
            let done = |entries: &[AuditRecord]| entries.first().map(|record| record.id);
            let before = done(&world.entries_of(&who.email).await);
            let answer = ask(&world.own).await;
            let has = roles.contains(&who.held.role) && !(about == Whole && who.is_limited());
            if *method == "GET" {
                if has == (answer.status == 403) {
                    wrong.push(format!("{named}: {}", answer.status));
                }
                if who.is_limited()
                    && let Some(shown) = shows_others(&answer.text, &world)
                {
                    wrong.push(format!("{named}: shows `{shown}`"));
                }
                continue;
            }
            // A form leads back to its page; the log says what came of it. An empty form may be refused before rights are asked.
            let entries = world.entries_of(&who.email).await;
            let newest = entries.first().filter(|record| Some(record.id) != before).map(|record| &record.entry);
            let refused = newest.and_then(|entry| entry.refusal_code.clone());
            let by_rights = refused.as_deref().is_some_and(|code| REFUSED.contains(&code));
            let was_done = newest.is_some_and(|entry| entry.refusal_code.is_none());
            if (has && by_rights) || (!has && was_done) {
                wrong.push(format!("{named}: {} {newest:?}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_file_that_touches_what_is_outside_is_refused_whole_with_its_lines() {
    let world = World::new().await;
    let who = world.sign_in("operator:team=payments").await;
    let shown = who.send("GET", "/api/v1/inventory", "").await;
    assert!(shown.text.contains("shop") && !shown.text.contains("books"), "{}", shown.text);
    let put = async |file: &str| {
        let headers = [
            ("cookie", who.cookie.as_str()),
            ("origin", URL),
            ("content-type", "application/yaml"),
        ];
        world.client.send("PUT", "/api/v1/inventory", &headers, file).await
    };
    let file = world.client.send("GET", "/api/v1/inventory", &[("cookie", &who.cookie), ("accept", "application/yaml")], "").await;
    let same = put(&file.text).await;
    assert_eq!((same.status, same.json()["changed"].as_bool()), (200, Some(false)), "{}", same.text);

    // Their own with another's, in one file.
    let books = INVENTORY.lines().skip_while(|line| !line.starts_with("  - {name: books")).take(3);
    let books: String = books.map(|line| format!("{line}\n")).collect();
    let both = file.text.replace("rto: 15m", "rto: 30m").replace("applications:\n", &format!("applications:\n{books}"));
    let no = put(&both).await;
    assert_eq!((no.status, no.code().as_str()), (403, "out_of_scope"), "{}", no.text);
    let line = both.lines().position(|line| line.contains("name: books")).unwrap() + 1;
    let fields = no.json()["fields"].clone();
    assert_eq!(fields.as_array().map(Vec::len), Some(1), "{fields}");
    assert_eq!(fields[0]["line"].as_u64(), Some(line as u64), "{fields}");
    assert_eq!(fields[0]["path"], "applications.books", "{fields}");
    let after = who.send("GET", "/api/v1/inventory", "").await;
    assert_eq!(after.text, shown.text, "nothing was stored");

    // What is of no one application; giving away, and taking in.
    for (from, to, path) in [
        ("groups:\n", "groups:\n  - name: others\n", "groups.others"),
        ("owner: payments", "owner: library", "applications.shop"),
        ("name: shop\n", "name: shop2\n", ""),
    ] {
        let no = put(&file.text.replacen(from, to, 1)).await;
        if path.is_empty() {
            // Of their own team, under a new name: what it leaves out of the file is still there, and asks to be pruned.
            assert_eq!((no.status, no.code().as_str()), (422, "inventory_invalid"), "{}", no.text);
            continue;
        }
        assert_eq!((no.status, no.code().as_str()), (403, "out_of_scope"), "{}", no.text);
        assert_eq!(no.json()["fields"][0]["path"], path, "{}", no.text);
    }

    // Their own alone.
    let yes = put(&file.text.replace("rto: 15m", "rto: 30m")).await;
    assert_eq!((yes.status, yes.json()["changed"].as_bool()), (200, Some(true)), "{}", yes.text);
    let everything = world.sign_in("viewer").await;
    let whole = everything.send("GET", "/api/v1/inventory", "").await.text;
    assert!(whole.contains("books") && whole.contains("30m"), "{whole}");
}

#[tokio::test]
async fn a_name_that_another_team_has_is_taken_and_the_refusal_shows_nothing_of_it() {
    let world = World::new().await;
    let who = world.sign_in("operator:team=payments").await;
    let new = body("PUT", "/api/v1/applications/{name}");
    let put = async |name: &str| {
        let headers =
            [("cookie", who.cookie.as_str()), ("origin", URL), ("content-type", "application/json")];
        world.client.send("PUT", &format!("/api/v1/applications/{name}"), &headers, new).await
    };
    let taken = put("books").await;
    assert_eq!((taken.status, taken.code().as_str()), (403, "out_of_scope"), "{}", taken.text);
    assert!(!taken.text.contains("library"), "{}", taken.text);
    assert_eq!(put("kiosk").await.status, 200);
}

#[tokio::test]
async fn whoever_ends_somewhere_empties_a_region_of_what_they_name_and_may_move() {
    let world = World::new().await;
    let who = world.sign_in("operator:team=payments").await;
    let ask = async |names: &str| {
        let body = format!(
            r#"{{"region": "us-east-1", "mode": "planned", "reason": "rehearsal", "applications": [{names}]}}"#
        );
        who.send("POST", "/api/v1/evacuations", &body).await
    };
    let (other, nothing) = (ask(r#""books""#).await, ask(r#""bokks""#).await);
    assert_eq!(compared(&other, &world.other), compared(&nothing, &world.nothing));
    assert_eq!(other.status, 422, "{}", other.text);
    let own = ask(r#""shop""#).await;
    assert!(!REFUSED.contains(&own.code().as_str()), "{}", own.text);
}

#[tokio::test]
async fn a_token_that_is_limited_sees_no_more_than_it_says_and_no_more_than_its_person() {
    let world = World::new().await;
    let seen = async |held: &str, within: &str| {
        let who = world.sign_in(held).await;
        let asked = format!(r#"{{"name": "night", "scopes": ["status:read"], "within": "{within}"}}"#);
        let made = who.send("POST", "/api/v1/tokens", &asked).await;
        assert_eq!(made.json()["within"].as_str(), Some(within), "{}", made.text);
        let bearer = format!("Bearer {}", made.json()["token"].as_str().unwrap());
        let list = world.client.send("GET", "/api/v1/applications", &[("authorization", &bearer)], "").await;
        let items = list.json()["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(seen("viewer", "environment=staging").await, set(&["books"]));
    assert_eq!(seen("viewer:team=payments", "tier=1").await, set(&["shop"]));
    assert_eq!(seen("operator:team=payments", "team=library").await, set(&[]));
}

#[tokio::test]
async fn a_scoped_role_is_given_and_taken_away_where_roles_are_and_counts_at_once() {
    let world = World::new().await;
    let admin = world.sign_in("admin").await;
    let who = world.sign_in("viewer").await;
    let path = format!("/api/v1/people/{}", who.email);
    let roles = async |roles: &str| admin.send("PATCH", &path, &format!(r#"{{"roles": [{roles}]}}"#)).await;
    let given = roles(r#""viewer", "operator:team=payments,tier=1""#).await;
    assert_eq!(given.json()["roles"], serde_json::json!(["viewer", "operator:team=payments,tier=1"]), "{}", given.text);
    let drive = async |who: &Somebody<'_>, things: &Things| {
        who.send("POST", &format!("/api/v1/runs/{}/pause", things.run), "").await.code()
    };
    assert!(!REFUSED.contains(&drive(&who, &world.own).await.as_str()));
    assert_eq!(drive(&who, &world.other).await, "out_of_scope", "they see it, as a viewer of everything");
    let bad = roles(r#""operator:owner=payments""#).await;
    assert_eq!((bad.status, bad.json()["fields"][0]["path"].as_str()), (422, Some("roles[0]")), "{}", bad.text);
    assert_eq!(roles(r#""viewer""#).await.status, 200);
    let out = who.send("GET", "/api/v1/session", "").await;
    assert_eq!(out.status, 401, "whoever loses a role is signed out everywhere");
    let entries = world.entries_of(&admin.email).await;
    let told = entries.iter().filter(|record| record.entry.action == "person.put").count();
    assert_eq!(told, 2, "{entries:?}");
}
