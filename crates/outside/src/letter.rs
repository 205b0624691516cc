//! One JSON body posted to an address that somebody stored, once. What is said of a failure never names the address: of many
//! receivers it is the secret itself.

use crate::egress::Refused;
use crate::guard::Guard;
use crate::webhook::{self, Failed};
use std::error::Error;
use std::fmt;
use std::time::Duration;

#[derive(Clone)]
pub struct Letter {
    pub url: String,
    pub body: String,
    /// Signs it as a webhook, where there is one.
    pub signed: Option<Signed>,
    pub timeout: Duration,
}

/// As Standard Webhooks has it.
#[derive(Clone)]
pub struct Signed {
    /// The same for every attempt.
    pub id: String,
    pub secret: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").finish_non_exhaustive()
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({})", self.id)
    }
}

pub(crate) async fn post(client: &reqwest::Client, guard: &Guard, letter: &Letter) -> Result<u16, Failed> {
    let url = guard.check_url(&letter.url).map_err(|why| Failed::NotSent(why.to_string()))?;
    let mut request = client.post(url).timeout(letter.timeout).header("content-type", "application/json");
    if let Some(Signed { id, secret }) = &letter.signed {
        let now = holdfast_clock::now();
        let signature = webhook::signature(secret, id, now, &letter.body).map_err(Failed::NotSent)?;
        request = request
            .header("webhook-id", id)
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", signature);
    }
    match request.body(letter.body.clone()).send().await {
        Ok(answer) if answer.status().is_success() => Ok(answer.status().as_u16()),
        Ok(answer) => Err(Failed::Answered { status: answer.status().as_u16() }),
        Err(error) => Err(failed(error.without_url())),
    }
}

pub(crate) fn failed(error: reqwest::Error) -> Failed {
    let mut source: Option<&(dyn Error + 'static)> = Some(&error);
    let mut innermost = error.to_string();
    while let Some(cause) = source {
        // Which address its name leads to is nothing for whoever reads what failed.
        if cause.downcast_ref::<Refused>().is_some() {
            return Failed::NotSent("its name leads to an address that is not spoken to".into());
        }
        innermost = cause.to_string();
        source = cause.source();
    }
    // A connection that was never made carried nothing.
    if error.is_connect() || error.is_builder() {
        Failed::NotSent(format!("no connection: {innermost}"))
    } else {
        Failed::Unknown(format!("no answer: {innermost}"))
    }
}
