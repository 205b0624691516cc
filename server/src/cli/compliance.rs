//! `holdfast compliance`.

use super::{
    Outcome,
    client::Client,
    output::{Output, table},
    run_text::word,
};
use holdfast_api::compliance::{ComplianceRow, ComplianceView};
use std::io::Write as _;

/// # Errors
/// The server's refusal.
pub async fn compliance(csv: bool, output: Output) -> Outcome {
    const AT: &str = "/api/v1/compliance";
    let client = Client::from_environment()?;
    if csv {
        let text = client.get_text(AT, "text/csv").await?;
        return Ok(std::io::stdout().write_all(text.as_bytes())?);
    }
    let view: ComplianceView = client.get(AT).await?;
    output.show(&view, |view| {
        let rows: Vec<Vec<String>> = view.rows.iter().map(row).collect();
        let table =
            table(&["APPLICATION", "TIER", "STRATEGY", "RTO", "RPO", "RUNS", "LAST MEASURED", "GAPS"], &rows);
        let due = match view.break_glass_reviews_due.len() {
            0 => String::new(),
            n => format!("Not green: {n} break-glass reviews are due (`holdfast break-glass status`).\n"),
        };
        format!(
            "{} meet their objectives, {} miss them, {} are unknown.\n{due}\n{table}",
            view.met, view.missed, view.unknown
        )
    });
    Ok(())
}

fn row(of: &ComplianceRow) -> Vec<String> {
    let measured = |value: Option<f64>, unit: &str| {
        value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.1} {unit}"))
    };
    vec![
        of.application.clone(),
        of.tier.to_string(),
        of.strategy.clone(),
        format!(
            "{}: {} of {} s",
            word(&of.rto),
            measured(of.rto_worst_seconds, "s"),
            of.rto_objective_seconds
        ),
        format!("{}: {} of {} s", word(&of.rpo), measured(of.rpo_worst_ms, "ms"), of.rpo_objective_seconds),
        of.runs_counted.to_string(),
        of.last_measured_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
        of.gaps.join("; "),
    ]
}
