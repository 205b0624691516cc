//! The tools of the house: `cargo xtask page` builds what the browser loads, `cargo xtask map` draws the world
//! map, `cargo xtask sbom` lists what is built into the binary. Nothing here runs in production.

mod compiler;
mod content;
mod map;
mod page;
mod sbom;

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
        Some("sbom") => sbom::run(root),
        Some(other) => bail!("there is no task `{other}`: there are `page`, `map` and `sbom`"),
        None => bail!("which task? There are `page`, `map` and `sbom`"),
    }
}
