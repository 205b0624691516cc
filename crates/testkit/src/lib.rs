//! What tests share: a database of their own within a second, and the people, inventory and requests that
//! most stories begin with. For tests only: it panics where they should fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test that cannot be set up has failed.

mod builders;
mod database;
mod heard;
mod injected;
mod pair;

pub use builders::{inventory, person, request, run_id, who};
pub use database::{TestDatabase, sealing, stop_shared_cluster, test_database};
pub use heard::Heard;
pub use injected::Injected;
pub use pair::{Pair, Replication};
