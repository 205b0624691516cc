//! Receivers on loopback: what they heard, and how they behave.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

#[derive(Clone)]
pub enum Does {
    Answer(u16),
    /// These words, and that it is well.
    Say(String),
    /// So often, and then it is well.
    Fail {
        times: usize,
        with: u16,
    },
    /// Reads and says nothing.
    Hang,
}

#[derive(Clone)]
pub struct Heard {
    pub headers: HeaderMap,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    does: Does,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    pub async fn that(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self { address, does, heard: Arc::default() };
        let router = Router::new().fallback(hear).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let count = {
        let mut heard = receiver.heard.lock().unwrap();
        heard.push(Heard { headers, body: String::from_utf8(body.to_vec()).unwrap() });
        heard.len()
    };
    let status = match &receiver.does {
        Does::Answer(status) => *status,
        Does::Say(words) => return (StatusCode::OK, words.clone()),
        Does::Fail { times, with } if count <= *times => *with,
        Does::Fail { .. } => 200,
        Does::Hang => std::future::pending().await,
    };
    (StatusCode::from_u16(status).unwrap(), String::new())
}
