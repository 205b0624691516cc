//! One word for every part of a lot that waits for its commit: of each what would come of it if it were said of that run alone,
//! written together (decision 49).

use super::decide::{Settled, Unreadable};
use crate::App;
use crate::authority::Action;
use crate::free_text::{REASON_AT_MOST, free_text};
use crate::problems::{as_refusal, of_refusal};
use crate::runs::{unreadable, who};
use holdfast_api::Answer;
use holdfast_api::evacuations::{CommitOutcome, CommittedEvacuation, PartCommit};
use holdfast_domain::{Actor, EvacuationId};
use holdfast_failover::RunState;
use holdfast_failover::evacuation::{Part, Word, word};
use holdfast_failover::run::Who;

impl App {
    pub(super) async fn commit_lot(
        &self,
        actor: &Actor,
        id: EvacuationId,
        comment: Option<&str>,
    ) -> Answer<CommittedEvacuation> {
        self.may_over_lot(actor, Action::CommitRun, id).await?;
        let by = who(actor);
        let comment = free_text("comment", comment, REASON_AT_MOST)?;
        let holds_open = self.holds_open(actor.person).await?;
        let settled = self
            .decide(actor, id, "evacuation.commit", &Unreadable::PassOver, |loaded, runs, _lapsed, now| {
                loaded.evacuation.commit(runs, &by, comment.as_deref(), holds_open, now)
            })
            .await?;
        let mut parts = Vec::new();
        for part in settled.loaded.evacuation.request.parts() {
            parts.extend(self.came_of_part(actor, &settled, part, holds_open).await?);
        }
        Ok(CommittedEvacuation { parts, evacuation: self.evacuation_view(actor, id).await? })
    }

    /// `None`: nobody was ever to commit it.
    async fn came_of_part(
        &self,
        actor: &Actor,
        settled: &Settled,
        part: &Part,
        holds_open: bool,
    ) -> Answer<Option<PartCommit>> {
        let by = who(actor);
        if settled.decided.of_runs.iter().any(|(run, _)| *run == part.run) {
            return Ok(Some(given(part, CommitOutcome::Committed, &by)));
        }
        let waits = settled.loaded.heads.get(&part.run).is_some_and(|h| h.state == RunState::AwaitingCommit);
        let known = settled.open.runs.iter().find(|run| run.id == part.run).cloned();
        let read = match known {
            Some(run) => Ok(run),
            // One that is over, which changes no more; or one that cannot be read.
            None => self.journal(part.run).await?,
        };
        let refusal = match read.map(|run| word(&run, &by, None, holds_open, settled.at)) {
            // What could be given was.
            Ok(None | Some(Word::Given(_))) => return Ok(None),
            Ok(Some(Word::GivenBefore(by))) => {
                return Ok(Some(given(part, CommitOutcome::CommittedBefore, &by)));
            }
            Ok(Some(Word::Refused(refusal))) => refusal,
            Err(why) if waits => as_refusal(unreadable(part.run, &why)),
            Err(_) => return Ok(None),
        };
        let refused = PartCommit {
            application: part.application.to_string(),
            run: part.run.to_string(),
            outcome: CommitOutcome::Refused,
            by: None,
            refused: Some(refusal.clone()),
        };
        if !waits {
            return Ok(Some(refused));
        }
        // Of one that waits it is written down, as it is where it is said of that run alone.
        let subject = format!("run:{}", part.run);
        match self.keep_refusal(actor, "run.commit", &subject, Err(of_refusal(refusal))).await {
            Err(problem) if problem.written_down => Ok(Some(refused)),
            kept => kept,
        }
    }
}

fn given(part: &Part, outcome: CommitOutcome, by: &Who) -> PartCommit {
    PartCommit {
        application: part.application.to_string(),
        run: part.run.to_string(),
        outcome,
        by: Some(by.email.clone()),
        refused: None,
    }
}
