//! Evacuations of the fake control plane: one, that waits for approval.

use super::{Fake, RUN};
use async_trait::async_trait;
use holdfast_api::{Answer, Page, Problem, evacuations::*};
use holdfast_domain::{Actor, EvacuationId};
use holdfast_failover::Mode;
use serde_json::json;

fn summary() -> EvacuationSummary {
    serde_json::from_value(json!({
        "id": RUN, "region": "us-east-1", "mode": "planned", "state": "awaiting_approval", "dry_run": false,
        "requested_by": "operator@example.com", "reason": "rehearsal", "requested_at": "2026-11-21T10:00:00Z",
        "started_at": null, "ended_at": null, "expires_at": "2026-11-21T12:00:00Z", "applications": 0, "moved": 0,
        "left_out_total": 0, "waves_total": 0, "now": "waits for approval"
    }))
    .unwrap()
}

fn view() -> EvacuationView {
    EvacuationView {
        summary: summary(),
        plan_digest: "d".repeat(64),
        incident: None,
        concurrency: 8,
        stop_on_failure: true,
        waves: vec![],
        left_out: vec![],
        circles: vec![],
        policies: vec![],
        reviews: vec![],
        stopped_after: None,
        exceptions: vec![],
        ending: None,
        verbs: vec![],
        events: vec![],
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

#[async_trait]
impl Evacuations for Fake {
    async fn preview_evacuation(&self, _: &Actor, request: &RequestEvacuation) -> Answer<EvacuationPreview> {
        if request.mode == Mode::Emergency {
            return Err(Problem::new(409, "guard_refused", "Refused", "Not now.", "Wait."));
        }
        Ok(EvacuationPreview {
            request: request.clone(),
            concurrency: 8,
            stop_on_failure: true,
            plan_digest: "d".repeat(64),
            waves: vec![],
            left_out: vec![],
            stays: vec![],
            circles: vec![],
            overridable: vec![],
            policies: vec![],
            refused: None,
        })
    }
    async fn request_evacuation(
        &self,
        _: &Actor,
        request: RequestEvacuation,
        key: &str,
    ) -> Answer<EvacuationView> {
        self.note(format!("evacuate {} {key}", request.region));
        Ok(view())
    }
    async fn evacuations(&self, _: &Actor, _: &EvacuationFilter) -> Answer<Page<EvacuationSummary>> {
        Ok(Page { items: vec![summary()], next: None })
    }
    async fn evacuation(&self, _: &Actor, _: EvacuationId) -> Answer<EvacuationView> {
        Ok(view())
    }
    async fn review_evacuation(
        &self,
        actor: &Actor,
        _: EvacuationId,
        review: ReviewEvacuation,
    ) -> Answer<EvacuationView> {
        self.change(actor, format!("review lot {:?}", review.decision))?;
        Ok(view())
    }
    async fn drive_evacuation(
        &self,
        actor: &Actor,
        _: EvacuationId,
        verb: EvacuationVerb,
    ) -> Answer<EvacuationView> {
        self.change(actor, format!("{verb:?}"))?;
        Ok(view())
    }
    async fn commit_evacuation(
        &self,
        actor: &Actor,
        _: EvacuationId,
        comment: Option<String>,
    ) -> Answer<CommittedEvacuation> {
        self.change(actor, format!("commit lot {comment:?}"))?;
        let part = PartCommit {
            application: "shop".into(),
            run: RUN.into(),
            outcome: CommitOutcome::Committed,
            by: Some(actor.email.clone()),
            refused: None,
        };
        Ok(CommittedEvacuation { parts: vec![part], evacuation: view() })
    }
    async fn evacuations_to_review(&self, _: &Actor) -> Answer<Vec<EvacuationSummary>> {
        Ok(vec![])
    }
}
