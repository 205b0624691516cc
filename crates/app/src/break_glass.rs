//! Break-glass: who may open it, with what, and what becomes of it. What it lifts is the pure core's table
//! (`failover::break_glass`); that its times and its ends hold is the database's as well.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, Seen, may};
use crate::codes;
use crate::free_text::{LINE_AT_MOST, REASON_AT_MOST, free_text};
use crate::people::held_roles;
use crate::problems::{of_refusal, of_store};
use crate::runs::who;
use async_trait::async_trait;
use holdfast_api::break_glass::{
    BreakGlassReviewView, BreakGlassState, BreakGlassView, BreakGlasses, MakeSealedCode, NewSealedCodeView,
    OpenBreakGlass, ReviewBreakGlass, RunUnderView, SealedCodeView,
};
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::{Actor, BreakGlassId, Name, PersonId, Role};
use holdfast_failover::Refusal;
use holdfast_failover::break_glass::{
    BreakGlass, MINUTES_AT_MOST, OpenedWith, Rule, UnderBreakGlass, factor_stands, not_open, opened_again,
    opened_with,
};
use holdfast_store::{Error, NewBreakGlass, RunUnder, SealedCode};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Where a sealed code is kept fits on an envelope.
const KEPT_AT_AT_MOST: usize = 200;

#[async_trait]
impl BreakGlasses for App {
    async fn break_glass_state(&self, actor: &Actor) -> Answer<BreakGlassState> {
        may(actor, Action::ReadStatus)?;
        let unreviewed = self.store.break_glasses_to_review().await.map_err(of_store)?;
        // Every page asks.
        if unreviewed.is_empty() {
            return Ok(BreakGlassState::default());
        }
        let now = self.store.now().await.map_err(of_store)?;
        let seen = self.seen(actor).await?;
        let (open, reviews_due) =
            self.shown(unreviewed, &seen, now).await?.into_iter().partition(|one| one.open);
        Ok(BreakGlassState { open, reviews_due })
    }

    async fn break_glasses(
        &self,
        actor: &Actor,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Answer<Page<BreakGlassView>> {
        may(actor, Action::ReadStatus)?;
        let limit = limit.unwrap_or(50).clamp(1, 200);
        let before = cursor
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| {
                text.parse::<BreakGlassId>().map_err(|_| {
                    Problem::bad_field(
                        "cursor",
                        "is not one that an answer gave",
                        "Leave it out to start at the newest.",
                    )
                })
            })
            .transpose()?;
        let glasses = self.store.break_glasses(before, limit).await.map_err(of_store)?;
        let now = self.store.now().await.map_err(of_store)?;
        let items = self.shown(glasses, &self.seen(actor).await?, now).await?;
        let next =
            (items.len() == limit as usize).then(|| items.last().map(|last| last.id.clone())).flatten();
        Ok(Page { items, next })
    }

    async fn break_glass(&self, actor: &Actor, id: BreakGlassId) -> Answer<BreakGlassView> {
        may(actor, Action::ReadStatus)?;
        self.glass_view(actor, id).await
    }

    async fn open_break_glass(&self, actor: &Actor, asked: OpenBreakGlass) -> Answer<BreakGlassView> {
        self.may_freshly(actor, Action::OpenBreakGlass).await?;
        let Some(reason) = free_text("reason", Some(&asked.reason), REASON_AT_MOST)? else {
            return Err(Problem::bad_field(
                "reason",
                "is missing",
                "Say why it cannot wait for others; everybody reads it.",
            ));
        };
        let incident = free_text("incident", asked.incident.as_deref(), LINE_AT_MOST)?;
        let minutes = asked.minutes.unwrap_or(MINUTES_AT_MOST);
        if !(1..=MINUTES_AT_MOST).contains(&minutes) {
            return Err(Problem::bad_field(
                "minutes",
                format!("is not 1 to {MINUTES_AT_MOST}"),
                "Leave it out for an hour, which is the most.",
            ));
        }
        let typed = asked.sealed_code.as_deref().map(str::trim).filter(|code| !code.is_empty());
        // Whoever has one need only give it: the proof that they gave was by the password alone, or at a provider.
        if typed.is_none() && !actor.second_factor && self.has_second_factor(actor.person).await? {
            return Err(factor_wanted());
        }
        let opened_with = opened_with(actor.second_factor, typed.is_some()).map_err(of_refusal)?;
        if opened_with == OpenedWith::SecondFactor {
            let now = self.store.now().await.map_err(of_store)?;
            factor_stands(self.factor_since(actor).await?, now).map_err(of_refusal)?;
        }
        self.store.end_expired_break_glasses().await.map_err(of_store)?;
        let now = self.store.now().await.map_err(of_store)?;
        let unreviewed = self.store.break_glasses_to_review().await.map_err(of_store)?;
        opened_again(opened_with, actor.person, &actor.others, &unreviewed, now).map_err(of_refusal)?;
        let approvers = self.approvers().await?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        let sealed_code = match typed {
            None => None,
            Some(typed) => {
                let hash = codes::sealed_hash(typed).ok_or_else(no_such_code)?;
                let used =
                    change.use_sealed_code(&hash, actor.person, &actor.others).await.map_err(of_code)?;
                Some(used.ok_or_else(no_such_code)?)
            }
        };
        let new = NewBreakGlass { holder: who(actor), reason, incident, minutes, opened_with, sealed_code };
        let id = change.open_break_glass(&new).await.map_err(of_opening)?;
        let entry = done(actor, "break_glass.open", &subject(id)).with(json!({
            "reason": new.reason, "incident": new.incident, "minutes": minutes,
            "opened_with": opened_with, "sealed_code": sealed_code, "approvers": approvers,
        }));
        change.commit(entry).await.map_err(of_store)?;
        tracing::warn!(break_glass = %id, holder = %actor.email, minutes, "the glass is broken");
        self.glass_view(actor, id).await
    }

    async fn end_break_glass(&self, actor: &Actor, id: BreakGlassId) -> Answer<BreakGlassView> {
        may(actor, Action::EndBreakGlass)?;
        let glass = self.glass(id).await?;
        let now = self.store.now().await.map_err(of_store)?;
        glass.may_end(actor.person, actor.has(Role::Admin), now).map_err(of_refusal)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if change.end_break_glass(id, &actor.email).await.map_err(of_store)? {
            let entry = done(actor, "break_glass.end", &subject(id));
            change.commit(entry.with(json!({ "holder": glass.holder.email }))).await.map_err(of_store)?;
        }
        self.glass_view(actor, id).await
    }

    async fn review_break_glass(
        &self,
        actor: &Actor,
        id: BreakGlassId,
        asked: ReviewBreakGlass,
    ) -> Answer<BreakGlassView> {
        self.may_freshly(actor, Action::ReviewBreakGlass).await?;
        let Some(words) = free_text("words", Some(&asked.words), REASON_AT_MOST)? else {
            return Err(Problem::bad_field(
                "words",
                "is missing",
                "Say what was found: whether it was rightly broken, and what follows from it.",
            ));
        };
        let glass = self.glass(id).await?;
        let now = self.store.now().await.map_err(of_store)?;
        let runs = self.runs_under(id).await?;
        let under_way = runs.iter().filter(|run| !run.state.is_over()).count();
        glass.may_review(actor.person, &actor.others, under_way, now).map_err(of_refusal)?;
        self.store.end_expired_break_glasses().await.map_err(of_store)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.review_break_glass(id, &who(actor), &words).await.map_err(of_store)? {
            return Err(of_store(Error::Conflict("break_glasses_only_go_on".into())));
        }
        let runs: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
        let detail = json!({ "holder": glass.holder.email, "words": words, "runs": runs });
        change
            .commit(done(actor, "break_glass.review", &subject(id)).with(detail))
            .await
            .map_err(of_store)?;
        self.glass_view(actor, id).await
    }

    async fn sealed_codes(&self, actor: &Actor) -> Answer<Vec<SealedCodeView>> {
        may(actor, Action::KeepSealedCodes)?;
        let codes = self.store.sealed_codes().await.map_err(of_store)?;
        Ok(codes.into_iter().map(sealed_code_view).collect())
    }

    async fn make_sealed_code(&self, actor: &Actor, make: MakeSealedCode) -> Answer<NewSealedCodeView> {
        self.may_freshly(actor, Action::KeepSealedCodes).await?;
        let Some(kept_at) = free_text("kept_at", Some(&make.kept_at), KEPT_AT_AT_MOST)? else {
            return Err(Problem::bad_field(
                "kept_at",
                "is missing",
                "Say where it will be kept, such as `the safe in Dublin`.",
            ));
        };
        let (code, hash) = codes::new_sealed_code();
        let mut change = self.store.begin().await.map_err(of_store)?;
        let id = change.make_sealed_code(&hash, &kept_at, actor.person).await.map_err(of_store)?;
        let entry = done(actor, "sealed_code.make", &format!("sealed_code:{id}"));
        change.commit(entry.with(json!({ "kept_at": kept_at }))).await.map_err(of_store)?;
        Ok(NewSealedCodeView { id, kept_at, code })
    }

    async fn withdraw_sealed_code(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        may(actor, Action::KeepSealedCodes)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.withdraw_sealed_code(id, actor.person).await.map_err(of_store)? {
            return Err(Problem::not_found("sealed code that is still good", &id.to_string()));
        }
        let entry = done(actor, "sealed_code.withdraw", &format!("sealed_code:{id}"));
        change.commit(entry).await.map(|_| ()).map_err(of_store)
    }
}

impl App {
    async fn glass(&self, id: BreakGlassId) -> Answer<BreakGlass> {
        match self.store.break_glass(id).await {
            Err(Error::NotFound(_)) => Err(Problem::not_found("break-glass", &id.to_string())),
            found => found.map_err(of_store),
        }
    }

    async fn glass_view(&self, actor: &Actor, id: BreakGlassId) -> Answer<BreakGlassView> {
        let glass = self.glass(id).await?;
        let now = self.store.now().await.map_err(of_store)?;
        let seen = self.seen(actor).await?;
        let mut runs = self.runs_under(id).await?;
        runs.retain(|run| seen.sees(&run.application));
        Ok(view(glass, &runs, now))
    }

    async fn runs_under(&self, id: BreakGlassId) -> Answer<Vec<RunUnder>> {
        Ok(self.store.runs_under(&[id]).await.map_err(of_store)?.remove(&id).unwrap_or_default())
    }

    /// Everybody is told that the glass is broken; which runs were started under it, of whoever may see their application.
    async fn shown(
        &self,
        glasses: Vec<BreakGlass>,
        seen: &Seen,
        now: Timestamp,
    ) -> Answer<Vec<BreakGlassView>> {
        let ids: Vec<BreakGlassId> = glasses.iter().map(|glass| glass.id).collect();
        let mut runs = self.store.runs_under(&ids).await.map_err(of_store)?;
        runs.values_mut().for_each(|under| under.retain(|run| seen.sees(&run.application)));
        let of = |glass: BreakGlass| {
            let under = runs.get(&glass.id).map(Vec::as_slice).unwrap_or_default();
            view(glass, under, now)
        };
        Ok(glasses.into_iter().map(of).collect())
    }

    /// Since when the factor that this person gave last has been theirs. `None`: it is so no more.
    pub(crate) async fn factor_since(&self, actor: &Actor) -> Answer<Option<Timestamp>> {
        let keys = self.store.passkeys(actor.person).await.map_err(of_store)?;
        if let Some(given) = actor.passkey {
            return Ok(keys.iter().find(|key| key.id == given).map(|key| key.added_at));
        }
        let app = self.confirmed_totp(actor.person).await?.and_then(|app| app.confirmed_at);
        // Without an app it was a code to recover with, which is as old as the key that it came with.
        Ok(app.or_else(|| keys.first().map(|key| key.added_at)))
    }

    /// What marks a run that this person starts now.
    pub(crate) async fn mark_of(&self, actor: &Actor, now: Timestamp) -> Answer<UnderBreakGlass> {
        let held = self.store.open_break_glass_of(actor.person).await.map_err(of_store)?;
        held.map_or_else(|| Err(not_open()), |glass| glass.mark(now)).map_err(of_refusal)
    }

    pub(crate) async fn holds_open(&self, person: PersonId) -> Answer<bool> {
        Ok(self.store.open_break_glass_of(person).await.map_err(of_store)?.is_some())
    }

    /// Why nothing starts as far as the audit log goes, under break-glass or not.
    pub(crate) async fn audit_stops(&self, under_break_glass: bool) -> Answer<Option<Refusal>> {
        if under_break_glass && Rule::CheckpointKept.lifted() {
            return Ok(None);
        }
        self.audit_not_kept().await
    }

    /// Break-glasses whose review nobody has closed, and by application those that started a run of it.
    pub(crate) async fn reviews_due(&self, seen: &Seen) -> Answer<ReviewsDue> {
        let unreviewed = self.store.break_glasses_to_review().await.map_err(of_store)?;
        let now = self.store.now().await.map_err(of_store)?;
        let all = self.shown(unreviewed, seen, now).await?;
        let mut of_application: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for glass in &all {
            for run in &glass.runs {
                let due = of_application.entry(run.application.clone()).or_default();
                if !due.contains(&glass.id) {
                    due.push(glass.id.clone());
                }
            }
        }
        Ok(ReviewsDue { all, of_application })
    }

    async fn approvers(&self) -> Answer<Vec<String>> {
        let people = self.store.people().await.map_err(of_store)?;
        let approves = |p: &&holdfast_store::Person| {
            p.disabled_at.is_none() && held_roles(p).any(|h| h.role == Role::Approver)
        };
        Ok(people.iter().filter(approves).map(|p| p.email.clone()).collect())
    }
}

#[derive(Debug, Default)]
pub(crate) struct ReviewsDue {
    pub all: Vec<BreakGlassView>,
    of_application: BTreeMap<String, Vec<String>>,
}

impl ReviewsDue {
    pub fn of(&self, application: &Name) -> &[String] {
        self.of_application.get(application.as_str()).map(Vec::as_slice).unwrap_or_default()
    }
}

fn view(glass: BreakGlass, runs: &[RunUnder], now: Timestamp) -> BreakGlassView {
    let open = glass.is_open(now);
    let ended_at = glass.over_since(now);
    let ended_by = match glass.ended {
        Some((_, by)) => Some(by),
        None => ended_at.map(|_| "the clock".to_owned()),
    };
    BreakGlassView {
        id: glass.id.to_string(),
        holder: glass.holder.email,
        reason: glass.reason,
        incident: glass.incident,
        opened_with: glass.opened_with,
        opened_at: glass.opened_at,
        expires_at: glass.expires_at,
        open,
        ended_at,
        ended_by,
        runs: runs
            .iter()
            .map(|run| RunUnderView {
                id: run.id.to_string(),
                application: run.application.to_string(),
                state: run.state,
            })
            .collect(),
        review: glass.reviewed.map(|r| BreakGlassReviewView { by: r.by, at: r.at, words: r.words }),
    }
}

fn sealed_code_view(code: SealedCode) -> SealedCodeView {
    let (used_by, used_at) = code.used.unzip();
    let (withdrawn_by, withdrawn_at) = code.withdrawn.unzip();
    SealedCodeView {
        id: code.id,
        kept_at: code.kept_at,
        made_by: code.made_by,
        made_at: code.made_at,
        used_by,
        used_at,
        withdrawn_by,
        withdrawn_at,
    }
}

fn subject(id: BreakGlassId) -> String {
    format!("break_glass:{id}")
}

pub(crate) fn factor_wanted() -> Problem {
    Problem::new(
        403,
        "fresh_identity_needed",
        "Prove who you are by your second factor",
        "This needs a proof of who you are that is at most five minutes old, with your second factor: a code of your authenticator app, or a key.",
        "Prove who you are (on the page, or by POST /api/v1/session/proof), then repeat it.",
    )
}

fn no_such_code() -> Problem {
    Problem::new(
        403,
        "sealed_code_refused",
        "The sealed code is not right",
        "There is no sealed code like this that is still good.",
        "Look at it again: each works once. Another one opens it too, and so does a second factor.",
    )
}

fn of_code(error: Error) -> Problem {
    if error.is_conflict("sealed_codes_not_its_makers") {
        return Problem::new(
            403,
            "sealed_code_refused",
            "Not with a code of one's own",
            "You made this sealed code, and it is for others.",
            "Have somebody else open it, or use your second factor.",
        );
    }
    of_store(error)
}

fn of_opening(error: Error) -> Problem {
    if error.is_conflict("break_glasses_one_open") {
        return Problem::new(
            409,
            "break_glass_open",
            "It is open already",
            "You hold one that is open.",
            "Go on under it, or end it first.",
        );
    }
    of_store(error)
}
