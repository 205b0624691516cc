//! Real HTTP receivers on loopback: what a probe says of each, what a webhook carries, and what the guard keeps from
//! ever being connected to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

use holdfast_domain::facts::ProbeAnswer;
use holdfast_domain::resource::ProbePlace;
use holdfast_outside::webhook::{Delivery, Failed, signature};
use holdfast_outside::{Egress, Outside, Settings};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

/// What a receiver does with each connection.
#[derive(Clone)]
enum Does {
    Answer(&'static str),
    /// Reads the request and says nothing.
    Hang,
    /// Reads the request and closes.
    HangUp,
}

struct Receiver {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn that(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keeps = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (does, keeps) = (does.clone(), keeps.clone());
                tokio::spawn(async move {
                    let mut request = String::new();
                    let mut bytes = [0_u8; 4096];
                    loop {
                        let read = stream.read(&mut bytes).await.unwrap_or(0);
                        request.push_str(&String::from_utf8_lossy(&bytes[..read]));
                        if read == 0 || is_whole(&request) {
                            break;
                        }
                    }
                    keeps.lock().unwrap().push(request);
                    match does {
                        Does::Answer(answer) => drop(stream.write_all(answer.as_bytes()).await),
                        Does::Hang => std::future::pending().await,
                        Does::HangUp => {}
                    }
                });
            }
        });
        Self { address, heard }
    }

    fn url(&self) -> String {
        format!("http://{}/health", self.address)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    length.is_none_or(|l| body.len() >= l.parse::<usize>().unwrap())
}

fn outside(egress: Egress) -> Outside {
    Outside::new(Settings { egress, ..Settings::production("eu-west-1") })
}

async fn probed(url: &str, expect: Option<&str>) -> ProbeAnswer {
    let place = ProbePlace { url: url.into(), expect: expect.map(str::to_owned), timeout: Some("1s".into()) };
    outside(Egress::Local).probe(&place).await.unwrap()
}

const READY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nall is ready";
const SICK: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nsick";
const MOVED: &str = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_probe_is_healthy_exactly_when_status_and_text_are_as_expected() {
    let ready = Receiver::that(Does::Answer(READY)).await;
    let sick = Receiver::that(Does::Answer(SICK)).await;
    for (receiver, expect, healthy, status) in [
        (&ready, None, true, 200),
        (&ready, Some("200 ready"), true, 200),
        (&ready, Some("ready"), true, 200),
        (&ready, Some("204"), false, 200),
        (&ready, Some("200 green"), false, 200),
        (&sick, None, false, 503),
        (&sick, Some("503"), true, 503),
    ] {
        let answer = probed(&receiver.url(), expect).await;
        assert_eq!((answer.healthy, answer.status), (healthy, Some(status)), "{expect:?}: {answer:?}");
        assert_eq!(answer.trouble.is_none(), healthy);
        assert_eq!(answer.from, "eu-west-1");
    }
}

#[tokio::test]
async fn silence_a_refused_connection_and_a_hang_up_are_answers_of_the_outside() {
    let hanging = Receiver::that(Does::Hang).await;
    let hanging_up = Receiver::that(Does::HangUp).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, says) in [
        (hanging.url(), "no answer within 1 s"),
        (hanging_up.url(), "no answer"),
        (format!("http://{nobody}/"), "refused"),
    ] {
        let answer = probed(&url, None).await;
        assert_eq!((answer.healthy, answer.status), (false, None));
        assert!(answer.trouble.as_deref().unwrap().contains(says), "{answer:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let moved = Receiver::that(Does::Answer(MOVED)).await;
    let answer = probed(&moved.url(), None).await;
    assert_eq!((answer.healthy, answer.status), (false, Some(302)));
}

#[tokio::test]
async fn plain_text_where_tls_is_asked_for_is_no_health() {
    let ready = Receiver::that(Does::Answer(READY)).await;
    let answer = probed(&format!("https://{}/", ready.address), None).await;
    assert!(!answer.healthy && answer.status.is_none(), "{answer:?}");
}

#[tokio::test]
async fn production_connects_to_nothing_that_is_not_public_by_whatever_name() {
    let ready = Receiver::that(Does::Answer(READY)).await;
    let port = ready.address.port();
    let outside = outside(Egress::Production);
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let place = ProbePlace { url: url.clone(), expect: None, timeout: Some("1s".into()) };
            outside.probe(&place).await.expect_err(&url);
            let refused = outside.deliver(&delivery(&url)).await.unwrap_err();
            assert!(matches!(refused, Failed::NotSent(_)), "{url}: {refused}");
        }
    }
    assert!(ready.heard().is_empty(), "nothing was connected to");
}

#[tokio::test]
async fn a_name_server_that_is_not_public_is_not_asked_in_production() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let outside = outside(Egress::Production);
    let asked = outside.names().ask(&["localhost".into()], "www.example.com", "A").await;
    assert!(asked.unwrap_err().contains("loopback"));
    drop(socket);
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn delivery(url: &str) -> Delivery {
    Delivery {
        url: url.into(),
        id: "msg_1".into(),
        body: r#"{"type":"holdfast.step"}"#.into(),
        secret: SECRET.into(),
        timeout: Duration::from_secs(1),
    }
}

fn header<'r>(request: &'r str, name: &str) -> &'r str {
    let wanted = format!("{name}: ");
    request
        .lines()
        .find_map(|line| line.strip_prefix(&wanted))
        .unwrap_or_else(|| panic!("{name} in {request}"))
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_id_its_time_and_its_body() {
    let receiver = Receiver::that(Does::Answer("HTTP/1.1 204 No Content\r\n\r\n")).await;
    assert_eq!(outside(Egress::Local).deliver(&delivery(&receiver.url())).await, Ok(204));
    let heard = receiver.heard();
    let (request, body) = (&heard[0], heard[0].split_once("\r\n\r\n").unwrap().1);
    assert!(request.starts_with("POST /health HTTP/1.1"), "{request}");
    let at = jiff::Timestamp::from_second(header(request, "webhook-timestamp").parse().unwrap()).unwrap();
    let expected = signature(SECRET, header(request, "webhook-id"), at, body).unwrap();
    assert_eq!(header(request, "webhook-signature"), expected);
    assert_eq!((header(request, "webhook-id"), body), ("msg_1", r#"{"type":"holdfast.step"}"#));
}

#[tokio::test]
async fn a_failed_delivery_says_whether_it_may_have_arrived() {
    let outside = outside(Egress::Local);
    let sick = Receiver::that(Does::Answer(SICK)).await;
    assert_eq!(outside.deliver(&delivery(&sick.url())).await, Err(Failed::Answered { status: 503 }));
    let moved = Receiver::that(Does::Answer(MOVED)).await;
    assert_eq!(outside.deliver(&delivery(&moved.url())).await, Err(Failed::Answered { status: 302 }));
    for does in [Does::Hang, Does::HangUp] {
        let receiver = Receiver::that(does).await;
        let failed = outside.deliver(&delivery(&receiver.url())).await.unwrap_err();
        assert!(matches!(failed, Failed::Unknown(_)), "{failed}");
        assert_eq!(receiver.heard().len(), 1, "and it was not sent again by itself");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failed = outside.deliver(&delivery(&format!("http://{nobody}/"))).await.unwrap_err();
    assert!(matches!(failed, Failed::NotSent(_)), "{failed}");
}
