//! What `postmaster.pid` says, and whether it is still true. A server whose Holdfast was killed lives on;
//! a server that was killed leaves the file behind.

use std::path::Path;

/// Lines 1, 4 and 8 of the file, as Postgres documents them in its `pidfile.h`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Postmaster {
    pub pid: i32,
    pub port: u16,
    pub ready: bool,
}

impl Postmaster {
    /// `None`: no server runs there (the file may be missing, half-written or stale).
    pub fn running(cluster: &Path) -> Option<Self> {
        let found = parse(&std::fs::read_to_string(cluster.join("postmaster.pid")).ok()?)?;
        found.lives_in(cluster).then_some(found)
    }

    /// A process number may have been given to somebody else since: the command line tells.
    fn lives_in(&self, cluster: &Path) -> bool {
        let Ok(command_line) = std::fs::read(format!("/proc/{}/cmdline", self.pid)) else { return false };
        command_line.split(|b| *b == 0).any(|argument| argument == cluster.as_os_str().as_encoded_bytes())
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.pid) {
            // Gone already is what was wanted.
            rustix::process::kill_process(pid, signal).ok();
        }
    }
}

fn parse(text: &str) -> Option<Postmaster> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let port = lines.nth(2).and_then(|l| l.trim().parse().ok()).unwrap_or(0);
    let ready = lines.nth(3).is_some_and(|l| l.trim() == "ready");
    Some(Postmaster { pid, port, ready })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_counts_as_ready_only_when_it_says_so() {
        let text = "123\n/x/cluster\n1700000000\n5433\n/x/socket\n127.0.0.1\n  5 6\nready   \n";
        assert_eq!(parse(text), Some(Postmaster { pid: 123, port: 5433, ready: true }));
        assert_eq!(parse(&text.replace("ready   ", "starting")).map(|p| p.ready), Some(false));
        assert_eq!(parse("123\n/x\n17\n").map(|p| p.ready), Some(false));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_process_that_is_not_this_clusters_server_is_not_taken_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("{}\n/x\n17\n5433\n/s\n127.0.0.1\n\nready\n", std::process::id());
        std::fs::write(dir.path().join("postmaster.pid"), text).unwrap();
        assert_eq!(Postmaster::running(dir.path()), None);
    }
}
