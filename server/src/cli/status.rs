//! `holdfast now`, `system`, and `status APPLICATION`.

use super::{
    Outcome,
    client::{Client, segment},
    output::{Output, lines, table},
    run_text,
};
use holdfast_api::{now::NowView, system::SystemView};
use serde_json::{Value, json};

/// # Errors
/// The server's refusal.
pub async fn now(output: Output) -> Outcome {
    let now: NowView = Client::from_environment()?.get("/api/v1/now").await?;
    output.show(&now, |now| {
        let mut text = String::new();
        for need in &now.needs {
            text.push_str(&format!("{}: {}. {} ({})\n", need.state, need.title, need.detail, need.href));
        }
        if now.needs.is_empty() {
            text.push_str("Nothing needs anybody.\n");
        }
        let survive = |word: &str| now.applications.iter().filter(|of| of.would_survive == word).count();
        text.push_str(&format!(
            "{} applications: {} would survive, {} would not, of {} it is unknown.\n",
            now.applications.len(),
            survive("yes"),
            survive("no"),
            survive("unknown")
        ));
        if !now.active_runs.is_empty() {
            text.push('\n');
            text += &run_text::table_of(&now.active_runs);
        }
        text
    });
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn system(output: Output) -> Outcome {
    let system: SystemView = Client::from_environment()?.get("/api/v1/system").await?;
    output.show(&system, |system| {
        let audit = &system.audit;
        let signed = audit.checkpoint.as_ref().map_or_else(
            || "no checkpoint is signed yet".to_owned(),
            |newest| format!("{} entries signed at {}, {} younger", newest.size, newest.at, audit.pending),
        );
        let mut text = format!("Holdfast {}, {} mode\n", system.version, system.mode);
        text += &lines(&[
            ("ready", system.not_ready.clone().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"))),
            ("audit log", signed),
            ("blocks runs", audit.blocks_starts.clone().unwrap_or_default()),
        ]);
        for note in &system.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        for gap in &system.gaps {
            text.push_str(&format!(
                "lost: run {} of {}: {} {}\n",
                gap.run, gap.application, gap.says, gap.way_out
            ));
        }
        for one in &system.unreadable {
            text.push_str(&format!("cannot be read: {}: {}. {}\n", one.application, one.why, one.way_out));
        }
        if !system.set_aside.is_empty() {
            text.push_str("\nRuns that nobody drives:\n");
            text += &run_text::table_of(&system.set_aside);
        }
        text
    });
    Ok(())
}

/// # Errors
/// The server's refusal.
pub async fn status(application: &str, output: Output) -> Outcome {
    let client = Client::from_environment()?;
    let base = format!("/api/v1/applications/{}", segment(application));
    let status: Value = client.get(&format!("{base}/status")).await?;
    let readiness: Value = client.get(&format!("{base}/readiness")).await?;
    output.show(&json!({ "status": status, "readiness": readiness }), |_| words(&status, &readiness));
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| "-".to_owned(), str::to_owned)
}

fn words(status: &Value, readiness: &Value) -> String {
    let serving = &status["serving"];
    let regions: Vec<String> = serving["regions"].as_array().into_iter().flatten().map(text).collect();
    let serves = match (regions.is_empty(), serving["certain"].as_bool()) {
        (true, _) => "where it serves from is unknown".to_owned(),
        (false, Some(true)) => format!("serves from {}", regions.join(" and ")),
        (false, _) => format!("seems to serve from {}", regions.join(" and ")),
    };
    let mut out =
        format!("{}: {}, {serves}\n\n", text(&status["application"]), text(&status["recovery_state"]));
    if let Some(sentence) = status["recovery"]["sentence"].as_str().filter(|said| !said.is_empty()) {
        out.push_str(&format!("{sentence}\n\n"));
    }
    for store in status["recovery"]["stores"].as_array().into_iter().flatten() {
        out.push_str(&format!("{}: {}\n", text(&store["store"]), text(&store["sentence"])));
    }
    let mut rows = Vec::new();
    for resource in status["resources"].as_array().into_iter().flatten() {
        for region in resource["regions"].as_array().into_iter().flatten() {
            rows.push(vec![
                text(&resource["name"]),
                text(&resource["kind"]),
                text(&region["region"]),
                text(&region["state"]),
                text(&region["observed_at"]),
                region["reason"].as_str().unwrap_or_default().to_owned(),
            ]);
        }
    }
    out.push_str(&table(&["RESOURCE", "KIND", "REGION", "STATE", "SEEN", "REASON"], &rows));
    out.push('\n');
    let findings: Vec<&Value> = readiness["findings"].as_array().into_iter().flatten().collect();
    if findings.is_empty() {
        out.push_str("Nothing stands in the way of moving it.\n");
    }
    for finding in findings {
        let (severity, sentence) = (text(&finding["severity"]), text(&finding["sentence"]));
        out.push_str(&format!(
            "{severity}: {sentence} {}\n",
            finding["way_out"].as_str().unwrap_or_default()
        ));
    }
    out
}
