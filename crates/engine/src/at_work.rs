//! Which runs this process has under its hands at this very moment, in a file that outlives the process. A process that is
//! killed while its runs wait leaves nothing there, one that dies of what it does for a run leaves that run's id: a stack
//! that overflows, memory that runs out. Not a journal: a lost line costs one crash that is not counted.

use holdfast_domain::RunId;
use std::collections::BTreeSet;
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A run's id; zeros where nothing is worked on.
const PLACE_BYTES: usize = 16;

#[derive(Debug, Default)]
struct Places {
    free: Vec<u64>,
    made: u64,
}

#[derive(Debug)]
struct Inner {
    file: File,
    places: Mutex<Places>,
}

#[derive(Debug, Clone)]
pub struct AtWork(Arc<Inner>);

/// One piece of work's own place in the file, for as long as the work lasts.
#[derive(Debug)]
struct Place {
    at_work: AtWork,
    number: u64,
}

/// While it lives, the run is under somebody's hands.
struct Mark<'a>(&'a Place);

impl AtWork {
    /// With the runs that the process before this one in the folder died of. They stay there until [`AtWork::clear`].
    ///
    /// # Errors
    /// When the file cannot be read or made.
    pub fn open(folder: &Path) -> io::Result<(Self, BTreeSet<RunId>)> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("at-work"))?;
        let mut left = Vec::new();
        file.read_to_end(&mut left)?;
        let died_of = left
            .chunks_exact(PLACE_BYTES)
            .filter_map(|id| uuid::Uuid::from_slice(id).ok())
            .filter(|id| !id.is_nil())
            .map(RunId)
            .collect();
        Ok((Self(Arc::new(Inner { file, places: Mutex::default() })), died_of))
    }

    /// Before any work.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn clear(&self) -> io::Result<()> {
        self.0.file.set_len(0)
    }

    /// The same work, marked in the file whenever it is on a processor, and not while it waits.
    pub async fn on<T>(&self, run: RunId, work: impl Future<Output = T>) -> T {
        let place = self.place();
        let mut work = Box::pin(work);
        poll_fn(|context| {
            let _mark = place.mark(run);
            work.as_mut().poll(context)
        })
        .await
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> Place {
        let mut places = self.places();
        let number = places.free.pop().unwrap_or_else(|| {
            places.made += 1;
            places.made - 1
        });
        Place { at_work: self.clone(), number }
    }
}

impl Place {
    fn mark(&self, run: RunId) -> Mark<'_> {
        self.write(run.0.as_bytes());
        Mark(self)
    }

    /// No work waits for it: a full disk must not stop a failover.
    fn write(&self, bytes: &[u8; PLACE_BYTES]) {
        if let Err(error) = self.at_work.0.file.write_all_at(bytes, self.number * PLACE_BYTES as u64) {
            tracing::debug!(%error, "what is worked on could not be noted");
        }
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.0.write(&[0; PLACE_BYTES]);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.at_work.places().free.push(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    fn left(folder: &Path) -> Vec<RunId> {
        AtWork::open(folder).unwrap().1.into_iter().collect()
    }

    #[tokio::test]
    async fn a_run_is_in_the_file_while_it_is_worked_on_and_not_while_it_waits() {
        let folder = tempfile::tempdir().unwrap();
        let (at_work, before) = AtWork::open(folder.path()).unwrap();
        assert!(before.is_empty());
        let (run, other) = (RunId::fresh(), RunId::fresh());
        let during = at_work.on(run, at_work.on(other, async { left(folder.path()) })).await;
        assert_eq!(during.len(), 2);
        let mut waiting = Box::pin(at_work.on(run, std::future::pending::<()>()));
        assert!(matches!(futures::poll!(waiting.as_mut()), Poll::Pending));
        assert_eq!(left(folder.path()), []);
        let failed = std::panic::AssertUnwindSafe(at_work.on(run, async { panic!("a defect") }));
        assert!(futures::FutureExt::catch_unwind(failed).await.is_err());
        assert_eq!(left(folder.path()), [], "a panic that is caught is no death");
    }

    #[test]
    fn what_a_dead_process_left_is_told_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let (at_work, _) = AtWork::open(folder.path()).unwrap();
        let run = RunId::fresh();
        std::mem::forget(at_work.place().mark(run));
        assert_eq!(left(folder.path()), [run]);
        at_work.clear().unwrap();
        assert_eq!(left(folder.path()), []);
    }
}
