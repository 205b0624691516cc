//! Whatever is seen of the stores: what a plan of them keeps.

use super::*;
use holdfast_domain::Sight;
use proptest::prelude::{Just, ProptestConfig, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::{BoxedStrategy, Strategy as Gen};

fn a_database(code: &'static str, id: &'static str, other: String) -> BoxedStrategy<Facts> {
    let source = prop_oneof![2 => Just(None), 3 => Just(Some(other))];
    let status = prop_oneof![5 => Just("available"), 1 => Just("backing-up"), 1 => Just("rebooting")];
    let replication = prop_oneof![5 => Just("replicating"), 1 => Just("error")];
    (source, status, replication, any::<bool>(), proptest::bool::weighted(0.9))
        .prop_map(move |(source, status, replication, newer, named)| {
            let id = if newer { format!("{id}-holdfast-1") } else { id.to_owned() };
            let mut member = replica_member(code, &id, source);
            member.status = status.into();
            member.replication = member.source.is_some().then(|| replication.into());
            if !named {
                member.next_id = None;
            }
            Facts::ReplicaMember(member)
        })
        .boxed()
}

fn a_table(from: &'static str) -> BoxedStrategy<Facts> {
    prop_oneof![5 => Just(Some("ACTIVE")), 1 => Just(Some("CREATING")), 1 => Just(None)]
        .prop_map(move |status| Facts::TableReplica(table_replica(from, status)))
        .boxed()
}

fn a_cache(code: &'static str, primary: bool) -> BoxedStrategy<Facts> {
    let state = prop_oneof![5 => Just("associated"), 1 => Just("associating")];
    let global = prop_oneof![5 => Just("available"), 1 => Just("modifying")];
    (state, global)
        .prop_map(move |(state, global)| {
            let mut member = datastore_member(code, primary);
            member.status = Some(state.into());
            member.global_status = global.into();
            Facts::DatastoreMember(member)
        })
        .boxed()
}

fn a_vault() -> BoxedStrategy<Facts> {
    (any::<bool>(), any::<bool>())
        .prop_map(|(held, read)| {
            let mut vault = vault_facts(3, Vec::new());
            let newest = vault.protected[0].newest.take().filter(|_| held);
            vault.protected[0].newest = newest.map(|mut point| {
                point.metadata = point.metadata.filter(|_| read);
                point
            });
            Facts::BackupVault(vault)
        })
        .boxed()
}

fn a_case() -> impl Gen<Value = (Picture, Movement)> {
    let cache = any::<bool>().prop_flat_map(|home| (a_cache(A, home), a_cache(B, !home)));
    let facts = (
        a_database(A, "books", db_arn(B, "books-replica")),
        a_database(B, "books-replica", db_arn(A, "books")),
        a_table(B),
        a_table(A),
        cache,
        a_vault(),
    );
    let how = (any::<bool>(), prop_oneof![Just(Intent::Failover), Just(Intent::Failback)]);
    let dark_at = proptest::option::weighted(0.3, prop_oneof![Just(A), Just(B)]);
    (facts, how, any::<bool>(), any::<bool>(), dark_at).prop_map(
        |(
            (home, away, table, table_away, (cache, cache_away), vault),
            (planned, intent),
            moved,
            restores,
            dark_at,
        )| {
            let mut picture = match (restores, moved) {
                (true, _) => archive(),
                (false, true) => moved_ledger(),
                (false, false) => ledger(),
            };
            let seen = [
                ("books", A, home),
                ("books", B, away),
                ("postings", A, table),
                ("postings", B, table_away),
                ("carts", A, cache),
                ("carts", B, cache_away),
                ("backups", B, vault),
            ];
            for (resource, code, facts) in seen {
                if let Some(sight) = picture.observations.get_mut(&key(resource, code)) {
                    *sight = Sight::Known { at: picture.now, facts };
                }
            }
            let picture = dark_at.map_or(picture.clone(), |code| dark(picture, code));
            let mode = if planned { Mode::Planned } else { Mode::Emergency };
            let (from, to) = if intent == Intent::Failback { (B, A) } else { (A, B) };
            (picture, movement(intent, mode, from, to))
        },
    )
}

/// Every store whose loss a step seals has been measured before it.
fn measured_before(plan: &Plan, step: &Step) -> bool {
    let before = comes_after(plan, step.id.as_str());
    plan.steps.iter().any(|s| match &s.work {
        Work::RecordLag { stores, .. } => {
            before.contains(&s.id.as_str()) && step.resource.as_ref().is_some_and(|r| stores.contains(r))
        }
        _ => false,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn nothing_is_lost_unmeasured_and_nothing_planned_is_promoted_without_its_data((picture, movement) in a_case()) {
        let Ok(plan) = plan(&picture, &movement) else { return Ok(()) };
        for step in &plan.steps {
            match step.change() {
                Some(Change::PromoteReplica { instance, region }) => {
                    prop_assert!(step.irreversible && measured_before(&plan, step), "{}", text(&plan));
                    let built = plan.steps.iter().any(|s| matches!(s.change(), Some(Change::CreateReplica { instance: i, region: r, .. }) if i == instance && r == region)
                        && comes_after(&plan, step.id.as_str()).contains(&s.id.as_str()));
                    let copies = plan.stood(&name("books"), region).and_then(|f| f.follows());
                    // Last seen as the source of the other: then the step finds it promoted, and calls nothing.
                    let source = plan.stood(&name("books"), &movement.from).and_then(|f| f.follows());
                    let planned = movement.mode == Mode::Planned;
                    prop_assert!(!planned || built || copies == Some(true) || source.is_some(), "{}", text(&plan));
                    let waits = comes_after(&plan, step.id.as_str()).contains(&"catch-up-books");
                    prop_assert_eq!(waits, planned, "{}", text(&plan));
                }
                Some(Change::FailDatastoreOver { .. } | Change::StartRestoreJob { .. }) => {
                    prop_assert!(measured_before(&plan, step), "{}", text(&plan));
                }
                Some(Change::CreateReplica { .. }) => {
                    prop_assert_eq!(movement.mode, Mode::Planned);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn an_emergency_calls_nothing_in_the_region_that_it_leaves((picture, movement) in a_case()) {
        let Ok(plan) = plan(&picture, &movement) else { return Ok(()) };
        if movement.mode == Mode::Emergency {
            let left = format!("@{}", movement.from);
            // Where names are led is told in us-east-1 alone, and what needs it says so.
            let needs = |plane: &str| plane.ends_with(&left) && !plane.starts_with("route53@");
            prop_assert!(!plan.steps.iter().any(|s| s.plane.split(", ").any(needs)), "{}", text(&plan));
        }
    }

    #[test]
    fn it_is_the_same_each_time_and_each_no_helps((picture, movement) in a_case()) {
        prop_assert_eq!(plan(&picture, &movement), plan(&picture, &movement));
        if let Err(refusal) = plan(&picture, &movement) {
            prop_assert!(refusal.sentence.ends_with('.') && refusal.way_out.ends_with('.'), "{:?}", refusal);
        }
    }
}

#[test]
fn the_generated_stores_reach_plans_of_every_sort() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..3000 {
        let (picture, movement) = a_case().new_tree(&mut runner).unwrap().current();
        match plan(&picture, &movement) {
            Err(refusal) => *reached.entry(format!("refused {}", refusal.code)).or_default() += 1,
            Ok(plan) => {
                for kind in plan.steps.iter().filter(|s| s.change().is_some()).map(Step::kind) {
                    *reached.entry(format!("step {kind}")).or_default() += 1;
                }
            }
        }
    }
    for kind in [
        "step promote_replica",
        "step create_replica",
        "step fail_datastore_over",
        "step start_restore_job",
        "refused not_ready",
        "refused not_ready_to_fail_back",
    ] {
        assert!(reached.get(kind).is_some_and(|n| *n >= 40), "{kind} is too rare in {reached:#?}");
    }
}
