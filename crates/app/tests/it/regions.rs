//! What is said of a Region: only what it says of itself.

use crate::house::{AWAY, FAR, HOME, House, name, region, tasks, weighted};
use holdfast_api::IfMatch;
use holdfast_api::applications::Applications;
use holdfast_api::regions::{RegionView, Regions};
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Declaration, Facts, NotSeen};

async fn seen(house: &House, code: &str) -> RegionView {
    house.app.region(&house.operator, &region(code)).await.unwrap()
}

/// The services of every application in the Region, and the record that Route 53 tells of it from elsewhere.
async fn look_at(house: &House, code: &str, services: &[(&str, Result<Facts, String>)]) {
    house.look("front", "front-door", code, Ok(weighted(code, 100))).await;
    for (application, outcome) in services {
        house.look(application, "web", code, outcome.clone().map_err(NotSeen::from)).await;
    }
}

const ALL: [&str; 4] = ["shop", "pair", "split", "front"];

#[tokio::test]
async fn a_region_of_which_only_others_tell_is_dark() {
    let house = House::new().await;
    let dark = Err("ecs:DescribeServices: no answer within 5 s".to_owned());
    look_at(&house, AWAY, &ALL.map(|a| (a, dark.clone()))).await;
    let view = seen(&house, AWAY).await;
    assert_eq!((view.observed.as_str(), view.known, view.unknown), ("dark", 0, 4));
    assert_eq!(view.observed_at, None);
    assert!(view.reasons[0].contains("no answer"), "{:?}", view.reasons);
}

#[tokio::test]
async fn a_region_that_answers_for_some_is_partial_and_for_all_good() {
    let house = House::new().await;
    look_at(&house, HOME, &ALL.map(|a| (a, Ok(tasks(2))))).await;
    assert_eq!(seen(&house, HOME).await.observed, "good");
    house.look("shop", "web", HOME, Err("denied".into())).await;
    let view = seen(&house, HOME).await;
    assert_eq!((view.observed.as_str(), view.known, view.unknown), ("partial", 3, 1));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_elsewhere_darkens_no_region() {
    let house = House::new().await;
    look_at(&house, HOME, &ALL.map(|a| (a, Ok(tasks(2))))).await;
    house.look("front", "front-door", HOME, Err("Route 53 does not answer".into())).await;
    assert_eq!(seen(&house, HOME).await.observed, "good");
}

#[tokio::test]
async fn a_region_in_which_nothing_answers_for_itself_is_unknown_and_says_so() {
    let house = House::with_yaml_of_one_record().await;
    house.look("bare", "front-door", HOME, Ok(weighted(HOME, 100))).await;
    let view = seen(&house, HOME).await;
    assert_eq!((view.observed.as_str(), view.known), ("unknown", 0));
    assert!(view.reasons[0].contains("answers for itself"), "{:?}", view.reasons);
}

#[tokio::test]
async fn a_database_member_counts_once_its_own_region_has_answered() {
    let house = House::with_yaml_of_one_database().await;
    let member = AuroraMember {
        cluster_arn: "arn:aws:rds:us-east-1:222222222222:cluster:orders".into(),
        writer: true,
        global_status: "available".into(),
        failover_status: None,
        synchronization: None,
        cluster_status: None,
        instances: None,
        instance_classes: Vec::new(),
        lag: None,
        endpoint: None,
    };
    house.look("bare", "orders", HOME, Ok(Facts::AuroraMember(member.clone()))).await;
    assert_eq!(seen(&house, HOME).await.observed, "dark");
    let answered = AuroraMember { cluster_status: Some("available".into()), ..member };
    house.look("bare", "orders", HOME, Ok(Facts::AuroraMember(answered))).await;
    assert_eq!(seen(&house, HOME).await.observed, "good");
}

#[tokio::test]
async fn whatever_is_asked_for_in_its_own_region_speaks_for_that_region() {
    let house = House::with_yaml_of_what_a_region_must_have().await;
    let application = house.app.application(&house.operator, &name("bare")).await.unwrap().application;
    let dark = Err(NotSeen::from("no answer within 5 s"));
    for resource in &application.resources {
        house.look("bare", resource.name.as_str(), HOME, dark.clone()).await;
    }
    let view = seen(&house, HOME).await;
    assert_eq!((view.observed.as_str(), view.known, view.unknown), ("dark", 0, 10));
    house.look("bare", "kms-key", HOME, Ok(Facts::KmsKey { key: None })).await;
    let view = seen(&house, HOME).await;
    assert_eq!((view.observed.as_str(), view.known, view.unknown), ("partial", 1, 9));
}

#[tokio::test]
async fn a_region_that_is_only_declared_is_unknown_and_a_missing_service_is_not_missed() {
    let house = House::new().await;
    house
        .app
        .declare_region(
            &house.operator,
            &region("sa-east-1"),
            Declaration::Impaired,
            None,
            &IfMatch::Unconditional,
        )
        .await
        .unwrap();
    assert_eq!(seen(&house, "sa-east-1").await.observed, "unknown");
    // `front` has no service there.
    for application in ["shop", "pair", "split"] {
        house.look(application, "web", FAR, Ok(tasks(2))).await;
    }
    assert_eq!(seen(&house, FAR).await.observed, "good");
}

#[tokio::test]
async fn nothing_is_unseen_where_the_inventory_has_nothing() {
    let house = House::with_yaml_of_a_service_at_home_alone().await;
    house.look("bare", "web", HOME, Ok(tasks(2))).await;
    let view = house.app.application(&house.operator, &name("bare")).await.unwrap();
    assert!(view.summary.picture_at.is_some(), "all that is there was seen");
    let shown: Vec<_> =
        view.resources[0].regions.iter().map(|r| (r.region.as_str(), r.state.as_str())).collect();
    assert_eq!(shown, [(HOME, "known")]);
}
