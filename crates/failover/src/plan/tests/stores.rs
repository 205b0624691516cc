//! Pilot light and backup and restore: replicas that are promoted once, tables without a writer, datastores, and
//! restores whose every parameter is approved.

mod fences;
mod generated;

use super::*;
use crate::change::Change;
use crate::testing::step_id;
use crate::testing::stores::{
    ARCHIVE, archive, bucket, datastore_member, db_arn, ledger, moved_ledger, replica, replica_member, rule,
    table_replica, vault_facts,
};
use holdfast_domain::ResourceSpec;
use holdfast_domain::facts::LeftBehind;

fn back(mode: Mode) -> Movement {
    movement(Intent::Failback, mode, B, A)
}

fn dark(mut picture: Picture, code: &str) -> Picture {
    let seen: Vec<_> = picture.observations.keys().filter(|(_, r)| r.as_str() == code).cloned().collect();
    for key in seen {
        let last = picture.observations[&key].known().cloned();
        picture.observations.insert(key, unknown(last));
    }
    picture
}

fn change<'a>(plan: &'a Plan, id: &str) -> &'a Change {
    plan.step(&step_id(id)).and_then(|s| s.change()).unwrap_or_else(|| panic!("{id}: {}", text(plan)))
}

#[test]
fn a_planned_failover_of_a_pilot_light() {
    insta::assert_snapshot!(text(&planned(&ledger(), &failover(Mode::Planned))));
}

#[test]
fn an_emergency_failover_of_a_pilot_light_whose_region_is_dark() {
    insta::assert_snapshot!(text(&planned(&dark(ledger(), A), &failover(Mode::Emergency))));
}

#[test]
fn a_failback_of_a_pilot_light_begins_with_a_new_replica() {
    insta::assert_snapshot!(text(&planned(&moved_ledger(), &back(Mode::Planned))));
}

#[test]
fn a_planned_failover_by_restoring_backups() {
    insta::assert_snapshot!(text(&planned(&archive(), &failover(Mode::Planned))));
}

#[test]
fn an_emergency_failover_by_restoring_backups() {
    insta::assert_snapshot!(text(&planned(&dark(archive(), A), &failover(Mode::Emergency))));
}

#[test]
fn a_restore_is_approved_to_its_last_parameter_and_the_inventory_has_the_last_word() {
    let plan = planned(&archive(), &failover(Mode::Planned));
    let Change::StartRestoreJob { metadata, role_arn, resource_arn, .. } = change(&plan, "restore-backups-1")
    else {
        panic!("{}", text(&plan))
    };
    assert_eq!((resource_arn.as_str(), role_arn.ends_with("role/holdfast-restore")), (ARCHIVE, true));
    assert_eq!(metadata["DBInstanceIdentifier"], "archive");
    assert_eq!(
        metadata["DBSubnetGroupName"], "recovery",
        "as the backup says it, it is of the Region that was left"
    );
    assert!(comes_after(&plan, "restore-backups-1").contains(&"record-backups"));
    assert!(comes_after(&plan, "scale-web-eu-central-1").contains(&"restore-backups-1"));
}

#[test]
fn a_newer_backup_voids_no_approval_and_a_missing_one_does() {
    let facts = planned(&archive(), &failover(Mode::Planned)).facts;
    let mut picture = archive();
    let mut newer = vault_facts(1, Vec::new());
    newer.protected[0].newest.as_mut().unwrap().arn.push('9');
    picture.observations.insert(key("backups", B), known(Facts::BackupVault(newer.clone())));
    assert_eq!(planned(&picture, &failover(Mode::Planned)).facts, facts);
    newer.protected[0].newest = None;
    picture.observations.insert(key("backups", B), known(Facts::BackupVault(newer)));
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
    assert_ne!(planned(&picture, &failover(Mode::Emergency)).facts, facts);
}

#[test]
fn what_a_restore_lacks_is_refused_when_planned_and_said_in_an_emergency() {
    let no_role = |p: &mut Picture| {
        let ResourceSpec::BackupVault(spec) = &mut p.application.resources[1].spec else { unreachable!() };
        spec.per_region.get_mut(&region(B)).unwrap().restore_role_arn = None;
    };
    let no_metadata = |p: &mut Picture| {
        let mut vault = vault_facts(5, Vec::new());
        vault.protected[0].newest.as_mut().unwrap().metadata = None;
        p.observations.insert(key("backups", B), known(Facts::BackupVault(vault)));
    };
    type Case<'a> = (&'a dyn Fn(&mut Picture), &'a str);
    let cases: [Case<'_>; 2] =
        [(&no_role, "restore_role_arn"), (&no_metadata, "GetRecoveryPointRestoreMetadata")];
    for (spoil, word) in cases {
        let mut picture = archive();
        spoil(&mut picture);
        assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
        let plan = planned(&picture, &failover(Mode::Emergency));
        assert!(plan.notes.iter().any(|n| n.contains(word)), "{:?}", plan.notes);
        assert!(plan.steps.iter().all(|s| s.kind() != "start_restore_job"));
    }
}

#[test]
fn without_a_vault_in_the_target_nothing_moves_there() {
    let mut picture = archive();
    let ResourceSpec::BackupVault(spec) = &mut picture.application.resources[1].spec else { unreachable!() };
    let place = spec.per_region.remove(&region(B)).unwrap();
    spec.per_region.insert(region(A), place);
    picture.observations.insert(key("backups", A), known(Facts::BackupVault(vault_facts(5, Vec::new()))));
    for mode in [Mode::Planned, Mode::Emergency] {
        assert_eq!(code(&picture, &failover(mode)), "not_ready");
    }
    // On the way back the original may still stand at home: an emergency goes to it and says what it lacks.
    assert_eq!(code(&archive(), &back(Mode::Planned)), "not_ready_to_fail_back");
    let plan = planned(&archive(), &back(Mode::Emergency));
    assert!(plan.notes.iter().any(|n| n.contains("nothing is restored there")), "{:?}", plan.notes);
}

#[test]
fn a_warm_standby_restores_nothing_from_its_backups() {
    let mut picture = archive();
    picture.application.strategy = Strategy::WarmStandby;
    let plan = planned(&picture, &failover(Mode::Planned));
    assert!(plan.steps.iter().all(|s| s.kind() != "start_restore_job"));
    assert!(plan.notes.iter().any(|n| n.contains("restores none of them")), "{:?}", plan.notes);
}

#[test]
fn a_promotion_is_never_lossless_on_a_replica_that_does_not_replicate() {
    for (intent, expected) in [(Intent::Failover, "not_ready"), (Intent::Failback, "not_ready_to_fail_back")]
    {
        let mut picture = ledger();
        let mut copy = replica_member(B, "books-replica", Some(db_arn(A, "books")));
        copy.replication = Some("error".into());
        let go = if intent == Intent::Failback {
            picture = moved_ledger();
            copy = replica_member(A, "books-holdfast-1", Some(db_arn(B, "books-replica")));
            copy.replication = Some("error".into());
            picture.observations.insert(key("books", A), known(Facts::ReplicaMember(copy)));
            back(Mode::Planned)
        } else {
            picture.observations.insert(key("books", B), known(Facts::ReplicaMember(copy)));
            failover(Mode::Planned)
        };
        assert_eq!(code(&picture, &go), expected);
        let emergency = Movement { mode: Mode::Emergency, ..go };
        assert!(planned(&picture, &emergency).notes.iter().any(|n| n.contains("more may be lost")));
    }
}

#[test]
fn an_emergency_way_back_takes_what_stands_at_home_and_says_what_it_lacks() {
    let plan = planned(&dark(moved_ledger(), B), &back(Mode::Emergency));
    assert!(plan.steps.iter().all(|s| !s.id.as_str().starts_with("promote-")), "{}", text(&plan));
    assert!(plan.notes.iter().any(|n| n.contains("copies nothing")), "{:?}", plan.notes);
    let recorded = plan.step(&step_id("record-lag")).map(|s| s.work.clone());
    assert!(
        matches!(recorded, Some(Work::RecordLag { stores, .. }) if stores.contains(&name("books"))),
        "its loss is recorded as not known"
    );
}

#[test]
fn a_replica_that_was_rebuilt_already_is_promoted_without_another() {
    let mut picture = moved_ledger();
    let mut built = replica_member(A, "books-holdfast-1", Some(db_arn(B, "books-replica")));
    built.left_behind = vec![LeftBehind { id: "books".into(), takes_writes: true }];
    picture.observations.insert(key("books", A), known(Facts::ReplicaMember(built)));
    let plan = planned(&picture, &back(Mode::Planned));
    assert!(plan.step(&step_id("rebuild-books-us-east-1")).is_none(), "{}", text(&plan));
    assert!(
        matches!(change(&plan, "promote-books"), Change::PromoteReplica { instance, .. } if instance == "books-holdfast-1")
    );
    // And what is left gets a copy of what serves then.
    let Change::CreateReplica { instance, source_arn, .. } = change(&plan, "rebuild-books-eu-central-1")
    else {
        panic!("{}", text(&plan))
    };
    assert_eq!(instance, "books-replica-holdfast-1");
    assert_eq!(*source_arn, db_arn(A, "books-holdfast-1"));
}

#[test]
fn a_way_back_without_a_free_name_or_of_a_cluster_says_what_people_must_do() {
    for spoil in [
        |m: &mut holdfast_domain::facts::ReplicaMember| m.next_id = None,
        |m: &mut holdfast_domain::facts::ReplicaMember| m.is_cluster = true,
    ] {
        let mut picture = moved_ledger();
        let mut old = replica_member(A, "books", None);
        spoil(&mut old);
        picture.observations.insert(key("books", A), known(Facts::ReplicaMember(old)));
        assert_eq!(code(&picture, &back(Mode::Planned)), "not_ready_to_fail_back");
    }
}

#[test]
fn a_store_that_others_have_moved_already_needs_no_step() {
    let mut picture = ledger();
    picture.observations.insert(key("books", B), known(replica(B, "books-replica", None)));
    picture
        .observations
        .insert(key("books", A), known(replica(A, "books-holdfast-1", Some(db_arn(B, "books-replica")))));
    picture.observations.insert(key("carts", A), known(Facts::DatastoreMember(datastore_member(A, false))));
    picture.observations.insert(key("carts", B), known(Facts::DatastoreMember(datastore_member(B, true))));
    let plan = planned(&picture, &failover(Mode::Planned));
    let stores = ["promote_replica", "create_replica", "fail_datastore_over"];
    assert!(plan.steps.iter().all(|s| !stores.contains(&s.kind())), "{}", text(&plan));
}

#[test]
fn a_datastore_that_cannot_fail_over_stops_a_planned_move() {
    type Spoil = fn(&mut holdfast_domain::facts::DatastoreMember);
    let spoils: [Spoil; 2] =
        [|m| m.status = Some("associating".into()), |m| m.global_status = "modifying".into()];
    for spoil in spoils {
        let mut picture = ledger();
        let mut member = datastore_member(B, false);
        spoil(&mut member);
        picture.observations.insert(key("carts", B), known(Facts::DatastoreMember(member)));
        assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
        assert!(plan(&picture, &failover(Mode::Emergency)).is_ok());
    }
}

#[test]
fn a_table_must_be_where_traffic_goes() {
    for (status, planned_code, emergency) in
        [(None, "not_ready", false), (Some("CREATING"), "not_ready", true)]
    {
        let mut picture = ledger();
        picture.observations.insert(key("postings", B), known(Facts::TableReplica(table_replica(A, status))));
        assert_eq!(code(&picture, &failover(Mode::Planned)), planned_code);
        assert_eq!(plan(&picture, &failover(Mode::Emergency)).is_ok(), emergency);
    }
}

#[test]
fn a_failback_rests_on_buckets_that_are_copied_back() {
    let mut picture = archive();
    let ResourceSpec::BackupVault(spec) = &mut picture.application.resources[1].spec else { unreachable!() };
    let mut place = spec.per_region[&region(B)].clone();
    place.protected = vec![db_arn(B, "archive")];
    spec.per_region.insert(region(A), place);
    let mut at_home = vault_facts(2, Vec::new());
    at_home.protected[0].resource_arn = db_arn(B, "archive");
    picture.observations.insert(key("backups", A), known(Facts::BackupVault(at_home)));
    assert!(plan(&picture, &back(Mode::Planned)).is_ok());
    picture.observations.insert(key("exports", A), known(bucket(A, vec![rule(A, B)], Vec::new())));
    assert_eq!(code(&picture, &back(Mode::Planned)), "not_ready_to_fail_back");
    let plan = planned(&picture, &back(Mode::Emergency));
    assert!(plan.notes.iter().any(|n| n.contains("no enabled rule")), "{:?}", plan.notes);
}

#[test]
fn confirming_waits_only_for_what_can_come() {
    let protected = |plan: &Plan| {
        plan.steps.iter().find_map(|s| match &s.work {
            Work::ConfirmProtected { stores, .. } => {
                Some(stores.iter().map(|n| n.as_str().to_owned()).collect::<Vec<_>>())
            }
            _ => None,
        })
    };
    let plan = planned(&ledger(), &failover(Mode::Planned));
    assert_eq!(protected(&plan).unwrap(), ["books", "carts", "postings"]);
    assert!(comes_after(&plan, "confirm-protected").contains(&"rebuild-books-us-east-1"));
    let mut cluster = ledger();
    for (code, id, source) in [(A, "books", None), (B, "books-replica", Some(db_arn(A, "books")))] {
        let mut member = replica_member(code, id, source);
        member.is_cluster = true;
        cluster.observations.insert(key("books", code), known(Facts::ReplicaMember(member)));
    }
    let plan = planned(&cluster, &failover(Mode::Planned));
    assert_eq!(protected(&plan).unwrap(), ["carts", "postings"]);
    assert!(plan.notes.iter().any(|n| n.contains("by hand, called books-holdfast-1")), "{:?}", plan.notes);
    let mut one_way = archive();
    one_way.observations.insert(key("exports", B), known(bucket(B, Vec::new(), vec![rule(A, B)])));
    one_way.observations.insert(key("exports", A), known(bucket(A, vec![rule(A, B)], Vec::new())));
    let plan = planned(&one_way, &failover(Mode::Planned));
    assert_eq!(protected(&plan), None);
    assert!(plan.notes.iter().any(|n| n.contains("copied nowhere")), "{:?}", plan.notes);
}

/// [`moved_ledger`] with clusters in both Regions.
fn moved_clusters(engine: &str) -> Picture {
    let mut picture = moved_ledger();
    for (code, id) in [(A, "books"), (B, "books-replica")] {
        let mut member = replica_member(code, id, None);
        member.is_cluster = true;
        member.arn = member.arn.replace(":db:", ":cluster:");
        member.settings.engine = Some(engine.into());
        picture.observations.insert(key("books", code), known(Facts::ReplicaMember(member)));
    }
    picture
}

#[test]
fn the_way_back_of_a_cluster_is_a_replica_cluster_and_an_instance_for_it_to_copy_with() {
    let plan = planned(&moved_clusters("aurora-mysql"), &back(Mode::Planned));
    let Change::CreateReplicaCluster { cluster, source_arn, settings, .. } =
        change(&plan, "rebuild-books-us-east-1")
    else {
        panic!("{}", text(&plan))
    };
    assert_eq!(cluster, "books-holdfast-1");
    assert!(source_arn.ends_with(":cluster:books-replica"), "{source_arn}");
    assert_eq!(settings.engine.as_deref(), Some("aurora-mysql"));
    let Change::CreateClusterInstance { cluster, instance, class, .. } =
        change(&plan, "equip-books-us-east-1")
    else {
        panic!("{}", text(&plan))
    };
    assert_eq!((cluster.as_str(), instance.as_str()), ("books-holdfast-1", "books-holdfast-1-1"));
    assert!(class.starts_with("db."), "{class}");
    assert!(comes_after(&plan, "equip-books-us-east-1").contains(&"rebuild-books-us-east-1"));
    assert!(comes_after(&plan, "promote-books").contains(&"equip-books-us-east-1"));
    assert!(
        matches!(change(&plan, "promote-books"), Change::PromoteReplicaCluster { cluster, .. } if cluster == "books-holdfast-1")
    );
    // And what is left is given a copy again, at last.
    assert!(comes_after(&plan, "confirm-protected").contains(&"equip-books-eu-central-1"));
}

#[test]
fn a_cluster_that_cannot_copy_across_regions_says_what_people_must_do() {
    let refusal = plan(&moved_clusters("aurora-postgresql"), &back(Mode::Planned)).unwrap_err();
    assert_eq!(refusal.code, "not_ready_to_fail_back");
    assert!(refusal.sentence.contains("aurora-postgresql"), "{}", refusal.sentence);
    assert!(refusal.way_out.contains("Build books-holdfast-1 in us-east-1"), "{}", refusal.way_out);
}
