//! Crashes of workers over a run: a defect that panics, a journal that cannot be read or refuses what follows, a process
//! that dies while it works on the run. They are counted in the database, whichever replica they befall; at the third
//! without a step done the run is set aside until a person has it tried again, and the other runs go on.

use crate::journal::Lost;
use futures::FutureExt as _;
use holdfast_domain::RunId;
use holdfast_store::{AuditActor, AuditEntry, Crash, Fence, Store};
use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

/// Of a process that was alive a moment ago and has left nothing but the run's id.
pub const DIED: &str = "the server died while it worked on it";
/// What a defect says of itself may be anything.
const WHY_AT_MOST_CHARS: usize = 500;

/// The work's outcome; a panic is one.
///
/// What the work holds is given up with it: the run is read from its journal anew before anything more is done.
pub async fn caught<T>(work: impl Future<Output = Result<T, Lost>>) -> Result<T, Lost> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| Err(Lost::Crashed(words(&*panic))))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing").to_owned()
}

impl Lost {
    /// Whether trying again would end the same way, as far as anybody can tell.
    pub fn is_a_crash(&self) -> bool {
        match self {
            Self::Crashed(_)
            | Self::Corrupt(_)
            | Self::Illegal(_)
            | Self::NoApplication
            | Self::Unreadable(_) => true,
            Self::Fenced | Self::Rewound | Self::Unwritten(_) | Self::Store(_) => false,
        }
    }
}

/// Under the fence of a worker that is alive; under none of a process that has died, or of a run that nobody drives yet.
///
/// # Errors
/// When the database does not answer.
pub async fn count(
    store: &Store,
    (worker, fence): (&str, Option<&Fence>),
    run: RunId,
    why: &str,
) -> Result<Option<Crash>, holdfast_store::Error> {
    let why: String = why.chars().filter(|c| *c != '\0').take(WHY_AT_MOST_CHARS).collect();
    let mut change = store.begin().await?;
    let Some(crash) = change.record_crash(run, fence, &why).await? else { return Ok(None) };
    tracing::error!(%run, %why, count = crash.count, set_aside = crash.set_aside, "a worker crashed on a run");
    let action = if crash.set_aside { "run.set_aside" } else { "run.crash" };
    let worker = AuditActor::System { name: worker.to_owned() };
    let entry = AuditEntry::done(action, worker, "run", run)
        .of_application(&crash.application)
        .because(why)
        .with(serde_json::json!({ "crashes": crash.count }));
    change.commit(entry).await?;
    Ok(Some(crash))
}
