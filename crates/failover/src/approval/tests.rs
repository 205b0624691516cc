use super::*;
use crate::testing;
use holdfast_domain::ApprovalRule;
use proptest::prelude::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn policy(rules: &[(&str, u8)]) -> FrozenPolicy {
    FrozenPolicy {
        name: name("tier-1"),
        rules: rules.iter().map(|(g, n)| ApprovalRule { group: name(g), approvals: *n }).collect(),
        expires_after_seconds: 7200,
        editors: vec![],
    }
}

fn review(person: u128, groups: &[&str]) -> Review {
    let who = testing::who(person);
    Review {
        person: who.id,
        email: who.email,
        groups: groups.iter().map(|g| name(g)).collect(),
        at: testing::NOW,
        comment: None,
        others: vec![],
    }
}

fn request(policy: FrozenPolicy) -> Request {
    Request { policy, ..testing::request() }
}

#[test]
fn a_policy_without_rules_is_met_by_nobody() {
    assert!(tally(&policy(&[]), &[]).met);
}

#[test]
fn one_person_in_two_groups_fills_one_seat_only() {
    let policy = policy(&[("sre", 1), ("business-owners", 1)]);
    let tally = tally(&policy, &[review(1, &["sre", "business-owners"])]);
    assert!(!tally.met);
    assert_eq!(tally.rules.iter().map(|r| r.given.len()).sum::<usize>(), 1);
}

#[test]
fn a_person_of_two_groups_gives_way_to_one_of_a_single_group() {
    let policy = policy(&[("sre", 1), ("business-owners", 1)]);
    // The first would take the seat of `sre`; the second can only sit there.
    let reviews = [review(1, &["sre", "business-owners"]), review(2, &["sre"])];
    let tally = tally(&policy, &reviews);
    assert!(tally.met);
    assert_eq!(tally.rules[0].given, [testing::who(2).email]);
    assert_eq!(tally.rules[1].given, [testing::who(1).email]);
}

#[test]
fn the_same_person_twice_counts_once() {
    let policy = policy(&[("sre", 2)]);
    assert!(!tally(&policy, &[review(1, &["sre"]), review(1, &["sre"])]).met);
}

#[test]
fn a_requester_cannot_approve_or_deny_their_own_request() {
    let request = request(policy(&[("sre", 1)]));
    let groups = [name("sre")];
    let own = Review::supposed(&request.by, &groups, &[]);
    assert_eq!(may_review(&request, &[], &own).unwrap_err().code, "self_review");
    assert_eq!(may_deny(&request, &request.by, &groups).unwrap_err().code, "self_review");
}

#[test]
fn an_approval_that_no_open_rule_can_use_is_refused_and_says_who_is_waited_for() {
    let request = request(policy(&[("sre", 1), ("business-owners", 1)]));
    let stranger = may_review(&request, &[], &review(7, &["finance"])).unwrap_err();
    assert_eq!(stranger.code, "not_an_approver");
    let late = may_review(&request, &[review(2, &["sre"])], &review(3, &["sre"])).unwrap_err();
    assert_eq!(late.code, "not_an_approver");
    assert!(late.way_out.contains("`business-owners`"), "{}", late.way_out);
}

#[test]
fn a_second_review_by_the_same_person_is_refused() {
    let request = request(policy(&[("sre", 2)]));
    let again = may_review(&request, &[review(2, &["sre"])], &review(2, &["sre"])).unwrap_err();
    assert_eq!(again.code, "already_reviewed");
}

#[test]
fn a_member_of_a_met_rule_may_still_help_where_that_frees_somebody_else() {
    let request = request(policy(&[("sre", 1), ("business-owners", 1)]));
    let both = review(2, &["sre", "business-owners"]);
    assert!(may_review(&request, &[both], &review(3, &["sre"])).is_ok());
}

/// As if the other account were known as theirs.
fn also(review: Review, other: u128) -> Review {
    Review { others: vec![testing::who(other).id], ..review }
}

#[test]
fn all_accounts_of_one_person_are_one_person() {
    let two = request(policy(&[("sre", 2)]));
    let code = |reviews: &[Review], review: Review| {
        may_review(&two, reviews, &review).err().map_or("counts".to_owned(), |no| no.code)
    };
    let other_of_requester = Review { others: vec![two.by.id], ..review(5, &["sre"]) };
    assert_eq!(code(&[], other_of_requester), "self_review");
    assert_eq!(code(&[review(2, &["sre"])], also(review(3, &["sre"]), 2)), "already_reviewed");
    assert_eq!(
        code(&[also(review(3, &["sre"]), 2)], review(2, &["sre"])),
        "already_reviewed",
        "either way round"
    );
    assert_eq!(code(&[review(2, &["sre"])], also(review(3, &["sre"]), 4)), "counts");
    assert!(!tally(&two.policy, &[review(2, &["sre"]), also(review(3, &["sre"]), 2)]).met);
    assert!(tally(&two.policy, &[review(2, &["sre"]), also(review(3, &["sre"]), 4)]).met);
}

#[test]
fn who_changed_what_is_asked_does_not_approve_with_any_account_and_may_say_no() {
    let edited = FrozenPolicy {
        editors: vec![Editor { person: testing::who(2).id, until: testing::NOW }],
        ..policy(&[("sre", 1)])
    };
    let request = request(edited);
    for of_the_editor in [review(2, &["sre"]), also(review(3, &["sre"]), 2)] {
        let refusal = may_review(&request, &[], &of_the_editor).unwrap_err();
        assert_eq!(refusal.code, "policy_editor");
        assert!(refusal.way_out.contains(&format!("after {:.0}", testing::NOW)), "{}", refusal.way_out);
        let who = Who { id: of_the_editor.person, email: of_the_editor.email };
        assert!(may_deny(&request, &who, &of_the_editor.groups).is_ok());
    }
    assert!(may_review(&request, &[], &review(4, &["sre"])).is_ok());
}

const GROUPS: [&str; 3] = ["sre", "business-owners", "security"];

/// All ways to give seats to people, tried one by one: the slow truth that the matching must agree with.
fn can_be_met(seats: &[&str], people: &[Vec<&str>], used: &mut Vec<bool>) -> bool {
    let Some((seat, rest)) = seats.split_first() else { return true };
    for i in 0..people.len() {
        if !used[i] && people[i].contains(seat) {
            used[i] = true;
            let met = can_be_met(rest, people, used);
            used[i] = false;
            if met {
                return true;
            }
        }
    }
    false
}

proptest! {
    #[test]
    fn a_policy_is_met_exactly_when_distinct_people_can_fill_every_seat(
        needed in proptest::collection::vec(0_u8..3, 3),
        members in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 3), 0..6),
    ) {
        let rules: Vec<_> = GROUPS.iter().copied().zip(needed.iter().copied()).collect();
        let people: Vec<Vec<&str>> = members
            .iter()
            .map(|m| GROUPS.iter().zip(m).filter(|(_, is)| **is).map(|(g, _)| *g).collect())
            .collect();
        let reviews: Vec<_> = people.iter().enumerate().map(|(i, g)| review(i as u128 + 10, g)).collect();
        let seats: Vec<&str> = rules.iter().flat_map(|(g, n)| std::iter::repeat_n(*g, usize::from(*n))).collect();
        let counted = tally(&policy(&rules), &reviews);
        prop_assert_eq!(counted.met, can_be_met(&seats, &people, &mut vec![false; people.len()]));
        let mut given: Vec<_> = counted.rules.iter().flat_map(|r| r.given.clone()).collect();
        let all = given.len();
        given.sort();
        given.dedup();
        prop_assert_eq!(given.len(), all, "nobody sits twice");
    }
}
