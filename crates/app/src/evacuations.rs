//! Evacuations of a Region: preview, request, review, steer, read. What may happen to a lot is the pure core's; here it
//! is loaded with its runs, asked, stored and audited together with them.

mod commit;
mod decide;
mod lot;
mod request;
mod view;

use crate::App;
use crate::authority::{Action, Seen, everywhere, fresh, may};
use crate::free_text::{REASON_AT_MOST, free_text};
use crate::problems::{of_refusal, of_store};
use crate::runs::who;
use async_trait::async_trait;
use decide::Unreadable;
use holdfast_api::evacuations::{
    CommittedEvacuation, EvacuationFilter, EvacuationPreview, EvacuationSummary, EvacuationVerb,
    EvacuationView, Evacuations, RequestEvacuation, ReviewEvacuation,
};
use holdfast_api::runs::Decision;
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::{Actor, EvacuationId, Name, RunId};
use holdfast_failover::break_glass::not_open;
use holdfast_failover::evacuation::{Entry, Parts, as_part};
use holdfast_failover::guard::overrides_freshly;
use holdfast_failover::run::{Run, Who};
use holdfast_failover::{Digest, Evacuation, Review, RunState};
use holdfast_store::{EvacuationFilter as Question, RunHead};
use std::collections::BTreeMap;

/// A lot as it stands, with its runs as their lists show them.
struct Loaded {
    evacuation: Evacuation,
    heads: BTreeMap<RunId, RunHead>,
    entries: Vec<Entry>,
}

impl Loaded {
    /// Those that it moves.
    fn moved(&self) -> impl Iterator<Item = &Name> {
        self.evacuation.request.parts().map(|part| &part.application)
    }

    /// The actor as asked about each application that it moves; `None` where one that it names, also as left out, is hidden
    /// from them.
    fn asked<'a>(&self, seen: &'a Seen) -> Option<Vec<&'a Actor>> {
        let left_out = &self.evacuation.request.left_out;
        let all = left_out.iter().all(|left| seen.sees(&left.application));
        self.moved().map(|name| seen.over(name)).collect::<Option<Vec<_>>>().filter(|_| all)
    }

    fn parts(&self) -> Parts {
        self.heads.iter().map(|(id, head)| (*id, as_part(head.state, head.set_aside.is_some()))).collect()
    }
}

/// One that has not ended, for the first page.
pub(crate) struct Live {
    pub summary: EvacuationSummary,
    /// Whether it waits for the actor's review.
    pub for_me: bool,
}

#[async_trait]
impl Evacuations for App {
    async fn preview_evacuation(
        &self,
        actor: &Actor,
        request: &RequestEvacuation,
    ) -> Answer<EvacuationPreview> {
        may(actor, Action::ReadRuns)?;
        self.within_scope(actor, Action::ReadRuns, request).await?;
        self.evacuation_preview(actor, request).await
    }

    async fn request_evacuation(
        &self,
        actor: &Actor,
        request: RequestEvacuation,
        idempotency_key: &str,
    ) -> Answer<EvacuationView> {
        may(actor, Action::RequestRun)?;
        self.within_scope(actor, Action::RequestRun, &request).await?;
        // As of a single run: overriding by name is not done on an old sign-in.
        if !request.dry_run && overrides_freshly(&request.overrides) {
            self.may_freshly(actor, Action::RequestRun).await?;
        }
        let id = self.ask_to_evacuate(actor, request, idempotency_key).await?;
        self.evacuation_view(actor, id).await
    }

    async fn evacuations(&self, actor: &Actor, filter: &EvacuationFilter) -> Answer<Page<EvacuationSummary>> {
        may(actor, Action::ReadRuns)?;
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let cursor = filter.cursor.as_deref().filter(|text| !text.is_empty());
        let before = cursor.map(str::parse).transpose().map_err(|_| {
            Problem::bad_field(
                "cursor",
                "is not one that an answer gave",
                "Leave it out to start at the newest.",
            )
        })?;
        let (mut all, next) = self.all_evacuations(&Question { live: filter.live, before, limit }).await?;
        let seen = self.seen(actor).await?;
        all.retain(|loaded| loaded.asked(&seen).is_some());
        Ok(Page { items: all.iter().map(view::summary).collect(), next: next.map(|id| id.to_string()) })
    }

    async fn evacuation(&self, actor: &Actor, id: EvacuationId) -> Answer<EvacuationView> {
        self.may_over_lot(actor, Action::ReadRuns, id).await?;
        self.evacuation_view(actor, id).await
    }

    async fn review_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        review: ReviewEvacuation,
    ) -> Answer<EvacuationView> {
        let approves = matches!(review.decision, Decision::Approve);
        let action = reviews(review.decision);
        let now = self.store.now().await.map_err(of_store)?;
        self.may_over_lot(actor, Action::ReviewRun, id).await?;
        fresh(actor, now)?;
        // An approval may be the one that starts the lot.
        if approves && let Some(refusal) = self.audit_not_kept().await? {
            return Err(of_refusal(refusal));
        }
        let digest = Digest(review.plan_digest.trim().to_owned());
        let comment = free_text("comment", review.comment.as_deref(), REASON_AT_MOST)?;
        let (by, groups) = (who(actor), &actor.groups);
        let decide = |loaded: &Loaded, runs: &[Run], lapsed: &[Who], now| {
            if !approves {
                return loaded.evacuation.deny(runs, &by, groups, &digest, comment.clone(), now);
            }
            let comment = comment.clone();
            let review = Review { at: now, comment, ..Review::supposed(&by, groups, &actor.others) };
            loaded.evacuation.approve(runs, lapsed, review, &digest, now)
        };
        self.decide(actor, id, action, &Unreadable::Refuse, decide).await?;
        self.evacuation_view(actor, id).await
    }

    async fn drive_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        verb: EvacuationVerb,
    ) -> Answer<EvacuationView> {
        let by = who(actor);
        let action = drives(&verb);
        let right = match &verb {
            EvacuationVerb::Withdraw => Action::ReviewRun,
            EvacuationVerb::BreakGlass => Action::RequestRun,
            EvacuationVerb::GoOn { .. } | EvacuationVerb::Cancel { .. } => Action::DriveRun,
        };
        self.may_over_lot(actor, right, id).await?;
        let now = self.store.now().await.map_err(of_store)?;
        // Going on overrules the rule that was approved with the lot, and break-glass does without the approvals.
        if matches!(verb, EvacuationVerb::GoOn { .. } | EvacuationVerb::BreakGlass) {
            fresh(actor, now)?;
        }
        let holds_open = self.holds_open(actor.person).await?;
        let under = match &verb {
            EvacuationVerb::BreakGlass => {
                self.may_start_lot_unapproved(actor, id).await?;
                Some(self.mark_of(actor, now).await?)
            }
            _ => None,
        };
        let verb = match verb {
            EvacuationVerb::Withdraw => EvacuationVerb::Withdraw,
            EvacuationVerb::BreakGlass => EvacuationVerb::BreakGlass,
            EvacuationVerb::GoOn { reason } => EvacuationVerb::GoOn { reason: said(&reason)? },
            EvacuationVerb::Cancel { reason } => EvacuationVerb::Cancel { reason: said(&reason)? },
        };
        let decide = |loaded: &Loaded, runs: &[Run], _lapsed: &[Who], now| match &verb {
            EvacuationVerb::Withdraw => loaded.evacuation.withdraw(runs, &by),
            EvacuationVerb::BreakGlass => {
                let under = under.clone().ok_or_else(not_open)?;
                loaded.evacuation.break_glass(runs, under, now)
            }
            EvacuationVerb::GoOn { reason } => match loaded.evacuation.not_after_its_end(&by) {
                Some(refusal) if !holds_open => Err(refusal),
                _ => loaded.evacuation.go_on(&loaded.parts(), &by, reason),
            },
            EvacuationVerb::Cancel { reason } => loaded.evacuation.cancel(runs, &by, reason),
        };
        let unreadable = match &verb {
            EvacuationVerb::Withdraw | EvacuationVerb::BreakGlass => Unreadable::Refuse,
            EvacuationVerb::GoOn { .. } => Unreadable::PassOver,
            EvacuationVerb::Cancel { reason } => Unreadable::GiveUp(reason),
        };
        self.decide(actor, id, action, &unreadable, decide).await?;
        self.evacuation_view(actor, id).await
    }

    async fn commit_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        comment: Option<String>,
    ) -> Answer<CommittedEvacuation> {
        self.commit_lot(actor, id, comment.as_deref()).await
    }

    async fn evacuations_to_review(&self, actor: &Actor) -> Answer<Vec<EvacuationSummary>> {
        may(actor, Action::ReadRuns)?;
        let live = self.live_evacuations(actor).await?;
        Ok(live.into_iter().filter(|live| live.for_me).map(|live| live.summary).collect())
    }
}

/// The audit log's name of a review.
pub(crate) fn reviews(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "evacuation.approve",
        Decision::Deny => "evacuation.deny",
    }
}

/// The audit log's name of what a person asks of a lot that stands.
pub(crate) fn drives(verb: &EvacuationVerb) -> &'static str {
    match verb {
        EvacuationVerb::Withdraw => "evacuation.withdraw",
        EvacuationVerb::BreakGlass => "evacuation.break_glass",
        EvacuationVerb::GoOn { .. } => "evacuation.go_on",
        EvacuationVerb::Cancel { .. } => "evacuation.cancel",
    }
}

fn said(reason: &str) -> Answer<String> {
    Ok(free_text("reason", Some(reason), REASON_AT_MOST)?.unwrap_or_default())
}

fn replay(id: EvacuationId, entries: &[Entry]) -> Answer<Evacuation> {
    Evacuation::replay(id, entries).map_err(|corrupt| {
        tracing::error!(evacuation = %id, %corrupt, "an evacuation's journal cannot be read");
        Problem::new(
            500,
            "journal_corrupt",
            "The evacuation's journal cannot be read",
            format!("Evacuation {id}: {corrupt}."),
            "Nothing is done with it. The audit log has what was written; ask for help before touching it.",
        )
    })
}

impl App {
    /// May they do this to every application that this lot moves?
    ///
    /// # Errors
    /// 404, the same whether there is no such lot or it names what they may not know of; 403 with what would be needed.
    pub(crate) async fn may_over_lot(&self, actor: &Actor, action: Action, id: EvacuationId) -> Answer<()> {
        if !actor.is_limited() {
            return may(actor, action);
        }
        let seen = self.seen(actor).await?;
        let loaded = self.loaded_evacuation(id).await?;
        let hidden = || Problem::not_found("evacuation", &id.to_string());
        loaded.asked(&seen).ok_or_else(hidden)?.into_iter().try_for_each(|asked| may(asked, action))
    }

    /// Whoever's role ends somewhere names the applications, and may do this to each: what is called the evacuation of a Region
    /// leaves nothing behind for want of rights.
    async fn within_scope(&self, actor: &Actor, action: Action, asked: &RequestEvacuation) -> Answer<()> {
        if everywhere(actor, action) {
            return Ok(());
        }
        let Some(named) = &asked.applications else {
            return Err(Problem::new(
                403,
                "out_of_scope",
                "Outside of your scope",
                "Your role ends somewhere, and emptying a Region may move what is outside of it.",
                "Name the applications to move, or ask somebody whose role has no limits.",
            ));
        };
        let seen = self.seen(actor).await?;
        // One that they may not know of is found missing where all are looked up.
        let asked = named.iter().filter_map(|text| seen.over(&Name::parse(text.trim()).ok()?));
        asked.into_iter().try_for_each(|asked| may(asked, action))
    }

    async fn loaded_evacuation(&self, id: EvacuationId) -> Answer<Loaded> {
        let entries = self.store.evacuation_entries(id).await.map_err(of_store)?;
        if entries.is_empty() {
            return Err(Problem::not_found("evacuation", &id.to_string()));
        }
        let evacuation = replay(id, &entries)?;
        let heads = self.store.parts_of(&[id]).await.map_err(of_store)?.remove(&id).unwrap_or_default();
        let heads = heads.into_iter().map(|head| (head.id, head)).collect();
        Ok(Loaded { evacuation, heads, entries })
    }

    /// With the cursor to what comes after them, which those that cannot be read do not end.
    async fn all_evacuations(&self, question: &Question) -> Answer<(Vec<Loaded>, Option<EvacuationId>)> {
        let found = self.store.evacuations(question).await.map_err(of_store)?;
        let ids: Vec<EvacuationId> = found.iter().map(|(id, _)| *id).collect();
        let next = ids.last().copied().filter(|_| ids.len() == question.limit as usize);
        let mut parts = self.store.parts_of(&ids).await.map_err(of_store)?;
        // One whose journal cannot be read says so on its own page; every list goes on.
        let loaded = found.into_iter().filter_map(|(id, entries)| {
            let unreadable =
                |error: &_| tracing::error!(evacuation = %id, %error, "an evacuation's journal cannot be read");
            let entries = entries.inspect_err(unreadable).ok()?;
            let evacuation = replay(id, &entries).ok()?;
            let heads = parts.remove(&id).unwrap_or_default();
            Some(Loaded { evacuation, heads: heads.into_iter().map(|h| (h.id, h)).collect(), entries })
        });
        Ok((loaded.collect(), next))
    }

    /// Those that have not ended, with whether they wait for this actor.
    pub(crate) async fn live_evacuations(&self, actor: &Actor) -> Answer<Vec<Live>> {
        let (all, _) = self.all_evacuations(&Question { live: true, before: None, limit: 100 }).await?;
        let seen = self.seen(actor).await?;
        let mut live = Vec::new();
        for loaded in &all {
            let Some(asked) = loaded.asked(&seen) else { continue };
            let reviews = asked.into_iter().all(|asked| may(asked, Action::ReviewRun).is_ok());
            let for_me = reviews && self.asks(actor, loaded).await?;
            live.push(Live { summary: view::summary(loaded), for_me });
        }
        Ok(live)
    }

    /// Whether this actor's approval would count for the lot as it stands.
    async fn asks(&self, actor: &Actor, loaded: &Loaded) -> Answer<bool> {
        if loaded.evacuation.started_at.is_some() || loaded.evacuation.ended_at.is_some() {
            return Ok(false);
        }
        let mut runs = Vec::new();
        for head in loaded.heads.values().filter(|head| head.state == RunState::AwaitingApproval) {
            match self.replayed(head.id).await {
                Ok(run) => runs.push(run),
                // The lot's own page says what is wrong with it; everybody's first page goes on.
                Err(problem) if problem.status == 500 => {
                    tracing::warn!(run = %head.id, detail = %problem.detail, "does not count for whom its lot waits");
                }
                Err(problem) => return Err(problem),
            }
        }
        let lapsed = self.lapsed_of(&runs).await?;
        let now = self.store.now().await.map_err(of_store)?;
        Ok(view::would_approve(actor, loaded, &runs, &lapsed, now).is_ok())
    }
}
