//! The simulator in a process of its own, so that its work is not counted as ours, and what it says of the calls.

use crate::{Size, fleet};
use anyhow::Context as _;
use holdfast_sim::{SimConfig, start_with};
use std::io::{BufRead, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

pub async fn serve(size: Size, speed: f64) -> anyhow::Result<()> {
    let config = SimConfig { listen: "127.0.0.1:0".parse()?, data: None, speed };
    let sim = start_with(config, fleet::world(size)).await?;
    sim.set_latency(size.latency());
    println!("{}", sim.url());
    std::io::stdout().flush()?;
    // Until its standard input ends with the process that wants it.
    tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await?;
    Ok(())
}

#[derive(Debug)]
pub struct Peer {
    pub url: String,
    http: reqwest::Client,
    child: Child,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Peer {
    pub fn start(size: Size) -> anyhow::Result<Self> {
        Self::start_at_speed(size, 1.0)
    }

    /// So many of AWS's seconds pass in one of ours.
    pub fn start_at_speed(size: Size, speed: f64) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["sim", "--applications", &size.applications.to_string()])
            .args(["--accounts", &size.accounts.to_string(), "--latency-ms", &size.latency_ms.to_string()])
            .args(["--speed", &speed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        BufReader::new(child.stdout.take().context("the simulator's output")?).read_line(&mut url)?;
        Ok(Self { url: url.trim().to_owned(), http: reqwest::Client::new(), child })
    }

    /// Where it listens: calls by TCP, questions for names by UDP.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.url.trim_start_matches("http://").parse()?)
    }

    /// Seconds of processor time that it has used.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.child.id())
    }

    /// The operation of each call after this number of calls, and how many there are by now.
    pub async fn calls_after(&self, before: usize) -> anyhow::Result<Vec<String>> {
        let entries = self.entries_after(before).await?;
        Ok(entries.iter().map(|entry| entry["operation"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// The same calls as the ledger has them.
    pub async fn entries_after(&self, before: usize) -> anyhow::Result<Vec<serde_json::Value>> {
        let ledger = self.http.get(format!("{}/_sim/ledger", self.url)).send().await?.text().await?;
        ledger.lines().skip(before).map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    pub async fn set_dark(&self, region: &str, dark: bool) -> anyhow::Result<()> {
        let body = serde_json::json!({ "dark": dark });
        let request = self.http.patch(format!("{}/_sim/regions/{region}", self.url)).json(&body);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

/// User and system time of a process, in seconds.
pub fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // After the name, which may hold blanks, in parentheses.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
    let used = ticks(11).zip(ticks(12)).context("/proc/PID/stat is written in another way")?;
    // Linux has told user space a hundred ticks a second since 2.6.
    Ok((used.0 + used.1) / 100.0)
}
