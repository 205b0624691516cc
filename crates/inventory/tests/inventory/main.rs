//! The inventory file from outside: what is read, refused, written, compared and merged.
// Tests may say that something must be there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arbitrary;
mod demo;
mod diff;
mod hostile;
mod plan_edits;
mod plans;
mod read;
mod references;
mod round_trip;
