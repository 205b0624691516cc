//! `GET /live`: tells open pages to look again. It names what changed and never how; the page asks for the rest.
//! `?run=ID` or `?application=NAME` narrows it.

use super::{body::Params, principal::Principal, problem::Reply};
use crate::state::{AppState, Wakeup};
use axum::{
    extract::State,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::Stream;
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A stream ends after this long; the browser comes back and is asked again who it is.
pub const LONGEST: Duration = Duration::from_secs(600);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowed {
    run: Option<String>,
    application: Option<String>,
}

pub async fn live(
    State(state): State<AppState>,
    Principal(_actor): Principal,
    Params(narrowed): Params<Narrowed>,
) -> Reply<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let stream = look_again(state.wakeups.subscribe(), state.closing.clone(), narrowed);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn look_again(
    news: Receiver<Wakeup>,
    closing: CancellationToken,
    narrowed: Narrowed,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let until = tokio::time::Instant::now() + LONGEST;
    let opening = Event::default().event("open").retry(Duration::from_secs(1)).data("listening");
    let first = futures::stream::iter([Ok(opening)]);
    let rest =
        futures::stream::unfold((news, closing, narrowed), move |(mut news, closing, narrowed)| async move {
            loop {
                let heard = tokio::select! {
                    heard = news.recv() => heard,
                    () = closing.cancelled() => return None,
                    () = tokio::time::sleep_until(until) => return None,
                };
                let what = match heard {
                    Ok(wakeup) => wakeup,
                    // What was missed could be anything.
                    Err(RecvError::Lagged(_)) => Wakeup::Everything,
                    Err(RecvError::Closed) => return None,
                };
                if let Some(data) = concerns(&narrowed, &what) {
                    let event = Event::default().event("look-again").data(data);
                    return Some((Ok(event), (news, closing, narrowed)));
                }
            }
        });
    futures::StreamExt::chain(first, rest)
}

fn concerns(narrowed: &Narrowed, wakeup: &Wakeup) -> Option<String> {
    let wide = narrowed.run.is_none() && narrowed.application.is_none();
    match wakeup {
        Wakeup::Everything => Some("everything".to_owned()),
        Wakeup::Run(id) if wide || narrowed.run.as_ref() == Some(id) => Some(format!("run:{id}")),
        Wakeup::Application(name) if wide || narrowed.application.as_ref() == Some(name) => {
            Some(format!("application:{name}"))
        }
        Wakeup::Run(_) | Wakeup::Application(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrowed_page_hears_only_of_its_own_and_of_everything() {
        let narrowed = Narrowed { run: Some("a".into()), application: None };
        assert_eq!(concerns(&narrowed, &Wakeup::Run("a".into())).as_deref(), Some("run:a"));
        assert_eq!(concerns(&narrowed, &Wakeup::Run("b".into())), None);
        assert_eq!(concerns(&narrowed, &Wakeup::Application("shop".into())), None);
        assert_eq!(concerns(&narrowed, &Wakeup::Everything).as_deref(), Some("everything"));
        assert!(concerns(&Narrowed::default(), &Wakeup::Run("b".into())).is_some());
    }
}
