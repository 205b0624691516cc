//! A place without a network: a namespace of its own, in which one address leads anywhere, and that to the simulated AWS. What is said
//! there is carried out by a socket in a folder, since folders are all that the place has in common with here.
//!
//! It needs user namespaces, which a container may forbid. The test that asks for it then fails and says so: a proof that was not made
//! is none.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use tokio::process::Command;
use tokio::sync::mpsc;

/// Where the one that passes on in there finds its sockets; its other words are beside them.
const FOLDER: &str = "STRANDED_FOLDER";
const AWS: &str = "STRANDED_AWS";
const ELSEWHERE: &str = "STRANDED_ELSEWHERE";

/// Begins the one that passes on, waits until it does, and becomes the command.
const BEGIN: &str = r#"set -e
ip link set lo up
mkfifo "$STRANDED_FOLDER/$$"
STRANDED_READY="$STRANDED_FOLDER/$$" "$0" --exact stranded::what_passes_on_in_there --ignored >/dev/null 2>&1 &
read -r ready < "$STRANDED_FOLDER/$$"
exec "$@""#;

pub struct Stranded {
    folder: PathBuf,
    aws: SocketAddr,
    /// Somebody listens here, whom nobody in there may reach.
    elsewhere: TcpListener,
    /// What each one that passes on found when it tried.
    found: mpsc::Receiver<String>,
}

impl Stranded {
    pub async fn with(aws: SocketAddr, folder: &Path) -> Self {
        let folder = folder.join("stranded");
        std::fs::create_dir(&folder).unwrap();
        let allowed = std::process::Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "ip", "link", "set", "lo", "up"])
            .output();
        let refused = match allowed {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Some(error.to_string()),
        };
        assert!(
            refused.is_none(),
            "this machine lets nobody make a network namespace (util-linux, iproute2 and user namespaces are needed): {refused:?}"
        );
        let streams = UnixListener::bind(folder.join("tcp")).unwrap();
        tokio::spawn(async move {
            while let Ok((mut inner, _)) = streams.accept().await {
                tokio::spawn(async move {
                    let Ok(mut outer) = TcpStream::connect(aws).await else { return };
                    copy_bidirectional(&mut inner, &mut outer).await.ok();
                });
            }
        });
        let datagrams = UnixListener::bind(folder.join("udp")).unwrap();
        tokio::spawn(async move {
            while let Ok((inner, _)) = datagrams.accept().await {
                tokio::spawn(answer(inner, aws));
            }
        });
        let lives = UnixListener::bind(folder.join("lives")).unwrap();
        let (tell, found) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok((inner, _)) = lives.accept().await {
                let tell = tell.clone();
                // Held for as long as this process lives: its end ends the other.
                tokio::spawn(async move {
                    let mut lines = BufReader::new(inner).lines();
                    while let Ok(Some(line)) = lines.next_line().await {
                        tell.send(line).await.ok();
                    }
                });
            }
        });
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { folder, aws, elsewhere, found }
    }

    /// The program, in there.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--net", "sh", "-c", BEGIN])
            .arg(std::env::current_exe().unwrap())
            .arg(program)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env(FOLDER, &self.folder)
            .env(AWS, self.aws.to_string())
            .env(ELSEWHERE, self.elsewhere.local_addr().unwrap().to_string());
        command
    }

    /// What the next one in there found of whom it can reach beside AWS.
    pub async fn found(&mut self) -> String {
        let found = tokio::time::timeout(Duration::from_secs(60), self.found.recv()).await;
        found.expect("nobody in there tried").expect("the sockets are gone")
    }
}

/// One datagram to AWS, and what it answers.
async fn answer(mut inner: UnixStream, aws: SocketAddr) -> Option<()> {
    let mut asked = Vec::new();
    inner.read_to_end(&mut asked).await.ok()?;
    let outer = UdpSocket::bind("127.0.0.1:0").await.ok()?;
    outer.send_to(&asked, aws).await.ok()?;
    let mut said = vec![0; 65_535];
    let (length, _) =
        tokio::time::timeout(Duration::from_secs(5), outer.recv_from(&mut said)).await.ok()?.ok()?;
    inner.write_all(&said[..length]).await.ok()
}

/// Run by [`BEGIN`] in a namespace of its own, and by nobody else.
#[tokio::test]
#[ignore = "it is no test: it is the other end of one"]
async fn what_passes_on_in_there() {
    let said = |name: &str| std::env::var(name).unwrap();
    let folder = PathBuf::from(said(FOLDER));
    let aws: SocketAddr = said(AWS).parse().unwrap();
    let mut tells = UnixStream::connect(folder.join("lives")).await.unwrap();
    let elsewhere = [said(ELSEWHERE), "192.0.2.1:443".to_owned()];
    let mut reached = Vec::new();
    for address in elsewhere {
        let tried = tokio::time::timeout(Duration::from_secs(5), TcpStream::connect(&address)).await;
        if matches!(tried, Ok(Ok(_))) {
            reached.push(address);
        }
    }
    tells.write_all(format!("reached: {}\n", reached.join(", ")).as_bytes()).await.unwrap();

    let (streams, datagrams) = (TcpListener::bind(aws).await.unwrap(), UdpSocket::bind(aws).await.unwrap());
    std::fs::write(said("STRANDED_READY"), "ready\n").unwrap();
    let of_streams = async {
        while let Ok((mut inner, _)) = streams.accept().await {
            let path = folder.join("tcp");
            tokio::spawn(async move {
                let Ok(mut outer) = UnixStream::connect(path).await else { return };
                copy_bidirectional(&mut inner, &mut outer).await.ok();
            });
        }
    };
    let of_datagrams = async {
        let mut asked = vec![0; 65_535];
        while let Ok((length, from)) = datagrams.recv_from(&mut asked).await {
            let Ok(mut outer) = UnixStream::connect(folder.join("udp")).await else { continue };
            let mut said = Vec::new();
            outer.write_all(&asked[..length]).await.ok();
            outer.shutdown().await.ok();
            outer.read_to_end(&mut said).await.ok();
            datagrams.send_to(&said, from).await.ok();
        }
    };
    let the_other_end = async { tells.read_u8().await };
    tokio::select! {
        () = of_streams => {}
        () = of_datagrams => {}
        _ = the_other_end => {}
    }
}
