//! The commands about what there is: applications, accounts, Regions, policies, and what holds changes back.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Application {
    /// Where each serves from, and whether it would survive
    List(ApplicationFilter),
    /// One application: what stands in the way, what could be moved, its runs
    Show { name: String },
    /// Look at it again soon
    Refresh { name: String },
    /// Register or change one: its entry of the inventory file, as JSON
    Put {
        name: String,
        /// `-` is standard input
        file: PathBuf,
    },
    /// Take one out of the inventory; what has runs or audit history is archived
    Remove { name: String },
    /// A new secret for a webhook among its own steps, shown once (needs `holdfast login`)
    WebhookSecret { name: String, step: String },
}

#[derive(Debug, Args)]
pub struct ApplicationFilter {
    /// backup_restore, pilot_light, warm_standby or active_active
    #[arg(long)]
    pub strategy: Option<String>,
    /// Home or recovery Region
    #[arg(long)]
    pub region: Option<String>,
    #[arg(long)]
    pub tier: Option<String>,
    #[arg(long)]
    pub owner: Option<String>,
    /// Such as steady
    #[arg(long, value_name = "STATE")]
    pub recovery_state: Option<String>,
    /// met, missed or unknown
    #[arg(long)]
    pub compliance: Option<String>,
    /// Part of a name or owner
    #[arg(long)]
    pub search: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Account {
    /// Each account with the last answer of assuming its roles
    List,
    Show {
        /// Its number or its name
        id: String,
    },
    /// Accounts of the organization that the inventory does not have
    Discovered,
    /// Register or change one: its entry of the inventory file, as JSON (needs `holdfast login`)
    Put {
        id: String,
        /// `-` is standard input
        file: PathBuf,
    },
    /// Take one out of the inventory (needs `holdfast login`)
    Remove { id: String },
}

#[derive(Debug, Subcommand)]
pub enum Region {
    /// What was observed of each, beside what is declared
    List,
    Show {
        /// Such as eu-central-1
        code: String,
    },
    /// Say what is known of a Region (needs `holdfast login`)
    Declare {
        code: String,
        /// normal, impaired, evacuating or evacuated
        state: String,
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Who must say yes, by policy
    List,
    Show {
        name: String,
    },
    /// Make one: its entry of the inventory file, as JSON (needs `holdfast login`)
    Add {
        /// `-` is standard input
        file: PathBuf,
    },
    /// Make or change one (needs `holdfast login`)
    Put {
        name: String,
        /// `-` is standard input
        file: PathBuf,
    },
    /// Remove one that no application stands under (needs `holdfast login`)
    Remove {
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Freeze {
    /// Those that hold or will
    List,
    /// A time in which nothing is to change (needs `holdfast login`)
    Declare {
        #[arg(long)]
        reason: String,
        /// RFC 3339
        #[arg(long, value_name = "TIME")]
        until: String,
        /// RFC 3339; now when absent
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// All of them when absent
        #[arg(long)]
        application: Option<String>,
    },
    /// End one before its time (needs `holdfast login`)
    Lift { id: String },
}

#[derive(Debug, Subcommand)]
pub enum Automation {
    /// Whether anything starts that no person asked for
    Show,
    /// Let it go on (needs `holdfast login`)
    On {
        #[arg(long)]
        reason: Option<String>,
    },
    /// Stop all of it (needs `holdfast login`)
    Off {
        #[arg(long)]
        reason: String,
    },
}
