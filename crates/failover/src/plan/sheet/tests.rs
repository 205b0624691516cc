//! What is kept of a plan, what its digest follows, and how two versions are told apart.

use super::*;
use crate::testing::world::{A, B, C, feed, key, known, member, moved_shop, service, shop, weighted};
use crate::testing::{NOW, after, failover, name, region, step_id};
use holdfast_domain::{Facts, Waiver};
use jiff::tz::TimeZone;

fn there() -> PlanKey {
    PlanKey::of(&failover(Mode::Planned))
}

fn digest(sheet: &Sheet) -> Digest {
    sheet.digest(&name("shop"), &there()).unwrap()
}

#[test]
fn there_is_a_plan_for_every_way_and_into_home_only_the_way_back() {
    let words = |picture: &Picture| {
        let all = PlanKey::all(&picture.application);
        all.iter().map(|k| format!("{} {} {}", k.intent.as_str(), k.from, k.to)).collect::<Vec<_>>()
    };
    assert_eq!(words(&shop()), ["failover us-east-1 eu-central-1", "failback eu-central-1 us-east-1"]);
    assert_eq!(words(&feed()).len(), 12, "{:?}", words(&feed()));
}

#[test]
fn what_only_tells_how_things_stand_makes_no_other_plan() {
    let plain = draw(&shop(), &there()).sheet;
    let mut seen = shop();
    let mut copy = member("orders", B, false);
    copy.lag.as_mut().unwrap().milliseconds = 12_345.0;
    seen.observations.insert(key("orders", B), known(Facts::AuroraMember(copy)));
    assert_eq!(digest(&plain), digest(&draw(&seen, &there()).sheet));
    for step in plain.planned.steps() {
        assert_eq!(step.value_now, "", "{}", step.id);
        if let Some(Change::ReplaceRecords { replace, .. }) = step.change() {
            assert!(replace.iter().all(|one| one.old.is_none()), "{}", step.id);
        }
    }
    // A service that has grown and a record with less weight set other values; the plan has the same shape.
    seen.observations.insert(key("front-door", A), known(weighted(A, 90)));
    seen.observations.insert(key("web", A), known(service(9)));
    let other = draw(&seen, &there()).sheet;
    assert_ne!(digest(&plain), digest(&other));
    assert!(plain.has_the_shape_of(&other));
}

#[test]
fn another_inventory_is_another_basis_and_another_plan() {
    let (plain, mut other) = (shop(), shop());
    other.application.resources.retain(|r| r.name != name("web"));
    let (a, b) = (draw(&plain, &there()).sheet, draw(&other, &there()).sheet);
    assert_ne!(digest(&a), digest(&b));
    assert!(!a.has_the_shape_of(&b));
    let of = |p: &Picture| basis(&p.application, &BTreeMap::new(), &p.own, &p.edits).unwrap();
    assert_ne!(of(&plain), of(&other));
    let owner = Picture {
        application: Application { owner: name("somebody-else"), tier: 3, ..plain.application.clone() },
        ..plain.clone()
    };
    assert_eq!(of(&plain), of(&owner), "who owns it changes no step");
}

#[test]
fn versions_are_compared_step_by_step_and_field_by_field() {
    let mut other = shop();
    other.application.objectives.rpo = holdfast_domain::Seconds(60);
    other.application.resources.retain(|r| r.name != name("web"));
    let compared = compare(&draw(&shop(), &there()).sheet, &draw(&other, &there()).sheet);
    let planned = compared.iter().find(|c| c.mode == Mode::Planned).unwrap();
    let said: Vec<String> = planned
        .steps
        .iter()
        .map(|change| match change {
            StepChange::Added { step, .. } => format!("+ {step}"),
            StepChange::Removed { step, .. } => format!("- {step}"),
            StepChange::Moved { step, .. } => format!("> {step}"),
            StepChange::Changed { step, fields, .. } => {
                let fields: Vec<&str> = fields.iter().map(|f| f.field.as_str()).collect();
                format!("~ {step}: {}", fields.join(" "))
            }
        })
        .collect();
    assert!(said.contains(&"- scale-web-eu-central-1".to_owned()), "{said:#?}");
    let lag = said.iter().find(|s| s.starts_with("~ record-lag")).unwrap();
    assert!(lag.contains("work.limit_ms") && lag.contains("after[0]"), "{lag}");
    assert_eq!(compare(&draw(&shop(), &there()).sheet, &draw(&shop(), &there()).sheet), []);
}

#[test]
fn a_step_that_stands_elsewhere_has_moved_and_the_others_have_not() {
    let plain = draw(&shop(), &there()).sheet;
    let mut other = plain.clone();
    let Form::Made { steps, .. } = &mut other.planned else { panic!() };
    let at = steps.iter().position(|s| s.id == step_id("route-assets")).unwrap();
    let step = steps.remove(at);
    steps.push(step);
    let compared = compare(&plain, &other);
    let [only] = compared.as_slice() else { panic!("{compared:?}") };
    assert!(
        matches!(only.steps.as_slice(), [StepChange::Moved { step, .. }] if *step == step_id("route-assets"))
    );
}

#[test]
fn the_lint_notes_a_planned_need_and_fails_an_emergencys_until_it_is_waived_in_time() {
    let mut picture = shop();
    let of = |picture: &Picture, mode: Mode, at: jiff::Timestamp| {
        let sheet = draw(picture, &there()).sheet;
        let found = lint(&sheet, &there(), &picture.application, at);
        found.into_iter().filter(|f| f.mode == mode).map(|f| (f.step.to_string(), f.lint)).collect::<Vec<_>>()
    };
    let planned = of(&picture, Mode::Planned, NOW);
    assert!(planned.contains(&("switch-orders".into(), Lint::Note)), "{planned:?}");
    assert!(planned.iter().all(|(_, lint)| *lint == Lint::Note));
    let door = |picture: &Picture, at| {
        of(picture, Mode::Emergency, at).into_iter().find(|(step, _)| step == "route-front-door").unwrap().1
    };
    assert_eq!(door(&picture, NOW), Lint::Failed);
    picture.application.waivers.push(Waiver {
        step: name("front-door"),
        plane: "route53@us-east-1".into(),
        by: "payments".into(),
        reason: "a person moves the records later".into(),
        review_on: NOW.to_zoned(TimeZone::UTC).date(),
    });
    assert_eq!(door(&picture, NOW), Lint::Waived);
    assert_eq!(door(&picture, after(2 * 86_400)), Lint::Failed, "a waiver ends with the day of its review");
}

#[test]
fn the_rule_by_which_a_load_is_split_stands_in_the_plan() {
    let feed = feed();
    let out = PlanKey { intent: Intent::Failover, from: region(A), to: region(B) };
    let split = draw(&feed, &out).sheet.split.unwrap();
    assert!(split.contains("even shares") && split.contains(B) && split.contains(C), "{split}");
    let mut two = feed;
    two.application.recovery_regions.truncate(1);
    assert!(draw(&two, &out).sheet.split.unwrap().contains("takes the whole load"));
    assert_eq!(draw(&shop(), &there()).sheet.split, None);
}

#[test]
fn a_way_that_cannot_be_gone_now_is_kept_with_its_refusal() {
    let back = PlanKey { intent: Intent::Failback, from: region(B), to: region(A) };
    let mut picture = moved_shop();
    picture.application.resources.retain(|r| r.name != name("orders"));
    assert!(draw(&picture, &back).sheet.planned.refusal().is_none());
    let nowhere = PlanKey { intent: Intent::Failover, from: region(A), to: region(C) };
    let sheet = draw(&shop(), &nowhere).sheet;
    assert_eq!(sheet.planned.refusal().map(|r| r.code.as_str()), Some("unknown_region"));
    let text = serde_json::to_string(&sheet).unwrap();
    assert_eq!(serde_json::from_str::<Sheet>(&text).unwrap(), sheet);
}
