//! Runs in words and tables.

use super::output::table;
use holdfast_api::{
    Page,
    runs::{AbortReview, EscalationReview, RunEvent, RunSummary, RunView},
};
use holdfast_failover::RunState;
use serde::Serialize;

#[must_use]
pub fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "unknown".to_owned(),
    }
}

/// One that nobody drives is in no state of its own.
#[must_use]
pub fn state(run: &RunSummary) -> String {
    if run.set_aside.is_some() { "set_aside".to_owned() } else { word(&run.state) }
}

#[must_use]
pub fn list(page: &Page<RunSummary>) -> String {
    table_of(&page.items)
}

#[must_use]
pub fn table_of(runs: &[RunSummary]) -> String {
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            vec![
                run.id.clone(),
                run.application.clone(),
                format!("{} {}", word(&run.mode), word(&run.intent)),
                format!("{} -> {}", run.from_region, run.to_region),
                state(run),
                format!("{}/{}", run.steps_done, run.steps_total),
                run.requested_at.to_string(),
            ]
        })
        .collect();
    table(&["RUN", "APPLICATION", "WHAT", "MOVE", "STATE", "STEPS", "REQUESTED"], &rows)
}

/// Since when it is an emergency; before anybody has approved it, what it may become.
fn emergency(view: &RunView) -> String {
    if let Some(escalated) = &view.escalated {
        return format!("  emergency  since {}, by {}: {}\n", escalated.at, escalated.by, escalated.reason);
    }
    let waits = view.summary.state == RunState::AwaitingApproval;
    let Some(emergency) = view.if_escalated.as_ref().filter(|_| waits) else { return String::new() };
    if let Some(reason) = &emergency.none_because {
        return format!("  if escalated  it cannot be: {reason}\n");
    }
    let calls = emergency.steps.iter().filter(|step| step.action.is_some());
    calls.map(|step| format!("  if escalated  {}: {}\n", step.id, step.title)).collect()
}

/// What an abort would do, and leave.
#[must_use]
pub fn abort(review: &AbortReview) -> String {
    if let Some(refusal) = &review.refused {
        return format!("It cannot be aborted: {refusal}");
    }
    let mut text = String::new();
    for step in &review.undone {
        text.push_str(&format!("  takes back  {}: {} -> {}\n", step.title, step.value_now, step.value_to_be));
    }
    for stays in &review.stays {
        text.push_str(&format!("  stays       {}: {}\n", stays.title, stays.reason));
    }
    match (review.undone.is_empty(), review.stays.is_empty()) {
        (true, true) => text.push_str("Nothing was done yet: the run would end.\n"),
        (_, true) => text.push_str("Give --reason to do it.\n"),
        (_, false) => text
            .push_str(&format!("Give --reason and --confirm {} to do it.\n", review.run.summary.application)),
    }
    text
}

/// Until when it waits for a commit, or who gave it.
fn commit(view: &RunView) -> String {
    let Some(commit) = &view.commit else { return String::new() };
    match (&commit.by, commit.until) {
        (Some(by), _) => format!("  commit   by {by}\n"),
        (None, Some(until)) => format!("  commit   needed by {until}, else it is taken back\n"),
        (None, None) => {
            format!(
                "  commit   needed within {} s once traffic has moved, else it is taken back\n",
                commit.within_seconds
            )
        }
    }
}

/// Since when it is taken back, and what stays.
fn undoing(view: &RunView) -> String {
    let Some(undoing) = &view.undoing else { return String::new() };
    let by = undoing.by.as_deref().unwrap_or("nobody: the commit window ended");
    let mut text = format!("  aborted  {}, by {by}: {}\n", undoing.at, undoing.reason);
    for stays in &undoing.stays {
        text.push_str(&format!("  stays    {}: {}\n", stays.title, stays.reason));
    }
    text
}

#[must_use]
pub fn show(view: &RunView) -> String {
    let run = &view.summary;
    let dry = if run.dry_run { "dry run of a " } else { "" };
    let mut text = format!(
        "Run {}: {dry}{} {} of {} from {} to {}\n  state   {}: {}\n  asked   by {} at {}: {}\n  digest  {}\n",
        run.id,
        word(&run.mode),
        word(&run.intent),
        run.application,
        run.from_region,
        run.to_region,
        state(run),
        run.now,
        run.requested_by,
        run.requested_at,
        run.reason,
        view.plan_digest,
    );
    if let Some(set_aside) = &run.set_aside {
        text.push_str(&format!("  nobody drives it since {}: {}\n", set_aside.at, set_aside.way_out));
    }
    if let Some(why) = &view.unreadable {
        text.push_str(&format!("  its journal cannot be read: {why}\n"));
    }
    for gap in &view.gaps {
        text.push_str(&format!("  lost    {} {}\n", gap.says, gap.way_out));
    }
    for rule in &view.tally.rules {
        let given = if rule.given.is_empty() { "nobody yet".to_owned() } else { rule.given.join(", ") };
        text.push_str(&format!("  needs   {} of {}: {given}\n", rule.needed, rule.group));
    }
    let rto = &view.measured.rto;
    if let Some(seconds) = rto.total_seconds {
        text.push_str(&format!("  RTO     {seconds:.1} s, objective {} s\n", view.rto_objective_seconds));
        let parts = [
            ("detect", rto.detect_seconds),
            ("decide", rto.decide_seconds),
            ("approve", rto.approve_seconds),
            ("execute", rto.execute_seconds),
            ("verify", rto.verify_seconds),
        ];
        let told = parts.map(|(name, seconds)| match seconds {
            Some(seconds) => format!("{name} {seconds:.1} s"),
            None => format!("{name} unknown"),
        });
        text.push_str(&format!("          {}\n", told.join(", ")));
    }
    for store in &view.measured.stores {
        let lag = match (store.milliseconds, &store.reason) {
            (Some(milliseconds), _) => format!("{milliseconds:.0} ms"),
            (None, reason) => format!("unknown: {}", reason.as_deref().unwrap_or("not measured")),
        };
        text.push_str(&format!("  RPO     {} at the cut: {lag}\n", store.store));
    }
    text.push_str(&emergency(view));
    text.push_str(&commit(view));
    text.push_str(&undoing(view));
    text.push('\n');
    let rows: Vec<Vec<String>> = view
        .steps
        .iter()
        .map(|step| {
            let parked = step.parked.as_ref().map(|parked| format!("{} {}", parked.reason, parked.way_out));
            vec![
                step.id.clone(),
                word(&step.state),
                step.value_now.clone(),
                step.value_to_be.clone(),
                step.action.clone().unwrap_or_else(|| "only looks".to_owned()),
                parked.or_else(|| step.note.clone()).unwrap_or_default(),
            ]
        })
        .collect();
    text.push_str(&table(&["STEP", "STATE", "NOW", "TO BE", "CALL", "NOTE"], &rows));
    text
}

/// What escalating would be refused for, or what it must be told.
#[must_use]
pub fn escalation(review: &EscalationReview) -> String {
    let mut text = show(&review.run);
    text.push('\n');
    for needed in &review.overrides_needed {
        text.push_str(&format!(
            "needs --override {}: {} {}\n",
            needed.guard, needed.sentence, needed.way_out
        ));
    }
    for alone in &review.steps {
        text.push_str(&format!("may go alone, --step {}: {}\n", alone.step, alone.becomes));
    }
    text.push_str(&match &review.refused {
        Some(refused) => format!("It would be refused: {} {}\n", refused.sentence, refused.way_out),
        None => "It can be escalated now.\n".to_owned(),
    });
    text
}

#[must_use]
pub fn event_line(event: &RunEvent) -> String {
    let by = event.person.as_ref().map(|person| format!(" ({person})")).unwrap_or_default();
    format!("{}  {:>4}  {}{by}", event.at, event.seq, event.words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_api::runs::SetAside;

    #[test]
    fn a_run_that_nobody_drives_is_in_no_state_of_its_own() {
        let mut run: RunSummary = serde_json::from_value(serde_json::json!({
            "id": "1", "application": "shop", "intent": "failover", "mode": "planned", "from_region": "us-east-1",
            "to_region": "eu-central-1", "state": "running", "dry_run": false, "requested_by": "operator@example.com",
            "reason": "rehearsal", "requested_at": "2026-11-21T10:00:00Z", "ended_at": null, "steps_done": 3,
            "steps_total": 9, "now": "", "expires_at": null, "rto_seconds": null, "worst_lag_ms": null
        }))
        .unwrap();
        assert_eq!(state(&run), "running");
        let way_out = "Have it tried again.".to_owned();
        run.set_aside = Some(SetAside { at: run.requested_at, why: "it fell".into(), way_out });
        let text = list(&Page { items: vec![run], next: None });
        assert!(text.contains("set_aside") && !text.contains("running"), "{text}");
    }
}
