//! A receiver of somebody else's that keeps checkpoints: it is sent each one (`POST`), and asked for the newest that it was sent
//! (`GET`, `404` or `204` while there is none). A checkpoint is signed, so the request need not be; whoever receives it can
//! verify it by the log's public key, and must never give back an older one than it has taken.

use crate::oidc::with_causes;
use async_trait::async_trait;
use holdfast_engine::audit::Place;
use holdfast_outside::{Guard, guarded_client};
use reqwest::{Response, StatusCode, header};
use std::time::Duration;

/// The log is held while it is asked.
const WITHIN: Duration = Duration::from_secs(5);
/// A note has some hundreds of bytes.
const AT_MOST: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Witness {
    url: String,
    guard: Guard,
    /// Or why TLS cannot be set up on this machine.
    client: Result<reqwest::Client, String>,
}

impl Witness {
    pub(super) fn new(url: String, guard: impl Into<Guard>) -> Self {
        let guard = guard.into();
        Self { url, client: guarded_client(guard.egress()), guard }
    }

    async fn send(&self, note: Option<&str>) -> Result<Response, String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let url = self.guard.check_url(&self.url).map_err(|why| format!("{}: {why}", self.url))?;
        let request = match note {
            Some(note) => client
                .post(url)
                .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
                .body(note.to_owned()),
            None => client.get(url).header(header::ACCEPT, "text/plain"),
        };
        request.timeout(WITHIN).send().await.map_err(|error| with_causes(&error))
    }
}

#[async_trait]
impl Place for Witness {
    fn name(&self) -> String {
        format!("receiver {}", self.url)
    }

    async fn write(&self, note: &str) -> Result<(), String> {
        let answer = self.send(Some(note)).await?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("{} answered {} to a checkpoint", self.url, status.as_u16())),
        }
    }

    async fn newest(&self) -> Result<Option<String>, String> {
        let mut answer = self.send(None).await?;
        match answer.status() {
            StatusCode::NOT_FOUND | StatusCode::NO_CONTENT => return Ok(None),
            StatusCode::OK => {}
            status => {
                return Err(format!("{} answered {} when asked what it holds", self.url, status.as_u16()));
            }
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| with_causes(&error))? {
            if bytes.len() + chunk.len() > AT_MOST {
                return Err(format!("{} answered more than a checkpoint", self.url));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map(Some).map_err(|_| format!("{} answered what is no text", self.url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        Router, extract::State, http::StatusCode as Status, response::IntoResponse as _, routing::get,
    };
    use holdfast_outside::Egress;
    use std::sync::{Arc, Mutex};
    use tokio::net::TcpListener;

    /// What it was sent, and how often it was spoken to.
    #[derive(Clone, Default)]
    struct Receiver(Arc<Mutex<(Vec<String>, usize)>>);

    async fn serve(router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/holdfast", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn receiver() -> (String, Receiver) {
        let receiver = Receiver::default();
        let newest = async |State(Receiver(all)): State<Receiver>| {
            let mut all = all.lock().unwrap();
            all.1 += 1;
            all.0.last().cloned().ok_or(Status::NOT_FOUND)
        };
        let take = async |State(Receiver(all)): State<Receiver>, note: String| {
            let mut all = all.lock().unwrap();
            all.1 += 1;
            all.0.push(note);
            Status::CREATED
        };
        let router = Router::new().route("/holdfast", get(newest).post(take)).with_state(receiver.clone());
        (serve(router).await, receiver)
    }

    #[tokio::test]
    async fn a_receiver_is_sent_each_checkpoint_and_shows_the_newest() {
        let (url, receiver) = receiver().await;
        let place = Witness::new(url.clone(), Egress::Local);
        assert_eq!(place.name(), format!("receiver {url}"));
        assert_eq!(place.newest().await, Ok(None));
        for note in ["one\n\n\u{2014} log x\n", "two\n\n\u{2014} log y\n"] {
            place.write(note).await.unwrap();
            assert_eq!(place.newest().await, Ok(Some(note.to_owned())));
        }
        assert_eq!(receiver.0.lock().unwrap().0.len(), 2);
    }

    #[tokio::test]
    async fn what_a_receiver_does_not_take_or_show_is_said_and_no_redirect_is_followed() {
        let (elsewhere, trap) = receiver().await;
        let moved = move || {
            let to = elsewhere.clone();
            async move { (Status::TEMPORARY_REDIRECT, [("location", to)]).into_response() }
        };
        let long = async || "x".repeat(AT_MOST + 1);
        let gone = async || Status::INTERNAL_SERVER_ERROR;
        for (router, reads, writes) in [
            (
                Router::new().route("/holdfast", get(moved.clone()).post(moved)),
                "answered 307",
                Some("answered 307"),
            ),
            (Router::new().route("/holdfast", get(gone).post(gone)), "answered 500", Some("answered 500")),
            (
                Router::new().route("/holdfast", get(long).post(async || Status::NO_CONTENT)),
                "more than",
                None,
            ),
        ] {
            let place = Witness::new(serve(router).await, Egress::Local);
            let read = place.newest().await.unwrap_err();
            assert!(read.contains(reads), "{read}");
            let written = place.write("note").await.err();
            assert_eq!(written.is_some(), writes.is_some(), "{written:?}");
            assert!(written.unwrap_or_default().contains(writes.unwrap_or_default()));
        }
        assert_eq!(trap.0.lock().unwrap().1, 0);
    }

    #[tokio::test]
    async fn a_receiver_that_only_this_machine_reaches_is_none_in_production() {
        let (url, trap) = receiver().await;
        for url in [url.clone(), url.replace("http", "https"), url.replace("127.0.0.1", "localhost")] {
            let place = Witness::new(url, Egress::Production);
            assert!(place.write("note").await.is_err() && place.newest().await.is_err());
        }
        assert_eq!(trap.0.lock().unwrap().1, 0);
    }
}
