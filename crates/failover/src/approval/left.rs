//! What an application stood under until somebody changed it, by another policy of the same name or by a move to another. For
//! some days both are asked, so that nobody makes approval easier for a request that they have in mind.

use super::FrozenPolicy;
use holdfast_domain::{Application, ApprovalPolicy, ApprovalRule, Inventory, Name, PersonId};
use jiff::{SignedDuration, Timestamp};

/// How long what was asked before is asked too: a weekend, and time to object after it.
pub const ASKED_TOO_FOR: SignedDuration = SignedDuration::from_hours(72);

/// What an application stands under no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesLeft {
    pub application: Name,
    pub policy: ApprovalPolicy,
}

/// The same, with who changed it when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub rules: RulesLeft,
    /// `None`: whoever administers the machine.
    pub by: Option<PersonId>,
    pub email: String,
    /// Until when it is asked too.
    pub until: Timestamp,
}

/// What each application would be asked by no more, were the one the other. Of one that is taken out too: it may come back.
#[must_use]
pub fn rules_left(before: &Inventory, after: &Inventory) -> Vec<RulesLeft> {
    let left = |application: &Application| {
        let policy = policy_of(before, application)?;
        let now = after.applications.iter().flatten().find(|a| a.name == application.name);
        let asks_the_same = now
            .and_then(|now| policy_of(after, now))
            .is_some_and(|now| sorted(now) == sorted(policy) && now.expires_after == policy.expires_after);
        let rules = RulesLeft { application: application.name.clone(), policy: policy.clone() };
        (!asks_the_same).then_some(rules)
    };
    before.applications.iter().flatten().filter_map(left).collect()
}

fn policy_of<'a>(inventory: &'a Inventory, application: &Application) -> Option<&'a ApprovalPolicy> {
    inventory.approval_policies.iter().flatten().find(|policy| policy.name == application.approval_policy)
}

fn sorted(policy: &ApprovalPolicy) -> Vec<(&Name, u8)> {
    let mut rules: Vec<_> = policy.rules.iter().map(|rule| (&rule.group, rule.approvals)).collect();
    rules.sort();
    rules
}

impl FrozenPolicy {
    /// The stricter of what is asked and what was asked before: all that either asks, and no longer than either lasts.
    pub fn ask_as_before(&mut self, left: &[Left]) {
        for Left { rules, by, .. } in left {
            self.ask_too(&rules.policy.rules);
            self.expires_after_seconds = self.expires_after_seconds.min(rules.policy.expires_after.get());
            self.editors.extend(by);
        }
        self.editors.sort();
        self.editors.dedup();
    }
}

impl Left {
    /// For whoever reads the plan.
    #[must_use]
    pub fn note(&self) -> String {
        let words = |rule: &ApprovalRule| format!("{} of {}", rule.approvals, rule.group);
        let rules: Vec<String> = self.rules.policy.rules.iter().map(words).collect();
        format!(
            "{} changed what is asked for {}: until {:.0} what was asked before is asked too ({}), and their own yes does not count.",
            self.email,
            self.rules.application,
            self.until,
            if rules.is_empty() { "nobody".to_owned() } else { rules.join(", ") }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world::shop;
    use crate::testing::{name, policy, who};
    use holdfast_domain::Seconds;

    fn asks(of: &str, rules: &[(&str, u8)], hours: u32) -> ApprovalPolicy {
        ApprovalPolicy { name: name(of), rules: policy(rules).rules, expires_after: Seconds(hours * 3_600) }
    }

    fn inventory(under: &str, policies: &[ApprovalPolicy]) -> Inventory {
        let application = Application { approval_policy: name(under), ..shop().application };
        Inventory {
            approval_policies: Some(policies.to_vec()),
            applications: Some(vec![application]),
            ..Inventory::default()
        }
    }

    #[test]
    fn an_application_leaves_what_it_stood_under_whichever_way_that_is_changed() {
        let (strict, weak) =
            (asks("strict", &[("sre", 2), ("owners", 1)], 2), asks("weak", &[("sre", 1)], 2));
        let before = inventory("strict", &[strict.clone(), weak.clone()]);
        let left = |after: &Inventory| {
            rules_left(&before, after).into_iter().map(|left| left.policy).collect::<Vec<_>>()
        };
        let same = asks("strict", &[("owners", 1), ("sre", 2)], 2);
        assert_eq!(
            left(&inventory("strict", std::slice::from_ref(&same))),
            [],
            "in another order it is the same"
        );
        let renamed = ApprovalPolicy { name: name("renamed"), ..same };
        assert_eq!(left(&inventory("renamed", &[renamed])), [], "and so it is under another name");
        let nobody = Inventory { applications: Some(vec![]), ..before.clone() };
        for after in [
            inventory("strict", &[asks("strict", &[("sre", 1), ("owners", 1)], 2)]),
            inventory("strict", &[asks("strict", &[("sre", 2), ("owners", 1), ("security", 1)], 2)]),
            inventory("strict", &[asks("strict", &[("sre", 2), ("owners", 1)], 3)]),
            inventory("weak", &[strict.clone(), weak]),
            nobody,
        ] {
            assert_eq!(left(&after), std::slice::from_ref(&strict));
        }
    }

    #[test]
    fn the_stricter_is_all_that_either_asks_and_no_longer_than_either_lasts() {
        let left = |rules: &[(&str, u8)], hours, by: Option<u128>| Left {
            rules: RulesLeft { application: name("shop"), policy: asks("tier-1", rules, hours) },
            by: by.map(|by| who(by).id),
            email: "somebody@example.com".into(),
            until: crate::testing::NOW,
        };
        let mut frozen = policy(&[("sre", 1), ("security", 1)]);
        frozen.ask_as_before(&[
            left(&[("sre", 2)], 1, Some(3)),
            left(&[("owners", 1), ("sre", 1)], 4, None),
            left(&[], 4, Some(3)),
        ]);
        let rules: Vec<_> = frozen.rules.iter().map(|r| (r.group.as_str(), r.approvals)).collect();
        assert_eq!(rules, [("sre", 2), ("security", 1), ("owners", 1)]);
        assert_eq!((frozen.expires_after_seconds, frozen.editors), (3_600, vec![who(3).id]));
    }
}
