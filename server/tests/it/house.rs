//! The whole router in this process, with a client that keeps no cookies unless told.

use crate::fake::Fake;
use async_trait::async_trait;
use axum::{Router, body::Body};
use holdfast_api::SharedControlPlane;
use holdfast_server::{
    config::Proxies,
    http::{self, problem::Told, session_store::PostgresSessions},
    state::{AppState, Site},
};
use holdfast_store::Store;
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tower::ServiceExt as _;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result as SessionResult,
};

pub const URL: &str = "http://localhost:8080";

#[derive(Debug, Clone, Default)]
pub struct MemorySessions(Arc<Mutex<HashMap<Id, Record>>>);

#[async_trait]
impl SessionStore for MemorySessions {
    async fn create(&self, record: &mut Record) -> SessionResult<()> {
        let mut all = self.0.lock().unwrap();
        while all.contains_key(&record.id) {
            record.id = Id::default();
        }
        all.insert(record.id, record.clone());
        Ok(())
    }
    async fn save(&self, record: &Record) -> SessionResult<()> {
        self.0.lock().unwrap().insert(record.id, record.clone());
        Ok(())
    }
    async fn load(&self, id: &Id) -> SessionResult<Option<Record>> {
        Ok(self.0.lock().unwrap().get(id).cloned())
    }
    async fn delete(&self, id: &Id) -> SessionResult<()> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }
}

pub struct House {
    pub plane: Arc<Fake>,
    pub state: AppState,
    client: Client,
}

/// What the configuration would say of it.
pub fn site(public_url: &str) -> Site {
    Site {
        public_url: public_url.to_owned(),
        simulator_url: None,
        demo: false,
        notes: vec![],
        checkpoints: vec![],
        production: public_url.starts_with("https"),
        proxies: Proxies::default(),
        provider: None,
        requests_per_minute: None,
    }
}

/// Whoever sends requests to a router in this process.
pub struct Client(pub Router);

pub struct Answered {
    pub status: u16,
    pub headers: ::http::HeaderMap,
    /// Of a refusal: whether the control plane says that the audit log has it.
    pub written_down: Option<bool>,
    pub text: String,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
    /// `name=value` of the session's cookie, where one was set.
    pub fn cookie(&self) -> Option<String> {
        let lines = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        lines
            .filter_map(|line| line.split(';').next())
            .find(|pair| pair.starts_with("__Host-holdfast="))
            .map(str::to_owned)
    }
}

impl Client {
    /// The whole service over this control plane.
    pub fn of(plane: SharedControlPlane) -> (Self, AppState) {
        Self::at(URL, plane)
    }

    pub fn at(public_url: &str, plane: SharedControlPlane) -> (Self, AppState) {
        Self::behind(Proxies::default(), public_url, plane)
    }

    pub fn behind(proxies: Proxies, public_url: &str, plane: SharedControlPlane) -> (Self, AppState) {
        let state = AppState::new(plane, Site { proxies, ..site(public_url) });
        let router = http::router(state.clone(), MemorySessions::default()).unwrap();
        (Self(router), state)
    }

    /// With sessions where they really are.
    pub fn over(store: &Store, plane: SharedControlPlane, site: Site) -> Self {
        let router = http::router(AppState::new(plane, site), PostgresSessions::new(store.clone()));
        Self(router.unwrap())
    }

    pub async fn raw(&self, request: ::http::Request<Body>) -> ::http::Response<Body> {
        self.0.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut request =
            ::http::Request::builder().method(method).uri(path).header("host", "localhost:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.raw(request.body(Body::from(body.to_owned())).unwrap()).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answered {
            status: parts.status.as_u16(),
            headers: parts.headers,
            written_down: parts.extensions.get().map(|Told(problem)| problem.written_down),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

impl House {
    pub fn new() -> Self {
        Self::with(Arc::new(Fake::default()), site(URL))
    }

    pub fn with(plane: Arc<Fake>, site: Site) -> Self {
        let state = AppState::new(plane.clone(), site);
        let client = Client(http::router(state.clone(), MemorySessions::default()).unwrap());
        Self { plane, state, client }
    }

    /// For whoever speaks to it over a connection.
    pub fn router(&self) -> Router {
        self.client.0.clone()
    }

    pub async fn raw(&self, request: ::http::Request<Body>) -> ::http::Response<Body> {
        self.client.raw(request).await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        self.client.send(method, path, headers, body).await
    }

    /// As automation: a token, and JSON where there is a body.
    pub async fn token(&self, method: &str, path: &str, body: &str) -> Answered {
        self.token_with(method, path, &[], body).await
    }

    pub async fn token_with(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answered {
        let mut headers = vec![("authorization", "Bearer hf_operator")];
        if !body.is_empty() && !more.iter().any(|(name, _)| *name == "content-type") {
            headers.push(("content-type", "application/json"));
        }
        headers.extend(more);
        self.send(method, path, &headers, body).await
    }

    /// Signs in by REST; the session's cookie.
    pub async fn sign_in(&self) -> String {
        let body = format!(r#"{{"email": "operator@example.com", "password": "{}"}}"#, crate::fake::PASSWORD);
        let answer =
            self.send("POST", "/api/v1/session", &[("content-type", "application/json")], &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.cookie().unwrap()
    }
}
