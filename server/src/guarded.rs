//! Requests to the identity provider, by the one guard of addresses and with a bound on what comes back.

use holdfast_outside::{Guard, Refused, guarded_client};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use std::{pin::Pin, time::Duration};

const WITHIN: Duration = Duration::from_secs(10);
/// Keys and documents of a provider are some kilobytes.
const AT_MOST: usize = 1 << 20;

#[derive(Debug, Clone)]
pub struct Guarded {
    client: reqwest::Client,
    guard: Guard,
}

#[derive(Debug, thiserror::Error)]
pub enum NotAnswered {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("no answer")]
    Silent(#[source] reqwest::Error),
    #[error("an answer of more than a megabyte")]
    TooLong,
    #[error("no answer that can be read")]
    Unreadable(#[source] http::Error),
}

impl Guarded {
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(guard: impl Into<Guard>) -> Result<Self, String> {
        let guard = guard.into();
        Ok(Self { client: guarded_client(guard.egress())?, guard })
    }

    /// # Errors
    /// When the address is none that is spoken to.
    pub fn check(&self, url: &str) -> Result<(), Refused> {
        self.guard.check_url(url).map(drop)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NotAnswered> {
        let (parts, body) = request.into_parts();
        let url = self.guard.check_url(&parts.uri.to_string())?;
        let sent = self.client.request(parts.method, url).headers(parts.headers).timeout(WITHIN).body(body);
        // The address may hold what is nobody's business.
        let silent = |error: reqwest::Error| NotAnswered::Silent(error.without_url());
        let mut answer = sent.send().await.map_err(silent)?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.extend(answer.headers().clone());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(silent)? {
            if bytes.len() + chunk.len() > AT_MOST {
                return Err(NotAnswered::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        response.body(bytes).map_err(NotAnswered::Unreadable)
    }
}

impl<'c> AsyncHttpClient<'c> for Guarded {
    type Error = NotAnswered;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NotAnswered>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
