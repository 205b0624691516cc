//! `holdfast status APPLICATION`.

use super::{
    Outcome,
    client::{Client, segment},
    output::{Output, table},
};
use serde_json::{Value, json};

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
