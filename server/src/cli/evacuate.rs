//! `holdfast evacuate …`.

use super::{
    Outcome,
    arguments::{Evacuate, EvacuateRequest},
    client::{As, Client, segment},
    output::{Output, table},
    run_text,
};
use holdfast_api::{
    Page,
    evacuations::{EvacuationPreview, EvacuationSummary, EvacuationView},
};
use reqwest::Method;
use serde_json::{Value, json};

/// # Errors
/// The server's refusal.
pub async fn evacuate(command: Evacuate, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |id: &str, rest: &str| format!("/api/v1/evacuations/{}{rest}", segment(id));
    let (path, body, who) = match command {
        Evacuate::Plan { region, mode } => {
            let path = format!("/api/v1/regions/{}/evacuation?mode={}", segment(&region), segment(&mode));
            let preview: EvacuationPreview = client.get(&path).await?;
            output.show(&preview, planned);
            return Ok(());
        }
        Evacuate::Request(request) => return ask(&client, request, output).await,
        Evacuate::Show { id } => {
            let view: EvacuationView = client.get(&one(&id, "")).await?;
            output.show(&view, show);
            return Ok(());
        }
        Evacuate::List => {
            let page: Page<EvacuationSummary> = client.get("/api/v1/evacuations").await?;
            output.show(&page, list);
            return Ok(());
        }
        Evacuate::Approve { id, digest, comment } => {
            return review(&client, &id, "approve", digest, comment, output).await;
        }
        Evacuate::Deny { id, comment } => {
            return review(&client, &id, "deny", None, comment, output).await;
        }
        Evacuate::Withdraw { id } => {
            let view: EvacuationView =
                client.change(Method::DELETE, &one(&id, "/reviews"), None::<&Value>, As::Person, &[]).await?;
            output.show(&view, show);
            return Ok(());
        }
        Evacuate::GoOn { id, reason } => (one(&id, "/go_on"), json!({ "reason": reason }), As::Person),
        Evacuate::Cancel { id, reason } => (one(&id, "/cancel"), json!({ "reason": reason }), As::Anybody),
    };
    let view: EvacuationView = client.change(Method::POST, &path, Some(&body), who, &[]).await?;
    output.show(&view, show);
    Ok(())
}

async fn ask(client: &Client, request: EvacuateRequest, output: Output) -> Outcome {
    let key = request.idempotency_key.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let body = json!({
        "region": request.region,
        "mode": request.mode,
        "reason": request.reason,
        "incident": request.incident,
        "concurrency": request.concurrency,
        "stop_on_failure": !request.keep_going,
        "dry_run": request.dry_run,
        "overrides": request.overrides,
        "applications": (!request.applications.is_empty()).then_some(request.applications),
        "plan_digest": request.digest,
    });
    let headers = [("idempotency-key", key.as_str())];
    let view: EvacuationView =
        client.change(Method::POST, "/api/v1/evacuations", Some(&body), As::Anybody, &headers).await?;
    output.show(&view, show);
    Ok(())
}

/// Binds to the digest that was read, or to the one shown now.
async fn review(
    client: &Client,
    id: &str,
    decision: &str,
    digest: Option<String>,
    comment: Option<String>,
    output: Output,
) -> Outcome {
    // Before anything is shown that could then not be answered.
    client.demand_person()?;
    let path = format!("/api/v1/evacuations/{}", segment(id));
    let digest = match digest {
        Some(digest) => digest,
        None => {
            let view: EvacuationView = client.get(&path).await?;
            if !output.json {
                eprintln!("{}", show(&view).trim_end());
            }
            view.plan_digest
        }
    };
    let body = json!({ "decision": decision, "plan_digest": digest, "comment": comment });
    let view: EvacuationView =
        client.change(Method::POST, &format!("{path}/reviews"), Some(&body), As::Person, &[]).await?;
    output.show(&view, |view| format!("{}: {}", view.summary.id, view.summary.now));
    Ok(())
}

fn planned(preview: &EvacuationPreview) -> String {
    let request = &preview.request;
    let mut text = format!(
        "Evacuating {}, {}: at most {} at once, {}\n  digest  {}\n",
        request.region,
        request.mode.as_str(),
        preview.concurrency,
        if preview.stop_on_failure { "stopping at a wave that fails" } else { "whatever fails" },
        preview.plan_digest,
    );
    if let Some(refused) = &preview.refused {
        text.push_str(&format!("  refused {} {}\n", refused.sentence, refused.way_out));
    }
    text.push('\n');
    let rows: Vec<Vec<String>> = (1..)
        .zip(&preview.waves)
        .flat_map(|(number, wave)| wave.iter().map(move |part| (number, part)))
        .map(|(number, part)| {
            vec![
                format!("{number}"),
                part.application.clone(),
                format!("{}", part.tier),
                format!("{} to {}", part.intent.as_str(), part.to_region),
                format!("{}", part.steps),
                part.approval_policy.clone(),
            ]
        })
        .collect();
    text.push_str(&table(&["WAVE", "APPLICATION", "TIER", "MOVE", "STEPS", "POLICY"], &rows));
    let left = preview.left_out.iter().map(|left| (&left.application, &left.because.sentence));
    left_out(&mut text, left);
    text
}

fn left_out<'a>(text: &mut String, left: impl Iterator<Item = (&'a String, &'a String)>) {
    for (application, because) in left {
        text.push_str(&format!("left out: {application}: {because}\n"));
    }
}

fn show(view: &EvacuationView) -> String {
    let evacuation = &view.summary;
    let mut text = format!(
        "Evacuation {}: {}{} of {}\n  state   {}: {}\n  asked   by {} at {}: {}\n  digest  {}\n",
        evacuation.id,
        if evacuation.dry_run { "dry run, " } else { "" },
        evacuation.mode.as_str(),
        evacuation.region,
        evacuation.state.as_str(),
        evacuation.now,
        evacuation.requested_by,
        evacuation.requested_at,
        evacuation.reason,
        view.plan_digest,
    );
    for policy in &view.policies {
        for rule in &policy.tally.rules {
            let given = if rule.given.is_empty() { "nobody yet".to_owned() } else { rule.given.join(", ") };
            text.push_str(&format!(
                "  needs   {} of {}: {given} (policy {})\n",
                rule.needed, rule.group, policy.policy
            ));
        }
    }
    text.push('\n');
    let rows: Vec<Vec<String>> = (1..)
        .zip(&view.waves)
        .flat_map(|(number, wave)| wave.iter().map(move |run| (number, run)))
        .map(|(number, run)| {
            vec![
                format!("{number}"),
                run.application.clone(),
                format!("{} to {}", run.intent.as_str(), run.to_region),
                run_text::state(run),
                format!("{}/{}", run.steps_done, run.steps_total),
                run.now.clone(),
                run.id.clone(),
            ]
        })
        .collect();
    text.push_str(&table(&["WAVE", "APPLICATION", "MOVE", "STATE", "STEPS", "NOW", "RUN"], &rows));
    left_out(&mut text, view.left_out.iter().map(|left| (&left.application, &left.because.sentence)));
    text
}

fn list(page: &Page<EvacuationSummary>) -> String {
    let rows: Vec<Vec<String>> = page
        .items
        .iter()
        .map(|evacuation| {
            vec![
                evacuation.id.clone(),
                evacuation.region.clone(),
                evacuation.mode.as_str().to_owned(),
                evacuation.state.as_str().to_owned(),
                format!("{}/{}", evacuation.moved, evacuation.applications),
                evacuation.requested_at.to_string(),
            ]
        })
        .collect();
    table(&["EVACUATION", "REGION", "MODE", "STATE", "MOVED", "REQUESTED"], &rows)
}
