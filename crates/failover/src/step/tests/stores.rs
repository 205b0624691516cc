//! Promotions, replicas built again, datastores that fail over, restores: against what may be seen.

use super::*;
use crate::testing::movement;
use crate::testing::stores::{
    archive, bucket, datastore_member, db_arn, job, lag, ledger, moved_ledger, replica_member, rule,
    table_replica, vault_facts,
};
use holdfast_domain::facts::{ClusterInstance, DatastoreMember, ReplicaMember};

fn books(change: impl FnOnce(&mut ReplicaMember)) -> Facts {
    let mut member = replica_member(B, "books-replica", Some(db_arn(A, "books")));
    change(&mut member);
    Facts::ReplicaMember(member)
}

fn carts(code: &str, primary: bool, change: impl FnOnce(&mut DatastoreMember)) -> Facts {
    let mut member = datastore_member(code, primary);
    change(&mut member);
    Facts::DatastoreMember(member)
}

#[test]
fn a_replica_is_promoted_once_and_never_while_it_is_backed_up() {
    let id = "promote-books";
    // (what is seen, planned, emergency)
    let cases = [
        (books(|_| {}), "act", "act"),
        (books(|m| m.status = "backing-up".into()), "wait", "wait"),
        (books(|m| m.status = "modifying".into()), "wait", "wait"),
        (books(|m| m.replication = Some("error".into())), "wait", "act"),
        (books(|m| m.source = None), "reached", "reached"),
        (
            books(|m| {
                m.source = None;
                m.status = "rebooting".into();
            }),
            "wait",
            "wait",
        ),
        (books(|m| m.source = Some(db_arn(A, "another"))), "drift", "drift"),
        (books(|m| m.id = "books-replica-holdfast-1".into()), "drift", "drift"),
        (route(B, 0), "drift", "drift"),
    ];
    for (facts, planned, emergency) in cases {
        let check = |mode| from(ledger(), mode).see("books", B, facts.clone()).check(id);
        assert_eq!((check(Mode::Planned), check(Mode::Emergency)), (planned, emergency), "{facts:?}");
    }
    assert_eq!(from(ledger(), Mode::Emergency).lose("books", B).check(id), "unseen");
    assert_eq!(
        from(ledger(), Mode::Emergency).lose("books", A).check(id),
        "act",
        "the old Region may be dark"
    );
}

#[test]
fn a_replica_is_built_under_the_approved_name_only_and_is_there_when_it_has_caught_up() {
    let picture = moved_ledger();
    let movement = movement(crate::Intent::Failback, Mode::Planned, B, A);
    let plan = plan(&picture, &movement).unwrap();
    let step = plan.step(&step_id("rebuild-books-us-east-1")).unwrap();
    let built = |change: &dyn Fn(&mut ReplicaMember)| {
        let mut member = replica_member(A, "books-holdfast-1", Some(db_arn(B, "books-replica")));
        change(&mut member);
        Facts::ReplicaMember(member)
    };
    let old = |next: Option<&str>| {
        let mut member = replica_member(A, "books", None);
        member.next_id = next.map(str::to_owned);
        Facts::ReplicaMember(member)
    };
    let cases = [
        (old(Some("books-holdfast-1")), "act"),
        (old(Some("books-holdfast-2")), "drift"),
        (old(None), "drift"),
        (built(&|m| m.status = "creating".into()), "wait"),
        (built(&|m| m.lag = None), "wait"),
        (built(&|m| m.replication = Some("error".into())), "wait"),
        (built(&|m| m.status = "incompatible-parameters".into()), "stuck"),
        (built(&|_| {}), "reached"),
        (built(&|m| m.source = Some(db_arn(B, "another"))), "drift"),
        (built(&|m| m.source = None), "drift"),
    ];
    for (facts, expected) in cases {
        let seen = observed(&[("books", A, facts.clone())]);
        assert_eq!(word(&step.check(&seen, &plan, &movement, NOW)), expected, "{facts:?}");
    }
}

#[test]
fn a_datastore_fails_over_when_it_is_available_and_its_primary_is_where_it_was() {
    let id = "switch-carts";
    let cases = [
        (carts(A, true, |_| {}), carts(B, false, |_| {}), "act", "act"),
        (carts(A, true, |_| {}), carts(B, false, |m| m.global_status = "modifying".into()), "wait", "wait"),
        (
            carts(A, true, |_| {}),
            carts(B, false, |m| m.global_status = "primary-only".into()),
            "stuck",
            "stuck",
        ),
        (carts(A, true, |_| {}), carts(B, false, |m| m.status = Some("associating".into())), "wait", "act"),
        (carts(A, true, |_| {}), carts(B, false, |m| m.status = None), "unseen", "act"),
        (carts(A, false, |_| {}), carts(B, true, |_| {}), "reached", "reached"),
        (carts(A, true, |_| {}), carts(B, false, |m| m.replication_group = "x".into()), "drift", "drift"),
    ];
    for (home, away, planned, emergency) in cases {
        let check =
            |mode| from(ledger(), mode).see("carts", A, home.clone()).see("carts", B, away.clone()).check(id);
        assert_eq!((check(Mode::Planned), check(Mode::Emergency)), (planned, emergency), "{away:?}");
    }
    assert_eq!(from(ledger(), Mode::Emergency).lose("carts", A).check(id), "act");
    assert_eq!(from(ledger(), Mode::Emergency).lose("carts", B).check(id), "unseen");
}

#[test]
fn a_restore_is_followed_to_its_end_and_begun_anew_only_when_a_person_says_so() {
    let mut picture = archive();
    let old = Facts::BackupVault(vault_facts(5, vec![job("of-another-move", "COMPLETED")]));
    picture.observations.insert(key("backups", B), known(old));
    let scene = from(picture, Mode::Planned);
    let step = scene.step("restore-backups-1");
    // (jobs since the plan, retries, expected)
    type Case = (&'static [(&'static str, &'static str)], u32, &'static str);
    let cases: [Case; 9] = [
        (&[], 0, "act"),
        (&[("one", "PENDING")], 0, "wait"),
        (&[("one", "RUNNING")], 0, "wait"),
        (&[("one", "COMPLETED")], 0, "reached"),
        (&[("one", "FAILED")], 0, "stuck"),
        (&[("one", "FAILED")], 1, "act"),
        (&[("one", "FAILED"), ("two", "RUNNING")], 1, "wait"),
        (&[("one", "FAILED"), ("two", "ABORTED")], 1, "stuck"),
        (&[("one", "FAILED"), ("two", "COMPLETED")], 1, "reached"),
    ];
    for (jobs, retries, expected) in cases {
        let jobs = std::iter::once(job("of-another-move", "COMPLETED"))
            .chain(jobs.iter().map(|(id, status)| job(id, status)));
        let seen = observed(&[("backups", B, Facts::BackupVault(vault_facts(5, jobs.collect())))]);
        let verdict = step.check_retried(&seen, &scene.plan, &scene.movement, NOW, retries);
        assert_eq!(word(&verdict), expected, "{seen:?} {retries}");
    }
    // After its call AWS is asked after the job itself, which tells a failure at once; the list may be late, and what it
    // has may be the job before.
    let ours = vec![job("of-another-move", "COMPLETED"), job("one", "FAILED")];
    let seen = observed(&[("backups", B, Facts::BackupVault(vault_facts(5, ours)))]);
    assert_eq!(word(&step.verify_retried(&seen, &scene.plan, &scene.movement, NOW, 1)), "wait");
    let mut other = vault_facts(5, Vec::new());
    other.vault = "other".into();
    let seen = observed(&[("backups", B, Facts::BackupVault(other))]);
    assert_eq!(word(&step.check(&seen, &scene.plan, &scene.movement, NOW)), "drift");
}

#[test]
fn each_store_says_its_loss_at_the_cut_or_why_it_is_not_known() {
    let seen = |entries: &[(&str, Facts)]| -> ObservationMap {
        entries.iter().map(|(of, facts)| (key(of, B), known(facts.clone()))).collect()
    };
    let of = |facts: Facts| {
        let seen = seen(&[("store", facts)]);
        lags(&[name("store")], &region(B), &seen, NOW).remove(0)
    };
    let apart = of(books(|m| m.source = None));
    assert!(apart.milliseconds.is_none() && apart.reason.unwrap().contains("copies nothing"));
    assert_eq!(of(books(|_| {})).milliseconds, Some(2_000.0));
    assert_eq!(of(carts(B, true, |_| {})).milliseconds, Some(0.0), "the primary is there already");
    let mut table = table_replica(A, Some("ACTIVE"));
    assert_eq!(of(Facts::TableReplica(table.clone())).milliseconds, Some(700.0));
    table.not_asked = vec![A.into()];
    assert_eq!(
        of(Facts::TableReplica(table.clone())).milliseconds,
        None,
        "the worst may be what was not asked"
    );
    table.consistency = holdfast_domain::facts::Consistency::Strong;
    assert_eq!(of(Facts::TableReplica(table)).milliseconds, Some(0.0));
    assert_eq!(of(Facts::BackupVault(vault_facts(5, Vec::new()))).milliseconds, Some(18_000_000.0));
    let mut silent = rule(A, B);
    silent.latency = None;
    assert_eq!(of(bucket(B, Vec::new(), vec![rule(A, B)])).milliseconds, Some(9_000.0));
    assert_eq!(of(bucket(B, Vec::new(), vec![rule(A, B), silent])).milliseconds, None);
}

#[test]
fn only_what_a_move_cuts_off_holds_it_up_while_its_lag_is_not_known() {
    let unmeasured = |picture: Picture| from(picture, Mode::Planned);
    let table = {
        let mut replica = table_replica(A, Some("ACTIVE"));
        replica.lags.clear();
        Facts::TableReplica(replica)
    };
    assert_eq!(unmeasured(ledger()).see("postings", B, table).check("record-lag"), "reached");
    assert_eq!(unmeasured(ledger()).see("books", B, books(|m| m.lag = None)).check("record-lag"), "wait");
    assert_eq!(
        unmeasured(ledger()).see("books", B, books(|m| m.lag = Some(lag(31_000.0)))).check("record-lag"),
        "stuck"
    );
    let old = Facts::BackupVault(vault_facts(25, Vec::new()));
    assert_eq!(unmeasured(archive()).see("backups", B, old).check("record-backups"), "stuck");
}

#[test]
fn stores_are_protected_again_each_in_its_own_way() {
    let id = "confirm-protected";
    let after_the_move = || {
        let mut built = replica_member(A, "books-holdfast-1", Some(db_arn(B, "books-replica")));
        built.lag = None;
        from(ledger(), Mode::Planned)
            .see("books", B, books(|m| m.source = None))
            .see("books", A, Facts::ReplicaMember(built))
            .see("carts", A, carts(A, false, |_| {}))
            .see("carts", B, carts(B, true, |_| {}))
    };
    assert_eq!(after_the_move().check(id), "reached");
    let old = Facts::ReplicaMember(replica_member(A, "books", None));
    assert_eq!(after_the_move().see("books", A, old).check(id), "wait");
    assert_eq!(
        after_the_move()
            .see("carts", A, carts(A, false, |m| m.status = Some("associating".into())))
            .check(id),
        "wait"
    );
    let creating = Facts::TableReplica(table_replica(B, Some("CREATING")));
    assert_eq!(after_the_move().see("postings", A, creating).check(id), "wait");
}

#[test]
fn two_databases_that_take_writes_are_told_apart_while_one_was_promoted_by_the_move() {
    let mut picture = ledger();
    picture.application.resources.retain(|r| r.name.as_str() != "front-door");
    let scene = from(picture, Mode::Planned);
    assert_eq!(scene.check("confirm-serving"), "wait");
    let moved = scene.see("books", B, books(|m| m.source = None)).see("carts", B, carts(B, true, |_| {}));
    let moved = moved.see("carts", A, carts(A, false, |_| {}));
    assert_eq!(moved.check("confirm-serving"), "reached");
}

fn moved_clusters() -> Picture {
    let mut picture = moved_ledger();
    for (code, id) in [(A, "books"), (B, "books-replica")] {
        let mut member = replica_member(code, id, None);
        member.is_cluster = true;
        member.settings.engine = Some("aurora-mysql".into());
        picture.observations.insert(key("books", code), known(Facts::ReplicaMember(member)));
    }
    picture
}

#[test]
fn a_replica_cluster_is_built_and_then_given_an_instance_and_is_there_when_that_copies() {
    let instance = |status: &str| ClusterInstance { id: "books-holdfast-1-1".into(), status: status.into() };
    let at = |change: &dyn Fn(&mut ReplicaMember)| {
        let mut member = replica_member(A, "books-holdfast-1", Some(db_arn(B, "books-replica")));
        member.is_cluster = true;
        member.replication = None;
        member.lag = None;
        change(&mut member);
        Facts::ReplicaMember(member)
    };
    let mut old = replica_member(A, "books", None);
    old.is_cluster = true;
    let old = Facts::ReplicaMember(old);
    // (what is seen, the cluster's step, its instance's step)
    let cases = [
        (old, "act", "drift"),
        (at(&|m| m.status = "creating".into()), "wait", "wait"),
        (at(&|_| {}), "reached", "act"),
        (at(&|m| m.status = "failed".into()), "stuck", "wait"),
        (at(&|m| m.source = Some(db_arn(B, "another"))), "drift", "act"),
        (at(&|m| m.source = None), "drift", "drift"),
        (at(&|m| m.instances = vec![instance("creating")]), "reached", "wait"),
        (at(&|m| m.instances = vec![instance("incompatible-parameters")]), "reached", "stuck"),
        (at(&|m| m.instances = vec![instance("available")]), "reached", "wait"),
        (
            at(&|m| {
                m.instances = vec![instance("available")];
                m.lag = Some(lag(900.0));
            }),
            "reached",
            "reached",
        ),
    ];
    for (facts, cluster, equip) in cases {
        let check = |id: &str| {
            let (picture, movement) =
                (moved_clusters(), movement(crate::Intent::Failback, Mode::Planned, B, A));
            let plan = plan(&picture, &movement).unwrap();
            Scene { plan, movement, seen: picture.observations }.see("books", A, facts.clone()).check(id)
        };
        let told = (check("rebuild-books-us-east-1"), check("equip-books-us-east-1"));
        assert_eq!(told, (cluster, equip), "{facts:?}");
    }
}
