//! The commands and their arguments, as clap reads them.

pub mod estate;
pub mod evidence;
pub mod people;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

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
    Demo(Demo),
    /// The simulated AWS alone
    Sim(Sim),
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
    /// Where you are signed in (needs `holdfast login`)
    #[command(subcommand, visible_alias = "sessions")]
    Session(people::OwnSession),
    /// Who the server takes you for
    Whoami,
    /// Whether Holdfast itself is well
    System,
    /// People, groups and tokens, straight in the database
    Admin(Admin),
}

#[derive(Debug, Args)]
pub struct Demo {
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "HOST:PORT", value_parser = address)]
    pub listen: SocketAddr,
    /// Where everything is kept
    #[arg(long, default_value = ".holdfast", value_name = "DIR")]
    pub data: PathBuf,
    /// Where the simulated AWS listens; a free port when absent
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub sim_listen: Option<SocketAddr>,
    /// Seconds of the simulated world per second
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
}

#[derive(Debug, Args)]
pub struct Sim {
    #[arg(long, default_value = "127.0.0.1:4600", value_name = "HOST:PORT", value_parser = address)]
    pub listen: SocketAddr,
    #[arg(long, default_value = ".holdfast/simulator", value_name = "DIR")]
    pub data: PathBuf,
    /// Seconds of the simulated world per second
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
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

#[derive(Debug, Subcommand)]
pub enum Run {
    /// Ask for a run; it starts when those have approved whom its policy names
    #[command(visible_alias = "start")]
    Request(Request),
    /// One run with its steps
    Show { id: String },
    /// The newest runs
    List {
        #[arg(long)]
        application: Option<String>,
        #[arg(long)]
        state: Option<String>,
        /// Only those that have not ended
        #[arg(long)]
        live: bool,
    },
    /// Follow a run to its end; exit code 0 when it completed
    Watch { id: String },
    /// Approve exactly what is shown; needs `holdfast login` within the last five minutes
    Approve(Approve),
    /// Deny; one denial ends the request
    Deny(Deny),
    /// Take one's own approval back, until the run starts
    Withdraw { id: String },
    /// Start no further step
    Pause {
        id: String,
        #[arg(long)]
        reason: Option<String>,
    },
    /// Go on after a pause
    Resume { id: String },
    /// End a live drill before its time: the way back is asked for now
    EndDrill { id: String },
    /// Have a run driven again that was set aside because the server crashed on it
    TryAgain { id: String },
    /// End the run where it stands
    Cancel {
        id: String,
        #[arg(long)]
        reason: String,
    },
    /// Carry out the emergency variant in the place of what is left of a planned run (needs `holdfast login`)
    Escalate {
        id: String,
        #[arg(long)]
        reason: String,
        /// The application's name: what was not copied is given up
        #[arg(long)]
        confirm: String,
        /// A guard to override, by its code; may be given several times
        #[arg(long = "override")]
        overrides: Vec<String>,
    },
    /// What escalating it would do now, and what it must override (`escalate` does it)
    Escalation { id: String },
    /// Say that you have read how it ended; until somebody does, automation leaves the application alone
    Acknowledge { id: String },
    /// Try a step again
    Retry { id: String, step: String },
    /// Say that what a step of your own waits for is so (needs `holdfast login`)
    Confirm {
        id: String,
        step: String,
        /// Kept in the journal and the audit log
        #[arg(long)]
        comment: Option<String>,
    },
    /// Leave a step out
    Skip {
        id: String,
        step: String,
        #[arg(long)]
        reason: String,
    },
}

/// Of a run or of an evacuation.
#[derive(Debug, Args)]
pub struct Approve {
    pub id: String,
    /// What was read: refused when the request has another digest
    #[arg(long)]
    pub digest: Option<String>,
    #[arg(long)]
    pub comment: Option<String>,
}

/// Of a run or of an evacuation.
#[derive(Debug, Args)]
pub struct Deny {
    pub id: String,
    #[arg(long)]
    pub comment: Option<String>,
}

#[derive(Debug, Args)]
pub struct Request {
    pub application: String,
    /// failover, failback or drill
    #[arg(long)]
    pub intent: String,
    /// planned or emergency; a drill is planned
    #[arg(long, default_value = "planned")]
    pub mode: String,
    /// Of a drill: isolated or live
    #[arg(long, value_name = "KIND")]
    pub drill: Option<String>,
    /// Of a live drill: how long it is served from there before the way back begins
    #[arg(long, value_name = "MINUTES")]
    pub drill_minutes: Option<u32>,
    /// The Region observed serving when absent
    #[arg(long, value_name = "REGION")]
    pub from: Option<String>,
    /// The only recovery Region, or home, when absent
    #[arg(long, value_name = "REGION")]
    pub to: Option<String>,
    #[arg(long)]
    pub reason: String,
    /// List every call and make none
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long)]
    pub incident: Option<String>,
    /// RFC 3339
    #[arg(long, value_name = "TIME")]
    pub impact_began_at: Option<String>,
    /// When the impact was noticed, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub detected_at: Option<String>,
    /// The code of a guard to override
    #[arg(long = "override", value_name = "CODE")]
    pub overrides: Vec<String>,
    /// Repeating with the same key cannot make a second run
    #[arg(long)]
    pub idempotency_key: Option<String>,
    /// Follow it to its end
    #[arg(long)]
    pub watch: bool,
}

#[derive(Debug, Subcommand)]
pub enum Plan {
    /// The application's plans, their evaluation, and whether they are verified
    List { application: String },
    /// What each move would do now, planned and in an emergency; with a version, that of a kept plan
    Show { application: String, version: Option<i32> },
    /// Every version, the newest first
    Versions { application: String },
    /// What differs in a version: from the one before it, or from another of the same plan
    Diff {
        application: String,
        version: i32,
        #[arg(long, value_name = "VERSION")]
        with: Option<i32>,
    },
    /// Change the edits over a plan; makes a version
    Edit {
        application: String,
        /// The version that was read: refused when there is a newer one
        version: i32,
        /// An edit as JSON, such as {"edit":{"kind":"timeout","step":"switch-orders","seconds":600}}
        #[arg(long, value_name = "JSON")]
        add: Vec<String>,
        /// The number of an edit, as `plan show` numbers them
        #[arg(long, value_name = "NUMBER")]
        take_back: Vec<usize>,
        #[arg(long)]
        reason: Option<String>,
    },
    /// Have the plans generated and evaluated now; exit code 1 when they are not good
    Evaluate { application: String },
    /// What a version needs of planes that it should not; exit code 1 when a lint failed
    Lint { application: String, version: Option<i32> },
    /// Answer by name for a plane that a step needs
    Waive {
        application: String,
        /// The resource or step, as the lint names it
        step: String,
        /// Such as route53@us-east-1
        plane: String,
        #[arg(long)]
        reason: String,
        /// Such as 2027-03-01
        #[arg(long, value_name = "DATE")]
        review_on: String,
    },
    /// Take a waiver back
    EndWaiver { application: String, step: String, plane: String },
}

#[derive(Debug, Subcommand)]
pub enum Evacuate {
    /// Who would move, in which order, and who is left out and why
    Plan {
        #[command(flatten)]
        lot: Lot,
        /// planned or emergency
        #[arg(long, default_value = "planned")]
        mode: String,
    },
    /// Ask for it; it starts when those have approved whom the applications' policies name
    #[command(visible_alias = "start")]
    Request(EvacuateRequest),
    /// One evacuation with its runs
    Show { id: String },
    /// The newest evacuations
    List,
    /// Approve exactly what is shown; needs `holdfast login` within the last five minutes
    Approve(Approve),
    /// Deny; one denial ends the request
    Deny(Deny),
    /// Take one's own approval back, until it starts
    Withdraw { id: String },
    /// Let the next waves begin although the last did not go well (needs `holdfast login`)
    GoOn {
        id: String,
        #[arg(long)]
        reason: String,
    },
    /// Begin no further run; what is under way goes on
    Cancel {
        id: String,
        #[arg(long)]
        reason: String,
    },
}

/// What the digest of an evacuation covers, asked the same way of its plan and of its request.
#[derive(Debug, Args)]
pub struct Lot {
    /// The Region to leave
    pub region: String,
    /// Runs that may move at once
    #[arg(long, value_name = "N")]
    pub concurrency: Option<u16>,
    /// Begin the next wave also where one did not go well
    #[arg(long)]
    pub keep_going: bool,
    /// List every call and make none
    #[arg(long)]
    pub dry_run: bool,
    /// The code of a guard to override, wherever it stands against a run of the lot
    #[arg(long = "override", value_name = "CODE")]
    pub overrides: Vec<String>,
    /// Only these; may be given more than once
    #[arg(long = "application", value_name = "NAME")]
    pub applications: Vec<String>,
}

#[derive(Debug, Args)]
pub struct EvacuateRequest {
    #[command(flatten)]
    pub lot: Lot,
    /// planned or emergency
    #[arg(long)]
    pub mode: String,
    #[arg(long)]
    pub reason: String,
    #[arg(long)]
    pub incident: Option<String>,
    /// What `evacuate plan` showed: refused when it is no longer that
    #[arg(long)]
    pub digest: Option<String>,
    /// Repeating with the same key cannot make a second one
    #[arg(long)]
    pub idempotency_key: Option<String>,
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
        /// viewer, operator, approver or admin
        #[arg(long)]
        role: String,
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

fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric =
        text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric.parse().map_err(|_| "write HOST:PORT with a numeric host, such as 127.0.0.1:8080".to_owned())
}
