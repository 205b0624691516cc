//! What break-glass lifts, as a table, and who may open, end and review it, and when.

use super::*;
use crate::testing::{NOW, after, who};
use jiff::SignedDuration;

fn later(minutes: i64) -> Timestamp {
    NOW.checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn glass() -> BreakGlass {
    BreakGlass {
        id: BreakGlassId(uuid::Uuid::from_u128(1)),
        holder: who(1),
        reason: "the provider is down and the Region burns".into(),
        incident: None,
        opened_with: OpenedWith::SecondFactor,
        opened_at: NOW,
        expires_at: later(30),
        ended: None,
        reviewed: None,
    }
}

#[test]
fn approval_and_the_checkpoint_are_lifted_and_nothing_else_is() {
    let lifted: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| rule.lifted()).collect();
    assert_eq!(lifted, [Rule::ApprovalByOthers, Rule::CheckpointKept]);
    let mut words: Vec<&str> = Rule::ALL.iter().map(|rule| rule.words()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Rule::ALL.len(), "two rules are told alike");
}

#[test]
fn a_second_factor_or_a_sealed_code_breaks_the_glass_and_a_password_alone_does_not() {
    for (second_factor, sealed_code, with) in [
        (true, false, Some(OpenedWith::SecondFactor)),
        (false, true, Some(OpenedWith::SealedCode)),
        // A code that was given is used up, whatever else there is.
        (true, true, Some(OpenedWith::SealedCode)),
        (false, false, None),
    ] {
        let opened = opened_with(second_factor, sealed_code);
        assert_eq!(opened.as_ref().ok().copied(), with, "{second_factor} {sealed_code}");
        assert!(with.is_some() || opened.unwrap_err().code == "strong_factor_needed");
    }
}

#[test]
fn it_lets_something_start_until_it_expires_or_is_ended_and_not_a_moment_longer() {
    let open = glass();
    let last = later(30).checked_sub(SignedDuration::from_nanos(1)).unwrap();
    let ended = BreakGlass { ended: Some((later(5), "a@example.com".into())), ..glass() };
    for (glass, at, lets) in
        [(&open, NOW, true), (&open, last, true), (&open, later(30), false), (&ended, later(6), false)]
    {
        assert_eq!((glass.is_open(at), glass.mark(at).is_ok()), (lets, lets), "{glass:?} at {at}");
    }
    assert_eq!(open.mark(later(31)).unwrap_err().code, "break_glass_not_open");
    assert_eq!(open.over_since(later(40)), Some(later(30)), "the clock ends it, written down or not");
    assert_eq!(ended.over_since(later(40)), Some(later(5)));
    assert_eq!(open.mark(NOW).unwrap().by, who(1));
}

#[test]
fn its_holder_or_an_administrator_ends_it_while_it_lasts() {
    let code = |by: u128, admin, at| glass().may_end(who(by).id, admin, at).err().map(|no| no.code);
    assert_eq!(code(1, false, later(1)), None);
    assert_eq!(code(2, true, later(1)), None);
    assert_eq!(code(2, false, later(1)).as_deref(), Some("not_the_holder"));
    assert_eq!(code(1, false, later(30)).as_deref(), Some("break_glass_over"));
}

#[test]
fn its_review_is_closed_by_somebody_else_when_it_and_its_runs_are_over() {
    let code = |glass: &BreakGlass, by: u128, runs, at| {
        glass.may_review(who(by).id, &[], runs, at).err().map(|no| no.code)
    };
    let open = glass();
    assert_eq!(code(&open, 2, 0, later(1)).as_deref(), Some("review_not_due"));
    assert_eq!(code(&open, 2, 1, later(31)).as_deref(), Some("review_not_due"));
    assert_eq!(code(&open, 1, 0, later(31)).as_deref(), Some("self_review"));
    assert_eq!(code(&open, 2, 0, later(31)), None);
    let second = open.may_review(who(2).id, &[who(1).id], 0, later(31));
    assert_eq!(second.unwrap_err().code, "self_review", "a second account of the holder's is the holder");
    let reviewed = Reviewed { by: "b@example.com".into(), at: later(40), words: "rightly".into() };
    let closed = BreakGlass { reviewed: Some(reviewed), ..glass() };
    assert_eq!(code(&closed, 2, 0, later(50)).as_deref(), Some("review_closed"));
}

#[test]
fn a_second_factor_that_was_set_up_today_breaks_no_glass() {
    let day = FACTOR_STANDS_FOR;
    let code = |since| factor_stands(since, NOW).err().map(|no| no.code);
    assert_eq!(code(None).as_deref(), Some("factor_too_new"));
    let just_less = NOW.checked_sub(day).unwrap().checked_add(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(code(Some(just_less)).as_deref(), Some("factor_too_new"));
    assert_eq!(code(Some(NOW.checked_sub(day).unwrap())), None);
}

#[test]
fn within_a_day_nobody_breaks_it_twice_by_themselves() {
    let first = BreakGlass { ended: Some((after(3_600), "the clock".into())), ..glass() };
    let again = |with, by, glasses: &[BreakGlass], seconds| {
        opened_again(with, by, &[], glasses, after(seconds)).map_err(|no| no.code)
    };
    let (holder, other) = (first.holder.id, who(77).id);
    let no = Err("review_comes_first".to_owned());
    let unreviewed = std::slice::from_ref(&first);
    assert_eq!(again(OpenedWith::SecondFactor, holder, unreviewed, 4_000), no);
    assert_eq!(again(OpenedWith::SealedCode, holder, unreviewed, 4_000), Ok(()), "somebody else made it");
    assert_eq!(again(OpenedWith::SecondFactor, other, unreviewed, 4_000), Ok(()), "another person's hour");
    assert_eq!(again(OpenedWith::SecondFactor, holder, unreviewed, 24 * 3_600), Ok(()));
    let reviewed = Reviewed { by: "ada@example.com".into(), at: after(4_000), words: "rightly".into() };
    let reviewed = [BreakGlass { reviewed: Some(reviewed), ..first.clone() }];
    assert_eq!(again(OpenedWith::SecondFactor, holder, &reviewed, 4_100), Ok(()));

    let second = |with, glass: &BreakGlass, seconds| {
        let glasses = std::slice::from_ref(glass);
        opened_again(with, other, &[holder], glasses, after(seconds)).map_err(|no| no.code)
    };
    assert_eq!(
        second(OpenedWith::SecondFactor, &unreviewed[0], 4_000),
        no,
        "another account of the holder's"
    );
    assert_eq!(second(OpenedWith::SecondFactor, &glass(), 60), no, "and while the first is open still");
    assert_eq!(second(OpenedWith::SealedCode, &unreviewed[0], 4_000), Ok(()));
    assert_eq!(second(OpenedWith::SecondFactor, &reviewed[0], 4_100), Ok(()));
}
