//! What is moved: runs and evacuations, and requests that are sent twice.

use super::Accountable;
use crate::evacuations as lots;
use crate::runs::words;
use async_trait::async_trait;
use holdfast_api::evacuations::{
    CommittedEvacuation, EvacuationFilter, EvacuationPreview, EvacuationSummary, EvacuationVerb,
    EvacuationView, Evacuations, RequestEvacuation, ReviewEvacuation,
};
use holdfast_api::repeats::{Earlier, KeptAnswer, Repeats};
use holdfast_api::runs::{
    AbortReview, EscalationReview, RequestRun, ReviewRun, RunEvent, RunFilter, RunPreview, RunSummary,
    RunVerb, RunView, Runs,
};
use holdfast_api::{Answer, Page};
use holdfast_domain::{Actor, EvacuationId, RunId};
use holdfast_failover::run::Entry;

#[async_trait]
impl Runs for Accountable {
    async fn preview_run(&self, actor: &Actor, request: &RequestRun) -> Answer<RunPreview> {
        self.read(actor, "run", self.0.preview_run(actor, request)).await
    }

    async fn request_run(
        &self,
        actor: &Actor,
        request: RequestRun,
        idempotency_key: &str,
    ) -> Answer<RunView> {
        let subject = format!("application:{}", request.application);
        let asked = self.0.request_run(actor, request, idempotency_key);
        self.change(actor, "run.request", &subject, asked).await
    }

    async fn runs(&self, actor: &Actor, filter: &RunFilter) -> Answer<Page<RunSummary>> {
        self.read(actor, "run", self.0.runs(actor, filter)).await
    }

    async fn run(&self, actor: &Actor, id: RunId) -> Answer<RunView> {
        self.read(actor, "run", self.0.run(actor, id)).await
    }

    async fn review_run(&self, actor: &Actor, id: RunId, review: ReviewRun) -> Answer<RunView> {
        let action = words::reviews(review.decision);
        self.change(actor, action, &format!("run:{id}"), self.0.review_run(actor, id, review)).await
    }

    async fn escalation(&self, actor: &Actor, id: RunId) -> Answer<EscalationReview> {
        self.read(actor, "run", self.0.escalation(actor, id)).await
    }

    async fn abort_review(&self, actor: &Actor, id: RunId) -> Answer<AbortReview> {
        self.read(actor, "run", self.0.abort_review(actor, id)).await
    }

    async fn drive_run(&self, actor: &Actor, id: RunId, verb: RunVerb) -> Answer<RunView> {
        let action = words::drives(&verb);
        self.change(actor, action, &format!("run:{id}"), self.0.drive_run(actor, id, verb)).await
    }

    async fn run_events(&self, actor: &Actor, id: RunId, after_seq: i64) -> Answer<Vec<RunEvent>> {
        self.read(actor, "run", self.0.run_events(actor, id, after_seq)).await
    }

    async fn run_journal(&self, actor: &Actor, id: RunId) -> Answer<Vec<Entry>> {
        self.read(actor, "run", self.0.run_journal(actor, id)).await
    }

    async fn approvals(&self, actor: &Actor) -> Answer<Vec<RunSummary>> {
        self.read(actor, "run", self.0.approvals(actor)).await
    }
}

#[async_trait]
impl Evacuations for Accountable {
    async fn preview_evacuation(
        &self,
        actor: &Actor,
        request: &RequestEvacuation,
    ) -> Answer<EvacuationPreview> {
        self.read(actor, "evacuation", self.0.preview_evacuation(actor, request)).await
    }

    async fn request_evacuation(
        &self,
        actor: &Actor,
        request: RequestEvacuation,
        idempotency_key: &str,
    ) -> Answer<EvacuationView> {
        let subject = format!("region:{}", request.region);
        let asked = self.0.request_evacuation(actor, request, idempotency_key);
        self.change(actor, "evacuation.request", &subject, asked).await
    }

    async fn evacuations(&self, actor: &Actor, filter: &EvacuationFilter) -> Answer<Page<EvacuationSummary>> {
        self.read(actor, "evacuation", self.0.evacuations(actor, filter)).await
    }

    async fn evacuation(&self, actor: &Actor, id: EvacuationId) -> Answer<EvacuationView> {
        self.read(actor, "evacuation", self.0.evacuation(actor, id)).await
    }

    async fn review_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        review: ReviewEvacuation,
    ) -> Answer<EvacuationView> {
        let (action, subject) = (lots::reviews(review.decision), format!("evacuation:{id}"));
        self.change(actor, action, &subject, self.0.review_evacuation(actor, id, review)).await
    }

    async fn drive_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        verb: EvacuationVerb,
    ) -> Answer<EvacuationView> {
        let (action, subject) = (lots::drives(&verb), format!("evacuation:{id}"));
        self.change(actor, action, &subject, self.0.drive_evacuation(actor, id, verb)).await
    }

    async fn commit_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        comment: Option<String>,
    ) -> Answer<CommittedEvacuation> {
        let subject = format!("evacuation:{id}");
        let asked = self.0.commit_evacuation(actor, id, comment);
        self.change(actor, "evacuation.commit", &subject, asked).await
    }

    async fn evacuations_to_review(&self, actor: &Actor) -> Answer<Vec<EvacuationSummary>> {
        self.read(actor, "evacuation", self.0.evacuations_to_review(actor)).await
    }
}

#[async_trait]
impl Repeats for Accountable {
    fn known_by(&self, key: &str, body: &[u8]) -> [u8; 32] {
        self.0.known_by(key, body)
    }

    /// A key that stands for another request is a change refused.
    async fn earlier_answer(&self, actor: &Actor) -> Answer<Earlier> {
        let route = actor.sent.as_ref().map(|sent| sent.route.as_str()).unwrap_or_default();
        let subject = format!("request:{route}");
        self.change(actor, "request.repeat", &subject, self.0.earlier_answer(actor)).await
    }

    /// Beside a change that was made.
    async fn keep_answer(&self, actor: &Actor, answer: &KeptAnswer) -> Answer<()> {
        self.0.keep_answer(actor, answer).await
    }
}
