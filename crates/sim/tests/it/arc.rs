use crate::harness::{HOME, RECOVERY, SHOP, acting, code, sim_with};
use aws_sdk_route53recoverycluster::types::{RoutingControlState, UpdateRoutingControlStateEntry};
use aws_sdk_route53recoverycontrolconfig::types::{ClusterEndpoint, RuleType};
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use holdfast_sim::world::build::Routing;
use holdfast_sim::world::build_traffic::control_arn;
use std::time::Duration;

const CLUSTER: &str = "0f4c2a91-6f1d-4f0e-9b1e-0f5f2b8f6a10";
const CLUSTER_ARN: &str =
    "arn:aws:route53-recovery-control::222222222222:cluster/0f4c2a91-6f1d-4f0e-9b1e-0f5f2b8f6a10";
const ZONE: &str = "Z1";

async fn sim() -> Sim {
    let world = World::empty()
        .account(SHOP, "shop-prod", "demo-shop-prod")
        .zone_named(SHOP, ZONE, "example.com")
        .front_door(ZONE, "shop.example.com", Routing::Failover, &[HOME, RECOVERY])
        .routing_controls(SHOP, CLUSTER, "shop", &[(HOME, true), (RECOVERY, false)])
        .following(ZONE, "shop.example.com", "shop", &[HOME, RECOVERY]);
    sim_with(world, None, 0.0).await
}

async fn config(sim: &Sim) -> aws_sdk_route53recoverycontrolconfig::Client {
    aws_sdk_route53recoverycontrolconfig::Client::new(&acting(sim, "us-west-2").await)
}

async fn endpoints(sim: &Sim) -> Vec<ClusterEndpoint> {
    let answer = config(sim).await.describe_cluster().cluster_arn(CLUSTER_ARN).send().await.unwrap();
    answer.cluster.unwrap().cluster_endpoints.unwrap()
}

/// A client of one endpoint, made as AWS's own examples do.
async fn at(sim: &Sim, region: &str) -> aws_sdk_route53recoverycluster::Client {
    let endpoints = endpoints(sim).await;
    let found = endpoints.iter().find(|e| e.region() == Some(region)).unwrap();
    client(sim, region, found.endpoint().unwrap()).await
}

async fn client(sim: &Sim, region: &str, url: &str) -> aws_sdk_route53recoverycluster::Client {
    let shared = acting(sim, region).await;
    let config = aws_sdk_route53recoverycluster::config::Builder::from(&shared).endpoint_url(url).build();
    aws_sdk_route53recoverycluster::Client::from_conf(config)
}

fn entry(region: &str, on: bool) -> UpdateRoutingControlStateEntry {
    UpdateRoutingControlStateEntry::builder()
        .routing_control_arn(control_arn(SHOP, "shop", region))
        .routing_control_state(if on { RoutingControlState::On } else { RoutingControlState::Off })
        .build()
        .unwrap()
}

async fn is_on(client: &aws_sdk_route53recoverycluster::Client, region: &str) -> bool {
    let arn = control_arn(SHOP, "shop", region);
    let answer = client.get_routing_control_state().routing_control_arn(arn).send().await.unwrap();
    answer.routing_control_state == RoutingControlState::On
}

#[tokio::test]
async fn a_cluster_has_five_endpoints_that_are_told_apart() {
    let sim = sim().await;
    let endpoints = endpoints(&sim).await;
    let mut urls: Vec<_> = endpoints.iter().map(|e| e.endpoint().unwrap().to_owned()).collect();
    urls.sort();
    urls.dedup();
    assert_eq!(urls.len(), 5);
    for endpoint in &endpoints {
        let client = client(&sim, endpoint.region().unwrap(), endpoint.endpoint().unwrap()).await;
        assert!(is_on(&client, HOME).await);
    }
    // Signed for one Region and sent to another's endpoint, as to another host.
    let elsewhere = client(&sim, "us-east-1", endpoints[4].endpoint().unwrap()).await;
    let arn = control_arn(SHOP, "shop", HOME);
    let answer = elsewhere.get_routing_control_state().routing_control_arn(arn).send().await;
    assert_eq!(code(&answer).as_deref(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn two_dark_endpoints_leave_three_and_three_dark_ones_take_no_change() {
    let sim = sim().await;
    let endpoints = endpoints(&sim).await;
    let url = |region: &str| {
        endpoints.iter().find(|e| e.region() == Some(region)).unwrap().endpoint().unwrap().to_owned()
    };
    sim.set_region_dark("us-east-1", true);
    sim.set_region_dark("us-west-2", true);
    let living = client(&sim, "eu-west-1", &url("eu-west-1")).await;
    let swap = || {
        living
            .update_routing_control_states()
            .update_routing_control_state_entries(entry(RECOVERY, true))
            .update_routing_control_state_entries(entry(HOME, false))
            .send()
    };
    swap().await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    swap().await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));
    let other = client(&sim, "ap-southeast-2", &url("ap-southeast-2")).await;
    assert!(is_on(&other, RECOVERY).await && !is_on(&other, HOME).await);
    sim.set_region_dark("ap-southeast-2", true);
    let refused = swap().await;
    assert_eq!(code(&refused).as_deref(), Some("EndpointTemporarilyUnavailableException"));
    assert!(is_on(&living, RECOVERY).await);
}

#[tokio::test]
async fn a_safety_rule_is_told_and_enforced() {
    let sim = sim().await;
    let cluster = at(&sim, "eu-west-1").await;
    let panel = control_arn(SHOP, "shop", HOME).split_once("/routingcontrol/").unwrap().0.to_owned();
    let rules = config(&sim).await.list_safety_rules().control_panel_arn(&panel).send().await.unwrap();
    let rule = rules.safety_rules()[0].assertion().unwrap();
    assert_eq!(rule.asserted_controls().len(), 2);
    assert_eq!(rule.rule_config().unwrap().r#type(), Some(&RuleType::Atleast));
    let off = || {
        cluster
            .update_routing_control_state()
            .routing_control_arn(control_arn(SHOP, "shop", HOME))
            .routing_control_state(RoutingControlState::Off)
    };
    let refused = off().send().await.unwrap_err().into_service_error();
    assert!(refused.is_conflict_exception(), "{refused:?}");
    assert!(is_on(&cluster, HOME).await);
    off().safety_rules_to_override(rule.safety_rule_arn().unwrap()).send().await.unwrap();
    assert!(!is_on(&cluster, HOME).await);
}

#[tokio::test]
async fn a_health_check_follows_its_control() {
    let sim = sim().await;
    let arn = control_arn(SHOP, "shop", HOME);
    let associated =
        config(&sim).await.list_associated_route53_health_checks().routing_control_arn(&arn).send().await;
    let associated = associated.unwrap();
    let [check] = associated.health_check_ids() else { panic!("{associated:?}") };
    let route53 = aws_sdk_route53::Client::new(&acting(&sim, "us-east-1").await);
    let described = route53.get_health_check().health_check_id(check).send().await.unwrap();
    let watched = described.health_check().unwrap().health_check_config().unwrap().clone();
    assert_eq!(watched.routing_control_arn(), Some(arn.as_str()));
    let said = || async {
        let status = route53.get_health_check_status().health_check_id(check).send().await.unwrap();
        status.health_check_observations()[0].status_report().unwrap().status().unwrap().to_owned()
    };
    assert!(said().await.starts_with("Success"));
    let cluster = at(&sim, "us-east-1").await;
    cluster
        .update_routing_control_states()
        .update_routing_control_state_entries(entry(HOME, false))
        .update_routing_control_state_entries(entry(RECOVERY, true))
        .send()
        .await
        .unwrap();
    assert!(said().await.starts_with("Success"), "a check needs a moment");
    sim.advance(Duration::from_secs(2));
    assert!(said().await.starts_with("Failure"));
}

#[tokio::test]
async fn the_configuration_is_out_with_its_region_and_the_cluster_is_not() {
    let sim = sim().await;
    let cluster = at(&sim, "eu-west-1").await;
    sim.set_control_plane_dark("us-west-2", true);
    sim.set_control_plane_dark("us-east-1", true);
    cluster
        .update_routing_control_states()
        .update_routing_control_state_entries(entry(RECOVERY, true))
        .send()
        .await
        .unwrap();
    assert!(is_on(&cluster, RECOVERY).await);
    let elsewhere = aws_sdk_route53recoverycontrolconfig::Client::new(&acting(&sim, "us-east-1").await);
    let answer = elsewhere.describe_cluster().cluster_arn(CLUSTER_ARN).send().await;
    assert_eq!(code(&answer).as_deref(), Some("InvalidSignatureException"));
}
