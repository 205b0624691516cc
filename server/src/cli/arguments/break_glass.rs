//! The commands about break-glass.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum BreakGlass {
    /// Whether the glass is broken now, and which reviews are due
    Status,
    /// Each time that it was broken, newest first
    List,
    Show {
        id: String,
    },
    /// Start runs without approvals for at most an hour (needs `holdfast login` with a code, or a sealed code)
    Open {
        /// Why it cannot wait for others; everybody reads it
        #[arg(long)]
        reason: String,
        /// 1 to 60; an hour when absent
        #[arg(long)]
        minutes: Option<u16>,
        #[arg(long)]
        incident: Option<String>,
        /// Ask for a sealed code, in place of a second factor; it is used up
        #[arg(long)]
        sealed_code: bool,
        /// Read the sealed code from standard input instead of asking
        #[arg(long)]
        sealed_code_stdin: bool,
    },
    /// End it before its time (needs `holdfast login`)
    End {
        id: String,
    },
    /// Close its review, once it and its runs are over; never one's own (needs `holdfast login`)
    Review {
        id: String,
        /// What was found, and what follows from it
        #[arg(long)]
        words: String,
    },
    /// The sealed codes, without the codes (needs `holdfast login`)
    Codes,
    /// A code that breaks the glass once, for others than you; shown once (needs `holdfast login`)
    MakeCode {
        /// Where it will be kept, such as `the safe in Dublin`
        #[arg(long)]
        kept_at: String,
    },
    /// From then on it opens nothing (needs `holdfast login`)
    WithdrawCode {
        id: String,
    },
}
