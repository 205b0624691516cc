//! How often somebody may ask: each API token, and each person with all of their sessions, so that no program gone wild takes the
//! server from the others. A person has ten times what a token has: only a machine meets that, and nobody is kept from a page or an
//! approval on the night that counts. It is in memory and of each server by itself; what must not be forgotten (tries at passwords
//! and codes) is counted in the database.

use super::problem::Refused;
use holdfast_api::Problem;
use holdfast_domain::{Actor, PersonId};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Of a token, where production says nothing else.
pub const A_MINUTE: u32 = 600;
const A_PERSON_HAS_TIMES: u32 = 10;
/// Who is known here before those are forgotten who have not asked for long enough to have all of it again.
const KNOWN_AT_MOST: usize = 10_000;
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Asks {
    Person(PersonId),
    Token(Uuid),
}

/// Half a minute's worth may come at once; after that they come evenly.
#[derive(Debug, Default)]
pub struct Pace {
    /// `None`: as often as they like.
    a_minute: Option<u32>,
    /// When each will have all of it again.
    whole_at: Mutex<HashMap<Asks, Instant>>,
}

impl Pace {
    #[must_use]
    pub fn new(a_minute: Option<u32>) -> Self {
        Self { a_minute, whole_at: Mutex::default() }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn take(&self, actor: &Actor, now: Instant) -> Result<(), Refused> {
        let Some(of_token) = self.a_minute else { return Ok(()) };
        let (asks, a_minute) = match actor.token {
            Some(token) => (Asks::Token(token), of_token),
            None => (Asks::Person(actor.person), of_token.saturating_mul(A_PERSON_HAS_TIMES)),
        };
        let each = MINUTE / a_minute.max(1);
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= KNOWN_AT_MOST {
            whole_at.retain(|_, at| *at > now);
        }
        let at = whole_at.entry(asks).or_insert(now);
        let then = (*at).max(now) + each;
        let ahead = then.duration_since(now);
        // One alone is never too many, however few are allowed.
        let at_once = (MINUTE / 2).max(each);
        if ahead > at_once {
            return Err(Refused(too_many(a_minute, ahead - at_once)));
        }
        *at = then;
        Ok(())
    }
}

fn too_many(a_minute: u32, wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
    let mut problem = Problem::new(
        429,
        "too_many_requests",
        "Too many requests",
        format!("More than {a_minute} requests a minute came from you."),
        format!(
            "Wait {seconds} seconds and ask less often; whoever runs the server sets how often (HOLDFAST_REQUESTS_PER_MINUTE)."
        ),
    );
    problem.retry_after_seconds = Some(seconds);
    problem
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::Reach;

    fn somebody(token: Option<Uuid>) -> Actor {
        Actor {
            person: PersonId::fresh(),
            email: "somebody@example.com".into(),
            others: Vec::new(),
            roles: vec![],
            scoped_roles: vec![],
            groups: vec![],
            token,
            token_scopes: None,
            token_within: Reach::default(),
            identity_proved_at: None,
            second_factor: false,
            passkey: None,
            due: None,
            sent: None,
            request: None,
            over: None,
        }
    }

    /// How many of so many that come at the same moment are let through.
    fn let_through(pace: &Pace, actor: &Actor, at: Instant, times: u32) -> usize {
        (0..times).filter(|_| pace.take(actor, at).is_ok()).count()
    }

    #[test]
    fn half_a_minutes_worth_comes_at_once_and_then_as_much_as_time_goes_by() {
        let (pace, began) = (Pace::new(Some(600)), Instant::now());
        let token = somebody(Some(Uuid::now_v7()));
        assert_eq!(let_through(&pace, &token, began, 1_000), 300);
        assert_eq!(let_through(&pace, &token, began + Duration::from_secs(1), 1_000), 10);
        assert_eq!(let_through(&pace, &token, began + Duration::from_secs(3_600), 1_000), 300);
        let Refused(problem) = pace.take(&token, began + Duration::from_secs(3_600)).unwrap_err();
        assert_eq!((problem.status, problem.retry_after_seconds), (429, Some(1)));
    }

    #[test]
    fn a_person_has_ten_times_as_much_and_none_of_their_tokens_takes_of_it() {
        let (pace, now) = (Pace::new(Some(600)), Instant::now());
        let person = somebody(None);
        let token = Actor { token: Some(Uuid::now_v7()), ..person.clone() };
        let another = Actor { token: Some(Uuid::now_v7()), ..person.clone() };
        assert_eq!(let_through(&pace, &token, now, 1_000), 300);
        assert_eq!(let_through(&pace, &another, now, 1_000), 300, "each token by itself");
        assert_eq!(let_through(&pace, &person, now, 10_000), 3_000);
        assert_eq!(let_through(&pace, &somebody(None), now, 10_000), 3_000, "and so is everybody else");
    }

    #[test]
    fn where_nothing_is_said_nobody_is_held_back_and_where_one_is_allowed_one_comes() {
        let (none, one, now) = (Pace::new(None), Pace::new(Some(1)), Instant::now());
        let token = somebody(Some(Uuid::now_v7()));
        assert_eq!(let_through(&none, &token, now, 10_000), 10_000);
        assert_eq!(let_through(&one, &token, now, 10), 1);
        assert_eq!(let_through(&one, &token, now + MINUTE, 10), 1);
    }

    #[test]
    fn who_has_all_of_it_again_is_forgotten_before_memory_grows() {
        let (pace, began) = (Pace::new(Some(600)), Instant::now());
        for _ in 0..KNOWN_AT_MOST {
            pace.take(&somebody(None), began).unwrap();
        }
        pace.take(&somebody(None), began + MINUTE).unwrap();
        assert_eq!(pace.whole_at.lock().unwrap().len(), 1);
    }
}
