//! What each kind of store may lack, with its gravity.

use super::*;
use crate::testing::stores::{
    archive, bucket, datastore_member, db_arn, lag, ledger, moved_ledger, replica, replica_member, rule,
    table_replica, vault_facts,
};
use holdfast_domain::facts::{
    Consistency, LeftBehind, ReplicaMember, ReplicationRule, TableReplica, VaultFacts,
};
use holdfast_domain::{ResourceSpec, Seconds};

fn books(change: impl FnOnce(&mut ReplicaMember)) -> Picture {
    let mut picture = ledger();
    let mut copy = replica_member(B, "books-replica", Some(db_arn(A, "books")));
    change(&mut copy);
    picture.observations.insert(key("books", B), known(Facts::ReplicaMember(copy)));
    picture
}

fn postings(change: impl FnOnce(&mut TableReplica)) -> Picture {
    let mut picture = ledger();
    let mut replica = table_replica(A, Some("ACTIVE"));
    change(&mut replica);
    picture.observations.insert(key("postings", B), known(Facts::TableReplica(replica)));
    picture
}

fn exports(change: impl FnOnce(&mut ReplicationRule)) -> Picture {
    let mut picture = archive();
    let mut there = rule(A, B);
    change(&mut there);
    let rules = if there.enabled { vec![there.clone()] } else { Vec::new() };
    picture.observations.insert(key("exports", A), known(bucket(A, rules.clone(), vec![rule(B, A)])));
    picture.observations.insert(key("exports", B), known(bucket(B, vec![rule(B, A)], vec![there])));
    picture
}

fn backups(hours: i64, change: impl FnOnce(&mut VaultFacts)) -> Picture {
    let mut picture = archive();
    let mut vault = vault_facts(hours, Vec::new());
    change(&mut vault);
    picture.observations.insert(key("backups", B), known(Facts::BackupVault(vault)));
    picture
}

fn place(change: impl FnOnce(&mut holdfast_domain::resource::VaultPlace)) -> Picture {
    let mut picture = archive();
    let ResourceSpec::BackupVault(spec) = &mut picture.application.resources[1].spec else { unreachable!() };
    change(spec.per_region.get_mut(&region(B)).unwrap());
    picture
}

#[test]
fn stores_in_order_are_noted_at_most() {
    for picture in [ledger(), archive()] {
        let of_stores: Vec<_> = grave(&picture)
            .into_iter()
            .filter(|(code, _)| !["objective_outside_strategy", "no_lag_alarm"].contains(&code.as_str()))
            .collect();
        assert_eq!(of_stores, [], "{}", picture.application.strategy.words());
    }
    let notes: Vec<_> = found(&ledger()).into_iter().map(|f| f.code).collect();
    assert!(notes.contains(&"promotion_is_one_way".to_owned()), "{notes:?}");
}

#[test]
fn each_lack_of_a_store_is_found_with_its_gravity() {
    use Severity::{Blocker, Unknown, Warning};
    let cases: Vec<(Picture, &str, Severity)> = vec![
        (books(|m| m.replication = Some("error".into())), "copy_not_connected", Blocker),
        (books(|m| m.replication = Some("stopped".into())), "copy_not_connected", Blocker),
        (books(|m| m.lag = Some(lag(31_000.0))), "lag_above_rpo", Blocker),
        (books(|m| m.lag = None), "lag_not_measured", Unknown),
        (books(|m| m.status = "backing-up".into()), "database_not_available", Warning),
        (books(|m| m.settings.class = Some("db.t4g.medium".into())), "smaller_instance", Warning),
        (books(|m| m.next_id = None), "no_name_for_a_replica", Warning),
        (
            books(|m| m.left_behind = vec![LeftBehind { id: "old".into(), takes_writes: true }]),
            "old_database_takes_writes",
            Warning,
        ),
        (moved_ledger(), "no_copy", Blocker),
        (postings(|r| r.status = None), "replica_missing", Blocker),
        (postings(|r| r.status = Some("CREATING".into())), "copy_not_connected", Blocker),
        (postings(|r| r.not_asked = vec![A.into()]), "lag_not_measured", Unknown),
        (postings(|r| r.lags[0].lag = lag(40_000.0)), "lag_above_rpo", Blocker),
        (
            {
                let mut picture = ledger();
                picture.application.objectives.rpo = Seconds(0);
                picture
            },
            "mode_cannot_meet_rpo",
            Blocker,
        ),
        (
            {
                let mut picture = ledger();
                let mut member = datastore_member(B, false);
                member.status = Some("associating".into());
                picture.observations.insert(key("carts", B), known(Facts::DatastoreMember(member)));
                picture
            },
            "copy_not_connected",
            Blocker,
        ),
        (exports(|r| r.enabled = false), "not_replicated", Blocker),
        (exports(|r| r.latency = None), "lag_not_measured", Unknown),
        (exports(|r| r.operations_failed = Some(3.0)), "replication_failed", Warning),
        (
            exports(|r| {
                r.metrics = false;
                r.time_control = false;
            }),
            "replication_not_measured",
            Unknown,
        ),
        (backups(25, |_| {}), "backup_too_old", Blocker),
        (backups(5, |v| v.protected[0].newest = None), "backup_missing", Blocker),
        (
            backups(5, |v| v.protected[0].newest.as_mut().unwrap().metadata = None),
            "restore_parameters_not_known",
            Unknown,
        ),
        (place(|p| p.restore_role_arn = None), "no_restore_role", Blocker),
        (place(|p| p.protected.clear()), "nothing_protected", Blocker),
    ];
    for (picture, code, severity) in cases {
        let grave = grave(&picture);
        assert!(grave.contains(&(code.to_owned(), severity)), "{code}: {grave:?}");
    }
}

#[test]
fn an_old_backup_blocks_only_where_it_is_restored() {
    let mut picture = backups(25, |_| {});
    picture.application.strategy = Strategy::WarmStandby;
    assert!(grave(&picture).iter().all(|(code, _)| code != "backup_too_old"), "{:?}", grave(&picture));
}

#[test]
fn a_bucket_that_is_not_copied_back_is_a_warning_before_any_failback() {
    let mut picture = archive();
    picture.observations.insert(key("exports", A), known(bucket(A, vec![rule(A, B)], Vec::new())));
    assert!(grave(&picture).contains(&("no_reverse_rule".to_owned(), Severity::Warning)));
}

#[test]
fn strong_consistency_loses_nothing_and_needs_no_measurement() {
    let mut picture = ledger();
    picture.application.objectives.rpo = Seconds(0);
    for code in [A, B] {
        let mut replica = table_replica(A, Some("ACTIVE"));
        replica.consistency = Consistency::Strong;
        replica.lags.clear();
        picture.observations.insert(key("postings", code), known(Facts::TableReplica(replica)));
    }
    let of_table = |f: &Finding| {
        f.resource.as_ref().is_some_and(|r| r.as_str() == "postings") && f.code != "no_lag_alarm"
    };
    assert!(!found(&picture).iter().any(of_table), "{:?}", found(&picture));
}

#[test]
fn a_replica_in_a_region_without_one_is_missing() {
    let mut picture = ledger();
    let ResourceSpec::RdsReadReplica(spec) = &mut picture.application.resources[1].spec else {
        unreachable!()
    };
    spec.per_region.remove(&region(B));
    assert!(grave(&picture).contains(&("copy_missing".to_owned(), Severity::Blocker)));
    picture = ledger();
    picture.observations.insert(key("books", A), known(replica(A, "books", Some(db_arn(B, "other")))));
    assert!(grave(&picture).contains(&("writer_not_known".to_owned(), Severity::Blocker)));
}
