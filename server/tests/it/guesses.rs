//! Guessing over three servers that die again and again: what is counted is counted in the database, and a death forgets none of it. And
//! whoever guesses keeps nobody out of where they sign in from.

use crate::two_servers::server;
use futures::future::join_all;
use holdfast_api::people::NewPerson;
use holdfast_app::{App, Settings};
use holdfast_domain::Role;
use holdfast_server::config::Proxies;
use holdfast_testkit::test_database;
use serde_json::json;
use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{runtime, sync::oneshot};

const SERVERS: usize = 3;
/// In each of the two ways of guessing.
const DEATHS: usize = 12;
const AT_ONCE: usize = 16;
const VICTIM: &str = "victim@example.com";
const BYSTANDER: &str = "bystander@example.com";
const RIGHT: &str = "a long enough password";
const HOME: &str = "198.51.100.1";

/// A server that dies with its runtime, wherever its requests are.
struct Mortal {
    url: String,
    runtime: Option<runtime::Runtime>,
}

impl Mortal {
    async fn begin(database_url: &str) -> Self {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (tell, told) = oneshot::channel();
        let database_url = database_url.to_owned();
        runtime.spawn(async move {
            let (_server, url) = server(&database_url, Proxies::parse("127.0.0.0/8", None).unwrap()).await;
            tell.send(url).unwrap();
            pending::<()>().await;
        });
        Self { url: told.await.unwrap(), runtime: Some(runtime) }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Fleet {
    database_url: String,
    servers: Vec<Mutex<Mortal>>,
    http: reqwest::Client,
}

impl Fleet {
    async fn begin(database_url: &str) -> Self {
        let servers = join_all((0..SERVERS).map(|_| Mortal::begin(database_url))).await;
        Self {
            database_url: database_url.to_owned(),
            servers: servers.into_iter().map(Mutex::new).collect(),
            http: reqwest::Client::new(),
        }
    }

    /// The answer's status; none of a server that died meanwhile.
    async fn sign_in(&self, on: usize, email: &str, password: &str, from: &str) -> Option<u16> {
        let url = self.servers[on % SERVERS].lock().unwrap().url.clone();
        let request = self.http.post(format!("{url}/api/v1/session")).header("x-forwarded-for", from);
        let answer = request.json(&json!({ "email": email, "password": password })).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    async fn one_dies(&self, which: usize) {
        // The one before may be about to begin still.
        if let Some(runtime) = self.servers[which % SERVERS].lock().unwrap().runtime.take() {
            runtime.shutdown_background();
        }
        let next = Mortal::begin(&self.database_url).await;
        *self.servers[which % SERVERS].lock().unwrap() = next;
    }

    /// How often each status came back; 0: none did, and the next server was tried.
    async fn guesses(&self, tries: usize, of: impl Fn(usize) -> (String, String)) -> BTreeMap<u16, usize> {
        let (next, counted) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        let every = (tries / DEATHS).max(1);
        let guess = async || {
            loop {
                let n = next.fetch_add(1, Ordering::SeqCst);
                if n >= tries {
                    break;
                }
                if n % every == every - 1 {
                    self.one_dies(n / every).await;
                }
                let (email, from) = of(n);
                for on in n.. {
                    let status = self.sign_in(on, &email, &format!("wrong {n}"), &from).await.unwrap_or(0);
                    *counted.lock().unwrap().entry(status).or_insert(0) += 1;
                    if status != 0 {
                        break;
                    }
                }
            }
        };
        join_all((0..AT_ONCE).map(|_| guess())).await;
        counted.into_inner().unwrap()
    }
}

async fn guessing_is_stopped(tries: usize) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let database = test_database().await;
    let app = App::new(database.store().await, Settings::default());
    for email in [VICTIM, BYSTANDER] {
        let new =
            NewPerson { email: email.into(), role: Role::Viewer, groups: vec![], password: RIGHT.into() };
        app.create_person(new).await.unwrap();
    }
    let fleet = Fleet::begin(&database.app_url).await;
    assert_eq!(fleet.sign_in(0, VICTIM, RIGHT, HOME).await, Some(200));

    let at_one = fleet.guesses(tries, |n| (VICTIM.to_owned(), format!("203.0.113.{}", n % 64))).await;
    let elsewhere = "198.51.100.99";
    let at_many = fleet.guesses(tries, |n| (format!("nobody-{n}@example.com"), elsewhere.to_owned())).await;
    eprintln!("at one person {at_one:?}, at many {at_many:?}");
    for (what, counted, most) in [("at one person", &at_one, 50), ("at many", &at_many, 100)] {
        let of = |status: u16| counted.get(&status).copied().unwrap_or(0);
        assert_eq!(of(401) + of(429) + of(503), tries, "{what}: {counted:?}");
        // Of those that died with the answer nobody knows what it was.
        assert!(of(401) <= most && of(401) + of(0) + of(503) >= most, "{what}: {counted:?}");
        assert!(of(429) > tries / 2, "{what}: {counted:?}");
    }
    for (email, from) in [(VICTIM, HOME), (BYSTANDER, "198.51.100.7")] {
        assert_eq!(
            fleet.sign_in(1, email, RIGHT, from).await,
            Some(200),
            "{email} is kept out of where they are"
        );
    }
    assert_eq!(
        fleet.sign_in(2, VICTIM, RIGHT, "203.0.113.200").await,
        Some(429),
        "not even by the right one"
    );
    assert_eq!(fleet.sign_in(0, BYSTANDER, RIGHT, elsewhere).await, Some(429));
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_over_servers_that_die_are_looked_at_no_more_often_than_the_limits_say() {
    guessing_is_stopped(600).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn ten_thousand_guesses_over_servers_that_die_are_looked_at_no_more_often_than_the_limits_say() {
    guessing_is_stopped(10_000).await;
}
