//! How a request is to be carried out, and the commit window that it may ask for.

use crate::problems::of_refusal;
use holdfast_api::runs::RequestRun;
use holdfast_api::{Answer, Problem};
use holdfast_failover::Plan;
use holdfast_failover::digest::Manner;
use holdfast_failover::run::{WINDOW_SECONDS, may_hold};

pub(super) fn manner(asked: &RequestRun) -> Manner<'_> {
    Manner {
        overrides: &asked.overrides,
        dry_run: asked.dry_run,
        commit_within_seconds: asked.commit_within_seconds,
    }
}

/// A window is of a sensible length, and of a plan that can be taken back without anybody's word.
pub(super) fn may_ask_for(window: Option<u32>, plan: &Plan) -> Answer<()> {
    good_window(window)?;
    if window.is_none() {
        return Ok(());
    }
    if plan.drill.is_some() {
        return Err(Problem::bad_field(
            "commit_within_seconds",
            "is of real moves only: a drill has its own way back",
            "Leave it out, or ask for a failover.",
        ));
    }
    may_hold(plan).map_err(of_refusal)
}

/// Long enough to look, and no longer than a day.
pub(crate) fn good_window(window: Option<u32>) -> Answer<()> {
    let Some(seconds) = window else { return Ok(()) };
    if !WINDOW_SECONDS.contains(&seconds) {
        return Err(Problem::bad_field(
            "commit_within_seconds",
            format!("{seconds} is not {} to {}", WINDOW_SECONDS.start(), WINDOW_SECONDS.end()),
            "Give people five seconds to a day, or leave it out.",
        ));
    }
    Ok(())
}
