//! What makes two sendings one request, and keeps that they are.

use super::sent::rehearsed;
use crate::problems::of_store;
use crate::repeats::key_reused;
use holdfast_api::runs::RequestRun;
use holdfast_api::{Answer, Problem};
use holdfast_domain::RunId;
use holdfast_failover::run::drill::carried;
use holdfast_failover::run::{Event, Request, Run};
use holdfast_failover::step::run_plan::AskedBy;
use holdfast_failover::{Drill, Review};
use holdfast_store::{Change, Fence, Idempotent};

/// By what a request is known again.
#[derive(Clone, Copy)]
pub(super) enum Once<'a> {
    /// A person's, by the key that they sent.
    Key { principal: &'a str, key: &'a str, body_hash: &'a [u8; 32] },
    /// That of a step of another application's run, under the fence of the worker that drives that run.
    Step { asked_by: &'a AskedBy, fence: &'a Fence },
    /// That of the way back of a live drill: one for one way there. `standing`: the approvals of that which still count.
    WayBack { there: &'a Run, standing: &'a [Review] },
}

impl Once<'_> {
    /// The run that was made already; `None`: a key is now begun in this change.
    pub(super) async fn made(&self, change: &mut Change) -> Answer<Option<RunId>> {
        let (principal, key, body_hash) = match self {
            Self::Key { principal, key, body_hash } => (principal, key, body_hash),
            Self::Step { asked_by, .. } => return change.run_asked_by(asked_by).await.map_err(of_store),
            Self::WayBack { there, .. } => return change.way_back(there.id).await.map_err(of_store),
        };
        let begun = change.begin_idempotent(principal, key, "POST /runs", body_hash).await;
        match begun.map_err(of_store)? {
            Idempotent::Fresh => Ok(None),
            Idempotent::Replay { response, .. } => {
                let id = response.as_str().unwrap_or_default();
                id.parse().map(Some).map_err(|_| Problem::not_found("run", id))
            }
            Idempotent::Reused => Err(key_reused()),
        }
    }

    /// Keeps that this run is the one.
    pub(super) async fn keep(&self, change: &mut Change, run: RunId) -> Answer<()> {
        match self {
            Self::Key { principal, key, .. } => {
                let answer = serde_json::Value::String(run.to_string());
                change.finish_idempotent(principal, key, 201, &answer).await
            }
            Self::Step { asked_by, fence } => change.insert_asked_run(run, asked_by, fence).await,
            // The run itself says of which drill it is, and there is one of each.
            Self::WayBack { .. } => Ok(()),
        }
        .map_err(of_store)
    }

    pub(super) fn asked_by(&self) -> Option<&AskedBy> {
        match self {
            Self::Key { .. } | Self::WayBack { .. } => None,
            Self::Step { asked_by, .. } => Some(asked_by),
        }
    }

    /// What is rehearsed.
    pub(super) fn drill(&self, asked: &RequestRun) -> Answer<Option<Drill>> {
        match self {
            Self::WayBack { there, .. } => Ok(Some(Drill::Back { of: there.id })),
            Self::Key { .. } | Self::Step { .. } => rehearsed(asked),
        }
    }

    /// What the approval of another run brings with it.
    pub(super) fn carried(&self, request: &Request) -> Vec<Event> {
        match self {
            Self::WayBack { there, standing } => carried(there, request, standing),
            Self::Key { .. } | Self::Step { .. } => Vec::new(),
        }
    }
}
