//! A peer that is a program of its own, in a Python environment of its own.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Process {
    pub url: String,
    pub http: reqwest::Client,
    child: Child,
    _folder: tempfile::TempDir,
    _port: File,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either it is gone already or it is killed; a test that ends has nothing to do about a third case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(environment: &str, name: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let cache =
        std::env::var_os("HOLDFAST_CACHE").map_or_else(|| home().join(".cache/holdfast"), PathBuf::from);
    cache.join("venvs").join(environment).join("bin").join(name)
}

/// A port that is free, and that no other test's peer is about to listen on as long as the file is open: two that were given the
/// same one a moment apart would both be answered by whichever came first.
fn free_port() -> (u16, File) {
    let folder = std::env::temp_dir().join("holdfast-peers");
    std::fs::create_dir_all(&folder).unwrap();
    loop {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = File::create(folder.join(port.to_string())).unwrap();
        if file.try_lock().is_ok() {
            return (port, file);
        }
    }
}

impl Process {
    /// Started on a free port and answering at `health`. `None` only where peers were waived by name.
    pub async fn start(
        (environment, name): (&str, &str),
        prepare: impl FnOnce(&mut Command, u16),
        health: &str,
    ) -> Option<Self> {
        if std::env::var("HOLDFAST_WITHOUT_PEERS").is_ok_and(|value| value == "1") {
            return None;
        }
        let program = program(environment, name);
        assert!(
            program.exists(),
            "{name} is not at {}: run `scripts/setup peers`, or set HOLDFAST_WITHOUT_PEERS=1 to leave this test out",
            program.display()
        );
        // Every test is the first of its process under nextest and one of several under cargo test.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let (port, file) = free_port();
        let mut command = Command::new(program);
        command.env("TMPDIR", folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        prepare(&mut command, port);
        let child = command.spawn().unwrap();
        let mut process = Self {
            url: format!("http://127.0.0.1:{port}"),
            http: reqwest::Client::new(),
            child,
            _folder: folder,
            _port: file,
        };
        let began = Instant::now();
        while process.http.get(format!("{}{health}", process.url)).send().await.is_err() {
            assert!(process.child.try_wait().unwrap().is_none(), "{name} ended while starting");
            assert!(began.elapsed() < Duration::from_secs(90), "{name} did not listen within 90 seconds");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(process)
    }

    /// What only prepares the world goes under an account's root, whose signature no peer checks.
    pub async fn root(
        &self,
        account: &str,
        region: &str,
        service: &str,
        request: reqwest::RequestBuilder,
    ) -> String {
        let now = jiff::Timestamp::now();
        let (date, time) = (now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ"));
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={account}/{date}/{region}/{service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"
        );
        let request = request
            .header("authorization", signed)
            .header("x-amz-date", time.to_string())
            // How ministack and moto are told the account.
            .header("x-amz-account-id", account)
            .header("x-moto-account-id", account);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {body}");
        body
    }
}

/// The text of the first element of this name.
pub fn element(xml: &str, name: &str) -> String {
    let after = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")).1;
    after.split('<').next().unwrap().to_owned()
}
