//! `GET /live`: tells open pages to look again. It names what changed and never how; the page asks for the rest.
//! `?run=ID` or `?application=NAME` narrows it.

use super::{
    body::Params,
    principal::{LOOK_EVERY, Listener},
    problem::Reply,
};
use crate::state::{AppState, Wakeup};
use axum::{
    extract::State,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::Stream;
use holdfast_domain::{Actor, Name, RunId};
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio::sync::broadcast::error::RecvError;

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
    listener: Listener,
    Params(narrowed): Params<Narrowed>,
) -> Reply<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let heard = Heard::of(&state, &listener.actor, narrowed).await;
    let stream = look_again(state, listener, heard);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// What a stream tells of.
struct Heard {
    narrowed: Narrowed,
    /// Whoever may not see everything is not told the names of what changes.
    unnamed: bool,
    /// It is narrowed to what they may not know of: as to what is not there, nothing is heard of it.
    nothing: bool,
}

impl Heard {
    async fn of(state: &AppState, actor: &Actor, narrowed: Narrowed) -> Self {
        let unnamed = actor.is_limited();
        let hidden = unnamed && !Self::sees(state, actor, &narrowed).await;
        Self { narrowed, unnamed, nothing: hidden }
    }

    async fn sees(state: &AppState, actor: &Actor, narrowed: &Narrowed) -> bool {
        let run = narrowed.run.as_ref().map(|id| id.parse::<RunId>());
        let application = narrowed.application.as_ref().map(|name| Name::parse(name));
        let run = match run {
            Some(Ok(id)) => state.plane.run_events(actor, id, i64::MAX).await.is_ok(),
            Some(Err(_)) => false,
            None => true,
        };
        let application = match application {
            Some(Ok(name)) => state.plane.application_readiness(actor, &name).await.is_ok(),
            Some(Err(_)) => false,
            None => true,
        };
        run && application
    }

    fn told(&self, wakeup: &Wakeup) -> Option<String> {
        let data = concerns(&self.narrowed, wakeup).filter(|_| !self.nothing)?;
        let wide = self.narrowed.run.is_none() && self.narrowed.application.is_none();
        Some(if self.unnamed && wide { "everything".to_owned() } else { data })
    }
}

fn look_again(
    state: AppState,
    listener: Listener,
    heard: Heard,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let until = tokio::time::Instant::now() + LONGEST;
    let opening = Event::default().event("open").retry(Duration::from_secs(1)).data("listening");
    let first = futures::stream::iter([Ok(opening)]);
    let news = state.wakeups.subscribe();
    let rest = futures::stream::unfold(
        (news, state, listener, heard),
        move |(mut news, state, listener, heard)| async move {
            loop {
                let what = tokio::select! {
                    heard = news.recv() => match heard {
                        Ok(wakeup) => Some(wakeup),
                        // What was missed could be anything.
                        Err(RecvError::Lagged(_)) => Some(Wakeup::Everything),
                        Err(RecvError::Closed) => return None,
                    },
                    () = state.closing.cancelled() => return None,
                    () = tokio::time::sleep_until(until) => return None,
                    () = tokio::time::sleep(LOOK_EVERY) => None,
                };
                if what.as_ref().is_none_or(|what| listener.concerns(what))
                    && !listener.may_go_on(&state).await
                {
                    return None;
                }
                if let Some(data) = what.and_then(|what| heard.told(&what)) {
                    let event = Event::default().event("look-again").data(data);
                    return Some((Ok(event), (news, state, listener, heard)));
                }
            }
        },
    );
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
        Wakeup::Run(_) | Wakeup::Application(_) | Wakeup::Person(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_see_everything_hears_no_names() {
        let heard = |unnamed, nothing, run: Option<&str>| Heard {
            narrowed: Narrowed { run: run.map(Into::into), application: None },
            unnamed,
            nothing,
        };
        let run = Wakeup::Run("a".into());
        assert_eq!(heard(false, false, None).told(&run).as_deref(), Some("run:a"));
        assert_eq!(heard(true, false, None).told(&run).as_deref(), Some("everything"));
        assert_eq!(heard(true, false, Some("a")).told(&run).as_deref(), Some("run:a"));
        assert_eq!(heard(true, true, Some("a")).told(&run), None);
    }

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
