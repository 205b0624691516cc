//! Stands between a worker and its database, and does what networks do: it swallows the answer of a commit, or the commit, falls silent with
//! every connection open, lets those that there are vanish, cuts them all, leads elsewhere. It reads just enough of the protocol to know a commit of what is watched: the journal, if nothing else is named.

use holdfast_testkit::Injected;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What writes a run's journal; also the first entries of a request would, but those are the use cases' own.
const JOURNAL: &str = "INSERT INTO run_events";

#[derive(Debug)]
struct Inner {
    target: Mutex<SocketAddr>,
    /// What a statement says whose commit is watched for.
    writes: &'static str,
    silent: watch::Sender<bool>,
    /// Counted up: connections of an earlier number end.
    cut: watch::Sender<u64>,
    /// Connections so far, and those up to which have vanished.
    made: AtomicU64,
    vanished: watch::Sender<u64>,
    /// Each so many-th commit of the journal; 0: none.
    lose_each: AtomicU32,
    /// Each so many-th commit itself goes no further.
    cut_each: AtomicU32,
    commits: AtomicU32,
    lost: AtomicUsize,
}

#[derive(Debug, Clone)]
pub struct Proxy {
    pub addr: SocketAddr,
    inner: Arc<Inner>,
}

impl Proxy {
    pub async fn before(target: SocketAddr) -> Self {
        Self::before_writing(target, JOURNAL).await
    }

    pub async fn before_writing(target: SocketAddr, writes: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            target: Mutex::new(target),
            writes,
            silent: watch::Sender::new(false),
            cut: watch::Sender::new(0),
            made: AtomicU64::new(0),
            vanished: watch::Sender::new(0),
            lose_each: AtomicU32::new(0),
            cut_each: AtomicU32::new(0),
            commits: AtomicU32::new(0),
            lost: AtomicUsize::new(0),
        });
        let served = inner.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let inner = served.clone();
                tokio::spawn(async move { inner.serve(client).await });
            }
        });
        Self { addr, inner }
    }

    /// The same database, reached this way.
    pub fn url(&self, url: &str) -> String {
        let (before, after) = url.rsplit_once('@').unwrap();
        let (_, database) = after.split_once('/').unwrap();
        format!("{before}@{}/{database}", self.addr)
    }

    /// The answer of each so many-th commit of the journal is swallowed, and its connection ends.
    pub fn lose_answers(&self, each: u32) {
        self.inner.lose_each.store(each, Ordering::SeqCst);
    }

    /// Each so many-th commit does not arrive, and its connection ends.
    pub fn cut_commits(&self, each: u32) {
        self.inner.cut_each.store(each, Ordering::SeqCst);
    }

    pub fn answers_lost(&self) -> usize {
        self.inner.lost.load(Ordering::SeqCst)
    }

    /// Nothing passes either way; nobody is told.
    pub fn silence(&self, silent: bool) {
        self.inner.silent.send_replace(silent);
        Injected::Connection.count(usize::from(silent));
    }

    /// Nothing comes through the connections that there are, ever again, and nobody is told; new ones can be made.
    pub fn vanish(&self) {
        self.inner.vanished.send_replace(self.inner.made.load(Ordering::SeqCst));
        Injected::Connection.count(1);
    }

    pub fn cut(&self) {
        self.inner.cut.send_modify(|cut| *cut += 1);
        Injected::Connection.count(1);
    }

    /// New connections go there. Answers with where they went before.
    pub fn lead_to(&self, target: SocketAddr) -> SocketAddr {
        std::mem::replace(&mut self.inner.target.lock().unwrap(), target)
    }
}

/// What one connection's two directions tell each other.
#[derive(Debug, Default)]
struct Talk {
    journal_statements: HashSet<String>,
    in_transaction: bool,
    wrote_journal: bool,
    /// The next answer is swallowed, and nothing follows it.
    swallow: bool,
}

impl Inner {
    async fn serve(self: Arc<Self>, client: TcpStream) {
        let target = *self.target.lock().unwrap();
        let Ok(server) = TcpStream::connect(target).await else { return };
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let talk = Mutex::new(Talk::default());
        let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        let mut cut = self.cut.subscribe();
        tokio::select! {
            () = self.questions(from_client, to_server, number, &talk) => {}
            () = self.answers(from_server, to_client, number, &talk) => {}
            _ = cut.changed() => {}
        }
    }

    /// Waits as long as nothing passes.
    async fn pass(&self, number: u64) {
        self.silent.subscribe().wait_for(|silent| !silent).await.unwrap();
        if *self.vanished.borrow() >= number {
            std::future::pending::<()>().await;
        }
    }

    async fn questions(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        number: u64,
        talk: &Mutex<Talk>,
    ) {
        let mut greeted = false;
        while let Some(message) = message(&mut from, greeted).await {
            greeted = true;
            self.pass(number).await;
            let goes_on = self.heed(&message, &mut talk.lock().unwrap());
            if !goes_on {
                return;
            }
            if to.write_all(&message).await.is_err() {
                return;
            }
        }
    }

    async fn answers(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        number: u64,
        talk: &Mutex<Talk>,
    ) {
        while let Some(message) = message(&mut from, true).await {
            self.pass(number).await;
            if talk.lock().unwrap().swallow {
                // ReadyForQuery: by now it is committed.
                if message[0] == b'Z' {
                    self.lost.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                continue;
            }
            if to.write_all(&message).await.is_err() {
                return;
            }
        }
    }

    /// Which statements write what is watched is said when they are prepared, that one is carried out when it is bound. Answers
    /// whether the message goes on.
    fn heed(&self, message: &[u8], talk: &mut Talk) -> bool {
        let text = |from: usize| -> String {
            message[from..].iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
        };
        let commits = match message[0] {
            b'P' => {
                let name = text(5);
                if text(5 + name.len() + 1).contains(self.writes) {
                    talk.journal_statements.insert(name);
                }
                false
            }
            b'B' => {
                let portal = text(5);
                let writes = talk.journal_statements.contains(&text(5 + portal.len() + 1));
                talk.wrote_journal |= writes;
                writes && !talk.in_transaction
            }
            b'Q' if text(5).starts_with("BEGIN") => {
                (talk.in_transaction, talk.wrote_journal) = (true, false);
                false
            }
            b'Q' if text(5).starts_with("COMMIT") => {
                talk.in_transaction = false;
                talk.wrote_journal
            }
            _ => false,
        };
        if !commits {
            return true;
        }
        let (lose, cut) = (self.lose_each.load(Ordering::SeqCst), self.cut_each.load(Ordering::SeqCst));
        if lose + cut == 0 {
            return true;
        }
        let number = self.commits.fetch_add(1, Ordering::SeqCst);
        let is_hit = |each: u32| each > 0 && number % each == each - 1;
        talk.swallow = is_hit(lose);
        Injected::Connection.count(usize::from(is_hit(lose) || is_hit(cut)));
        !is_hit(cut)
    }
}

/// One message with its head (PostgreSQL, "Message Formats"): a kind, but for the first of a client, and a length.
async fn message(from: &mut OwnedReadHalf, kind: bool) -> Option<Vec<u8>> {
    let head = if kind { 5 } else { 4 };
    let mut message = vec![0; head];
    from.read_exact(&mut message).await.ok()?;
    let length = i32::from_be_bytes(message[head - 4..].try_into().ok()?);
    message.resize(head + usize::try_from(length).ok()?.checked_sub(4)?, 0);
    from.read_exact(&mut message[head..]).await.ok()?;
    Some(message)
}
