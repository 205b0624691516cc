//! From "evacuate us-east-1" to a frozen lot: its own journal and every run of it, written together or not at all.

use super::lot::{Lot, left_out};
use super::view::tallies;
use crate::App;
use crate::audit::done;
use crate::authority::Action;
use crate::problems::{of_refusal, of_store};
use crate::repeats::key_reused;
use crate::runs::request::Superseded;
use crate::runs::sent::{codes, good_key, guards, overrides_needed, why};
use crate::runs::{replay, who};
use holdfast_api::evacuations::{EvacuationPreview, PlannedPart, RequestEvacuation};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, EvacuationId, Name, PersonId};
use holdfast_failover::approval::tally;
use holdfast_failover::evacuation;
use holdfast_failover::run::{Entry, Event, Run, Who};
use holdfast_failover::{Refusal, RunState};
use holdfast_store::{Change, Idempotent, NewRun};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

const ROUTE: &str = "POST /evacuations";

/// What makes two sendings one request.
struct Key<'a> {
    principal: String,
    key: &'a str,
    body_hash: [u8; 32],
}

impl Key<'_> {
    /// The evacuation that this key made already; `None`: the key is now begun in this change.
    async fn made(&self, change: &mut Change) -> Answer<Option<EvacuationId>> {
        let begun = change.begin_idempotent(&self.principal, self.key, ROUTE, &self.body_hash).await;
        match begun.map_err(of_store)? {
            Idempotent::Fresh => Ok(None),
            Idempotent::Replay { response, .. } => {
                let id = response.as_str().unwrap_or_default();
                id.parse().map(Some).map_err(|_| Problem::not_found("evacuation", id))
            }
            Idempotent::Reused => Err(key_reused()),
        }
    }
}

fn nothing_to_move(lot: &Lot) -> Option<Refusal> {
    let held = match lot.left_out.len() {
        0 if lot.direction.is_out() => "no application has a foot there".to_owned(),
        0 => "no application that is at home there serves from elsewhere".to_owned(),
        held => format!("{held} cannot be moved now"),
    };
    let way = if lot.direction.is_out() { "out of" } else { "home to" };
    lot.parts.is_empty().then(|| {
        Refusal::new(
            "nothing_to_move",
            format!("There is nothing to move {way} {}: {held}.", lot.region),
            "Read what is left out and why; what is said there lifts it.",
        )
    })
}

impl App {
    pub(super) async fn evacuation_preview(
        &self,
        actor: &Actor,
        request: &RequestEvacuation,
    ) -> Answer<EvacuationPreview> {
        let now = self.store.now().await.map_err(of_store)?;
        let asked = RequestEvacuation { overrides: codes(&guards(&request.overrides)?), ..request.clone() };
        let lot = self.lot(actor, &asked, now).await?;
        let nobody = Who { id: PersonId(uuid::Uuid::nil()), email: String::new() };
        let frozen = lot.request(&asked, nobody).map_err(of_refusal)?;
        let not_kept = match asked.dry_run {
            true => None,
            false => self.audit_stops(self.holds_open(actor.person).await?).await?,
        };
        let part = |name: &Name| {
            let planned = lot.parts.get(name)?;
            let steps = &planned.thought.plan.steps;
            Some(PlannedPart {
                application: planned.application.name.to_string(),
                tier: planned.application.tier,
                strategy: planned.application.strategy.as_str().to_owned(),
                intent: planned.thought.movement.intent,
                to_region: planned.thought.movement.to.to_string(),
                steps: steps.len(),
                changes: steps.iter().filter(|step| step.change().is_some()).count(),
                irreversible: steps.iter().filter(|step| step.irreversible).count(),
                overrides: planned.asked.overrides.clone(),
                takes_the_place_of: planned.gives_way.iter().map(|run| run.id.to_string()).collect(),
                approval_policy: planned.thought.policy.name.to_string(),
                commit_within_seconds: planned.asked.commit_within_seconds,
            })
        };
        let parts = lot.parts.values();
        Ok(EvacuationPreview {
            concurrency: lot.concurrency,
            stop_on_failure: lot.stop_on_failure,
            plan_digest: frozen.digest.to_string(),
            waves: lot.waves.iter().map(|wave| wave.iter().filter_map(part).collect()).collect(),
            left_out: lot.left_out.iter().map(left_out).collect(),
            stays: lot.stays.clone(),
            circles: lot
                .circles
                .iter()
                .map(|circle| circle.iter().map(ToString::to_string).collect())
                .collect(),
            overridable: overrides_needed(&lot.overridable),
            policies: tallies(parts.map(|planned| {
                let policy = &planned.thought.policy;
                (planned.application.name.to_string(), policy.clone(), tally(policy, &[]))
            })),
            refused: nothing_to_move(&lot).or(not_kept),
            request: asked,
        })
    }

    pub(super) async fn ask_to_evacuate(
        &self,
        actor: &Actor,
        asked: RequestEvacuation,
        idempotency_key: &str,
    ) -> Answer<EvacuationId> {
        let (reason, incident) = why(&asked.reason, asked.incident.as_deref(), asked.dry_run)?;
        good_key(idempotency_key)?;
        let body = serde_json::to_vec(&asked)
            .map_err(|e| Problem::bad_field("body", e.to_string(), "Send JSON."))?;
        let asked =
            RequestEvacuation { reason, incident, overrides: codes(&guards(&asked.overrides)?), ..asked };
        let key = Key {
            principal: format!("person:{}", actor.person),
            key: idempotency_key,
            body_hash: Sha256::digest(&body).into(),
        };
        // A repeat gets the first one's, even where it would be refused today.
        if let Some(made) = self.evacuation_made(&key).await? {
            return Ok(made);
        }
        match self.make_evacuation(actor, asked, &key).await {
            Ok(id) => Ok(id),
            // What stands in the way may be what this very key made while this one was thought about.
            Err(problem) => self.evacuation_made(&key).await?.ok_or(problem),
        }
    }

    async fn evacuation_made(&self, key: &Key<'_>) -> Answer<Option<EvacuationId>> {
        let mut look = self.store.begin().await.map_err(of_store)?;
        key.made(&mut look).await
    }

    async fn make_evacuation(
        &self,
        actor: &Actor,
        asked: RequestEvacuation,
        key: &Key<'_>,
    ) -> Answer<EvacuationId> {
        let now = self.store.now().await.map_err(of_store)?;
        let not_kept = if asked.dry_run { None } else { self.audit_not_kept().await? };
        if let Some(refusal) = &not_kept
            && !self.holds_open(actor.person).await?
        {
            return Err(of_refusal(refusal.clone()));
        }
        let lot = self.lot(actor, &asked, now).await?;
        if let Some(refusal) = nothing_to_move(&lot) {
            return Err(of_refusal(refusal));
        }
        let request = lot.request(&asked, who(actor)).map_err(of_refusal)?;
        if let Some(shown) = asked.plan_digest.as_deref().map(str::trim).filter(|d| !d.is_empty())
            && shown != request.digest.0
        {
            return Err(of_refusal(Refusal::new(
                "stale_plan",
                "What was shown is no longer what would be done: something was observed anew, or the inventory changed.",
                "Read the evacuation as it is now and ask again.",
            )));
        }
        let id = EvacuationId::fresh();
        let superseded = self.gives_way(&lot, actor, now).await?;
        let runs = begun(lot, id, &who(actor), now)?;
        let requests: Vec<_> = runs.iter().map(|(run, _)| run.request.as_ref()).collect();
        let detail = json!({
            "region": request.region,
            "direction": request.direction,
            "mode": request.mode,
            "digest": request.digest,
            "dry_run": request.dry_run,
            "reason": request.reason,
            "runs": request.parts().map(|part| (&part.application, part.run)).collect::<Vec<_>>(),
            "left_out": request.left_out,
        });
        let mut events = request.clone().begin(&requests);
        // It waits for its holder to start it under break-glass, which marks every part.
        if not_kept.is_some() {
            events.retain(|event| !matches!(event, evacuation::Event::Started));
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        if let Some(made) = key.made(&mut change).await? {
            return Ok(made);
        }
        for superseded in &superseded {
            superseded.write(&mut change, actor).await?;
        }
        change.insert_evacuation(id, &request, &events).await.map_err(of_store)?;
        for (run, events) in &runs {
            let summary = serde_json::to_value(run.summary()).unwrap_or_default();
            let new = NewRun { id: run.id, request: &run.request, state: run.state, events, summary };
            change.insert_run(&new).await.map_err(of_store)?;
            let entry = done(actor, "run.request", &format!("run:{}", run.id));
            let entry = entry.of_application(&run.request.application);
            let detail =
                json!({ "evacuation": id, "digest": run.request.digest, "movement": run.request.movement });
            change.also_audit(&entry.marked(None).with(detail)).await.map_err(of_store)?;
        }
        let answer = serde_json::Value::String(id.to_string());
        change.finish_idempotent(&key.principal, key.key, 201, &answer).await.map_err(of_store)?;
        let entry = done(actor, "evacuation.request", &format!("evacuation:{id}")).with(detail);
        change.commit(entry).await.map_err(of_store)?;
        Ok(id)
    }

    /// Without approvals nobody has agreed for those who share a store with one of its parts either.
    pub(super) async fn may_start_lot_unapproved(&self, actor: &Actor, id: EvacuationId) -> Answer<()> {
        for head in self.loaded_evacuation(id).await?.heads.values() {
            if head.state == RunState::AwaitingApproval {
                self.may_start_unapproved(actor, head.id).await?;
            }
        }
        Ok(())
    }

    /// The requests that wait for approval and that an emergency takes the place of.
    async fn gives_way(&self, lot: &Lot, actor: &Actor, now: Timestamp) -> Answer<Vec<Superseded>> {
        let mut superseded = Vec::new();
        for planned in lot.parts.values() {
            for held in &planned.gives_way {
                self.may_over_run(actor, Action::DriveRun, held.id).await?;
                superseded.push(self.superseded(held.id, actor, planned.run, now).await?);
            }
        }
        Ok(superseded)
    }
}

/// Every run of the lot with its first events.
fn begun(lot: Lot, id: EvacuationId, by: &Who, now: Timestamp) -> Answer<Vec<(Run, Vec<Event>)>> {
    lot.parts
        .into_values()
        .map(|planned| {
            let request = planned.thought.frozen(planned.asked, by.clone(), None, Some(id));
            let events = Run::request(planned.run, request, now);
            let first: Vec<Entry> = events
                .iter()
                .zip(1..)
                .map(|(event, seq)| Entry { seq, at: now, event: event.clone() })
                .collect();
            Ok((replay(planned.run, &first)?, events))
        })
        .collect()
}
