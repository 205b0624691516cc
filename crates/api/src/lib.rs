//! The door: what pages, REST and the command line may ask for, and the shapes in which it is answered.
//! One trait per area; together they are the [`ControlPlane`]. No rule stands here.
#![allow(clippy::result_large_err, reason = "a problem is the answer itself, made once in a refused request")]

pub mod accounts;
pub mod applications;
pub mod audit;
pub mod audit_log;
pub mod break_glass;
pub mod bundles;
pub mod compliance;
pub mod evacuations;
pub mod federation;
pub mod inventory;
pub mod notices;
pub mod now;
pub mod on_call;
pub mod passkeys;
pub mod passwords;
pub mod people;
pub mod plans;
pub mod problem;
pub mod proofs;
pub mod regions;
pub mod repeats;
pub mod runs;
pub mod safeguards;
pub mod sessions;
pub mod shapes;
pub mod system;
pub mod version;

pub use problem::{Answer, FieldProblem, Problem};
pub use version::IfMatch;

use std::sync::Arc;

/// Everything that can be asked of Holdfast.
pub trait ControlPlane:
    accounts::Accounts
    + applications::Applications
    + audit::Audits
    + audit_log::AuditLogs
    + break_glass::BreakGlasses
    + bundles::Bundles
    + compliance::Compliances
    + evacuations::Evacuations
    + federation::Federation
    + inventory::Inventories
    + notices::Notices
    + now::Nows
    + on_call::OnCalls
    + passkeys::Passkeys
    + passwords::Passwords
    + people::Groups
    + people::People
    + people::Policies
    + people::Tokens
    + plans::Plans
    + proofs::Proofs
    + regions::Regions
    + repeats::Repeats
    + runs::Runs
    + safeguards::Safeguards
    + sessions::Sessions
    + Send
    + Sync
    + std::fmt::Debug
{
}

pub type SharedControlPlane = Arc<dyn ControlPlane>;

/// A page of a list: `next` goes back as `cursor`, and is absent on the last page.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
