//! What an address is judged by before anything is sent to it: how far from home it leads, and of which host it is.

use crate::egress::{Egress, Refused};
use holdfast_domain::Hosts;
use reqwest::Url;

#[derive(Debug, Clone)]
pub struct Guard {
    egress: Egress,
    hosts: Hosts,
}

/// Of any host.
impl From<Egress> for Guard {
    fn from(egress: Egress) -> Self {
        Self { egress, hosts: Hosts::default() }
    }
}

impl Guard {
    #[must_use]
    pub fn new(egress: Egress, hosts: Hosts) -> Self {
        Self { egress, hosts }
    }

    #[must_use]
    pub fn egress(&self) -> Egress {
        self.egress
    }

    /// The URL as it will be used.
    ///
    /// # Errors
    /// What [`Egress::check_url`] refuses, and a host that is none of those that are named.
    pub fn check_url(&self, text: &str) -> Result<Url, Refused> {
        let url = self.egress.check_url(text)?;
        self.hosts.check(url.host_str().unwrap_or_default()).map_err(Refused)?;
        Ok(url)
    }
}
