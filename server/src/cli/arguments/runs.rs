//! The commands about what is moved: runs, plans and evacuations.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "made once a process")]
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
    /// Who was told of it, by which channel, and what became of it
    Told { id: String },
    /// Approve exactly what is shown; needs `holdfast login` within the last five minutes
    Approve(Approve),
    /// Deny; one denial ends the request
    Deny(Deny),
    /// Take one's own approval back, until the run starts
    Withdraw { id: String },
    /// Start a request without its approvals, under the break-glass that you hold open (needs `holdfast login`)
    BreakGlass { id: String },
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
        /// Only this step; the others go on as planned
        #[arg(long)]
        step: Option<String>,
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
    /// Say that what a run has done stays, where it waits for that (needs `holdfast login`)
    Commit {
        id: String,
        #[arg(long)]
        comment: Option<String>,
    },
    /// Take back what a run has done, in the reverse of its order (needs `holdfast login`)
    Abort {
        id: String,
        /// Why; without it nothing is done, and what would be taken back is shown
        #[arg(long)]
        reason: Option<String>,
        /// The application's name, where something cannot be taken back
        #[arg(long, default_value = "")]
        confirm: String,
    },
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
    /// Of an active-active application, in the place of --to: which percentage of the load a Region takes over; several times,
    /// and they sum to 100
    #[arg(long = "share", value_name = "REGION=PERCENT", conflicts_with = "to")]
    pub shares: Vec<String>,
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
    /// Take it back by itself unless somebody commits it within so many seconds after traffic has moved
    #[arg(long = "commit-within", value_name = "SECONDS")]
    pub commit_within_seconds: Option<u32>,
    /// Start it at once, without approvals, under the break-glass that you hold open
    #[arg(long)]
    pub break_glass: bool,
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
    /// Who was told of it, by which channel, and what became of it
    Told { id: String },
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
    /// Start it without its approvals, under the break-glass that you hold open (needs `holdfast login`)
    BreakGlass { id: String },
    /// Say of every run of it that waits for its commit that what it has done stays (needs `holdfast login`)
    Commit {
        id: String,
        #[arg(long)]
        comment: Option<String>,
    },
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
    /// The Region to leave, or with --home to come home to
    pub region: String,
    /// Fail back to the Region what is at home there and serves from elsewhere
    #[arg(long)]
    pub home: bool,
    /// Take each part back by itself unless somebody commits it within so many seconds after its traffic has moved
    #[arg(long = "commit-within", value_name = "SECONDS")]
    pub commit_within_seconds: Option<u32>,
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
