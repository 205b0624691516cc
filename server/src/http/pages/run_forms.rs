//! Forms of runs: ask for one, review it, drive it, answer for a step. Each calls what REST calls, with the same
//! refusals, and leads back to the page it came from.

use super::query::{Fields, Sent};
use super::render::{Form, Visit, back, came_of};
use super::{flash, views};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use holdfast_api::runs::{AbortRun, Decision, EscalateRun, RequestRun, ReviewRun, RunVerb, RunView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Name, RunId, StepId};
use holdfast_failover::guard::Guard;
use holdfast_frontend::components::{applications, runs};
use holdfast_frontend::format;
use holdfast_frontend::pages::abort::FORM as ABORT;
use holdfast_frontend::pages::escalate::FORM as ESCALATE;
use holdfast_frontend::pages::review::FORM;
use jiff::Timestamp;
use std::collections::BTreeMap;

pub async fn request(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let answer = async {
        let request = read_request(&text, &sent)?;
        let key = sent.get("idempotency_key").ok_or_else(|| {
            Problem::bad_field(
                "idempotency_key",
                "is missing",
                "Open the review page anew and send its form.",
            )
        })?;
        state.plane.request_run(&visit.actor, request, &key).await
    };
    match answer.await {
        Ok(run) => back(
            &runs::href(&run.summary.id),
            flash::done(format!("Asked for: {}", runs::what(&run.summary))),
        ),
        Err(problem) => {
            let typed = with_ticked(&sent, &["reason", "incident", "impact_began_at", "detected_at"]);
            back(&review_path(&text, &sent), flash::refused(&problem, FORM, typed))
        }
    }
}

fn read_request(application: &str, sent: &Fields) -> Answer<RequestRun> {
    let time = |field: &str, called: &str| {
        let read = |text: String| {
            text.parse::<Timestamp>().map_err(|_| {
                Problem::bad_field(
                    called,
                    format!("`{text}` is not a time"),
                    "Write it as 2026-11-21T14:02:00Z, or leave it empty.",
                )
            })
        };
        sent.get(field).map(read).transpose()
    };
    let dry_run = sent.text("dry_run") == "true";
    Ok(RequestRun {
        application: Name::parse(application)
            .map_err(|_| Problem::not_found("application", application))?
            .to_string(),
        intent: views::intent(sent)?,
        mode: views::mode(sent)?,
        drill: views::drill(sent)?,
        drill_minutes: views::drill_minutes(sent)?,
        from_region: sent.get("from_region"),
        to_region: sent.get("to_region"),
        split: views::split(sent)?,
        dry_run,
        reason: sent.text("reason"),
        incident: sent.get("incident"),
        impact_began_at: time("impact_began_at", "Impact began at")?,
        detected_at: time("detected_at", "Detected at")?,
        overrides: overrides(sent),
        commit_within_seconds: views::window(sent)?.filter(|_| !dry_run),
        break_glass: views::break_glass(sent) && !dry_run,
        // The digest shown is that of the request which people approve; a dry run is another one, and asks nobody.
        plan_digest: sent.get("plan_digest").filter(|_| !dry_run),
    })
}

/// The guards whose boxes were ticked.
fn overrides(sent: &Fields) -> Vec<String> {
    Guard::ALL
        .iter()
        .map(|guard| guard.as_str())
        .filter(|guard| !sent.text(&format!("override_{guard}")).is_empty())
        .map(str::to_owned)
        .collect()
}

/// What was typed, and which guards were ticked to be overridden.
fn with_ticked(sent: &Fields, names: &[&str]) -> BTreeMap<String, String> {
    let ticked: Vec<String> = overrides(sent).iter().map(|guard| format!("override_{guard}")).collect();
    let all: Vec<&str> = names.iter().copied().chain(ticked.iter().map(String::as_str)).collect();
    sent.typed(&all)
}

/// The review page of the same request: the plan is made anew there.
fn review_path(application: &str, sent: &Fields) -> String {
    let (intent, mode) = (sent.get("intent"), sent.get("mode"));
    let (from, to) = (sent.get("from_region"), sent.get("to_region"));
    let (drill, minutes) = (sent.get("drill"), sent.get("drill_minutes"));
    format::query(
        &format!("{}/runs/new", applications::href(application)),
        &[
            ("intent", intent.as_deref()),
            ("to", to.as_deref()),
            ("split", sent.get("split").as_deref()),
            ("from", from.as_deref()),
            ("mode", mode.as_deref()),
            ("drill", drill.as_deref()),
            ("drill_minutes", minutes.as_deref()),
            ("commit", sent.get("commit").as_deref()),
            ("break_glass", views::break_glass(sent).then_some("yes")),
        ],
    )
}

pub async fn review(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let decision = sent.text("decision");
    let answer = async {
        let decision = match decision.as_str() {
            "approve" => Decision::Approve,
            "deny" => Decision::Deny,
            other => {
                return Err(Problem::bad_field(
                    "decision",
                    format!("`{other}` is not a decision"),
                    "Approve or deny.",
                ));
            }
        };
        let review =
            ReviewRun { decision, plan_digest: sent.text("plan_digest"), comment: sent.get("comment") };
        state.plane.review_run(&visit.actor, run_id(&text)?, review).await
    };
    let words = if decision == "deny" { "You denied the request" } else { "You approved the request" };
    of_run(&text, answer.await, words, if decision == "deny" { "deny" } else { "approve" }, &sent)
}

pub async fn pause(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    let reason = sent.0.get("reason");
    drive(s, visit, path, sent, "pause", "The run pauses once its running steps have ended", |_| {
        Ok(RunVerb::Pause { reason })
    })
    .await
}

pub async fn resume(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    drive(s, visit, path, sent, "resume", "The run goes on", |_| Ok(RunVerb::Resume)).await
}

pub async fn withdraw(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    drive(s, visit, path, sent, "withdraw", "Your approval is withdrawn", |_| Ok(RunVerb::Withdraw)).await
}

pub async fn cancel(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    drive(s, visit, path, sent, "cancel", "The run is cancelled", |sent| {
        Ok(RunVerb::Cancel { reason: reason(sent)? })
    })
    .await
}

/// Refused, it leads back to its own page: the run's would not show what was typed.
pub async fn escalate(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let asked = EscalateRun {
        reason: sent.text("reason"),
        confirm: sent.text("confirm"),
        step: sent.get("step"),
        overrides: overrides(&sent),
    };
    let done = match &asked.step {
        Some(step) => format!("{step} goes on as an emergency, and the rest as planned"),
        None => "The run goes on as an emergency".to_owned(),
    };
    let answer =
        async { state.plane.drive_run(&visit.actor, run_id(&text)?, RunVerb::Escalate(asked)).await };
    match answer.await {
        Ok(run) => back(&runs::href(&run.summary.id), flash::done(done)),
        Err(problem) => {
            let typed = with_ticked(&sent, &["reason", "confirm", "step"]);
            let page = format!("{}/escalate", runs::href(&text));
            back(&page, flash::refused(&problem, ESCALATE, typed))
        }
    }
}

pub async fn commit(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    let comment = sent.0.get("comment");
    drive(s, visit, path, sent, "commit", "What the run has done stays", |_| Ok(RunVerb::Commit { comment }))
        .await
}

/// Refused, it leads back to its own page, as an escalation does.
pub async fn abort(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
) -> Response {
    let asked = AbortRun { reason: sent.text("reason"), confirm: sent.text("confirm") };
    let answer = async { state.plane.drive_run(&visit.actor, run_id(&text)?, RunVerb::Abort(asked)).await };
    match answer.await {
        Ok(run) => {
            back(&runs::href(&run.summary.id), flash::done("What the run did is taken back".to_owned()))
        }
        Err(problem) => {
            let typed = sent.typed(&["reason", "confirm"]);
            let page = format!("{}/abort", runs::href(&text));
            back(&page, flash::refused(&problem, ABORT, typed))
        }
    }
}

pub async fn acknowledge(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    let words = "You have acknowledged how the run ended";
    drive(s, visit, path, sent, "acknowledge", words, |_| Ok(RunVerb::Acknowledge)).await
}

pub async fn end_drill(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    let words = "The way back was asked for";
    drive(s, visit, path, sent, "end_drill", words, |_| Ok(RunVerb::EndDrill)).await
}

pub async fn break_glass(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    let words = "Started without approvals";
    drive(s, visit, path, sent, "break_glass", words, |_| Ok(RunVerb::BreakGlass)).await
}

pub async fn try_again(s: State<AppState>, visit: Visit, path: Path<String>, sent: Sent) -> Response {
    drive(s, visit, path, sent, "try_again", "The run is taken up again", |_| Ok(RunVerb::TryAgain)).await
}

pub async fn retry(
    s: State<AppState>,
    visit: Visit,
    Path((run, step)): Path<(String, String)>,
    sent: Sent,
) -> Response {
    let verb = step_id(&step).map(|step| RunVerb::RetryStep { step });
    drive(s, visit, Path(run), sent, "retry", &format!("{step} is tried again"), |_| verb).await
}

pub async fn skip(
    s: State<AppState>,
    visit: Visit,
    Path((run, step)): Path<(String, String)>,
    sent: Sent,
) -> Response {
    let id = step_id(&step);
    let form = format!("skip-{step}");
    drive(s, visit, Path(run), sent, &form, &format!("{step} is skipped"), |sent| {
        Ok(RunVerb::SkipStep { step: id?, reason: reason(sent)? })
    })
    .await
}

pub async fn confirm(
    s: State<AppState>,
    visit: Visit,
    Path((run, step)): Path<(String, String)>,
    sent: Sent,
) -> Response {
    let id = step_id(&step);
    let form = format!("confirm-{step}");
    let comment = sent.0.get("comment");
    drive(s, visit, Path(run), sent, &form, &format!("{step} is confirmed"), |_| {
        Ok(RunVerb::ConfirmStep { step: id?, comment })
    })
    .await
}

async fn drive(
    State(state): State<AppState>,
    visit: Visit,
    Path(text): Path<String>,
    Sent(sent): Sent,
    form: &str,
    words: &str,
    verb: impl FnOnce(&Fields) -> Answer<RunVerb>,
) -> Response {
    let verb = verb(&sent);
    let answer = async { state.plane.drive_run(&visit.actor, run_id(&text)?, verb?).await };
    of_run(&text, answer.await, words, form, &sent)
}

/// Every form about a run stands on its page, and asks for no other words than these.
fn of_run(run: &str, answer: Answer<RunView>, words: &str, form: &str, sent: &Fields) -> Response {
    let form = Form { page: &runs::href(run), name: form, fields: &["reason", "comment"] };
    came_of(answer, form, sent, |_| words.to_owned())
}

fn run_id(text: &str) -> Answer<RunId> {
    text.parse().map_err(|_| Problem::not_found("run", text))
}

fn step_id(text: &str) -> Answer<StepId> {
    StepId::parse(text).map_err(|_| Problem::not_found("step", text))
}

pub(super) fn reason(sent: &Fields) -> Answer<String> {
    sent.get("reason").ok_or_else(|| {
        Problem::bad_field("Why", "is missing", "Say why: it stays in the journal and the audit log.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(dry_run: &str) -> Fields {
        let pairs = [("dry_run", dry_run), ("plan_digest", "d1ge57"), ("reason", "a rehearsal")];
        Fields(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    #[test]
    fn a_dry_run_does_not_claim_the_digest_that_was_shown_of_the_run() {
        let of =
            |dry_run| read_request("shop", &sent(dry_run)).map(|asked| (asked.dry_run, asked.plan_digest));
        assert_eq!(of("true"), Ok((true, None)));
        assert_eq!(of("false"), Ok((false, Some("d1ge57".to_owned()))));
    }
}
