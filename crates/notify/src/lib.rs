//! The workers that tell people. The journals write what happened into an outbox in their own transaction; here it is turned
//! into messages (`holdfast_app`, which asks the pure core whom) and delivered: by e-mail, signed webhook, Slack and PagerDuty.
//! Deliveries have places of their own, so that a receiver that does not answer slows neither a run nor the others; each is tried
//! again with a growing pause, under the same id, until it is delivered or given up. Any number of replicas may do it at once.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")
)]

mod patience;
mod post;
mod words;

pub use patience::Patience;
pub use post::{PAGERDUTY, Post};

use holdfast_app::App;
use holdfast_store::{Attempt, CameOf, Store, Wakeup, Wakeups};
use post::NotDelivered;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Deliveries under way at once.
const AT_ONCE: u32 = 16;
/// Longer than any attempt may take: whoever has it in hand has it alone.
const TAKEN_FOR: Duration = Duration::from_secs(30);
/// Notices turned into messages in one go.
const NOTICES_AT_ONCE: u32 = 50;
/// Also without any hint: hints may be lost, and pauses end.
const EVERY: Duration = Duration::from_secs(1);
/// Runs say much: they are not asked about more often than this.
const NOT_BEFORE: Duration = Duration::from_millis(50);

/// How often it is asked which calendars of who is on call are to be read.
const CALENDARS_EVERY: Duration = Duration::from_secs(5);

/// How it behaves; the defaults are for production.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where somebody is waited for and nobody acts, people are told again after this long.
    pub again_after: Duration,
    pub patience: Patience,
}

impl Default for Settings {
    fn default() -> Self {
        Self { again_after: Duration::from_secs(600), patience: Patience::default() }
    }
}

/// What tells people, while it runs.
#[derive(Debug)]
pub struct Notifier {
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Clone)]
struct Work {
    store: Store,
    app: App,
    post: Arc<Post>,
    settings: Settings,
    tasks: TaskTracker,
    places: Arc<Semaphore>,
}

impl Notifier {
    /// Begins. `app` reads whom and where; `post` sends.
    #[must_use]
    pub fn start(store: Store, app: App, post: Post, settings: Settings) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let places = Arc::new(Semaphore::new(AT_ONCE as usize));
        let work = Work { store, app, post: Arc::new(post), settings, tasks: tasks.clone(), places };
        tasks.spawn(work.run(stop.clone()));
        Self { stop, tasks }
    }

    /// Takes nothing more in hand and waits for what is under way; what is cut off is tried again by whoever comes next.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Work {
    async fn run(self, stop: CancellationToken) {
        let mut hints = self.store.wakeups();
        let mut calendars_at = Instant::now();
        while !stop.is_cancelled() {
            if calendars_at <= Instant::now() {
                self.read_calendars().await;
                calendars_at = Instant::now() + CALENDARS_EVERY;
            }
            let busy = match self.turn().await {
                Ok(busy) => busy,
                Err(error) => {
                    tracing::warn!(%error, "people could not be told");
                    false
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(if busy { NOT_BEFORE } else { EVERY }) => {}
                () = news(&mut hints) => {}
            }
        }
    }

    /// Reads what calendars say of who is on call, beside everything else: one that does not answer holds up nothing.
    async fn read_calendars(&self) {
        let due = match self.app.due_calendars().await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "which calendars to read could not be asked");
                return;
            }
        };
        for calendar in due {
            let work = self.clone();
            self.tasks.spawn(async move {
                let text = match &calendar.url {
                    Ok(url) => work.post.calendar(url).await,
                    Err(why) => Err(why.clone()),
                };
                if let Err(error) = work.app.keep_calendar(&calendar, text).await {
                    tracing::warn!(team = %calendar.team, %error, "what a calendar said could not be kept");
                }
            });
        }
    }

    /// True: there may be more to do at once.
    async fn turn(&self) -> Result<bool, holdfast_store::Error> {
        // What is addressed already is sent whatever stands against addressing more.
        let addressed = match self.app.address_notices(NOTICES_AT_ONCE, self.settings.again_after).await {
            Ok(addressed) => addressed,
            Err(error) => {
                tracing::warn!(%error, "whom to tell could not be found out");
                0
            }
        };
        let free = u32::try_from(self.places.available_permits()).unwrap_or(AT_ONCE);
        if free == 0 || !self.app.opens_channels() {
            return Ok(false);
        }
        let taken = self.store.take_deliveries(free, TAKEN_FOR).await?;
        let busy = addressed > 0 || !taken.is_empty();
        for attempt in taken {
            // Only this loop takes places, so there is one for each.
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { break };
            self.tasks.spawn(self.clone().attempt(attempt, place));
        }
        Ok(busy)
    }

    async fn attempt(self, attempt: Attempt, _place: OwnedSemaphorePermit) {
        let sent = match self.app.receiver(&attempt) {
            Ok(receiver) => {
                let send = self.post.send(attempt.delivery, &receiver, &attempt.message);
                // Each way has a time-out of its own; this one makes sure of it.
                tokio::time::timeout(TAKEN_FOR / 2, send)
                    .await
                    .unwrap_or_else(|_| Err(NotDelivered::yet("no answer in time")))
            }
            Err(why) => Err(NotDelivered::yet(why)),
        };
        let came_of = match sent {
            Ok(()) => CameOf::Delivered,
            Err(no) => match self.settings.patience.after(attempt.number).filter(|_| !no.for_good) {
                Some(after) => CameOf::Again { why: no.why, after },
                None => CameOf::GivenUp { why: no.why },
            },
        };
        if let CameOf::GivenUp { why } = &came_of {
            tracing::warn!(delivery = %attempt.delivery, attempts = attempt.number, why, "a message is given up");
        }
        if let Err(error) = self.store.settle_delivery(&attempt, &came_of).await {
            tracing::warn!(delivery = %attempt.delivery, %error, "what came of a message could not be written down");
        }
    }
}

/// Until something is said of a run or an evacuation.
async fn news(hints: &mut Wakeups) {
    loop {
        if let Wakeup::Run(_) | Wakeup::Evacuation(_) | Wakeup::LookAgain = hints.next().await {
            // What comes in the same moment is told of in the same turn.
            tokio::time::sleep(NOT_BEFORE).await;
            return;
        }
    }
}
