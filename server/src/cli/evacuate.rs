//! `holdfast evacuate …`.

use super::{
    Outcome,
    arguments::runs::{Evacuate, EvacuateRequest, Lot},
    channels,
    client::{As, Client, segment},
    output::{Output, table},
    review, run_text,
};
use holdfast_api::{
    Page,
    evacuations::{CommitOutcome, CommittedEvacuation, EvacuationPreview, EvacuationSummary, EvacuationView},
};
use reqwest::Method;
use serde_json::json;

/// # Errors
/// The server's refusal.
pub async fn evacuate(command: Evacuate, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let one = |id: &str, rest: &str| format!("/api/v1/evacuations/{}{rest}", segment(id));
    let (path, body, who) = match command {
        Evacuate::Plan { lot, mode } => {
            let preview: EvacuationPreview = client.get(&plan_path(&lot, &mode)).await?;
            output.show(&preview, planned);
            return Ok(());
        }
        Evacuate::Request(request) => return ask(&client, request, output).await,
        Evacuate::Show { id } => {
            let view: EvacuationView = client.get(&one(&id, "")).await?;
            output.show(&view, show);
            return Ok(());
        }
        Evacuate::Told { id } => return channels::told(&client, &one(&id, "/notices"), output).await,
        Evacuate::List => {
            let page: Page<EvacuationSummary> = client.get("/api/v1/evacuations").await?;
            output.show(&page, list);
            return Ok(());
        }
        Evacuate::Approve(approve) => {
            return review::approve::<EvacuationView>(&client, approve, output).await;
        }
        Evacuate::Deny(deny) => return review::deny::<EvacuationView>(&client, deny, output).await,
        Evacuate::Withdraw { id } => return review::withdraw::<EvacuationView>(&client, &id, output).await,
        Evacuate::BreakGlass { id } => (one(&id, "/break_glass"), json!({}), As::Person),
        Evacuate::Commit { id, comment } => {
            let body = comment.map(|comment| json!({ "reason": comment }));
            let path = one(&id, "/commit");
            let committed: CommittedEvacuation =
                client.change(Method::POST, &path, body.as_ref(), As::Person, &[]).await?;
            output.show(&committed, committed_parts);
            return Ok(());
        }
        Evacuate::GoOn { id, reason } => (one(&id, "/go_on"), json!({ "reason": reason }), As::Person),
        Evacuate::Cancel { id, reason } => (one(&id, "/cancel"), json!({ "reason": reason }), As::Anybody),
    };
    let view: EvacuationView = client.change(Method::POST, &path, Some(&body), who, &[]).await?;
    output.show(&view, show);
    Ok(())
}

fn plan_path(lot: &Lot, mode: &str) -> String {
    let mut path = format!(
        "/api/v1/regions/{}/evacuation?mode={}&stop_on_failure={}&dry_run={}",
        segment(&lot.region),
        segment(mode),
        !lot.keep_going,
        lot.dry_run
    );
    if lot.home {
        path.push_str("&direction=home");
    }
    if let Some(seconds) = lot.commit_within_seconds {
        path.push_str(&format!("&commit_within_seconds={seconds}"));
    }
    if let Some(concurrency) = lot.concurrency {
        path.push_str(&format!("&concurrency={concurrency}"));
    }
    for (name, values) in [("overrides", &lot.overrides), ("applications", &lot.applications)] {
        if !values.is_empty() {
            path.push_str(&format!("&{name}={}", segment(&values.join(","))));
        }
    }
    path
}

async fn ask(client: &Client, request: EvacuateRequest, output: Output) -> Outcome {
    let key = request.idempotency_key.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let lot = request.lot;
    let who = if lot.dry_run { As::Anybody } else { As::overriding(&lot.overrides) };
    let body = json!({
        "region": lot.region,
        "direction": if lot.home { "home" } else { "out" },
        "commit_within_seconds": lot.commit_within_seconds,
        "mode": request.mode,
        "reason": request.reason,
        "incident": request.incident,
        "concurrency": lot.concurrency,
        "stop_on_failure": !lot.keep_going,
        "dry_run": lot.dry_run,
        "overrides": lot.overrides,
        "applications": (!lot.applications.is_empty()).then_some(lot.applications),
        "plan_digest": request.digest,
    });
    let headers = [("idempotency-key", key.as_str())];
    let view: EvacuationView =
        client.change(Method::POST, "/api/v1/evacuations", Some(&body), who, &headers).await?;
    output.show(&view, show);
    Ok(())
}

fn planned(preview: &EvacuationPreview) -> String {
    let request = &preview.request;
    let lot = if request.direction.is_out() { "Evacuating" } else { "Bringing home to" };
    let mut text = format!(
        "{lot} {}, {}: at most {} at once, {}\n  digest  {}\n",
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

fn committed_parts(committed: &CommittedEvacuation) -> String {
    let rows: Vec<Vec<String>> = committed
        .parts
        .iter()
        .map(|part| {
            let came = match (part.outcome, &part.by, &part.refused) {
                (CommitOutcome::CommittedBefore, Some(by), _) => format!("committed before, by {by}"),
                (_, _, Some(refusal)) => format!("not committed: {} {}", refusal.sentence, refusal.way_out),
                _ => "committed".to_owned(),
            };
            vec![part.application.clone(), came, part.run.clone()]
        })
        .collect();
    table(&["APPLICATION", "COMMIT", "RUN"], &rows)
}

pub fn show(view: &EvacuationView) -> String {
    let evacuation = &view.summary;
    let out = evacuation.direction.is_out();
    let (lot, way) = if out { ("Evacuation", "of") } else { ("Return", "home to") };
    let mut text = format!(
        "{lot} {}: {}{} {way} {}\n  state   {}: {}\n  asked   by {} at {}: {}\n  digest  {}\n",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::{Arguments, Command};
    use clap::Parser as _;

    fn said(words: &str) -> Evacuate {
        match Arguments::try_parse_from(words.split(' ')).unwrap().command {
            Command::Evacuate(command) => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_plan_is_asked_for_with_everything_that_the_requests_digest_covers() {
        let all = "us-east-1 --mode emergency --concurrency 3 --keep-going --dry-run --override lag_above_rpo \
                   --application shop --application pay-in";
        let Evacuate::Plan { lot, mode } = said(&format!("holdfast evacuate plan {all}")) else { panic!() };
        let Evacuate::Request(request) = said(&format!("holdfast evacuate request {all} --reason why"))
        else {
            panic!()
        };
        let path = plan_path(&lot, &mode);
        assert_eq!(path, plan_path(&request.lot, &request.mode));
        let (_, query) = path.split_once('?').unwrap();
        let asked: Vec<&str> = query.split('&').collect();
        for one in [
            "mode=emergency",
            "concurrency=3",
            "stop_on_failure=false",
            "dry_run=true",
            "overrides=lag%5Fabove%5Frpo",
            "applications=shop%2Cpay%2Din",
        ] {
            assert!(asked.contains(&one), "{one}: {query}");
        }
        let Evacuate::Plan { lot, mode } = said("holdfast evacuate plan us-east-1") else { panic!() };
        let plain = plan_path(&lot, &mode);
        assert!(plain.ends_with("?mode=planned&stop_on_failure=true&dry_run=false"), "{plain}");
    }
}
