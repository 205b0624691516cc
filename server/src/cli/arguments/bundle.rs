//! The commands about the bundle, from which a plan is carried out where no server is.

use clap::{Args, Subcommand, ValueEnum};
use holdfast_failover::Intent;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Bundle {
    /// Whether there is one, where its copies are, how old, and who can open it
    Status,
    /// Take a copy of the newest away
    Export {
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Your own code that opens bundles, in the place of the one before; shown once (needs `holdfast login` with a code)
    MakeCode,
    /// The next bundle is not opened by it (needs `holdfast login`)
    EndCode { id: String },
    /// Check a bundle with the public key alone; needs no server
    Verify(Verify),
    /// Open a bundle and show the calls of its plans, in order; needs no server
    Show(Show),
    /// Carry a plan out where no server is, or go on with one that was begun
    Execute(Box<Execute>),
    /// Hand in the journal of what was carried out without a server (needs `holdfast login`)
    Import { journal: PathBuf },
}

#[derive(Debug, Args)]
pub struct Verify {
    pub bundle: PathBuf,
    /// NAME+HASH+KEY of the audit log, or a file that holds it. May be given more than once
    #[arg(long = "public-key", value_name = "KEY", required = true)]
    pub public_keys: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub of: Verify,
    /// All of them when absent
    #[arg(long)]
    pub application: Option<String>,
    /// Read your offline code from standard input instead of asking
    #[arg(long)]
    pub code_stdin: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    Failover,
    Failback,
}

impl From<Way> for Intent {
    fn from(way: Way) -> Self {
        match way {
            Way::Failover => Self::Failover,
            Way::Failback => Self::Failback,
        }
    }
}

#[derive(Debug, Args)]
pub struct Execute {
    #[command(flatten)]
    pub of: Verify,
    #[arg(long)]
    pub application: String,
    /// What is done is written here before it is done; a run that was begun goes on from it
    #[arg(long, value_name = "FILE")]
    pub journal: PathBuf,
    /// Why; everybody reads it afterwards
    #[arg(long)]
    pub reason: String,
    #[arg(long)]
    pub incident: Option<String>,
    #[arg(long, value_enum, default_value_t = Way::Failover)]
    pub intent: Way,
    /// The Region to leave, where the bundle has several ways
    #[arg(long, value_name = "REGION")]
    pub from: Option<String>,
    /// The Region to move to, where the bundle has several ways
    #[arg(long, value_name = "REGION")]
    pub to: Option<String>,
    /// A guard that stood against it when the bundle was made, by its code. May be given more than once
    #[arg(long = "override", value_name = "GUARD")]
    pub overrides: Vec<String>,
    /// The application's name once more, in place of typing it when asked
    #[arg(long, value_name = "APPLICATION")]
    pub confirm: Option<String>,
    /// Read your offline code from standard input instead of asking
    #[arg(long)]
    pub code_stdin: bool,
    /// Ask AWS itself, whatever addresses the server had set for it
    #[arg(long)]
    pub aws_itself: bool,
    #[command(flatten)]
    pub steer: Steer,
}

/// What is said of a run that was begun, before it goes on.
#[derive(Debug, Default, Args)]
pub struct Steer {
    /// Have this step tried again
    #[arg(long, value_name = "STEP")]
    pub retry: Vec<String>,
    /// Go on without this step, for the reason given
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    /// What this step waits for is so
    #[arg(long, value_name = "STEP")]
    pub confirm_step: Vec<String>,
    /// End the run where it stands
    #[arg(long, conflicts_with = "abort")]
    pub cancel: bool,
    /// Take back what was done, as far as it can be
    #[arg(long)]
    pub abort: bool,
}

impl Steer {
    pub fn says_nothing(&self) -> bool {
        self.retry.is_empty()
            && self.skip.is_empty()
            && self.confirm_step.is_empty()
            && !self.cancel
            && !self.abort
    }
}
