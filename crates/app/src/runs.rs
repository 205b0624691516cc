//! Runs: preview, request, review, steer, read. What may happen to a run is the pure core's; here it is loaded,
//! asked, stored and audited.

mod abort;
mod asked;
pub(crate) mod break_glass;
mod drills;
mod escalate;
mod once;
pub(crate) mod request;
pub(crate) mod sent;
pub(crate) mod set_aside;
mod shares;
mod standing;
pub(crate) mod view;
pub(crate) mod window;
pub(crate) mod words;

use crate::App;
use crate::applications::parse_name;
use crate::audit::done;
use crate::authority::{Action, fresh, may};
use crate::compliance::of_run;
use crate::free_text::{REASON_AT_MOST, free_text};
use crate::problems::{of_refusal, of_store};
use crate::runs::standing::Lapsed;
use crate::runs::view::Around;
use async_trait::async_trait;
use holdfast_api::runs::{
    AbortReview, Decision, EscalationReview, RequestRun, ReviewRun, RunEvent, RunFilter, RunPreview,
    RunSummary, RunVerb, RunView, Runs,
};
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::{Actor, Name, RunId};
use holdfast_failover::approval::{Review, may_review};
use holdfast_failover::guard::{overrides_freshly, standing_refusal};
use holdfast_failover::run::forecast::Took;
use holdfast_failover::run::{Command, Entry, Event, Run, Who};
use holdfast_failover::serving::LastRun;
use holdfast_failover::{Digest, Movement, Refusal, RunState};
use holdfast_store::{Advance, RunFilter as Question, RunHead};
use jiff::Timestamp;

/// Earlier runs that a forecast rests on.
const RUNS_TO_GO_BY: u32 = 10;

#[async_trait]
impl Runs for App {
    async fn preview_run(&self, actor: &Actor, request: &RequestRun) -> Answer<RunPreview> {
        let actor = &self.may_over(actor, Action::ReadRuns, &parse_name(&request.application)?).await?;
        self.preview(actor, request).await
    }

    async fn request_run(
        &self,
        actor: &Actor,
        request: RequestRun,
        idempotency_key: &str,
    ) -> Answer<RunView> {
        let asked = self.may_over(actor, Action::RequestRun, &parse_name(&request.application)?).await?;
        let actor = &asked;
        // Overriding by name what holds a run back, or starting it without approvals, is not done on an old sign-in, nor by a
        // token.
        if !request.dry_run && (request.break_glass || overrides_freshly(&request.overrides)) {
            self.may_freshly(actor, Action::RequestRun).await?;
        }
        let id = self.request(actor, request, idempotency_key).await?;
        self.run_view(actor, id).await
    }

    async fn runs(&self, actor: &Actor, filter: &RunFilter) -> Answer<Page<RunSummary>> {
        may(actor, Action::ReadRuns)?;
        self.run_page(filter, self.seen(actor).await?.names()).await
    }

    async fn run(&self, actor: &Actor, id: RunId) -> Answer<RunView> {
        let actor = &self.may_over_run(actor, Action::ReadRuns, id).await?;
        self.run_view(actor, id).await
    }

    async fn review_run(&self, actor: &Actor, id: RunId, review: ReviewRun) -> Answer<RunView> {
        let action = words::reviews(review.decision);
        let now = self.store.now().await.map_err(of_store)?;
        let actor = &self.may_over_run(actor, Action::ReviewRun, id).await?;
        fresh(actor, now)?;
        // An approval may be the one that starts the run.
        if matches!(review.decision, Decision::Approve)
            && let Some(refusal) = self.audit_not_kept().await?
        {
            return Err(of_refusal(refusal));
        }
        let digest = Digest(review.plan_digest.trim().to_owned());
        let who = who(actor);
        let comment = free_text("comment", review.comment.as_deref(), REASON_AT_MOST)?;
        let command = match review.decision {
            Decision::Approve => Command::Approve {
                review: Review { at: now, comment, ..Review::supposed(&who, &actor.groups, &actor.others) },
                digest,
            },
            Decision::Deny => Command::Deny { by: who, groups: actor.groups.clone(), digest, comment },
        };
        self.command(actor, id, command, action).await?;
        self.run_view(actor, id).await
    }

    async fn escalation(&self, actor: &Actor, id: RunId) -> Answer<EscalationReview> {
        let actor = &self.may_over_run(actor, Action::ReadRuns, id).await?;
        self.escalation_review(actor, id).await
    }

    async fn abort_review(&self, actor: &Actor, id: RunId) -> Answer<AbortReview> {
        let actor = &self.may_over_run(actor, Action::ReadRuns, id).await?;
        self.abort_review_of(actor, id).await
    }

    async fn drive_run(&self, actor: &Actor, id: RunId, verb: RunVerb) -> Answer<RunView> {
        let actor = &self.over_run(actor, id).await?;
        let by = who(actor);
        if let RunVerb::Cancel { reason } = &verb {
            may(actor, Action::DriveRun)?;
            if let Err(why) = self.journal(id).await? {
                self.give_up(actor, id, &why, said(Some(reason))?.unwrap_or_default()).await?;
                return self.run_view(actor, id).await;
            }
        }
        let action = words::drives(&verb);
        let (command, right) = match verb {
            RunVerb::Acknowledge => {
                self.acknowledge(actor, id).await?;
                return self.run_view(actor, id).await;
            }
            RunVerb::Escalate(asked) => {
                self.escalate(actor, id, asked).await?;
                return self.run_view(actor, id).await;
            }
            RunVerb::Abort(asked) => {
                self.abort(actor, id, asked).await?;
                return self.run_view(actor, id).await;
            }
            RunVerb::BreakGlass => {
                self.start_under_break_glass(actor, id).await?;
                return self.run_view(actor, id).await;
            }
            RunVerb::TryAgain => {
                self.try_again(actor, id).await?;
                return self.run_view(actor, id).await;
            }
            RunVerb::EndDrill => {
                self.end_drill(actor, id).await?;
                return self.run_view(actor, id).await;
            }
            RunVerb::Withdraw => (Command::Withdraw { by }, Action::ReviewRun),
            RunVerb::Pause { reason } => {
                (Command::Pause { by, reason: said(reason.as_deref())? }, Action::DriveRun)
            }
            RunVerb::Resume => (Command::Resume { by }, Action::DriveRun),
            RunVerb::Cancel { reason } => {
                (Command::Cancel { by, reason: said(Some(&reason))?.unwrap_or_default() }, Action::DriveRun)
            }
            RunVerb::RetryStep { step } => (Command::RetryStep { by, step }, Action::DriveRun),
            RunVerb::Commit { comment } => {
                (Command::Commit { by, comment: said(comment.as_deref())? }, Action::CommitRun)
            }
            RunVerb::ConfirmStep { step, comment } => (
                Command::ConfirmStep {
                    by,
                    groups: actor.groups.clone(),
                    step,
                    comment: said(comment.as_deref())?,
                },
                Action::ConfirmStep,
            ),
            RunVerb::SkipStep { step, reason } => (
                Command::SkipStep { by, step, reason: said(Some(&reason))?.unwrap_or_default() },
                Action::DriveRun,
            ),
        };
        may(actor, right)?;
        // What people approved is then not what is done.
        if matches!(command, Command::SkipStep { .. }) {
            self.may_freshly(actor, right).await?;
        }
        self.command(actor, id, command, action).await?;
        self.run_view(actor, id).await
    }

    async fn run_events(&self, actor: &Actor, id: RunId, after_seq: i64) -> Answer<Vec<RunEvent>> {
        self.may_over_run(actor, Action::ReadRuns, id).await?;
        let entries = self.store.entries(id, after_seq).await.map_err(of_store)?;
        if entries.is_empty() {
            self.entries_of(id).await?;
        }
        Ok(entries.iter().take(500).map(words::event).collect())
    }

    async fn run_journal(&self, actor: &Actor, id: RunId) -> Answer<Vec<Entry>> {
        self.may_over_run(actor, Action::ReadRuns, id).await?;
        self.entries_of(id).await
    }

    async fn approvals(&self, actor: &Actor) -> Answer<Vec<RunSummary>> {
        may(actor, Action::ReadRuns)?;
        if may(actor, Action::ReviewRun).is_err() {
            return Ok(Vec::new());
        }
        let question = Question {
            states: vec![RunState::AwaitingApproval],
            single: true,
            limit: 200,
            ..Question::default()
        };
        let seen = self.seen(actor).await?;
        let waiting =
            self.store.runs(&Question { within: seen.names(), ..question }).await.map_err(of_store)?;
        let mine_would_be = Review::supposed(&who(actor), &actor.groups, &actor.others);
        let mut mine = Vec::new();
        for head in waiting {
            if seen.over(&head.application).is_none_or(|asked| may(asked, Action::ReviewRun).is_err()) {
                continue;
            }
            let run = match self.replayed(head.id).await {
                Ok(run) => self.as_it_stands(run).await?,
                // Its own page says what is wrong with it; everybody's first page goes on.
                Err(problem) if problem.status == 500 => {
                    tracing::warn!(run = %head.id, detail = %problem.detail, "left out of the approvals that wait");
                    continue;
                }
                Err(problem) => return Err(problem),
            };
            if may_review(&run.request, &run.reviews, &mine_would_be).is_ok() {
                mine.push(view::head(&head));
            }
        }
        Ok(mine)
    }
}

impl App {
    /// One command of a person: asked of the pure core against the newest journal, stored with its audit entry.
    async fn command(&self, actor: &Actor, id: RunId, command: Command, action: &str) -> Answer<()> {
        let subject = format!("run:{id}");
        // Somebody else's event may come in between; the pure core is then asked anew.
        for _ in 0..8 {
            let run = self.replayed(id).await?;
            let now = self.store.now().await.map_err(of_store)?;
            if let Some(refusal) = run.not_after_its_end(&command)
                && !self.holds_open(actor.person).await?
            {
                return Err(of_refusal(refusal));
            }
            let lapsed = match &command {
                Command::Approve { .. } => self.lapsed(&run).await?,
                _ => Vec::new(),
            };
            let mut events: Vec<Event> = lapsed.iter().map(Lapsed::event).collect();
            let standing = after(&run, &events, now)?;
            let decided = standing.handle(command.clone(), now).map_err(of_refusal)?;
            if decided.contains(&Event::Started)
                && let Some(refusal) = self.not_to_start(&run, now).await?
            {
                return Err(of_refusal(refusal));
            }
            let after = after(&standing, &decided, now)?;
            events.extend(decided);
            let mut detail = serde_json::json!({
                "application": run.request.application,
                "digest": run.request.digest,
                "events": events,
            });
            if !lapsed.is_empty() {
                detail["lapsed"] = serde_json::json!(lapsed);
            }
            let mut change = self.store.begin().await.map_err(of_store)?;
            match change.append(&advance(&run, &events, &after)).await {
                Ok(_) => {
                    // Given up after it began: compliance must not rest on older, luckier runs alone.
                    if after.state.is_over() && after.approved_at.is_some() && !after.request.dry_run {
                        let measured = of_run(&after);
                        change.record_measured(id, &measured).await.map_err(of_store)?;
                    }
                    let entry =
                        done(actor, action, &subject).of_application(&run.request.application).with(detail);
                    change.commit(entry).await.map_err(of_store)?;
                    return Ok(());
                }
                Err(holdfast_store::Error::RunMoved { .. }) => {}
                Err(error) => return Err(break_glass::of_start(error)),
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

    /// What stands by now against the start of a run that was asked for earlier.
    async fn not_to_start(&self, run: &Run, now: Timestamp) -> Answer<Option<Refusal>> {
        let around = self.standing(&run.request.application).await?;
        Ok(standing_refusal(&run.request, &around, now))
    }

    /// Somebody has read how a run ended. Done again it changes nothing.
    async fn acknowledge(&self, actor: &Actor, id: RunId) -> Answer<()> {
        let subject = format!("run:{id}");
        may(actor, Action::DriveRun)?;
        let run = self.as_it_stands(self.replayed(id).await?).await?;
        if let Some(refusal) = run.not_to_acknowledge() {
            return Err(of_refusal(refusal));
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        if change.acknowledge_run(id, &actor.email).await.map_err(of_store)?.is_some() {
            let entry = done(actor, "run.acknowledge", &subject)
                .of_application(&run.request.application)
                .with(serde_json::json!({ "state": run.state }));
            change.commit(entry).await.map_err(of_store)?;
        }
        Ok(())
    }

    async fn entries_of(&self, id: RunId) -> Answer<Vec<Entry>> {
        let entries = self.store.entries(id, 0).await.map_err(of_store)?;
        if entries.is_empty() { Err(Problem::not_found("run", &id.to_string())) } else { Ok(entries) }
    }

    pub(crate) async fn replayed(&self, id: RunId) -> Answer<Run> {
        self.journal(id).await?.map_err(|why| unreadable(id, &why))
    }

    pub(crate) async fn run_view(&self, actor: &Actor, id: RunId) -> Answer<RunView> {
        let run = match self.journal(id).await? {
            Ok(run) => self.as_it_stands(run).await?,
            Err(why) => return self.view_of_unreadable(actor, id, why).await,
        };
        let now = self.store.now().await.map_err(of_store)?;
        let (mut not_kept, mut not_to_start, mut glass) = (None, None, None);
        if run.state == RunState::AwaitingApproval {
            not_kept = self.audit_not_kept().await?;
            not_to_start = self.not_to_start(&run, now).await?;
            glass = self.store.open_break_glass_of(actor.person).await.map_err(of_store)?;
        }
        // Only its holder's own hour is asked about.
        let own = run.break_glass.as_ref().is_some_and(|under| under.by.id == actor.person);
        let glass_over = own && !run.state.is_over() && !self.holds_open(actor.person).await?;
        let acknowledged =
            if run.state.is_over() { self.store.acknowledgement(id).await.map_err(of_store)? } else { None };
        let took = if run.state.is_under_way() {
            let (of, intent) = (&run.request.application, run.request.movement.intent);
            self.store.steps_took(of, intent, RUNS_TO_GO_BY).await.map_err(of_store)?
        } else {
            Took::default()
        };
        let others = self.others_of(&run).await?;
        let live_drill = self.drill_view(&run).await?;
        let lot_direction = self.direction_of_lot(run.request.evacuation).await?;
        let gaps = self.gaps_of(id).await?;
        let set_aside = self.store.set_aside(id).await.map_err(of_store)?.map(set_aside::shown);
        let around = Around {
            acknowledged,
            not_kept,
            not_to_start,
            took,
            others,
            set_aside,
            live_drill,
            lot_direction,
            gaps,
            glass,
            glass_over,
        };
        Ok(view::run_view(actor, &run, around, now))
    }

    /// `within`: only of these applications.
    pub(crate) async fn run_page(
        &self,
        filter: &RunFilter,
        within: Option<Vec<Name>>,
    ) -> Answer<Page<RunSummary>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let before = given(&filter.cursor)
            .map(|text| {
                text.parse::<RunId>().map_err(|_| {
                    Problem::bad_field(
                        "cursor",
                        "is not one that an answer gave",
                        "Leave it out to start at the newest.",
                    )
                })
            })
            .transpose()?;
        let state = given(&filter.state)
            .map(|text| {
                RunState::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| {
                    let all: Vec<_> = RunState::ALL.iter().map(|s| s.as_str()).collect();
                    Problem::bad_field(
                        "state",
                        format!("`{text}` is none"),
                        format!("One of {}.", all.join(", ")),
                    )
                })
            })
            .transpose()?;
        let question = Question {
            application: given(&filter.application).map(|n| parse_name(&n)).transpose()?,
            within,
            live: filter.live.then_some(true),
            states: state.into_iter().collect(),
            dry_runs: true,
            set_aside: filter.set_aside,
            told_singly: filter.told_singly,
            before,
            limit,
            ..Question::default()
        };
        let heads = self.store.runs(&question).await.map_err(of_store)?;
        let next = (heads.len() == limit as usize).then(|| heads.last().map(|h| h.id.to_string())).flatten();
        Ok(Page { items: heads.iter().map(view::head).collect(), next })
    }
}

/// The run after these events: what the store writes beside them.
fn after(run: &Run, events: &[Event], now: Timestamp) -> Answer<Run> {
    let mut after = run.clone();
    for event in events {
        let entry = Entry { seq: after.seq + 1, at: now, event: event.clone() };
        after.apply(&entry).map_err(|e| {
            Problem::new(
                500,
                "internal",
                "Something is wrong inside",
                e.to_string(),
                "Look at the server's log.",
            )
        })?;
    }
    Ok(after)
}

fn advance<'a>(run: &Run, events: &'a [Event], after: &Run) -> Advance<'a> {
    Advance {
        run: run.id,
        expected_seq: run.seq,
        events,
        state: after.state,
        summary: serde_json::to_value(after.summary()).ok(),
    }
}

/// The movement of a run that has begun and not ended.
pub(crate) fn under_way(run: Option<&RunHead>) -> Option<&Movement> {
    run.filter(|r| r.state.is_under_way() && !r.dry_run).map(|r| &r.movement)
}

pub(crate) fn last_run(run: Option<&RunHead>) -> Option<LastRun> {
    run.map(|r| LastRun { movement: r.movement.clone(), completed: r.state.is_completed() })
}

pub(crate) fn replay(id: RunId, entries: &[Entry]) -> Answer<Run> {
    Run::replay(id, entries).map_err(|corrupt| unreadable(id, &corrupt.to_string()))
}

pub(crate) fn unreadable(id: RunId, why: &str) -> Problem {
    tracing::error!(run = %id, why, "a run's journal cannot be read");
    Problem::new(
        500,
        "journal_corrupt",
        "The run's journal cannot be read",
        format!("Run {id}: {why}."),
        "Nothing is done with it. The audit log has what was written. Put the journal back and have it tried again, or cancel it.",
    )
}

pub(crate) fn who(actor: &Actor) -> Who {
    Who { id: actor.person, email: actor.email.clone() }
}

fn said(reason: Option<&str>) -> Answer<Option<String>> {
    free_text("reason", reason, REASON_AT_MOST)
}
