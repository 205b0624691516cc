//! `holdfast keys …`: this server's own keys, in their files.

use super::{
    Failure, Outcome,
    arguments::keys::{Keys, KeysOf},
    output::Output,
    server::environment,
};
use crate::config::{self, Flags};
use anyhow::{Context as _, anyhow};
use holdfast_app::sealing::Sealing;
use holdfast_audit::SigningKey;
use holdfast_aws::{KeyWrapping, Purpose, WRAPPED};
use holdfast_domain::RegionCode;
use serde_json::json;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
};

/// # Errors
/// What is no key, or what KMS answered; the file is then as it was.
pub async fn keys(config: Option<PathBuf>, command: Keys, output: Output) -> Outcome {
    let Keys::Wrap { file, of, kms_key, also_in } = command;
    let also_in = also_in
        .iter()
        .map(|code| RegionCode::parse(code).map_err(|error| Failure::Usage(format!("--also-in: {error}"))))
        .collect::<Result<Vec<_>, _>>()?;
    let said = config::merge(&Flags { config, ..Flags::default() }, &environment())?;
    let wrapping = KeyWrapping::new(config::aws_to_wrap(&said));
    let shown = file.display();
    let text = fs::read_to_string(&file).with_context(|| format!("{shown} cannot be read"))?;
    let (mut lines, mut wrapped) = (Vec::new(), 0_usize);
    for (number, line) in text.lines().enumerate() {
        let key = line.trim();
        if key.is_empty() || key.starts_with('#') || key.starts_with(WRAPPED) {
            lines.push(line.to_owned());
            continue;
        }
        let (purpose, name) =
            what_it_is(of, key).map_err(|why| anyhow!("{shown}, line {}: {why}", number + 1))?;
        let wrap = wrapping.wrap(&kms_key, &also_in, purpose, key, name.as_deref()).await;
        let line = wrap.map_err(|error| anyhow!("--kms-key: {error}"))?;
        // What stood there in clear is gone afterwards.
        wrapping.opens_everywhere(purpose, &line, key).await.map_err(|error| {
            anyhow!("what was wrapped is not opened again, and {shown} is as it was: {error}. Each Region that is named needs the key, or a replica of it, and you kms:Decrypt")
        })?;
        lines.push(line);
        wrapped += 1;
    }
    if wrapped > 0 {
        replace(&file, &(lines.join("\n") + "\n")).with_context(|| format!("{shown} cannot be written"))?;
    }
    output.show(&json!({ "file": file, "wrapped": wrapped }), |_| {
        format!(
            "{wrapped} keys in {} were wrapped. Keep no copy in clear, but one where no server reads it. Servers that run have read them already; each opens them anew when it starts.",
            file.display()
        )
    });
    Ok(())
}

/// What is no key of the kind is not sent anywhere. A signing key goes by its public half.
fn what_it_is(of: KeysOf, key: &str) -> Result<(Purpose, Option<String>), String> {
    match of {
        KeysOf::Audit => {
            let key = SigningKey::parse(key).map_err(|error| error.to_string())?;
            Ok((Purpose::Audit, Some(key.public().to_string())))
        }
        KeysOf::Secrets => Sealing::parse(key)
            .map(|_| (Purpose::Secrets, None))
            .map_err(|_| "it is no key of 64 hexadecimal digits".to_owned()),
    }
}

/// In one go, and for whoever owned it alone: half a file of keys is none, and one that the server may not read neither.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let owner = fs::metadata(path)?;
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&beside)))
}
