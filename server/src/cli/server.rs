//! The commands that run something, and those that prepare for it.

use super::{
    Failure, Outcome,
    arguments::{Migrate, Serve, Worker},
    log,
    output::{Output, say},
};
use crate::{
    config::{Environment, Flags, Settings, Task, decide, merge},
    http, serve,
};
use anyhow::Context as _;
use serde_json::json;
use std::path::PathBuf;

/// # Errors
/// Settings that are missing or wrong.
pub fn settings(flags: &Flags, task: Task) -> Result<Settings, Failure> {
    Ok(decide(merge(flags, &environment())?, task)?)
}

#[must_use]
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

pub async fn serve(config: Option<PathBuf>, arguments: Serve) -> Outcome {
    log::to_stderr("info");
    #[cfg(feature = "demo")]
    let demo = arguments.demo;
    #[cfg(not(feature = "demo"))]
    let demo = false;
    let Serve { listen, data, no_worker, .. } = arguments;
    let settings = settings(&Flags { config, listen, data }, Task::Serve)?;
    Ok(serve::run(settings, demo, !no_worker).await?)
}

pub async fn worker(config: Option<PathBuf>, arguments: Worker) -> Outcome {
    log::to_stderr("info");
    let settings = settings(&Flags { config, listen: None, data: arguments.data }, Task::Work)?;
    Ok(serve::run_worker(settings).await?)
}

pub async fn migrate(config: Option<PathBuf>, arguments: Migrate, output: Output) -> Outcome {
    log::to_stderr("warn");
    let settings = settings(&Flags { config, listen: None, data: arguments.data }, Task::Migrate)?;
    let notes = serve::migrate(&settings).await?;
    output.show(&json!({ "migrated": true, "notes": notes }), |_| {
        let mut text = "The database is at this version.\n".to_owned();
        for note in &notes {
            text.push_str(note);
            text.push('\n');
        }
        text
    });
    Ok(())
}

pub fn openapi() -> Outcome {
    let text = http::v1::document().to_pretty_json().context("the document")?;
    say(&text);
    Ok(())
}
