//! Compiles the page into the binary: the files of `frontend/assets` and, where `cargo xtask page` has run, the
//! browser's module and the compressed twins. Without it the server still builds and its pages work with scripts
//! off. The folder is `HOLDFAST_PAGE_DIR`, by default `web` in Cargo's target folder.

#[path = "../xtask/src/content.rs"]
mod content;

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let page = page_folder(&out)?;
    let manifest = page.join("manifest");
    // Cargo runs a script whose watched file is missing at every build.
    if !manifest.exists() {
        fs::create_dir_all(&page)?;
        fs::write(&manifest, "")?;
    }
    println!("cargo:rerun-if-env-changed=HOLDFAST_PAGE_DIR");
    println!("cargo:rerun-if-changed={}", manifest.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../xtask/src/content.rs");

    let text = fs::read_to_string(&manifest)?;
    let module = text.lines().find_map(|line| line.strip_prefix("module ")).unwrap_or_default();
    let mut table = String::new();
    let mut loaded = false;
    if !module.is_empty() && page.join(format!("{module}.wasm")).exists() {
        for extension in ["js", "wasm"] {
            let file = format!("{module}.{extension}");
            entry(&mut table, &format!("holdfast.{extension}"), &file, &page.join(&file), &page)?;
        }
        loaded = true;
    }
    let assets = Path::new(&env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?)
        .join("../frontend/assets");
    if assets.exists() {
        println!("cargo:rerun-if-changed={}", assets.display());
    }
    for (name, bytes) in content::files(&assets)? {
        entry(&mut table, &name, &content::file_name(&name, &bytes), &assets.join(&name), &page)?;
    }
    let module = if loaded { format!("Some({module:?})") } else { "None".to_owned() };
    let source =
        format!("static MODULE: Option<&str> = {module};\nstatic ASSETS: &[Asset] = &[\n{table}];\n");
    fs::write(out.join("assets.rs"), source)?;
    Ok(())
}

/// One line of the table. A twin is taken only where its name, which is its content's address, fits.
fn entry(table: &mut String, name: &str, file: &str, raw: &Path, page: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = |path: &Path| -> Result<String, Box<dyn Error>> {
        Ok(format!("include_bytes!({:?})", path.canonicalize()?))
    };
    let twin = |extension: &str| -> Result<String, Box<dyn Error>> {
        let path = page.join(format!("{file}.{extension}"));
        if content::is_compressible(name) && path.exists() {
            return Ok(format!("Some({})", bytes(&path)?));
        }
        Ok("None".to_owned())
    };
    writeln!(
        table,
        "    Asset {{ name: {name:?}, url: {:?}, identity: {}, brotli: {}, gzip: {} }},",
        format!("/assets/{file}"),
        bytes(raw)?,
        twin("br")?,
        twin("gz")?,
    )?;
    Ok(())
}

/// `OUT_DIR` lies somewhere under the target folder, which Cargo marks.
/// `OUT_DIR` is TARGET/[TRIPLE/]PROFILE/build/PACKAGE/out; the triple's folder is there when cargo was given one.
/// No marker file is looked for: cargo leaves none in a folder that it did not make itself.
fn page_folder(out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    if let Some(folder) = env::var_os("HOLDFAST_PAGE_DIR") {
        return Ok(folder.into());
    }
    let above = out.ancestors().nth(4).ok_or("no target folder above OUT_DIR: set HOLDFAST_PAGE_DIR")?;
    let triple = env::var_os("TARGET").ok_or("cargo sets TARGET")?;
    let target = if above.file_name() == Some(&triple) { above.parent().unwrap_or(above) } else { above };
    Ok(target.join("web"))
}
