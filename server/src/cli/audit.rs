//! `holdfast audit …`: the log taken away, and verified where no server is.

use super::{
    Failure, Outcome,
    arguments::evidence::{Audit, AuditFilter, CallFilter},
    client::Client,
    output::{Output, lines, say, table},
};
use crate::http::v1::List;
use anyhow::{Context as _, anyhow};
use holdfast_api::{
    Page, Problem,
    audit::{AuditCallView, AuditEntryView},
    audit_log::{AuditKeyView, AuditLogView, AuditProofView, ConsistencyView},
};
use holdfast_audit::bundle::{Unverified, Verifier, verify};
use holdfast_audit::{Fault, Keyring, VerifyingKey};
use serde_json::{Value, json};
use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// # Errors
/// The server's refusal, that the export broke off, or the first fault of the log.
pub async fn audit(command: Audit, output: Output) -> Outcome {
    match command {
        Audit::List(filter) => list(filter, output).await,
        Audit::Calls(filter) => calls(filter, output).await,
        Audit::Show { id } => {
            let entry: AuditProofView =
                Client::from_environment()?.get(&format!("/api/v1/audit/{id}")).await?;
            output.show(&entry, show);
            Ok(())
        }
        Audit::Checkpoint => {
            let log: AuditLogView = Client::from_environment()?.get("/api/v1/audit/checkpoint").await?;
            output.show(&log, checkpoint);
            Ok(())
        }
        Audit::Keys => {
            let keys: List<AuditKeyView> = Client::from_environment()?.get("/api/v1/audit/keys").await?;
            output.show(&keys, |keys| {
                let line =
                    |key: &AuditKeyView| format!("{} signs from entry {}\n", key.public_key, key.from_size);
                if keys.items.is_empty() {
                    return "No key signs the log yet.".to_owned();
                }
                keys.items.iter().map(line).collect()
            });
            Ok(())
        }
        Audit::Consistency { from, to } => {
            let to = to.map(|to| format!("&to={to}")).unwrap_or_default();
            let path = format!("/api/v1/audit/consistency?from={from}{to}");
            let proof: ConsistencyView = Client::from_environment()?.get(&path).await?;
            output.show(&proof, |proof| {
                format!("from {} to {}\n{}", proof.from, proof.to, proof.hashes.join("\n"))
            });
            Ok(())
        }
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

async fn list(filter: AuditFilter, output: Output) -> Outcome {
    let AuditFilter { actor, action, subject, outcome, limit, cursor } = filter;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    for (name, value) in
        [("actor", actor), ("action", action), ("subject", subject), ("outcome", outcome), ("cursor", cursor)]
    {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    let page: Page<AuditEntryView> =
        Client::from_environment()?.get(&format!("/api/v1/audit?{}", query.finish())).await?;
    output.show(&page, |page| entries(&page.items));
    if let Some(next) = page.next.as_ref().filter(|_| !output.json) {
        say(&format!("More: --cursor {next}"));
    }
    Ok(())
}

async fn calls(filter: CallFilter, output: Output) -> Outcome {
    let CallFilter { person, run, click, limit, cursor } = filter;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    let click = click.map(|entry| entry.to_string());
    for (name, value) in [("person", person), ("run", run), ("click", click), ("cursor", cursor)] {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    let page: Page<AuditCallView> =
        Client::from_environment()?.get(&format!("/api/v1/audit/calls?{}", query.finish())).await?;
    output.show(&page, |page| {
        let row = |of: &AuditCallView| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let id = of.request_id.clone().unwrap_or_else(|| of.outcome.clone());
            vec![
                of.entry.to_string(),
                of.at.to_string(),
                text(&of.action),
                text(&of.region),
                id,
                of.person.clone(),
                text(&of.step),
                of.run.clone(),
            ]
        };
        let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
        table(&["ENTRY", "AT", "CALL", "REGION", "REQUEST ID", "FOR", "STEP", "RUN"], &rows)
    });
    if let Some(next) = page.next.as_ref().filter(|_| !output.json) {
        say(&format!("More: --cursor {next}"));
    }
    Ok(())
}

fn entries(all: &[AuditEntryView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            let outcome =
                of.code.as_ref().map_or_else(|| of.outcome.clone(), |code| format!("refused: {code}"));
            vec![
                of.id.to_string(),
                of.at.to_string(),
                of.action.clone(),
                of.subject.clone(),
                of.actor.clone(),
                outcome,
            ]
        })
        .collect();
    table(&["ENTRY", "AT", "ACTION", "SUBJECT", "BY", "OUTCOME"], &rows)
}

fn show(of: &AuditProofView) -> String {
    let entry = &of.entry;
    let mut text = entries(std::slice::from_ref(entry));
    text += &lines(&[
        ("reason", entry.reason.clone().unwrap_or_default()),
        ("detail", entry.detail.to_string()),
        (
            "proof",
            of.proof.as_ref().map_or_else(
                || "none yet: it is younger than the newest checkpoint".to_owned(),
                |proof| format!("entry {} of {} signed", proof.index, proof.checkpoint.size),
            ),
        ),
    ]);
    text
}

fn checkpoint(log: &AuditLogView) -> String {
    let mut text = match &log.checkpoint {
        Some(newest) => format!(
            "{} entries, signed at {}; {} younger\n{}\n",
            newest.size, newest.at, log.pending, newest.note
        ),
        None => "No checkpoint is signed yet.\n".to_owned(),
    };
    for place in &log.places {
        let size = place.size.map_or_else(|| "nothing yet".to_owned(), |size| format!("{size} entries"));
        let error = place.error.as_ref().map(|error| format!("; last try failed: {error}"));
        text.push_str(&format!("{}: {size}{}\n", place.name, error.unwrap_or_default()));
    }
    text
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
    let report = match verify(file, verifier, threads) {
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
pub fn read_key(given: &str) -> Result<VerifyingKey, Failure> {
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
