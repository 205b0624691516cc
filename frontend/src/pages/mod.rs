//! One file per page: from the door's view to a screen. Pages decide nothing; what may be done comes with the view.

pub mod abort;
pub mod accounts;
pub mod api;
pub mod application;
pub mod applications;
pub mod approvals;
pub mod audit;
pub mod break_glass;
pub mod bundle;
pub mod calls;
pub mod channels;
pub mod compliance;
pub mod escalate;
pub mod evacuate;
pub mod evacuation;
pub mod me;
pub mod now;
pub mod on_call;
pub mod passkeys;
pub mod password;
pub mod people;
pub mod plan;
pub mod plans;
pub mod policies;
pub mod problem;
pub mod prove;
pub mod regions;
pub mod review;
pub mod run;
mod run_ended;
mod run_verbs;
pub mod runs;
pub mod safeguards;
pub mod sign_in;
pub mod system;
pub mod tokens;
pub mod webhook;

/// The stream of pages that are not about one run: it only says "look again".
pub const LOOK_AGAIN: &str = "/live";
