//! What the server shows of itself, with a control plane whose answers are fixed: shapes, statuses, sessions and
//! origins. What the answers mean is tested where they are made.
#![allow(clippy::result_large_err, reason = "a problem is the answer itself")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod audited;
mod authority;
mod bodies;
mod broken;
mod canary;
mod command_line;
mod coverage;
mod due;
mod fake;
mod guesses;
mod heard;
mod house;
mod inventory;
mod live;
mod offline;
mod origins;
mod pace;
mod pages;
mod parsers;
mod passkeys;
mod policy_reports;
mod provider;
mod proxies;
mod refusals;
mod repeats;
mod runs;
mod sessions;
mod smuggling;
#[path = "../../../crates/app/tests/it/software_key.rs"]
mod software_key;
mod step_up;
mod stranded;
mod two_servers;
mod wrapped_keys;
