//! `holdfast break-glass …`: starting without others what would wait for them, and its review.

use super::{
    Outcome,
    arguments::break_glass::BreakGlass,
    client::{As, Client, segment},
    output::{Output, lines, table},
    password,
    run_text::word,
};
use crate::http::v1::List;
use holdfast_api::{
    Page,
    break_glass::{BreakGlassState, BreakGlassView, NewSealedCodeView, SealedCodeView},
};
use reqwest::Method;
use serde_json::{Value, json};

const AT: &str = "/api/v1/break_glasses";
const CODES: &str = "/api/v1/sealed_codes";

/// # Errors
/// The server's refusal.
pub async fn break_glass(command: BreakGlass, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let of = |id: &str, rest: &str| format!("{AT}/{}{rest}", segment(id));
    match command {
        BreakGlass::Status => {
            let state: BreakGlassState = client.get("/api/v1/break_glass").await?;
            output.show(&state, |state| {
                let all: Vec<BreakGlassView> = state.open.iter().chain(&state.reviews_due).cloned().collect();
                if all.is_empty() {
                    "The glass is whole, and no review is due.".to_owned()
                } else {
                    listed(&all)
                }
            });
        }
        BreakGlass::List => {
            let page: Page<BreakGlassView> = client.get(AT).await?;
            output.show(&page, |page| listed(&page.items));
        }
        BreakGlass::Show { id } => {
            let view: BreakGlassView = client.get(&of(&id, "")).await?;
            output.show(&view, one);
        }
        BreakGlass::Open { reason, minutes, incident, sealed_code, sealed_code_stdin } => {
            let code = match sealed_code || sealed_code_stdin {
                true => Some(password::read(sealed_code_stdin, "Sealed code")?),
                false => None,
            };
            let body = json!({
                "reason": reason, "minutes": minutes, "incident": incident, "sealed_code": code,
            });
            let view: BreakGlassView = client.change(Method::POST, AT, Some(&body), As::Person, &[]).await?;
            output.show(&view, one);
        }
        BreakGlass::End { id } => {
            let path = of(&id, "/end");
            let view: BreakGlassView =
                client.change(Method::POST, &path, None::<&Value>, As::Person, &[]).await?;
            output.show(&view, one);
        }
        BreakGlass::Review { id, words } => {
            let (path, body) = (of(&id, "/review"), json!({ "words": words }));
            let view: BreakGlassView =
                client.change(Method::POST, &path, Some(&body), As::Person, &[]).await?;
            output.show(&view, one);
        }
        BreakGlass::Codes => {
            let list: List<SealedCodeView> = client.get_as(CODES, As::Person).await?;
            output.show(&list, |list| codes(&list.items));
        }
        BreakGlass::MakeCode { kept_at } => {
            let body = json!({ "kept_at": kept_at });
            let made: NewSealedCodeView =
                client.change(Method::POST, CODES, Some(&body), As::Person, &[]).await?;
            output.show(&made, |made| {
                format!("{}\n\nIt is not shown again. Keep it at: {}", made.code, made.kept_at)
            });
        }
        BreakGlass::WithdrawCode { id } => {
            let path = format!("{CODES}/{}", segment(&id));
            client.change::<Value>(Method::DELETE, &path, None::<&Value>, As::Person, &[]).await?;
            output
                .show(&json!({ "withdrawn": id }), |_| "The sealed code opens nothing any more.".to_owned());
        }
    }
    Ok(())
}

fn state_of(view: &BreakGlassView) -> &'static str {
    match (view.open, &view.review) {
        (true, _) => "open",
        (false, None) => "review due",
        (false, Some(_)) => "reviewed",
    }
}

fn listed(all: &[BreakGlassView]) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            vec![
                of.id.clone(),
                state_of(of).to_owned(),
                of.holder.clone(),
                of.opened_at.to_string(),
                of.expires_at.to_string(),
                of.runs.len().to_string(),
                of.reason.clone(),
            ]
        })
        .collect();
    table(&["BREAK-GLASS", "STATE", "HOLDER", "OPENED", "UNTIL", "RUNS", "REASON"], &rows)
}

fn one(view: &BreakGlassView) -> String {
    let ended = match (&view.ended_by, view.ended_at) {
        (Some(by), Some(at)) => format!("by {by} at {at}"),
        _ => "no".to_owned(),
    };
    let review = view.review.as_ref().map_or_else(
        || "due: somebody else closes it".to_owned(),
        |review| format!("{}, by {} at {}", review.words, review.by, review.at),
    );
    let runs: Vec<String> =
        view.runs.iter().map(|run| format!("{} {} {}", run.id, run.application, word(&run.state))).collect();
    lines(&[
        ("break-glass", view.id.clone()),
        ("state", state_of(view).to_owned()),
        ("holder", view.holder.clone()),
        ("opened with", view.opened_with.words().to_owned()),
        ("reason", view.reason.clone()),
        ("incident", view.incident.clone().unwrap_or_default()),
        ("opened", view.opened_at.to_string()),
        ("until", view.expires_at.to_string()),
        ("ended", ended),
        ("runs", runs.join("; ")),
        ("review", review),
    ])
}

fn codes(all: &[SealedCodeView]) -> String {
    let state = |of: &SealedCodeView| match (&of.used_by, &of.withdrawn_by) {
        (Some(by), _) => format!("used by {by}"),
        (None, Some(by)) => format!("withdrawn by {by}"),
        (None, None) => "good".to_owned(),
    };
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|of| {
            vec![of.id.to_string(), state(of), of.kept_at.clone(), of.made_by.clone(), of.made_at.to_string()]
        })
        .collect();
    table(&["SEALED CODE", "STATE", "KEPT AT", "MADE BY", "MADE"], &rows)
}
