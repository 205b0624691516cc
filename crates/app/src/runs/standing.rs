//! Which of the approvals given so far still stand. Rights are looked at when they are used: a run does not
//! start on the vote of somebody who could not give it today.

use crate::App;
use crate::problems::of_store;
use holdfast_api::Answer;
use holdfast_domain::Role;
use holdfast_failover::run::{Event, Run, RunState, Who};
use holdfast_failover::{FrozenPolicy, Review};
use holdfast_store::Person;
use serde::Serialize;

/// An approval that does not count any more, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Lapsed {
    pub who: Who,
    pub because: String,
}

impl Lapsed {
    pub fn event(&self) -> Event {
        Event::ApprovalWithdrawn { by: self.who.clone() }
    }
}

impl App {
    pub(crate) async fn lapsed(&self, run: &Run) -> Answer<Vec<Lapsed>> {
        if run.state != RunState::AwaitingApproval || run.reviews.is_empty() {
            return Ok(Vec::new());
        }
        let people = self.store.people().await.map_err(of_store)?;
        Ok(lapsed(run, &people))
    }

    /// The approvals of a run that has started, as far as they would still count today.
    pub(super) async fn as_if_reviewed_today(&self, run: &Run) -> Answer<Vec<Review>> {
        let people = self.store.people().await.map_err(of_store)?;
        let gone = lapsed(run, &people);
        let stands = |review: &&Review| !gone.iter().any(|lapsed| lapsed.who.id == review.person);
        Ok(run.reviews.iter().filter(stands).cloned().collect())
    }

    /// The run as it stands today, for showing: without approvals that would be withdrawn at the next one.
    pub(super) async fn as_it_stands(&self, mut run: Run) -> Answer<Run> {
        let lapsed = self.lapsed(&run).await?;
        run.reviews.retain(|review| !lapsed.iter().any(|l| l.who.id == review.person));
        Ok(run)
    }
}

fn lapsed(run: &Run, people: &[Person]) -> Vec<Lapsed> {
    run.reviews
        .iter()
        .filter_map(|review| {
            let person = people.iter().find(|p| p.id == review.person);
            let because = why(&run.request.policy, review, person)?;
            Some(Lapsed { who: Who { id: review.person, email: review.email.clone() }, because })
        })
        .collect()
}

fn why(policy: &FrozenPolicy, review: &Review, person: Option<&Person>) -> Option<String> {
    let Some(person) = person else { return Some("is not a person here any more".into()) };
    if person.disabled_at.is_some() {
        return Some("has been disabled".into());
    }
    if !person.roles.contains(&Role::Approver) {
        return Some("is not an approver any more".into());
    }
    // Any of them may be the one that it counted for.
    policy
        .rules
        .iter()
        .map(|rule| &rule.group)
        .find(|group| review.groups.contains(group) && !person.groups.contains(group))
        .map(|group| format!("is not in the group `{group}` any more"))
}
