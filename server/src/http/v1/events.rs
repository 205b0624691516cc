//! `/runs/{id}/events`: a run's journal as it grows. Events come from the database by their number, so a dropped
//! connection resumes without a gap; a wakeup only says when to look.

use super::super::{
    body::{Params, Segment, prefers},
    live::{KEEP_ALIVE, LONGEST},
    principal as listening,
    principal::Listener,
    problem::Reply,
};
use crate::state::{AppState, Wakeup};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt, stream};
use holdfast_api::{Problem, runs::RunEvent};
use holdfast_domain::{Actor, RunId};
use serde::Deserialize;
use std::{
    collections::VecDeque,
    convert::Infallible,
    time::{Duration, Instant},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa::IntoParams;

/// Wakeups can be lost; the journal is read at least this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What the control plane gives at once.
const CHUNK: usize = 500;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// Only events after this number; `Last-Event-ID` says the same and wins.
    after: Option<i64>,
}

/// Server-sent events (`id` is the event's number), or a JSON array for `Accept: application/json`. When the run
/// has ended and everything was sent, the stream ends; asked again after that it answers 204, so browsers stop.
#[utoipa::path(get, path = "/runs/{id}/events", tag = "runs",
    params(("id" = String, Path), Since, ("last-event-id" = Option<i64>, Header)),
    responses((status = 200, content((RunEvent = "text/event-stream"), (Vec<RunEvent> = "application/json"))),
        (status = 204, description = "The run has ended and nothing is left to tell")))]
pub async fn get_events(
    State(state): State<AppState>,
    listener: Listener,
    Segment(id): Segment<RunId>,
    Params(since): Params<Since>,
    headers: HeaderMap,
) -> Reply<Response> {
    let resumed = headers.get("last-event-id");
    let after = match (resumed, since.after) {
        (Some(value), _) => value
            .to_str()
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .filter(|&number: &i64| number >= 0)
            .ok_or_else(|| no_event("Last-Event-ID"))?,
        (None, Some(number)) if number < 0 => return Err(no_event("after").into()),
        (None, number) => number.unwrap_or(0),
    };
    let actor = listener.actor.clone();
    if prefers(&headers, &["application/json"], &["text/event-stream"]) {
        return Ok(Json(all(&state, &actor, id, after).await?).into_response());
    }
    // Subscribed before the first read, so that nothing falls between them.
    let news = state.wakeups.subscribe();
    let first = state.plane.run_events(&actor, id, after).await?;
    if first.is_empty() && resumed.is_some() && has_ended(&state, &actor, id).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let looked_at = Instant::now();
    let waiting = first.into();
    let stream = follow(Follower { state, listener, looked_at, id, after, news, waiting, ended: false });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

fn no_event(field: &str) -> Problem {
    let mut problem =
        Problem::bad_field(field, "is not an event's number", "Send the last `id` received, or none.");
    problem.status = 400;
    problem
}

async fn all(state: &AppState, actor: &Actor, id: RunId, mut after: i64) -> Reply<Vec<RunEvent>> {
    let mut events = Vec::new();
    loop {
        let chunk = state.plane.run_events(actor, id, after).await?;
        let last = chunk.len() < CHUNK;
        after = chunk.last().map_or(after, |event| event.seq);
        events.extend(chunk);
        if last {
            return Ok(events);
        }
    }
}

async fn has_ended(state: &AppState, actor: &Actor, id: RunId) -> Reply<bool> {
    Ok(state.plane.run(actor, id).await?.summary.ended_at.is_some())
}

struct Follower {
    state: AppState,
    listener: Listener,
    /// When it was last seen that the listener may go on.
    looked_at: Instant,
    id: RunId,
    after: i64,
    news: Receiver<Wakeup>,
    waiting: VecDeque<RunEvent>,
    ended: bool,
}

fn follow(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    let until = tokio::time::Instant::now() + LONGEST;
    let opening = Event::default().retry(Duration::from_secs(1)).comment("a run's events");
    let events = stream::unfold(follower, move |mut follower| async move {
        loop {
            if let Some(event) = follower.waiting.pop_front() {
                follower.after = event.seq;
                return Some((Ok(wire(&event)), follower));
            }
            if follower.ended || follower.state.closing.is_cancelled() || tokio::time::Instant::now() > until
            {
                return None;
            }
            if follower.looked_at.elapsed() >= listening::LOOK_EVERY {
                if !follower.listener.may_go_on(&follower.state).await {
                    return None;
                }
                follower.looked_at = Instant::now();
            }
            // The end is looked for before the last read: what is journalled with it is then read too.
            let ended = has_ended(&follower.state, &follower.listener.actor, follower.id).await;
            let read =
                follower.state.plane.run_events(&follower.listener.actor, follower.id, follower.after).await;
            match (ended, read) {
                (Ok(ended), Ok(events)) => {
                    follower.ended = ended && events.len() < CHUNK;
                    follower.waiting = events.into();
                }
                // The client comes back and then hears why in words.
                _ => return None,
            }
            if follower.waiting.is_empty() && !follower.ended && !follower.hear().await {
                return None;
            }
        }
    });
    stream::iter([Ok(opening)]).chain(events)
}

impl Follower {
    /// Until there may be something new. False: whoever listens may no longer.
    async fn hear(&mut self) -> bool {
        let (closing, id) = (self.state.closing.clone(), self.id.to_string());
        let look = tokio::time::sleep(LOOK_EVERY);
        tokio::pin!(look);
        loop {
            tokio::select! {
                heard = self.news.recv() => match heard {
                    Ok(Wakeup::Run(other)) if other != id => {}
                    Ok(Wakeup::Application(_)) => {}
                    Ok(news) => {
                        if self.listener.concerns(&news) && !self.listener.may_go_on(&self.state).await {
                            return false;
                        }
                        if !matches!(news, Wakeup::Person(_)) {
                            return true;
                        }
                    }
                    Err(RecvError::Lagged(_)) => return self.listener.may_go_on(&self.state).await,
                    // Nobody will say anything any more; the clock still does.
                    Err(RecvError::Closed) => { look.as_mut().await; return true }
                },
                () = &mut look => return true,
                () = closing.cancelled() => return true,
            }
        }
    }
}

fn wire(event: &RunEvent) -> Event {
    let data = serde_json::to_string(event).unwrap_or_else(|_| "{}".to_owned());
    Event::default().id(event.seq.to_string()).data(data)
}
