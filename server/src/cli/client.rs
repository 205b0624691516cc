//! A client of a server's REST API: `HOLDFAST_URL`, and `HOLDFAST_TOKEN` or the session of `holdfast login`.

use super::{
    Failure,
    saved_session::{self, SavedSession},
};
use anyhow::{Context as _, anyhow};
use axum::http::Uri;
use holdfast_api::Problem;
use holdfast_failover::guard::overrides_freshly;
use reqwest::{Method, RequestBuilder, Response, header};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

const DEFAULT_URL: &str = "http://localhost:8080";

/// Whose right a request uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// The token if there is one, else the session.
    Anybody,
    /// A person's own session: reviews need it, and what changes who may review.
    Person,
    Nobody,
}

impl As {
    /// Whoever overrides these guards, by their codes.
    pub fn overriding(named: &[String]) -> Self {
        if overrides_freshly(named) { Self::Person } else { Self::Anybody }
    }
}

#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    pub url: String,
    token: Option<String>,
    session: Option<SavedSession>,
}

impl Client {
    /// # Errors
    /// When the address is none, or would send secrets in the clear.
    pub fn from_environment() -> Result<Self, Failure> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let url = set("HOLDFAST_URL").unwrap_or_else(|| DEFAULT_URL.to_owned());
        let url = url.trim().trim_end_matches('/').to_owned();
        let uri: Option<Uri> = url.parse().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default().to_owned();
        match uri.as_ref().and_then(Uri::scheme_str) {
            Some("https") => {}
            Some("http") if matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]") => {}
            Some("http") => {
                return Err(Failure::Usage(format!(
                    "HOLDFAST_URL: {url} would carry tokens in the clear; use https (plain http is for localhost)"
                )));
            }
            _ => {
                return Err(Failure::Usage(format!(
                    "HOLDFAST_URL: `{url}` is no address such as https://holdfast.example.com"
                )));
            }
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(60))
            // A redirect could carry the token to somebody else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("the HTTP client")?;
        let session = saved_session::load(&url);
        Ok(Self { http, token: set("HOLDFAST_TOKEN").map(|token| token.trim().to_owned()), session, url })
    }

    fn request(&self, method: Method, path: &str, who: As) -> Result<RequestBuilder, Failure> {
        let request =
            self.http.request(method, format!("{}{path}", self.url)).header(header::ORIGIN, &self.url);
        match (who, &self.token, &self.session) {
            (As::Nobody, _, _) => Ok(request),
            (As::Anybody, Some(token), _) => Ok(request.bearer_auth(token)),
            (_, _, Some(session)) => Ok(request.header(header::COOKIE, &session.cookie)),
            (As::Anybody, None, None) => Err(Failure::Usage(format!(
                "set HOLDFAST_TOKEN, or sign in to {} with `holdfast login`",
                self.url
            ))),
            (As::Person, _, None) => Err(self.person_needed()),
        }
    }

    /// # Errors
    /// The refusal, where nobody is signed in: a token is not a person.
    pub fn demand_person(&self) -> Result<(), Failure> {
        if self.session.is_some() { Ok(()) } else { Err(self.person_needed()) }
    }

    fn person_needed(&self) -> Failure {
        Problem::new(
            401,
            "sign_in_needed",
            "Sign in first",
            "This needs a person: a token cannot do it.",
            format!("Sign in to {} with `holdfast login`.", self.url),
        )
        .into()
    }

    /// # Errors
    /// The server's problem, or that it does not answer.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.get_as(path, As::Anybody).await
    }

    /// # Errors
    /// As [`Client::get`].
    pub async fn get_as<T: DeserializeOwned>(&self, path: &str, who: As) -> Result<T, Failure> {
        read(self.send(self.request(Method::GET, path, who)?).await?).await
    }

    /// # Errors
    /// As [`Client::get`].
    pub async fn get_text(&self, path: &str, accept: &str) -> Result<String, Failure> {
        let request = self.request(Method::GET, path, As::Anybody)?.header(header::ACCEPT, accept);
        Ok(accepted(self.send(request).await?).await?.text().await.context("the answer broke off")?)
    }

    /// # Errors
    /// As [`Client::get`].
    pub async fn stream(&self, path: &str) -> Result<Response, Failure> {
        // The whole export may take longer than one answer.
        let request = self.request(Method::GET, path, As::Anybody)?.timeout(Duration::from_secs(3_600));
        accepted(self.send(request).await?).await
    }

    /// # Errors
    /// As [`Client::get`].
    pub async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        who: As,
        headers: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let mut request = self.request(method, path, who)?;
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        read(self.send(request).await?).await
    }

    /// # Errors
    /// As [`Client::get`].
    pub async fn put_file<T: DeserializeOwned>(
        &self,
        path: &str,
        file: Vec<u8>,
        kind: &str,
    ) -> Result<T, Failure> {
        self.send_file(Method::PUT, path, file, kind, As::Anybody).await
    }

    /// # Errors
    /// As [`Client::get`].
    pub async fn send_file<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        file: Vec<u8>,
        kind: &str,
        who: As,
    ) -> Result<T, Failure> {
        let request = self.request(method, path, who)?.header(header::CONTENT_TYPE, kind).body(file);
        read(self.send(request).await?).await
    }

    /// The answer with its headers, for signing in.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        who: As,
    ) -> Result<Response, Failure> {
        let mut request = self.request(method, path, who)?;
        if let Some(body) = body {
            request = request.json(body);
        }
        accepted(self.send(request).await?).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        request.send().await.map_err(|error| {
            let why = error.without_url();
            let source =
                std::error::Error::source(&why).map(|source| format!(": {source}")).unwrap_or_default();
            Failure::Other(anyhow!(
                "{} does not answer: {why}{source}\n  Start the server, or set HOLDFAST_URL to where it is",
                self.url
            ))
        })
    }
}

async fn accepted(response: Response) -> Result<Response, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    match serde_json::from_str::<Problem>(&text) {
        Ok(problem) => Err(problem.into()),
        Err(_) => Err(Failure::Other(anyhow!(
            "the server answered {status} without saying why: is HOLDFAST_URL a Holdfast?"
        ))),
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let bytes = accepted(response).await?.bytes().await.context("the answer broke off")?;
    let bytes: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
    Ok(serde_json::from_slice(bytes)
        .context("the answer is not what this version expects: use the server's own version")?)
}

/// A path segment, escaped.
#[must_use]
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
