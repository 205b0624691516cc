//! The tools of the house: `cargo xtask page` builds what the browser loads, `cargo xtask map` draws the world
//! map. Nothing here runs in production.

mod compiler;
mod content;
mod map;
mod page;

use anyhow::{Context, Result, bail};
use std::{env, path::Path};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in no workspace")?;
    match env::args().nth(1).as_deref() {
        Some("page") => page::run(root),
        Some("map") => map::run(root),
        other => bail!("unknown task {other:?}: there are `page` and `map`"),
    }
}
