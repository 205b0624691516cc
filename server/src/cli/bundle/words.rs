//! What is read on the worst night: what a bundle holds, what would be done, what was done.

use crate::cli::output::{lines, table};
use holdfast_failover::run::{Entry, Event, Run, StepState};
use holdfast_failover::step::Step;
use holdfast_offline::bundle::{Head, OfApplication, OfferedPlan, Open};
use jiff::Timestamp;

pub fn head(head: &Head, stale: bool, signed: Option<u64>) -> String {
    let holders: Vec<&str> = head.holders.iter().map(|slot| slot.person.email.as_str()).collect();
    let made =
        format!("{:.0} by version {}{}", head.made_at, head.version, if stale { ": STALE" } else { "" });
    let mut text = "The signature is good.\n".to_owned();
    text += &lines(&[
        ("made", made),
        ("good until", format!("{:.0}", head.good_until)),
        ("opened by", holders.join(", ")),
        ("audit log", signed.map_or_else(String::new, |size| format!("{size} entries were signed then"))),
    ]);
    let rows: Vec<Vec<String>> = head
        .plans
        .iter()
        .map(|plan| {
            let movement = &plan.movement;
            vec![
                plan.application.to_string(),
                format!("{} {} -> {}", movement.intent.as_str(), movement.from, movement.to),
                plan.digest.to_string(),
            ]
        })
        .collect();
    text + &table(&["APPLICATION", "WAY", "DIGEST"], &rows)
}

/// Said wherever somebody is about to rely on it.
pub fn age(head: &Head, now: Timestamp) -> String {
    let minutes = now.duration_since(head.made_at).as_secs().max(0) / 60;
    let stale = now.duration_since(head.made_at) > holdfast_offline::bundle::STALE_AFTER;
    let stale = if stale { ": it is STALE, and what has changed since is not in it" } else { "" };
    format!("The bundle was made {minutes} min ago, at {:.0}{stale}.", head.made_at)
}

pub fn contents(open: &Open, application: Option<&str>) -> String {
    let wanted = |of: &&OfApplication| application.is_none_or(|name| of.application.name.as_str() == name);
    let mut text = format!(
        "{}\nOpened with the code of {}.\n",
        age(&open.head, holdfast_clock::now()),
        open.by.person.email
    );
    for of in open.contents.applications.iter().filter(wanted) {
        for offered in &of.plans {
            text += &plan(of, offered);
        }
        for (movement, refusal) in &of.without {
            text += &format!(
                "\n{}: {} {} -> {}: no plan: {}\n",
                of.application.name,
                movement.intent.as_str(),
                movement.from,
                movement.to,
                refusal.sentence
            );
        }
    }
    let wanted = |name: &str| application.is_none_or(|application| application == name);
    for (name, why) in open.contents.unreadable.iter().filter(|(name, _)| wanted(name.as_str())) {
        text += &format!("\n{name}: nothing: it could not be read when the bundle was made: {why}\n");
    }
    text
}

/// Every step in its order, each call with the value now and the value to be.
pub fn plan(of: &OfApplication, offered: &OfferedPlan) -> String {
    let movement = &offered.movement;
    let mut text = format!(
        "\n{}: emergency {} from {} to {}\nPlan version {}, digest {}\n",
        of.application.name,
        movement.intent.as_str(),
        movement.from,
        movement.to,
        offered.version,
        offered.digest
    );
    let step = |(n, step): (usize, &Step)| {
        let call = step.change().map_or("-", holdfast_failover::Change::action);
        let title = if step.irreversible {
            format!("{} (cannot be taken back)", step.title)
        } else {
            step.title.clone()
        };
        vec![
            (n + 1).to_string(),
            step.id.to_string(),
            title,
            call.to_owned(),
            step.value_now.clone(),
            step.value_to_be.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = offered.plan.steps.iter().enumerate().map(step).collect();
    text += &table(&["", "STEP", "WHAT", "CALL", "NOW", "TO BE"], &rows);
    for note in &offered.plan.notes {
        text += &format!("* {note}\n");
    }
    for one in &offered.to_override {
        text += &format!("! Stands against it, overridden by `--override {}`: {}\n", one.guard, one.sentence);
    }
    if let Some(refusal) = &offered.refused {
        text += &format!("! Refused: {}\n", refusal.sentence);
    }
    text
}

/// One entry of the journal, once it is on the disk.
pub fn entry(entry: &Entry) -> String {
    let event = &entry.event;
    let step = event.step().map_or_else(String::new, |step| format!(" {step}"));
    let more = match event {
        Event::StepStarted { change: Some(change), .. } => format!(": calling {}", change.action()),
        Event::CallAnswered { answer, .. } => format!(
            ": {} in {} ({})",
            answer.action,
            answer.region,
            answer.request_id.as_deref().unwrap_or("no request id")
        ),
        Event::StepProgress { note, .. } | Event::StepSucceeded { note, .. } => format!(": {note}"),
        Event::CallUnknown { reason, .. }
        | Event::CallRefused { reason, .. }
        | Event::StepParked { reason, .. }
        | Event::StepSkipped { reason, .. }
        | Event::StepLeftOut { reason, .. }
        | Event::Cancelled { reason, .. }
        | Event::Aborted { reason, .. }
        | Event::Failed { reason } => format!(": {reason}"),
        _ => String::new(),
    };
    format!("{} {}{step}{more}", entry.at.strftime("%H:%M:%S"), event.kind())
}

/// What a person has to see to before it goes on, with what to type.
pub fn parked(run: &Run) -> Vec<(String, String, String)> {
    run.plan()
        .steps
        .iter()
        .filter_map(|step| {
            let progress = run.progress(&step.id)?;
            let (reason, way_out) = progress.parked.clone()?;
            (progress.state == StepState::NeedsPerson).then(|| (step.id.to_string(), reason, way_out))
        })
        .collect()
}
