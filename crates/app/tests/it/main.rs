//! The use cases over a real database, without wire, page, engine or cloud: what was seen and what earlier runs
//! did is written into the database directly.
#![allow(clippy::unwrap_used, clippy::panic)] // A test that cannot go on has failed.

mod applications;
mod approvals;
mod break_glass;
mod bundles;
mod codes;
mod drills;
mod evacuations;
mod failback;
mod federation;
mod first_passwords;
mod gaps;
mod guards;
mod hand_in;
mod house;
mod inventory;
mod lot_commits;
mod measured;
mod outside_hosts;
mod passkeys;
mod passwords;
mod people;
mod plan_files;
mod plans;
mod regions;
mod requests;
mod scopes;
mod second_factors;
mod separation;
mod shared;
mod shares;
mod sign_in;
mod software_key;
mod step_up;
mod unreadable;
