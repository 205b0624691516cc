//! How long a step waits before it does the next thing.

use std::time::Duration;

/// A step that waits for AWS looks again at least this often.
const LONGEST: Duration = Duration::from_secs(2);

/// The pauses of a step between two changes of its state.
#[derive(Debug)]
pub(super) struct Pauses {
    usual: Duration,
    next: Duration,
    first: bool,
}

impl Pauses {
    /// What AWS has accepted is often there a moment later: the first looks follow quickly.
    pub(super) fn new(usual: Duration) -> Self {
        Self { usual, next: usual / 4, first: true }
    }

    pub(super) fn before_a_look(&mut self) -> Duration {
        let pause = self.next;
        self.next =
            if pause < self.usual { (pause * 2).min(self.usual) } else { (pause * 3 / 2).min(LONGEST) };
        self.first = false;
        pause
    }

    /// Whoever was just told that he asks too often does not ask again quickly.
    pub(super) fn before_a_call(&mut self) -> Duration {
        self.next = self.next.max(self.usual);
        self.before_a_look()
    }

    /// So long an answer may still come, and nothing may be done: once more soon, for an effect that shows late, then when
    /// none can come any more. Looks in between decide nothing.
    pub(super) fn until(&mut self, left: Duration) -> Duration {
        let pause = if self.first { left / 4 } else { left };
        (self.next, self.first) = (LONGEST, false);
        pause.max(self.usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_millis(500);

    fn milliseconds(pauses: impl IntoIterator<Item = Duration>) -> Vec<u128> {
        pauses.into_iter().map(|pause| pause.as_millis()).collect()
    }

    #[test]
    fn looks_follow_quickly_at_first_and_seldom_at_last() {
        let mut pauses = Pauses::new(USUAL);
        let first = milliseconds(std::iter::repeat_with(|| pauses.before_a_look()).take(8));
        assert_eq!(first, [125, 250, 500, 750, 1125, 1687, 2000, 2000]);
    }

    #[test]
    fn a_call_is_not_repeated_before_the_usual_pause() {
        let mut pauses = Pauses::new(USUAL);
        let calls = milliseconds(std::iter::repeat_with(|| pauses.before_a_call()).take(3));
        assert_eq!(calls, [500, 750, 1125]);
    }

    #[test]
    fn for_a_lost_answer_there_are_two_looks_and_not_one_every_moment() {
        let mut pauses = Pauses::new(USUAL);
        let seconds = Duration::from_secs;
        assert_eq!(pauses.until(seconds(40)), seconds(10));
        assert_eq!(pauses.until(seconds(30)), seconds(30));
        assert_eq!(pauses.until(Duration::ZERO), USUAL);
    }
}
