//! The simulator, driven through the AWS SDKs as Holdfast drives it. What is proved here is the wire: the
//! SDKs refuse answers that are only nearly right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

mod arc;
mod aurora;
mod backup;
mod cloudfront;
mod compute;
mod control;
mod demo;
mod dns;
mod ecs;
mod faults;
mod functions;
mod harness;
mod health_checks;
mod names;
mod objects;
mod persist;
mod private_zones;
mod region_switch;
mod replicas;
mod stacks;
mod stores;
mod sts;
mod supporting;
mod traffic;
