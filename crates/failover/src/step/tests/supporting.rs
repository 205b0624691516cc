//! What the recovery Region must have: stacks that are built, and settings that name a store.

use super::*;
use crate::testing::stores::{archive, job, vault_facts};
use crate::testing::world::{record_setting, setting, setting_facts, stack_facts};

/// The shop with a setting that names the store in [`B`].
fn pointed(mode: Mode) -> Scene {
    let mut picture = shop();
    picture.application.resources.push(setting("database"));
    picture.observations.insert(key("database", B), known(setting_facts("old.example.com")));
    from(picture, mode)
}

#[test]
fn an_endpoint_is_resolved_from_the_store_when_it_writes_there_and_only_then_set() {
    let id = "point-database";
    assert_eq!(pointed(Mode::Planned).check(id), "wait");
    let promoted = || pointed(Mode::Planned).see("orders", B, aurora_facts("orders", B, true));
    let scene = promoted();
    let verdict = scene.step(id).check(&scene.seen, &scene.plan, &scene.movement, NOW);
    let Verdict::Act(Change::SetParameterEndpoint { to, parameter, key, .. }) = verdict else {
        panic!("a call was expected, not {verdict:?}")
    };
    assert_eq!((parameter.as_str(), key.as_deref()), ("/shop/database", Some("host")));
    assert_eq!(to.endpoint.as_deref(), Some("orders.cluster.eu-central-1.rds.amazonaws.com"));
    assert_eq!(to.on_version.as_deref(), Some("3"));
    let set = setting_facts("orders.cluster.eu-central-1.rds.amazonaws.com");
    assert_eq!(promoted().see("database", B, set.clone()).check(id), "reached");
    assert_eq!(promoted().see("database", B, set).verify(id), "reached");
    assert_eq!(promoted().verify(id), "wait");
    assert_eq!(promoted().lose("database", B).check(id), "unseen");
    assert_eq!(promoted().see("database", B, Facts::Setting { setting: None }).check(id), "stuck");
}

#[test]
fn a_setting_that_cannot_be_read_or_written_is_for_a_person() {
    let with = |change: &dyn Fn(&mut holdfast_domain::facts::SettingFacts)| {
        let Facts::Setting { setting: Some(mut setting) } = setting_facts("old.example.com") else {
            unreachable!()
        };
        change(&mut setting);
        pointed(Mode::Emergency)
            .see("orders", B, aurora_facts("orders", B, true))
            .see("database", B, Facts::Setting { setting: Some(setting) })
            .check("point-database")
    };
    assert_eq!(with(&|_| {}), "act");
    assert_eq!(with(&|s| s.is_replica = true), "stuck");
    let unreadable = with(&|s| {
        s.endpoint = None;
        s.not_told = Some("what stands there is no endpoint".into());
    });
    assert_eq!(unreadable, "stuck");
}

#[test]
fn a_setting_needs_its_store_looked_at_and_an_emergency_does_not_wait_for_it_beforehand() {
    let scene = pointed(Mode::Emergency);
    let looks = scene.step("point-database").looks_at(&scene.plan);
    let looked: Vec<_> = looks.keys().map(Name::as_str).collect();
    assert_eq!(looked, ["database", "orders"]);
    assert_eq!(pointed(Mode::Emergency).lose("database", B).check("observe-again"), "reached");
    assert_eq!(pointed(Mode::Planned).lose("database", B).check("observe-again"), "unseen");
}

/// The archive with a setting that names what is restored in [`B`], where a restore of an earlier move stands.
fn restored(mode: Mode) -> Scene {
    let mut picture = archive();
    picture.application.resources.push(record_setting("database", &[B]));
    picture.observations.insert(key("database", B), known(setting_facts("home.example.com")));
    let vault = vault_facts(5, vec![job("of-another-move", "COMPLETED")]);
    picture.observations.insert(key("backups", B), known(Facts::BackupVault(vault)));
    from(picture, mode)
}

#[test]
fn a_restored_database_is_pointed_at_when_its_own_job_has_ended_and_tells_where_it_is() {
    let id = "point-database";
    for mode in [Mode::Planned, Mode::Emergency] {
        let with = |status: &str, spoil: &dyn Fn(&mut holdfast_domain::facts::RestoreJob)| {
            let mut ours = job("ours", status);
            spoil(&mut ours);
            let jobs = vec![job("of-another-move", "COMPLETED"), ours];
            restored(mode).see("backups", B, Facts::BackupVault(vault_facts(5, jobs)))
        };
        assert_eq!(restored(mode).check(id), "wait", "only the restore of another move is there");
        assert_eq!(with("RUNNING", &|_| {}).check(id), "wait");
        assert_eq!(with("FAILED", &|_| {}).check(id), "wait");
        assert_eq!(with("COMPLETED", &|job| job.endpoint = None).check(id), "wait");
        let untold = |job: &mut holdfast_domain::facts::RestoreJob| {
            (job.endpoint, job.not_told) = (None, Some("RDS could not be asked".into()));
        };
        assert_eq!(with("COMPLETED", &untold).check(id), "unseen");

        let scene = with("COMPLETED", &|_| {});
        let verdict = scene.step(id).check(&scene.seen, &scene.plan, &scene.movement, NOW);
        let Verdict::Act(Change::SetRecordEndpoint { hosted_zone_id, record, to, .. }) = verdict else {
            panic!("a call was expected, not {verdict:?}")
        };
        assert_eq!((hosted_zone_id.as_str(), record.as_str()), ("Z0PRIVATE", "database.shop.internal"));
        assert_eq!((to.endpoint.as_deref(), to.on_version.as_deref()), (Some("ours.example.com"), Some("3")));
        let set = with("COMPLETED", &|_| {}).see("database", B, setting_facts("ours.example.com"));
        assert_eq!((set.check(id), set.verify(id)), ("reached", "reached"));
    }
}

#[test]
fn a_setting_that_says_so_already_gets_no_step() {
    let mut picture = shop();
    picture.application.resources.push(setting("database"));
    let set = setting_facts("orders.cluster.eu-central-1.rds.amazonaws.com");
    picture.observations.insert(key("database", B), known(set));
    let plan = plan(&picture, &failover(Mode::Planned)).unwrap();
    assert!(plan.steps.iter().all(|step| step.kind() != "set_parameter_endpoint"));
}

/// One step that builds a stack, in a plan made when the stack stood like this.
fn building(update: bool, stood: &Facts) -> Scene {
    let mut scene = scene(Mode::Planned);
    let build = crate::change::StackBuild {
        stack: "platform-recovery".into(),
        template_url: "https://templates.example.com/platform.yaml".into(),
        parameters: Default::default(),
        role_arn: None,
    };
    let region = region(B);
    let change =
        if update { Change::UpdateStack { region, build } } else { Change::CreateStack { region, build } };
    let mut step = scene.plan.steps[0].clone();
    step.id = step_id("build-platform");
    step.resource = Some(name("platform"));
    step.work = Work::Call { change };
    scene.plan.steps.push(step);
    let before = crate::plan::Before {
        resource: name("platform"),
        region: crate::testing::region(B),
        facts: stood.clone(),
    };
    scene.plan.before.push(before);
    scene.see("platform", B, stood.clone())
}

#[test]
fn a_stack_is_created_once_and_followed_until_it_is_complete() {
    let absent = Facts::Stack { stack: None };
    let id = "build-platform";
    for (facts, check, verify) in [
        (absent.clone(), "act", "wait"),
        (stack_facts("CREATE_IN_PROGRESS", 0), "wait", "wait"),
        (stack_facts("CREATE_COMPLETE", 0), "reached", "reached"),
        (stack_facts("ROLLBACK_IN_PROGRESS", 0), "stuck", "stuck"),
        (stack_facts("ROLLBACK_COMPLETE", 0), "stuck", "stuck"),
    ] {
        let scene = || building(false, &absent).see("platform", B, facts.clone());
        assert_eq!((scene().check(id), scene().verify(id)), (check, verify), "{facts:?}");
    }
}

#[test]
fn a_stack_is_updated_from_where_it_stood_and_nothing_to_update_is_reached() {
    let stood = stack_facts("CREATE_COMPLETE", -500);
    let id = "build-platform";
    for (facts, check, verify) in [
        (stood.clone(), "act", "reached"),
        (stack_facts("UPDATE_IN_PROGRESS", 0), "wait", "wait"),
        (stack_facts("UPDATE_COMPLETE", 0), "reached", "reached"),
        (stack_facts("UPDATE_ROLLBACK_COMPLETE", 0), "stuck", "stuck"),
        (stack_facts("UPDATE_ROLLBACK_FAILED", 0), "stuck", "stuck"),
        (Facts::Stack { stack: None }, "drift", "drift"),
    ] {
        let scene = || building(true, &stood).see("platform", B, facts.clone());
        assert_eq!((scene().check(id), scene().verify(id)), (check, verify), "{facts:?}");
    }
}

#[test]
fn an_update_that_was_rolled_back_is_made_again_when_a_person_says_so_and_never_taken_for_done() {
    let stood = stack_facts("CREATE_COMPLETE", -500);
    for (status, check) in [("UPDATE_ROLLBACK_COMPLETE", "act"), ("UPDATE_ROLLBACK_FAILED", "stuck")] {
        let Scene { plan, movement, seen } =
            building(true, &stood).see("platform", B, stack_facts(status, 0));
        let step = plan.step(&step_id("build-platform")).unwrap();
        assert_eq!(word(&step.check_retried(&seen, &plan, &movement, NOW, 1)), check, "{status}");
        assert_eq!(word(&step.verify_retried(&seen, &plan, &movement, NOW, 1)), "stuck", "{status}");
    }
}
