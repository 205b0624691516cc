//! ECS services: how many tasks are wanted and how many run, in each Region.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, acting, both, look, region, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::{Beside, ScalingBounds};
use holdfast_domain::resource::{EcsPlace, EcsService};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    the_tasks_wanted_are_seen_in_both_regions: simulator, ministack, moto;
    a_service_is_scaled_in_its_own_region_only: simulator, ministack_widened, moto;
    a_service_that_is_not_there_is_not_found: simulator, ministack, moto;
    the_bounds_of_a_count_are_seen_and_set: simulator, moto;
    bounds_that_cannot_be_asked_for_are_told_and_spoil_nothing: ministack;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        services(peer).await;
    }
    of("web")
}

fn of(service: &str) -> Resource {
    let place =
        || EcsPlace { cluster: "shop".into(), service: service.to_owned(), desired_in_recovery: None };
    let per_region = both().into_iter().map(|region| (region, place())).collect();
    named("web", ResourceSpec::EcsService(EcsService { per_region }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    let bounds = Change::SetEcsScalingBounds {
        region: region(RECOVERY),
        cluster: "shop".into(),
        service: "web".into(),
        bounds: ScalingBounds { min: 6, max: 12 },
    };
    vec![scaled_to(6), bounds]
}

pub fn scaled_to(desired: u32) -> Change {
    Change::SetEcsDesiredCount {
        region: region(RECOVERY),
        cluster: "shop".into(),
        service: "web".into(),
        desired,
    }
}

/// `web` in both Regions, six tasks at home and two in the recovery Region.
async fn services(peer: &Peer) {
    for (code, count) in [(HOME, 6), (RECOVERY, 2)] {
        let client = sdk!(aws_sdk_ecs, peer, code);
        client.create_cluster().cluster_name("shop").send().await.unwrap();
        let container = aws_sdk_ecs::types::ContainerDefinition::builder()
            .name("web")
            .image("registry.example.com/web:1")
            .memory(64)
            .build();
        client
            .register_task_definition()
            .family("web")
            .container_definitions(container)
            .send()
            .await
            .unwrap();
        client
            .create_service()
            .cluster("shop")
            .service_name("web")
            .task_definition("web:1")
            .desired_count(count)
            .send()
            .await
            .unwrap();
    }
}

async fn desired(peer: &Peer, web: &Resource, code: &str) -> u32 {
    match seen(peer, web, code).await {
        Facts::EcsService(service) => service.desired,
        other => panic!("a service was expected, not {other:?}"),
    }
}

async fn the_tasks_wanted_are_seen_in_both_regions(peer: &Peer) {
    let web = resource(peer).await;
    assert_eq!((desired(peer, &web, HOME).await, desired(peer, &web, RECOVERY).await), (6, 2));
}

async fn a_service_is_scaled_in_its_own_region_only(peer: &Peer) {
    let web = resource(peer).await;
    let answer = peer.cloud.perform(&peer.account, &acting("raise-web", None), &scaled_to(4)).await.unwrap();
    assert_eq!((answer.action.as_str(), answer.region.as_str()), ("ecs:UpdateService", RECOVERY));
    assert_eq!((desired(peer, &web, HOME).await, desired(peer, &web, RECOVERY).await), (6, 4));
}

async fn a_service_that_is_not_there_is_not_found(peer: &Peer) {
    resource(peer).await;
    for facts in look(peer, &of("nobody")).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}

async fn the_bounds_of_a_count_are_seen_and_set(peer: &Peer) {
    let web = resource(peer).await;
    let bounds = async || match seen(peer, &web, RECOVERY).await {
        Facts::EcsService(service) => service.scaling,
        other => panic!("a service was expected, not {other:?}"),
    };
    let before = (peer.which == Which::Simulator).then_some(ScalingBounds { min: 1, max: 8 });
    assert_eq!(bounds().await, before, "where nobody has registered any, there are none");
    let set = changes(peer, &web).await.remove(1);
    peer.cloud.perform(&peer.account, &acting("bound-web", None), &set).await.unwrap();
    assert_eq!(bounds().await, Some(ScalingBounds { min: 6, max: 12 }));
}

/// ministack has no Application Auto Scaling.
async fn bounds_that_cannot_be_asked_for_are_told_and_spoil_nothing(peer: &Peer) {
    let web = resource(peer).await;
    let Facts::EcsService(service) = seen(peer, &web, RECOVERY).await else {
        panic!("a service was expected")
    };
    assert_eq!(service.images, ["registry.example.com/web:1"]);
    let unread: Vec<Beside> = service.unread.iter().map(|unread| unread.what).collect();
    assert_eq!(unread, [Beside::ScalingBounds], "{:?}", service.unread);
}
