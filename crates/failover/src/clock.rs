//! Clocks that differ: the database's, by which everything is judged; a worker's own; AWS's, which refuses what was signed
//! too long before or after. Which is wrong is not known, only which two are apart, and what follows from that.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Clocks that are kept by NTP differ by milliseconds; AWS tells its own in whole seconds, and an answer takes its time.
pub const APART_AT_MOST: SignedDuration = SignedDuration::from_secs(5);
/// An answer of the database that took longer says too little about when it was given.
const TELLS_WITHIN: Duration = Duration::from_secs(1);
/// What was compared longer ago says nothing about now.
pub const COMPARED_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// What a worker last found of clocks; both differences are against the database's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub worker: String,
    pub at: Timestamp,
    /// How far the worker's own clock is ahead; below zero: behind. `None`: it has compared none yet.
    pub own_ahead: Option<SignedDuration>,
    /// The same of AWS's; `None`: no answer of AWS was heard lately.
    pub aws_ahead: Option<SignedDuration>,
}

/// What is to be thought of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Together,
    /// An alarm.
    Apart {
        says: String,
        way_out: &'static str,
    },
    /// It has not been compared lately, or not with all.
    Unknown {
        says: String,
    },
}

const OWN: &str = "Let NTP set the clock of its machine (chronyd, systemd-timesyncd), or replace the machine. Nothing is judged by that \
     clock, but its log's times are wrong and its TLS connections may fail.";
const AWS: &str = "Let NTP set the clock of the database's machine: AWS refuses what was signed by a clock that is more than five minutes \
     from its own.";

/// How far a worker's own clock is ahead, which said `asked` when it put the question that the database answered with its
/// own time. `None`: the answer took too long to tell.
#[must_use]
pub fn own_ahead(asked: Timestamp, took: Duration, database: Timestamp) -> Option<SignedDuration> {
    // The database said so somewhere between the question and the answer.
    (took <= TELLS_WITHIN).then(|| (asked + took / 2).duration_since(database))
}

/// Of several that are apart the one that keeps work from being done comes first.
#[must_use]
pub fn judge(comparison: &Comparison, now: Timestamp) -> Standing {
    let Comparison { worker, at, own_ahead, aws_ahead } = comparison;
    let Some(own_ahead) = own_ahead else {
        return Standing::Unknown { says: format!("{worker} has not compared its clock yet.") };
    };
    let ago = now.duration_since(*at);
    if ago > COMPARED_WITHIN {
        let says = format!("The clock of {worker} was last compared {} ago.", words(ago));
        return Standing::Unknown { says };
    }
    match aws_ahead {
        Some(ahead) if ahead.abs() > APART_AT_MOST => {
            let says = format!("AWS's clock, as {worker} hears it, is {} the database's.", apart(*ahead));
            Standing::Apart { says, way_out: AWS }
        }
        _ if own_ahead.abs() > APART_AT_MOST => {
            let says = format!("The clock of {worker} is {} the database's.", apart(*own_ahead));
            Standing::Apart { says, way_out: OWN }
        }
        Some(_) => Standing::Together,
        None => Standing::Unknown { says: format!("{worker} has heard no time from AWS lately.") },
    }
}

fn apart(ahead: SignedDuration) -> String {
    format!("{} {}", words(ahead.abs()), if ahead.is_negative() { "behind" } else { "ahead of" })
}

fn words(length: SignedDuration) -> String {
    match length.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 2 * 3_600 => format!("{} min", (seconds + 30) / 60),
        seconds if seconds < 48 * 3_600 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(own: i64, aws: Option<i64>) -> Comparison {
        Comparison {
            worker: "worker-1".into(),
            at: Timestamp::UNIX_EPOCH,
            own_ahead: Some(SignedDuration::from_millis(own)),
            aws_ahead: aws.map(SignedDuration::from_millis),
        }
    }

    fn says(comparison: &Comparison, after: i64) -> String {
        match judge(comparison, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(after)) {
            Standing::Together => "together".into(),
            Standing::Apart { says, .. } => format!("apart: {says}"),
            Standing::Unknown { says } => format!("unknown: {says}"),
        }
    }

    #[test]
    fn clocks_are_together_within_five_seconds_and_beyond_that_it_is_said_which_two_are_not() {
        for (own, aws, expected) in [
            (4_900, 5_000, "together"),
            (-5_000, -4_000, "together"),
            (5_100, 0, "apart: The clock of worker-1 is 5 s ahead of the database's."),
            (-600_000, 0, "apart: The clock of worker-1 is 10 min behind the database's."),
            (259_200_000, 0, "apart: The clock of worker-1 is 3 days ahead of the database's."),
            (0, -420_000, "apart: AWS's clock, as worker-1 hears it, is 7 min behind the database's."),
            // AWS's, for which calls are refused, is not hidden by the machine's.
            (600_000, -420_000, "apart: AWS's clock, as worker-1 hears it, is 7 min behind the database's."),
        ] {
            assert_eq!(says(&compared(own, Some(aws)), 1), expected);
        }
    }

    #[test]
    fn what_was_not_compared_lately_or_not_with_aws_is_unknown_and_never_good() {
        assert!(
            says(&compared(0, Some(0)), 61)
                .starts_with("unknown: The clock of worker-1 was last compared 61 s ago")
        );
        assert!(
            says(&compared(9_000, Some(0)), 61).starts_with("unknown"),
            "an alarm of then is none of now"
        );
        assert!(says(&compared(0, None), 1).starts_with("unknown"));
        assert!(says(&compared(9_000, None), 1).starts_with("apart"), "what is known is said");
        let never = Comparison { own_ahead: None, ..compared(0, None) };
        assert_eq!(says(&never, 1), "unknown: worker-1 has not compared its clock yet.");
    }

    #[test]
    fn an_answer_that_took_long_says_nothing_of_the_clock() {
        let ahead = |took: u64| {
            let database = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(300);
            own_ahead(Timestamp::UNIX_EPOCH, Duration::from_millis(took), database)
        };
        assert_eq!(ahead(600), Some(SignedDuration::ZERO));
        assert_eq!(ahead(1_000), Some(SignedDuration::from_millis(200)));
        assert_eq!(ahead(12_000), None);
    }
}
