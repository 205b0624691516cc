//! What makes an application's plans good, unknown or failed, and what makes it verified.

use super::*;
use crate::digest::Digest;
use crate::movement::Mode;
use crate::plan::Picture;
use crate::plan::sheet::draw;
use crate::testing::world::shop;
use crate::testing::{NOW, after, failover, name, step_id};
use holdfast_domain::{RunId, Waiver};

fn there() -> PlanKey {
    PlanKey::of(&failover(Mode::Planned))
}

fn finding(code: &str, severity: Severity) -> Finding {
    Finding {
        code: code.into(),
        severity,
        resource: None,
        region: None,
        sentence: format!("{code} was found."),
        way_out: "Mend it.".into(),
        seen_at: None,
        evidence: None,
    }
}

fn waiver(step: &str, plane: &str) -> Waiver {
    Waiver {
        step: name(step),
        plane: plane.into(),
        by: "payments".into(),
        reason: "moved by hand later".into(),
        review_on: jiff::civil::date(2100, 1, 1),
    }
}

fn waived() -> Picture {
    let mut picture = shop();
    picture.application.waivers =
        vec![waiver("front-door", "route53@us-east-1"), waiver("edge", "globalaccelerator@us-west-2")];
    picture
}

fn of(picture: &Picture, findings: &[Finding]) -> Evaluation {
    let drawn = draw(picture, &there());
    let plan = Evaluated {
        key: &there(),
        sheet: &drawn.sheet,
        edits: &picture.edits,
        misfits: &drawn.misfits,
        passable: true,
    };
    evaluate(&picture.application, &[plan], findings, NOW)
}

#[test]
fn a_plan_is_good_when_nothing_stands_against_it_and_what_is_waived_is_said() {
    let evaluation = of(&waived(), &[finding("no_probe", Severity::Note)]);
    assert_eq!((evaluation.outcome, evaluation.checks.as_slice()), (Outcome::Good, [].as_slice()));
    assert!(evaluation.notes.iter().any(|n| n.contains("waived by payments")), "{:?}", evaluation.notes);
}

#[test]
fn what_could_not_be_told_is_unknown_and_what_blocks_has_failed() {
    let unknown = of(&waived(), &[finding("not_seen", Severity::Unknown)]);
    assert_eq!((unknown.outcome, unknown.checks[0].topic), (Outcome::Unknown, Topic::Resource));
    let all = [
        finding("not_seen", Severity::Unknown),
        finding("permission_missing", Severity::Blocker),
        finding("quota_below_home", Severity::Blocker),
        finding("standby_empty", Severity::Blocker),
    ];
    let failed = of(&waived(), &all);
    assert_eq!(failed.outcome, Outcome::Failed);
    let topics: Vec<Topic> = failed.checks.iter().map(|c| c.topic).collect();
    assert_eq!(topics, [Topic::Permission, Topic::Capacity, Topic::Quota, Topic::Resource]);
}

#[test]
fn a_failed_lint_and_an_edit_that_no_longer_applies_fail_the_evaluation() {
    let lint = of(&shop(), &[]);
    assert!(lint.outcome == Outcome::Failed && lint.checks.iter().all(|c| c.topic == Topic::Plane));
    let mut picture = waived();
    picture.edits = vec![Edit {
        mode: None,
        edit: crate::plan::edit::Editing::Timeout { step: step_id("nowhere"), seconds: 60 },
    }];
    let edit = of(&picture, &[]);
    assert_eq!((edit.outcome, edit.checks[0].topic), (Outcome::Failed, Topic::Plan));
    assert!(edit.checks[0].sentence.contains("nowhere"), "{}", edit.checks[0].sentence);
}

#[test]
fn an_evaluation_that_is_too_old_or_was_never_made_is_unknown_and_never_good() {
    let good = of(&waived(), &[]);
    let at = |seconds| Evaluation::now(Some((&good, NOW)), after(seconds));
    assert_eq!(at(0), Outcome::Good);
    assert_eq!(at(65 * 60), Outcome::Good);
    assert_eq!(at(65 * 60 + 1), Outcome::Unknown);
    assert_eq!(Evaluation::now(None, NOW), Outcome::Unknown);
}

#[test]
fn verified_is_what_was_rehearsed_lately_unchanged_since_and_well_now() {
    let good = of(&waived(), &[]);
    let basis = |digit: &str| Digest(digit.repeat(64));
    let rehearsal = Rehearsal { run: RunId::fresh(), at: NOW, basis: Some(basis("1")) };
    let standing =
        |of: &str| Standing { version: 7, basis: basis(of), made_by: "ann@example.com".into(), made_at: NOW };
    let same = standing("1");
    let codes = |rehearsal: Option<&Rehearsal>, standing: Option<&Standing>, good, at| {
        let said = verification(1, rehearsal, standing, good, at);
        assert_eq!(said.verified, said.reasons.is_empty());
        assert!(said.reasons.iter().all(|r| !r.way_out.is_empty()));
        said.reasons.into_iter().map(|r| r.code).collect::<Vec<_>>()
    };
    let day = 86_400;
    let evaluated = |at: i64| Some((&good, after(at)));
    let none: Vec<String> = Vec::new();
    assert_eq!(codes(Some(&rehearsal), Some(&same), evaluated(0), NOW), none);
    assert_eq!(codes(None, Some(&same), evaluated(0), NOW), ["never_rehearsed"]);
    assert_eq!(codes(Some(&rehearsal), Some(&standing("2")), evaluated(0), NOW), ["edited_since"]);
    assert_eq!(codes(Some(&rehearsal), None, evaluated(0), NOW), ["no_plan"]);
    let late = after(90 * day + 1);
    assert_eq!(codes(Some(&rehearsal), Some(&same), evaluated(90 * day), late), ["rehearsal_old"]);
    assert_eq!(codes(Some(&rehearsal), Some(&same), None, NOW), ["evaluation_unknown"]);
    let stale = codes(Some(&rehearsal), Some(&same), evaluated(0), after(day));
    assert_eq!(stale, ["evaluation_unknown"]);
    let failed = of(&shop(), &[]);
    assert_eq!(codes(Some(&rehearsal), Some(&same), Some((&failed, NOW)), NOW), ["evaluation_failed"]);
    let forgotten = Rehearsal { basis: None, ..rehearsal };
    assert_eq!(codes(Some(&forgotten), Some(&same), evaluated(0), NOW), ["edited_since"]);
}
