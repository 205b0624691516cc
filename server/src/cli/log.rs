//! Where the log goes: standard error, as text or JSON lines, narrowed by `HOLDFAST_LOG` in the syntax of
//! tracing's filters.

use std::{fs, io::IsTerminal as _, path::Path};
use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

fn filter(default: &str) -> EnvFilter {
    let given = std::env::var("HOLDFAST_LOG").ok().filter(|text| !text.is_empty());
    EnvFilter::try_new(given.as_deref().unwrap_or(default)).unwrap_or_else(|_| EnvFilter::new(default))
}

pub fn to_stderr(default: &str) {
    let json = std::env::var("HOLDFAST_LOG_FORMAT").is_ok_and(|format| format == "json");
    let registry = tracing_subscriber::registry();
    if json {
        registry.with(fmt::layer().json().with_writer(std::io::stderr).with_filter(filter(default))).init();
    } else {
        let layer = fmt::layer()
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        registry.with(layer.with_filter(filter(default))).init();
    }
}

/// Warnings to standard error, and everything else that is told to a file beside the data.
pub fn to_file(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let written = fs::OpenOptions::new().create(true).append(true).open(file)?;
    let all = fmt::layer().with_ansi(false).with_writer(std::sync::Arc::new(written));
    let warnings = fmt::layer()
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(all.with_filter(filter("info")))
        .with(warnings.with_filter(EnvFilter::new("warn")))
        .init();
    Ok(())
}
