//! Applications of which something that is stored cannot be read: they are left out wherever all are looked at, and that is told.

use crate::App;
use crate::authority::Seen;
use crate::problems::of_store;
use holdfast_api::system::UnreadableView;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Inventory};
use holdfast_store::{UnreadableApplication, UnreadablePart};

pub(crate) const WAY_OUT: &str = "Where a newer version has written it, run that one. Else send the application anew, whole, with its plans where it has \
     own steps: from a file that is kept elsewhere (`holdfast apply FILE`), or on the application's own route (`PUT /api/v1/applications/NAME`).";

pub(crate) const CODE: &str = "unreadable_application";

/// Of those that may be seen.
pub(crate) fn views(unreadable: Vec<UnreadableApplication>, seen: &Seen) -> Vec<UnreadableView> {
    let view = |UnreadableApplication { name, why, .. }| UnreadableView {
        application: name,
        why,
        way_out: WAY_OUT.to_owned(),
    };
    unreadable.into_iter().filter(|one| seen.sees_text(&one.name)).map(view).collect()
}

/// Asked for by its name.
pub(crate) fn problem(one: &UnreadableApplication) -> Problem {
    let title = "The application cannot be read";
    Problem::new(500, CODE, title, format!("{one}."), WAY_OUT)
}

impl App {
    pub(crate) async fn unreadable(&self, seen: &Seen) -> Answer<Vec<UnreadableView>> {
        Ok(views(self.store.applications().await.map_err(of_store)?.unreadable, seen))
    }
}

/// What is stored in the inventory's place takes away what could not be read of it, so that has to be among what is sent.
///
/// # Errors
/// 409 with what is not.
pub(crate) fn must_be_sent(
    unreadable: &[UnreadableApplication],
    sent: &Inventory,
    actor: &Actor,
) -> Answer<()> {
    let is_sent = |one: &&UnreadableApplication| match one.part {
        UnreadablePart::Entry => sent.applications.iter().flatten().any(|a| a.name.as_str() == one.name),
        UnreadablePart::OwnPlan => sent.plans.iter().flatten().any(|p| p.application.as_str() == one.name),
    };
    let Some(left) = unreadable.iter().find(|one| !is_sent(one)) else { return Ok(()) };
    // It may be outside of what they may know of.
    let which = if actor.is_limited() {
        "an application of the inventory cannot be read".into()
    } else {
        left.to_string()
    };
    Err(Problem::new(
        409,
        CODE,
        "Something of the inventory cannot be read",
        format!("Nothing was stored, because it would have taken that away: {which}."),
        WAY_OUT,
    ))
}
