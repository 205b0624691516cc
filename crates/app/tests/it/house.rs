//! Use cases over a database of their own, an inventory of three kinds of applications, and people.

use holdfast_api::people::{NewPerson, People};
use holdfast_api::runs::{Decision, RequestRun, ReviewRun, RunView, Runs};
use holdfast_api::{Answer, Problem};
use holdfast_app::sealing::Sealing;
use holdfast_app::{App, RelyingParty, Settings};
use holdfast_domain::facts::{DnsRecord, EcsServiceFacts, Routing};
use holdfast_domain::{Actor, Facts, Name, NotSeen, PersonId, RegionCode, Role, RunId};
use holdfast_failover::plan::Before;
use holdfast_failover::run::{Event, Request, RunState, Summary, Who};
use holdfast_failover::{Intent, Mode, Movement};
use holdfast_store::{AuditActor, AuditEntry, Look, NewRun, Pools, Store};
use holdfast_testkit::{TestDatabase, request, run_id, test_database};
use jiff::Timestamp;
use std::fmt::Write as _;

pub const HOME: &str = "us-east-1";
pub const AWAY: &str = "eu-central-1";
pub const FAR: &str = "eu-west-1";

const BEGINNING: &str = r#"version: 1
accounts:
  - id: "222222222222"
    name: prod
    read_role_arn: arn:aws:iam::222222222222:role/holdfast-read
    act_role_arn: arn:aws:iam::222222222222:role/holdfast-act
groups:
  - name: approvers
  - name: owners
approval_policies:
  - name: one-approver
    rules:
      - {group: approvers, approvals: 1}
    expires_after: 2h
  - name: two-approvers
    rules:
      - {group: approvers, approvals: 2}
    expires_after: 2h
  - name: both
    rules:
      - {group: approvers, approvals: 1}
      - {group: owners, approvals: 1}
    expires_after: 2h
applications:
"#;

/// With a service in each of three Regions and nothing that routes.
fn three_regions(name: &str, policy: &str) -> String {
    format!(
        "  - name: {name}
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: {HOME}
    recovery_regions: [{AWAY}, {FAR}]
    objectives: {{rto: 15m, rpo: 30s}}
    approval_policy: {policy}
    resources:
      - name: web
        kind: ecs_service
        account: prod
        per_region:
          {HOME}: {{cluster: {name}, service: web}}
          {AWAY}: {{cluster: {name}, service: web, desired_in_recovery: 6}}
          {FAR}: {{cluster: {name}, service: web, desired_in_recovery: 6}}
"
    )
}

/// With a service and a weighted record in two Regions.
fn routed(name: &str) -> String {
    format!(
        "  - name: {name}
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: {HOME}
    recovery_regions: [{AWAY}]
    objectives: {{rto: 15m, rpo: 30s}}
    approval_policy: one-approver
    resources:
      - name: front-door
        kind: route53_records
        account: prod
        hosted_zone_id: Z0123456789ABC
        record: {name}.example.com
        type: A
      - name: web
        kind: ecs_service
        account: prod
        per_region:
          {HOME}: {{cluster: {name}, service: web}}
          {AWAY}: {{cluster: {name}, service: web, desired_in_recovery: 6}}
"
    )
}

/// `bare`, with this one resource.
fn bare(resource: &str) -> String {
    format!(
        "{BEGINNING}  - name: bare
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: {HOME}
    recovery_regions: [{AWAY}]
    objectives: {{rto: 15m, rpo: 30s}}
    approval_policy: one-approver
    resources:
{resource}"
    )
}

pub struct House {
    pub app: App,
    pub store: Store,
    pub operator: Actor,
    pub approver: Actor,
    pub database: TestDatabase,
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

pub fn id(run: &RunView) -> RunId {
    run.summary.id.parse().unwrap()
}

pub fn tasks(desired: u32) -> Facts {
    Facts::EcsService(EcsServiceFacts {
        desired,
        running: desired,
        pending: 0,
        rollout: Some("COMPLETED".into()),
        status: "ACTIVE".into(),
        ..EcsServiceFacts::default()
    })
}

pub fn weighted(code: &str, weight: i64) -> Facts {
    Facts::record(Some(DnsRecord {
        name: "front.example.com".into(),
        record_type: "A".into(),
        set_identifier: Some(format!("front-{code}")),
        routing: Routing::Weighted { weight },
        ttl_seconds: Some(60),
        values: vec!["192.0.2.1".into()],
        alias: None,
        health_check_id: None,
    }))
}

impl House {
    /// `shop` (one approver), `pair` (two), `split` (one of each group) over three Regions; `front` is routed.
    pub async fn new() -> Self {
        Self::with(&Self::of_three_kinds()).await
    }

    /// The same, and the plans of `front` run that of `split`.
    pub async fn with_a_plan_that_runs_another() -> Self {
        let step = "{name: first, kind: run_plan, after: observe, application: split}";
        let plans = format!("plans:\n  - application: front\n    steps:\n      - {step}\n");
        Self::with(&(Self::of_three_kinds() + &plans)).await
    }

    /// `front` and `rear`, of which each shows by itself which Region serves it.
    pub async fn of_two_that_are_routed() -> Self {
        let house = Self::with(&(BEGINNING.to_owned() + &routed("front") + &routed("rear"))).await;
        for application in ["front", "rear"] {
            house.sees_services(application, &[HOME, AWAY]).await;
            for (code, weight) in [(HOME, 100), (AWAY, 0)] {
                house.look(application, "front-door", code, Ok(weighted(code, weight))).await;
            }
        }
        house
    }

    fn of_three_kinds() -> String {
        let mut yaml = BEGINNING.to_owned();
        for (name, policy) in [("shop", "one-approver"), ("pair", "two-approvers"), ("split", "both")] {
            yaml += &three_regions(name, policy);
        }
        yaml + &routed("front")
    }

    /// `feed`, active in three Regions by weight.
    pub async fn active_in_three() -> Self {
        let feed = three_regions("feed", "one-approver").replace("warm_standby", "active_active");
        let record = "      - {name: front-door, kind: route53_records, account: prod, \
                      hosted_zone_id: Z0123456789ABC, record: feed.example.com, type: A}\n";
        let house = Self::with(&format!("{BEGINNING}{feed}{record}")).await;
        for (code, weight) in [(HOME, 50), (AWAY, 25), (FAR, 25)] {
            house.look("feed", "front-door", code, Ok(weighted(code, weight))).await;
            house.look("feed", "web", code, Ok(tasks(10))).await;
        }
        house
    }

    /// `app-01` and so on over three Regions.
    pub async fn with_applications(count: usize) -> Self {
        let mut yaml = BEGINNING.to_owned();
        for n in 1..=count {
            write!(yaml, "{}", three_regions(&format!("app-{n:02}"), "one-approver")).unwrap();
        }
        Self::with(&yaml).await
    }

    pub async fn with_yaml_of_one_record() -> Self {
        let record = "      - {name: front-door, kind: route53_records, account: prod, \
                      hosted_zone_id: Z0123456789ABC, record: bare.example.com, type: A}\n";
        Self::with(&bare(record)).await
    }

    /// One of each kind that is asked for in each Region by itself and is neither compute nor a store.
    pub async fn with_yaml_of_what_a_region_must_have() -> Self {
        let both = |place: &str| format!("per_region: {{{HOME}: {place}, {AWAY}: {place}}}");
        let each = [
            ("kms_key", both("{key_id: mrk-1}")),
            ("cloudwatch_alarm", both("{alarm: errors}")),
            ("transit_gateway", both("{attachment: tgw-attach-0123456789abcdef0}")),
            ("cloudformation_stack", both("{stack: base}")),
            ("endpoint_setting", both("{parameter: /bare/endpoint}")),
            ("service_quota", "service: ec2, quota: L-1216C47A".to_owned()),
            ("config_recorder", format!("regions: [{HOME}, {AWAY}]")),
            ("security_hub", format!("regions: [{HOME}, {AWAY}]")),
            ("secret", "secret: bare/db".to_owned()),
            ("ssm_parameter", "parameter: /bare/flags".to_owned()),
        ];
        let mut resources = String::new();
        for (kind, keys) in each {
            let name = kind.replace('_', "-");
            writeln!(resources, "      - {{name: {name}, kind: {kind}, account: prod, {keys}}}").unwrap();
        }
        Self::with(&bare(&resources)).await
    }

    pub async fn with_yaml_of_one_database() -> Self {
        let database =
            "      - {name: orders, kind: aurora_global_database, account: prod, global_cluster: orders}\n";
        Self::with(&bare(database)).await
    }

    /// `till` (one approver) and `stock` (both groups), each with the same cluster under a name of its own.
    pub async fn with_two_applications_of_one_database() -> Self {
        let mut yaml = BEGINNING.to_owned();
        for (name, database, policy) in [("till", "orders", "one-approver"), ("stock", "goods", "both")] {
            let resource = format!(
                "{{name: {database}, kind: aurora_global_database, account: prod, global_cluster: orders}}"
            );
            write!(
                yaml,
                "  - name: {name}
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: {HOME}
    recovery_regions: [{AWAY}]
    objectives: {{rto: 15m, rpo: 30s}}
    approval_policy: {policy}
    resources:
      - {resource}
"
            )
            .unwrap();
        }
        Self::with(&yaml).await
    }

    pub async fn with_yaml_of_a_service_at_home_alone() -> Self {
        let service = "      - {name: web, kind: ecs_service, account: prod, \
                       per_region: {us-east-1: {cluster: bare, service: web}}}\n";
        Self::with(&bare(service)).await
    }

    async fn with(yaml: &str) -> Self {
        let database = test_database().await;
        let store = Store::connect(&database.app_url, Pools { web: 6, engine: 1 }).await.unwrap();
        let sealing = Sealing::parse(&Sealing::new_key().unwrap()).unwrap();
        let app = App::new(
            store.clone(),
            Settings {
                sealing: Some(sealing),
                passkeys: RelyingParty::at("http://localhost:8080"),
                bundle_places_named: true,
                ..Settings::default()
            },
        );
        app.seed_inventory(yaml).await.unwrap();
        let operator = person(&app, "operator@example.com", Role::Operator, &[]).await;
        let approver = person(&app, "approver@example.com", Role::Approver, &["approvers"]).await;
        Self { app, store, operator, approver, database }
    }

    pub async fn another(&self, email: &str, role: Role, groups: &[&str]) -> Actor {
        person(&self.app, email, role, groups).await
    }

    /// What a look at one resource in one Region brought just now.
    pub async fn look(&self, application: &str, resource: &str, code: &str, outcome: Result<Facts, NotSeen>) {
        let look = Look {
            application: name(application),
            resource: name(resource),
            region: region(code),
            at: Timestamp::now(),
            outcome,
        };
        self.store.record_observations(&[look]).await.unwrap();
    }

    pub async fn sees_services(&self, application: &str, regions: &[&str]) {
        for code in regions {
            self.look(application, "web", code, Ok(tasks(2))).await;
        }
    }

    pub fn asked(application: &str, intent: Intent, from: &str, to: &str) -> RequestRun {
        RequestRun {
            application: application.into(),
            intent,
            mode: Mode::Planned,
            drill: None,
            drill_minutes: None,
            from_region: Some(from.into()),
            to_region: Some(to.into()),
            split: None,
            dry_run: false,
            reason: "a test".into(),
            incident: None,
            impact_began_at: None,
            detected_at: None,
            overrides: Vec::new(),
            commit_within_seconds: None,
            break_glass: false,
            plan_digest: None,
        }
    }

    pub async fn request(&self, asked: RequestRun) -> Answer<RunView> {
        self.app.request_run(&self.operator, asked, &uuid::Uuid::now_v7().to_string()).await
    }

    pub async fn approve(&self, who: &Actor, run: &RunView) -> Answer<RunView> {
        let review =
            ReviewRun { decision: Decision::Approve, plan_digest: run.plan_digest.clone(), comment: None };
        self.app.review_run(who, id(run), review).await
    }

    /// A run of the past as the database keeps it: it began, and found `tasks` tasks at home.
    pub async fn ran(&self, movement: (Intent, &str, &str), state: RunState, found: u32) -> RunId {
        let (intent, from, to) = movement;
        let mut request = request("shop", self.who());
        request.movement = Movement { intent, mode: Mode::Planned, from: region(from), to: region(to) };
        request.plan.before =
            vec![Before { resource: name("web"), region: region(HOME), facts: tasks(found) }];
        let events = vec![Event::Requested { request: Box::new(request.clone()) }];
        self.insert(&request, state, &events).await
    }

    /// A run whose journal cannot be read: it does not begin with its request.
    pub async fn corrupt(&self, application: &str, movement: (Intent, &str, &str), state: RunState) -> RunId {
        let (intent, from, to) = movement;
        let mut request = request(application, self.who());
        request.movement = Movement { intent, mode: Mode::Planned, from: region(from), to: region(to) };
        self.insert(&request, state, &[Event::Started]).await
    }

    async fn insert(&self, request: &Request, state: RunState, events: &[Event]) -> RunId {
        let summary = Summary { began: state != RunState::AwaitingApproval, ..Summary::default() };
        let new =
            NewRun { id: run_id(), request, state, events, summary: serde_json::to_value(summary).unwrap() };
        let mut change = self.store.begin().await.unwrap();
        change.insert_run(&new).await.unwrap();
        change.commit(test_entry()).await.unwrap();
        new.id
    }

    fn who(&self) -> Who {
        Who { id: self.operator.person, email: self.operator.email.clone() }
    }
}

pub fn test_entry() -> AuditEntry {
    AuditEntry::done("test.set_up", AuditActor::System { name: "test".into() }, "test", "1")
}

/// The problem of a refusal that was expected.
pub fn refused<T>(answer: Answer<T>) -> Problem {
    match answer {
        Ok(_) => panic!("was not refused"),
        Err(problem) => problem,
    }
}

async fn person(app: &App, email: &str, role: Role, groups: &[&str]) -> Actor {
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
