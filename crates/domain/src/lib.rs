//! The nouns of disaster recovery as Holdfast knows them: Regions, accounts, applications, resources,
//! observations, people. Shapes and the rules that make a single value nonsense; no decisions, no I/O.

pub mod account;
pub mod application;
pub mod channel;
pub mod facts;
pub mod hosts;
pub mod ids;
pub mod inventory;
pub mod load_split;
pub mod movement;
pub mod need;
pub mod observation;
pub mod own_step;
pub mod person;
pub mod plan_edit;
pub mod policy;
pub mod reach;
pub mod region;
pub mod resource;
pub mod seconds;
pub mod strategy;

pub use account::Account;
pub use application::{Application, Objectives, Waiver};
pub use channel::{ChannelKind, Receiver};
pub use facts::Facts;
pub use hosts::Hosts;
pub use ids::{AccountId, BreakGlassId, EvacuationId, Invalid, Name, PersonId, RegionCode, RunId, StepId};
pub use inventory::Inventory;
pub use load_split::LoadSplit;
pub use movement::{Intent, Mode};
pub use need::{Missing, Need};
pub use observation::{NotSeen, ObservationMap, Observed, Sight};
pub use own_step::{OwnCall, OwnPlan, OwnStep};
pub use person::{Actor, Due, RequestKey, Role, Scope};
pub use plan_edit::PlanEdits;
pub use policy::{ApprovalPolicy, ApprovalRule, Group};
pub use reach::{HeldRole, Labels, Reach};
pub use region::{Declaration, DeclaredRegion, REGIONS, RegionInfo, region_within};
pub use resource::{Resource, ResourceKind, ResourceSpec};
pub use seconds::Seconds;
pub use strategy::{Band, Strategy};
