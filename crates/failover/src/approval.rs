//! Approvals: N of M per group, joined by AND, over the policy as it was when the request was made.

use crate::refusal::Refusal;
use crate::run::{Request, Who};
use holdfast_domain::{Name, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The policy frozen into a request; later edits of the policy do not touch it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenPolicy {
    pub name: Name,
    pub rules: Vec<holdfast_domain::ApprovalRule>,
    pub expires_after_seconds: u32,
}

/// One person's yes, with the groups they were in when they gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub person: PersonId,
    pub email: String,
    pub groups: Vec<Name>,
    pub at: Timestamp,
    pub comment: Option<String>,
}

/// How far a request is: per rule, who counts for it and how many are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub rules: Vec<RuleTally>,
    pub met: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTally {
    pub group: Name,
    pub needed: u8,
    /// E-mail addresses of those who count here.
    pub given: Vec<String>,
}

/// Counts reviews over a policy. One person counts once over all rules: the seats of the rules and the
/// people are matched so that as many seats as possible are taken.
#[must_use]
pub fn tally(policy: &FrozenPolicy, reviews: &[Review]) -> Tally {
    let mut people: Vec<&Review> = Vec::new();
    for review in reviews {
        if !people.iter().any(|p| p.person == review.person) {
            people.push(review);
        }
    }
    let seats = seats(policy);
    let mut taken: Vec<Option<usize>> = vec![None; seats.len()];
    for person in 0..people.len() {
        let mut tried = vec![false; seats.len()];
        seat(person, &people, &seats, &mut taken, &mut tried);
    }
    let rules = policy
        .rules
        .iter()
        .enumerate()
        .map(|(rule, r)| RuleTally {
            group: r.group.clone(),
            needed: r.approvals,
            given: seats
                .iter()
                .zip(&taken)
                .filter(|((of, _), _)| *of == rule)
                .filter_map(|(_, by)| by.and_then(|i| people.get(i)).map(|p| p.email.clone()))
                .collect(),
        })
        .collect();
    Tally { rules, met: taken.iter().all(Option::is_some) }
}

/// One seat per approval that a rule asks for: (index of the rule, its group).
fn seats(policy: &FrozenPolicy) -> Vec<(usize, &Name)> {
    policy
        .rules
        .iter()
        .enumerate()
        .flat_map(|(rule, r)| std::iter::repeat_n((rule, &r.group), usize::from(r.approvals)))
        .collect()
}

/// Gives `person` a seat, moving others to another of theirs where that helps (an augmenting path).
fn seat(
    person: usize,
    people: &[&Review],
    seats: &[(usize, &Name)],
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for at in 0..seats.len() {
        if tried[at] || !people[person].groups.contains(seats[at].1) {
            continue;
        }
        tried[at] = true;
        let free = match taken[at] {
            None => true,
            Some(other) => seat(other, people, seats, taken, tried),
        };
        if free {
            taken[at] = Some(person);
            return true;
        }
    }
    false
}

/// Whether this person's yes would count for the request as it stands.
///
/// # Errors
/// `self_review` for whoever asked; `already_reviewed`; `not_an_approver` when no rule that is still open
/// could use them.
pub fn may_review(request: &Request, reviews: &[Review], who: &Who, groups: &[Name]) -> Result<(), Refusal> {
    may_deny(request, who, groups)?;
    if reviews.iter().any(|r| r.person == who.id) {
        return Err(Refusal::new(
            "already_reviewed",
            format!("{} has approved this request already.", who.email),
            "One person counts once: somebody else must give what is still missing.",
        ));
    }
    let now = tally(&request.policy, reviews);
    let mut with = reviews.to_vec();
    with.push(Review {
        person: who.id,
        email: who.email.clone(),
        groups: groups.to_vec(),
        at: Timestamp::UNIX_EPOCH,
        comment: None,
    });
    if given(&tally(&request.policy, &with)) > given(&now) {
        return Ok(());
    }
    Err(Refusal::new(
        "not_an_approver",
        format!("The rules that {} could approve for have all the approvals they need.", who.email),
        missing(&request.policy, &now),
    ))
}

/// Whether these people's yes would be all that is missing.
#[must_use]
pub fn met_with<'a>(
    policy: &FrozenPolicy,
    reviews: &[Review],
    people: impl Iterator<Item = (PersonId, &'a str, &'a [Name])>,
) -> bool {
    let more = people.map(|(person, email, groups)| Review {
        person,
        email: email.to_owned(),
        groups: groups.to_vec(),
        at: Timestamp::UNIX_EPOCH,
        comment: None,
    });
    tally(policy, &reviews.iter().cloned().chain(more).collect::<Vec<_>>()).met
}

/// Whether this person may say no: a member of any of the policy's groups, and not the requester.
///
/// # Errors
/// `self_review` or `not_an_approver`.
pub fn may_deny(request: &Request, who: &Who, groups: &[Name]) -> Result<(), Refusal> {
    if request.by.id == who.id {
        return Err(Refusal::new(
            "self_review",
            format!("{} made this request, and nobody reviews their own.", who.email),
            "Ask another member of the approving groups; to take the request back, cancel it.",
        ));
    }
    if request.policy.rules.iter().any(|r| groups.contains(&r.group)) {
        return Ok(());
    }
    Err(Refusal::new(
        "not_an_approver",
        format!("{} is in none of the groups that policy `{}` asks.", who.email, request.policy.name),
        missing(&request.policy, &tally(&request.policy, &[])),
    ))
}

fn given(tally: &Tally) -> usize {
    tally.rules.iter().map(|r| r.given.len()).sum()
}

/// Who is still waited for, in a sentence.
fn missing(policy: &FrozenPolicy, tally: &Tally) -> String {
    let open: Vec<String> = tally
        .rules
        .iter()
        .filter(|r| r.given.len() < usize::from(r.needed))
        .map(|r| format!("{} more of group `{}`", usize::from(r.needed) - r.given.len(), r.group))
        .collect();
    if open.is_empty() {
        format!("Policy `{}` waits for nobody.", policy.name)
    } else {
        format!("Policy `{}` waits for {}.", policy.name, open.join(" and "))
    }
}

impl Tally {
    /// Who is still waited for, as a page says it; `None` when the policy is met.
    #[must_use]
    pub fn waits_for(&self, policy: &FrozenPolicy) -> Option<String> {
        (!self.met).then(|| missing(policy, self))
    }
}

#[cfg(test)]
mod tests;
