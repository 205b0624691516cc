//! The thin outside of Holdfast: the command line, the configuration, REST, sessions and live events, and the
//! wiring of everything else into one process. No rule of disaster recovery stands here.

#![allow(clippy::result_large_err, reason = "a problem is the answer itself, made once in a refused request")]

pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod guarded;
pub mod http;
pub mod oidc;
pub mod panics;
pub mod serve;
pub mod signals;
#[cfg(feature = "demo")]
pub mod simulator;
pub mod state;
