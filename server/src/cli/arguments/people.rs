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
    /// Make somebody; without a password they cannot sign in until they are given one. They choose their own with it, within 72 hours
    Add {
        #[arg(long)]
        email: String,
        /// viewer, operator, approver or admin; over some applications only: operator:team=payments,tier=1 (by application, tier,
        /// team, environment). May be given more than once
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
    /// Take away every second factor of somebody who has lost them
    ResetFactor {
        /// E-mail address or id
        id: String,
    },
    /// Sign everybody out at once, yourself too; API tokens stay
    SignOutEverybody {
        /// The word `everybody`
        #[arg(long, value_name = "WORD")]
        confirm: String,
    },
    /// Their passkeys and security keys
    Passkeys {
        /// E-mail address or id
        id: String,
    },
    /// Take away one key of somebody who has lost it
    RemovePasskey {
        /// E-mail address or id
        id: String,
        /// As `passkeys` names it
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum OwnPasskey {
    /// One's own passkeys and security keys
    List,
    /// Call one something else
    Rename { id: String, name: String },
    /// Remove one, as `list` names it
    Remove { id: String },
}

#[derive(Debug, Subcommand)]
pub enum OwnSession {
    /// Where you are signed in
    List,
    /// End one, as `list` names it
    End { id: String },
}

#[derive(Debug, Args)]
pub struct OwnPassword {
    /// Read two lines from standard input instead of asking: the present password, and the new one
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct PersonChange {
    /// E-mail address or id
    pub id: String,
    /// All that they have from now on, such as operator or operator:team=payments,tier=1; may be given more than once
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// All that they are in from now on; may be given more than once
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// In no group any more
    #[arg(long, conflicts_with = "groups")]
    pub no_groups: bool,
    /// Read a new password from standard input; it ends every session of theirs, and is good for choosing their own, within 72 hours
    #[arg(long)]
    pub password_stdin: bool,
    /// Another account of the same person: for approvals both are one from now on
    #[arg(long, value_name = "EMAIL")]
    pub same_person_as: Option<String>,
    /// The account is nobody else's
    #[arg(long, conflicts_with = "same_person_as")]
    pub nobody_elses: bool,
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
        /// Some applications only, such as team=payments,tier=1
        #[arg(long, value_name = "LIMITS")]
        within: Option<String>,
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

#[derive(Debug, Subcommand)]
pub enum OnCall {
    /// Who is on call now and next
    List,
    /// People take turns (needs `holdfast login`)
    Rotate(Rotate),
    /// A calendar elsewhere says who (needs `holdfast login`)
    Follow {
        team: String,
        /// Of an iCalendar file or a list as JSON
        #[arg(long, value_name = "URL", required_unless_present = "url_stdin")]
        url: Option<String>,
        /// Read it from standard input: it may be a secret
        #[arg(long)]
        url_stdin: bool,
    },
    /// Somebody takes the duty over for a time (needs `holdfast login`)
    Override {
        team: String,
        #[arg(long, value_name = "EMAIL")]
        person: String,
        /// RFC 3339
        #[arg(long, value_name = "TIME")]
        until: String,
        /// RFC 3339; now when absent
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
    },
    /// End an override before its time (needs `holdfast login`)
    EndOverride { team: String, id: String },
    /// A team has no schedule any more (needs `holdfast login`)
    Remove { team: String },
}

#[derive(Debug, Args)]
pub struct Rotate {
    /// A group that approves, or the owner of applications
    pub team: String,
    /// In turn; given once for each
    #[arg(long = "person", value_name = "EMAIL", required = true)]
    pub people: Vec<String>,
    /// The day of the first hand-over, such as 2026-12-07
    #[arg(long, value_name = "DAY")]
    pub starts_on: String,
    /// The time of day of the hand-over
    #[arg(long, value_name = "TIME", default_value = "09:00")]
    pub hand_over: String,
    /// By whose clocks
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub time_zone: String,
    /// How many days a turn has
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub turn_days: u16,
}
