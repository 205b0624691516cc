//! Asking several Regions that can all give the same answer: the next one is asked as soon as one fails or
//! stays silent too long, and the first good answer wins. For reading only: a changing call is never hedged.

use crate::settings::Service;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use holdfast_cloud::{Error, ErrorKind};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a silent endpoint is held back and asked shortly. Longer than a sweep's interval: each sweep finds out anew.
const MEMORY: Duration = Duration::from_secs(90);

type Endpoint = (Service, String);

#[derive(Debug, Default)]
struct Memory {
    unheard: HashMap<Endpoint, Instant>,
    heard: HashMap<Endpoint, Instant>,
    /// Held by whoever asks a silent endpoint.
    asking: HashMap<Endpoint, Arc<tokio::sync::Mutex<()>>>,
}

/// Which endpoints did not answer a moment ago. An ordering, a shortening of waits, and for the collector one question
/// at a time: a held-back endpoint is still asked, and what the one question brought holds for all who waited for it.
#[derive(Debug, Default)]
pub(crate) struct Silence(Mutex<Memory>);

/// The right to ask a silent endpoint, or nothing to wait for.
pub(crate) type Asking = Option<tokio::sync::OwnedMutexGuard<()>>;

impl Silence {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn heard(&self, service: Service, region: &str) {
        let (mut memory, endpoint) = (self.memory(), (service, region.to_owned()));
        memory.unheard.remove(&endpoint);
        memory.heard.insert(endpoint, Instant::now());
    }

    pub(crate) fn unheard(&self, service: Service, region: &str) {
        self.memory().unheard.insert((service, region.to_owned()), Instant::now());
    }

    /// A call sent at `since` is still without an answer: the endpoint counts as silent unless it answered another
    /// meanwhile.
    pub(crate) fn overdue(&self, service: Service, region: &str, since: Instant) {
        let (mut memory, endpoint) = (self.memory(), (service, region.to_owned()));
        if memory.heard.get(&endpoint).is_none_or(|heard| *heard < since) {
            memory.unheard.insert(endpoint, Instant::now());
        }
    }

    pub(crate) fn is_silent(&self, service: Service, region: &str) -> bool {
        let memory = self.memory();
        memory.unheard.get(&(service, region.to_owned())).is_some_and(|since| since.elapsed() < MEMORY)
    }

    /// The turn to ask a silent endpoint. An error when another asked it meanwhile and heard nothing either.
    pub(crate) async fn turn(&self, service: Service, region: &str) -> Result<Asking, StillSilent> {
        let (arrived, endpoint) = (Instant::now(), (service, region.to_owned()));
        if !self.is_silent(service, region) {
            return Ok(None);
        }
        let asking = self.memory().asking.entry(endpoint.clone()).or_default().clone();
        let turn = asking.lock_owned().await;
        match self.memory().unheard.get(&endpoint) {
            None => Ok(None),
            Some(since) if *since >= arrived => Err(StillSilent),
            Some(_) => Ok(Some(turn)),
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

/// Asks `regions` in turn. `go_on` tells after which errors another Region is worth asking. `None` when there
/// is no Region to ask. That nothing is there takes every Region to say so: one that could not tell may have it.
pub(crate) async fn first_answer<T, Fut>(
    regions: Vec<String>,
    patience: Duration,
    go_on: impl Fn(&Error) -> bool,
    ask: impl Fn(String) -> Fut,
) -> Option<Result<T, Error>>
where
    Fut: Future<Output = Result<T, Error>>,
{
    let mut left: VecDeque<String> = regions.into();
    let mut asked = FuturesUnordered::new();
    let mut told: Option<Error> = None;
    let mut unheard = false;
    asked.push(ask(left.pop_front()?));
    loop {
        tokio::select! {
            Some(answer) = asked.next() => match answer {
                Ok(answer) => return Some(Ok(answer)),
                Err(error) if !go_on(&error) => return Some(Err(error)),
                Err(error) => {
                    unheard |= error.kind != ErrorKind::NotFound;
                    told = Some(more_telling(told, error));
                    match left.pop_front() {
                        Some(region) => asked.push(ask(region)),
                        None if asked.is_empty() => {
                            return told.map(|told| Err(if unheard { not_known(told) } else { told }));
                        }
                        None => {}
                    }
                }
            },
            () = tokio::time::sleep(patience), if !left.is_empty() => {
                if let Some(region) = left.pop_front() {
                    asked.push(ask(region));
                }
            }
        }
    }
}

/// Of two errors the one in which AWS itself said something.
fn more_telling(before: Option<Error>, now: Error) -> Error {
    match before {
        Some(before) if before.kind != ErrorKind::Unreachable => before,
        _ => now,
    }
}

/// What one Region says is not there, and another that could not be asked may have.
fn not_known(error: Error) -> Error {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let message = format!("{}; not every Region could be asked", error.message);
    Error { kind: ErrorKind::Unreadable, message, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind, region: &str) -> Error {
        Error {
            kind,
            account: "222222222222".into(),
            region: region.into(),
            operation: "sts:AssumeRole".into(),
            request_id: None,
            message: "for the test".into(),
            outcome_unknown: false,
        }
    }

    fn regions(codes: &[&str]) -> Vec<String> {
        codes.iter().map(|code| (*code).to_owned()).collect()
    }

    #[tokio::test]
    async fn a_region_that_never_answers_does_not_keep_the_next_from_being_asked() {
        let answer = first_answer(
            regions(&["us-east-1", "eu-west-1"]),
            Duration::from_millis(5),
            |_| true,
            |region| async move {
                if region == "us-east-1" {
                    std::future::pending::<()>().await;
                }
                Ok(region)
            },
        )
        .await;
        assert_eq!(answer, Some(Ok("eu-west-1".to_owned())));
    }

    #[tokio::test]
    async fn a_refusal_ends_the_asking_and_a_broken_connection_does_not() {
        let go_on = |e: &Error| e.kind == ErrorKind::Unreachable;
        let ask = |region: String| async move {
            Err::<(), _>(error(
                if region == "us-east-1" { ErrorKind::Unreachable } else { ErrorKind::Denied },
                &region,
            ))
        };
        let codes = regions(&["us-east-1", "eu-west-1", "us-west-2"]);
        let answer = first_answer(codes, Duration::from_secs(1), go_on, ask).await;
        assert_eq!(answer, Some(Err(error(ErrorKind::Denied, "eu-west-1"))));
    }

    /// What is told where these Regions give these errors, in this order.
    async fn told(errors: &[(&'static str, ErrorKind)]) -> (ErrorKind, String) {
        let ask = |region: String| async move {
            let kind = errors.iter().find(|(code, _)| *code == region).unwrap().1;
            Err::<(), _>(error(kind, &region))
        };
        let codes = errors.iter().map(|(code, _)| (*code).to_owned()).collect();
        let answer = first_answer(codes, Duration::from_secs(1), |_| true, ask).await;
        let error = answer.unwrap().unwrap_err();
        (error.kind, error.region)
    }

    #[tokio::test]
    async fn when_all_fail_the_one_that_said_something_is_told() {
        let errors = [("us-east-1", ErrorKind::Unreachable), ("eu-west-1", ErrorKind::Throttled)];
        assert_eq!(told(&errors).await, (ErrorKind::Throttled, "eu-west-1".into()));
    }

    #[tokio::test]
    async fn it_is_not_there_only_where_every_region_says_so() {
        use ErrorKind::{NotFound, Throttled, Unreachable, Unreadable};
        let (a, b, c) = ("us-east-1", "eu-west-1", "us-west-2");
        for (kinds, expected) in [
            ([NotFound, NotFound, NotFound], (NotFound, a)),
            ([NotFound, Unreachable, NotFound], (Unreadable, a)),
            ([Unreachable, NotFound, Throttled], (Unreadable, b)),
            ([Unreachable, Throttled, NotFound], (Throttled, b)),
        ] {
            let errors = [(a, kinds[0]), (b, kinds[1]), (c, kinds[2])];
            assert_eq!(told(&errors).await, (expected.0, expected.1.to_owned()), "{kinds:?}");
        }
    }

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
        assert!(matches!(silence.turn(Service::Ecs, "us-east-1").await, Ok(None)));
        silence.unheard(Service::Ecs, "us-east-1");
        let first = silence.turn(Service::Ecs, "us-east-1").await.unwrap();
        assert!(first.is_some());
        let (second, ()) = tokio::join!(silence.turn(Service::Ecs, "us-east-1"), async {
            silence.unheard(Service::Ecs, "us-east-1");
            drop(first);
        });
        assert_eq!(second.err(), Some(StillSilent));

        let first = silence.turn(Service::Ecs, "us-east-1").await.unwrap();
        let (second, ()) = tokio::join!(silence.turn(Service::Ecs, "us-east-1"), async {
            silence.heard(Service::Ecs, "us-east-1");
            drop(first);
        });
        assert!(matches!(second, Ok(None)));
    }

    #[tokio::test]
    async fn a_slow_call_makes_an_endpoint_silent_only_while_it_answers_nobody() {
        let silence = Silence::default();
        let sent = Instant::now();
        silence.heard(Service::Ecs, "us-east-1");
        silence.overdue(Service::Ecs, "us-east-1", sent);
        assert!(!silence.is_silent(Service::Ecs, "us-east-1"));
        tokio::time::sleep(Duration::from_millis(1)).await;
        silence.overdue(Service::Ecs, "us-east-1", Instant::now());
        assert!(silence.is_silent(Service::Ecs, "us-east-1"));
    }
}
