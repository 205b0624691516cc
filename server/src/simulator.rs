//! `holdfast sim`: the simulator on its own, with the demonstration's world.

use crate::signals;
use anyhow::Context as _;
use holdfast_sim::SimConfig;
use std::{net::SocketAddr, path::PathBuf};

/// Runs until a signal.
///
/// # Errors
/// When it cannot listen, or its folder cannot be used.
pub async fn run(listen: SocketAddr, data: PathBuf, speed: f64) -> anyhow::Result<()> {
    let stop = signals::stop().context("signals")?;
    let sim = holdfast_sim::start(SimConfig { listen, data: Some(data), speed }).await?;
    println!("The simulator listens on {}", sim.url());
    println!("  its page and controls: {}/", sim.url());
    println!("  for `holdfast serve --demo`: AWS_ENDPOINT_URL={}", sim.url());
    stop.cancelled().await;
    sim.shutdown().await;
    Ok(())
}
