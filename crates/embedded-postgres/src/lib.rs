//! A private Postgres cluster out of the server binaries that the machine already has: for running
//! Holdfast with no configuration and for the tests. It knows where the binaries and the data are, as
//! whom the server runs, and how to find it again after a crash. It knows nothing of Holdfast's schema,
//! and it is no way to run Postgres for a production Holdfast.

mod binaries;
mod cluster;
mod error;
mod place;
mod postmaster;
mod user;

pub use cluster::{EmbeddedPostgres, Options};
pub use error::Error;

/// The role that owns the cluster and its databases; migrations run as it.
pub const OWNER_ROLE: &str = "holdfast_owner";
/// The lesser role that the application works as. The store's migrations make it.
pub const APP_ROLE: &str = "holdfast_app";
/// The database that a new cluster gets.
pub const DATABASE: &str = "holdfast";
