//! Postgres: one file per aggregate, private rows, domain types in and out. It keeps what others decide,
//! and guards what must hold whoever decides: one live run per application, an insert-only journal and
//! audit, leases and fences by the database's clock. It makes no decision and speaks to no AWS.
//!
//! Reads are methods of [`Store`]. Writes that somebody answers for are methods of [`Change`], which can
//! be committed only with an [`AuditEntry`]. What the collector and the workers keep for themselves
//! (observations, leases, sessions) is written by methods of [`Store`] and is not audited.

mod accounts;
mod asked_runs;
pub mod audit;
mod break_glasses;
mod bundles;
mod change;
mod channels;
mod claims;
mod clocks;
mod connections;
mod crashes;
mod drills;
mod error;
mod evacuations;
mod factors;
mod freezes;
mod gaps;
mod held;
mod idempotency;
mod identities;
mod inventory;
mod journal;
pub mod log;
mod logins;
mod maintenance;
mod migrate;
mod notices;
mod observations;
mod offline_runs;
mod on_call;
mod own_plans;
mod passkeys;
mod people;
mod plan_edits;
mod plans;
mod provider_sign_outs;
mod reach;
mod refusals;
mod role;
mod rules_left;
mod runs;
pub mod sealing;
mod sessions;
mod settings;
mod standing;
mod store;
mod surveys;
mod sweeps;
mod tokens;
mod wakeups;
mod webhooks;
mod wire;
mod workers;

pub use accounts::{AccountProbe, AccountRole, AccountTrust};
pub use audit::{
    AuditActor, AuditEntry, AuditFilter, AuditOutcome, AuditRecord, CallFilter, Click, calls_of,
};
pub use break_glasses::{NewBreakGlass, RunUnder, SealedCode};
pub use bundles::{BundleMade, BundlePlace, OfflineCode, OfflineKey, StoredBundle};
pub use change::Change;
pub use channels::{CHANNELS_AT_MOST, Channel, ChannelStand, LastDelivery};
pub use claims::{Claim, Watch};
pub use clocks::ClockAlarm;
pub use crashes::{CRASHES_AT_MOST, Crash, SetAside};
pub use error::Error;
pub use evacuations::EvacuationFilter;
pub use factors::TotpFactor;
pub use freezes::{ChangeFreeze, NewFreeze};
pub use gaps::{Noticed, There};
pub use held::Holder;
pub use idempotency::{Idempotent, Kept, Mark};
pub use inventory::{Applications, Stored, UnreadableApplication, UnreadablePart};
pub use journal::{Advance, Fence};
pub use log::{Exported, LogEntry, LogState, Place, StoredCheckpoint, StoredKey};
pub use logins::{LoginGate, LoginLimits};
pub use maintenance::Pruned;
pub use migrate::{AppRole, MIGRATIONS_HASH, migrate};
pub use notices::{Attempt, CameOf, DeliveryStand, DeliveryState, NewDelivery, Notice, Of as NoticeOf};
pub use observations::{LagPoint, Look};
pub use offline_runs::OfflineRun;
pub use on_call::{Calendar, DueCalendar, NewOnCall, OnCallOverride, OnCallSchedule, OnCallSource};
pub use passkeys::{Asked, CHALLENGE_SECONDS, Challenge, ChallengePurpose, KeyState, NewPasskey, Passkey};
pub use people::{Credentials, NewPerson, Person};
pub use plans::{Changed, NewPlanVersion, PlanCare, PlanCause, PlanHead, PlanVersion};
pub use provider_sign_outs::OfProvider;
pub use reach::reaches_no_other;
pub use refusals::RefusalLimits;
pub use role::{LocalLogin, LocalRole, RoleReport, ensure_login, examine_role, local_role};
pub use runs::{NewRun, RunFilter, RunHead};
pub use sessions::{BegunBy, OwnedSession, Session, SessionOwner, session_id};
pub use settings::Automation;
pub use store::{Pools, Store};
pub use surveys::{OrganizationAccount, RolePermissions};
pub use sweeps::Sweep;
pub use tokens::{ApiToken, NewToken};
pub use wakeups::{Wakeup, Wakeups};
pub use wire::hash_secret;
pub use workers::LEASE_SECONDS;

pub type Result<T, E = Error> = std::result::Result<T, E>;
