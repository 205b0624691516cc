//! Making, starting, adopting and stopping the cluster.

use crate::binaries::Binaries;
use crate::error::Error;
use crate::place::Place;
use crate::postmaster::Postmaster;
use crate::user::ServerUser;
use crate::{APP_ROLE, DATABASE, OWNER_ROLE};
use rand::Rng as _;
use rustix::process::Signal;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const START_SECONDS: u64 = 60;
const STOP_SECONDS: u64 = 30;
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LONGEST_LOG_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Off only where losing the data at a power cut costs nothing: in tests.
    pub durable: bool,
    /// The server outlives the process that started it, and many processes use it: for tests.
    pub shared: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { durable: true, shared: false }
    }
}

/// A running private cluster. Dropping it tells the server to stop; [`EmbeddedPostgres::stop`] also waits.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    place: Place,
    port: u16,
    owner_password: String,
    app_password: String,
    adopted: bool,
    options: Options,
    /// `None` when the server was adopted from a Holdfast before this one.
    child: Option<Child>,
    /// Held for as long as this value lives, unless the server is shared.
    _lock: Option<File>,
}

impl EmbeddedPostgres {
    /// Starts the cluster of `data_dir`, making it if need be; adopts its server when one still runs.
    ///
    /// # Errors
    /// Each says what to do.
    pub async fn start(data_dir: &Path) -> Result<Self, Error> {
        Self::start_with(data_dir, Options::default()).await
    }

    /// # Errors
    /// Each says what to do.
    pub async fn start_with(data_dir: &Path, options: Options) -> Result<Self, Error> {
        let data_dir = data_dir.to_owned();
        // Files and child processes: blocking work, off the runtime's threads.
        tokio::task::spawn_blocking(move || start(&data_dir, options))
            .await
            .unwrap_or_else(|broken| Err(gave_up("starting Postgres", &broken.to_string())))
    }

    /// The URL of the owner's role in a cluster that some other process of this machine has running;
    /// `None` when none runs.
    #[must_use]
    pub fn running_owner_url(data_dir: &Path) -> Option<String> {
        running_url(data_dir, OWNER_ROLE)
    }

    /// The URL of the lesser role in a cluster that some other process of this machine has running; `None`
    /// when none runs.
    #[must_use]
    pub fn running_app_url(data_dir: &Path) -> Option<String> {
        running_url(data_dir, APP_ROLE)
    }

    #[must_use]
    pub fn owner_url(&self) -> String {
        self.owner_url_of(DATABASE)
    }

    #[must_use]
    pub fn owner_url_of(&self, database: &str) -> String {
        url(OWNER_ROLE, &self.owner_password, self.port, database)
    }

    /// Of the lesser role; good once migrations gave it [`EmbeddedPostgres::app_password`].
    #[must_use]
    pub fn app_url(&self) -> String {
        self.app_url_of(DATABASE)
    }

    #[must_use]
    pub fn app_url_of(&self, database: &str) -> String {
        url(APP_ROLE, &self.app_password, self.port, database)
    }

    #[must_use]
    pub fn app_password(&self) -> &str {
        &self.app_password
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the server was running already.
    #[must_use]
    pub fn was_adopted(&self) -> bool {
        self.adopted
    }

    /// The process number of the server, while it runs.
    #[must_use]
    pub fn server_pid(&self) -> Option<u32> {
        Postmaster::running(&self.place.cluster()).and_then(|p| u32::try_from(p.pid).ok())
    }

    /// Another program of the Postgres that made the cluster, to be run as the server's user: for tests and benchmarks.
    ///
    /// # Errors
    /// When that Postgres or its user is gone.
    pub fn command(&self, program: &str) -> Result<std::process::Command, Error> {
        let (user, binaries) = (ServerUser::find()?, Binaries::choose(&self.place.cluster())?);
        let mut command = user.command(&binaries.program(program));
        command.current_dir(&self.place.base);
        Ok(command)
    }

    /// A folder that the server's user may write in; it lies beside the cluster.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder_beside(&self, name: &str) -> Result<std::path::PathBuf, Error> {
        let folder = self.place.base.join(name);
        ServerUser::find()?.own_folder(&folder)?;
        Ok(folder)
    }

    /// Ends the server's sessions, writes everything down and waits until it is gone.
    ///
    /// # Errors
    /// When the server would not go.
    pub async fn stop(mut self) -> Result<(), Error> {
        tokio::task::spawn_blocking(move || stop(&self.place, self.child.as_mut()))
            .await
            .unwrap_or_else(|broken| Err(gave_up("stopping Postgres", &broken.to_string())))
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        if !self.options.shared
            && let Some(server) = Postmaster::running(&self.place.cluster())
        {
            server.signal(Signal::INT);
        }
    }
}

fn start(data_dir: &Path, options: Options) -> Result<EmbeddedPostgres, Error> {
    let user = ServerUser::find()?;
    let place = Place::prepare(data_dir, &user)?;
    let lock = take_lock(&place, data_dir, options.shared)?;
    let owner_password = password(&place, &user, OWNER_ROLE)?;
    let app_password = password(&place, &user, APP_ROLE)?;
    let (server, child) = match adopt(&place)? {
        Some(server) => {
            tracing::info!(
                pid = server.pid,
                port = server.port,
                "adopted the Postgres server that was still running"
            );
            (server, None)
        }
        None => {
            let binaries = Binaries::choose(&place.cluster())?;
            if !place.cluster().is_dir() {
                make_cluster(&place, &user, &binaries, options)?;
            }
            let (server, child) = launch(&place, &user, &binaries, options)?;
            (server, Some(child))
        }
    };
    Ok(EmbeddedPostgres {
        place,
        port: server.port,
        owner_password,
        app_password,
        adopted: child.is_none(),
        options,
        child,
        _lock: (!options.shared).then_some(lock),
    })
}

fn take_lock(place: &Place, data_dir: &Path, wait: bool) -> Result<File, Error> {
    let path = place.lock();
    let file = OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
    if wait {
        file.lock().map_err(Error::io("lock", &path))?;
        return Ok(file);
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse(data_dir.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::io("lock", &path)(source)),
    }
}

/// Read from its file, or made and kept there.
fn password(place: &Place, user: &ServerUser, role: &str) -> Result<String, Error> {
    let path = place.password(role);
    if let Ok(kept) = std::fs::read_to_string(&path)
        && !kept.trim().is_empty()
    {
        return Ok(kept.trim().to_owned());
    }
    let fresh = hex::encode(rand::rng().random::<[u8; 24]>());
    let half = path.with_extension("unfinished");
    std::fs::remove_file(&half).ok();
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&half)
        .and_then(|mut file| file.write_all(fresh.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(Error::io("write", &half))?;
    user.own(&half, 0o600)?;
    std::fs::rename(&half, &path).map_err(Error::io("write", &path))?;
    Ok(fresh)
}

/// Made aside and renamed, so that a crash in the middle leaves nothing that looks like a cluster.
fn make_cluster(
    place: &Place,
    user: &ServerUser,
    binaries: &Binaries,
    options: Options,
) -> Result<(), Error> {
    let half = place.unfinished_cluster();
    if half.exists() {
        std::fs::remove_dir_all(&half).map_err(Error::io("remove", &half))?;
    }
    let mut initdb = user.command(&binaries.program("initdb"));
    initdb
        .current_dir(&place.base)
        .args(["--encoding=UTF8", "--no-locale", "--auth=scram-sha-256", "--data-checksums"])
        .args(["--username", OWNER_ROLE])
        .arg("--pwfile")
        .arg(place.password(OWNER_ROLE))
        .arg("--pgdata")
        .arg(&half);
    if !options.durable {
        initdb.arg("--no-sync");
    }
    run("initdb", initdb)?;
    // In single-user mode, before the server has a port: the rename then publishes a cluster that is whole.
    let mut single = user.command(&binaries.program("postgres"));
    single.current_dir(&place.base).arg("--single").arg("-D").arg(&half);
    if !options.durable {
        single.arg("-F");
    }
    single.arg("template1");
    run_with("making the database", single, &format!("CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE};\n"))?;
    std::fs::rename(&half, place.cluster()).map_err(Error::io("rename", &half))
}

/// Waits for a server that is coming up or going down; what remains is one that is ready, or none.
fn adopt(place: &Place) -> Result<Option<Postmaster>, Error> {
    let cluster = place.cluster();
    let began = Instant::now();
    while let Some(server) = Postmaster::running(&cluster) {
        if server.ready && answers(server.port) {
            return Ok(Some(server));
        }
        if began.elapsed() > Duration::from_secs(START_SECONDS) {
            return Err(Error::TooSlow { what: "answer", seconds: START_SECONDS, log: place.log() });
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    // Nobody of ours: left by a server that was killed. Postgres would refuse a number that lives on elsewhere.
    std::fs::remove_file(cluster.join("postmaster.pid")).ok();
    Ok(None)
}

/// Whether a Postgres speaks there. A connection alone proves nothing: the socket of a server that was just killed
/// still takes them until its children are gone.
fn answers(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    /// The protocol's question for encryption (PostgreSQL, "Message Formats", SSLRequest); answered with one letter.
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let patience = Duration::from_secs(1);
    let Ok(mut stream) = std::net::TcpStream::connect_timeout(&address, patience) else { return false };
    let mut answer = [0_u8; 1];
    stream.set_read_timeout(Some(patience)).is_ok()
        && stream.write_all(&SSL_REQUEST).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && matches!(answer, [b'S' | b'N'])
}

fn launch(
    place: &Place,
    user: &ServerUser,
    binaries: &Binaries,
    options: Options,
) -> Result<(Postmaster, Child), Error> {
    let socket = place.socket_folder(user)?;
    let began = Instant::now();
    loop {
        match launch_once(place, user, binaries, options, &socket) {
            // Another program took the port in between, or the processes of a server that was killed
            // are still letting go of its memory.
            Err(Error::Failed { output, .. })
                if began.elapsed() < Duration::from_secs(10)
                    && (output.contains("Address already in use") || output.contains("is still in use")) =>
            {
                std::thread::sleep(Duration::from_millis(50));
            }
            outcome => return outcome,
        }
    }
}

fn launch_once(
    place: &Place,
    user: &ServerUser,
    binaries: &Binaries,
    options: Options,
    socket: &Path,
) -> Result<(Postmaster, Child), Error> {
    let log_path = place.log();
    if std::fs::metadata(&log_path).is_ok_and(|m| m.len() > LONGEST_LOG_BYTES) {
        std::fs::remove_file(&log_path).ok();
    }
    let log =
        OpenOptions::new().create(true).append(true).open(&log_path).map_err(Error::io("open", &log_path))?;
    let said_before = log.metadata().map_or(0, |m| m.len());
    let errors = log.try_clone().map_err(Error::io("open", &log_path))?;
    let port = free_port()?;
    let mut command = user.command(&binaries.program("postgres"));
    command
        .current_dir(&place.base)
        .arg("-D")
        .arg(place.cluster())
        .arg("-p")
        .arg(port.to_string())
        .arg("-k")
        .arg(socket)
        .args(["-c", "listen_addresses=127.0.0.1", "-c", "log_min_messages=warning"])
        // A dozen tests at once have several houses each, and every house a server's and some workers' connections.
        .args(["-c", if options.shared { "max_connections=600" } else { "max_connections=200" }])
        .args(["-c", "password_encryption=scram-sha-256", "-c", "timezone=UTC", "-c", "log_timezone=UTC"])
        // Of its own, so that Ctrl-C in a terminal reaches Holdfast alone, which still needs the server to end well.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors);
    if !options.durable {
        command.args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]);
    }
    let mut child = command.spawn().map_err(Error::io("run", &binaries.program("postgres")))?;
    let began = Instant::now();
    loop {
        if let Some(server) = Postmaster::running(&place.cluster())
            && server.ready
            && u32::try_from(server.pid).ok() == Some(child.id())
        {
            return Ok((server, child));
        }
        if let Ok(Some(status)) = child.try_wait() {
            let output = tail(&log_path, said_before);
            return Err(Error::Failed { what: "starting Postgres", status: status.to_string(), output });
        }
        if began.elapsed() > Duration::from_secs(START_SECONDS) {
            return Err(Error::TooSlow { what: "start", seconds: START_SECONDS, log: log_path });
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// SIGINT is Postgres's fast shutdown: sessions end, everything is written. SIGQUIT is the last resort,
/// and costs a recovery at the next start.
fn stop(place: &Place, mut child: Option<&mut Child>) -> Result<(), Error> {
    for signal in [Signal::INT, Signal::QUIT] {
        let Some(server) = Postmaster::running(&place.cluster()) else { break };
        server.signal(signal);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(STOP_SECONDS) {
            let exited = child.as_mut().is_some_and(|c| matches!(c.try_wait(), Ok(Some(_))));
            if exited || Postmaster::running(&place.cluster()).is_none() {
                return Ok(());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
    if Postmaster::running(&place.cluster()).is_some() {
        return Err(Error::TooSlow { what: "stop", seconds: 2 * STOP_SECONDS, log: place.log() });
    }
    Ok(())
}

fn free_port() -> Result<u16, Error> {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::io("find a free port on", Path::new("127.0.0.1")))
}

fn running_url(data_dir: &Path, role: &str) -> Option<String> {
    let place = Place::existing(data_dir)?;
    let server = Postmaster::running(&place.cluster()).filter(|p| p.ready)?;
    let password = std::fs::read_to_string(place.password(role)).ok()?;
    Some(url(role, password.trim(), server.port, DATABASE))
}

fn url(role: &str, password: &str, port: u16, database: &str) -> String {
    // No TLS within the loopback: asking for it costs a round trip per connection.
    format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
}

fn run(what: &'static str, command: std::process::Command) -> Result<(), Error> {
    run_with(what, command, "")
}

fn run_with(what: &'static str, mut command: std::process::Command, input: &str) -> Result<(), Error> {
    let program = Path::new(command.get_program()).to_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::io("run", &program))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended before it read says why in its own words, below.
        stdin.write_all(input.as_bytes()).ok();
    }
    let answer = child.wait_with_output().map_err(Error::io("run", &program))?;
    if answer.status.success() {
        return Ok(());
    }
    let output =
        format!("{}{}", String::from_utf8_lossy(&answer.stdout), String::from_utf8_lossy(&answer.stderr));
    Err(Error::Failed { what, status: answer.status.to_string(), output: output.trim().to_owned() })
}

/// What the server wrote since `from`, at most its last 2,000 characters.
fn tail(log: &Path, from: u64) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let new = bytes.get(usize::try_from(from).unwrap_or(0)..).unwrap_or_default();
    let start = new.len().saturating_sub(2_000);
    String::from_utf8_lossy(new.get(start..).unwrap_or_default()).trim().to_owned()
}

fn gave_up(what: &'static str, why: &str) -> Error {
    Error::Failed { what, status: "gave up".into(), output: why.to_owned() }
}
