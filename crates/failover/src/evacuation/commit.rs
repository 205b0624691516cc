//! One word of a person for every part that waits for its commit: of each what it would come to if it were said of that run
//! alone.

use super::decide::{over, wrong_state};
use super::{Decided, Evacuation, Event};
use crate::refusal::Refusal;
use crate::run::{self, Command, Run, RunState, Who};
use holdfast_domain::Name;
use jiff::Timestamp;

/// What becomes of the word for one part.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    Given(Vec<run::Event>),
    /// By this person, of the lot or of the run: nothing is left to do.
    GivenBefore(Who),
    Refused(Refusal),
}

/// `None`: the part was not asked to wait for anybody. `holds_open`: whether the person holds a break-glass open.
#[must_use]
pub fn word(run: &Run, by: &Who, comment: Option<&str>, holds_open: bool, now: Timestamp) -> Option<Word> {
    run.request.commit_within_seconds.filter(|_| !run.request.dry_run)?;
    if let Some(by) = &run.commit.by {
        return Some(Word::GivenBefore(by.clone()));
    }
    let command = Command::Commit { by: by.clone(), comment: comment.map(str::to_owned) };
    let not_after = run.not_after_its_end(&command).filter(|_| !holds_open);
    Some(match not_after.map_or_else(|| run.handle(command, now), Err) {
        Ok(events) => Word::Given(events),
        Err(refusal) => Word::Refused(refusal),
    })
}

impl Evacuation {
    /// Nothing comes of a word that was given before and finds nothing that waits: it may be said again.
    ///
    /// # Errors
    /// When no part has been committed and none can be now: what stands against those that wait, or that none does.
    pub fn commit(
        &self,
        runs: &[Run],
        by: &Who,
        comment: Option<&str>,
        holds_open: bool,
        now: Timestamp,
    ) -> Result<Decided, Refusal> {
        let (mut decided, mut against) = (Decided::default(), Vec::new());
        let mut given_before = !self.committed.is_empty();
        for run in runs {
            match word(run, by, comment, holds_open, now) {
                Some(Word::Given(events)) => decided.of_runs.push((run.id, events)),
                Some(Word::GivenBefore(_)) => given_before = true,
                Some(Word::Refused(refusal)) if run.state == RunState::AwaitingCommit => {
                    against.push((&run.request.application, refusal));
                }
                Some(Word::Refused(_)) | None => {}
            }
        }
        if !decided.of_runs.is_empty() {
            let runs = decided.of_runs.iter().map(|(run, _)| *run).collect();
            let comment = comment.map(str::to_owned);
            decided.events.push(Event::Committed { by: by.clone(), comment, runs });
            return Ok(decided);
        }
        if given_before { Ok(decided) } else { Err(self.nothing_to_commit(&against)) }
    }

    fn nothing_to_commit(&self, against: &[(&Name, Refusal)]) -> Refusal {
        if let Some((_, first)) = against.first() {
            let each: Vec<String> =
                against.iter().map(|(application, why)| format!("{application}: {}", why.sentence)).collect();
            return Refusal::new(&first.code, each.join(" "), &first.way_out);
        }
        match &self.ending {
            Some((state, _)) => over(*state),
            None => wrong_state(
                "There is no part whose commit could be given now.",
                "A part that was asked to wait for one does once its traffic is seen where it was moved; its own page says what it \
                 waits for.",
            ),
        }
    }
}
