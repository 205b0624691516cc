//! Which endpoints do not answer. What the collector asks of one that was silent a moment ago, or that nobody has heard from for a
//! while, it asks with few calls at first: those to a dark Region must not fill the lanes of all the others until each has found out.

use crate::settings::Service;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long a silent endpoint is held back and asked shortly. Longer than a sweep's interval: each sweep finds out anew.
const MEMORY: Duration = Duration::from_secs(90);

/// How long an answer promises the next one. Shorter than a sweep's interval, for the same reason.
const PROMISE: Duration = Duration::from_secs(5);

/// How many ask at once whose answers nothing promises. Enough for one that loses some of its calls, and for nobody to wait for more
/// than the first answer.
const FIRST: usize = 6;

type Endpoint = (Service, String);

#[derive(Debug, Default)]
struct Memory {
    unheard: HashMap<Endpoint, Instant>,
    heard: HashMap<Endpoint, Instant>,
    /// Answered after they had been taken for silent: slow, and not dark.
    slow: HashMap<Endpoint, Instant>,
    /// Where a call has ended without an answer, and did not only wait for long.
    in_vain: HashMap<Endpoint, Instant>,
    /// Held by whoever asks a silent endpoint.
    alone: HashMap<Endpoint, Arc<tokio::sync::Mutex<()>>>,
    /// Held by those who are the first to ask.
    first: HashMap<Endpoint, Arc<Semaphore>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Answers,
    Untold,
    Silent,
}

impl Memory {
    fn standing(&self, endpoint: &Endpoint) -> Standing {
        match () {
            () if within(&self.unheard, endpoint, MEMORY) => Standing::Silent,
            () if self.is_slow(endpoint) || within(&self.heard, endpoint, PROMISE) => Standing::Answers,
            () => Standing::Untold,
        }
    }

    fn is_slow(&self, endpoint: &Endpoint) -> bool {
        within(&self.slow, endpoint, MEMORY)
    }
}

fn within(times: &HashMap<Endpoint, Instant>, endpoint: &Endpoint, memory: Duration) -> bool {
    times.get(endpoint).is_some_and(|since| since.elapsed() < memory)
}

/// An ordering, a shortening of waits, and for the collector few questions at a time: a held-back endpoint is still asked, and what
/// the first questions bring holds for all who waited for them.
#[derive(Debug, Default)]
pub(crate) struct Silence(Mutex<Memory>);

/// The right to ask, while it is held.
#[derive(Debug, Default)]
pub(crate) enum Asking {
    #[default]
    AmongAll,
    AmongTheFirst {
        _turn: OwnedSemaphorePermit,
    },
    Alone {
        _turn: OwnedMutexGuard<()>,
    },
}

impl Silence {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn heard(&self, service: Service, region: &str) {
        let (mut memory, endpoint) = (self.memory(), (service, region.to_owned()));
        if memory.unheard.remove(&endpoint).is_some() {
            memory.slow.insert(endpoint.clone(), Instant::now());
        }
        memory.heard.insert(endpoint, Instant::now());
    }

    pub(crate) fn unheard(&self, service: Service, region: &str) {
        let (mut memory, endpoint) = (self.memory(), (service, region.to_owned()));
        memory.slow.remove(&endpoint);
        memory.in_vain.insert(endpoint.clone(), Instant::now());
        memory.unheard.insert(endpoint, Instant::now());
    }

    /// A call sent at `since` is still without an answer: the endpoint counts as silent unless it answered another
    /// meanwhile, or is known to answer late.
    pub(crate) fn overdue(&self, service: Service, region: &str, since: Instant) {
        let (mut memory, endpoint) = (self.memory(), (service, region.to_owned()));
        if !memory.is_slow(&endpoint) && memory.heard.get(&endpoint).is_none_or(|heard| *heard < since) {
            memory.unheard.insert(endpoint, Instant::now());
        }
    }

    fn standing(&self, endpoint: &Endpoint) -> Standing {
        self.memory().standing(endpoint)
    }

    pub(crate) fn is_silent(&self, service: Service, region: &str) -> bool {
        self.standing(&(service, region.to_owned())) == Standing::Silent
    }

    /// The turn to ask. An error when another asked a silent endpoint meanwhile and heard nothing either.
    pub(crate) async fn turn(&self, service: Service, region: &str) -> Result<Asking, StillSilent> {
        let endpoint = (service, region.to_owned());
        if self.standing(&endpoint) == Standing::Untold {
            let first = {
                let mut memory = self.memory();
                let of_it = memory.first.entry(endpoint.clone());
                of_it.or_insert_with(|| Arc::new(Semaphore::new(FIRST))).clone()
            };
            // Nobody closes it; and whoever waited finds what the first have found.
            if let Ok(_turn) = first.acquire_owned().await
                && self.standing(&endpoint) == Standing::Untold
            {
                return Ok(Asking::AmongTheFirst { _turn });
            }
        }
        if self.standing(&endpoint) != Standing::Silent {
            return Ok(Asking::AmongAll);
        }
        let arrived = Instant::now();
        let alone = self.memory().alone.entry(endpoint.clone()).or_default().clone();
        let _turn = alone.lock_owned().await;
        let memory = self.memory();
        match memory.in_vain.get(&endpoint) {
            _ if memory.standing(&endpoint) != Standing::Silent => Ok(Asking::AmongAll),
            Some(since) if *since >= arrived => Err(StillSilent),
            _ => Ok(Asking::Alone { _turn }),
        }
    }

    /// The same Regions, the silent ones last; otherwise in the order given.
    pub(crate) fn order<'a>(
        &self,
        service: Service,
        regions: impl IntoIterator<Item = &'a str>,
    ) -> Vec<String> {
        let (silent, well): (Vec<_>, Vec<_>) =
            regions.into_iter().map(str::to_owned).partition(|region| self.is_silent(service, region));
        well.into_iter().chain(silent).collect()
    }
}

/// An endpoint that was asked a moment ago, by another, and did not answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StillSilent;

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    const ECS: Service = Service::Ecs;
    const HERE: &str = "us-east-1";

    #[test]
    fn a_region_that_did_not_answer_is_asked_last_until_it_answers() {
        let silence = Silence::default();
        silence.unheard(Service::Sts, "us-east-1");
        assert_eq!(silence.order(Service::Sts, ["us-east-1", "us-west-2"]), ["us-west-2", "us-east-1"]);
        assert_eq!(silence.order(Service::Rds, ["us-east-1", "us-west-2"]), ["us-east-1", "us-west-2"]);
        silence.heard(Service::Sts, "us-east-1");
        assert_eq!(silence.order(Service::Sts, ["us-east-1", "us-west-2"]), ["us-east-1", "us-west-2"]);
    }

    #[tokio::test]
    async fn a_silent_endpoint_is_asked_by_one_and_what_it_hears_holds_for_those_who_waited() {
        let silence = Silence::default();
        silence.heard(ECS, HERE);
        assert!(matches!(silence.turn(ECS, HERE).await, Ok(Asking::AmongAll)));
        silence.unheard(ECS, HERE);
        let first = silence.turn(ECS, HERE).await.unwrap();
        assert!(matches!(first, Asking::Alone { .. }));
        let (second, ()) = tokio::join!(silence.turn(ECS, HERE), async {
            silence.unheard(ECS, HERE);
            drop(first);
        });
        assert_eq!(second.err(), Some(StillSilent));

        let first = silence.turn(ECS, HERE).await.unwrap();
        let (second, ()) = tokio::join!(silence.turn(ECS, HERE), async {
            silence.heard(ECS, HERE);
            drop(first);
        });
        assert!(matches!(second, Ok(Asking::AmongAll)));
    }

    #[tokio::test]
    async fn one_that_nobody_has_heard_from_is_asked_by_few_until_the_first_answer() {
        let silence = Silence::default();
        let mut first = Vec::new();
        for _ in 0..FIRST {
            first.push(silence.turn(ECS, HERE).await.unwrap());
        }
        assert!(first.iter().all(|turn| matches!(turn, Asking::AmongTheFirst { .. })));
        assert!(silence.turn(ECS, HERE).now_or_never().is_none(), "the others wait");
        assert!(silence.turn(Service::Rds, HERE).now_or_never().is_some(), "for this endpoint alone");
        let (later, ()) = tokio::join!(silence.turn(ECS, HERE), async {
            silence.heard(ECS, HERE);
            first.pop();
        });
        assert!(matches!(later, Ok(Asking::AmongAll)));
        assert!(matches!(silence.turn(ECS, HERE).await, Ok(Asking::AmongAll)));
    }

    #[tokio::test]
    async fn when_the_first_hear_nothing_it_is_asked_by_one() {
        let silence = Silence::default();
        let mut first = Vec::new();
        for _ in 0..FIRST {
            first.push(silence.turn(ECS, HERE).await.unwrap());
        }
        let (mut one, mut another) = (Box::pin(silence.turn(ECS, HERE)), Box::pin(silence.turn(ECS, HERE)));
        assert!((&mut one).now_or_never().is_none() && (&mut another).now_or_never().is_none());
        silence.overdue(ECS, HERE, Instant::now());
        first.clear();
        let alone = one.await.unwrap();
        assert!(matches!(alone, Asking::Alone { .. }));
        assert!((&mut another).now_or_never().is_none());
        silence.unheard(ECS, HERE);
        drop(alone);
        assert_eq!(another.await.err(), Some(StillSilent));
    }

    #[tokio::test]
    async fn one_that_answers_late_is_asked_by_all_from_then_on_and_nobody_is_told_that_it_is_silent() {
        let silence = Silence::default();
        let mut first = Vec::new();
        for _ in 0..FIRST {
            first.push(silence.turn(ECS, HERE).await.unwrap());
        }
        let waiting: Vec<_> = (0..3).map(|_| Box::pin(silence.turn(ECS, HERE))).collect();
        silence.overdue(ECS, HERE, Instant::now());
        first.clear();
        let mut waiting = waiting.into_iter();
        let alone = waiting.next().unwrap().await.unwrap();
        assert!(matches!(alone, Asking::Alone { .. }));
        // It waits for long too, and gives its turn to the next one; then the first answer comes.
        silence.overdue(ECS, HERE, Instant::now());
        drop(alone);
        let next = waiting.next().unwrap().await.unwrap();
        assert!(matches!(next, Asking::Alone { .. }));
        silence.heard(ECS, HERE);
        drop(next);
        assert!(matches!(waiting.next().unwrap().await, Ok(Asking::AmongAll)));
        silence.0.lock().unwrap().heard.clear();
        silence.overdue(ECS, HERE, Instant::now());
        assert!(matches!(silence.turn(ECS, HERE).await, Ok(Asking::AmongAll)), "in the next sweep");
        silence.unheard(ECS, HERE);
        assert!(silence.is_silent(ECS, HERE), "until it is dark");
    }

    #[tokio::test]
    async fn a_slow_call_makes_an_endpoint_silent_only_while_it_answers_nobody() {
        let silence = Silence::default();
        let sent = Instant::now();
        silence.heard(ECS, HERE);
        silence.overdue(ECS, HERE, sent);
        assert!(!silence.is_silent(ECS, HERE));
        tokio::time::sleep(Duration::from_millis(1)).await;
        silence.overdue(ECS, HERE, Instant::now());
        assert!(silence.is_silent(ECS, HERE));
    }
}
