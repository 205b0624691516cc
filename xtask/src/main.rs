//! The tools of the house: `cargo xtask page` builds what the browser loads, `cargo xtask map` draws the world
//! map. Nothing here runs in production.

mod compiler;
mod content;
mod map;
mod page;

use anyhow::{Context, Result, bail};
use std::{env, path::Path, process::ExitCode};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a backtrace, whatever RUST_BACKTRACE says: what failed is a tool that these call.
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in no workspace")?;
    match env::args().nth(1).as_deref() {
        Some("page") => page::run(root),
        Some("map") => map::run(root),
        Some(other) => bail!("there is no task `{other}`: there are `page` and `map`"),
        None => bail!("which task? There are `page` and `map`"),
    }
}
