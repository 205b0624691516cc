//! `holdfast apply` and `export`.

use super::{
    Failure, Outcome,
    arguments::{Apply, Export, FileFormat},
    client::Client,
    output::Output,
};
use anyhow::Context as _;
use holdfast_api::inventory::InventoryDiff;
use std::{
    io::{Read as _, Write as _},
    path::Path,
};

/// # Errors
/// The server's refusal, with every line that is wrong.
pub async fn apply(apply: Apply, output: Output) -> Outcome {
    let file = read_file(&apply.file)?;
    let by_name = apply.file.extension().is_some_and(|extension| extension == "json");
    let json = by_name || (is_standard_input(&apply.file) && file.trim_ascii_start().starts_with(b"{"));
    let kind = if json { "application/json" } else { "application/yaml" };
    let client = Client::from_environment()?;
    let path = format!("/api/v1/inventory?dry_run={}&prune={}", apply.dry_run, apply.prune);
    let diff: InventoryDiff = client.put_file(&path, file, kind).await?;
    output.show(&diff, |diff| {
        let mut text = match (diff.changed, diff.dry_run) {
            (false, _) => "Nothing to change.\n".to_owned(),
            (true, true) => format!("{}\nThis would change; nothing was stored.\n", diff.text.trim_end()),
            (true, false) => format!("{}\nStored.\n", diff.text.trim_end()),
        };
        for finding in &diff.findings {
            text.push_str(&format!("Worth knowing: {finding}\n"));
        }
        text
    });
    Ok(())
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// `-` is standard input.
///
/// # Errors
/// That it cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut file = Vec::new();
    if is_standard_input(path) {
        std::io::stdin().read_to_end(&mut file)?;
    } else {
        file = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    }
    Ok(file)
}

/// # Errors
/// The server's refusal.
pub async fn export(export: Export, output: Output) -> Outcome {
    let json = output.json || export.format == FileFormat::Json;
    let kind = if json { "application/json" } else { "application/yaml" };
    let text = Client::from_environment()?.get_text("/api/v1/inventory", kind).await?;
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::from)
}
