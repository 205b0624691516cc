//! What was seen, what failed, and which of two looks counts.

use crate::{entry, furnished, name, region};
use holdfast_domain::facts::EcsServiceFacts;
use holdfast_domain::{AccountId, Facts, Name, NotSeen, Observed, RegionCode};
use holdfast_store::{AccountProbe, AccountRole, AccountTrust, LagPoint, Look, Store};
use jiff::{SignedDuration, Timestamp};

fn facts(running: u32) -> Facts {
    Facts::EcsService(EcsServiceFacts {
        desired: 6,
        running,
        pending: 0,
        rollout: Some("COMPLETED".into()),
        status: "ACTIVE".into(),
        ..EcsServiceFacts::default()
    })
}

fn look(at: Timestamp, outcome: Result<Facts, NotSeen>) -> Look {
    Look { application: name("shop"), resource: name("web"), region: region("eu-central-1"), at, outcome }
}

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + n).unwrap()
}

async fn web(store: &Store) -> Option<Observed> {
    let all = store.observations(&name("shop")).await.unwrap();
    all.get(&(name("web"), region("eu-central-1"))).cloned()
}

#[tokio::test]
async fn a_failure_keeps_what_was_seen_and_a_success_clears_the_failure() {
    let (_database, store) = furnished().await;
    assert_eq!(web(&store).await, None);
    store.record_observations(&[look(second(1), Ok(facts(6)))]).await.unwrap();
    store.record_observations(&[look(second(2), Err("throttled".into()))]).await.unwrap();
    let both = Observed { seen: Some((second(1), facts(6))), failed: Some((second(2), "throttled".into())) };
    assert_eq!(web(&store).await, Some(both));
    store.record_observations(&[look(second(3), Ok(facts(5)))]).await.unwrap();
    assert_eq!(web(&store).await, Some(Observed { seen: Some((second(3), facts(5))), failed: None }));
}

#[tokio::test]
async fn that_something_is_not_there_is_kept_apart_from_a_look_that_failed() {
    let (database, store) = furnished().await;
    let absent = || NotSeen { reason: "no service web".into(), absent: true };
    let failed = |at, why: NotSeen| Some(Observed { seen: None, failed: Some((at, why)) });
    store.record_observations(&[look(second(1), Err(absent()))]).await.unwrap();
    assert_eq!(web(&store).await, failed(second(1), absent()));
    store.record_observations(&[look(second(2), Err("throttled".into()))]).await.unwrap();
    assert_eq!(web(&store).await, failed(second(2), "throttled".into()));
    store.record_observations(&[look(second(3), Err(absent()))]).await.unwrap();
    // As the version before this one records a failure.
    sqlx::query("UPDATE observations SET failed_at = failed_at + interval '1 second', reason = 'throttled'")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    assert_eq!(web(&store).await, failed(second(4), "throttled".into()));
}

#[tokio::test]
async fn an_older_look_never_replaces_a_newer_one() {
    let (_database, store) = furnished().await;
    store.record_observations(&[look(second(5), Ok(facts(6)))]).await.unwrap();
    store.record_observations(&[look(second(4), Err("late".into()))]).await.unwrap();
    store.record_observations(&[look(second(3), Ok(facts(1))), look(second(2), Ok(facts(2)))]).await.unwrap();
    assert_eq!(web(&store).await, Some(Observed { seen: Some((second(5), facts(6))), failed: None }));
    // Of two in one batch the newer one counts.
    store
        .record_observations(&[look(second(7), Ok(facts(3))), look(second(6), Err("earlier".into()))])
        .await
        .unwrap();
    assert_eq!(web(&store).await, Some(Observed { seen: Some((second(7), facts(3))), failed: None }));
}

#[tokio::test]
async fn looks_at_what_is_not_in_the_inventory_are_dropped_and_the_rest_of_the_batch_is_kept() {
    let (_database, store) = furnished().await;
    let gone = Look { resource: name("gone"), ..look(second(1), Ok(facts(1))) };
    store.record_observations(&[gone, look(second(1), Ok(facts(6)))]).await.unwrap();
    let all = store.all_observations().await.unwrap();
    let keys: Vec<&(Name, RegionCode)> = all[&name("shop")].keys().collect();
    assert_eq!(keys, [&(name("web"), region("eu-central-1"))]);
}

#[tokio::test]
async fn facts_that_cannot_be_read_back_are_a_failed_look_and_hide_nothing_else() {
    let (database, store) = furnished().await;
    let other = Look { region: region("us-east-1"), ..look(second(1), Ok(facts(6))) };
    store.record_observations(&[look(second(1), Ok(facts(6))), other]).await.unwrap();
    sqlx::query(
        "UPDATE observations SET facts = '{\"of\": \"a newer thing\"}' WHERE region = 'eu-central-1'",
    )
    .execute(&mut database.owner().await)
    .await
    .unwrap();
    let broken = web(&store).await.unwrap();
    assert_eq!(broken.seen, None);
    assert!(broken.failed.unwrap().1.reason.contains("cannot be read back"));
    let all = store.observations(&name("shop")).await.unwrap();
    assert!(all[&(name("web"), region("us-east-1"))].seen.is_some());
}

#[tokio::test]
async fn lag_is_a_series_that_is_pruned_by_age() {
    let (_database, store) = furnished().await;
    let now = store.now().await.unwrap();
    let point = |hours_ago: i64, milliseconds| LagPoint {
        resource: name("orders"),
        region: region("eu-central-1"),
        at: Timestamp::from_millisecond((now - SignedDuration::from_hours(hours_ago)).as_millisecond())
            .unwrap(),
        milliseconds,
    };
    let points = [point(30, 5.0), point(2, 120.5), point(1, f64::NAN), point(0, 80.0)];
    let of_shop: Vec<_> = points.iter().map(|point| (name("shop"), point.clone())).collect();
    store.record_lag(&of_shop).await.unwrap();
    let series = store.lag_series(&name("shop"), now - SignedDuration::from_hours(48)).await.unwrap();
    assert_eq!(series, [points[0].clone(), points[1].clone(), points[3].clone()]);
    assert_eq!(store.prune(24).await.unwrap().lag_points, 1);
    let series = store.lag_series(&name("shop"), now - SignedDuration::from_hours(48)).await.unwrap();
    assert_eq!(series, points[1..2].iter().chain(&points[3..]).cloned().collect::<Vec<_>>());
}

#[tokio::test]
async fn the_last_answer_of_each_role_of_an_account_is_kept() {
    let (_database, store) = furnished().await;
    let probe = |role, at, answer: Result<&str, &str>| AccountProbe {
        account: AccountId::parse("222222222222").unwrap(),
        role,
        at: second(at),
        answer: answer.map(str::to_owned).map_err(str::to_owned),
    };
    store.record_account_probe(&probe(AccountRole::Read, 1, Ok("arn:one"))).await.unwrap();
    store.record_account_probe(&probe(AccountRole::Act, 2, Err("denied"))).await.unwrap();
    store.record_account_probe(&probe(AccountRole::Read, 3, Err("denied"))).await.unwrap();
    store.record_account_probe(&probe(AccountRole::Read, 2, Ok("arn:late"))).await.unwrap();
    let probes = store.account_probes().await.unwrap();
    assert_eq!(
        probes,
        [probe(AccountRole::Read, 3, Err("denied")), probe(AccountRole::Act, 2, Err("denied"))]
    );
}

#[tokio::test]
async fn whether_a_role_demands_its_external_id_is_kept_with_since_when() {
    let (_database, store) = furnished().await;
    let found = |at, demands_external_id| AccountTrust {
        account: AccountId::parse("222222222222").unwrap(),
        role: AccountRole::Act,
        at: second(at),
        demands_external_id,
    };
    let roles = || async { store.standing(&name("shop")).await.unwrap().open_roles };
    assert_eq!(roles().await, [], "not asked yet");
    for (at, demands, since) in
        [(1, true, None), (2, false, Some(2)), (3, false, Some(2)), (1, true, Some(2)), (4, true, None)]
    {
        store.record_account_trust(&found(at, demands)).await.unwrap();
        let open = roles().await;
        assert_eq!(open.iter().map(|role| role.since).collect::<Vec<_>>(), Vec::from_iter(since.map(second)));
        assert!(open.iter().all(|role| role.arn.ends_with("role/holdfast-act")), "{open:?}");
    }
    assert_eq!(store.account_trust().await.unwrap(), [found(4, true)]);
}

#[tokio::test]
async fn one_worker_gets_the_sweep_and_the_next_turn_comes_after_the_interval() {
    let (_database, store) = furnished().await;
    let turns = futures::future::join_all((0..4).map(|n| {
        let store = store.clone();
        async move { store.begin_sweep(&format!("w{n}"), 60.0).await.unwrap() }
    }))
    .await;
    assert_eq!(turns.iter().filter(|t| **t).count(), 1);
    let sweep = store.last_sweep().await.unwrap();
    assert!(sweep.started_at.is_some() && sweep.finished_at.is_none());
    store.finish_sweep(&sweep.worker.unwrap()).await.unwrap();
    assert!(store.last_sweep().await.unwrap().finished_at.is_some());
    assert!(store.begin_sweep("w9", 0.0).await.unwrap());
}

#[tokio::test]
async fn a_refresh_that_was_asked_for_twice_is_taken_once() {
    let (_database, store) = furnished().await;
    for _ in 0..2 {
        let mut change = store.begin().await.unwrap();
        change.request_refresh(&name("shop")).await.unwrap();
        change.commit(entry("application.refresh")).await.unwrap();
    }
    assert!(store.begin().await.unwrap().request_refresh(&name("nothing")).await.is_err());
    assert_eq!(store.take_refresh_requests().await.unwrap(), [name("shop")]);
    assert!(store.take_refresh_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_kinds_of_an_account_are_those_of_all_its_applications() {
    let (_database, store) = furnished().await;
    let kinds = store.kinds_by_account().await.unwrap();
    let of_applications: std::collections::BTreeSet<_> = store
        .applications()
        .await
        .unwrap()
        .readable
        .into_iter()
        .flat_map(|application| application.resources)
        .map(|resource| resource.spec.kind())
        .collect();
    assert_eq!(kinds.keys().map(ToString::to_string).collect::<Vec<_>>(), ["shop-prod"]);
    assert_eq!(kinds[&name("shop-prod")], of_applications);
}
