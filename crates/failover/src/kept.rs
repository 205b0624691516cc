//! No audit, no action: whether the audit log is kept well enough outside of the database for anything new to start.
//! What would be done without could be taken out of the log unseen.

use crate::Refusal;
use jiff::{SignedDuration, Timestamp};

/// So long without a checkpoint at any place outside of the database, and nothing new starts.
pub const WITHOUT_CHECKPOINT: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditKept {
    /// When any place got its newest checkpoint; before the first, since when there has been something to sign.
    pub since: Option<Timestamp>,
    /// What is wrong at the places.
    pub errors: Vec<String>,
}

impl AuditKept {
    #[must_use]
    pub fn refusal(&self, now: Timestamp) -> Option<Refusal> {
        let without = now.duration_since(self.since?);
        if without <= WITHOUT_CHECKPOINT {
            return None;
        }
        let mut reasons = self.errors.clone();
        reasons.sort_unstable();
        reasons.dedup();
        let reason = if reasons.is_empty() { "no worker signs it".to_owned() } else { reasons.join("; ") };
        Some(Refusal::new(
            "audit_not_kept",
            format!(
                "No checkpoint of the audit log was written anywhere for {} minutes: {reason}.",
                without.as_secs() / 60
            ),
            "Mend what is named; the audit page and the workers' log say more. Runs start again with the next checkpoint.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    fn since(seconds: i64, errors: &[&str]) -> AuditKept {
        let since = NOW.checked_sub(SignedDuration::from_secs(seconds)).unwrap();
        AuditKept { since: Some(since), errors: errors.iter().map(|e| (*e).to_owned()).collect() }
    }

    #[test]
    fn five_minutes_without_a_checkpoint_stop_starts_and_say_what_is_wrong() {
        assert_eq!(AuditKept::default().refusal(NOW), None, "there is nothing to sign yet");
        assert_eq!(since(300, &["the disk is full"]).refusal(NOW), None);
        let refusal = since(301, &["the disk is full", "gone", "the disk is full"]).refusal(NOW).unwrap();
        assert_eq!(refusal.code, "audit_not_kept");
        assert!(refusal.sentence.ends_with("for 5 minutes: gone; the disk is full."), "{}", refusal.sentence);
        let silent = since(600, &[]).refusal(NOW).unwrap();
        assert!(silent.sentence.ends_with("no worker signs it."), "{}", silent.sentence);
    }
}
