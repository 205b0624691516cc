//! The demonstration and the simulator on its own, which a build for production is without.

use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

#[derive(Debug, Args)]
pub struct Demo {
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "HOST:PORT", value_parser = address)]
    pub listen: SocketAddr,
    /// Where everything is kept
    #[arg(long, default_value = ".holdfast", value_name = "DIR")]
    pub data: PathBuf,
    /// Where the simulated AWS listens; a free port when absent
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub sim_listen: Option<SocketAddr>,
    /// Seconds of the simulated world per second
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
}

#[derive(Debug, Args)]
pub struct Sim {
    #[arg(long, default_value = "127.0.0.1:4600", value_name = "HOST:PORT", value_parser = address)]
    pub listen: SocketAddr,
    #[arg(long, default_value = ".holdfast/simulator", value_name = "DIR")]
    pub data: PathBuf,
    /// Seconds of the simulated world per second
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric =
        text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric.parse().map_err(|_| "write HOST:PORT with a numeric host, such as 127.0.0.1:8080".to_owned())
}
