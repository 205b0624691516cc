//! `holdfast audit …`: the log taken away, and verified where no server is.

use super::{Failure, Outcome, arguments::Audit, client::Client, output::Output};
use anyhow::{Context as _, anyhow};
use holdfast_api::Problem;
use holdfast_audit::bundle::{Unverified, Verifier, verify};
use holdfast_audit::{Fault, Keyring, VerifyingKey};
use serde_json::{Value, json};
use std::{
    io::{BufReader, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// # Errors
/// The server's refusal, that the export broke off, or the first fault of the log.
pub async fn audit(command: Audit, output: Output) -> Outcome {
    match command {
        Audit::Export { to } => export(&to, output).await,
        Audit::Verify { file, public_key, checkpoints } => check(&file, &public_key, &checkpoints, output),
        Audit::NewKey { to } => {
            let key = holdfast_engine::audit::new_key(&to).map_err(|words| Failure::Other(anyhow!(words)))?;
            output.show(&json!({ "file": to, "public_key": key.to_string() }), |_| {
                format!(
                    "{key}\nGive this public key to whoever verifies the log. The private one is in {}.",
                    to.display()
                )
            });
            Ok(())
        }
    }
}

async fn export(to: &Path, output: Output) -> Outcome {
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
    let (mut last, mut line) = (Vec::new(), Vec::new());
    while let Some(chunk) = response.chunk().await.context("the export broke off; nothing was kept")? {
        file.write_all(&chunk)?;
        for byte in &chunk {
            if *byte == b'\n' {
                last = std::mem::take(&mut line);
            } else {
                line.push(*byte);
            }
        }
    }
    let end: Value = serde_json::from_slice(&last).unwrap_or_default();
    let Some(entries) = end.get("end").and_then(Value::as_u64) else {
        std::fs::remove_file(&beside).ok();
        let said = String::from_utf8_lossy(&last).into_owned();
        return Err(Failure::Other(anyhow!("the export broke off; nothing was kept: {said}")));
    };
    file.sync_all()?;
    std::fs::rename(&beside, to).with_context(|| format!("{shown} cannot be written"))?;
    output.show(&json!({ "file": shown, "entries": entries }), |_| {
        format!("{entries} entries with their checkpoints to {shown}.\n`holdfast audit verify {shown} --public-key KEY` checks it.")
    });
    Ok(())
}

/// Exit code 1 with the first bad entry, 0 with what was proved. Needs no server.
fn check(path: &Path, public_key: &str, checkpoints: &[PathBuf], output: Output) -> Outcome {
    let key = read_key(public_key)?;
    let mut verifier = Verifier::new(Keyring::of(key));
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    for place in checkpoints {
        let text =
            std::fs::read_to_string(place).with_context(|| format!("{} cannot be read", place.display()))?;
        for note in notes(&text) {
            verifier.witness(note);
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let report = match verify(BufReader::with_capacity(1 << 20, file), verifier, threads) {
        Ok(report) => report,
        Err(Unverified::Fault(fault)) => return Err(bad(&fault)),
        Err(Unverified::Io(error)) => return Err(Failure::Other(error.into())),
    };
    output.show(&json!({ "verified": true, "report": report }), |_| {
        let until = report.until.as_deref().unwrap_or("never");
        format!(
            "Whole: {} entries under {} signed checkpoints, the last of {until}; {} kept apart from the database agree.\n\
             {} younger entries are under no checkpoint yet and prove nothing.",
            report.entries, report.checkpoints, report.witnesses, report.pending
        )
    });
    Ok(())
}

/// The key itself, or a file that holds it.
fn read_key(given: &str) -> Result<VerifyingKey, Failure> {
    let text = if given.contains('+') && !Path::new(given).exists() {
        given.to_owned()
    } else {
        std::fs::read_to_string(given)
            .map_err(|error| Failure::Usage(format!("--public-key: {given} cannot be read: {error}")))?
    };
    VerifyingKey::parse(&text).map_err(|error| Failure::Usage(format!("--public-key: {error}")))
}

/// Of a file of checkpoints as Holdfast keeps it, or of one note.
fn notes(text: &str) -> Vec<String> {
    let lines: Vec<String> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?.get("note")?.as_str().map(str::to_owned))
        .collect();
    if lines.is_empty() { vec![text.to_owned()] } else { lines }
}

fn bad(fault: &Fault) -> Failure {
    let way_out = "Keep this file and the checkpoints as they are: they are the evidence. Compare with an older export to \
                   see what was changed.";
    let mut problem =
        Problem::new(422, "audit_log_not_whole", "The audit log is not whole", fault.to_string(), way_out);
    problem.blocked_by = fault.entry.map(|entry| entry.to_string());
    problem.into()
}
