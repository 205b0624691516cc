//! `make bench`: what Holdfast costs beside the script that one would write by hand, against the same simulator.
//! These machines lie about absolute time, so ratios are told: to the limit that the latencies set, and in alternation
//! with the script.

mod fleet;
mod goals;
mod peer;
mod script;
mod sweep;

use clap::{Args, Parser, Subcommand};
use std::time::Duration;

#[derive(Debug, Parser)]
#[command(about = "Benchmarks of Holdfast")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A sweep of the status of many applications
    Sweep {
        #[command(flatten)]
        size: Size,
        /// The plain asyncio script, run by the interpreter of its environment
        #[arg(long, num_args = 2, value_names = ["PYTHON", "SCRIPT"])]
        beside: Option<Vec<String>>,
        /// Calls under way at once
        #[arg(long, value_delimiter = ',', default_values_t = [64, 256])]
        concurrency: Vec<usize>,
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Seconds between the two sweeps by which staleness is measured
        #[arg(long, default_value_t = 30)]
        interval: u64,
    },
    /// The AWS that is swept, in a process of its own: prints its address and serves until it is ended
    Sim {
        #[command(flatten)]
        size: Size,
    },
}

#[derive(Debug, Clone, Copy, Args)]
struct Size {
    #[arg(long, default_value_t = 1_000)]
    applications: usize,
    #[arg(long, default_value_t = 50)]
    accounts: usize,
    /// How late each answer comes
    #[arg(long, default_value_t = 50)]
    latency_ms: u64,
}

impl Size {
    fn latency(self) -> Duration {
        Duration::from_millis(self.latency_ms)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().what {
        What::Sweep { size, beside, concurrency, rounds, interval } => {
            // No TLS is spoken here; the HTTP client wants to know by whom it would be.
            rustls::crypto::ring::default_provider().install_default().ok();
            let interval = Duration::from_secs(interval.max(1));
            sweep::run(size, beside.as_deref(), &concurrency, rounds.max(1), interval).await
        }
        What::Sim { size } => peer::serve(size).await,
    }
}
