//! What an application stood under until somebody changed it, by another policy of the same name or by a move to another. For
//! some days both are asked, so that nobody makes approval easier for a request that they have in mind.

use super::{Editor, FrozenPolicy, ask_no_more};
use crate::shared::identities;
use holdfast_domain::{Application, ApprovalPolicy, ApprovalRule, Inventory, Name, PersonId};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How long what was asked before is asked too: a weekend, and time to object after it.
pub const ASKED_TOO_FOR: SignedDuration = SignedDuration::from_hours(72);

/// Changes of one person that follow each other so soon are one: what stood in between was a slip of theirs, and nobody relied on it.
const ONE_SITTING: SignedDuration = SignedDuration::from_mins(15);

/// What an application stands under no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesLeft {
    pub application: Name,
    pub policy: ApprovalPolicy,
    /// What it was made of in AWS, as [`identities`] tells it apart: whoever holds that next, under whatever name, is asked.
    pub holds: Vec<String>,
}

/// The same, with who changed it when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub rules: RulesLeft,
    /// `None`: whoever administers the machine.
    pub by: Option<PersonId>,
    pub email: String,
    pub at: Timestamp,
    /// Until when it is asked too.
    pub until: Timestamp,
}

/// What each application would be asked by no more, were the one the other. Of one that is taken out too, since it may come back,
/// and of one that gives up a part, or of which another takes a part up.
#[must_use]
pub fn rules_left(before: &Inventory, after: &Inventory) -> Vec<RulesLeft> {
    let takers = by_identity(gained(before, after));
    let left = |application: &Application| {
        let policy = policy_of(before, application)?;
        let now = after.applications.iter().flatten().find(|a| a.name == application.name);
        let asks_the_same = |now: &Application| {
            policy_of(after, now)
                .is_some_and(|now| sorted(now) == sorted(policy) && now.expires_after == policy.expires_after)
        };
        let is_kept = now.is_some_and(|now| {
            asks_the_same(now)
                && (now.resources == application.resources || held(application).is_subset(&held(now)))
        });
        let is_taken_up = || {
            let of = if takers.is_empty() { BTreeSet::new() } else { held(application) };
            of.iter()
                .filter_map(|id| takers.get(id))
                .flatten()
                .any(|other| other.name != application.name && !asks_the_same(other))
        };
        (!is_kept || is_taken_up()).then(|| RulesLeft {
            application: application.name.clone(),
            policy: policy.clone(),
            holds: held(application).into_iter().collect(),
        })
    };
    before.applications.iter().flatten().filter_map(left).collect()
}

/// The applications that come to hold what is, or was lately, another's, or to bear the name of one that was there, and are not
/// asked all that those are: that is a way round their policies. `lately` is what is [`Left`] of the names and identities gained;
/// `named`, under which policies those names stood last.
#[must_use]
pub fn taken_over(
    before: &Inventory,
    after: &Inventory,
    lately: &[Left],
    named: &BTreeMap<Name, Name>,
) -> BTreeSet<Name> {
    let there: BTreeSet<&Name> = before.applications.iter().flatten().map(|a| &a.name).collect();
    let gained = gained(before, after);
    if gained.is_empty() {
        return BTreeSet::new();
    }
    let holders = by_identity(before.applications.iter().flatten().map(|a| (a, held(a))));
    let takes_over = |(application, ids): &(&Application, BTreeSet<String>)| {
        let Some(now) = policy_of(after, application) else { return false };
        let asks_less = |than: &ApprovalPolicy| !asks_all(&now.rules, now.expires_after.get(), than);
        let of_another =
            ids.iter().filter_map(|id| holders.get(id)).flatten().any(|other| {
                other.name != application.name && policy_of(before, other).is_some_and(asks_less)
            });
        let is_new = !there.contains(&application.name);
        let of_one_that_was = lately.iter().map(|left| &left.rules).any(|rules| {
            ((is_new && rules.application == application.name)
                || rules.holds.iter().any(|id| ids.contains(id)))
                && asks_less(&rules.policy)
        });
        let under_another_name = named.get(&application.name).is_some_and(|policy| {
            let stood = before.approval_policies.iter().flatten().find(|p| p.name == *policy);
            is_new && stood.map_or(*policy != application.approval_policy, asks_less)
        });
        of_another || of_one_that_was || under_another_name
    };
    gained.iter().filter(|one| takes_over(one)).map(|(one, _)| one.name.clone()).collect()
}

/// Each application that is new or changed, with what it holds and did not hold before.
#[must_use]
pub fn gained<'a>(before: &Inventory, after: &'a Inventory) -> Vec<(&'a Application, BTreeSet<String>)> {
    let was: BTreeMap<&Name, &Application> =
        before.applications.iter().flatten().map(|a| (&a.name, a)).collect();
    let gains = |now: &'a Application| match was.get(&now.name) {
        None => Some((now, held(now))),
        Some(was) if was.resources == now.resources => None,
        Some(was) => Some((now, held(now).difference(&held(was)).cloned().collect())),
    };
    after.applications.iter().flatten().filter_map(gains).collect()
}

fn by_identity<'a>(
    all: impl IntoIterator<Item = (&'a Application, BTreeSet<String>)>,
) -> BTreeMap<String, Vec<&'a Application>> {
    let mut by: BTreeMap<String, Vec<&Application>> = BTreeMap::new();
    for (application, ids) in all {
        for id in ids {
            by.entry(id).or_default().push(application);
        }
    }
    by
}

fn held(application: &Application) -> BTreeSet<String> {
    application.resources.iter().flat_map(identities).collect()
}

fn policy_of<'a>(inventory: &'a Inventory, application: &Application) -> Option<&'a ApprovalPolicy> {
    inventory.approval_policies.iter().flatten().find(|policy| policy.name == application.approval_policy)
}

fn sorted(policy: &ApprovalPolicy) -> Vec<(&Name, u8)> {
    let mut rules: Vec<_> = policy.rules.iter().map(|rule| (&rule.group, rule.approvals)).collect();
    rules.sort();
    rules
}

/// Whether rules that last so long ask all that the policy asks.
fn asks_all(rules: &[ApprovalRule], lasts: u32, of: &ApprovalPolicy) -> bool {
    ask_no_more(&of.rules, rules) && lasts <= of.expires_after.get()
}

/// What is to be asked beside what is asked now, the last change first. `left` is all that is known of the applications, the
/// first change first.
#[must_use]
pub fn asked_too(left: Vec<Left>, asked: &FrozenPolicy, now: Timestamp) -> Vec<Left> {
    let mut changes: Vec<Left> = Vec::new();
    for change in left {
        let last = changes.iter_mut().rfind(|last| last.rules.application == change.rules.application);
        match last {
            Some(last) if last.is_one_with(&change) => (last.at, last.until) = (change.at, change.until),
            _ => changes.push(change),
        }
    }
    // A change after which everything was asked still made nothing easier, and bars nobody.
    let mut followed_by: BTreeMap<Name, ApprovalPolicy> = BTreeMap::new();
    let mut too = Vec::new();
    for change in changes.into_iter().rev().filter(|change| now < change.until) {
        let policy = &change.rules.policy;
        let is_asked_still = match followed_by.get(&change.rules.application) {
            Some(next) => asks_all(&next.rules, next.expires_after.get(), policy),
            None => asks_all(&asked.rules, asked.expires_after_seconds, policy),
        };
        followed_by.insert(change.rules.application.clone(), policy.clone());
        if !is_asked_still {
            too.push(change);
        }
    }
    too
}

impl FrozenPolicy {
    /// The stricter of what is asked and what was asked before: all that either asks, and no longer than either lasts.
    pub fn ask_as_before(&mut self, left: &[Left]) {
        for Left { rules, by, until, .. } in left {
            self.ask_too(&rules.policy.rules);
            self.expires_after_seconds = self.expires_after_seconds.min(rules.policy.expires_after.get());
            let Some(person) = *by else { continue };
            match self.editors.iter_mut().find(|editor| editor.person == person) {
                Some(editor) => editor.until = editor.until.max(*until),
                None => self.editors.push(Editor { person, until: *until }),
            }
        }
    }
}

impl Left {
    /// Whether the later change came so soon after this one, and from the same person.
    fn is_one_with(&self, later: &Self) -> bool {
        (self.by, &self.email) == (later.by, &later.email) && later.at.duration_since(self.at) <= ONE_SITTING
    }

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
    use crate::testing::{NOW, name, policy, who};
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
            rules: RulesLeft {
                application: name("shop"),
                policy: asks("tier-1", rules, hours),
                holds: vec![],
            },
            by: by.map(|by| who(by).id),
            email: "somebody@example.com".into(),
            at: NOW,
            until: NOW,
        };
        let mut frozen = policy(&[("sre", 1), ("security", 1)]);
        frozen.ask_as_before(&[
            left(&[("sre", 2)], 1, Some(3)),
            left(&[("owners", 1), ("sre", 1)], 4, None),
            left(&[], 4, Some(3)),
        ]);
        let rules: Vec<_> = frozen.rules.iter().map(|r| (r.group.as_str(), r.approvals)).collect();
        assert_eq!(rules, [("sre", 2), ("security", 1), ("owners", 1)]);
        let editors = vec![Editor { person: who(3).id, until: NOW }];
        assert_eq!((frozen.expires_after_seconds, frozen.editors), (3_600, editors));
    }

    /// A change of shop by somebody, so many minutes from now: what stood until then.
    fn changed(minutes: i64, by: u128, rules: &[(&str, u8)]) -> Left {
        let at = NOW.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        Left {
            rules: RulesLeft { application: name("shop"), policy: asks("tier-1", rules, 2), holds: vec![] },
            by: Some(who(by).id),
            email: who(by).email,
            at,
            until: at.checked_add(ASKED_TOO_FOR).unwrap(),
        }
    }

    /// What is asked beside `now` an hour from now, and whose changes made it so.
    fn too(left: &[Left], now: &[(&str, u8)]) -> Vec<(Vec<(String, u8)>, PersonId)> {
        let at = NOW.checked_add(SignedDuration::from_hours(1)).unwrap();
        asked_too(left.to_vec(), &policy(now), at)
            .into_iter()
            .map(|left| {
                let rules = left.rules.policy.rules.iter().map(|r| (r.group.to_string(), r.approvals));
                (rules.collect(), left.by.unwrap())
            })
            .collect()
    }

    fn of(rules: &[(&str, u8)], by: u128) -> (Vec<(String, u8)>, PersonId) {
        (rules.iter().map(|(group, n)| ((*group).to_owned(), *n)).collect(), who(by).id)
    }

    #[test]
    fn a_slip_that_is_put_right_within_a_quarter_of_an_hour_is_not_asked_and_what_stood_before_it_is() {
        let two: &[(&str, u8)] = &[("sre", 2)];
        let slip = |after: i64, by| [changed(0, 3, two), changed(after, by, &[("sre", 20)])];
        assert_eq!(too(&slip(1, 3), two), [], "it is as it was");
        assert_eq!(too(&slip(15, 3), &[("sre", 1)]), [of(two, 3)]);
        assert_eq!(too(&slip(16, 3), two), [of(&[("sre", 20)], 3)], "somebody may have relied on it");
        assert_eq!(too(&slip(1, 4), two), [of(&[("sre", 20)], 4)], "nobody undoes what another has made");
        let mut on_and_on: Vec<Left> = (0..6).map(|n| changed(n * 15 - 72 * 60, 3, two)).collect();
        on_and_on.push(changed(0, 4, &[("sre", 1)]));
        let kept = too(&on_and_on, &[]);
        assert!(kept.contains(&of(two, 3)), "it is asked from the last of them on: {kept:?}");
    }

    #[test]
    fn a_change_after_which_everything_is_asked_still_bars_nobody() {
        let one: &[(&str, u8)] = &[("sre", 1)];
        let stricter: &[(&str, u8)] = &[("sre", 2), ("owners", 1)];
        assert_eq!(too(&[changed(0, 3, one)], stricter), []);
        let both = [changed(0, 3, one), changed(30, 4, stricter)];
        assert_eq!(too(&both, &[("owners", 1)]), [of(stricter, 4)], "only who made it easier");
        assert_eq!(too(&both, stricter), [], "once it is put back nobody is kept from anything");
        let longer = ApprovalPolicy { expires_after: Seconds(1), ..changed(0, 3, one).rules.policy };
        let rules = RulesLeft { policy: longer, ..changed(0, 3, one).rules };
        assert_eq!(too(&[Left { rules, ..changed(0, 3, one) }], one), [of(one, 3)], "it lasts longer now");
    }

    #[test]
    fn what_an_application_holds_takes_what_is_asked_for_it_along_under_whatever_name() {
        let policies = [asks("strict", &[("sre", 2)], 2), asks("weak", &[("sre", 1)], 2)];
        let under = |of: &str, policy: &str| Application {
            name: name(of),
            approval_policy: name(policy),
            ..shop().application
        };
        let all = |applications: &[Application]| Inventory {
            applications: Some(applications.to_vec()),
            ..inventory("strict", &policies)
        };
        let (billing, nobodys) = (under("billing", "strict"), BTreeMap::new());
        let before = all(std::slice::from_ref(&billing));
        let renamed = all(&[under("billing2", "weak")]);
        let beside = all(&[billing.clone(), under("billing2", "weak")]);
        let bare = Application { resources: vec![], ..billing.clone() };
        let taken_out = all(std::slice::from_ref(&bare));
        for after in [&renamed, &beside, &taken_out] {
            let left = rules_left(&before, after);
            assert_eq!(left.len(), 1);
            assert_eq!((&left[0].application, &left[0].policy), (&billing.name, &policies[0]));
            assert_eq!(left[0].holds, Vec::from_iter(held(&billing)));
        }
        assert_eq!(rules_left(&before, &all(&[billing.clone(), under("billing2", "strict")])), []);

        let taken = |before: &Inventory, after: &Inventory, lately: &[Left], named: &BTreeMap<Name, Name>| {
            taken_over(before, after, lately, named).into_iter().map(|n| n.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(taken(&before, &renamed, &[], &nobodys), ["billing2"]);
        assert_eq!(taken(&before, &beside, &[], &nobodys), ["billing2"]);
        let same = all(&[billing.clone(), under("billing2", "strict")]);
        assert_eq!(taken(&before, &same, &[], &nobodys), Vec::<String>::new());
        let lacks = all(&[bare, Application { resources: vec![], ..under("billing2", "weak") }]);
        let gains = all(&[billing.clone(), under("billing2", "weak")]);
        let left = Left { rules: rules_left(&before, &taken_out).remove(0), ..changed(0, 3, &[]) };
        assert_eq!(taken(&lacks, &gains, &[left], &nobodys), ["billing2"], "in two steps");
        let named = BTreeMap::from([(billing.name.clone(), name("strict"))]);
        let anew = all(&[under("billing", "weak")]);
        assert_eq!(taken(&all(&[]), &anew, &[], &named), ["billing"], "whose name was there");
        assert_eq!(taken(&all(&[]), &all(&[billing]), &[], &named), Vec::<String>::new());
    }
}
