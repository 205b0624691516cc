//! The one HTTP client of everything that a stored address may send us to.

use crate::egress::Egress;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::crypto::CryptoProvider;
use std::net::SocketAddr;
use std::time::Duration;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// What it connects to is looked at; the URL itself is the caller's to check ([`Egress::check_url`]).
///
/// No redirects, since the next address was stored by nobody; no proxy, since it would connect in our stead, past
/// the guard.
///
/// # Errors
/// When TLS cannot be set up on this machine.
pub fn build(egress: Egress) -> Result<reqwest::Client, String> {
    // The client takes the process's provider; a test or a tool that installed none gets ours.
    if CryptoProvider::get_default().is_none() {
        rustls::crypto::ring::default_provider().install_default().ok();
    }
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_WITHIN)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(GuardedNames(egress))
        .build()
        .map_err(|e| format!("TLS could not be set up: {e}"))
}

/// Looks a name up and hands out the very addresses that were judged, so that a name that changes its mind between
/// the judgement and the connection gains nothing.
struct GuardedNames(Egress);

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (egress, host) = (self.0, name.as_str().to_owned());
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            egress.check_addresses(&host, addresses.iter().map(SocketAddr::ip))?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
