//! Renders every page in every state into a folder of HTML files, for eyes and for axe: no backend needed.
//! `cargo run --release -p holdfast-frontend --features ssr --example gallery -- FOLDER`, then serve the folder.

#[path = "../../tests/fixtures/mod.rs"]
mod fixtures;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let Some(folder) = env::args().nth(1).map(PathBuf::from) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "say into which folder"));
    };
    let assets = folder.join("assets");
    fs::create_dir_all(&assets)?;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"))? {
        let entry = entry?;
        fs::copy(entry.path(), assets.join(entry.file_name()))?;
    }
    let mut index = String::from("<!doctype html><html lang=\"en\"><title>Gallery</title><ul>");
    for (name, html) in fixtures::gallery() {
        fs::write(folder.join(format!("{name}.html")), html)?;
        index.push_str(&format!("<li><a href=\"{name}.html\">{name}</a>"));
    }
    fs::write(folder.join("index.html"), index)
}
