//! The digest of exactly what will be done: SHA-256 over RFC 8785 canonical JSON.

use crate::approval::FrozenPolicy;
use crate::movement::Movement;
use crate::plan::{Fact, Plan};
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
    policy: &'a FrozenPolicy,
    overrides: &'a [String],
    dry_run: bool,
}

/// The digest that an approval of this request binds to.
///
/// # Errors
/// When a number in the plan has no canonical JSON form (infinite, or not a number).
pub fn request_digest(
    application: &Name,
    movement: &Movement,
    plan: &Plan,
    policy: &FrozenPolicy,
    overrides: &[String],
    dry_run: bool,
) -> Result<Digest, serde_json::Error> {
    let steps = plan.steps.iter().map(|s| Step { value_now: String::new(), ..s.clone() }).collect();
    Digest::of(&Covered {
        application,
        movement,
        steps,
        roles: &plan.roles,
        facts: &plan.facts,
        policy,
        overrides,
        dry_run,
    })
}
