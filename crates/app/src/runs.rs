//! Runs: preview, request, review, steer, read. What may happen to a run is the pure core's; here it is loaded,
//! asked, stored and audited.

mod request;
mod view;
mod words;

use crate::App;
use crate::authority::{Action, fresh, may};
use crate::problems::{of_refusal, of_store};
use async_trait::async_trait;
use holdfast_api::runs::{Decision, RequestRun, ReviewRun, RunEvent, RunFilter, RunPreview, RunSummary, RunVerb, RunView, Runs};
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::{Actor, Name, RunId};
use holdfast_failover::approval::{Review, may_review};
use holdfast_failover::run::{Command, Entry, Run, Who};
use holdfast_failover::serving::LastRun;
use holdfast_failover::{Digest, Movement};
use holdfast_store::{AuditEntry, RunQuestion};
use std::collections::BTreeMap;

#[async_trait]
impl Runs for App {
    async fn preview_run(&self, actor: &Actor, request: &RequestRun) -> Answer<RunPreview> {
        may(actor, Action::ReadRuns)?;
        self.preview(request).await
    }

    async fn request_run(&self, actor: &Actor, request: RequestRun, idempotency_key: &str) -> Answer<RunView> {
        let subject = format!("application:{}", request.application.chars().take(63).collect::<String>());
        if let Err(refused) = may(actor, Action::RequestRun) {
            return Err(self.refused(actor, "run.request", &subject, refused).await);
        }
        let id = match self.request(actor, request, idempotency_key).await {
            Ok(id) => id,
            // Nothing about the run was decided when the database or the input was at fault.
            Err(problem) if matches!(problem.status, 403 | 409) => {
                return Err(self.refused(actor, "run.request", &subject, problem).await);
            }
            Err(problem) => return Err(problem),
        };
        self.run_view(actor, id).await
    }

    async fn runs(&self, actor: &Actor, filter: &RunFilter) -> Answer<Page<RunSummary>> {
        may(actor, Action::ReadRuns)?;
        self.run_page(filter).await
    }

    async fn run(&self, actor: &Actor, id: RunId) -> Answer<RunView> {
        may(actor, Action::ReadRuns)?;
        self.run_view(actor, id).await
    }

    async fn review_run(&self, actor: &Actor, id: RunId, review: ReviewRun) -> Answer<RunView> {
        let action = match review.decision {
            Decision::Approve => "run.approve",
            Decision::Deny => "run.deny",
        };
        let subject = format!("run:{id}");
        let now = self.store.database_now().await.map_err(of_store)?;
        if let Err(refused) = may(actor, Action::ReviewRun).and_then(|()| fresh(actor, now)) {
            return Err(self.refused(actor, action, &subject, refused).await);
        }
        let digest = Digest(review.plan_digest.trim().to_owned());
        let who = who(actor);
        let comment = tidy(review.comment);
        let command = match review.decision {
            Decision::Approve => Command::Approve {
                review: Review { person: who.id, email: who.email, groups: actor.groups.clone(), at: now, comment },
                digest,
            },
            Decision::Deny => Command::Deny { by: who, groups: actor.groups.clone(), digest, comment },
        };
        self.command(actor, id, command, action).await?;
        self.run_view(actor, id).await
    }

    async fn drive_run(&self, actor: &Actor, id: RunId, verb: RunVerb) -> Answer<RunView> {
        let by = who(actor);
        let (command, action, right) = match verb {
            RunVerb::Withdraw => (Command::Withdraw { by }, "run.withdraw", Action::ReviewRun),
            RunVerb::Pause { reason } => (Command::Pause { by, reason: tidy(reason) }, "run.pause", Action::DriveRun),
            RunVerb::Resume => (Command::Resume { by }, "run.resume", Action::DriveRun),
            RunVerb::Cancel { reason } => {
                (Command::Cancel { by, reason: reason.trim().to_owned() }, "run.cancel", Action::DriveRun)
            }
            RunVerb::RetryStep { step } => (Command::RetryStep { by, step }, "run.retry_step", Action::DriveRun),
            RunVerb::SkipStep { step, reason } => {
                (Command::SkipStep { by, step, reason: reason.trim().to_owned() }, "run.skip_step", Action::DriveRun)
            }
        };
        if let Err(refused) = may(actor, right) {
            return Err(self.refused(actor, action, &format!("run:{id}"), refused).await);
        }
        self.command(actor, id, command, action).await?;
        self.run_view(actor, id).await
    }

    async fn run_events(&self, actor: &Actor, id: RunId, after_seq: i64) -> Answer<Vec<RunEvent>> {
        may(actor, Action::ReadRuns)?;
        let entries = self.store.entries(id, after_seq).await.map_err(of_store)?;
        if entries.is_empty() {
            self.entries_of(id).await?;
        }
        Ok(entries.iter().take(500).map(words::event).collect())
    }

    async fn run_journal(&self, actor: &Actor, id: RunId) -> Answer<Vec<Entry>> {
        may(actor, Action::ReadRuns)?;
        self.entries_of(id).await
    }

    async fn approvals(&self, actor: &Actor) -> Answer<Vec<RunSummary>> {
        may(actor, Action::ReadRuns)?;
        if may(actor, Action::ReviewRun).is_err() {
            return Ok(Vec::new());
        }
        let filter = RunFilter { state: Some("awaiting_approval".into()), limit: Some(200), ..RunFilter::default() };
        let (runs, _) = self.replayed_page(&filter).await?;
        let me = who(actor);
        Ok(runs
            .iter()
            .filter(|run| may_review(&run.request, &run.reviews, &me, &actor.groups).is_ok())
            .map(|run| view::summary(run, None))
            .collect())
    }
}

impl App {
    /// One command of a person: asked of the pure core against the newest journal, stored with its audit entry.
    async fn command(&self, actor: &Actor, id: RunId, command: Command, action: &str) -> Answer<()> {
        let subject = format!("run:{id}");
        // Somebody else's event may come in between; the pure core is then asked anew.
        for _ in 0..8 {
            let run = self.replayed(id).await?;
            let now = self.store.database_now().await.map_err(of_store)?;
            let events = match run.handle(command.clone(), now) {
                Ok(events) => events,
                Err(refusal) => return Err(self.refused(actor, action, &subject, of_refusal(refusal)).await),
            };
            let detail = serde_json::json!({
                "application": run.request.application,
                "digest": run.request.digest,
                "events": events,
            });
            let mut change = self.store.begin().await.map_err(of_store)?;
            match self.store.append(&mut change, &run, &events, now).await {
                Ok(_) => {
                    change.commit(AuditEntry::done(actor, action, &subject, detail)).await.map_err(of_store)?;
                    return Ok(());
                }
                Err(holdfast_store::Error::Conflict(_)) => {}
                Err(error) => return Err(of_store(error)),
            }
        }
        Err(Problem::new(
            409,
            "conflict",
            "Changed meanwhile",
            "The run moved on each time this was tried.",
            "Read the run again and repeat.",
        ))
    }

    async fn entries_of(&self, id: RunId) -> Answer<Vec<Entry>> {
        let entries = self.store.entries(id, 0).await.map_err(of_store)?;
        if entries.is_empty() { Err(Problem::not_found("run", &id.to_string())) } else { Ok(entries) }
    }

    pub(crate) async fn replayed(&self, id: RunId) -> Answer<Run> {
        let entries = self.entries_of(id).await?;
        replay(id, &entries)
    }

    pub(crate) async fn run_view(&self, actor: &Actor, id: RunId) -> Answer<RunView> {
        let entries = self.entries_of(id).await?;
        let run = replay(id, &entries)?;
        let now = self.store.database_now().await.map_err(of_store)?;
        Ok(view::run_view(actor, &run, &entries, now))
    }

    pub(crate) async fn run_page(&self, filter: &RunFilter) -> Answer<Page<RunSummary>> {
        let (runs, next) = self.replayed_page(filter).await?;
        let measured = self.store.measured_by_run(&runs.iter().map(|r| r.id).collect::<Vec<_>>()).await.map_err(of_store)?;
        let items = runs.iter().map(|run| view::summary(run, measured.get(&run.id))).collect();
        Ok(Page { items, next })
    }

    async fn replayed_page(&self, filter: &RunFilter) -> Answer<(Vec<Run>, Option<String>)> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let before = match filter.cursor.as_deref().filter(|c| !c.is_empty()) {
            None => None,
            Some(text) => Some(text.parse::<RunId>().map_err(|_| {
                Problem::bad_field("cursor", "is not one that an answer gave", "Leave it out to start at the newest.")
            })?),
        };
        let question = RunQuestion {
            application: filter.application.clone().filter(|t| !t.is_empty()),
            state: filter.state.clone().filter(|t| !t.is_empty()),
            live: filter.live,
            before,
            limit: i64::from(limit),
        };
        let journals = self.store.journals(&question).await.map_err(of_store)?;
        let next = (journals.len() == limit as usize).then(|| journals.last().map(|(id, _)| id.to_string())).flatten();
        let runs = journals.into_iter().map(|(id, entries)| replay(id, &entries)).collect::<Answer<Vec<_>>>()?;
        Ok((runs, next))
    }

    /// The live run of each application that has one.
    pub(crate) async fn live_runs(&self) -> Answer<BTreeMap<Name, Run>> {
        let filter = RunFilter { live: true, limit: Some(200), ..RunFilter::default() };
        let (runs, _) = self.replayed_page(&filter).await?;
        Ok(runs.into_iter().filter(|r| !r.request.dry_run).map(|r| (r.request.application.clone(), r)).collect())
    }

    pub(crate) async fn last_moving_runs(&self) -> Answer<BTreeMap<Name, Run>> {
        let journals = self.store.last_moving_runs().await.map_err(of_store)?;
        let runs = journals.into_iter().map(|(id, entries)| replay(id, &entries)).collect::<Answer<Vec<_>>>()?;
        Ok(runs.into_iter().map(|r| (r.request.application.clone(), r)).collect())
    }
}

/// The movement of a run that has begun and not ended.
pub(crate) fn under_way(run: Option<&Run>) -> Option<&Movement> {
    run.filter(|r| r.state.is_under_way() && !r.request.dry_run).map(|r| &r.request.movement)
}

pub(crate) fn last_run(run: Option<&Run>) -> Option<LastRun> {
    use holdfast_failover::RunState;
    run.map(|r| LastRun {
        movement: r.request.movement.clone(),
        completed: matches!(r.state, RunState::Completed | RunState::CompletedWithExceptions),
    })
}

fn replay(id: RunId, entries: &[Entry]) -> Answer<Run> {
    Run::replay(id, entries).map_err(|corrupt| {
        tracing::error!(run = %id, %corrupt, "a run's journal cannot be read");
        Problem::new(
            500,
            "journal_corrupt",
            "The run's journal cannot be read",
            format!("Run {id}: {corrupt}."),
            "Nothing is done with it. The audit log has what was written; ask for help before touching it.",
        )
    })
}

pub(crate) fn who(actor: &Actor) -> Who {
    Who { id: actor.person, email: actor.email.clone() }
}

fn tidy(text: Option<String>) -> Option<String> {
    text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
}
