//! The simulator, driven through the AWS SDKs as Holdfast drives it. What is proved here is the wire: the
//! SDKs refuse answers that are only nearly right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

mod aurora;
mod control;
mod demo;
mod dns;
mod ecs;
mod faults;
mod harness;
mod persist;
mod sts;
mod traffic;
