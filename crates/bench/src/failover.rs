//! P4 and P5: from an approval to the first call that AWS sees, and the failover of many applications at once, by the whole of
//! Holdfast (requested, approved, journalled, audited) against a stand-in that answers late by a fixed time; beside the script that
//! one would write by hand, with threads and with asyncio.

use crate::idle::NobodyAsks;
use crate::peer::Peer;
use crate::table::{Goal, Row, print_and_judge};
use crate::{Size, fleet, script};
use anyhow::Context as _;
use holdfast_api::people::{NewPerson, People as _};
use holdfast_api::runs::{Decision, RequestRun, ReviewRun, Runs as _};
use holdfast_app::{App, Settings};
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials, Egress, OutsideSettings};
use holdfast_domain::{Actor, Hosts, PersonId, RegionCode, Role, RunId};
use holdfast_engine::{Engine, EngineSettings};
use holdfast_failover::{Intent, Mode};
use holdfast_store::{Pools, Store};
use holdfast_testkit::{TestDatabase, test_database};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Starts after which the time to the first call is known well enough.
const STARTS: usize = 200;
/// AWS's own waiting passes at once: what is measured are calls.
const SPEED: f64 = 1_000.0;

struct House {
    store: Store,
    app: App,
    operator: Actor,
    approver: Actor,
    peer: Peer,
    data: tempfile::TempDir,
    lanes: usize,
    database: TestDatabase,
}

/// One call of a run as the stand-in saw it.
struct Call {
    at: f64,
    run: String,
}

impl House {
    async fn new(size: Size, lanes: usize) -> anyhow::Result<Self> {
        let database = test_database().await;
        let store = Store::connect(&database.app_url, Pools { web: 4, engine: 16 }).await?;
        let settings = Settings { stale_after: jiff::SignedDuration::from_hours(1), ..Settings::default() };
        let app = App::new(store.clone(), settings);
        app.seed_inventory(&fleet::movable(size)?).await.map_err(told)?;
        let operator = actor(&app, "operator@example.com", Role::Operator, &[]).await?;
        let approver = actor(&app, "approver@example.com", Role::Approver, &["approvers"]).await?;
        let (peer, data) = (Peer::start_at_speed(size, SPEED)?, tempfile::tempdir()?);
        let house = Self { store, app, operator, approver, peer, data, lanes, database };
        let engine = house.engine().await?;
        while house.store.last_sweep().await?.finished_at.is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        engine.shutdown().await;
        Ok(house)
    }

    async fn engine(&self) -> anyhow::Result<Engine> {
        let regions = [fleet::REGIONS[1], fleet::REGIONS[0]];
        let settings = AwsSettings {
            endpoint_url: Some(self.peer.url.clone()),
            control_credentials: ControlCredentials::Static {
                access_key_id: "AKIDCONTROL".into(),
                secret_access_key: "control".into(),
                session_token: None,
            },
            // The zones' name servers are the stand-in's too: questions that leave for a network which is not there would be
            // what is measured.
            outside: OutsideSettings {
                egress: Egress::Local,
                dns_resolver: Some(self.peer.address()?),
                from: "a benchmark".into(),
                hosts: Hosts::default(),
            },
            ..AwsSettings::new(regions.iter().filter_map(|region| RegionCode::parse(region).ok()).collect())
        };
        let mut engine = EngineSettings::new(self.data.path().to_owned());
        engine.runs_at_once = self.lanes;
        engine.sweep_interval = Duration::from_secs(3_600);
        engine.poll_interval = Duration::from_millis(100);
        let cloud = Arc::new(AwsCloud::new(settings));
        Ok(Engine::start(self.store.clone(), cloud, Arc::new(NobodyAsks), engine).await?)
    }

    async fn requested(&self, number: usize) -> anyhow::Result<(RunId, String)> {
        let asked = RequestRun {
            application: fleet::application(number),
            intent: Intent::Failover,
            mode: Mode::Planned,
            drill: None,
            drill_minutes: None,
            from_region: None,
            to_region: None,
            split: None,
            dry_run: false,
            reason: "a benchmark".into(),
            incident: None,
            impact_began_at: None,
            detected_at: None,
            overrides: Vec::new(),
            commit_within_seconds: None,
            plan_digest: None,
            break_glass: false,
        };
        let key = uuid::Uuid::now_v7().to_string();
        let run = self.app.request_run(&self.operator, asked, &key).await.map_err(told)?;
        Ok((RunId(uuid::Uuid::parse_str(&run.summary.id)?), run.plan_digest))
    }

    async fn approved(&self, (run, digest): (RunId, String)) -> anyhow::Result<()> {
        let review = ReviewRun { decision: Decision::Approve, plan_digest: digest, comment: None };
        self.app.review_run(&self.approver, run, review).await.map_err(told)?;
        Ok(())
    }

    /// The calls of runs after so many entries of the stand-in's ledger.
    async fn calls_after(&self, before: usize) -> anyhow::Result<Vec<Call>> {
        let entries = self.peer.entries_after(before).await?;
        let of_runs = entries.iter().filter(|e| {
            e["user_agent"]
                .as_str()
                .is_some_and(|agent| agent.contains("holdfast-step/") && !agent.contains("ask-role"))
        });
        of_runs
            .map(|entry| {
                let at: Timestamp = entry["at"].as_str().context("a call's time")?.parse()?;
                // What makes a session is a call of the run that the session will be of.
                let session = entry["session_name"].as_str().or(entry["body"]["RoleSessionName"].as_str());
                Ok(Call { at: seconds(at), run: session.context("a call's run")?.to_owned() })
            })
            .collect()
    }

    /// Seconds from when the engine is there until every run has ended, the calls that it took, and for how long the run that
    /// waited longest for its calls had at least one under way.
    async fn moved(&self, size: Size) -> anyhow::Result<(f64, usize, f64)> {
        let mut runs = Vec::new();
        for number in 0..size.applications {
            let requested = self.requested(number).await?;
            runs.push(requested.0.0);
            self.approved(requested).await?;
        }
        let before = self.peer.entries_after(0).await?.len();
        let engine = self.engine().await?;
        let began = self.store.now().await?;
        let mut connection =
            <sqlx::PgConnection as sqlx::Connection>::connect(&self.database.owner_url).await?;
        let ended: Timestamp = loop {
            let (open, parked, ended): (i64, i64, Option<jiff_sqlx::Timestamp>) = sqlx::query_as(
                "SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FILTER (WHERE state = 'needs_person'), max(ended_at)
                 FROM runs WHERE id = ANY($1)",
            )
            .bind(&runs)
            .fetch_one(&mut connection)
            .await?;
            anyhow::ensure!(parked == 0, "{parked} runs ask a person");
            match ended {
                Some(ended) if open == 0 => break ended.into(),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        engine.shutdown().await;
        let calls = self.calls_after(before).await?;
        let mut of_runs: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for call in &calls {
            of_runs.entry(&call.run).or_default().push(call.at);
        }
        let latency = size.latency().as_secs_f64();
        let busy = of_runs.into_values().map(|calls| under_way(calls, latency)).fold(0.0, f64::max);
        Ok((seconds(ended) - seconds(began), calls.len(), busy))
    }

    /// Milliseconds from the journalled start to the first call.
    async fn first_calls(&self) -> anyhow::Result<Vec<f64>> {
        let engine = self.engine().await?;
        let mut started = BTreeMap::new();
        for number in 0..STARTS {
            let requested = self.requested(number).await?;
            let run = requested.0;
            self.approved(requested).await?;
            started.insert(run.to_string(), run);
            // One after the other: what is measured is the way, not the crowd.
            while self.store.run_head(run).await?.ended_at.is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        engine.shutdown().await;
        let mut first: BTreeMap<String, f64> = BTreeMap::new();
        for call in self.calls_after(0).await? {
            let known = first.entry(call.run).or_insert(call.at);
            *known = known.min(call.at);
        }
        let mut took = Vec::new();
        for (session, run) in started {
            let begun = self.store.entries(run, 0).await?;
            let begun = begun.iter().find(|entry| entry.event.kind() == "started").context("a start")?.at;
            took.push((first.get(&session).context("a first call")? - seconds(begun)) * 1e3);
        }
        took.sort_by(f64::total_cmp);
        Ok(took)
    }
}

fn told(problem: holdfast_api::Problem) -> anyhow::Error {
    anyhow::anyhow!("{problem:?}")
}

fn seconds(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
}

/// For how long at least one call was under way, when each is for `latency`.
fn under_way(mut arrivals: Vec<f64>, latency: f64) -> f64 {
    arrivals.sort_by(f64::total_cmp);
    let mut until = f64::NEG_INFINITY;
    arrivals.into_iter().fold(0.0, |busy, at| {
        let more = (at + latency) - at.max(until);
        until = at + latency;
        busy + more
    })
}

async fn actor(app: &App, email: &str, role: Role, groups: &[&str]) -> anyhow::Result<Actor> {
    let groups = groups.iter().map(ToString::to_string).collect();
    let new = NewPerson { email: email.into(), role, groups, password: "a long enough password".into() };
    let person = app.create_person(new).await.map_err(told)?;
    let id = PersonId(uuid::Uuid::parse_str(&person.id)?);
    app.actor_of_session(id, Some(Timestamp::now())).await.map_err(told)
}

pub struct Asked<'a> {
    pub applications: &'a [usize],
    pub lanes: &'a [usize],
    pub rounds: usize,
    pub latency_ms: u64,
    /// The interpreter and the script.
    pub beside: Option<&'a [String]>,
}

pub async fn run(asked: Asked<'_>) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for &lanes in asked.lanes {
        for &applications in asked.applications {
            rows.extend(many(&asked, lanes, applications).await?);
        }
    }
    let size = Size { applications: STARTS, accounts: 4, latency_ms: 0 };
    let took = House::new(size, 64).await?.first_calls().await?;
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    let row = |what: &str, figure, most| Row {
        what: format!("approve to first call, ms: {what}"),
        rounds: vec![figure],
        goal: Some(Goal::AtMost(most)),
    };
    rows.extend([row("p50", at(0.5), 10.0), row("p99", at(0.99), 60.0)]);
    print_and_judge(&rows)
}

async fn many(asked: &Asked<'_>, lanes: usize, applications: usize) -> anyhow::Result<Vec<Row>> {
    let size = Size { applications, accounts: applications.min(50), latency_ms: asked.latency_ms };
    let of = format!("{applications} applications, {lanes} calls at once");
    let mut ratios: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..asked.rounds {
        let house = House::new(size, lanes).await?;
        let (took, calls, busy) = house.moved(size).await?;
        // Over the lanes where there is enough to do side by side; no run is done before its own calls, one after the other.
        let spread = calls as f64 * size.latency().as_secs_f64() / lanes as f64;
        let limit = spread.max(busy);
        println!("{of}: Holdfast {took:.2} s, {calls} calls, {:.2} x the limit", took / limit);
        ratios.entry("Holdfast").or_default().push(took / limit);
        for how in ["threads", "asyncio"] {
            let Some(beside) = asked.beside else { continue };
            let peer = Peer::start_at_speed(size, SPEED)?;
            let told = script::move_away(beside, &peer.url, size, (how, lanes))?;
            let alone = told.calls as f64 * size.latency().as_secs_f64();
            let limit = (alone / lanes as f64).max(alone / applications as f64);
            println!(
                "{of}: by hand, {how} {:.2} s, {} calls, {:.2} x its limit",
                told.seconds,
                told.calls,
                told.seconds / limit
            );
            ratios.entry(how).or_default().push(told.seconds / limit);
        }
    }
    let goal = match (lanes, applications) {
        (256, 100) => Some(1.5),
        (256, 1_000) => Some(2.0),
        (64, 1) => Some(1.05),
        (64, 10) => Some(1.10),
        (64, 100) => Some(1.20),
        (64, 1_000) => Some(1.25),
        _ => None,
    };
    Ok(ratios
        .into_iter()
        .map(|(who, rounds)| Row {
            what: format!("{of}: {who} over the limit"),
            goal: goal.filter(|_| who == "Holdfast").map(Goal::AtMost),
            rounds,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_side_by_side_are_under_way_once() {
        assert!((under_way(vec![0.0, 0.0, 0.02], 0.05) - 0.07).abs() < 1e-9);
        assert!((under_way(vec![1.0, 0.0], 0.05) - 0.10).abs() < 1e-9);
    }
}
