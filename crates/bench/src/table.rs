//! Figures of several rounds beside the goals that were set for them. A goal that is missed makes the program end badly.

/// One figure of several rounds, in the goal's own unit.
#[derive(Debug)]
pub struct Row {
    pub what: String,
    pub rounds: Vec<f64>,
    pub goal: Option<Goal>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met_by(self, median: f64) -> bool {
        match self {
            Self::AtLeast(least) => median >= least,
            Self::AtMost(most) => median <= most,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtLeast(least) => format!("at least {least}"),
            Self::AtMost(most) => format!("at most {most}"),
        }
    }
}

pub fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// # Errors
/// With the names of the goals that were missed.
pub fn print_and_judge(rows: &[Row]) -> anyhow::Result<()> {
    println!("\n{:<58} {:>9} {:>19} {:>6}   goal", "figure", "median", "(min to max)", "rounds");
    let mut missed = Vec::new();
    for row in rows {
        let middle = median(&row.rounds);
        let (low, high) =
            row.rounds.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), r| (l.min(*r), h.max(*r)));
        let verdict = match row.goal {
            None => String::new(),
            Some(goal) if goal.is_met_by(middle) => format!("{}: met", goal.words()),
            Some(goal) => {
                missed.push(row.what.as_str());
                format!("{}: MISSED", goal.words())
            }
        };
        let (spread, rounds) = (format!("({low:.2} to {high:.2})"), row.rounds.len());
        println!("{:<58} {middle:>9.2} {spread:>19} {rounds:>6}   {verdict}", row.what);
    }
    anyhow::ensure!(missed.is_empty(), "missed: {}", missed.join("; "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_judged_by_the_median_and_one_that_is_missed_is_an_error() {
        let row = |goal| Row { what: "steps".into(), rounds: vec![0.9, 0.2, 0.5], goal: Some(goal) };
        assert!(print_and_judge(&[row(Goal::AtLeast(0.5)), row(Goal::AtMost(0.5))]).is_ok());
        let missed = print_and_judge(&[row(Goal::AtLeast(0.6))]).unwrap_err().to_string();
        assert_eq!(missed, "missed: steps");
        assert!(print_and_judge(&[row(Goal::AtMost(0.4))]).is_err());
        assert!(print_and_judge(&[Row { goal: Some(Goal::AtLeast(0.0)), ..row(Goal::AtMost(1.0)) }]).is_ok());
        let nothing = Row { what: "nothing".into(), rounds: Vec::new(), goal: Some(Goal::AtMost(1.0)) };
        assert!(print_and_judge(&[nothing]).is_err(), "what was not measured was not met");
    }
}
