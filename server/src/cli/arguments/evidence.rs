//! The commands about the audit log.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// The newest entries
    List(AuditFilter),
    /// What was called in AWS, in whose name, with AWS's request ids
    Calls(CallFilter),
    /// One entry with the proof that it is in the signed log
    Show { id: i64 },
    /// The newest signed checkpoint, and where it is kept
    Checkpoint,
    /// The public keys that sign the log
    Keys,
    /// The proof that a log which was signed before is the beginning of a later one
    Consistency {
        /// Entries of the smaller log
        #[arg(long)]
        from: u64,
        /// Of the larger one; that of the newest checkpoint when absent
        #[arg(long)]
        to: Option<u64>,
    },
    /// The whole log with its signed checkpoints, as JSON lines
    Export {
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Check an exported log with the public key alone; needs no server
    Verify {
        file: PathBuf,
        /// NAME+HASH+KEY, or a file that holds it
        #[arg(long, value_name = "KEY")]
        public_key: String,
        /// Checkpoints kept apart from the database: the file of a server, or one note. May be given more than once
        #[arg(long = "checkpoints", value_name = "FILE")]
        checkpoints: Vec<PathBuf>,
    },
    /// Make a key that signs the log; in a file that holds one already it takes over from it
    NewKey {
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct CallFilter {
    /// In whose name, by e-mail
    #[arg(long)]
    pub person: Option<String>,
    /// A run's id
    #[arg(long)]
    pub run: Option<String>,
    /// The entry in which somebody set a run going: what was called on that word, until the next one
    #[arg(long, value_name = "ENTRY")]
    pub click: Option<i64>,
    /// At most 500
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
    /// What the answer before gave as `next`
    #[arg(long)]
    pub cursor: Option<String>,
}

#[derive(Debug, Args)]
pub struct AuditFilter {
    /// E-mail of a person, or holdfast
    #[arg(long)]
    pub actor: Option<String>,
    /// Such as run.request
    #[arg(long)]
    pub action: Option<String>,
    /// Such as application:shop
    #[arg(long)]
    pub subject: Option<String>,
    /// done or refused
    #[arg(long)]
    pub outcome: Option<String>,
    /// At most 500
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
    /// What the answer before gave as `next`
    #[arg(long)]
    pub cursor: Option<String>,
}
