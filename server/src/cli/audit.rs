//! `holdfast audit …`.

use super::{Failure, Outcome, arguments::Audit, client::Client, output::Output};
use anyhow::{Context as _, anyhow};
use serde_json::json;
use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};

/// # Errors
/// The server's refusal, or that the export broke off.
pub async fn audit(command: Audit, output: Output) -> Outcome {
    match command {
        Audit::Export { to } => export(&to, output).await,
        Audit::Verify { .. } => Err(Failure::Other(anyhow!(
            "`audit verify` is not in this version: entries are insert-only in the database, but not yet chained \
             and signed, so there is nothing that could be verified offline"
        ))),
    }
}

async fn export(to: &std::path::Path, output: Output) -> Outcome {
    let mut response = Client::from_environment()?.stream("/api/v1/audit/export").await?;
    let shown = to.display().to_string();
    let beside = to.with_extension("part");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .with_context(|| format!("{} cannot be written", beside.display()))?;
    let (mut entries, mut line) = (0_usize, Vec::new());
    while let Some(chunk) = response.chunk().await.context("the export broke off; nothing was kept")? {
        file.write_all(&chunk)?;
        for byte in &chunk {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            if line.starts_with(b"{\"problem\"") {
                let said = String::from_utf8_lossy(&line).into_owned();
                return Err(Failure::Other(anyhow!("the export broke off; nothing was kept: {said}")));
            }
            entries += 1;
            line.clear();
        }
    }
    file.sync_all()?;
    std::fs::rename(&beside, to).with_context(|| format!("{shown} cannot be written"))?;
    output.show(&json!({ "file": shown, "entries": entries }), |_| {
        format!("{entries} entries, newest first, to {shown}.")
    });
    Ok(())
}
