use super::*;
use crate::movement::{Intent, Mode, Movement};
use crate::testing::world::{
    A, B, C, aurora, aurora_facts, dns, ecs, feed, group, key, known, member, moved_shop, plain_record,
    record, route, service, shop, unknown, weighted,
};
use crate::testing::{movement, name, region};
use holdfast_domain::Facts;
use holdfast_domain::facts::Routing;

fn regions(serving: &Serving) -> Vec<&str> {
    serving.regions.iter().map(RegionCode::as_str).collect()
}

fn dns_only(facts: [Option<Facts>; 2]) -> Serving {
    let mut picture = shop();
    picture.application.resources = vec![dns("front-door")];
    picture.observations.clear();
    for (code, facts) in [A, B].into_iter().zip(facts) {
        let sight = facts.map_or_else(|| unknown(None), known);
        picture.observations.insert(key("front-door", code), sight);
    }
    serving(&picture.application, &picture.observations)
}

fn of(code: &str, routing: Routing) -> Option<Facts> {
    Some(Facts::record(Some(record(code, routing))))
}

#[test]
fn each_routing_policy_says_which_regions_it_leads_to() {
    let latency = |code: &str| of(code, Routing::Latency { region: code.into() });
    let out = || Some(Facts::record(None));
    let primary = |code, primary| of(code, Routing::Failover { primary });
    let cases = [
        ([Some(weighted(A, 100)), Some(weighted(B, 0))], vec![A], true),
        ([Some(weighted(A, 1)), Some(weighted(B, 255))], vec![A, B], true),
        ([Some(weighted(A, 0)), Some(weighted(B, 0))], vec![A, B], true),
        ([primary(A, true), primary(B, false)], vec![A], true),
        ([primary(A, false), primary(B, true)], vec![B], true),
        ([out(), primary(B, false)], vec![B], true),
        ([latency(A), latency(B)], vec![A, B], true),
        ([out(), latency(B)], vec![B], true),
        ([out(), out()], vec![], false),
        ([Some(weighted(A, 100)), None], vec![A], false),
        ([None, None], vec![], false),
        ([Some(weighted(A, 100)), primary(B, true)], vec![A, B], false),
    ];
    for (facts, expected, certain) in cases {
        let serving = dns_only(facts.clone());
        assert_eq!((regions(&serving), serving.certain), (expected, certain), "{facts:?}");
        assert_eq!(serving.reasons.is_empty(), certain, "what is not certain has a reason");
    }
}

#[test]
fn a_place_repointed_to_another_region_is_served_from_there() {
    let place =
        |code: &str| Routing::Geolocation { continent: Some(code.into()), country: None, subdivision: None };
    let mut moved = record(A, place("NA"));
    moved.alias = record(B, place("EU")).alias;
    let serving = dns_only([Some(Facts::record(Some(moved))), of(B, place("EU"))]);
    assert_eq!((regions(&serving), serving.certain), (vec![B], true));
    let address = |code: &str| Some(Facts::record(Some(plain_record(code, place(code), "192.0.2.2"))));
    assert!(
        !dns_only([address(A), address(B)]).certain,
        "two places with one address do not say which Region"
    );
}

#[test]
fn all_traffic_together_says_who_serves() {
    let picture = shop();
    let at_home = serving(&picture.application, &picture.observations);
    assert_eq!((regions(&at_home), at_home.certain), (vec![A], true));
    assert_eq!(at_home.writers, [(name("orders"), Some(region(A)))]);
    let moved = moved_shop();
    assert_eq!(regions(&serving(&moved.application, &moved.observations)), [B]);
}

#[test]
fn resources_that_lead_to_different_regions_are_said_to_disagree() {
    let mut picture = shop();
    picture.observations.insert(key("assets", A), known(route(A, 0)));
    picture.observations.insert(key("assets", B), known(route(B, 100)));
    let serving = serving(&picture.application, &picture.observations);
    assert!(serving.disagree && !serving.certain);
    assert_eq!(regions(&serving), [A, B]);
    assert!(serving.reasons[0].contains("front-door leads to us-east-1"), "{:?}", serving.reasons);
}

#[test]
fn without_traffic_resources_the_writer_tells_and_running_tasks_prove_nothing() {
    let mut picture = shop();
    picture.application.resources = vec![aurora("orders"), ecs("web", &[(A, None), (B, None)])];
    let by_writer = serving(&picture.application, &picture.observations);
    assert_eq!((regions(&by_writer), by_writer.certain), (vec![A], true));
    picture.application.resources = vec![ecs("web", &[(A, None), (B, None)])];
    let by_tasks = serving(&picture.application, &picture.observations);
    assert_eq!((regions(&by_tasks), by_tasks.certain), (vec![], false));
}

#[test]
fn a_writer_is_known_only_when_one_is_seen() {
    let mut picture = shop();
    picture.observations.insert(key("orders", A), unknown(Some(aurora_facts("orders", A, true))));
    let serving = serving(&picture.application, &picture.observations);
    assert_eq!(serving.writers, [(name("orders"), None)]);
    assert!(serving.certain, "traffic is seen all the same");
}

fn state(
    picture: &crate::plan::Picture,
    active: Option<&Movement>,
    last: Option<(Intent, &str, &str, bool)>,
) -> RecoveryState {
    let last = last.map(|(intent, from, to, completed)| LastRun {
        movement: movement(intent, Mode::Planned, from, to),
        completed,
    });
    let serving = serving(&picture.application, &picture.observations);
    recovery_state(&picture.application, &serving, &picture.observations, active, last.as_ref())
}

#[test]
fn the_recovery_state_follows_what_is_observed() {
    let away = Some((Intent::Failover, A, B, true));
    let back = Some((Intent::Failback, B, A, true));
    assert_eq!(state(&shop(), None, None), RecoveryState::Steady);
    assert_eq!(state(&shop(), None, back), RecoveryState::Steady);
    assert_eq!(state(&moved_shop(), None, away), RecoveryState::ReadyToFailBack);
    assert_eq!(state(&moved_shop(), None, None), RecoveryState::MovedOutside);
    assert_eq!(
        state(&moved_shop(), None, Some((Intent::Failover, A, B, false))),
        RecoveryState::MovedOutside
    );
    let go = |intent| movement(intent, Mode::Planned, A, B);
    assert_eq!(state(&shop(), Some(&go(Intent::Failover)), None), RecoveryState::FailingOver);
    assert_eq!(state(&shop(), Some(&go(Intent::Failback)), None), RecoveryState::FailingBack);

    let mut resync = moved_shop();
    let mut copy = member("orders", A, false);
    copy.synchronization = Some("pending-resync".into());
    resync.observations.insert(key("orders", A), known(Facts::AuroraMember(copy.clone())));
    assert_eq!(state(&resync, None, away), RecoveryState::Reprotecting);
    resync.observations.insert(key("orders", A), unknown(None));
    assert_eq!(state(&resync, None, away), RecoveryState::FailedOver);

    let mut home_again = shop();
    copy.cluster_arn = crate::testing::world::arn("orders", B);
    home_again.observations.insert(key("orders", B), known(Facts::AuroraMember(copy)));
    assert_eq!(state(&home_again, None, back), RecoveryState::Reprotecting);
}

#[test]
fn a_half_moved_application_is_not_called_steady() {
    let mut split = shop();
    split.observations.insert(key("orders", A), known(aurora_facts("orders", A, false)));
    split.observations.insert(key("orders", B), known(aurora_facts("orders", B, true)));
    assert_eq!(state(&split, None, None), RecoveryState::PartlyMoved);
    let mut both = shop();
    both.observations.insert(key("edge", B), known(group(B, 100, 128)));
    assert_eq!(state(&both, None, None), RecoveryState::PartlyMoved);
}

#[test]
fn what_cannot_be_seen_is_unknown() {
    for resource in ["front-door", "edge", "assets", "orders"] {
        let mut picture = shop();
        picture.observations.insert(key(resource, A), unknown(None));
        assert_eq!(state(&picture, None, None), RecoveryState::Unknown, "{resource}");
    }
    let mut tasks = shop();
    tasks.observations.insert(key("web", A), unknown(Some(service(6))));
    assert_eq!(state(&tasks, None, None), RecoveryState::Steady, "tasks lead no traffic");
}

#[test]
fn an_evacuated_region_is_ours_or_somebody_elses() {
    assert_eq!(state(&feed(), None, None), RecoveryState::Steady);
    let mut picture = feed();
    picture.observations.insert(key("front-door", A), known(Facts::record(None)));
    picture.observations.insert(key("edge", A), known(group(A, 0, 0)));
    assert_eq!(state(&picture, None, None), RecoveryState::PartlyMoved, "the writer is still there");
    for code in [A, B, C] {
        picture.observations.insert(key("posts", code), known(aurora_facts("posts", code, code == B)));
    }
    assert_eq!(state(&picture, None, Some((Intent::Failover, A, B, true))), RecoveryState::Evacuated);
    assert_eq!(state(&picture, None, None), RecoveryState::MovedOutside);
}

#[test]
fn records_are_answered_as_the_routing_controls_of_their_health_checks_say() {
    use crate::testing::switches::{see, switched, tickets};
    let cases = [
        (true, false, vec![A], true),
        (false, true, vec![B], true),
        // Both on: the primary is answered, and the controls lead to both.
        (true, true, vec![A, B], false),
    ];
    for (a, b, expected, certain) in cases {
        let mut picture = tickets();
        see(&mut picture, "switch", A, switched(A, a));
        see(&mut picture, "switch", B, switched(B, b));
        let serving = serving(&picture.application, &picture.observations);
        assert_eq!((regions(&serving), serving.certain), (expected, certain), "{a} {b}");
    }
}

#[test]
fn a_control_that_cannot_be_seen_makes_serving_uncertain() {
    let mut picture = crate::testing::switches::tickets();
    picture.observations.insert(key("switch", B), unknown(None));
    assert!(!serving(&picture.application, &picture.observations).certain);
}

#[test]
fn a_distribution_leads_where_its_origin_groups_try_first() {
    use crate::testing::switches::{distribution, origin, picture, see};
    let mut picture = picture(vec![distribution("cdn")], Default::default());
    for code in [A, B] {
        see(&mut picture, "cdn", code, Facts::DistributionOrigin(origin(code, &[B, A])));
    }
    assert_eq!(regions(&serving(&picture.application, &picture.observations)), [B]);
}

#[test]
fn a_check_that_is_held_out_takes_its_record_out_and_one_that_merely_fails_does_not() {
    use crate::testing::switches::{both, check, health_check, picture, role, see};
    use holdfast_domain::facts::{Checkers, HealthCheck};
    let failing = HealthCheck { checkers: Some(Checkers { healthy: 0, all: 3 }), ..check() };
    let held = HealthCheck { inverted: true, disabled: true, ..check() };
    for (check, expected) in [(check(), A), (failing, A), (held, B)] {
        let resources = vec![dns("front-door"), health_check("guard")];
        let mut picture = picture(resources, both("guard", &Facts::HealthCheck(check)));
        see(&mut picture, "front-door", A, role(A, true));
        see(&mut picture, "front-door", B, role(B, false));
        assert_eq!(regions(&serving(&picture.application, &picture.observations)), [expected]);
    }
}

#[test]
fn a_check_that_is_disabled_no_longer_follows_the_object_that_it_watches() {
    use crate::testing::switches::{both, inverted_check, stoppable};
    use holdfast_domain::facts::HealthCheck;
    for (disabled, expected) in [(false, A), (true, B)] {
        let mut picture = stoppable();
        let check = HealthCheck { disabled, ..inverted_check() };
        picture.observations.extend(both("guard", &Facts::HealthCheck(check)));
        let serving = serving(&picture.application, &picture.observations);
        assert_eq!(regions(&serving), [expected], "disabled: {disabled}");
    }
}

#[test]
fn a_promotion_leaves_two_writers_and_the_one_that_traffic_leads_to_counts() {
    let moved = crate::testing::stores::moved_ledger();
    let with_traffic = serving(&moved.application, &moved.observations);
    assert_eq!(with_traffic.writers[0], (name("books"), Some(region(B))));
    let mut bare = moved;
    bare.application.resources.retain(|r| r.name.as_str() == "books");
    let without = serving(&bare.application, &bare.observations);
    assert_eq!(without.writers, [(name("books"), None)]);
    assert!(!without.certain && without.reasons[0].contains("shows writers in"), "{:?}", without.reasons);
}

#[test]
fn no_application_is_ready_to_fail_back_while_a_store_of_it_is_unprotected() {
    use crate::testing::stores::{archive, bucket, db_arn, moved_ledger, replica, rule, vault_facts};
    let away = Some((Intent::Failover, A, B, true));
    let mut picture = moved_ledger();
    assert_eq!(state(&picture, None, away), RecoveryState::Reprotecting);
    let rebuilt = replica(A, "books-holdfast-1", Some(db_arn(B, "books-replica")));
    picture.observations.insert(key("books", A), known(rebuilt));
    assert_eq!(state(&picture, None, away), RecoveryState::ReadyToFailBack);
    picture.observations.insert(key("postings", A), unknown(None));
    assert_eq!(state(&picture, None, away), RecoveryState::FailedOver);

    let mut restored = archive();
    restored.observations.insert(key("front-door", A), known(weighted(A, 0)));
    restored.observations.insert(key("front-door", B), known(weighted(B, 100)));
    assert_eq!(
        state(&restored, None, away),
        RecoveryState::Reprotecting,
        "nothing backs up what was restored"
    );
    let holdfast_domain::ResourceSpec::BackupVault(spec) = &mut restored.application.resources[1].spec else {
        unreachable!()
    };
    let mut place = spec.per_region[&region(B)].clone();
    place.protected = vec![db_arn(B, "archive")];
    spec.per_region.insert(region(A), place);
    let mut at_home = vault_facts(1, Vec::new());
    at_home.protected[0].resource_arn = db_arn(B, "archive");
    restored.observations.insert(key("backups", A), known(Facts::BackupVault(at_home)));
    assert_eq!(state(&restored, None, away), RecoveryState::ReadyToFailBack);
    restored.observations.insert(key("exports", A), known(bucket(A, vec![rule(A, B)], Vec::new())));
    assert_eq!(
        state(&restored, None, away),
        RecoveryState::Reprotecting,
        "what was written away does not come back"
    );
}

/// Each of the three stores protected, not, and not to be seen: all of it.
#[test]
fn ready_is_said_only_where_every_store_is_protected_and_each_store_says_what_protects_it() {
    use crate::testing::stores::{datastore_member, db_arn, moved_ledger, replica, table_replica};
    let mut unassociated = datastore_member(A, false);
    unassociated.status = Some("creating".into());
    let sights = [
        [
            known(replica(A, "books-holdfast-1", Some(db_arn(B, "books-replica")))),
            known(replica(A, "books", None)),
            unknown(None),
        ],
        [
            known(Facts::TableReplica(table_replica(B, Some("ACTIVE")))),
            known(Facts::TableReplica(table_replica(B, Some("CREATING")))),
            unknown(None),
        ],
        [
            known(Facts::DatastoreMember(datastore_member(A, false))),
            known(Facts::DatastoreMember(unassociated)),
            unknown(None),
        ],
    ];
    let states = [Protected::Yes, Protected::No, Protected::NotKnown];
    for case in 0..27 {
        let which = [case % 3, case / 3 % 3, case / 9];
        let mut picture = moved_ledger();
        for ((store, sights), at) in ["books", "postings", "carts"].iter().zip(&sights).zip(which) {
            picture.observations.insert(key(store, A), sights[at].clone());
        }
        let serving = serving(&picture.application, &picture.observations);
        let stores = protections(&picture.application, &serving, &picture.observations);
        assert_eq!(
            stores.iter().map(|s| s.state).collect::<Vec<_>>(),
            which.map(|at| states[at]),
            "{which:?}"
        );
        assert!(
            stores
                .iter()
                .all(|s| s.sentence.ends_with('.') && (s.state == Protected::Yes) != s.by.is_empty())
        );
        let found = state(&picture, None, Some((Intent::Failover, A, B, true)));
        let expected = if which.contains(&2) {
            RecoveryState::FailedOver
        } else if which.contains(&1) {
            RecoveryState::Reprotecting
        } else {
            RecoveryState::ReadyToFailBack
        };
        assert_eq!(found, expected, "{which:?}");
        let said = found.sentence(&picture.application, &serving, &stores);
        let open = stores.iter().filter(|s| s.state != Protected::Yes);
        assert!(open.clone().all(|s| said.contains(s.store.as_str())), "{said}");
    }
}

#[test]
fn where_it_failed_over_to_may_become_home_and_is_not_done_before_its_stores_are_protected() {
    let away = Some((Intent::Failover, A, B, true));
    let mut picture = moved_shop();
    (picture.application.home_region, picture.application.recovery_regions) = (region(B), vec![region(A)]);
    assert_eq!(state(&picture, None, away), RecoveryState::ReHomed);
    let mut copy = member("orders", A, false);
    copy.synchronization = Some("pending-resync".into());
    picture.observations.insert(key("orders", A), known(Facts::AuroraMember(copy)));
    assert_eq!(state(&picture, None, away), RecoveryState::Reprotecting);
    assert_eq!(state(&picture, None, None), RecoveryState::Steady, "it was never moved");
}
