//! The plain scripts, once over all.

use crate::{Size, fleet};
use serde::Deserialize;
use std::process::Command;

#[derive(Debug, Deserialize)]
pub struct Told {
    pub seconds: f64,
    pub calls: usize,
    pub cpu_seconds: f64,
}

/// # Errors
/// When the script does not end well.
pub fn run(beside: &[String], url: &str, size: Size, concurrency: usize) -> anyhow::Result<Told> {
    told(beside, url, size, concurrency, &["--regions", &fleet::REGIONS.join(",")])
}

/// Every application moved from the first Region to the second, with threads or with asyncio.
///
/// # Errors
/// When the script does not end well.
pub fn move_away(
    beside: &[String],
    url: &str,
    size: Size,
    (how, concurrency): (&str, usize),
) -> anyhow::Result<Told> {
    told(beside, url, size, concurrency, &["--how", how, "--regions", &fleet::REGIONS[..2].join(",")])
}

fn told(beside: &[String], url: &str, size: Size, concurrency: usize, more: &[&str]) -> anyhow::Result<Told> {
    let [python, script] = beside else { anyhow::bail!("--beside PYTHON SCRIPT") };
    let out = Command::new(python)
        .arg(script)
        .args(["--endpoint", url, "--cluster", fleet::CLUSTER])
        .args(more)
        .args(["--applications", &size.applications.to_string(), "--accounts", &size.accounts.to_string()])
        .args(["--concurrency", &concurrency.to_string()])
        .env("AWS_ACCESS_KEY_ID", "AKIDCONTROL")
        .env("AWS_SECRET_ACCESS_KEY", "control")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()?;
    anyhow::ensure!(out.status.success(), "the script ended badly: {}", String::from_utf8_lossy(&out.stderr));
    Ok(serde_json::from_slice(&out.stdout)?)
}
