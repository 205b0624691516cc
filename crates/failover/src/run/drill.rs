//! The way back of a live drill: what of the approval of the way there carries over to it.

use super::{Event, Request, Run};
use crate::approval::{Review, ask_no_more, tally};
use crate::movement::{Drill, Intent, Mode};
use crate::plan::EmergencyVariant;
use holdfast_domain::Name;
use std::collections::BTreeSet;

/// A rehearsal never gives data up.
#[must_use]
pub fn no_emergency() -> EmergencyVariant {
    EmergencyVariant::None { reason: "A drill never accepts the loss of data.".into() }
}

fn changed(request: &Request) -> BTreeSet<Option<&Name>> {
    let steps = request.plan.steps.iter().filter(|step| step.change().is_some());
    steps.map(|step| step.resource.as_ref()).collect()
}

/// Why the approval of the way there does not cover this way back; it then waits for approval like any other run. The
/// digest that was approved says that there is a way back, and what stood before: so it may take back what the way
/// there has changed, where nobody more is asked, and nothing else.
#[must_use]
pub fn not_covered(there: &Run, back: &Request) -> Option<String> {
    let (went, goes) = (&there.request.movement, &back.movement);
    let reversed = goes.intent == Intent::Failback
        && goes.mode == Mode::Planned
        && (&goes.from, &goes.to) == (&went.to, &went.from);
    if back.plan.drill != Some(Drill::Back { of: there.id })
        || back.application != there.request.application
        || !reversed
    {
        return Some("it is not the way back of that drill".into());
    }
    if !ask_no_more(&back.policy.rules, &there.request.policy.rules) {
        return Some("more people must agree than had to".into());
    }
    if !back.overrides.is_empty() {
        return Some("it overrides a guard".into());
    }
    let went = changed(&there.request);
    let own = changed(back).into_iter().find(|resource| resource.is_none() || !went.contains(resource));
    own.map(|resource| match resource {
        Some(resource) => format!("it changes {resource}, which the way there has not"),
        None => "it has a step of one's own".into(),
    })
}

/// The approvals that carry over, each bound to the way back's own digest, and its start where they meet the policy.
/// `standing`: those of the way there that would still count today.
#[must_use]
pub fn carried(there: &Run, back: &Request, standing: &[Review]) -> Vec<Event> {
    if tally(&back.policy, &[]).met || not_covered(there, back).is_some() {
        return Vec::new();
    }
    let approved = |review: &Review| Event::Approved { review: review.clone(), digest: back.digest.clone() };
    let mut events: Vec<Event> = standing.iter().map(approved).collect();
    if tally(&back.policy, standing).met {
        events.push(Event::Started);
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Change;
    use crate::run::Entry;
    use crate::step::{Step, Work};
    use crate::testing::{NOW, name, policy, request, sealed, step_id, who};
    use holdfast_domain::{RunId, Seconds};

    fn reviews() -> Vec<Review> {
        [(2, "sre"), (3, "business-owners")]
            .into_iter()
            .map(|(number, group)| Review {
                person: who(number).id,
                email: who(number).email,
                groups: vec![name(group)],
                at: NOW,
                comment: None,
                others: vec![],
            })
            .collect()
    }

    fn there() -> Run {
        let mut request = request();
        request.plan.drill = Some(Drill::There { lasts: Seconds(900) });
        request.emergency = Some(no_emergency());
        for step in request.plan.steps.iter_mut().filter(|step| step.change().is_some()) {
            step.resource = Some(name(if step.id == step_id("scale-web") { "web" } else { "orders" }));
        }
        let request = sealed(request);
        let event = Event::Requested { request: Box::new(request) };
        Run::replay(RunId::fresh(), &[Entry { seq: 1, at: NOW, event }]).unwrap()
    }

    fn back(there: &Run) -> Request {
        let mut back = (*there.request).clone();
        (back.movement.from, back.movement.to) =
            (there.request.movement.to.clone(), there.request.movement.from.clone());
        back.movement.intent = Intent::Failback;
        back.plan.drill = Some(Drill::Back { of: there.id });
        sealed(back)
    }

    #[test]
    fn the_way_back_starts_on_the_approvals_of_the_way_there_bound_to_its_own_digest() {
        let there = there();
        let back = back(&there);
        assert_eq!(not_covered(&there, &back), None);
        let events = carried(&there, &back, &reviews());
        assert_eq!(events.last(), Some(&Event::Started));
        let mut journal = Run::request(RunId::fresh(), back.clone(), NOW);
        journal.extend(events);
        let entries: Vec<Entry> =
            journal.into_iter().zip(1..).map(|(event, seq)| Entry { seq, at: NOW, event }).collect();
        let run = Run::replay(RunId::fresh(), &entries).unwrap();
        assert_eq!(run.state, crate::RunState::Running);
        assert!(
            entries
                .iter()
                .all(|e| !matches!(&e.event, Event::Approved { digest, .. } if *digest != back.digest))
        );
    }

    #[test]
    fn a_policy_that_asks_less_now_or_the_same_in_another_order_lets_it_start_too() {
        let there = there();
        for rules in [&[("business-owners", 1), ("sre", 1)][..], &[("sre", 1)]] {
            let back = sealed(Request { policy: policy(rules), ..back(&there) });
            assert_eq!(not_covered(&there, &back), None, "{rules:?}");
            assert_eq!(carried(&there, &back, &reviews()).last(), Some(&Event::Started), "{rules:?}");
        }
    }

    #[test]
    fn an_approval_that_counts_no_more_leaves_it_waiting() {
        let there = there();
        let back = back(&there);
        let events = carried(&there, &back, &reviews()[..1]);
        assert_eq!(events.len(), 1);
        assert!(!events.contains(&Event::Started));
    }

    #[test]
    fn a_way_back_that_does_anything_else_asks_anew() {
        let there = there();
        let with = |change: &dyn Fn(&mut Request)| {
            let mut back = back(&there);
            change(&mut back);
            sealed(back)
        };
        let own = |resource: Option<Name>| Step {
            undo: None,
            undoes: None,
            id: step_id("own-x"),
            title: "x".into(),
            work: Work::Call { change: crate::testing::scale(1) },
            resource,
            regions: Vec::new(),
            after: Vec::new(),
            timeout_seconds: 1,
            irreversible: false,
            how: crate::step::How::default(),
            plane: String::new(),
            value_now: String::new(),
            value_to_be: String::new(),
        };
        let others: [&dyn Fn(&mut Request); 8] = [
            &|back| back.plan.drill = None,
            &|back| back.plan.drill = Some(Drill::Back { of: RunId::fresh() }),
            &|back| back.movement.mode = Mode::Emergency,
            &|back| back.policy = policy(&[("sre", 2), ("business-owners", 1)]),
            &|back| back.policy = policy(&[("security", 1)]),
            &|back| back.overrides = vec!["lag_above_rpo".into()],
            &|back| back.plan.steps.push(own(Some(name("another")))),
            &|back| back.plan.steps.push(own(None)),
        ];
        for (at, change) in others.into_iter().enumerate() {
            let back = with(change);
            assert!(not_covered(&there, &back).is_some(), "{at}");
            assert_eq!(carried(&there, &back, &reviews()), [], "{at}");
        }
        let takes_back = with(&|back: &mut Request| back.plan.steps.push(own(Some(name("web")))));
        assert_eq!(not_covered(&there, &takes_back), None);
        assert!(matches!(
            takes_back.plan.steps.last().unwrap().change(),
            Some(Change::SetEcsDesiredCount { .. })
        ));
    }
}
