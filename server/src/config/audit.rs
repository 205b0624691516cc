//! Where the audit log's key is, and where its checkpoints go. Asked by what signs the log: workers.

use super::{Mode, Settings, Wrong, checkpoint_places};
use holdfast_aws::AwsSettings;
use holdfast_engine::audit::{AuditSettings, Opened};

const KEY: &str = "HOLDFAST_AUDIT_KEY";

/// Local mode makes a key in the data folder. Production is given one: auditors must have its public half by another way
/// than this server, and all workers must sign with the same.
///
/// # Errors
/// When there is no key to sign with.
pub fn audit_settings(
    settings: &Settings,
    aws: &AwsSettings,
    opened: &Opened,
) -> Result<AuditSettings, Wrong> {
    let mut audit = AuditSettings::within(&settings.data);
    audit.opened = opened.clone();
    audit.make_key = settings.mode == Mode::Local;
    audit.places = checkpoint_places(settings, aws);
    match &settings.audit_key {
        Some(path) => audit.key_file.clone_from(path),
        None if settings.mode == Mode::Production => {
            return Err(Wrong::new(
                KEY,
                "is not set, and production makes no key that nobody has seen",
                "Make one with `holdfast audit new-key --to FILE`, give its public key to whoever verifies the audit log, \
                 and set HOLDFAST_AUDIT_KEY to FILE, the same on every worker.",
            ));
        }
        None => {}
    }
    audit.check_key().map_err(|words| {
        Wrong::new(KEY, words, "Name the file with the key that signs the audit log, readable by this user.")
    })?;
    Ok(audit)
}
