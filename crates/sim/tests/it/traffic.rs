use crate::harness::{SHOP, acting, code, s3control, sim};
use aws_sdk_globalaccelerator::types::{AcceleratorStatus, EndpointConfiguration, HealthState};
use aws_sdk_s3control::types::MultiRegionAccessPointRoute;
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use std::time::Duration;

const ACCELERATOR: &str =
    "arn:aws:globalaccelerator::222222222222:accelerator/5f8a1c3e-27b4-4d90-b6e2-9a1c0d7e4f68";
const ASSETS: &str = "arn:aws:s3::222222222222:accesspoint/m2shopa55ets.mrap";

async fn accelerators(sim: &Sim) -> aws_sdk_globalaccelerator::Client {
    aws_sdk_globalaccelerator::Client::new(&acting(sim, "us-west-2").await)
}

#[tokio::test]
async fn a_dial_is_turned_and_deployed() {
    let sim = sim().await;
    let ga = accelerators(&sim).await;
    let listeners = ga.list_listeners().accelerator_arn(ACCELERATOR).send().await.unwrap();
    let listener = listeners.listeners()[0].listener_arn().unwrap();
    let groups = ga.list_endpoint_groups().listener_arn(listener).send().await.unwrap();
    let recovery =
        groups.endpoint_groups().iter().find(|g| g.endpoint_group_region() == Some("eu-central-1")).unwrap();
    assert_eq!(recovery.traffic_dial_percentage(), Some(0.0));
    let arn = recovery.endpoint_group_arn().unwrap();
    let update = || ga.update_endpoint_group().endpoint_group_arn(arn).traffic_dial_percentage(100.0).send();
    update().await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    let status = || async {
        let described = ga.describe_accelerator().accelerator_arn(ACCELERATOR).send().await.unwrap();
        described.accelerator().unwrap().status().cloned().unwrap()
    };
    assert_eq!(status().await, AcceleratorStatus::InProgress);
    sim.advance(Duration::from_secs(2));
    assert_eq!(status().await, AcceleratorStatus::Deployed);
    update().await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));
    let described = ga.describe_endpoint_group().endpoint_group_arn(arn).send().await.unwrap();
    assert_eq!(described.endpoint_group().unwrap().traffic_dial_percentage(), Some(100.0));
    let over = ga.update_endpoint_group().endpoint_group_arn(arn).traffic_dial_percentage(101.0).send().await;
    assert!(over.is_err_and(|e| e.into_service_error().is_invalid_argument_exception()));
}

#[tokio::test]
async fn the_endpoint_list_that_is_sent_is_the_list_that_is() {
    let sim = sim().await;
    let ga = accelerators(&sim).await;
    assert_eq!(ga.list_accelerators().send().await.unwrap().accelerators().len(), 2);
    let listener =
        ga.list_listeners().accelerator_arn(ACCELERATOR).send().await.unwrap().listeners()[0].clone();
    let groups =
        ga.list_endpoint_groups().listener_arn(listener.listener_arn().unwrap()).send().await.unwrap();
    let group = groups.endpoint_groups()[0].clone();
    let endpoint = group.endpoint_descriptions()[0].clone();
    assert_eq!(endpoint.health_state(), Some(&HealthState::Healthy));
    let arn = group.endpoint_group_arn().unwrap();
    let none =
        EndpointConfiguration::builder().set_endpoint_id(endpoint.endpoint_id.clone()).weight(0).build();
    let after = ga
        .update_endpoint_group()
        .endpoint_group_arn(arn)
        .endpoint_configurations(none)
        .send()
        .await
        .unwrap();
    assert_eq!(after.endpoint_group().unwrap().endpoint_descriptions()[0].weight(), Some(0));
    sim.set_region_dark("us-east-1", true);
    let dark = ga.describe_endpoint_group().endpoint_group_arn(arn).send().await.unwrap();
    assert_eq!(
        dark.endpoint_group().unwrap().endpoint_descriptions()[0].health_state(),
        Some(&HealthState::Unhealthy)
    );
    let gone = ga.describe_accelerator().accelerator_arn("arn:aws:x").send().await;
    assert!(gone.is_err_and(|e| e.into_service_error().is_accelerator_not_found_exception()));
}

#[tokio::test]
async fn global_accelerator_lives_in_us_west_2_only() {
    let sim = sim().await;
    let ga = aws_sdk_globalaccelerator::Client::new(&acting(&sim, "us-east-1").await);
    let answer = ga.list_accelerators().send().await;
    assert_eq!(code(&answer).as_deref(), Some("InvalidSignatureException"));
}

fn route(region: &str, dial: i32) -> MultiRegionAccessPointRoute {
    MultiRegionAccessPointRoute::builder().region(region).traffic_dial_percentage(dial).build().unwrap()
}

async fn active(s3: &aws_sdk_s3control::Client) -> Vec<String> {
    let routes =
        s3.get_multi_region_access_point_routes().account_id(SHOP).mrap(ASSETS).send().await.unwrap();
    let active = routes.routes().iter().filter(|r| r.traffic_dial_percentage() == 100);
    active.map(|r| r.region().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn routes_are_moved_through_another_region_and_take_effect_later() {
    let sim = sim().await;
    let s3 = s3control(&sim, &acting(&sim, "eu-west-1").await);
    assert_eq!(active(&s3).await, ["us-east-1"]);
    sim.set_region_dark("us-east-1", true);
    let submit = s3.submit_multi_region_access_point_routes().account_id(SHOP).mrap(ASSETS);
    submit
        .route_updates(route("us-east-1", 0))
        .route_updates(route("eu-central-1", 100))
        .send()
        .await
        .unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    assert_eq!(active(&s3).await, ["us-east-1"]);
    sim.advance(Duration::from_secs(2));
    assert_eq!(active(&s3).await, ["eu-central-1"]);
}

#[tokio::test]
async fn routes_that_s3_refuses_are_refused() {
    let sim = sim().await;
    let s3 = s3control(&sim, &acting(&sim, "us-west-2").await);
    let submit = || s3.submit_multi_region_access_point_routes().account_id(SHOP).mrap(ASSETS);
    let none = submit().route_updates(route("us-east-1", 0)).send().await;
    assert_eq!(code(&none).as_deref(), Some("InvalidRequest"));
    let half = submit().route_updates(route("eu-central-1", 50)).send().await;
    assert_eq!(code(&half).as_deref(), Some("InvalidRequest"));
    let absent = s3
        .get_multi_region_access_point_routes()
        .account_id(SHOP)
        .mrap("arn:aws:s3::222222222222:accesspoint/x.mrap");
    assert_eq!(code(&absent.send().await).as_deref(), Some("NoSuchMultiRegionAccessPoint"));
    let elsewhere = s3control(&sim, &acting(&sim, "eu-central-1").await);
    let elsewhere =
        elsewhere.get_multi_region_access_point_routes().account_id(SHOP).mrap(ASSETS).send().await;
    assert_eq!(code(&elsewhere).as_deref(), Some("InvalidRequest"));
}

#[tokio::test]
async fn access_points_are_described_in_us_west_2() {
    let sim = sim().await;
    let s3 = s3control(&sim, &acting(&sim, "us-west-2").await);
    let listed = s3.list_multi_region_access_points().account_id(SHOP).send().await.unwrap();
    assert_eq!(listed.access_points()[0].alias(), Some("m2shopa55ets.mrap"));
    let one = s3.get_multi_region_access_point().account_id(SHOP).name("shop-assets").send().await.unwrap();
    assert_eq!(one.access_point().unwrap().regions().len(), 2);
}
