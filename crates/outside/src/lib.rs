//! The world as it is from outside AWS's own word for it: health endpoints asked over HTTPS, names asked at their
//! zone's own name servers, webhooks and e-mail delivered. Every address that somebody stored passes one guard
//! ([`egress`]), so that no entry of the inventory can make Holdfast speak to what only it can reach.
//!
//! It asks and delivers; what follows from an answer is decided elsewhere.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")
)]

mod client;
mod egress;
mod fetch;
mod guard;
mod letter;
mod mail;
mod names;
mod probe;
pub mod webhook;

pub use client::build as guarded_client;
pub use egress::{Egress, Refused};
pub use guard::Guard;
pub use letter::{Letter, Signed};
pub use mail::{Mail, Mailer, NotMailed};
pub use names::{Answer, NameServers};
pub use probe::expects;

use holdfast_domain::Hosts;
use holdfast_domain::facts::ProbeAnswer;
use holdfast_domain::resource::ProbePlace;
use std::net::SocketAddr;

/// What the server decides about looking from here.
#[derive(Debug, Clone)]
pub struct Settings {
    pub egress: Egress,
    /// Of which hosts what people store is spoken to.
    pub hosts: Hosts,
    /// Asked instead of the zones' own name servers and of the system's resolver for records' targets; local mode only.
    pub dns_resolver: Option<SocketAddr>,
    /// Where "here" is: this replica's Region or name, as it stands beside every outside view.
    pub from: String,
}

impl Settings {
    /// Production's guard, no override.
    #[must_use]
    pub fn production(from: impl Into<String>) -> Self {
        Self { egress: Egress::Production, hosts: Hosts::default(), dns_resolver: None, from: from.into() }
    }

    /// What every stored address is judged by.
    #[must_use]
    pub fn guard(&self) -> Guard {
        Guard::new(self.egress, self.hosts.clone())
    }
}

/// One for the whole process: it holds the connections.
#[derive(Debug)]
pub struct Outside {
    from: String,
    guard: Guard,
    /// Or why TLS cannot be set up on this machine: then nothing is seen over HTTPS, and that is said.
    client: Result<reqwest::Client, String>,
    names: NameServers,
}

impl Outside {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let client = client::build(settings.egress);
        let names = NameServers::new(settings.egress, settings.dns_resolver);
        Self { guard: settings.guard(), from: settings.from, client, names }
    }

    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    #[must_use]
    pub fn names(&self) -> &NameServers {
        &self.names
    }

    /// Asks one health endpoint, once, within its timeout. What it answered, or that it did not, is an answer.
    ///
    /// # Errors
    /// Why nothing could be asked from here: then nothing is known of the endpoint.
    pub async fn probe(&self, place: &ProbePlace) -> Result<ProbeAnswer, String> {
        probe::ask(self.client.as_ref().map_err(Clone::clone)?, &self.guard, &self.from, place).await
    }

    /// Posts one letter, once. What is said of a failure does not name where it was to go.
    ///
    /// # Errors
    /// See [`webhook::Failed`].
    pub async fn post(&self, letter: &Letter) -> Result<u16, webhook::Failed> {
        let client = self.client.as_ref().map_err(|why| webhook::Failed::NotSent(why.clone()))?;
        letter::post(client, &self.guard, letter).await
    }

    /// Reads a document, once. What is said of a failure does not name where it is.
    ///
    /// # Errors
    /// Why it could not be read, whole and as text.
    pub async fn fetch(&self, url: &str) -> Result<String, String> {
        fetch::fetch(self.client.as_ref().map_err(Clone::clone)?, &self.guard, url).await
    }

    /// Posts one signed webhook, once.
    ///
    /// # Errors
    /// See [`webhook::Failed`]: whether the receiver may have it decides what follows.
    pub async fn deliver(&self, delivery: &webhook::Delivery) -> Result<u16, webhook::Failed> {
        let client = self.client.as_ref().map_err(|why| webhook::Failed::NotSent(why.clone()))?;
        webhook::post(client, &self.guard, delivery).await
    }
}
