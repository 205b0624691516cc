//! Approvals: N of M per group, joined by AND, over the policy as it was when the request was made.

mod left;

use crate::refusal::Refusal;
use crate::run::{Request, Who};
use holdfast_domain::{ApprovalRule, Name, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use left::{ASKED_TOO_FOR, Left, RulesLeft, asked_too, gained, rules_left, taken_over};

/// The policy frozen into a request; later edits of the policy do not touch it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenPolicy {
    pub name: Name,
    pub rules: Vec<ApprovalRule>,
    pub expires_after_seconds: u32,
    /// Who changed what is asked here shortly before the request: their yes does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editors: Vec<Editor>,
}

/// Whoever changed what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Editor {
    pub person: PersonId,
    /// From when on a new request takes their yes again.
    pub until: Timestamp,
}

/// One person's yes, with the groups they were in when they gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub person: PersonId,
    pub email: String,
    pub groups: Vec<Name>,
    pub at: Timestamp,
    pub comment: Option<String>,
    /// The other accounts that were known as theirs when they gave it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<PersonId>,
}

impl Review {
    /// One that nobody has given yet.
    #[must_use]
    pub fn supposed(who: &Who, groups: &[Name], others: &[PersonId]) -> Self {
        Self {
            person: who.id,
            email: who.email.clone(),
            groups: groups.to_vec(),
            at: Timestamp::UNIX_EPOCH,
            comment: None,
            others: others.to_vec(),
        }
    }

    /// Whether the account belongs to whoever gave this.
    #[must_use]
    pub fn is_of(&self, account: PersonId) -> bool {
        self.person == account || self.others.contains(&account)
    }

    /// Whether one person gave both, with whichever accounts.
    #[must_use]
    pub fn is_one_with(&self, other: &Self) -> bool {
        self.is_of(other.person) || other.is_of(self.person)
    }

    fn who(&self) -> Who {
        Who { id: self.person, email: self.email.clone() }
    }
}

impl FrozenPolicy {
    /// Asks for what these rules ask too. Nobody is asked twice: where both ask the same group, the greater number counts.
    pub fn ask_too(&mut self, rules: &[ApprovalRule]) {
        for rule in rules {
            match self.rules.iter_mut().find(|have| have.group == rule.group) {
                Some(have) => have.approvals = have.approvals.max(rule.approvals),
                None => self.rules.push(rule.clone()),
            }
        }
    }
}

/// Whether whatever meets the other rules meets these: of no group do they ask more.
#[must_use]
pub fn ask_no_more(rules: &[ApprovalRule], than: &[ApprovalRule]) -> bool {
    let of = |rules: &[ApprovalRule], group: &Name| -> u32 {
        rules.iter().filter(|rule| rule.group == *group).map(|rule| u32::from(rule.approvals)).sum()
    };
    rules.iter().all(|rule| of(rules, &rule.group) <= of(than, &rule.group))
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
        if !people.iter().any(|p| p.is_one_with(review)) {
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
/// `self_review` for whoever asked, with whichever account; `policy_editor`; `already_reviewed`; `not_an_approver` when no
/// rule that is still open could use them.
pub fn may_review(request: &Request, reviews: &[Review], review: &Review) -> Result<(), Refusal> {
    may_count(request, review)?;
    if let Some(earlier) = reviews.iter().find(|r| r.is_one_with(review)) {
        return Err(Refusal::new(
            "already_reviewed",
            format!("{} has approved this request already.", earlier.email),
            "One person counts once: somebody else must give what is still missing.",
        ));
    }
    let now = tally(&request.policy, reviews);
    let mut with = reviews.to_vec();
    with.push(review.clone());
    if given(&tally(&request.policy, &with)) > given(&now) {
        return Ok(());
    }
    Err(Refusal::new(
        "not_an_approver",
        format!("The rules that {} could approve for have all the approvals they need.", review.email),
        missing(&request.policy, &now),
    ))
}

/// Whether this person is one whose yes can count for the request at all: not whoever asked, nor whoever changed what is asked.
///
/// # Errors
/// `self_review`, `policy_editor` or `not_an_approver`.
pub fn may_count(request: &Request, review: &Review) -> Result<(), Refusal> {
    may_deny(request, &review.who(), &review.groups)?;
    if review.is_of(request.by.id) {
        return Err(Refusal::new(
            "self_review",
            format!("{} and {}, who made this request, are one person's.", review.email, request.by.email),
            "Ask another member of the approving groups; to take the request back, cancel it.",
        ));
    }
    if let Some(editor) = request.policy.editors.iter().find(|editor| review.is_of(editor.person)) {
        return Err(Refusal::new(
            "policy_editor",
            format!(
                "{} has changed what is asked for {} in the days before this request, and nobody approves by rules of their own.",
                review.email, request.application
            ),
            format!(
                "Ask another member of the approving groups. Their own yes counts for a request that is made after {:.0}, or once what was asked before is put back.",
                editor.until
            ),
        ));
    }
    Ok(())
}

/// Whether these people's yes would be all that is missing.
#[must_use]
pub fn met_with(policy: &FrozenPolicy, reviews: &[Review], more: impl Iterator<Item = Review>) -> bool {
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
