//! What every handler is given.

use crate::config::Proxies;
use crate::http::pace::Pace;
use crate::http::reports::Reports;
use crate::oidc::Provider;
use holdfast_api::SharedControlPlane;
use holdfast_domain::PersonId;
use holdfast_engine::audit::Place;
use std::sync::Arc;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Cheap to clone: one per request.
#[derive(Debug, Clone)]
pub struct AppState {
    pub plane: SharedControlPlane,
    pub site: Arc<Site>,
    /// Says "look again" about a run, an application or everything; carries no content.
    pub wakeups: broadcast::Sender<Wakeup>,
    /// Cancelled when the server stops, so that event streams end and do not hold it up.
    pub closing: CancellationToken,
    /// What browsers say that pages are kept from.
    pub reports: Arc<Reports>,
    /// How often each person and each token may ask.
    pub pace: Arc<Pace>,
}

impl AppState {
    #[must_use]
    pub fn new(plane: SharedControlPlane, site: Site) -> Self {
        // A reader that falls this far behind is told to look at everything.
        let (wakeups, _) = broadcast::channel(256);
        Self {
            plane,
            pace: Arc::new(Pace::new(site.requests_per_minute)),
            site: Arc::new(site),
            wakeups,
            closing: CancellationToken::new(),
            reports: Arc::default(),
        }
    }
}

/// What the configuration says about the site, as far as handlers need it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Such as `http://localhost:8080`, without a trailing slash.
    pub public_url: String,
    /// Only in the demonstration: where the simulator's page is.
    pub simulator_url: Option<String>,
    pub demo: bool,
    /// How this server is set up, where an admin should know of it.
    pub notes: Vec<String>,
    /// Where checkpoints of the audit log are kept outside of the database: witnesses for exports.
    pub checkpoints: Vec<Arc<dyn Place>>,
    /// Plain http is accepted on localhost only.
    pub production: bool,
    /// Whose word on where a request came from is taken.
    pub proxies: Proxies,
    /// Where people may sign in too; none: only by accounts that are kept here.
    pub provider: Option<Arc<Provider>>,
    /// Of each API token; people have more. `None`: as often as they like.
    pub requests_per_minute: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wakeup {
    Run(String),
    Application(String),
    /// Roles, groups, sessions or tokens of this person changed: their streams look whether they may go on.
    Person(PersonId),
    /// The listener lost its connection, or the news is about everything.
    Everything,
}
