//! A small AWS on the wire, for demonstrations, training and tests: accounts, Regions and resources that
//! take their time, fail on demand and write down every call.
//!
//! It is spoken to through the AWS SDKs only, and refuses what AWS refuses. It is no emulator for building
//! applications on: it knows the operations that Holdfast makes and no others.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")
)]

mod auth;
mod control;
mod dns;
pub mod faults;
pub mod ledger;
mod persist;
mod refusal;
mod state;
mod wire;
pub mod world;

pub use refusal::Refusal;
pub use wire::hands::{Answered, Hands};
pub use world::demo::demo_world;
pub use world::fleet::{Fleet, WorldSpec, world_from};

use faults::{Fault, FaultKind, Faults};
use ledger::{Entry, Ledger};
use persist::{Found, Persist};
use state::{Shared, State, real_ms};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use world::World;
use world::clock::Clock;

/// The demonstration's inventory file; [`demo_world`] is the world that it describes.
pub const DEMO_INVENTORY: &str = include_str!("../demo/inventory.yaml");

/// How to run a simulator.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder that the world lives in; without one it is gone with the process.
    pub data: Option<PathBuf>,
    /// World seconds per real second; 0 stands still until advanced.
    pub speed: f64,
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be used.
    #[error("the data folder {folder} cannot be used: {source}")]
    Data {
        /// Which.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The speed is no speed.
    #[error("speed must be a number from 0 to 1000, not {0}")]
    Speed(f64),
}

/// The fastest a world may run.
pub const MAX_SPEED: f64 = 1_000.0;

/// A running simulator. Dropping it stops it without waiting for open calls.
#[derive(Debug)]
pub struct Sim {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a simulator with the demonstration's world, or with the one that lies in the data folder.
pub async fn start(config: SimConfig) -> Result<Sim, Error> {
    start_with(config, demo_world()).await
}

/// The same with another world for an empty data folder.
pub async fn start_with(config: SimConfig, fresh: World) -> Result<Sim, Error> {
    if !(0.0..=MAX_SPEED).contains(&config.speed) {
        return Err(Error::Speed(config.speed));
    }
    let in_folder = |source| Error::Data {
        folder: config.data.as_ref().map(|d| d.display().to_string()).unwrap_or_default(),
        source,
    };
    let (persist, found) = Persist::open(config.data.as_deref()).map_err(in_folder)?;
    let now_ms = real_ms();
    let (mut world, faults, ledger) = match found {
        Some(Found { world, faults, ledger }) => (world, faults, ledger),
        None => (
            World { clock: Clock::starting(now_ms, config.speed), ..fresh },
            Faults::default(),
            Ledger::default(),
        ),
    };
    world.clock.set_speed(now_ms, config.speed);
    let now = world.clock.at(now_ms);
    world.settle(now);
    let state = State::new(world, faults, ledger, persist);
    state.save();
    let in_listen = |source| Error::Listen { address: config.listen, source };
    let (listener, socket, addr) = bind(config.listen).await.map_err(in_listen)?;
    let stop = CancellationToken::new();
    let shared = Arc::new(Shared::new(state, stop.clone()));
    let app = control::router(Arc::clone(&shared)).into_make_service_with_connect_info::<wire::Peer>();
    let (arrivals, accepting) = wire::listen(listener, Arc::clone(&shared)).map_err(in_listen)?;
    let names = tokio::spawn(dns::serve_udp(socket, Arc::clone(&shared)));
    let stopped = stop.clone();
    let server = tokio::spawn(async move {
        let serving =
            axum::serve(arrivals, app).with_graceful_shutdown(async move { stopped.cancelled().await });
        if let Err(error) = serving.await {
            tracing::error!(%error, "the simulator stopped serving");
        }
    });
    Ok(Sim { addr, shared, stop, tasks: vec![accepting, names, server] })
}

/// The wire and the name server, on the same port. Where the kernel chooses the port, another process may hold that of
/// UDP: then another is chosen.
async fn bind(listen: SocketAddr) -> io::Result<(TcpListener, UdpSocket, SocketAddr)> {
    const CHOICES: usize = 20;
    let mut refused = None;
    for _ in 0..if listen.port() == 0 { CHOICES } else { 1 } {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        match UdpSocket::bind(addr).await {
            Ok(socket) => return Ok((listener, socket, addr)),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

impl Sim {
    /// `http://HOST:PORT`, as the SDKs' endpoint variables take it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops, after open calls have ended; hanging ones are cut.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the simulator did not end well");
            }
        }
    }

    /// Every call so far, oldest first.
    pub fn ledger(&self) -> Vec<Arc<Entry>> {
        self.shared.with(|state, _| state.ledger.entries().cloned().collect())
    }

    /// Looks at the world as it is now.
    pub fn look<R>(&self, at: impl FnOnce(&World) -> R) -> R {
        self.shared.with(|state, _| at(&state.world))
    }

    /// Changes the world behind AWS's back, as another person or a pipeline would.
    pub fn tamper<R>(&self, with: impl FnOnce(&mut World) -> R) -> R {
        self.shared.with(|state, _| {
            let result = with(&mut state.world);
            state.save();
            result
        })
    }

    /// Darkens a Region's own endpoints, or lights them again.
    pub fn set_region_dark(&self, region: &str, dark: bool) {
        self.shared.with(|state, now| {
            state.world.set_region(region, Some(dark), None, now);
            state.save();
        });
    }

    /// Takes away or gives back a Region's control planes, global ones included.
    pub fn set_control_plane_dark(&self, region: &str, dark: bool) {
        self.shared.with(|state, now| {
            state.world.set_region(region, None, Some(dark), now);
            state.save();
        });
    }

    /// Takes the capacity for anything more away from a Region, or gives it back.
    pub fn set_capacity_short(&self, region: &str, short: bool) {
        self.shared.with(|state, now| {
            state.world.set_capacity_short(region, short, now.virtual_ms);
            state.save();
        });
    }

    /// Cuts the link between two Regions, or mends it.
    pub fn set_link_cut(&self, a: &str, b: &str, cut: bool) {
        self.shared.with(|state, now| {
            state.world.set_link(a, b, Some(cut), None, now);
            state.save();
        });
    }

    /// Sets the replication lag over a link; `None` is the usual one again.
    pub fn set_link_lag_ms(&self, a: &str, b: &str, lag_ms: Option<f64>) {
        self.shared.with(|state, now| {
            state.world.set_link(a, b, None, Some(lag_ms), now);
            state.save();
        });
    }

    /// Lets the world's clock jump ahead.
    pub fn advance(&self, by: Duration) {
        self.shared.with(|state, _| {
            state.world.clock.advance(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
            let now = state.world.clock.at(real_ms());
            state.world.settle(now);
            state.save();
        });
    }

    /// Lets every answer be this late from now on, as if AWS were so far away.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.set_latency(latency);
    }

    /// Sets AWS's own clock so far ahead of everybody else's (below zero: behind).
    pub fn set_clock_ahead(&self, ahead_ms: i64) {
        self.shared.set_clock_ahead_ms(ahead_ms);
    }

    /// Lets calls go wrong from now on.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.with(|state, _| {
            state.faults.add(fault);
            state.save();
        });
    }

    /// How many calls have gone wrong so far, by how.
    pub fn struck(&self) -> BTreeMap<FaultKind, usize> {
        self.shared.with(|state, _| state.struck.clone())
    }

    /// Lets every answer pass through these hands from now on, and nothing that is asked change anything; `None` lets go.
    pub fn set_hands(&self, hands: Option<Hands>) {
        self.shared.with(|state, _| state.hands = hands);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.shared.with(|state, _| {
            state.faults.clear();
            state.save();
        });
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
