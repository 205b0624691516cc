//! The commands and their arguments, as clap reads them.

pub mod break_glass;
pub mod bundle;
#[cfg(feature = "demo")]
pub mod demo;
pub mod estate;
pub mod evidence;
pub mod keys;
pub mod people;
pub mod runs;

use clap::{Args, Parser, Subcommand, ValueEnum};
use runs::{Evacuate, Plan, Run};
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(name = "holdfast", version, about = "Multi-Region disaster recovery on AWS", max_term_width = 100)]
pub struct Arguments {
    /// The server's settings, a TOML file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How to answer
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// The same as `--output json`
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    Yaml,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everything in one process with no configuration: Postgres, a simulated AWS, the server
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    /// The simulated AWS alone
    #[cfg(feature = "demo")]
    Sim(demo::Sim),
    /// Pages, REST and workers
    Serve(Serve),
    /// Workers alone
    Worker(Worker),
    /// Bring the database's schema to this version
    Migrate(Migrate),
    /// Print the OpenAPI document
    Openapi,
    /// Sign in as a person; approving needs it
    Login(Login),
    /// End the session that `login` made
    Logout(Logout),
    /// Change your own password (needs `holdfast login`); it ends your other sessions
    Password(people::OwnPassword),
    /// Store an inventory file
    Apply(Apply),
    /// Print the inventory as its canonical file
    Export(Export),
    /// Is anything wrong, is anything moving, what needs somebody
    Now,
    /// Applications of the inventory
    #[command(subcommand, visible_alias = "applications")]
    Application(estate::Application),
    /// AWS accounts and their roles
    #[command(subcommand, visible_alias = "accounts")]
    Account(estate::Account),
    /// AWS Regions, observed and declared
    #[command(subcommand, visible_alias = "regions")]
    Region(estate::Region),
    /// Approval policies
    #[command(subcommand, visible_alias = "policies")]
    Policy(estate::Policy),
    /// Change freezes
    #[command(subcommand, visible_alias = "freezes")]
    Freeze(estate::Freeze),
    /// The switch that stops all automation
    #[command(subcommand)]
    Automation(estate::Automation),
    /// Start without approvals, for at most an hour, what would wait for others
    #[command(subcommand)]
    BreakGlass(break_glass::BreakGlass),
    /// What there is to act with where no server is: copies, codes, carrying a plan out, handing in what was done
    #[command(subcommand)]
    Bundle(bundle::Bundle),
    /// Runs that wait for your review
    Approvals,
    /// Objectives, what strategies can reach, what runs have measured
    Compliance {
        /// As a spreadsheet takes it
        #[arg(long)]
        csv: bool,
    },
    /// Ask for runs, review and drive them
    #[command(subcommand)]
    Run(Run),
    /// What moving an application would do; kept plans: versions, what differs, edits, evaluation, the plane lint
    #[command(subcommand)]
    Plan(Plan),
    /// Move every application out of a Region, in waves, under one approval
    #[command(subcommand)]
    Evacuate(Evacuate),
    /// What stands where for one application, and what stands in the way of moving it
    Status { application: String },
    /// The audit log
    #[command(subcommand)]
    Audit(evidence::Audit),
    /// Who there is (needs `holdfast login` of an admin)
    #[command(subcommand, visible_alias = "people")]
    Person(people::Person),
    /// Whose approvals count (needs `holdfast login` of an admin)
    #[command(subcommand, visible_alias = "groups")]
    Group(people::PeopleGroup),
    /// Your own API tokens (needs `holdfast login`)
    #[command(subcommand, visible_alias = "tokens")]
    Token(people::OwnToken),
    /// How you are told (needs `holdfast login`)
    #[command(subcommand, visible_alias = "channels")]
    Channel(people::OwnChannel),
    /// Who is on call, by team
    #[command(subcommand)]
    OnCall(people::OnCall),
    /// Your own passkeys and security keys (needs `holdfast login`); registered on the page of your sign-in
    #[command(subcommand, visible_alias = "passkeys")]
    Passkey(people::OwnPasskey),
    /// Where you are signed in (needs `holdfast login`)
    #[command(subcommand, visible_alias = "sessions")]
    Session(people::OwnSession),
    /// Who the server takes you for
    Whoami,
    /// Whether Holdfast itself is well
    System,
    /// This server's own keys, in their files
    #[command(subcommand)]
    Keys(keys::Keys),
    /// People, groups and tokens, straight in the database
    Admin(Admin),
}

#[derive(Debug, Args)]
pub struct Serve {
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// For the worker's id, one folder per process; and for a private Postgres when DATABASE_URL is not set
    /// [default: .holdfast]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Fill an empty database with the demonstration
    #[cfg(feature = "demo")]
    #[arg(long)]
    pub demo: bool,
    /// Only pages and REST
    #[arg(long)]
    pub no_worker: bool,
}

#[derive(Debug, Args)]
pub struct Migrate {
    /// The folder of a private Postgres, whose database is meant when DATABASE_URL is not set
    /// [default: .holdfast]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Worker {
    /// For the worker's id, one folder per process; and for a private Postgres when DATABASE_URL is not set
    /// [default: .holdfast]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Login {
    #[arg(long)]
    pub email: Option<String>,
    /// Read the password from standard input instead of asking
    #[arg(long)]
    pub password_stdin: bool,
    /// The second factor's code, where there is one; asked for when it is left out
    #[arg(long)]
    pub code: Option<String>,
}

#[derive(Debug, Args)]
pub struct Logout {
    /// And every other session of yours, in browsers too
    #[arg(long)]
    pub everywhere: bool,
}

#[derive(Debug, Args)]
pub struct Apply {
    /// YAML or JSON; `-` is standard input
    pub file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Remove what a section that is present leaves out
    #[arg(long)]
    pub prune: bool,
}

#[derive(Debug, Args)]
pub struct Export {
    #[arg(long, value_enum, default_value_t = FileFormat::Yaml)]
    pub format: FileFormat,
}

#[derive(Debug, Args)]
pub struct Admin {
    /// The folder of `holdfast demo` or `serve`, whose database is meant when DATABASE_URL is not set
    /// [default: .holdfast]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(subcommand)]
    pub command: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    #[command(subcommand)]
    User(User),
    #[command(subcommand)]
    Group(Group),
    #[command(subcommand)]
    Token(Token),
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Make a person, or give one a new password, role and groups
    Create {
        #[arg(long)]
        email: String,
        /// viewer, operator, approver or admin; over some applications only: operator:team=payments,tier=1 (by application, tier,
        /// team, environment). May be given more than once
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// May be given more than once
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// Read the password from standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    List,
    /// Nobody signs in as them any more, and their tokens end
    Disable {
        #[arg(long)]
        email: String,
    },
    /// Let a person who is kept here sign in at the identity provider too
    Link {
        #[arg(long)]
        email: String,
        /// As the provider writes itself
        #[arg(long)]
        issuer: String,
        /// The provider's name for the person (`sub`)
        #[arg(long)]
        subject: String,
    },
    /// Take away the second factor of somebody who has lost it
    ResetFactor {
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Group {
    /// Put a person into a group; the group is made if need be
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        group: String,
    },
    List,
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token for a person; it is shown once
    Create {
        #[arg(long)]
        email: String,
        /// Such as inventory:read; may be given more than once
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        #[arg(long, default_value = "command-line")]
        name: String,
        /// How long it lives
        #[arg(long, default_value_t = 90)]
        days: u16,
    },
    List {
        #[arg(long)]
        email: String,
    },
    Revoke {
        #[arg(long)]
        email: String,
        id: String,
    },
}
