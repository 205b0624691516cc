//! The world's name server, over UDP and TCP on the simulator's own port: what Route 53's name servers, and those of
//! its load balancers, would answer. It takes no part in changes: those come over Route 53's wire.

mod message;

use crate::state::Shared;
use crate::world::answers::Answer;
use message::{Query, Record, Reply};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// Answers here are short: what is longer was not asked by a resolver.
const MOST_QUERY: usize = 4_096;
const IDLE: Duration = Duration::from_secs(10);
/// CNAMEs within the world are followed this far, as a server does for names of its own.
const MOST_NAMES: usize = 8;

/// Whether a connection's first byte begins a DNS message: its length, where HTTP has a letter.
pub(crate) fn begins_like_dns(first: u8) -> bool {
    first < 0x20
}

/// Answers until the simulator stops.
pub(crate) async fn serve_udp(socket: UdpSocket, shared: Arc<Shared>) {
    let mut query = vec![0_u8; MOST_QUERY];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut query) => received,
            () = shared.stopping() => return,
        };
        // An error tells of an earlier answer that nobody took; the socket goes on.
        let Ok((length, asker)) = received else { continue };
        let Some(answer) = query.get(..length).and_then(|query| answer(&shared, query)) else { continue };
        if let Err(error) = socket.send_to(&answer, asker).await {
            tracing::debug!(%error, "an answer could not be sent");
        }
    }
}

/// Answers each message of one connection.
pub(crate) async fn serve_tcp(mut stream: TcpStream, shared: Arc<Shared>) {
    let talk = async {
        loop {
            let length = usize::from(stream.read_u16().await?);
            let mut query = vec![0_u8; length];
            stream.read_exact(&mut query).await?;
            let Some(answer) = answer(&shared, &query) else { return Ok::<_, std::io::Error>(()) };
            let length = u16::try_from(answer.len()).unwrap_or(0);
            stream.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await?;
        }
    };
    tokio::select! {
        _ = tokio::time::timeout(IDLE, talk) => {}
        () = shared.stopping() => {}
    }
}

/// `None`: not a question, so nothing is said.
fn answer(shared: &Shared, bytes: &[u8]) -> Option<Vec<u8>> {
    let query = Query::read(bytes)?;
    let draw = rand::random::<f64>();
    let (mut records, mut name) = (Vec::new(), query.name.clone());
    let reply = shared.with(|state, now| {
        for _ in 0..MOST_NAMES {
            match state.world.answer(&name, query.kind(), draw, now) {
                Answer::Found { values, ttl_s } => {
                    let kind = query.kind().to_owned();
                    records.extend(values.into_iter().map(|value| Record {
                        name: name.clone(),
                        kind: kind.clone(),
                        ttl_s,
                        value,
                    }));
                    return Reply::Records(std::mem::take(&mut records));
                }
                Answer::Elsewhere { name: next, ttl_s } => {
                    let kind = "CNAME".to_owned();
                    records.push(Record { name: name.clone(), kind, ttl_s, value: next.clone() });
                    name = next;
                }
                Answer::NoData { zone } => return Reply::Nothing { zone, name_exists: true },
                Answer::NoName { zone } => return Reply::Nothing { zone, name_exists: false },
                // A CNAME that leads out of the world ends the answer there.
                Answer::NotOurs if !records.is_empty() => {
                    return Reply::Records(std::mem::take(&mut records));
                }
                Answer::NotOurs => return Reply::Refused,
            }
        }
        Reply::Records(std::mem::take(&mut records))
    });
    Some(query.reply(&reply))
}
