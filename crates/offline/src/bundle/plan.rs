//! A plan as a bundle offers it: frozen to the byte, named in the signed head by its digest, and made a request of by
//! whoever carries it out.

use super::Open;
use crate::Fault;
use holdfast_domain::{Application, Name};
use holdfast_failover::approval::FrozenPolicy;
use holdfast_failover::digest::{Digest, Manner, request_digest};
use holdfast_failover::movement::Movement;
use holdfast_failover::plan::Plan;
use holdfast_failover::refusal::Refusal;
use holdfast_failover::run::{Request, Who};
use serde::{Deserialize, Serialize};

/// A guard that stood against it when the bundle was made, and that is overridden by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridable {
    pub guard: String,
    pub sentence: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferedPlan {
    /// Of the plan that is kept.
    pub version: i32,
    /// Of that version's sheet.
    pub sheet: Digest,
    pub movement: Movement,
    pub plan: Plan,
    pub policy: FrozenPolicy,
    pub holds: Vec<String>,
    /// Of the request, with nothing overridden.
    pub digest: Digest,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_override: Vec<Overridable>,
    /// What refused it whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
}

/// Who has it carried out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub by: Who,
    pub reason: String,
    pub incident: Option<String>,
    pub overrides: Vec<String>,
}

impl OfferedPlan {
    /// The guards to override, and what refuses it, by name.
    pub(super) fn against(&self) -> (Vec<&str>, Option<&str>) {
        let guards = self.to_override.iter().map(|one| one.guard.as_str()).collect();
        (guards, self.refused.as_ref().map(|refusal| refusal.code.as_str()))
    }

    /// Of the request that overrides these guards.
    pub(super) fn digest_with(&self, application: &Name, overrides: &[String]) -> Result<Digest, Fault> {
        let manner = Manner { overrides, dry_run: false, commit_within_seconds: None };
        request_digest(application, &self.movement, &self.plan, None, &self.policy, manner).map_err(|error| {
            Fault::new("not_an_approved_plan", format!("The plan has no digest: {error}."), TAKE_ANOTHER)
        })
    }

    /// What somebody carries out, once it is found to be one that the signed head names.
    ///
    /// # Errors
    /// `not_an_approved_plan`, `guard_refused` or `override_needed`.
    pub fn request(&self, of: &Application, open: &Open, asked: Asked) -> Result<Request, Fault> {
        let found = self.digest_with(&of.name, &[])?;
        let listed = open.head.plans.iter().any(|listed| {
            listed.application == of.name && listed.movement == self.movement && listed.digest == found
        });
        if !listed {
            return Err(Fault::new(
                "not_an_approved_plan",
                format!(
                    "The plan of {} has digest {found}, which is none of those that the bundle's signature covers.",
                    of.name
                ),
                TAKE_ANOTHER,
            ));
        }
        if let Some(refusal) = &self.refused {
            return Err(Fault::new(
                "guard_refused",
                refusal.sentence.clone(),
                "It was refused when the bundle was made and is refused here: act by hand in AWS.",
            ));
        }
        let missing: Vec<&Overridable> =
            self.to_override.iter().filter(|one| !asked.overrides.contains(&one.guard)).collect();
        if !missing.is_empty() {
            let words: Vec<String> =
                missing.iter().map(|one| format!("`{}`: {}", one.guard, one.sentence)).collect();
            return Err(Fault::new(
                "override_needed",
                words.join(" "),
                "Name each with `--override GUARD` to go on all the same; the journal keeps it.",
            ));
        }
        let digest = self.digest_with(&of.name, &asked.overrides)?;
        Ok(Request {
            application: of.name.clone(),
            movement: self.movement.clone(),
            plan: self.plan.clone(),
            emergency: None,
            policy: self.policy.clone(),
            objectives: of.objectives,
            overrides: asked.overrides,
            holds: self.holds.clone(),
            dry_run: false,
            commit_within_seconds: None,
            digest,
            by: asked.by,
            reason: asked.reason,
            incident: asked.incident,
            impact_began_at: None,
            detected_at: None,
            asked_by: None,
            evacuation: None,
        })
    }
}

const TAKE_ANOTHER: &str = "Nothing of it is carried out. Take another copy of the bundle.";
