//! From "fail shop over" to a frozen request: plan from the newest picture, digest, guards of the database.

use super::break_glass::of_start;
use super::once::Once;
use super::sent::{
    codes, good_key, good_times, load_split, movement, no_way_back, overrides, overrides_needed, rehearsed,
    why,
};
use super::who;
use super::window::{manner, may_ask_for};
use crate::App;
use crate::applications::parse_name;
use crate::audit::done;
use crate::authority::fresh;
use crate::picture::Judged;
use crate::problems::{active_run, as_refusal, of_refusal, of_store, resource_held};
use holdfast_api::runs::{RequestRun, RunPreview};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, ApprovalPolicy, EvacuationId, Name, RunId};
use holdfast_failover::approval::{FrozenPolicy, Left, asked_too, tally};
use holdfast_failover::break_glass::not_open;
use holdfast_failover::digest::request_digest;
use holdfast_failover::guard::{Guarded, Ruled, RunKind, guarded};
use holdfast_failover::plan::{EmergencyVariant, emergency_variant};
use holdfast_failover::run::drill::no_emergency;
use holdfast_failover::run::{Command, Entry, Event, Request, Run, Who};
use holdfast_failover::shared::{self, User};
use holdfast_failover::step::run_plan::AskedBy;
use holdfast_failover::{Digest, Drill, Mode, Movement, Plan, Refusal, RunState};
use holdfast_store::{Change, Holder, NewRun, RunHead};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// A request thought through, not yet made.
pub(crate) struct Thought {
    pub movement: Movement,
    pub plan: Plan,
    pub emergency: Option<EmergencyVariant>,
    pub policy: FrozenPolicy,
    pub digest: Digest,
    pub judged: Judged,
    pub ruled: Ruled,
    /// Other applications whose store it moves too.
    pub users: Vec<User>,
}

impl Thought {
    /// What the run would hold beside its application.
    pub(crate) fn holds(&self) -> Vec<String> {
        shared::held(&self.judged.application, &self.plan, self.emergency.as_ref())
    }

    /// Says which requests give way to it.
    pub(crate) fn takes_the_place_of(&mut self, held: &[RunHead]) {
        self.plan.notes.splice(0..0, held.iter().map(takes_the_place_of));
    }

    /// What was thought of, as it is kept.
    pub(crate) fn frozen(
        self,
        asked: RequestRun,
        by: Who,
        asked_by: Option<AskedBy>,
        evacuation: Option<EvacuationId>,
    ) -> Request {
        let holds = self.holds();
        Request {
            application: self.judged.application.name,
            movement: self.movement,
            plan: self.plan,
            emergency: self.emergency,
            policy: self.policy,
            objectives: self.judged.application.objectives,
            overrides: asked.overrides,
            holds,
            dry_run: asked.dry_run,
            commit_within_seconds: asked.commit_within_seconds,
            digest: self.digest,
            by,
            reason: asked.reason,
            incident: asked.incident,
            impact_began_at: asked.impact_began_at,
            detected_at: asked.detected_at,
            asked_by,
            evacuation,
        }
    }
}

/// A request that waits for approval and gives way to an emergency: decided, not yet written.
pub(crate) struct Superseded {
    held: Run,
    events: Vec<Event>,
    after: Run,
    by_run: RunId,
}

impl Superseded {
    pub(crate) async fn write(&self, change: &mut Change, actor: &Actor) -> Answer<()> {
        change.append(&super::advance(&self.held, &self.events, &self.after)).await.map_err(of_store)?;
        let entry = done(actor, "run.supersede", &format!("run:{}", self.held.id))
            .of_application(&self.held.request.application)
            .with(serde_json::json!({ "superseded_by": self.by_run }));
        change.also_audit(&entry).await.map(|_| ()).map_err(of_store)
    }
}

impl App {
    pub(super) async fn preview(&self, actor: &Actor, request: &RequestRun) -> Answer<RunPreview> {
        let now = holdfast_clock::now();
        let drill = rehearsed(request)?;
        let mut overridden = overrides(request)?;
        let mut request = RequestRun { overrides: codes(&overridden), ..request.clone() };
        // Shown as the request that overrides what people may override: that is the one that would be sent.
        let bare = self.think(&request, drill, now).await?;
        let overrides_needed = overrides_needed(&bare.ruled.needed);
        overridden.extend(bare.ruled.needed.iter().map(|raised| raised.guard));
        request.overrides = codes(&overridden);
        let thought =
            if overrides_needed.is_empty() { bare } else { self.think(&request, drill, now).await? };
        let holders = self.other_holders(&thought, request.dry_run).await?;
        let (making_way, holding) = self.apart(actor, request.mode, holders).await?;
        let own = thought.judged.active.as_ref().filter(|_| !request.dry_run);
        let active = own.and_then(|held| in_the_way(&request, held));
        let gives_way = own.filter(|_| active.is_none()).into_iter().chain(&making_way);
        let mut notes: Vec<String> = gives_way.map(takes_the_place_of).collect();
        notes.extend(thought.plan.notes.iter().cloned());
        let active = active.or_else(|| holding.first().map(held_by)).map(as_refusal);
        // What also holds a dry run back comes first: the page offers one where nothing else stands against it.
        let not_kept = if request.dry_run { None } else { self.audit_stops(request.break_glass).await? };
        let holds_break_glass = self.holds_open(actor.person).await?;
        let held = !request.break_glass || holds_break_glass;
        let beyond = match self.may_start_for(actor, &thought.users).await {
            Err(problem) if problem.status >= 500 => return Err(problem),
            asked => asked.err().filter(|_| request.break_glass && !request.dry_run).map(as_refusal),
        };
        let beyond = if request.break_glass { beyond } else { self.nobody_approves(&thought).await? };
        let refused = thought.ruled.refusal().or(not_kept).or(active).or(beyond);
        let refused = refused.or_else(|| (!held).then(not_open));
        Ok(RunPreview {
            from_region: thought.movement.from.to_string(),
            to_region: thought.movement.to.to_string(),
            plan_digest: thought.digest.to_string(),
            steps: super::view::planned_steps(&thought.plan.steps),
            facts: thought.plan.facts.clone(),
            measurements: thought.plan.measurements.clone(),
            notes,
            split: thought.plan.split.clone(),
            if_escalated: thought.emergency.as_ref().map(super::view::emergency),
            overrides_needed,
            approval_policy: thought.policy.name.to_string(),
            tally: tally(&thought.policy, &[]),
            holds_break_glass,
            refused,
            request,
        })
    }

    pub(super) async fn request(
        &self,
        actor: &Actor,
        asked: RequestRun,
        idempotency_key: &str,
    ) -> Answer<RunId> {
        let (reason, incident) = why(&asked.reason, asked.incident.as_deref(), asked.dry_run)?;
        let overridden = overrides(&asked)?;
        good_key(idempotency_key)?;
        let body = serde_json::to_vec(&asked)
            .map_err(|e| Problem::bad_field("body", e.to_string(), "Send JSON."))?;
        let body_hash: [u8; 32] = Sha256::digest(&body).into();
        // As it is stored; the key stands for the bytes as they were sent.
        let asked = RequestRun { reason, incident, overrides: codes(&overridden), ..asked };
        let principal = format!("person:{}", actor.person);
        let once = Once::Key { principal: &principal, key: idempotency_key, body_hash: &body_hash };
        self.make_once(actor, asked, once).await
    }

    /// A repeat gets the first one's run, even where it would be refused today.
    pub(super) async fn make_once(&self, actor: &Actor, asked: RequestRun, once: Once<'_>) -> Answer<RunId> {
        if let Some(made) = self.made(once).await? {
            return Ok(made);
        }
        match self.make(actor, asked, once).await {
            Ok(id) => Ok(id),
            // What stands in the way may be the run that this very request made while this one was thought about.
            Err(problem) => self.made(once).await?.ok_or(problem),
        }
    }

    /// Rolled back again: thinking takes connections, and whoever thinks while holding one starves the others.
    async fn made(&self, once: Once<'_>) -> Answer<Option<RunId>> {
        let mut look = self.store.begin().await.map_err(of_store)?;
        once.made(&mut look).await
    }

    async fn make(&self, actor: &Actor, asked: RequestRun, once: Once<'_>) -> Answer<RunId> {
        let now = self.store.now().await.map_err(of_store)?;
        good_times(&asked, now)?;
        let under = if asked.break_glass { Some(self.mark_of(actor, now).await?) } else { None };
        if !asked.dry_run
            && let Some(refusal) = self.audit_stops(under.is_some()).await?
        {
            return Err(of_refusal(refusal));
        }
        let mut thought = self.think(&asked, once.drill(&asked)?, now).await?;
        if let Some(refusal) = thought.ruled.refusal() {
            return Err(of_refusal(refusal));
        }
        if let Some(shown) = asked.plan_digest.as_deref().map(str::trim).filter(|d| !d.is_empty())
            && shown != thought.digest.0
        {
            return Err(of_refusal(Refusal::new(
                "stale_plan",
                "What was shown is no longer what would be done: something was observed anew, or the inventory changed.",
                "Read the plan as it is now and ask again.",
            )));
        }
        if under.is_some() && !asked.dry_run {
            self.may_start_for(actor, &thought.users).await?;
        }
        // The way back of a drill starts on the approvals of the way there.
        if under.is_none()
            && !matches!(once, Once::WayBack { .. })
            && let Some(refusal) = self.nobody_approves(&thought).await?
        {
            return Err(of_refusal(refusal));
        }
        let id = RunId::fresh();
        let mut gives_way = Vec::new();
        if let Some(held) = thought.judged.active.as_ref().filter(|_| !asked.dry_run) {
            if let Some(problem) = in_the_way(&asked, held) {
                return Err(problem);
            }
            gives_way.push(held.clone());
        }
        let holders = self.other_holders(&thought, asked.dry_run).await?;
        let (making_way, holding) = self.apart(actor, asked.mode, holders).await?;
        // What gives way to nobody is found by the insertion, which asks on whose behalf it is done.
        if let Some(holder) = holding.iter().find(|holder| makes_way(asked.mode, &holder.run)) {
            return Err(held_by(holder));
        }
        gives_way.extend(making_way);
        let mut superseded = Vec::new();
        for held in &gives_way {
            superseded.push(self.superseded(held.id, actor, id, now).await?);
        }
        thought.takes_the_place_of(&gives_way);
        let application = thought.judged.application.name.clone();
        let dry_run = asked.dry_run;
        let request = thought.frozen(asked, who(actor), once.asked_by().cloned(), None);
        let mut detail = serde_json::json!({
            "application": request.application,
            "movement": request.movement,
            "digest": request.digest,
            "dry_run": request.dry_run,
            "reason": request.reason,
        });
        if let Some(drill) = &request.plan.drill {
            detail["drill"] = serde_json::json!(drill);
        }
        if let Some(asked_by) = &request.asked_by {
            detail["asked_by"] = serde_json::json!(asked_by);
        }
        if let Some(under) = &under {
            detail["break_glass"] = serde_json::json!(under);
        }
        let carried = once.carried(&request);
        let mut events = match under {
            Some(under) => Run::request_under(request, under).map_err(of_refusal)?,
            None => Run::request(id, request, now),
        };
        // A policy that asks nobody: whoever asks starts it.
        if matches!(once, Once::Key { .. }) && events.contains(&Event::Started) && !dry_run {
            fresh(actor, now)?;
        }
        events.extend(carried);
        let first: Vec<Entry> =
            events.iter().zip(1..).map(|(event, seq)| Entry { seq, at: now, event: event.clone() }).collect();
        let run = super::replay(id, &first)?;
        let new = NewRun {
            id,
            request: &run.request,
            state: run.state,
            events: &events,
            summary: serde_json::to_value(run.summary()).unwrap_or_default(),
        };
        // From here on one connection is enough. The key is locked: sent twice at once it makes one run.
        let mut change = self.store.begin().await.map_err(of_store)?;
        if let Some(made) = once.made(&mut change).await? {
            return Ok(made);
        }
        for superseded in &superseded {
            superseded.write(&mut change, actor).await?;
        }
        change.insert_run(&new).await.map_err(of_start)?;
        once.keep(&mut change, id).await?;
        let entry =
            done(actor, "run.request", &format!("run:{id}")).of_application(&application).with(detail);
        change.commit(entry).await.map_err(of_store)?;
        Ok(id)
    }

    /// An emergency does not wait behind a request that is not approved yet.
    pub(crate) async fn superseded(
        &self,
        held: RunId,
        actor: &Actor,
        by_run: RunId,
        now: Timestamp,
    ) -> Answer<Superseded> {
        let cancel = Command::Cancel {
            by: Who { id: actor.person, email: actor.email.clone() },
            reason: format!("superseded by the emergency {by_run}"),
        };
        // The last approval may have come while the request was thought about.
        if self.store.run_head(held).await.map_err(of_store)?.lot_started {
            return Err(active_run(&held.to_string()));
        }
        let held = self.replayed(held).await?;
        if held.state != RunState::AwaitingApproval {
            return Err(active_run(&held.id.to_string()));
        }
        let events = held.handle(cancel, now).map_err(of_refusal)?;
        let after = super::after(&held, &events, now)?;
        Ok(Superseded { held, events, after, by_run })
    }

    async fn think(&self, asked: &RequestRun, drill: Option<Drill>, now: Timestamp) -> Answer<Thought> {
        let name = parse_name(&asked.application)?;
        let judged = self.judge(&name, now).await?;
        self.think_as(asked, judged, drill, now).await
    }

    /// The same of a real move of an application that has been judged already.
    pub(crate) async fn think_of(
        &self,
        asked: &RequestRun,
        judged: Judged,
        now: Timestamp,
    ) -> Answer<Thought> {
        self.think_as(asked, judged, None, now).await
    }

    async fn think_as(
        &self,
        asked: &RequestRun,
        mut judged: Judged,
        drill: Option<Drill>,
        now: Timestamp,
    ) -> Answer<Thought> {
        let name = judged.application.name.clone();
        let movement = movement(asked, drill, &judged)?;
        // What is asked for this once stands in the place of the application's own rule.
        if let Some(split) = load_split(asked, &movement, &judged)? {
            judged.application.load_split = split;
        }
        if let Some(refusal) = matches!(drill, Some(Drill::There { .. }))
            .then(|| no_way_back(&judged.application, &movement))
            .flatten()
        {
            return Err(of_refusal(refusal));
        }
        let picture = self.picture(&judged, &movement, now).await?;
        let standing = self.standing(&name).await?.of_drill(drill);
        let kind = RunKind::of_drill(&movement, drill);
        let Guarded { mut plan, ruled } =
            guarded(&picture, &movement, kind, &standing, &overrides(asked)?).map_err(of_refusal)?;
        plan.drill = drill;
        if matches!(drill, Some(Drill::There { .. })) && plan.steps.iter().any(|s| s.runs_plan_of().is_some())
        {
            return Err(of_refusal(Refusal::new(
                "not_plannable",
                "Its plan runs another application's, which would be moved for real and not brought back.",
                "Leave that step out of the plan for the drill, or drill that application by itself.",
            )));
        }
        let mut emergency = match drill {
            Some(_) => Some(no_emergency()),
            None => emergency_variant(&picture, &movement),
        };
        if let Some(Drill::There { lasts }) = drill {
            plan.notes.insert(0, format!(
                "A live drill: {} minutes after it is served from {}, the way back is asked for by itself. It puts back what stood before, and starts on this approval where it changes nothing else.",
                lasts.get() / 60, movement.to
            ));
        }
        let mut policy = self.policy(&judged, asked.dry_run).await?;
        let users = self.users_of(&judged.application, &plan, emergency.as_ref()).await?;
        self.involve_owners(&users, &mut plan, emergency.as_mut(), &mut policy, asked.dry_run).await?;
        if !asked.dry_run {
            let of: Vec<&Name> = users.iter().map(|user| &user.application).chain([&name]).collect();
            let holds = shared::held(&judged.application, &plan, emergency.as_ref());
            let left = self.store.rules_left(&of, &holds).await.map_err(of_store)?;
            let left = asked_too(left, &policy, self.store.now().await.map_err(of_store)?);
            policy.ask_as_before(&left);
            plan.notes.extend(left.iter().map(Left::note));
            if !left.is_empty() {
                plan.notes.extend(self.too_few(&judged.application, &policy).await?);
            }
        }
        may_ask_for(asked.commit_within_seconds, &plan)?;
        let digest = request_digest(&name, &movement, &plan, emergency.as_ref(), &policy, manner(asked))
            .map_err(|e| {
                Problem::new(
                    500,
                    "internal",
                    "The plan has no digest",
                    e.to_string(),
                    "Look at the server's log.",
                )
            })?;
        Ok(Thought { movement, plan, emergency, policy, digest, judged, ruled, users })
    }

    /// The application's policy, frozen. A dry run changes nothing and asks nobody.
    async fn policy(&self, judged: &Judged, dry_run: bool) -> Answer<FrozenPolicy> {
        let name = &judged.application.approval_policy;
        let policies: Vec<ApprovalPolicy> = self.store.approval_policies().await.map_err(of_store)?;
        let policy = policies
            .into_iter()
            .find(|p| &p.name == name)
            .ok_or_else(|| Problem::not_found("approval policy", name.as_str()))?;
        Ok(FrozenPolicy {
            name: policy.name,
            rules: if dry_run { Vec::new() } else { policy.rules },
            expires_after_seconds: policy.expires_after.get(),
            editors: Vec::new(),
        })
    }
}

/// A run of the same application that the request would have to wait for: an emergency takes the place of one that still
/// waits for approval.
pub(crate) fn in_the_way(asked: &RequestRun, held: &RunHead) -> Option<Problem> {
    let gives_way = asked.mode == Mode::Emergency && is_unapproved(held);
    (!asked.dry_run && !gives_way).then(|| active_run(&held.id.to_string()))
}

/// Whether a run of another application, which may change what a request of this mode would change, gives way to it. One
/// emergency does not push another's aside: which of them goes first is a person's to decide.
pub(crate) fn makes_way(mode: Mode, held: &RunHead) -> bool {
    mode == Mode::Emergency && held.movement.mode == Mode::Planned && is_unapproved(held)
}

/// A part whose lot was approved waits for its turn, not for approval.
fn is_unapproved(held: &RunHead) -> bool {
    held.state == RunState::AwaitingApproval && !held.lot_started
}

/// Why the run of another application stands in the way.
pub(crate) fn held_by(holder: &Holder) -> Problem {
    resource_held(&holder.resource, &holder.run.id.to_string(), holder.run.application.as_str())
}

pub(crate) fn takes_the_place_of(held: &RunHead) -> String {
    format!("Takes the place of run {} of {}, which waits for approval.", held.id, held.application)
}
