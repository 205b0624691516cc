//! Isolated drills: what is raised and restored beside production is taken away again, and nothing else is touched.

use super::*;
use crate::change::Change;
use crate::step::Verdict;
use crate::testing::NOW;
use crate::testing::compute::fulfilment;
use crate::testing::stores::{archive, db_arn, job, ledger, vault_facts};
use holdfast_domain::{ObservationMap, ResourceKind};

fn drill() -> Movement {
    movement(Intent::Drill, Mode::Planned, A, B)
}

/// What an isolated drill may be made of. Of everything else there is to change in AWS it makes nothing.
fn stays_beside(plan: &Plan) -> bool {
    plan.steps.iter().filter_map(Step::change).all(Change::stays_beside_production)
}

#[test]
fn a_drill_of_a_warm_standby_raises_probes_and_lowers() {
    insta::assert_snapshot!(text(&planned(&fulfilment(), &drill())));
}

#[test]
fn a_drill_of_backup_and_restore_restores_to_a_name_of_its_own_and_deletes_that() {
    let plan = planned(&archive(), &drill());
    insta::assert_snapshot!(text(&plan));
    assert_eq!(plan.drill, Some(Drill::Isolated));
    let made = plan.step(&crate::testing::step_id("restore-backups-1")).unwrap().change().unwrap();
    let Change::StartRestoreJob { metadata, .. } = made else { panic!("{made:?}") };
    let deleted = plan.step(&crate::testing::step_id("delete-backups-1")).unwrap().change().unwrap();
    let Change::DeleteRestored { database, made_by, .. } = deleted else { panic!("{deleted:?}") };
    assert_eq!(metadata["DBInstanceIdentifier"], *database);
    assert_eq!(made_by.as_str(), "restore-backups-1");
    assert!(database.starts_with("archive-drill-") && database.len() <= 63, "{database}");
}

#[test]
fn each_drill_gives_another_name_and_a_plan_that_stands_the_same() {
    let name_of = |picture: &Picture| {
        let plan = planned(picture, &drill());
        plan.steps
            .iter()
            .find_map(|s| match s.change()? {
                Change::DeleteRestored { database, .. } => Some(database.clone()),
                _ => None,
            })
            .unwrap()
    };
    let mut after_one = archive();
    after_one
        .observations
        .insert(key("backups", B), known(Facts::BackupVault(vault_facts(3, vec![job("1", "COMPLETED")]))));
    assert_eq!(name_of(&archive()), name_of(&archive()));
    assert_ne!(name_of(&archive()), name_of(&after_one));
}

#[test]
fn where_every_region_serves_a_drill_only_looks() {
    let plan = planned(&feed(), &drill());
    assert!(plan.steps.iter().all(|s| s.change().is_none()), "{}", text(&plan));
    assert!(plan.notes.iter().any(|n| n.contains("is production")), "{:?}", plan.notes);
}

#[test]
fn stores_that_copies_follow_are_looked_at_and_no_more() {
    let plan = planned(&ledger(), &drill());
    assert!(stays_beside(&plan));
    assert!(plan.step(&crate::testing::step_id("record-lag")).is_some());
    for store in ["books", "postings", "carts"] {
        assert!(plan.notes.iter().any(|n| n.starts_with(store) && n.contains("not promoted")), "{store}");
        assert!(plan.steps.iter().all(|s| s.change().is_none() || s.resource != Some(name(store))));
    }
}

#[test]
fn a_drill_goes_nowhere_that_serves() {
    assert_eq!(code(&shop(), &movement(Intent::Drill, Mode::Planned, B, A)), "already_serving");
    let mut unsure = shop();
    unsure.observations.insert(key("front-door", A), unknown(None));
    assert_eq!(code(&unsure, &drill()), "not_ready");
}

#[test]
fn a_live_leg_and_a_real_move_have_other_digests() {
    let digest = |drill: Option<Drill>| {
        let mut request = crate::testing::request();
        request.plan.drill = drill;
        request.digest_now().unwrap()
    };
    let of = holdfast_domain::RunId::fresh();
    let each = [
        digest(None),
        digest(Some(Drill::There { lasts: holdfast_domain::Seconds(900) })),
        digest(Some(Drill::There { lasts: holdfast_domain::Seconds(901) })),
        digest(Some(Drill::Back { of })),
    ];
    let different: BTreeSet<_> = each.iter().collect();
    assert_eq!(different.len(), each.len());
}

/// Every lowering step of a drill looks like a raise to the plan that it stands in: what it takes back stood before.
#[test]
fn what_was_raised_is_lowered_and_what_was_not_is_left() {
    let picture = fulfilment();
    let plan = planned(&picture, &drill());
    let lowers: Vec<&Step> = plan.steps.iter().filter(|s| s.id.as_str().starts_with("lower")).collect();
    assert!(lowers.len() >= 4, "{}", text(&plan));
    let mut raised: ObservationMap = picture.observations.clone();
    for step in plan.steps.iter().take_while(|s| !s.id.as_str().starts_with("lower")) {
        let (Some(change), Some(of)) = (step.change(), &step.resource) else { continue };
        let at = (of.clone(), region(B));
        let facts = raised[&at].known().unwrap().clone();
        raised.insert(at, known(crate::plan::compute::changed(facts, change)));
    }
    for step in lowers {
        let of = step.resource.clone().unwrap();
        let alone = |seen: &ObservationMap| step.check(seen, &plan, &drill(), NOW);
        // As raised it acts; once it stands as before, it does not.
        assert!(matches!(alone(&raised), Verdict::Act(_)), "{}: {:?}", step.id, alone(&raised));
        let as_before = picture.observations.clone();
        let verdict = alone(&as_before);
        assert!(matches!(verdict, Verdict::Reached { .. }), "{} of {of}: {verdict:?}", step.id);
    }
}

#[test]
fn a_deletion_is_of_what_aws_says_this_runs_own_job_has_made() {
    let picture = archive();
    let plan = planned(&picture, &drill());
    let step = plan.steps.iter().find(|s| s.kind() == "delete_restored").unwrap();
    let Some(Change::DeleteRestored { database, .. }) = step.change() else { unreachable!() };
    let made = |id: &str, of: &str, stands: Option<&str>| {
        let mut made = job(id, "COMPLETED");
        made.created_resource_arn = Some(db_arn(B, of));
        made.stands = stands.map(str::to_owned);
        made
    };
    let verdict = |jobs: Vec<holdfast_domain::facts::RestoreJob>| {
        let mut seen = picture.observations.clone();
        seen.insert(key("backups", B), known(Facts::BackupVault(vault_facts(3, jobs))));
        step.check(&seen, &plan, &drill(), NOW)
    };
    assert!(matches!(verdict(vec![made("1", database, Some("available"))]), Verdict::Act(_)));
    for (jobs, what) in [
        (vec![], "nothing was restored"),
        (vec![made("1", "archive", Some("available"))], "another name"),
        (vec![made("1", database, None)], "gone"),
    ] {
        assert!(matches!(verdict(jobs), Verdict::Reached { .. }), "{what}");
    }
    assert!(matches!(verdict(vec![made("1", database, Some("deleting"))]), Verdict::Wait { .. }));
    assert!(matches!(verdict(vec![job("1", "RUNNING")]), Verdict::Wait { .. }));
    let mut unasked = made("1", database, None);
    unasked.not_told = Some("denied".into());
    assert!(matches!(verdict(vec![unasked]), Verdict::Unseen { .. }));
}

#[test]
fn every_strategy_has_a_drill_that_stays_beside_production() {
    for picture in [shop(), fulfilment(), ledger(), archive(), feed()] {
        let plan = planned(&picture, &drill());
        assert!(stays_beside(&plan), "{}", text(&plan));
        let traffic = |s: &Step| {
            let kind =
                s.resource.as_ref().and_then(|r| picture.application.resource(r)).map(|r| r.spec.kind());
            s.change().is_some()
                && kind.is_some_and(|k| crate::serving::steers(k) || k == ResourceKind::EndpointSetting)
        };
        assert!(!plan.steps.iter().any(traffic), "{}", text(&plan));
        assert_eq!(plan.steps.last().unwrap().id.as_str(), "confirm-untouched");
    }
}
