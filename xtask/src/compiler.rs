//! Which rustc builds the page: the one that builds everything else where it has the wasm32 target (rustup), or
//! Debian's with the library that `scripts/setup wasm` built for it. It looks and chooses; it installs nothing.

use anyhow::{Context, Result, bail};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

#[derive(Debug)]
pub enum Compiler {
    Rustup,
    Debian { rustc: PathBuf, linker: PathBuf },
}

impl Compiler {
    /// `HOLDFAST_WASM_ROUTE=rustup|debian` forces one, as it does for `scripts/setup`.
    pub fn find(root: &Path) -> Result<Self> {
        let forced = env::var("HOLDFAST_WASM_ROUTE").ok();
        if forced.as_deref() != Some("debian") && rustup_has_the_target(root)? {
            return Ok(Self::Rustup);
        }
        let home = cache_folder()?.join("wasm");
        let (rustc, linker) = (home.join("rustc"), home.join("linker"));
        if forced.as_deref() != Some("rustup") && rustc.exists() && linker.exists() {
            return Ok(Self::Debian { rustc, linker });
        }
        bail!("the target wasm32-unknown-unknown is missing: run `scripts/setup wasm`")
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Rustup => "rustup's rustc",
            Self::Debian { .. } => "Debian's rustc",
        }
    }

    pub fn apply_to(&self, cargo: &mut Command) {
        if let Self::Debian { rustc, linker } = self {
            cargo.env("RUSTC", rustc).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
}

fn rustup_has_the_target(root: &Path) -> Result<bool> {
    let output = Command::new("rustc")
        .current_dir(root)
        .args(["--print", "sysroot"])
        .output()
        .context("rustc could not be started")?;
    let sysroot = String::from_utf8(output.stdout).context("rustc's sysroot is not UTF-8")?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown/lib").is_dir())
}

/// The same folder as in `scripts/lib.sh`.
fn cache_folder() -> Result<PathBuf> {
    let from = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("HOLDFAST_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|folder| folder.join("holdfast")))
        .or_else(|| from("HOME").map(|folder| folder.join(".cache/holdfast")))
        .context("none of HOLDFAST_CACHE, XDG_CACHE_HOME and HOME is set")
}
