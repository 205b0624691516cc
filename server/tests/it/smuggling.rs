//! Requests whose end two readers could see in two places, on a raw socket as a proxy would pass them on: each is refused and the
//! connection closed, or read as one request. A change hides in what one of the two readers takes for a body; it is never made.
//!
//! That a bare LF ends a line, as RFC 9112 lets it, is what a proxy before this server must not pass on as anything else.

use crate::{fake::TOKEN, house::House};
use axum::Router;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const WITHIN: Duration = Duration::from_secs(20);

/// What is hidden; the control plane knows it as [`HIDDEN`].
fn hidden() -> String {
    let path = "/api/v1/applications/shop/refresh";
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 0\r\n\r\n"
    )
}
const HIDDEN: &str = "refresh shop";
/// Answered where the request before it has ended where it should, and ends the connection.
const LAST: &str = "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// What a request with those lines and that body comes to.
#[derive(Debug, Clone, Copy)]
enum Read {
    /// 400, and nothing more is read from there.
    Refused,
    /// One request with a body of so many bytes, and nothing more is read from there.
    OnceAndClosed(usize),
    /// One request with a body of so many bytes, and the next begins where it ended.
    Once(usize),
}
use Read::{Once, OnceAndClosed, Refused};

struct Door {
    house: House,
    address: SocketAddr,
}

impl Door {
    async fn open() -> Self {
        let house = House::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router: Router = house.router();
        // As `serve` does it.
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { house, address }
    }

    /// The statuses that come back, until the server closes.
    async fn sends(&self, bytes: &str) -> Vec<u16> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(WITHIN, stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(read.is_ok(), "the connection stays open after {bytes:?}: {answer}");
        let statuses = answer.split("HTTP/1.").skip(1).map(|rest| rest[2..5].parse().unwrap());
        statuses.filter(|status| *status != 100).collect()
    }

    async fn reads(&self, what: &str, request: &str, body: &str, read: Read) {
        self.house.plane.asked.lock().unwrap().clear();
        let statuses = self.sends(&format!("{request}{body}{LAST}")).await;
        let (expected, taken) = match read {
            Refused => (vec![400], None),
            OnceAndClosed(bytes) => (vec![200], Some(bytes)),
            Once(bytes) => (vec![200, 200], Some(bytes)),
        };
        assert_eq!(statuses, expected, "{what}: {read:?}");
        let asked = self.house.plane.asked.lock().unwrap().clone();
        let told = taken.map(|bytes| format!("apply Yaml {bytes} dry_run=false prune=false"));
        assert_eq!(asked, Vec::from_iter(told), "{what}: {read:?}");
    }
}

/// A request that tells the control plane how long its body was.
fn put(framing: &str) -> String {
    put_by("1.1", framing)
}

fn put_by(version: &str, framing: &str) -> String {
    format!(
        "PUT /api/v1/inventory HTTP/{version}\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/yaml\r\n{framing}\r\n"
    )
}

#[tokio::test]
async fn two_requests_in_a_row_are_two_so_that_a_hidden_one_would_be_seen() {
    let door = Door::open().await;
    let both = format!("{}{}{LAST}", put("content-length: 0\r\n"), hidden());
    assert_eq!(door.sends(&both).await.len(), 3);
    assert!(door.house.plane.was_asked(HIDDEN));
}

#[tokio::test]
async fn lengths_that_contradict_each_other_or_are_none_are_refused() {
    let door = Door::open().await;
    let hidden = hidden();
    let all = hidden.len();
    for framing in [
        format!("content-length: {all}\r\ncontent-length: 0\r\n"),
        format!("content-length: 0\r\ncontent-length: {all}\r\n"),
        format!("Content-Length: 0\r\nx: y\r\ncontent-LENGTH: {all}\r\n"),
        format!("content-length: 0, {all}\r\n"),
        format!("content-length: {all}, {all}\r\n"),
        format!("content-length: {all} {all}\r\n"),
        format!("content-length: +{all}\r\n"),
        format!("content-length: -{all}\r\n"),
        format!("content-length: 0x{all:x}\r\n"),
        format!("content-length: {all}.0\r\n"),
        format!("content-length: {all}e0\r\n"),
        format!("content-length: \"{all}\"\r\n"),
        "content-length: \r\n".to_owned(),
        "content-length: 18446744073709551616\r\n".to_owned(),
        format!("content-length : {all}\r\n"),
        format!("content-length\t: {all}\r\n"),
        format!("content-length: 0\r\n {all}\r\n"),
        format!("content-length:\r\n {all}\r\n"),
        format!("content-length: 0\r{all}\r\n"),
        format!("content-length: {all}\0\r\n"),
        format!("content-length\0: {all}\r\n"),
    ] {
        door.reads(&framing, &put(&framing), &hidden, Refused).await;
    }
}

#[tokio::test]
async fn encodings_that_are_not_chunked_in_the_end_are_refused() {
    let door = Door::open().await;
    let body = format!("0\r\n\r\n{}", hidden());
    for framing in [
        "transfer-encoding: xchunked",
        "transfer-encoding: chunkedx",
        "transfer-encoding: identity",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: chunked, ",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: chunked chunked",
        "transfer-encoding: chunked\u{b}",
        "transfer-encoding: \u{b}chunked",
        "transfer-encoding: chunked\0",
        "transfer-encoding: ",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding : chunked",
        "transfer-encoding\t: chunked",
        "transfer-encoding:\r\n chunked",
        "transfer-encoding: identity\r\n\tchunked",
        " transfer-encoding: chunked",
        "x: y\rtransfer-encoding: chunked",
        "x: y\r\n transfer-encoding: chunked",
    ] {
        // Whatever else it says of its length.
        for length in ["", "content-length: 5\r\n"] {
            let framing = format!("{length}{framing}\r\n");
            door.reads(&framing, &put(&framing), &body, Refused).await;
        }
    }
    let old = put_by("1.0", "transfer-encoding: chunked\r\n");
    door.reads("in HTTP/1.0", &old, &body, Refused).await;
}

#[tokio::test]
async fn chunks_that_end_in_two_places_are_refused() {
    let door = Door::open().await;
    let request = put("transfer-encoding: chunked\r\n");
    for chunks in [
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5;x\nhello\r\n0\r\n\r\n",
        "5;x=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "5,\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        ";x\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "0\n\r\n",
        "0\r\rx\r\n",
    ] {
        door.reads(chunks, &request, &format!("{chunks}{}", hidden()), Refused).await;
    }
}

#[tokio::test]
async fn whatever_else_can_be_read_in_two_ways_is_read_as_one_request() {
    let door = Door::open().await;
    let hidden = hidden();
    let all = hidden.len();
    let (ends, within) = (format!("0\r\n\r\n{hidden}"), format!("{all:x}\r\n{hidden}\r\n0\r\n\r\n"));
    let both = ends.len();
    for (framing, body, read) in [
        // Both: the chunks hold, and nobody knows what the proxy takes for the next request.
        (format!("content-length: {both}\r\ntransfer-encoding: chunked\r\n"), &ends, OnceAndClosed(0)),
        (format!("transfer-encoding: chunked\r\ncontent-length: {both}\r\n"), &ends, OnceAndClosed(0)),
        (format!("content-length: {both}\r\nTransfer-Encoding:\tChunked \r\n"), &ends, OnceAndClosed(0)),
        (format!("content-length: {both}\r\nx: y\ntransfer-encoding: chunked\r\n"), &ends, OnceAndClosed(0)),
        ("content-length: 4\r\ntransfer-encoding: chunked\r\n".to_owned(), &within, OnceAndClosed(all)),
        ("transfer-encoding: chunked\r\ncontent-length: 4\r\n".to_owned(), &within, OnceAndClosed(all)),
        ("transfer-encoding: chunked\r\ncontent-length: x\r\n".to_owned(), &within, OnceAndClosed(all)),
        ("transfer-encoding: identity, chunked\r\n".to_owned(), &within, Once(all)),
        ("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n".to_owned(), &within, Once(all)),
        ("TRANSFER-ENCODING: CHUNKED\r\n".to_owned(), &within, Once(all)),
        // Names that only look like it.
        (format!("transfer_encoding: chunked\r\ncontent-length: {all}\r\n"), &hidden, Once(all)),
        (format!("content_length: 0\r\ncontent-length: {all}\r\n"), &hidden, Once(all)),
        (format!("x: transfer-encoding: chunked\r\ncontent-length: {all}\r\n"), &hidden, Once(all)),
        (format!("content-length: {all}\r\ncontent-length: {all}\r\n"), &hidden, Once(all)),
        (format!("content-length:{all}\r\n"), &hidden, Once(all)),
        (format!("content-length: {all}\n"), &hidden, Once(all)),
        (format!("x: y\ncontent-length: {all}\r\n"), &hidden, Once(all)),
        (format!("expect: 100-continue\r\ncontent-length: {all}\r\n"), &hidden, Once(all)),
    ] {
        door.reads(&framing, &put(&framing), body, read).await;
    }
    let chunked = put("transfer-encoding: chunked\r\n");
    for chunks in [
        format!("{all:X}\r\n{hidden}\r\n0\r\n\r\n"),
        format!("000{all:x}\r\n{hidden}\r\n000\r\n\r\n"),
        format!("{all:x} \r\n{hidden}\r\n0\t\r\n\r\n"),
        format!("{all:x};x=\"0\"\r\n{hidden}\r\n0;y\r\n\r\n"),
        format!("{all:x}\r\n{hidden}\r\n0\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n"),
    ] {
        door.reads(&chunks, &chunked, &chunks, Once(all)).await;
    }
    // A bare LF ends no chunks: what follows is a trailer.
    door.reads("0 and a bare LF", &chunked, &format!("0\r\n\n{hidden}"), Once(0)).await;
}

#[tokio::test]
async fn a_body_that_no_handler_reads_is_not_the_next_request() {
    let door = Door::open().await;
    let hidden = hidden();
    for (method, path, status) in [
        ("GET", "/livez", 200),
        ("HEAD", "/livez", 200),
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/livez", 405),
    ] {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            hidden.len()
        );
        let statuses = door.sends(&format!("{request}{hidden}{LAST}")).await;
        assert!(statuses == [status, 200] || statuses == [status], "{method} {path}: {statuses:?}");
        assert!(!door.house.plane.was_asked(HIDDEN), "{method} {path}");
    }
}
