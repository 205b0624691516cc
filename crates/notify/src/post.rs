//! Sends one message to one receiver, once, and says whether trying again can help.

use crate::words;
use holdfast_domain::Receiver;
use holdfast_failover::notice::Message;
use holdfast_outside::webhook::Failed;
use holdfast_outside::{Letter, Mail, Mailer, Outside, Signed};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// Where events go, unless the configuration names another of PagerDuty's Regions.
pub const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

const WITHIN: Duration = Duration::from_secs(10);

/// The ways out of here.
#[derive(Debug)]
pub struct Post {
    outside: Outside,
    mailer: Option<Mailer>,
    /// What links lead to.
    site: String,
    pagerduty: String,
}

/// Why a message did not arrive, or may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDelivered {
    pub why: String,
    /// Trying again changes nothing.
    pub for_good: bool,
}

impl NotDelivered {
    pub fn yet(why: impl Into<String>) -> Self {
        Self { why: why.into(), for_good: false }
    }
}

impl Post {
    #[must_use]
    pub fn new(outside: Outside, mailer: Option<Mailer>, site: String, pagerduty: String) -> Self {
        Self { outside, mailer, site, pagerduty }
    }

    /// Reads a calendar of who is on call.
    pub(crate) async fn calendar(&self, url: &str) -> Result<String, String> {
        self.outside.fetch(url).await
    }

    /// `delivery`: what receivers know a repeat by.
    pub(crate) async fn send(
        &self,
        delivery: Uuid,
        receiver: &Receiver,
        message: &Message,
    ) -> Result<(), NotDelivered> {
        match receiver {
            Receiver::Email { address } => self.mail(delivery, address, message).await,
            Receiver::Webhook { url, secret } => {
                let signed = Signed { id: format!("msg_{delivery}"), secret: secret.clone() };
                let body = words::webhook(&self.site, message);
                // 410 is how a receiver says that it wants no more of them.
                self.letter(url, &body, Some(signed), |status| status == 410).await
            }
            Receiver::Slack { url } => {
                self.letter(url, &words::slack(&self.site, message), None, refused).await
            }
            Receiver::PagerDuty { routing_key } => {
                let event = words::pagerduty(&self.site, routing_key, delivery, message);
                self.letter(&self.pagerduty, &event, None, refused).await
            }
        }
    }

    async fn letter(
        &self,
        url: &str,
        body: &Value,
        signed: Option<Signed>,
        for_good: fn(u16) -> bool,
    ) -> Result<(), NotDelivered> {
        let letter = Letter { url: url.to_owned(), body: body.to_string(), signed, timeout: WITHIN };
        match self.outside.post(&letter).await {
            Ok(_) => Ok(()),
            Err(Failed::Answered { status }) => {
                let why = Failed::Answered { status }.to_string();
                Err(NotDelivered { why, for_good: for_good(status) })
            }
            Err(other) => Err(NotDelivered::yet(other.to_string())),
        }
    }

    async fn mail(&self, delivery: Uuid, address: &str, message: &Message) -> Result<(), NotDelivered> {
        let Some(mailer) = &self.mailer else {
            return Err(NotDelivered::yet("this server was told of no mail server (HOLDFAST_SMTP_URL)"));
        };
        let (subject, text) = words::mail(&self.site, message);
        let mail = Mail { id: delivery.to_string(), to: address.to_owned(), subject, text };
        mailer.send(&mail).await.map_err(|no| NotDelivered { why: no.why, for_good: no.for_good })
    }
}

/// The request itself is refused, as against a receiver that is busy or slow.
fn refused(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 425 | 429)
}
