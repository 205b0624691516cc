//! Which store a setting may mean, and which steps follow from what it says and said.

use super::*;
use crate::movement::Intent;
use crate::plan::{Picture, plan};
use crate::step::Work;
use crate::testing::stores::{ARCHIVE, archive, moved_ledger, vault};
use crate::testing::world::{A, B, key, known, moved_shop, record_setting, setting, setting_facts, shop};
use crate::testing::{failover, movement, region};

/// The shop after a failover that pointed its setting at the store in [`B`].
fn moved() -> Picture {
    let mut picture = moved_shop();
    picture.application.resources.push(setting("database"));
    picture.observations.insert(key("database", B), known(setting_facts("promoted.example.com")));
    picture.before.insert(key("database", B), setting_facts("reader.example.com"));
    picture
}

#[test]
fn a_failback_puts_the_setting_of_the_region_that_it_leaves_back_to_what_it_said() {
    let back = plan(&moved(), &movement(Intent::Failback, Mode::Planned, B, A)).unwrap();
    let step = back.steps.iter().find(|step| step.id.as_str() == "put-back-database").unwrap();
    let to = step.change().and_then(Change::endpoint_of).unwrap();
    assert_eq!(to.endpoint.as_deref(), Some("reader.example.com"));
    assert!(step.after.iter().all(|id| id.as_str() == "confirm-serving"), "{:?}", step.after);
}

#[test]
fn what_tells_no_endpoint_is_not_what_a_setting_may_mean() {
    let mut application = moved_ledger().application;
    application.resources.push(vault("backups"));
    let here = setting("database");
    let ResourceSpec::EndpointSetting(spec) = &here.spec else { unreachable!() };
    assert_eq!(store_of(&application, &here, spec).unwrap().as_str(), "books");
    for cannot in ["carts", "backups"] {
        let spec = EndpointSetting { store: Some(cannot.into()), ..spec.clone() };
        assert!(store_of(&application, &here, &spec).is_err(), "{cannot}");
    }
}

#[test]
fn a_store_that_is_made_anew_is_pointed_at_although_the_setting_says_what_the_old_one_tells() {
    let mut picture = moved_ledger();
    let old = picture.observations[&key("books", A)].known().and_then(Facts::endpoint).unwrap().to_owned();
    let mut here = setting("database");
    let ResourceSpec::EndpointSetting(spec) = &mut here.spec else { unreachable!() };
    spec.per_region = spec.per_region.values().map(|place| (region(A), place.clone())).collect();
    picture.application.resources.push(here);
    picture.observations.insert(key("database", A), known(setting_facts(&old)));
    let back = plan(&picture, &movement(Intent::Failback, Mode::Planned, B, A)).unwrap();
    let step = back.steps.iter().find(|step| step.id.as_str() == "point-database").unwrap();
    assert!(!step.value_to_be.contains(&old), "{}", step.value_to_be);
}

#[test]
fn what_says_already_what_it_said_before_and_what_an_emergency_leaves_get_no_step() {
    let mut stands = moved();
    stands.observations.insert(key("database", B), known(setting_facts("reader.example.com")));
    let planned = movement(Intent::Failback, Mode::Planned, B, A);
    let emergency = movement(Intent::Failback, Mode::Emergency, B, A);
    for (picture, movement) in [(stands, planned), (moved(), emergency)] {
        let back = plan(&picture, &movement).unwrap();
        assert!(back.steps.iter().all(|step| !step.id.as_str().starts_with("put-back")));
    }
}

/// The steps of a plan that point or put back a setting.
fn pointing(picture: &Picture, movement: &crate::movement::Movement) -> Vec<crate::step::Step> {
    let plan = plan(picture, movement).unwrap();
    let points = |work: &Work| matches!(work, Work::Call { change } if change.endpoint_of().is_some());
    plan.steps.into_iter().filter(|step| points(&step.work)).collect()
}

#[test]
fn a_record_is_set_through_route_53_which_an_emergency_is_told_of() {
    for mode in [Mode::Planned, Mode::Emergency] {
        let mut picture = shop();
        picture.application.resources.push(record_setting("database", &[B]));
        picture.observations.insert(key("database", B), known(setting_facts("old.example.com")));
        let plan = plan(&picture, &failover(mode)).unwrap();
        let step = plan.steps.iter().find(|step| step.id.as_str() == "point-database").unwrap();
        assert_eq!((step.kind(), step.plane.as_str()), ("set_record_endpoint", "route53@us-east-1"));
        let told = plan.notes.iter().any(|note| {
            note.starts_with("`point-database` needs route53@us-east-1") && note.contains("emergency")
        });
        assert_eq!(told, mode == Mode::Emergency, "{:?}", plan.notes);
    }
}

#[test]
fn one_record_that_both_regions_read_is_pointed_home_by_a_failback_and_not_put_back_after_that() {
    let mut picture = moved();
    picture.application.resources.retain(|resource| resource.name.as_str() != "database");
    picture.application.resources.push(record_setting("database", &[A, B]));
    for code in [A, B] {
        picture.observations.insert(key("database", code), known(setting_facts("promoted.example.com")));
        picture.before.insert(key("database", code), setting_facts("home.example.com"));
    }
    let steps = pointing(&picture, &movement(Intent::Failback, Mode::Planned, B, A));
    assert_eq!(steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["point-database"]);
}

/// Backup and restore, with a setting of the recovery Region.
fn restored() -> Picture {
    let mut picture = archive();
    picture.application.resources.push(setting("database"));
    picture.observations.insert(key("database", B), known(setting_facts("home.example.com")));
    picture
}

#[test]
fn where_a_move_restores_a_database_the_setting_comes_after_it_and_before_traffic() {
    for mode in [Mode::Planned, Mode::Emergency] {
        let plan = plan(&restored(), &failover(mode)).unwrap();
        let at = |id: &str| plan.steps.iter().position(|step| step.id.as_str() == id).unwrap();
        assert!(at("restore-backups-1") < at("point-database"));
        assert!(at("point-database") < at("route-front-door"));
        let step = &plan.steps[at("point-database")];
        assert_eq!(step.change().and_then(Change::endpoint_of).unwrap().store.as_str(), "backups");
    }
}

#[test]
fn a_vault_is_a_store_to_point_at_only_where_it_protects_one_database_and_a_move_restores_it() {
    let of = |change: &dyn Fn(&mut Picture)| {
        let mut picture = restored();
        change(&mut picture);
        let setting = picture.application.resources.last().unwrap().clone();
        let ResourceSpec::EndpointSetting(spec) = &setting.spec else { unreachable!() };
        store_of(&picture.application, &setting, spec).map(Name::to_string)
    };
    let protects = |picture: &mut Picture, arns: &[&str]| {
        let ResourceSpec::BackupVault(vault) = &mut picture.application.resources[1].spec else {
            unreachable!()
        };
        vault.per_region.get_mut(&region(B)).unwrap().protected =
            arns.iter().map(|a| (*a).to_owned()).collect();
    };
    let bucket = "arn:aws:s3:::exports";
    assert_eq!(of(&|_| {}), Ok("backups".into()));
    assert_eq!(of(&|p| protects(p, &[bucket, ARCHIVE])), Ok("backups".into()));
    assert!(of(&|p| protects(p, &[bucket])).unwrap_err().contains("none with an endpoint"));
    let another = ARCHIVE.replace(":db:", ":cluster:");
    assert!(of(&|p| protects(p, &[ARCHIVE, &another])).unwrap_err().contains("several databases"));
    assert!(of(&|p| p.application.strategy = Strategy::PilotLight).is_err());
}

#[test]
fn where_nothing_is_restored_a_setting_is_left_as_it_is_and_that_is_said() {
    let mut picture = restored();
    let both = record_setting("database", &[A, B]);
    *picture.application.resources.last_mut().unwrap() = both;
    picture.observations.insert(key("database", A), known(setting_facts("home.example.com")));
    let back = plan(&picture, &movement(Intent::Failback, Mode::Emergency, B, A)).unwrap();
    assert!(back.steps.iter().all(|step| step.id.as_str() != "point-database"));
    assert!(back.notes.iter().any(|note| note.contains("database there goes on saying")), "{:?}", back.notes);
}
