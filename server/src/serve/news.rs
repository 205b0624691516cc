//! Hints of the database, passed on to open pages and streams.

use crate::state::{AppState, Wakeup};
use holdfast_store::{Store, Wakeup as Hint};

/// Begins to pass on; ends with the server.
pub fn pass_on(store: &Store, state: &AppState) {
    let (mut hints, wakeups, closing) = (store.wakeups(), state.wakeups.clone(), state.closing.clone());
    tokio::spawn(async move {
        loop {
            let hint = tokio::select! {
                hint = hints.next() => hint,
                () = closing.cancelled() => return,
            };
            let wakeup = match hint {
                Hint::Run(id) => Wakeup::Run(id.to_string()),
                Hint::Observations(name) => Wakeup::Application(name.to_string()),
                Hint::Evacuation(_) | Hint::Inventory | Hint::Automation | Hint::LookAgain => {
                    Wakeup::Everything
                }
                Hint::Person(id) => Wakeup::Person(id),
                Hint::Refresh => continue,
            };
            // Nobody listening is no failure.
            wakeups.send(wakeup).ok();
        }
    });
}
