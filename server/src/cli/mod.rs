//! The command line. Commands that serve or administer read the server's settings; the others are clients of a
//! server's REST API and take `HOLDFAST_URL` and `HOLDFAST_TOKEN`.

mod admin;
mod arguments;
mod audit;
mod break_glass;
mod bundle;
mod channels;
mod client;
mod compliance;
#[cfg(feature = "demo")]
mod demo;
mod estate;
mod evacuate;
mod inventory;
mod keys;
mod log;
mod login;
mod on_call;
mod output;
mod passkeys;
mod password;
mod people;
mod plan;
mod review;
mod run;
mod run_text;
mod safeguards;
mod saved_session;
mod server;
mod status;

use arguments::{Arguments, Command};
use clap::Parser as _;
use holdfast_api::Problem;
use output::Output;
use std::process::ExitCode;

/// How a command that did not do as asked ends.
#[derive(Debug)]
pub enum Failure {
    /// The server or the control plane said no, and how to get on.
    Problem(Box<Problem>),
    /// Said of the command line or a setting: exit code 2.
    Usage(String),
    Other(anyhow::Error),
}

pub type Outcome = Result<(), Failure>;

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast_ref::<crate::config::Wrong>() {
            Some(wrong) => Self::Usage(wrong.to_string()),
            None => Self::Other(error),
        }
    }
}

impl From<crate::config::Wrong> for Failure {
    fn from(wrong: crate::config::Wrong) -> Self {
        Self::Usage(wrong.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    let output = Output { json: arguments.json || arguments.output == arguments::Format::Json };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("holdfast: no threads can be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(arguments, output));
    // A handler that hangs does not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.failure(&failure),
    }
}

/// Help and version come this way too, and are no failure.
fn not_understood(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && output::json_is_asked_for(std::env::args_os()) {
        let words = error.render().to_string();
        return Output { json: true }.failure(&Failure::Usage(words.trim_end().to_owned()));
    }
    error.exit()
}

async fn run(arguments: Arguments, output: Output) -> Outcome {
    let Arguments { config, command, .. } = arguments;
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo::demo(demo).await,
        #[cfg(feature = "demo")]
        Command::Sim(sim) => demo::sim(sim).await,
        Command::Serve(serve) => server::serve(config, serve).await,
        Command::Worker(worker) => server::worker(config, worker).await,
        Command::Migrate(migrate) => server::migrate(config, migrate, output).await,
        Command::Openapi => server::openapi(),
        Command::Login(login) => login::login(login, output).await,
        Command::Logout(logout) => login::logout(logout, output).await,
        Command::Password(own) => login::password(own, output).await,
        Command::Keys(command) => keys::keys(config, command, output).await,
        Command::Apply(apply) => inventory::apply(apply, output).await,
        Command::Export(export) => inventory::export(export, output).await,
        Command::Now => status::now(output).await,
        Command::Application(command) => estate::application(command, output).await,
        Command::Account(command) => estate::account(command, output).await,
        Command::Region(command) => estate::region(command, output).await,
        Command::Policy(command) => estate::policy(command, output).await,
        Command::Freeze(command) => safeguards::freeze(command, output).await,
        Command::OnCall(command) => on_call::on_call(command, output).await,
        Command::Automation(command) => safeguards::automation(command, output).await,
        Command::Bundle(command) => bundle::bundle(command, output).await,
        Command::BreakGlass(command) => break_glass::break_glass(command, output).await,
        Command::Approvals => run::approvals(output).await,
        Command::Compliance { csv } => compliance::compliance(csv, output).await,
        Command::Run(command) => run::run(command, output).await,
        Command::Plan(command) => plan::plan(command, output).await,
        Command::Evacuate(command) => evacuate::evacuate(command, output).await,
        Command::Status { application } => status::status(&application, output).await,
        Command::Audit(command) => audit::audit(command, output).await,
        Command::Person(command) => people::person(command, output).await,
        Command::Group(command) => people::group(command, output).await,
        Command::Token(command) => people::token(command, output).await,
        Command::Session(command) => people::session(command, output).await,
        Command::Passkey(command) => passkeys::passkey(command, output).await,
        Command::Channel(command) => channels::channel(command, output).await,
        Command::Whoami => login::whoami(output).await,
        Command::System => status::system(output).await,
        Command::Admin(command) => admin::admin(config, command, output).await,
    }
}
