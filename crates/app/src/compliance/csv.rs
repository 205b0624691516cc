//! The compliance table as CSV, for spreadsheets: RFC 4180, and no cell that one would run.

use super::word;
use holdfast_api::compliance::ComplianceRow;
use holdfast_failover::compliance::{Evidence, RtoSplit};

/// A column's name, and what stands in it.
type Column = (&'static str, fn(&ComplianceRow) -> String);

/// Columns are found by their names; their order says nothing.
const COLUMNS: [Column; 32] = [
    ("application", |r| r.application.clone()),
    ("owner", |r| r.owner.clone()),
    ("tier", |r| r.tier.to_string()),
    ("strategy", |r| r.strategy.clone()),
    ("strategy_rto_band", |r| r.rto_band.clone()),
    ("strategy_rpo_band", |r| r.rpo_band.clone()),
    ("strategy_gaps", |r| r.gaps.join("; ")),
    ("rto_objective_seconds", |r| r.rto_objective_seconds.to_string()),
    ("rto_worst_measured_seconds", |r| number(r.rto_worst_seconds)),
    ("rto", |r| word(r.rto).to_owned()),
    ("rpo_objective_seconds", |r| r.rpo_objective_seconds.to_string()),
    ("rpo_worst_measured_ms", |r| number(r.rpo_worst_ms)),
    ("rpo", |r| word(r.rpo).to_owned()),
    ("runs_counted", |r| r.runs_counted.to_string()),
    ("last_measured_at", |r| r.last_measured_at.map_or_else(|| "never".to_owned(), |at| at.to_string())),
    ("last_run", |r| r.last_run.clone().unwrap_or_default()),
    ("last_detect_seconds", |r| of_last(r, |split| split.detect_seconds)),
    ("last_decide_seconds", |r| of_last(r, |split| split.decide_seconds)),
    ("last_approve_seconds", |r| of_last(r, |split| split.approve_seconds)),
    ("last_execute_seconds", |r| of_last(r, |split| split.execute_seconds)),
    ("last_verify_seconds", |r| of_last(r, |split| split.verify_seconds)),
    ("break_glass_reviews_due", |r| r.break_glass_reviews_due.join(" ")),
    ("verified", |r| r.verification.state.clone()),
    ("last_rehearsed_at", |r| {
        r.verification.rehearsed_at.map_or_else(|| "never".to_owned(), |at| at.to_string())
    }),
    ("needs_rehearsal_because", |r| {
        r.verification.reasons.iter().map(|r| r.sentence.as_str()).collect::<Vec<_>>().join(" ")
    }),
    ("traffic_and_promotion_proved_by", |r| r.proved_by.map_or("nothing", Evidence::as_str).to_owned()),
    ("real_runs", |r| of_sort(r, Evidence::RealRun).0),
    ("last_real_run_at", |r| of_sort(r, Evidence::RealRun).1),
    ("live_drills", |r| of_sort(r, Evidence::LiveDrill).0),
    ("last_live_drill_at", |r| of_sort(r, Evidence::LiveDrill).1),
    ("isolated_drills", |r| of_sort(r, Evidence::IsolatedDrill).0),
    ("last_isolated_drill_at", |r| of_sort(r, Evidence::IsolatedDrill).1),
];

#[must_use]
pub fn csv(rows: &[ComplianceRow]) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut csv = names.join(",") + "\r\n";
    for row in rows {
        let cells: Vec<String> = COLUMNS.iter().map(|(_, of)| cell(&of(row))).collect();
        csv += &cells.join(",");
        csv += "\r\n";
    }
    csv
}

fn number(of: Option<f64>) -> String {
    of.map_or_else(|| "unknown".to_owned(), |of| format!("{of:.1}"))
}

/// How many there were of the sort, and when the last one ended.
fn of_sort(row: &ComplianceRow, sort: Evidence) -> (String, String) {
    let of = row.evidence.iter().find(|of| of.evidence == sort);
    let at = of.and_then(|of| of.last_at).map_or_else(|| "never".to_owned(), |at| at.to_string());
    (of.map_or(0, |of| of.runs).to_string(), at)
}

fn of_last(row: &ComplianceRow, part: fn(&RtoSplit) -> Option<f64>) -> String {
    number(row.last_split.as_ref().and_then(part))
}

/// A leading `=`, `+`, `-`, `@`, tab or line end, in full width too, begins a formula: those cells are made text. What
/// another locale's spreadsheet would take for two cells is quoted.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if formula || text.contains(['"', ',', ';', '\t', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_api::plans::VerificationView;
    use holdfast_failover::compliance::Standing;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_made_text() {
        for payload in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "＝1", "＠x"] {
            let made = cell(payload);
            assert!(made.starts_with("\"'"), "{payload:?} became {made:?}");
        }
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("x;=1+1"), "\"x;=1+1\"");
    }

    #[test]
    fn every_column_of_every_row_is_a_safe_cell_and_the_bands_and_the_split_are_among_them() {
        let nasty = "=cmd|'/c calc'!A1".to_owned();
        let row = ComplianceRow {
            application: nasty.clone(),
            owner: nasty.clone(),
            tier: 1,
            strategy: nasty.clone(),
            rto_objective_seconds: 900,
            rpo_objective_seconds: 30,
            rto_band: "minutes".into(),
            rpo_band: "seconds".into(),
            gaps: vec![nasty.clone()],
            rto: Standing::Unknown,
            rpo: Standing::Unknown,
            rto_worst_seconds: None,
            rpo_worst_ms: Some(840.0),
            runs_counted: 1,
            last_measured_at: None,
            last_run: Some(nasty),
            break_glass_reviews_due: vec!["one".into(), "two".into()],
            verification: VerificationView::default(),
            last_split: Some(RtoSplit { decide_seconds: Some(90.0), ..RtoSplit::default() }),
            proved_by: None,
            evidence: Vec::new(),
        };
        let csv = csv(&[row]);
        let (names, cells) = csv.split_once("\r\n").unwrap();
        let cells: Vec<&str> = cells.trim_end().split(',').collect();
        let names: Vec<&str> = names.split(',').collect();
        assert_eq!(names.len(), cells.len(), "{csv}");
        assert!(cells.iter().all(|cell| !cell.trim_start_matches('"').starts_with('=')), "{csv}");
        let of = |name: &str| cells[names.iter().position(|n| *n == name).unwrap()];
        assert_eq!((of("strategy_rto_band"), of("strategy_rpo_band")), ("minutes", "seconds"));
        assert_eq!(of("break_glass_reviews_due"), "one two");
        assert_eq!((of("last_detect_seconds"), of("last_decide_seconds")), ("unknown", "90.0"));
    }
}
