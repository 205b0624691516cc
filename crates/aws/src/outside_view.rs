//! The outside view behind the port: health endpoints, which need no session of any account, and the memory of which
//! name servers a zone has.

use holdfast_cloud::{Delivery, Error, ErrorKind, Looked};
use holdfast_domain::resource::Probe;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;
use holdfast_outside::webhook::{self, Failed};
use holdfast_outside::{Outside, Settings};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A zone's delegation changes about never; asked again this often all the same.
const SERVERS_KEPT: Duration = Duration::from_secs(600);

const POST: &str = "webhook:Post";

/// One for the whole process.
#[derive(Debug)]
pub(crate) struct OutsideView {
    pub outside: Outside,
    servers: Mutex<HashMap<String, (Instant, Vec<String>)>>,
}

impl OutsideView {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { outside: Outside::new(settings), servers: Mutex::default() }
    }

    /// The name servers of a zone as last told, and whether that was lately.
    pub(crate) fn servers(&self, zone: &str) -> Option<(Vec<String>, bool)> {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.get(zone).map(|(at, servers)| (servers.clone(), at.elapsed() < SERVERS_KEPT))
    }

    pub(crate) fn remember(&self, zone: &str, servers: Vec<String>) {
        let mut all = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(zone.to_owned(), (Instant::now(), servers));
    }

    /// Posts a webhook. Refused by the receiver is an answer; 408, 429 and 5xx are troubles of its own that may pass.
    pub(crate) async fn deliver(&self, delivery: &Delivery, timeout: Duration) -> Result<Answer, Error> {
        let signed = webhook::Delivery {
            url: delivery.url.clone(),
            id: delivery.id.clone(),
            body: delivery.body.clone(),
            secret: delivery.secret.clone(),
            timeout,
        };
        let failed = match self.outside.deliver(&signed).await {
            Ok(status) => {
                return Ok(Answer {
                    action: POST.to_owned(),
                    region: self.outside.from().to_owned(),
                    request_id: Some(format!("{}, status {status}", delivery.id)),
                    tracking: None,
                });
            }
            Err(failed) => failed,
        };
        let (kind, outcome_unknown) = match &failed {
            Failed::NotSent(_) => (ErrorKind::Unreachable, false),
            Failed::Answered { status: 429 } => (ErrorKind::Throttled, false),
            Failed::Answered { status: 408 | 500..=599 } => (ErrorKind::ServiceError, false),
            Failed::Answered { status: 404 | 410 } => (ErrorKind::NotFound, false),
            Failed::Answered { status: 401 | 403 } => (ErrorKind::Denied, false),
            Failed::Answered { .. } => (ErrorKind::Invalid, false),
            Failed::Unknown(_) => (ErrorKind::Unreachable, true),
        };
        Err(Error {
            kind,
            account: String::new(),
            region: self.outside.from().to_owned(),
            operation: POST.to_owned(),
            request_id: Some(delivery.id.clone()),
            message: failed.to_string(),
            outcome_unknown,
        })
    }

    /// Every Region's endpoint, side by side.
    pub(crate) async fn probe(&self, account: &str, spec: &Probe, regions: &[RegionCode]) -> Looked {
        let unknown = |region: &RegionCode, message: String| Error {
            kind: ErrorKind::Invalid,
            account: account.to_owned(),
            region: region.to_string(),
            operation: "probe".to_owned(),
            request_id: None,
            message,
            outcome_unknown: false,
        };
        let looks = regions.iter().map(|region| async move {
            let seen = match spec.per_region.get(region) {
                Some(place) => {
                    let answer = self.outside.probe(place).await;
                    answer.map(Facts::Probe).map_err(|why| unknown(region, why))
                }
                None => Err(unknown(
                    region,
                    format!("the inventory names no endpoint in {region}: add it under per_region"),
                )),
            };
            (region.clone(), seen)
        });
        futures::future::join_all(looks).await.into_iter().collect()
    }
}
