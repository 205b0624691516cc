//! The parts that pages are made of. Each is a function from plain values to a view.

pub mod applications;
pub mod approval;
pub mod audit_log;
pub mod bars;
pub mod clocks;
pub mod facts;
pub mod graph;
pub mod icon;
pub mod labels;
pub mod land;
pub mod lots;
pub mod map;
pub mod menu;
pub mod on_call;
pub mod own_steps;
pub mod parts;
pub mod plan;
pub mod projection;
pub mod runs;
pub mod shares;
pub mod shell;
pub mod spark;
pub mod steps;
pub mod time;
pub mod told;
pub mod tone;
