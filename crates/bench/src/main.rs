//! `make bench`: what Holdfast costs beside the script that one would write by hand, against the same simulator.
//! These machines lie about absolute time, so ratios are told: to the limit that the latencies set, and in alternation
//! with the script.

mod cluster;
mod failover;
mod fleet;
mod goals;
mod idle;
mod peer;
mod script;
mod steps;
mod sweep;
mod table;

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
    /// Durable steps that do nothing, beside the `dbos` crate and beside single-row inserts on the same cluster
    Steps {
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// The program of crates/bench/peers/dbos
        #[arg(long)]
        dbos: Option<String>,
        /// On the disk alone
        #[arg(long)]
        disk_only: bool,
    },
    /// The failover of many applications, beside the script that one would write by hand, and the way from an approval to
    /// the first call
    Failover {
        #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 1_000])]
        applications: Vec<usize>,
        /// Calls under way at once
        #[arg(long, value_delimiter = ',', default_values_t = [64, 256])]
        concurrency: Vec<usize>,
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// How late each answer comes
        #[arg(long, default_value_t = 50)]
        latency_ms: u64,
        /// The plain script, run by the interpreter of its environment
        #[arg(long, num_args = 2, value_names = ["PYTHON", "SCRIPT"])]
        beside: Option<Vec<String>>,
    },
    /// The AWS of these benchmarks, in a process of its own: prints its address and serves until it is ended
    Sim {
        #[command(flatten)]
        size: Size,
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
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
        What::Steps { rounds, dbos, disk_only } => {
            use cluster::Medium;
            let media: &[Medium] = if disk_only { &[Medium::Disk] } else { &[Medium::Disk, Medium::Memory] };
            steps::run(rounds.max(1), dbos.as_deref(), media).await
        }
        What::Failover { applications, concurrency, rounds, latency_ms, beside } => {
            rustls::crypto::ring::default_provider().install_default().ok();
            let (beside, rounds) = (beside.as_deref(), rounds.max(1));
            let (applications, lanes) = (applications.as_slice(), concurrency.as_slice());
            failover::run(failover::Asked { applications, lanes, rounds, latency_ms, beside }).await
        }
        What::Sim { size, speed } => peer::serve(size, speed).await,
    }
}
