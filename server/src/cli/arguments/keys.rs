//! The commands about this server's own keys.

use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Wrap every key of a file with a KMS key, in place: the server opens them when it starts
    Wrap {
        /// The file that HOLDFAST_AUDIT_KEY or HOLDFAST_SECRETS_KEY names
        file: PathBuf,
        /// What the keys in it are for
        #[arg(long = "for", value_name = "WHAT")]
        of: KeysOf,
        /// The ARN of a symmetric KMS key
        #[arg(long, value_name = "ARN")]
        kms_key: String,
        /// Where else the same multi-Region key is, and is asked if the first Region does not answer; may be given more than once
        #[arg(long = "also-in", value_name = "REGION")]
        also_in: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeysOf {
    /// Those that sign the audit log
    Audit,
    /// Those that secrets are sealed with
    Secrets,
}
