//! Which of the approvals given so far still stand. Rights are looked at when they are used: a run does not
//! start on the vote of somebody who could not give it today.

use crate::App;
use crate::authority::{Action, may};
use crate::people::actor;
use crate::problems::of_store;
use holdfast_api::Answer;
use holdfast_domain::{Actor, PersonId};
use holdfast_failover::Review;
use holdfast_failover::run::{Event, Request, Run, RunState, Who};
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
        Ok(lapsed(run, &self.people_over(run).await?))
    }

    /// The approvals of a run that has started, as far as they would still count today.
    pub(super) async fn as_if_reviewed_today(&self, run: &Run) -> Answer<Vec<Review>> {
        let gone = lapsed(run, &self.people_over(run).await?);
        let stands = |review: &&Review| !gone.iter().any(|lapsed| lapsed.who.id == review.person);
        Ok(run.reviews.iter().filter(stands).cloned().collect())
    }

    /// Everybody, as asked about the run's application.
    async fn people_over(&self, run: &Run) -> Answer<Vec<(Person, Actor)>> {
        let people = self.store.people().await.map_err(of_store)?;
        let over = self.store.labels(Some(&run.request.application)).await.map_err(of_store)?.pop();
        let asked = |person: Person| {
            let actor = actor(&person, None);
            let over = over.clone().filter(|_| actor.is_limited());
            (person, Actor { over, ..actor })
        };
        Ok(people.into_iter().map(asked).collect())
    }

    /// The run as it stands today, for showing: without approvals that would be withdrawn at the next one.
    pub(super) async fn as_it_stands(&self, mut run: Run) -> Answer<Run> {
        let lapsed = self.lapsed(&run).await?;
        run.reviews.retain(|review| !lapsed.iter().any(|l| l.who.id == review.person));
        Ok(run)
    }
}

fn lapsed(run: &Run, people: &[(Person, Actor)]) -> Vec<Lapsed> {
    run.reviews
        .iter()
        .filter_map(|review| {
            let person = people.iter().find(|(p, _)| p.id == review.person);
            let because = why(run, review, person)?;
            Some(Lapsed { who: Who { id: review.person, email: review.email.clone() }, because })
        })
        .collect()
}

fn why(run: &Run, review: &Review, person: Option<&(Person, Actor)>) -> Option<String> {
    let Request { policy, by, .. } = run.request.as_ref();
    let Some((person, asked)) = person else { return Some("is not a person here any more".into()) };
    if person.disabled_at.is_some() {
        return Some("has been disabled".into());
    }
    if may(asked, Action::ReviewRun).is_err() {
        return Some("is not an approver of this application any more".into());
    }
    let is_theirs = |account: PersonId| account == person.id || asked.others.contains(&account);
    if is_theirs(by.id) {
        return Some(format!("is known as the same person as {}, who asked", by.email));
    }
    if policy.editors.iter().any(|editor| is_theirs(editor.person)) {
        return Some("is known as the same person as somebody who changed what is asked".into());
    }
    let earlier = run.reviews.iter().take_while(|earlier| earlier.person != review.person);
    if let Some(earlier) = earlier.into_iter().find(|earlier| is_theirs(earlier.person)) {
        return Some(format!("is known as the same person as {}, who has approved too", earlier.email));
    }
    // Any of them may be the one that it counted for.
    policy
        .rules
        .iter()
        .map(|rule| &rule.group)
        .find(|group| review.groups.contains(group) && !person.groups.contains(group))
        .map(|group| format!("is not in the group `{group}` any more"))
}
