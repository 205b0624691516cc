//! Answers of looks, kept for a while so that one can be given again: AWS's own replicas lag behind, too.

use super::Reply;
use crate::world::clock::Moment;
use std::collections::HashMap;

/// No answer is older than this in the world's time.
const AT_MOST_MS: i64 = 60_000;

/// By what was asked.
#[derive(Debug, Default)]
pub(crate) struct Earlier(HashMap<String, (i64, Reply)>);

impl Earlier {
    /// The oldest of the last minute stays.
    pub(crate) fn keep(&mut self, asks: String, reply: &Reply, now: Moment) {
        let young = |(at, _): &(i64, Reply)| now.virtual_ms - at <= AT_MOST_MS;
        if !self.0.get(&asks).is_some_and(young) {
            self.0.insert(asks, (now.virtual_ms, reply.clone()));
        }
    }

    pub(crate) fn find(&self, asks: &str, now: Moment) -> Option<Reply> {
        let (at, reply) = self.0.get(asks)?;
        (now.virtual_ms - at <= AT_MOST_MS).then(|| reply.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_again_for_a_minute_and_only_to_the_same_question() {
        let at = |virtual_ms| Moment { virtual_ms, real_ms: 0 };
        let mut earlier = Earlier::default();
        earlier.keep("a".into(), &Reply::look("first"), at(0));
        earlier.keep("a".into(), &Reply::look("second"), at(30_000));
        let body = |asks: &str, ms| earlier.find(asks, at(ms)).map(|reply| reply.body);
        assert_eq!(body("a", 59_000).as_deref(), Some(b"first".as_slice()));
        assert_eq!(body("a", 61_000), None);
        assert_eq!(body("b", 0), None);
    }
}
