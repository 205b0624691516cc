//! `holdfast bundle …`: what there is to act with where no server is. Status, copies, codes and handing in ask the server;
//! the rest needs none.

mod execute;
mod words;

use super::{
    Failure, Outcome,
    arguments::bundle::{Bundle as Asked, Show, Verify},
    client::{As, Client, segment},
    output::{Output, lines, table},
    password,
};
use anyhow::Context as _;
use holdfast_api::Problem;
use holdfast_api::bundles::{BundleView, HandedInView, NewOfflineCodeView};
use holdfast_audit::VerifyingKey;
use holdfast_offline::Fault;
use holdfast_offline::bundle::{Bundle, Open, STALE_AFTER};
use reqwest::Method;
use serde_json::{Value, json};
use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

/// # Errors
/// The server's refusal, or why the bundle or the journal is not believed.
pub async fn bundle(command: Asked, output: Output) -> Outcome {
    match command {
        Asked::Status => {
            let view: BundleView = Client::from_environment()?.get("/api/v1/bundle").await?;
            output.show(&view, status);
        }
        Asked::Export { to } => {
            let copy = Client::from_environment()?.get_text("/api/v1/bundle/copy", "text/plain").await?;
            write(&to, &copy)?;
            let shown = to.display().to_string();
            output.show(&json!({ "file": shown, "bytes": copy.len() }), |_| {
                format!(
                    "The bundle is in {shown}. `holdfast bundle verify {shown} --public-key KEY` checks it."
                )
            });
        }
        Asked::MakeCode => {
            let client = Client::from_environment()?;
            let made: NewOfflineCodeView =
                client.change(Method::POST, "/api/v1/offline_codes", None::<&Value>, As::Person, &[]).await?;
            output.show(&made, |made| {
                format!(
                    "{}\n\nIt is not shown again. Write it down and keep it away from the bundle: with both, your plans are carried out in your name.",
                    made.code
                )
            });
        }
        Asked::EndCode { id } => {
            let path = format!("/api/v1/offline_codes/{}", segment(&id));
            let client = Client::from_environment()?;
            client.change::<Value>(Method::DELETE, &path, None::<&Value>, As::Person, &[]).await?;
            output.show(&json!({ "ended": id }), |_| "The next bundle is not opened by it.".to_owned());
        }
        Asked::Import { journal } => {
            let text = std::fs::read_to_string(&journal)
                .with_context(|| format!("{} cannot be read", journal.display()))?;
            let client = Client::from_environment()?;
            let body = json!({ "journal": text });
            let view: HandedInView =
                client.change(Method::POST, "/api/v1/journals", Some(&body), As::Person, &[]).await?;
            output.show(&view, handed_in);
        }
        Asked::Verify(verify) => {
            let (bundle, keys) = read(&verify)?;
            let now = holdfast_clock::now();
            bundle.still_good(now).map_err(of_fault)?;
            let signed = bundle.entries_signed(&keys);
            let head = &bundle.head;
            let stale = now.duration_since(head.made_at) > STALE_AFTER;
            let shown =
                json!({ "verified": true, "stale": stale, "head": head, "audit_entries_signed": signed });
            output.show(&shown, |_| words::head(head, stale, signed));
        }
        Asked::Show(show) => {
            let open = open(&show)?;
            output.show(&open.contents, |_| words::contents(&open, show.application.as_deref()));
        }
        Asked::Execute(execute) => return execute::execute(*execute, output).await,
    }
    Ok(())
}

fn read(verify: &Verify) -> Result<(Bundle, Vec<VerifyingKey>), Failure> {
    let keys =
        verify.public_keys.iter().map(|key| super::audit::read_key(key)).collect::<Result<Vec<_>, _>>()?;
    let shown = verify.bundle.display();
    let text = std::fs::read(&verify.bundle).with_context(|| format!("{shown} cannot be read"))?;
    // What is no text was changed.
    let text = String::from_utf8_lossy(&text);
    Ok((Bundle::read(&text, &keys).map_err(of_fault)?, keys))
}

fn open(show: &Show) -> Result<Open, Failure> {
    let (bundle, _) = read(&show.of)?;
    let code = password::read(show.code_stdin, "Offline code")?;
    let open = bundle.open(&code).map_err(of_fault)?;
    if let Some(name) = &show.application {
        open.application(name).map_err(of_fault)?;
    }
    Ok(open)
}

fn of_fault(fault: Fault) -> Failure {
    Problem::new(422, fault.code, "Refused", fault.sentence, fault.way_out).into()
}

/// For its owner alone, and whole or not at all.
fn write(to: &Path, text: &str) -> Outcome {
    let beside = to.with_extension("part");
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, to));
    written.with_context(|| format!("{} cannot be written", to.display()))?;
    Ok(())
}

fn status(view: &BundleView) -> String {
    let old = view.age_seconds.is_some_and(|age| age > STALE_AFTER.as_secs_f64());
    let made = match view.made_at {
        Some(at) if old => format!("{at:.0}: STALE"),
        Some(at) => format!("{at:.0}"),
        None => "never".to_owned(),
    };
    let mut text = lines(&[
        ("newest", made),
        ("holds", format!("{} plans of {} applications", view.plans, view.applications)),
    ]);
    let rows: Vec<Vec<String>> = view
        .places
        .iter()
        .map(|place| {
            let state = match (place.made_at, place.stale) {
                (None, _) => "nothing".to_owned(),
                (Some(at), true) => format!("{at:.0}: STALE"),
                (Some(at), false) => format!("{at:.0}"),
            };
            vec![place.name.clone(), state, place.error.clone().unwrap_or_default()]
        })
        .collect();
    if !rows.is_empty() {
        text += &table(&["PLACE", "HOLDS ONE FROM", "LAST TRY FAILED"], &rows);
    }
    let rows: Vec<Vec<String>> = view
        .opened_by
        .iter()
        .map(|code| vec![code.id.to_string(), code.person.clone(), code.made_at.to_string()])
        .collect();
    if !rows.is_empty() {
        text += &table(&["OFFLINE CODE", "OF", "MADE"], &rows);
    }
    for problem in &view.problems {
        text += &format!("! {problem}\n");
    }
    text
}

fn handed_in(view: &HandedInView) -> String {
    let (run, application) = (&view.run, &view.application);
    if view.already {
        return format!("Run {run} of {application} was handed in before: nothing was changed.");
    }
    format!(
        "Run {run} of {application} is written down with {} entries, marked as executed offline.\nThe review of break-glass {} is due: somebody else closes it.",
        view.entries, view.break_glass
    )
}
