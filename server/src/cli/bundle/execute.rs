//! `holdfast bundle execute`: a plan of the bundle carried out from here, with no server and no database.

use super::words;
use super::{of_fault, read, write};
use crate::cli::arguments::bundle::{Execute, Steer};
use crate::cli::output::{Output, say};
use crate::cli::{Failure, Outcome, log, password};
use crate::config::aws_of_bundle;
use crate::signals;
use anyhow::{Context as _, anyhow};
use holdfast_api::Problem;
use holdfast_app::free_text::{LINE_AT_MOST, REASON_AT_MOST, free_text};
use holdfast_audit::VerifyingKey;
use holdfast_aws::AwsCloud;
use holdfast_domain::{BreakGlassId, RunId, StepId};
use holdfast_engine::offline::{Carrier, Error, JournalFile};
use holdfast_failover::break_glass::{MINUTES_AT_MOST, UnderBreakGlass};
use holdfast_failover::run::{Command, Entry, Run, RunState, Who};
use holdfast_failover::{Intent, Refusal};
use holdfast_offline::bundle::{Asked, Bundle, OfApplication, OfferedPlan, Open};
use holdfast_offline::journal::Opening;
use jiff::SignedDuration;
use serde_json::json;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub async fn execute(asked: Execute, output: Output) -> Outcome {
    log::to_stderr("warn");
    // What could not be handed in is not begun.
    let reason = free_text("reason", Some(&asked.reason), REASON_AT_MOST)?;
    let incident = free_text("incident", asked.incident.as_deref(), LINE_AT_MOST)?;
    let Some(reason) = reason else {
        return Err(Failure::Usage("--reason: say why it is carried out without a server".to_owned()));
    };
    let mut asked = Execute { reason, incident, ..asked };
    let goes_on = asked.journal.exists();
    let kept = kept_beside(&asked.journal);
    // The one that it was begun from: where that lay a worker may have put a newer one.
    if goes_on && kept.exists() {
        asked.of.bundle = kept;
    }
    let (bundle, keys) = read(&asked.of)?;
    let now = holdfast_clock::now();
    // A run that was begun goes on to its end.
    if !goes_on {
        bundle.still_good(now).map_err(of_fault)?;
    }
    eprintln!("{}", words::age(&bundle.head, now));
    let code = password::read(asked.code_stdin, "Offline code")?;
    let open = bundle.open(&code).map_err(of_fault)?;
    let by = open.by.person.clone();
    eprintln!("Opened with the code of {}.", by.email);
    let of = open.application(&asked.application).map_err(of_fault)?.clone();
    let file = if goes_on {
        go_on(&asked, &open, &keys, output)?
    } else {
        begin(&asked, (&bundle, &open), &of, output)?
    };
    // The journal of one that has ended stays to the byte what was, or will be, handed in.
    let over = file.is_over().map_err(of_error)?;
    if goes_on && !over {
        file.opened(&asked.journal, opening(&asked, &open)).map_err(of_error)?;
    }
    let stop = signals::stop().context("signals")?;
    let cloud = Arc::new(AwsCloud::new(aws_of_bundle(&open.contents.endpoints, asked.aws_itself)));
    let ground = (of.application.clone(), open.contents.accounts.clone());
    let run = file.run();
    let carrier = Carrier::take(Arc::new(file), run, cloud, ground, stop).await.map_err(of_error)?;
    if !over {
        steer(&carrier, &asked, &by).await?;
        carrier.carry_on().await.map_err(of_error)?;
    }
    ended(&carrier.run().await, &asked.journal, output)
}

/// A run of a plan that the bundle's signature covers; nothing of it leaves before somebody has typed what it moves.
fn begin(
    asked: &Execute,
    (bundle, open): (&Bundle, &Open),
    of: &OfApplication,
    output: Output,
) -> Result<JournalFile, Failure> {
    if !asked.steer.says_nothing() {
        return Err(Failure::Usage(format!(
            "{} is not there yet: steps are steered once a run was begun",
            asked.journal.display()
        )));
    }
    let offered = choose(asked, of)?;
    let request = Asked {
        by: open.by.person.clone(),
        reason: asked.reason.clone(),
        incident: asked.incident.clone(),
        overrides: asked.overrides.clone(),
    };
    let request = offered.request(&of.application, open, request).map_err(of_fault)?;
    eprintln!("{}", words::plan(of, offered));
    confirm(asked, &of.application.name.to_string())?;
    let now = holdfast_clock::now();
    let (run, glass) = (RunId::fresh(), BreakGlassId::fresh());
    let under = UnderBreakGlass {
        id: glass,
        by: open.by.person.clone(),
        reason: request.reason.clone(),
        until: now
            .checked_add(SignedDuration::from_mins(MINUTES_AT_MOST.into()))
            .map_err(|error| anyhow!("the clock: {error}"))?,
        offline: Some(open.head.id),
    };
    let events = Run::request_under(request, under).map_err(of_refusal)?;
    let entries = (1..).zip(events).map(|(seq, event)| Entry { seq, at: now, event }).collect();
    write(&kept_beside(&asked.journal), &bundle.text())?;
    let first = (opening(asked, open), entries);
    JournalFile::begin(&asked.journal, open, (run, glass), first, teller(output)).map_err(of_error)
}

/// Where the bundle stays that a journal was begun from.
fn kept_beside(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".bundle");
    PathBuf::from(name)
}

fn go_on(
    asked: &Execute,
    open: &Open,
    keys: &[VerifyingKey],
    output: Output,
) -> Result<JournalFile, Failure> {
    let file = JournalFile::reopen(&asked.journal, open, keys, teller(output)).map_err(of_error)?;
    let application = file.application().map_err(of_error)?;
    if application.as_str() != asked.application {
        return Err(Failure::Usage(format!(
            "{} is the journal of a run of {application}",
            asked.journal.display()
        )));
    }
    Ok(file)
}

fn opening(asked: &Execute, open: &Open) -> Opening {
    Opening {
        by: open.by.person.clone(),
        code: open.by.code,
        at: holdfast_clock::now(),
        reason: asked.reason.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    }
}

/// To people on standard error as it happens; whoever asked for JSON reads it at the end.
fn teller(output: Output) -> Box<dyn Fn(&Entry) + Send + Sync> {
    if output.json {
        return Box::new(|_| {});
    }
    // Whoever listened may be gone; the run goes on.
    Box::new(|entry| drop(writeln!(std::io::stderr(), "{}", words::entry(entry))))
}

fn choose<'a>(asked: &Execute, of: &'a OfApplication) -> Result<&'a OfferedPlan, Failure> {
    let intent = Intent::from(asked.intent);
    let fits = |plan: &&OfferedPlan| {
        let movement = &plan.movement;
        movement.intent == intent
            && asked.from.as_deref().is_none_or(|from| movement.from.as_str() == from)
            && asked.to.as_deref().is_none_or(|to| movement.to.as_str() == to)
    };
    let found: Vec<&OfferedPlan> = of.plans.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let why: Vec<String> = of
                .without
                .iter()
                .filter(|(movement, _)| movement.intent == intent)
                .map(|(_, refusal)| refusal.sentence.clone())
                .collect();
            let why = if why.is_empty() { "none is kept".to_owned() } else { why.join(" ") };
            Err(Problem::new(
                422,
                "not_in_the_bundle",
                "Refused",
                format!("The bundle has no such plan of {}: {why}", of.application.name),
                "`holdfast bundle show` lists what it has.",
            )
            .into())
        }
        several => {
            let ways: Vec<String> = several
                .iter()
                .map(|plan| format!("--from {} --to {}", plan.movement.from, plan.movement.to))
                .collect();
            Err(Failure::Usage(format!("several plans fit; say which: {}", ways.join(", or "))))
        }
    }
}

/// What was not copied is given up, and nobody else has been asked: that is typed, not clicked.
fn confirm(asked: &Execute, name: &str) -> Outcome {
    let typed = match &asked.confirm {
        Some(typed) => typed.clone(),
        None if std::io::stdin().is_terminal() && !asked.code_stdin => {
            eprint!("An emergency gives up what was not copied. Type {name} to carry it out: ");
            std::io::stderr().flush()?;
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            line
        }
        None => String::new(),
    };
    if typed.trim() == name {
        return Ok(());
    }
    Err(Problem::new(
        422,
        "confirmation_needed",
        "Nothing was done",
        "An emergency gives up what was not copied, which cannot be undone.",
        format!("Type the application's name, or give it as `--confirm {name}`."),
    )
    .into())
}

async fn steer(carrier: &Carrier, asked: &Execute, by: &Who) -> Outcome {
    let Steer { retry, skip, confirm_step, cancel, abort } = &asked.steer;
    let step = |text: &String| StepId::parse(text).map_err(|error| Failure::Usage(error.to_string()));
    let reason = asked.reason.clone();
    let mut commands = Vec::new();
    for text in retry {
        commands.push(Command::RetryStep { by: by.clone(), step: step(text)? });
    }
    for text in skip {
        commands.push(Command::SkipStep { by: by.clone(), step: step(text)?, reason: reason.clone() });
    }
    for text in confirm_step {
        let (step, comment) = (step(text)?, Some(reason.clone()));
        commands.push(Command::ConfirmStep { by: by.clone(), groups: Vec::new(), step, comment });
    }
    if *cancel {
        commands.push(Command::Cancel { by: by.clone(), reason: reason.clone() });
    }
    if *abort {
        let confirm = asked.confirm.clone().unwrap_or_default();
        commands.push(Command::Abort { by: by.clone(), reason, confirm });
    }
    for command in commands {
        carrier.say(command).await.map_err(of_error)?;
    }
    Ok(())
}

/// Exit code 0 where it has come to its end; 1 where somebody has to see to it.
fn ended(run: &Run, journal: &Path, output: Output) -> Outcome {
    let (path, parked) = (journal.display().to_string(), words::parked(run));
    let steps: Vec<_> = parked
        .iter()
        .map(|(step, reason, way_out)| json!({ "step": step, "reason": reason, "way_out": way_out }))
        .collect();
    let shown = json!({
        "run": run.id, "state": run.state, "ending": run.ending, "journal": path, "needs_person": steps,
    });
    if run.state.is_over() {
        output.show(&shown, |_| {
            let ending = run.ending.clone().unwrap_or_default();
            format!("{ending}\nHand it in as soon as there is a server: holdfast bundle import {path}")
        });
        return if run.state == RunState::Failed {
            Err(Failure::Other(anyhow!("it failed")))
        } else {
            Ok(())
        };
    }
    if output.json {
        output.show(&shown, |_| String::new());
    }
    let mut text = String::new();
    for (step, reason, way_out) in &parked {
        text += &format!("`{step}` needs a person: {reason}\n  {way_out}\n");
    }
    if !text.is_empty() && !output.json {
        say(&text);
    }
    let goes_on = "Start it again with the same --journal: it goes on where it stands. --retry STEP, --skip STEP, --confirm-step STEP, --abort and --cancel say what is to become of it.";
    Err(Problem::new(409, "run_not_over", "It has not ended", format!("Run {} stands.", run.id), goes_on)
        .into())
}

fn of_refusal(refusal: Refusal) -> Failure {
    Problem::new(409, &refusal.code, "Refused", refusal.sentence, refusal.way_out).into()
}

fn of_error(error: Error) -> Failure {
    match error {
        Error::Fault(fault) => of_fault(fault),
        Error::Refused(refusal) => of_refusal(refusal),
        other => Failure::Other(anyhow!(other)),
    }
}
