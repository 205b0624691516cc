//! Asking several Regions that can all give the same answer: the next one is asked as soon as one fails or
//! stays silent too long, and the first good answer wins. For reading only: a changing call is never hedged.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use holdfast_cloud::{Error, ErrorKind};
use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

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
}
