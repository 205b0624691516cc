//! What every handler is given.

use holdfast_api::SharedControlPlane;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Cheap to clone: one per request.
#[derive(Debug, Clone)]
pub struct AppState {
    pub plane: SharedControlPlane,
    pub site: Arc<Site>,
    /// Says "look again" about a run, an application or everything; carries no content.
    pub wakeups: broadcast::Sender<Wakeup>,
}

/// What the configuration says about the site, as far as handlers need it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Such as `http://localhost:8080`, without a trailing slash.
    pub public_url: String,
    /// Only in the demonstration: where the simulator's page is.
    pub simulator_url: Option<String>,
    pub demo: bool,
    /// Plain http is accepted on localhost only.
    pub production: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wakeup {
    Run(String),
    Application(String),
    /// The listener lost its connection, or the news is about everything.
    Everything,
}
