//! Connections that can be cut from inside a handler: how an answer gets lost and how a Region is a black
//! hole. Not a way to refuse: a refusal is an answer. Connections that begin with a DNS message go to the name
//! server, which shares the port.

use crate::dns;
use crate::state::Shared;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The connections that speak HTTP; they can be cut.
#[derive(Debug)]
pub(crate) struct CutListener {
    arrivals: mpsc::Receiver<(TcpStream, SocketAddr)>,
    address: SocketAddr,
}

/// Connections that have arrived and not been taken yet.
const WAITING: usize = 1_024;

/// Takes connections until the simulator stops, and sends each where its first byte belongs.
pub(crate) fn listen(
    listener: TcpListener,
    shared: Arc<Shared>,
) -> io::Result<(CutListener, JoinHandle<()>)> {
    let address = listener.local_addr()?;
    let (pass_on, arrivals) = mpsc::channel(WAITING);
    let mut listener = listener;
    let accepting = tokio::spawn(async move {
        loop {
            let (stream, peer) = tokio::select! {
                arrived = Listener::accept(&mut listener) => arrived,
                () = shared.stopping() => return,
            };
            let (pass_on, shared) = (pass_on.clone(), shared.clone());
            tokio::spawn(async move {
                let mut first = [0_u8; 1];
                let dns = tokio::select! {
                    peeked = stream.peek(&mut first) => matches!(peeked, Ok(1)) && dns::begins_like_dns(first[0]),
                    () = shared.stopping() => return,
                };
                if dns {
                    dns::serve_tcp(stream, shared).await;
                } else {
                    // Refused only when nobody serves any more.
                    pass_on.send((stream, peer)).await.ok();
                }
            });
        }
    });
    Ok((CutListener { arrivals, address }, accepting))
}

/// A connection, as its handlers see it.
#[derive(Debug, Clone)]
pub(crate) struct Peer(CancellationToken);

impl Peer {
    /// Cuts the connection: nothing more is read from it or written to it.
    pub(crate) fn cut(&self) {
        self.0.cancel();
    }
}

/// The socket.
#[derive(Debug)]
pub(crate) struct CutStream {
    inner: TcpStream,
    cut: CancellationToken,
    cutting: Pin<Box<WaitForCancellationFutureOwned>>,
}

fn was_cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "cut by the simulator")
}

impl Listener for CutListener {
    type Io = CutStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CutStream, SocketAddr) {
        let Some((inner, addr)) = self.arrivals.recv().await else { return std::future::pending().await };
        // Small answers must not wait for more: a page of calls would add up to seconds.
        if let Err(error) = inner.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let cut = CancellationToken::new();
        let cutting = Box::pin(cut.clone().cancelled_owned());
        (CutStream { inner, cut, cutting }, addr)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, CutListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, CutListener>) -> Self {
        Self(stream.io().cut.clone())
    }
}

impl AsyncRead for CutStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cutting.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(was_cut()));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for CutStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.is_cancelled() {
            return Poll::Ready(Err(was_cut()));
        }
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
