//! P1 to P3: durable steps that do nothing, by the real engine over a real Postgres, beside the `dbos` crate and beside single-row
//! inserts by pgbench on the same cluster. Two kinds of steps: those that only look are written together with what comes next (decision 35), so that as many as
//! half a second sees are one transaction; those with a call look, write what they will call before it leaves together with what came of the step before, call, and look again. The goals are set for both.
//! Each subject stands between two runs of pgbench, because these machines are never the same for long.

use crate::cluster::{Cluster, Medium, Work};
use crate::idle::{IdleCloud, NobodyAsks};
use crate::peer::cpu_seconds;
use crate::table::{Goal, Row, print_and_judge};
use anyhow::Context as _;
use holdfast_app::{App, Settings};
use holdfast_domain::own_step::Until;
use holdfast_domain::{Name, Objectives, PersonId, RegionCode, RunId, Seconds, StepId};
use holdfast_engine::{Engine, EngineSettings};
use holdfast_failover::approval::FrozenPolicy;
use holdfast_failover::run::{Request, Run, RunState, Who};
use holdfast_failover::step::{How, Work as StepWork};
use holdfast_failover::{Change, Digest, Intent, Mode, Movement, Plan, Step};
use holdfast_store::{AuditActor, AuditEntry, NewRun, Pools, Store};
use sqlx::Connection as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// Of one run.
const STEPS: u32 = 50;
const EACH_INSERTS: Duration = Duration::from_secs(3);

/// What a step of the plan does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing at all.
    Idle,
    /// A call whose effect is seen at once: its intent is journalled with the result before it.
    Call,
}

#[derive(Debug, Clone, Copy)]
struct Measured {
    steps_a_second: f64,
    work: Work,
    own_cpu_seconds: f64,
    /// From one step's end to the next one's, in seconds.
    p50: f64,
    p99: f64,
}

pub async fn run(rounds: usize, dbos: Option<&str>, media: &[Medium]) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for &medium in media {
        let cluster = Cluster::start(medium).await?;
        let house = House::new(&cluster).await?;
        // What comes first pays for files that grow.
        cluster.inserts(8, EACH_INSERTS).await?;
        for clients in [1, 8] {
            rows.extend(compare(&house, &cluster, (medium, clients), rounds, dbos).await?);
        }
        house.store.close().await;
    }
    print_and_judge(&rows)
}

async fn compare(
    house: &House,
    cluster: &Cluster,
    (medium, clients): (Medium, usize),
    rounds: usize,
    dbos: Option<&str>,
) -> anyhow::Result<Vec<Row>> {
    let runs = if clients == 1 { 20 } else { 80 };
    let of = format!("{} c{clients}", medium.words());
    let mut figures: [(&str, Vec<f64>); 13] = [
        ("steps over inserts", vec![]),
        ("dbos steps over inserts", vec![]),
        ("steps over dbos steps", vec![]),
        ("write transactions a step", vec![]),
        ("WAL bytes a step", vec![]),
        ("processor a step, client and Postgres, us", vec![]),
        ("p50 of a step with a call over a commit", vec![]),
        ("p99 of a step with a call over a commit", vec![]),
        ("steps with a call over inserts", vec![]),
        ("write transactions a step with a call", vec![]),
        ("steps with a call over dbos steps", vec![]),
        ("WAL bytes a step with a call", vec![]),
        ("processor a step with a call, client and Postgres, us", vec![]),
    ];
    for round in 1..=rounds {
        let first = cluster.inserts(clients, EACH_INSERTS).await?;
        let idle = house.measured(cluster, Kind::Idle, runs, clients).await?;
        let second = cluster.inserts(clients, EACH_INSERTS).await?;
        let call = house.measured(cluster, Kind::Call, runs, clients).await?;
        let third = cluster.inserts(clients, EACH_INSERTS).await?;
        let steps = f64::from(STEPS) * runs as f64;
        let ratio = idle.steps_a_second / mean(first, second);
        let commit = clients as f64 / mean(first, second);
        let call_ratio = call.steps_a_second / mean(second, third);
        println!("{of}, round {round}: steps {ratio:.2} of inserts, with a call {call_ratio:.2}");
        let mut note = |at: usize, figure: f64| figures[at].1.push(figure);
        note(0, ratio);
        note(3, idle.work.transactions as f64 / steps);
        note(4, idle.work.wal_bytes as f64 / steps);
        note(5, (idle.work.cpu_seconds + idle.own_cpu_seconds) * 1e6 / steps);
        note(6, call.p50 / commit);
        note(7, call.p99 / commit);
        note(8, call_ratio);
        note(9, call.work.transactions as f64 / steps);
        note(11, call.work.wal_bytes as f64 / steps);
        note(12, (call.work.cpu_seconds + call.own_cpu_seconds) * 1e6 / steps);
        if let Some(dbos) = dbos {
            let url = cluster.fresh_database("dbos").await?;
            let theirs = by_dbos(dbos, &url, runs, clients).await?;
            let fourth = cluster.inserts(clients, EACH_INSERTS).await?;
            let theirs = theirs / mean(third, fourth);
            note(1, theirs);
            note(2, ratio / theirs);
            note(10, call_ratio / theirs);
        }
    }
    let goal = |what: &str| match (what, medium, clients) {
        ("steps over inserts" | "steps with a call over inserts", Medium::Disk, 1) => {
            Some(Goal::AtLeast(0.40))
        }
        ("steps over inserts" | "steps with a call over inserts", Medium::Disk, _) => {
            Some(Goal::AtLeast(0.35))
        }
        ("steps over inserts" | "steps with a call over inserts", Medium::Memory, 8) => {
            Some(Goal::AtLeast(0.15))
        }
        ("steps over dbos steps" | "steps with a call over dbos steps", ..) => Some(Goal::AtLeast(1.0)),
        ("write transactions a step" | "write transactions a step with a call", ..) => {
            Some(Goal::AtMost(1.10))
        }
        ("WAL bytes a step", ..) => Some(Goal::AtMost(1_500.0)),
        ("processor a step, client and Postgres, us", Medium::Disk, 1) => Some(Goal::AtMost(300.0)),
        ("p50 of a step with a call over a commit", Medium::Disk, 1) => Some(Goal::AtMost(2.5)),
        ("p99 of a step with a call over a commit", Medium::Disk, 1) => Some(Goal::AtMost(6.0)),
        _ => None,
    };
    let measured = figures.into_iter().filter(|(_, rounds)| !rounds.is_empty());
    Ok(measured
        .map(|(what, rounds)| Row { goal: goal(what), what: format!("{of}: {what}"), rounds })
        .collect())
}

fn mean(one: f64, other: f64) -> f64 {
    f64::midpoint(one, other)
}

/// Steps a second of the peer.
async fn by_dbos(program: &str, url: &str, workflows: usize, at_once: usize) -> anyhow::Result<f64> {
    let mut peer = Command::new(program);
    peer.args([url, &workflows.to_string(), &STEPS.to_string(), &at_once.to_string()]);
    let out = tokio::task::spawn_blocking(move || peer.output()).await??;
    anyhow::ensure!(out.status.success(), "dbos: {}", String::from_utf8_lossy(&out.stderr));
    let told: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    let seconds = told["seconds"].as_f64().context("the peer's seconds")?;
    Ok(f64::from(STEPS) * workflows as f64 / seconds)
}

struct House {
    store: Store,
    data: tempfile::TempDir,
}

impl House {
    async fn new(cluster: &Cluster) -> anyhow::Result<Self> {
        let store = Store::connect(&cluster.postgres.app_url(), Pools { web: 4, engine: 12 }).await?;
        let app = App::new(store.clone(), Settings::default());
        app.seed_inventory(&inventory()).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
        Ok(Self { store, data: tempfile::tempdir()? })
    }

    /// So many runs, so many at once, from the engine's start to the last step's end.
    async fn measured(
        &self,
        cluster: &Cluster,
        kind: Kind,
        runs: usize,
        at_once: usize,
    ) -> anyhow::Result<Measured> {
        let mut made = Vec::new();
        for number in 0..runs {
            made.push(self.request(kind, number).await?);
        }
        let mut settings = EngineSettings::new(self.data.path().to_owned());
        settings.runs_at_once = at_once;
        settings.sweep_interval = Duration::from_secs(3_600);
        let (before, cpu) = (cluster.work().await?, cpu_seconds(std::process::id())?);
        let cloud = Arc::new(IdleCloud::default());
        let mut owner = sqlx::PgConnection::connect(&cluster.postgres.owner_url()).await?;
        let began: String =
            sqlx::query_scalar("SELECT clock_timestamp()::text").fetch_one(&mut owner).await?;
        let engine = Engine::start(self.store.clone(), cloud, Arc::new(NobodyAsks), settings).await?;
        while open(&mut owner, &made).await? > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (work, own) = (cluster.work().await?.since(before), cpu_seconds(std::process::id())? - cpu);
        engine.shutdown().await;
        let (seconds, p50, p99) = times(&mut owner, &made, &began).await?;
        let steps_a_second = f64::from(STEPS) * runs as f64 / seconds;
        Ok(Measured { steps_a_second, work, own_cpu_seconds: own, p50, p99 })
    }

    async fn request(&self, kind: Kind, number: usize) -> anyhow::Result<RunId> {
        let (id, request) = (RunId::fresh(), request(kind, number)?);
        let mut change = self.store.begin().await?;
        let events = Run::request(id, request.clone(), change.now().await?);
        let new = NewRun {
            id,
            request: &request,
            state: RunState::Running,
            events: &events,
            summary: serde_json::json!({}),
        };
        change.insert_run(&new).await?;
        let bench = AuditActor::System { name: "bench".into() };
        change.commit(AuditEntry::done("run.request", bench, "run", id)).await?;
        Ok(id)
    }
}

fn ids(runs: &[RunId]) -> Vec<uuid::Uuid> {
    runs.iter().map(|run| run.0).collect()
}

async fn open(owner: &mut sqlx::PgConnection, runs: &[RunId]) -> anyhow::Result<i64> {
    let parked: i64 =
        sqlx::query_scalar("SELECT count(*) FROM runs WHERE id = ANY($1) AND (state = 'needs_person' OR set_aside_at IS NOT NULL)")
            .bind(ids(runs))
            .fetch_one(&mut *owner)
            .await?;
    anyhow::ensure!(parked == 0, "{parked} runs ask a person");
    Ok(sqlx::query_scalar("SELECT count(*) FROM runs WHERE id = ANY($1) AND ended_at IS NULL")
        .bind(ids(runs))
        .fetch_one(owner)
        .await?)
}

/// The whole time since the engine was told to start, and the p50 and p99 from one step's end to the next one's within a run; in
/// seconds.
async fn times(
    owner: &mut sqlx::PgConnection,
    runs: &[RunId],
    began: &str,
) -> anyhow::Result<(f64, f64, f64)> {
    Ok(sqlx::query_as(
        "WITH ends AS (
             SELECT at, at - lag(at) OVER (PARTITION BY run ORDER BY seq) AS took
             FROM run_events WHERE run = ANY($1) AND kind = 'step_succeeded'),
         whole AS (
             SELECT max(at) - $2::timestamptz AS took FROM run_events
             WHERE run = ANY($1) AND kind = 'step_succeeded')
         SELECT (SELECT extract(epoch FROM took)::float8 FROM whole),
                extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY took))::float8,
                extract(epoch FROM percentile_cont(0.99) WITHIN GROUP (ORDER BY took))::float8
         FROM ends",
    )
    .bind(ids(runs))
    .bind(began)
    .fetch_one(owner)
    .await?)
}

fn application(number: usize) -> String {
    format!("idle-{number:03}")
}

/// As many as run at once in the largest round, each with one service in both Regions.
fn inventory() -> String {
    let applications: String = (0..80)
        .map(|number| {
            format!(
                "  - {{name: {name}, owner: bench, tier: 2, strategy: warm_standby, home_region: us-east-1, recovery_regions: [eu-central-1], \
                 objectives: {{rto: 15m, rpo: 30s}}, approval_policy: one, resources: [{{name: web, kind: ecs_service, account: prod, \
                 per_region: {{us-east-1: {{cluster: {name}, service: web}}, eu-central-1: {{cluster: {name}, service: web}}}}}}]}}\n",
                name = application(number)
            )
        })
        .collect();
    format!(
        "version: 1\naccounts:\n  - {{id: \"222222222222\", name: prod, read_role_arn: \"arn:aws:iam::222222222222:role/holdfast-read\", \
         act_role_arn: \"arn:aws:iam::222222222222:role/holdfast-act\"}}\ngroups:\n  - {{name: approvers}}\n\
         approval_policies:\n  - {{name: one, rules: [{{group: approvers, approvals: 1}}], expires_after: 2h}}\napplications:\n{applications}"
    )
}

fn step(kind: Kind, of: &str, number: u32) -> anyhow::Result<Step> {
    let id = |number: u32| StepId::parse(&format!("step-{number:02}"));
    let work = match kind {
        Kind::Idle => StepWork::WaitForTime { until: Until::At(jiff::Timestamp::UNIX_EPOCH) },
        Kind::Call => StepWork::Call {
            change: Change::SetEcsDesiredCount {
                region: RegionCode::parse("eu-central-1")?,
                cluster: of.to_owned(),
                service: "web".into(),
                // Each more than the one before, so that each has something to do.
                desired: number + 2,
            },
        },
    };
    Ok(Step {
        id: id(number)?,
        title: format!("Step {number}"),
        resource: (kind == Kind::Call).then(|| Name::parse("web")).transpose()?,
        work,
        regions: vec![RegionCode::parse("eu-central-1")?],
        after: number.checked_sub(1).map(id).transpose()?.into_iter().collect(),
        timeout_seconds: 600,
        irreversible: false,
        plane: "ecs@eu-central-1".into(),
        value_now: String::new(),
        value_to_be: String::new(),
        how: How::default(),
        undo: None,
        undoes: None,
    })
}

/// Approved by nobody, because its policy asks nobody.
fn request(kind: Kind, number: usize) -> anyhow::Result<Request> {
    let steps =
        (0..STEPS).map(|at| step(kind, &application(number), at)).collect::<anyhow::Result<Vec<_>>>()?;
    let roles = serde_json::json!({ "prod": "arn:aws:iam::222222222222:role/holdfast-act" });
    let mut plan: Plan = serde_json::from_value(serde_json::json!({
        "steps": [], "roles": roles, "facts": [], "before": [], "measurements": [], "notes": []
    }))?;
    plan.steps = steps;
    let region = |code| RegionCode::parse(code);
    let (intent, mode) = (Intent::Failover, Mode::Planned);
    let mut request = Request {
        application: Name::parse(&application(number))?,
        movement: Movement { intent, mode, from: region("us-east-1")?, to: region("eu-central-1")? },
        plan,
        emergency: None,
        policy: FrozenPolicy {
            name: Name::parse("nobody")?,
            rules: Vec::new(),
            expires_after_seconds: 7_200,
            editors: vec![],
        },
        objectives: Objectives { rto: Seconds(900), rpo: Seconds(30) },
        overrides: Vec::new(),
        holds: Vec::new(),
        dry_run: false,
        commit_within_seconds: None,
        digest: Digest(String::new()),
        by: Who { id: PersonId::fresh(), email: "bench@example.com".into() },
        reason: "a benchmark".into(),
        incident: None,
        impact_began_at: None,
        detected_at: None,
        asked_by: None,
        evacuation: None,
    };
    request.digest = request.digest_now().map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::median;

    #[test]
    fn the_benchmarks_plans_are_sequential_and_their_digests_hold() {
        for kind in [Kind::Idle, Kind::Call] {
            let request = request(kind, 0).unwrap();
            request.check_digest().unwrap();
            assert!(request.plan.steps.iter().skip(1).all(|step| step.after.len() == 1));
        }
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
