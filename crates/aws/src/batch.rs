//! Joins what many looks ask at the same moment into one call, where AWS answers many questions at once. Each look asks
//! for its own and does not know of the others; the calls are fewer, and a large account's APIs are spared.

use crate::clients::Caller;
use crate::settings::Service;
use holdfast_cloud::{Error, ErrorKind};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long the first question waits for others: far less than any call takes.
const GATHERING: Duration = Duration::from_millis(3);

type Answer<A> = Result<A, Error>;
type Waiting<Q, A> = Vec<(Q, oneshot::Sender<Answer<A>>)>;

pub(crate) struct Batches<K, Q, A> {
    /// As many questions as one call takes.
    most: usize,
    open: Arc<Mutex<HashMap<K, Waiting<Q, A>>>>,
}

impl<K, Q, A> fmt::Debug for Batches<K, Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batches of at most {}", self.most)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K, Q, A> Batches<K, Q, A>
where
    K: Eq + Hash + Clone + Send + 'static,
    Q: Send + 'static,
    A: Send + 'static,
{
    pub(crate) fn of_at_most(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Asks together with whoever asks under the same key now. `call` answers all questions that it is given, in their
    /// order; `None` only where it did not. It runs by itself: a look that is given up takes nothing from the others.
    pub(crate) async fn ask<F, Fut>(&self, key: K, question: Q, call: F) -> Option<Answer<A>>
    where
        F: FnOnce(Vec<Q>) -> Fut + Send + 'static,
        Fut: Future<Output = Answer<Vec<A>>> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        match self.join(&key, question, tell) {
            Joined::First => {
                let open = self.open.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(GATHERING).await;
                    // Nothing is left where the batch was full meanwhile.
                    let waiting = lock(&open).remove(&key);
                    if let Some(waiting) = waiting {
                        send(waiting, call).await;
                    }
                });
            }
            Joined::Full(waiting) => drop(tokio::spawn(send(waiting, call))),
            Joined::Waiting => {}
        }
        told.await.ok()
    }

    fn join(&self, key: &K, question: Q, tell: oneshot::Sender<Answer<A>>) -> Joined<Q, A> {
        let mut open = lock(&self.open);
        let waiting = open.entry(key.clone()).or_default();
        waiting.push((question, tell));
        if waiting.len() >= self.most {
            return open.remove(key).map_or(Joined::Waiting, Joined::Full);
        }
        if waiting.len() == 1 { Joined::First } else { Joined::Waiting }
    }
}

enum Joined<Q, A> {
    First,
    Waiting,
    Full(Waiting<Q, A>),
}

async fn send<Q, A, F, Fut>(waiting: Waiting<Q, A>, call: F)
where
    F: FnOnce(Vec<Q>) -> Fut,
    Fut: Future<Output = Answer<Vec<A>>>,
{
    let (questions, tell): (Vec<Q>, Vec<_>) = waiting.into_iter().unzip();
    // Whoever gave up hears nothing, and that is well.
    match call(questions).await {
        Ok(answers) => answers.into_iter().zip(tell).for_each(|(answer, tell)| drop(tell.send(Ok(answer)))),
        Err(error) => tell.into_iter().for_each(|tell| drop(tell.send(Err(error.clone())))),
    }
}

/// By session and Region.
pub(crate) type Place = (String, String);

/// What a batch does not answer for, in words of the look that asked.
pub(crate) async fn together<Q, A, F, Fut>(
    batches: &Batches<Place, Q, A>,
    (caller, service): (&Caller, Service),
    (region, action): (&str, &'static str),
    question: Q,
    call: F,
) -> Answer<A>
where
    Q: Send + 'static,
    A: Send + 'static,
    F: FnOnce(Caller, Vec<Q>) -> Fut + Send + 'static,
    Fut: Future<Output = Answer<Vec<A>>> + Send + 'static,
{
    let key = (caller.credentials.access_key_id().to_owned(), region.to_owned());
    let asker = caller.clone();
    let _waiting = caller.waits_for_another(service);
    let answer = batches.ask(key, question, move |all| call(asker, all)).await;
    answer.unwrap_or_else(|| {
        let lost = "the question was lost before it was answered";
        Err(caller.call(region, action).error(ErrorKind::Unreadable, lost))
    })
}

/// Each name once: two looks may ask for the same.
pub(crate) fn distinct(names: &[String]) -> Vec<String> {
    names.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::sync::atomic::{AtomicUsize, Ordering};

    async fn asked(questions: usize, most: usize) -> (Vec<Option<Answer<usize>>>, usize) {
        let (batches, calls) = (Batches::of_at_most(most), Arc::new(AtomicUsize::new(0)));
        let asks = (0..questions).map(|question| {
            let calls = calls.clone();
            batches.ask("key", question, move |all: Vec<usize>| async move {
                calls.fetch_add(1, Ordering::SeqCst);
                Ok(all.into_iter().map(|one| one * 10).collect())
            })
        });
        (join_all(asks).await, calls.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn what_is_asked_together_is_one_call_and_each_gets_its_own_answer() {
        let (answers, calls) = asked(7, 100).await;
        assert_eq!(answers, (0..7).map(|one| Some(Ok(one * 10))).collect::<Vec<_>>());
        assert_eq!(calls, 1);
    }

    #[tokio::test]
    async fn a_call_holds_no_more_questions_than_aws_takes() {
        let (answers, calls) = asked(25, 10).await;
        assert!(answers.iter().all(Option::is_some));
        assert_eq!(calls, 3);
    }

    #[tokio::test]
    async fn keys_do_not_mix() {
        let batches = Batches::of_at_most(10);
        let call = |all: Vec<&'static str>| async move { Ok(vec![all.len(); all.len()]) };
        let (one, other) = tokio::join!(batches.ask(1, "a", call), batches.ask(2, "b", call));
        assert_eq!((one, other), (Some(Ok(1)), Some(Ok(1))));
    }
}
