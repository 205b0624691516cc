//! `holdfast run …`.

use super::{
    Failure, Outcome,
    arguments::runs::{Request, Run},
    channels,
    client::{As, Client, segment},
    output::{Output, say},
    review,
    run_text::{abort, escalation, event_line, list, show, table_of},
};
use crate::http::v1::List;
use anyhow::anyhow;
use holdfast_api::{
    Page,
    runs::{AbortReview, EscalationReview, RunEvent, RunSummary, RunView},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The server may be away for this long, being restarted say, before watching it is given up.
const PATIENCE: u32 = 60;

/// # Errors
/// The server's refusal.
pub async fn run(command: Run, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |id: &str, rest: &str| format!("/api/v1/runs/{}{rest}", segment(id));
    let because = |reason: Option<String>| reason.map(|reason| json!({ "reason": reason }));
    let (path, body) = match command {
        Run::Request(request) => return ask(&client, request, output).await,
        Run::Show { id } => {
            let view: RunView = client.get(&one(&id, "")).await?;
            output.show(&view, show);
            return Ok(());
        }
        Run::List { application, state, live } => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in
                [("application", application), ("state", state), ("live", live.then(|| "true".to_owned()))]
            {
                if let Some(value) = value {
                    query.append_pair(name, &value);
                }
            }
            let page: Page<RunSummary> = client.get(&format!("/api/v1/runs?{}", query.finish())).await?;
            output.show(&page, list);
            return Ok(());
        }
        Run::Told { id } => return channels::told(&client, &one(&id, "/notices"), output).await,
        Run::Watch { id } => return watch(&client, &id, output).await,
        Run::Approve(approve) => return review::approve::<RunView>(&client, approve, output).await,
        Run::Deny(deny) => return review::deny::<RunView>(&client, deny, output).await,
        Run::Withdraw { id } => return review::withdraw::<RunView>(&client, &id, output).await,
        Run::Escalation { id } => {
            let review: EscalationReview = client.get(&one(&id, "/escalate")).await?;
            output.show(&review, escalation);
            return Ok(());
        }
        Run::Confirm { id, step, comment } => {
            let path = one(&id, &format!("/steps/{}/confirm", segment(&step)));
            let view: RunView =
                client.change(Method::POST, &path, because(comment).as_ref(), As::Person, &[]).await?;
            output.show(&view, show);
            return Ok(());
        }
        Run::Escalate { id, step, reason, confirm, overrides } => {
            let asked = json!({ "reason": reason, "confirm": confirm, "step": step, "overrides": overrides });
            let path = one(&id, "/escalate");
            let view: RunView = client.change(Method::POST, &path, Some(&asked), As::Person, &[]).await?;
            output.show(&view, show);
            return Ok(());
        }
        Run::Commit { id, comment } => {
            let body = because(comment);
            let view: RunView =
                client.change(Method::POST, &one(&id, "/commit"), body.as_ref(), As::Person, &[]).await?;
            output.show(&view, show);
            return Ok(());
        }
        Run::Abort { id, reason: None, .. } => {
            let review: AbortReview = client.get(&one(&id, "/abort")).await?;
            output.show(&review, abort);
            return Ok(());
        }
        Run::Abort { id, reason: Some(reason), confirm } => {
            let asked = json!({ "reason": reason, "confirm": confirm });
            let path = one(&id, "/abort");
            let view: RunView = client.change(Method::POST, &path, Some(&asked), As::Person, &[]).await?;
            output.show(&view, show);
            return Ok(());
        }
        Run::BreakGlass { id } => {
            let path = one(&id, "/break_glass");
            let view: RunView = client.change(Method::POST, &path, None::<&Value>, As::Person, &[]).await?;
            output.show(&view, show);
            return Ok(());
        }
        Run::Pause { id, reason } => (one(&id, "/pause"), because(reason)),
        Run::Resume { id } => (one(&id, "/resume"), None),
        Run::EndDrill { id } => (one(&id, "/end_drill"), None),
        Run::TryAgain { id } => (one(&id, "/try_again"), None),
        Run::Acknowledge { id } => (one(&id, "/acknowledge"), None),
        Run::Cancel { id, reason } => (one(&id, "/cancel"), because(Some(reason))),
        Run::Retry { id, step } => (one(&id, &format!("/steps/{}/retry", segment(&step))), None),
        // What was approved is then not what is done: not for tokens.
        Run::Skip { id, step, reason } => {
            let path = one(&id, &format!("/steps/{}/skip", segment(&step)));
            let why = because(Some(reason));
            let view: RunView = client.change(Method::POST, &path, why.as_ref(), As::Person, &[]).await?;
            output.show(&view, show);
            return Ok(());
        }
    };
    let view: RunView = client.change(Method::POST, &path, body.as_ref(), As::Anybody, &[]).await?;
    output.show(&view, show);
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn approvals(output: Output) -> Outcome {
    let waiting: List<RunSummary> = Client::from_environment()?.get("/api/v1/approvals").await?;
    output.show(&waiting, |waiting| {
        if waiting.items.is_empty() {
            return "Nothing waits for your review.".to_owned();
        }
        table_of(&waiting.items)
    });
    Ok(())
}

/// `eu-central-1=60`, each.
fn shares(all: &[String]) -> Result<Option<BTreeMap<&str, u8>>, Failure> {
    let mut split = BTreeMap::new();
    for one in all {
        let wrong = || {
            Failure::Usage(format!(
                "`--share {one}` is not a Region and its percentage, such as eu-central-1=60"
            ))
        };
        let (region, percent) = one.split_once('=').ok_or_else(wrong)?;
        split.insert(region.trim(), percent.trim().parse::<u8>().map_err(|_| wrong())?);
    }
    Ok((!split.is_empty()).then_some(split))
}

async fn ask(client: &Client, request: Request, output: Output) -> Outcome {
    let key = request.idempotency_key.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let split = shares(&request.shares)?;
    let body = json!({
        "application": request.application,
        "intent": request.intent,
        "mode": request.mode,
        "drill": request.drill,
        "drill_minutes": request.drill_minutes,
        "from_region": request.from,
        "to_region": request.to,
        "split": split,
        "dry_run": request.dry_run,
        "reason": request.reason,
        "incident": request.incident,
        "impact_began_at": request.impact_began_at,
        "detected_at": request.detected_at,
        "overrides": request.overrides,
        "commit_within_seconds": request.commit_within_seconds,
        "break_glass": request.break_glass,
    });
    let headers = [("idempotency-key", key.as_str())];
    let who = match (request.dry_run, request.break_glass) {
        (true, _) => As::Anybody,
        (false, true) => As::Person,
        (false, false) => As::overriding(&request.overrides),
    };
    let view: RunView = client.change(Method::POST, "/api/v1/runs", Some(&body), who, &headers).await?;
    if request.watch && !output.json {
        say(show(&view).trim_end());
        return watch(client, &view.summary.id, output).await;
    }
    output.show(&view, show);
    if request.watch { watch(client, &view.summary.id, output).await } else { Ok(()) }
}

/// Tells each event once, in order, across restarts of the server. With `--output json`, one event to a line.
async fn watch(client: &Client, id: &str, output: Output) -> Outcome {
    let (mut after, mut failures) = (0_i64, 0_u32);
    loop {
        let path = format!("/api/v1/runs/{}", segment(id));
        // The end is looked for before the events, so that what came with it is still told.
        let looked = async {
            let view: RunView = client.get(&path).await?;
            let text = client.get_text(&format!("{path}/events?after={after}"), "application/json").await?;
            let events: Vec<RunEvent> = serde_json::from_str(&text)
                .map_err(|error| Failure::Other(anyhow!("the events cannot be read: {error}")))?;
            Ok::<_, Failure>((view, events))
        };
        match looked.await {
            Ok((view, events)) => {
                failures = 0;
                for event in &events {
                    after = event.seq;
                    if output.json {
                        say(&serde_json::to_string(event).map_err(anyhow::Error::from)?);
                    } else {
                        say(&event_line(event));
                    }
                }
                if view.summary.ended_at.is_some() {
                    return ended(&view);
                }
            }
            Err(Failure::Other(error)) if failures < PATIENCE => {
                failures += 1;
                if failures == 1 {
                    eprintln!("holdfast: {error:#}\n  trying on ...");
                }
            }
            Err(failure) => return Err(failure),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn ended(view: &RunView) -> Outcome {
    use holdfast_failover::run::RunState;
    match view.summary.state {
        RunState::Completed | RunState::CompletedWithExceptions => Ok(()),
        _ => Err(Failure::Other(anyhow!(
            "the run did not complete: {}",
            view.ending.as_deref().unwrap_or(&view.summary.now)
        ))),
    }
}
