//! Whatever way somebody finds to write an inner address into the inventory: nothing is connected to. A listener counts, not
//! an error message.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

use holdfast_domain::Hosts;
use holdfast_domain::resource::ProbePlace;
use holdfast_outside::webhook::{Delivery, Failed};
use holdfast_outside::{Egress, Letter, Outside, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn spellings(port: u16) -> Vec<String> {
    let lines = include_str!("inside.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.replace("PORT", &port.to_string())).collect()
}

/// Counts who connects, by IPv4 and by IPv6 where this machine has it.
struct Trap {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Trap {
    async fn set() -> Self {
        let four = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = four.local_addr().unwrap().port();
        let six = TcpListener::bind(("::1", port)).await.ok();
        let connections = Arc::new(AtomicUsize::new(0));
        for listener in [Some(four), six].into_iter().flatten() {
            let connections = connections.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    connections.fetch_add(1, Ordering::SeqCst);
                    drop(stream);
                }
            });
        }
        Self { port, connections }
    }

    fn sprung(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn outside(egress: Egress) -> Outside {
    Outside::new(Settings { egress, ..Settings::production("eu-west-1") })
}

fn place(url: &str) -> ProbePlace {
    ProbePlace { url: url.into(), expect: None, timeout: Some("2s".into()) }
}

fn delivery(url: &str) -> Delivery {
    Delivery {
        url: url.into(),
        id: "msg_1".into(),
        body: "{}".into(),
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
        timeout: Duration::from_secs(2),
    }
}

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_connected_to() {
    let trap = Trap::set().await;
    let spellings = spellings(trap.port);
    assert!(spellings.len() >= 60, "{}", spellings.len());
    let outside = outside(Egress::Production);
    for url in &spellings {
        outside.probe(&place(url)).await.expect_err(url);
        let refused = outside.deliver(&delivery(url)).await.unwrap_err();
        assert!(matches!(refused, Failed::NotSent(_)), "{url}: {refused}");
        outside.fetch(url).await.expect_err(url);
        assert_eq!(trap.sprung(), 0, "{url}");
    }
    // And the trap is one.
    let near = self::outside(Egress::Local);
    let url = format!("http://127.0.0.1:{}/", trap.port);
    assert!(!near.probe(&place(&url)).await.unwrap().healthy);
    assert_eq!(trap.sprung(), 1);
}

#[tokio::test]
async fn nothing_is_sent_to_a_host_that_is_none_of_those_that_are_named() {
    let trap = Trap::set().await;
    let url = format!("http://127.0.0.1:{}/", trap.port);
    let of = |names: &[&str]| {
        let hosts = Hosts::parse(names.iter().copied()).unwrap();
        Outside::new(Settings { egress: Egress::Local, hosts, ..Settings::production("eu-west-1") })
    };
    let letter =
        Letter { url: url.clone(), body: "{}".into(), signed: None, timeout: Duration::from_secs(2) };
    for names in [&["example.com"][..], &["localhost", "0.0.2"], &["0.0.1.example.com"]] {
        let outside = of(names);
        outside.probe(&place(&url)).await.expect_err("probed");
        outside.fetch(&url).await.expect_err("read");
        for refused in [outside.deliver(&delivery(&url)).await, outside.post(&letter).await] {
            let Err(Failed::NotSent(why)) = refused else { panic!("{names:?}: {refused:?}") };
            assert!(why.contains(names[0]), "{why}");
        }
        assert_eq!(trap.sprung(), 0, "{names:?}");
    }
    assert!(!of(&["127.0.0.1"]).probe(&place(&url)).await.unwrap().healthy);
    assert_eq!(trap.sprung(), 1);
}

#[tokio::test]
async fn no_redirect_is_followed_wherever_it_leads() {
    let trap = Trap::set().await;
    // This machine may be spoken to here, so that nothing but the redirect itself holds anybody back.
    let outside = outside(Egress::Local);
    let targets = spellings(trap.port);
    for (n, to) in targets.iter().enumerate() {
        let status = [301, 302, 303, 307, 308][n % 5];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let answer = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\nrefresh: 0; url={to}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        let serving = tokio::spawn(async move {
            for _ in 0..3 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0_u8; 4096];
                let read = stream.read(&mut request).await.unwrap();
                assert!(read > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let answer = outside.probe(&place(&url)).await.unwrap();
        assert_eq!((answer.healthy, answer.status), (false, Some(status)), "{to}");
        let refused = outside.deliver(&delivery(&url)).await.unwrap_err();
        assert_eq!(refused, Failed::Answered { status }, "{to}");
        assert_eq!(outside.fetch(&url).await, Err(format!("it answered {status}")), "{to}");
        serving.await.unwrap();
        assert_eq!(trap.sprung(), 0, "{status} to {to}");
    }
}
