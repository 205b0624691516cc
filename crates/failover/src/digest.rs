//! The digest of exactly what will be done: SHA-256 over RFC 8785 canonical JSON.

use crate::approval::FrozenPolicy;
use crate::movement::{Drill, Movement};
use crate::plan::{EmergencyVariant, Fact, Plan};
use crate::step::Step;
use holdfast_domain::Name;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// 64 lower case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// # Errors
    /// When the value has no canonical JSON form (a non-finite number).
    pub fn of<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        let canonical = serde_json_canonicalizer::to_vec(value)?;
        Ok(Self(hex::encode(Sha256::digest(&canonical))))
    }

    /// Enough to tell two apart on a page.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an approval covers. Not in it: measurements, notes, how things stood before, and each step's
/// `value_now`, because they move by themselves and a digest that moves with them would void every approval.
#[derive(Serialize)]
struct Covered<'a> {
    application: &'a Name,
    movement: &'a Movement,
    steps: Vec<Step>,
    roles: &'a BTreeMap<Name, String>,
    facts: &'a [Fact],
    /// Absent of requests that hold none; `null` where none could be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    emergency: Option<Option<CoveredVariant<'a>>>,
    policy: &'a FrozenPolicy,
    overrides: &'a [String],
    dry_run: bool,
    /// Absent of real moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    drill: Option<Drill>,
    /// Absent of requests that ask for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_within_seconds: Option<u32>,
}

/// How a plan is carried out, as the request says it.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    pub overrides: &'a [String],
    pub dry_run: bool,
    pub commit_within_seconds: Option<u32>,
}

#[derive(Serialize)]
struct CoveredVariant<'a> {
    steps: Vec<Step>,
    roles: &'a BTreeMap<Name, String>,
}

/// The digest that an approval of this request binds to.
///
/// # Errors
/// When a number in the plan has no canonical JSON form (infinite, or not a number).
pub fn request_digest(
    application: &Name,
    movement: &Movement,
    plan: &Plan,
    emergency: Option<&EmergencyVariant>,
    policy: &FrozenPolicy,
    manner: Manner<'_>,
) -> Result<Digest, serde_json::Error> {
    let emergency = emergency.map(|variant| match variant {
        EmergencyVariant::Ready { steps, roles, .. } => Some(CoveredVariant { steps: covered(steps), roles }),
        EmergencyVariant::None { .. } => None,
    });
    Digest::of(&Covered {
        application,
        movement,
        steps: covered(&plan.steps),
        roles: &plan.roles,
        facts: &plan.facts,
        emergency,
        policy,
        overrides: manner.overrides,
        dry_run: manner.dry_run,
        drill: plan.drill,
        commit_within_seconds: manner.commit_within_seconds,
    })
}

fn covered(steps: &[Step]) -> Vec<Step> {
    steps.iter().map(|step| Step { value_now: String::new(), ..step.clone() }).collect()
}
