//! The commands about who there is, asked of a server by a person who is signed in. Those straight in the database are
//! `holdfast admin`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Person {
    /// Everybody with their roles and groups
    List,
    Show {
        /// E-mail address or id
        id: String,
    },
    /// Make somebody; without a password they cannot sign in until they are given one
    Add {
        #[arg(long)]
        email: String,
        /// viewer, operator, approver or admin; may be given more than once
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// Made if need be; may be given more than once
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// Read their password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change somebody; what is not given stays
    Change(PersonChange),
    /// Take away the second factor of somebody who has lost it
    ResetFactor {
        /// E-mail address or id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum OwnSession {
    /// Where you are signed in
    List,
    /// End one, as `list` names it
    End { id: String },
}

#[derive(Debug, Args)]
pub struct PersonChange {
    /// E-mail address or id
    pub id: String,
    /// All that they have from now on; may be given more than once
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// All that they are in from now on; may be given more than once
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// In no group any more
    #[arg(long, conflicts_with = "groups")]
    pub no_groups: bool,
    /// Read a new password from standard input; it ends every session of theirs
    #[arg(long)]
    pub password_stdin: bool,
    /// Nobody signs in as them any more, and their tokens end
    #[arg(long)]
    pub disable: bool,
    #[arg(long, conflicts_with = "disable")]
    pub enable: bool,
}

#[derive(Debug, Subcommand)]
pub enum PeopleGroup {
    /// Each group with who is in it
    List,
    Show {
        name: String,
    },
    /// Make one
    Add(GroupEntry),
    /// Make or change one
    Put(GroupEntry),
}

#[derive(Debug, Args)]
pub struct GroupEntry {
    pub name: String,
    #[arg(long)]
    pub description: Option<String>,
    /// All of its members, by e-mail address; may be given more than once. None given leaves them as they are
    #[arg(long = "member", value_name = "EMAIL")]
    pub members: Vec<String>,
    /// Without members from now on
    #[arg(long, conflicts_with = "members")]
    pub no_members: bool,
}

#[derive(Debug, Subcommand)]
pub enum OwnToken {
    /// One's own API tokens
    List,
    /// Make one; it is shown once
    Create {
        #[arg(long, default_value = "command-line")]
        name: String,
        /// Such as inventory:read; may be given more than once
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// How long it lives
        #[arg(long, default_value_t = 90)]
        days: u16,
    },
    /// End one
    Revoke { id: String },
}

#[derive(Debug, Subcommand)]
pub enum OwnChannel {
    /// Your channels, and what became of the last message through each
    List,
    /// Make one
    Add {
        /// email, webhook, slack or pagerduty
        #[arg(long)]
        kind: String,
        #[arg(long)]
        name: String,
        /// An e-mail address (yours when absent), or a webhook's URL
        #[arg(long, conflicts_with = "to_stdin")]
        to: Option<String>,
        /// Read it from standard input: Slack's URL or PagerDuty's key are secret
        #[arg(long)]
        to_stdin: bool,
    },
    /// Send a message through one
    Test { id: String },
    /// Nothing is told by it any more
    Remove { id: String },
}
