//! `cargo xtask page`: what the browser loads, into `TARGET/web/`. The module of `frontend/hydrate` goes through
//! rustc for wasm32, wasm-bindgen and wasm-opt; it and the files of `frontend/assets` are named by their content
//! and compressed beside themselves. `server/build.rs` compiles the folder into the binary. A step whose input
//! did not change is not repeated.

use crate::{compiler::Compiler, content};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};
use wasm_bindgen_cli_support::Bindgen;

/// npm's binaryen: Debian 12's own (108) writes a module that loads without an error and never hydrates.
const WASM_OPT: &str = "e2e/node_modules/binaryen/bin/wasm-opt";
const WASM_OPT_FLAGS: [&str; 7] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-reference-types",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];
const MANIFEST: &str = "manifest";
/// Raised when this file treats the same module differently from before.
const RECIPE: u32 = 1;

pub fn run(root: &Path) -> Result<()> {
    let target = target_folder(root);
    // Not `page`: Cargo keeps the profile of that name there.
    let page = target.join("web");
    fs::create_dir_all(&page)?;

    let raw = compile(root, &target)?;
    let made_from = made_from(root, &raw)?;
    let mut keep = BTreeSet::from([MANIFEST.to_owned()]);
    let known = Manifest::read(&page);
    let module = if known.made_from == made_from && module_is_there(&page, &known.module) {
        println!("page: the module is up to date");
        known.module.clone()
    } else {
        let (js, wasm) = bind_and_shrink(root, &target, &raw)?;
        // One address for both: leptos' loader takes a single name for the pair.
        let module = format!("holdfast-{}", content::address(&[js.as_slice(), wasm.as_slice()].concat()));
        store(&page, &format!("{module}.js"), &js)?;
        store(&page, &format!("{module}.wasm"), &wasm)?;
        module
    };
    for extension in ["js", "wasm"] {
        keep.extend(variants(&format!("{module}.{extension}")));
    }
    for (name, bytes) in content::files(&root.join("frontend/assets"))? {
        let file = content::file_name(&name, &bytes);
        store(&page, &file, &bytes)?;
        keep.extend(variants(&file));
    }
    let files = keep.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let manifest = Manifest { module, made_from, files };
    if manifest != known {
        manifest.write(&page)?;
    }
    remove_all_but(&keep, &page)?;
    println!("page: {}", page.display());
    Ok(())
}

fn target_folder(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// The module as rustc leaves it. Cargo decides whether anything is to be done.
fn compile(root: &Path, target: &Path) -> Result<PathBuf> {
    let compiler = Compiler::find(root)?;
    println!("page: compiling for wasm32 with {}", compiler.name());
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args([
            "build",
            "--profile",
            "page",
            "--target",
            "wasm32-unknown-unknown",
            "--package",
            "holdfast-hydrate",
        ])
        .env("CARGO_TARGET_DIR", target);
    compiler.apply_to(&mut cargo);
    let status = cargo.status().context("cargo could not be started")?;
    ensure!(status.success(), "the page's module does not compile");
    Ok(target.join("wasm32-unknown-unknown/page/holdfast_hydrate.wasm"))
}

/// What the finished module depends on: the raw module, which carries wasm-bindgen's version, and everything
/// that is done to it.
fn made_from(root: &Path, raw: &Path) -> Result<String> {
    let module = fs::read(raw).with_context(|| format!("{} is missing after its build", raw.display()))?;
    let binaryen = fs::read_to_string(root.join("e2e/node_modules/binaryen/package.json"))
        .context("npm's binaryen is missing: run `scripts/setup node`")?;
    let binaryen: Value = serde_json::from_str(&binaryen).context("binaryen's package.json is not JSON")?;
    Ok(format!(
        "module {}, recipe {RECIPE}, binaryen {} {}",
        content::address(&module),
        binaryen["version"].as_str().unwrap_or("unknown"),
        WASM_OPT_FLAGS.join(" "),
    ))
}

fn bind_and_shrink(root: &Path, target: &Path, raw: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
    println!("page: wasm-bindgen");
    let mut bindgen = Bindgen::new();
    let mut output = bindgen
        .input_path(raw)
        .out_name("holdfast")
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        // The loader names the module; without this the script asks for a file that has no hash in its name.
        .omit_default_module_path(true)
        .generate_output()
        .context("wasm-bindgen refused the module")?;
    let inline =
        output.snippets().iter().filter(|(_, files)| !files.is_empty()).map(|(crate_name, _)| crate_name);
    if let Some(source) = inline.chain(output.local_modules().keys()).next() {
        bail!(
            "`{source}` brings JavaScript files of its own, which this build does not serve: use web-sys instead"
        );
    }
    let js = output.js().as_bytes().to_vec();

    println!("page: wasm-opt");
    let work = target.join("web-work");
    fs::create_dir_all(&work)?;
    let (bound, shrunk) = (work.join("bound.wasm"), work.join("shrunk.wasm"));
    fs::write(&bound, output.wasm_mut().emit_wasm())?;
    let status = Command::new("node")
        .arg(root.join(WASM_OPT))
        .args(WASM_OPT_FLAGS)
        .arg(&bound)
        .arg("-o")
        .arg(&shrunk)
        .status()
        .context("node could not be started")?;
    ensure!(status.success(), "wasm-opt failed on {}", bound.display());
    let wasm = fs::read(&shrunk)?;
    fs::remove_dir_all(&work)?;
    Ok((js, wasm))
}

/// The file and its compressed twins, unless that very content is there already.
fn store(page: &Path, file: &str, bytes: &[u8]) -> Result<()> {
    if variants(file).all(|variant| page.join(variant).exists()) {
        return Ok(());
    }
    if content::is_compressible(file) {
        let brotli = brotli(bytes)?;
        println!("page: {file}, {} bytes, {} as brotli", bytes.len(), brotli.len());
        fs::write(page.join(format!("{file}.br")), brotli)?;
        fs::write(page.join(format!("{file}.gz")), gzip(bytes)?)?;
    }
    fs::write(page.join(file), bytes)?;
    Ok(())
}

fn variants(file: &str) -> impl Iterator<Item = String> + use<> {
    let twins: &[&str] = if content::is_compressible(file) { &["", ".br", ".gz"] } else { &[""] };
    let file = file.to_owned();
    twins.iter().map(move |twin| format!("{file}{twin}"))
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let (buffer, quality, window_bits) = (64 * 1024, 11, 22);
    let mut writer = brotli::CompressorWriter::new(&mut out, buffer, quality, window_bits);
    writer.write_all(bytes)?;
    writer.flush()?;
    drop(writer);
    Ok(out)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// What the last build made, in lines of `key value`: `server/build.rs` reads it without a JSON parser.
#[derive(Debug, Default, PartialEq)]
struct Manifest {
    module: String,
    made_from: String,
    /// Everything beside it. The server is built anew when this file changes, so a new twin must show in it.
    files: String,
}

impl Manifest {
    /// Anything unreadable counts as nothing and is made anew.
    fn read(page: &Path) -> Self {
        let text = fs::read_to_string(page.join(MANIFEST)).unwrap_or_default();
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
            line.unwrap_or_default().to_owned()
        };
        Self { module: value("module"), made_from: value("made_from"), files: value("files") }
    }

    fn write(&self, page: &Path) -> Result<()> {
        let Self { module, made_from, files } = self;
        let text = format!("module {module}\nmade_from {made_from}\nfiles {files}\n");
        Ok(fs::write(page.join(MANIFEST), text)?)
    }
}

fn module_is_there(page: &Path, module: &str) -> bool {
    let files = ["js", "wasm"].into_iter().flat_map(|extension| variants(&format!("{module}.{extension}")));
    !module.is_empty() && files.into_iter().all(|file| page.join(file).exists())
}

fn remove_all_but(keep: &BTreeSet<String>, page: &Path) -> Result<()> {
    for entry in fs::read_dir(page)? {
        let entry = entry?;
        if entry.file_name().to_str().is_none_or(|name| !keep.contains(name)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
