//! One sweep by the real collector: every application's status read from AWS and written to Postgres.

use crate::goals::{Measured, missed};
use crate::idle::NobodyAsks;
use crate::peer::{Peer, cpu_seconds};
use crate::{Size, fleet, script};
use holdfast_app::{App, Settings};
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials};
use holdfast_domain::RegionCode;
use holdfast_engine::{Engine, EngineSettings};
use holdfast_store::{Pools, Store};
use holdfast_testkit::{TestDatabase, test_database};
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DARK: &str = fleet::REGIONS[0];
/// Answers that must come one after the other, whatever is asked beside them: a session, and what is asked with it.
const CHAIN: f64 = 2.0;

/// One sweep, from its begin to its end as the database has them.
#[derive(Debug)]
struct Swept {
    seconds: f64,
    /// Until the last look at a Region other than [`DARK`] had come in.
    others_seconds: f64,
    calls: BTreeMap<String, usize>,
    cpu_seconds: f64,
    sim_cpu_seconds: f64,
    known: i64,
}

struct House {
    store: Store,
    database: TestDatabase,
    peer: Peer,
}

pub async fn run(
    size: Size,
    beside: Option<&[String]>,
    concurrency: &[usize],
    rounds: usize,
    interval: Duration,
) -> anyhow::Result<()> {
    let database = test_database().await;
    let store = Store::connect(&database.app_url, Pools { web: 4, engine: 8 }).await?;
    let app = App::new(store.clone(), Settings::default());
    app.seed_inventory(&fleet::inventory(size)?).await.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    // What accounts are asked about themselves, four times an hour, is no part of a sweep: let it have been just now.
    for account in store.accounts().await? {
        store.begin_survey(&account.id, 0.0).await?;
    }
    let house = House { store, database, peer: Peer::start(size)? };
    let looks = size.applications * fleet::REGIONS.len();
    println!(
        "{} applications in {} Regions over {} accounts, answers {} ms late: {looks} looks, one AssumeRole per account.\n\
         Limit = the sum of the latencies of the calls really made, over the lanes; and never less than a session and a look \
         after it, which no number of lanes makes one.",
        size.applications,
        fleet::REGIONS.len(),
        size.accounts,
        size.latency_ms
    );
    let mut misses = Vec::new();
    for &lanes in concurrency {
        println!("\n{lanes} calls at once");
        let latency = size.latency().as_secs_f64();
        let limit = |calls: usize| (calls as f64 * latency / lanes as f64).max(CHAIN * latency);
        let (mut ours, mut theirs, mut dark, mut sessions) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            if let Some(beside) = beside {
                let told = script::run(beside, &house.peer.url, size, lanes)?;
                println!(
                    "  script    {:6.2} s = {:.2} x limit of its {} calls, {:.2} ms of processor a call",
                    told.seconds,
                    told.seconds / limit(told.calls),
                    told.calls,
                    told.cpu_seconds * 1e3 / told.calls as f64
                );
                theirs.push(told.seconds);
            }
            let swept = house.sweep(lanes).await?;
            let calls: usize = swept.calls.values().sum();
            println!(
                "  Holdfast  {:6.2} s = {:.2} x limit of its {calls} calls ({}), {} known, {:.2} ms of processor a call; simulator {:.2} s",
                swept.seconds,
                swept.seconds / limit(calls),
                words(&swept.calls),
                swept.known,
                swept.cpu_seconds * 1e3 / calls as f64,
                swept.sim_cpu_seconds
            );
            ours.push((swept.seconds / limit(calls), swept.seconds));
            sessions = sessions.max(swept.calls.get("AssumeRole").copied().unwrap_or(0));
            // Twice: the first finds out that the Region is dark, the second knows.
            house.peer.set_dark(DARK, true).await?;
            let after = house.sweep_twice(lanes).await?;
            house.peer.set_dark(DARK, false).await?;
            dark.push((
                after[0].others_seconds / swept.others_seconds,
                after[1].others_seconds / swept.others_seconds,
            ));
        }
        let staleness_seconds = house.staleness(lanes, interval).await?;
        let (ratios, seconds): (Vec<f64>, Vec<f64>) = ours.into_iter().unzip();
        let (first, later): (Vec<f64>, Vec<f64>) = dark.into_iter().unzip();
        println!(
            "  median    Holdfast {} x limit{}; with {DARK} dark the other Regions are seen in {} of the time at the first sweep, {} later; \
             99 of 100 sights are renewed within {staleness_seconds:.1} s at an interval of {} s",
            spread(&ratios),
            if theirs.is_empty() {
                String::new()
            } else {
                format!(", {:.2} x the script's time", median(&seconds) / median(&theirs))
            },
            spread(&first),
            spread(&later),
            interval.as_secs()
        );
        misses.extend(missed(&Measured {
            lanes,
            times_the_limit: median(&ratios),
            beside_a_dark_region: percentile(&[median(&first), median(&later)], 1.0),
            staleness_seconds,
            interval_seconds: interval.as_secs_f64(),
            sessions,
            accounts: size.accounts,
        }));
    }
    anyhow::ensure!(
        misses.is_empty(),
        "missed:\n{}",
        misses.iter().map(|miss| format!("  {miss}")).collect::<Vec<_>>().join("\n")
    );
    Ok(())
}

fn words(calls: &BTreeMap<String, usize>) -> String {
    calls.iter().map(|(operation, count)| format!("{operation} {count}")).collect::<Vec<_>>().join(", ")
}

fn sorted(ratios: &[f64]) -> Vec<f64> {
    let mut sorted = ratios.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Such a share of all is no greater; no number of none.
fn percentile(ratios: &[f64], share: f64) -> f64 {
    let sorted = sorted(ratios);
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

fn median(ratios: &[f64]) -> f64 {
    percentile(ratios, 0.5)
}

/// `1.20 (1.18-1.31)`
fn spread(ratios: &[f64]) -> String {
    format!("{:.2} ({:.2}-{:.2})", median(ratios), percentile(ratios, 0.0), percentile(ratios, 1.0))
}

/// When each thing in each Region was last seen.
type SeenAt = BTreeMap<(String, String, String), f64>;

impl House {
    fn cloud(&self, lanes: usize) -> Arc<AwsCloud> {
        let regions = fleet::REGIONS.iter().filter(|region| **region != DARK);
        Arc::new(AwsCloud::new(AwsSettings {
            endpoint_url: Some(self.peer.url.clone()),
            control_credentials: ControlCredentials::Static {
                access_key_id: "AKIDCONTROL".into(),
                secret_access_key: "control".into(),
                session_token: None,
            },
            looks_at_once: lanes,
            ..AwsSettings::new(regions.filter_map(|region| RegionCode::parse(region).ok()).collect())
        }))
    }

    async fn sweep(&self, lanes: usize) -> anyhow::Result<Swept> {
        self.sweep_with(self.cloud(lanes)).await
    }

    async fn sweep_twice(&self, lanes: usize) -> anyhow::Result<[Swept; 2]> {
        let cloud = self.cloud(lanes);
        Ok([self.sweep_with(cloud.clone()).await?, self.sweep_with(cloud).await?])
    }

    async fn seen_at(&self) -> anyhow::Result<SeenAt> {
        let rows = sqlx::query(
            "SELECT application, resource, region, extract(epoch FROM seen_at)::float8 AS seen_at
             FROM observations WHERE seen_at IS NOT NULL",
        )
        .fetch_all(&mut self.database.owner().await)
        .await?;
        let of = |row: &sqlx::postgres::PgRow| {
            let place = (row.try_get("application")?, row.try_get("resource")?, row.try_get("region")?);
            Ok((place, row.try_get("seen_at")?))
        };
        rows.iter().map(of).collect()
    }

    /// Of all sights, what 99 of 100 are renewed within, while sweeps follow each other at this interval. One that is
    /// not renewed counts as never.
    async fn staleness(&self, lanes: usize, interval: Duration) -> anyhow::Result<f64> {
        let mut owner = self.database.owner().await;
        sqlx::raw_sql("UPDATE sweeps SET started_at = NULL, finished_at = NULL; TRUNCATE observations")
            .execute(&mut owner)
            .await?;
        let data = tempfile::tempdir()?;
        let mut settings = EngineSettings::new(data.path().to_owned());
        settings.sweep_interval = interval;
        let engine =
            Engine::start(self.store.clone(), self.cloud(lanes), Arc::new(NobodyAsks), settings).await?;
        let first = self.sweep_after(None).await?;
        let before = self.seen_at().await?;
        self.sweep_after(Some(first)).await?;
        let after = self.seen_at().await?;
        engine.shutdown().await;
        let gaps: Vec<f64> = before
            .iter()
            .map(|(place, at)| after.get(place).map(|then| then - at).filter(|gap| *gap > 0.0))
            .map(|gap| gap.unwrap_or(f64::INFINITY))
            .collect();
        Ok(percentile(&gaps, 0.99))
    }

    /// When the first sweep has ended that began after that one.
    async fn sweep_after(&self, ended: Option<jiff::Timestamp>) -> anyhow::Result<jiff::Timestamp> {
        loop {
            let sweep = self.store.last_sweep().await?;
            if let Some((began, over)) = sweep.started_at.zip(sweep.finished_at)
                && over >= began
                && ended.is_none_or(|ended| began > ended)
            {
                return Ok(over);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn sweep_with(&self, cloud: Arc<AwsCloud>) -> anyhow::Result<Swept> {
        let mut owner = self.database.owner().await;
        sqlx::raw_sql("UPDATE sweeps SET started_at = NULL, finished_at = NULL; TRUNCATE observations")
            .execute(&mut owner)
            .await?;
        let calls_before = self.peer.calls_after(0).await?.len();
        let me = std::process::id();
        let (cpu_before, sim_before) = (cpu_seconds(me)?, self.peer.cpu_seconds()?);
        let data = tempfile::tempdir()?;
        let mut settings = EngineSettings::new(data.path().to_owned());
        settings.sweep_interval = Duration::from_secs(3_600);
        let engine = Engine::start(self.store.clone(), cloud, Arc::new(NobodyAsks), settings).await?;
        let swept = loop {
            let sweep = self.store.last_sweep().await?;
            if let Some((began, ended)) = sweep.started_at.zip(sweep.finished_at) {
                break (began, ended);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let (cpu_after, sim_after) = (cpu_seconds(me)?, self.peer.cpu_seconds()?);
        engine.shutdown().await;
        let row = sqlx::query(
            "SELECT count(*) FILTER (WHERE o.seen_at IS NOT NULL) AS known,
                    extract(epoch FROM max(coalesce(o.seen_at, o.failed_at)) FILTER (WHERE o.region <> $1)
                                       - (SELECT started_at FROM sweeps))::float8 AS others
             FROM observations o",
        )
        .bind(DARK)
        .fetch_one(&mut owner)
        .await?;
        let mut calls = BTreeMap::new();
        for operation in self.peer.calls_after(calls_before).await? {
            *calls.entry(operation).or_insert(0) += 1;
        }
        Ok(Swept {
            seconds: swept.1.duration_since(swept.0).as_secs_f64(),
            others_seconds: row.try_get("others")?,
            calls,
            cpu_seconds: cpu_after - cpu_before,
            sim_cpu_seconds: sim_after - sim_before,
            known: row.try_get("known")?,
        })
    }
}
