//! What does work, as far as ministack has it: Auto Scaling groups, ECS services, Lambda's concurrency and event
//! sources, ECR's images. It has no processes to suspend, no Application Auto Scaling and no provisioned concurrency
//! to list; its sizes are not held to each other.

use super::*;
use aws_sdk_ecs::types::ContainerDefinition;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use holdfast_domain::facts::Beside;
use holdfast_domain::resource::{
    AutoScalingGroup, AutoScalingPlace, EcrRepository, EcsPlace, EcsService, LambdaFunction, LambdaPlace,
};
use holdfast_domain::{Name, ResourceSpec};
use holdfast_failover::change::GroupSize;

const AWAY: &str = "eu-central-1";

fn named(name: &str, spec: ResourceSpec) -> Resource {
    Resource { name: Name::parse(name).unwrap(), account: Name::parse("shop-prod").unwrap(), spec }
}

/// The peer decides what its calls are weighed against, and that is not always what AWS does.
async fn peer() -> Option<(Peer, AwsCloud)> {
    let peer = Peer::start_with("false").await?;
    let cloud = peer.cloud().await;
    Some((peer, cloud))
}

async fn away(cloud: &AwsCloud, resource: &Resource) -> Facts {
    cloud
        .observe(&shop(), &reading(), resource, &[region(AWAY)])
        .await
        .remove(&region(AWAY))
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_group_is_seen_and_given_all_three_sizes() {
    let Some((peer, cloud)) = peer().await else { return };
    let asg = aws_sdk_autoscaling::Client::from_conf(as_root!(aws_sdk_autoscaling, peer, AWAY));
    asg.create_launch_configuration()
        .launch_configuration_name("workers")
        .image_id("ami-12345678")
        .instance_type("t3.micro")
        .send()
        .await
        .unwrap();
    asg.create_auto_scaling_group()
        .auto_scaling_group_name("workers")
        .launch_configuration_name("workers")
        .min_size(1)
        .max_size(3)
        .desired_capacity(1)
        .availability_zones("eu-central-1a")
        .send()
        .await
        .unwrap();
    let place =
        AutoScalingPlace { group: "workers".into(), target_group_arn: None, desired_in_recovery: Some(4) };
    let spec = AutoScalingGroup { per_region: [(region(AWAY), place)].into() };
    let workers = named("workers", ResourceSpec::AutoScalingGroup(spec));
    let sizes = |facts: &Facts| match facts {
        Facts::AutoScalingGroup(g) => (g.min, g.max, g.desired, g.in_service),
        other => panic!("a group was expected, not {other:?}"),
    };
    assert_eq!(sizes(&away(&cloud, &workers).await), (1, 3, 1, 1));
    let change = Change::SetAutoScalingGroupSize {
        region: region(AWAY),
        group: "workers".into(),
        size: GroupSize { min: 4, max: 4, desired: 4 },
    };
    cloud.perform(&shop(), &acting("scale-workers", None), &change).await.unwrap();
    let (min, max, desired, _) = sizes(&away(&cloud, &workers).await);
    assert_eq!((min, max, desired), (4, 4, 4));
    let place =
        AutoScalingPlace { group: "nobody".into(), target_group_arn: None, desired_in_recovery: None };
    let spec = AutoScalingGroup { per_region: [(region(AWAY), place)].into() };
    let nobody = named("nobody", ResourceSpec::AutoScalingGroup(spec));
    let missing = cloud.observe(&shop(), &reading(), &nobody, &[region(AWAY)]).await;
    assert_eq!(missing[&region(AWAY)].as_ref().unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_service_is_seen_with_its_images_where_nothing_can_be_asked_of_its_bounds() {
    let Some((peer, cloud)) = peer().await else { return };
    let ecs = aws_sdk_ecs::Client::from_conf(as_root!(aws_sdk_ecs, peer, AWAY));
    ecs.create_cluster().cluster_name("shop").send().await.unwrap();
    let image = "222222222222.dkr.ecr.eu-central-1.amazonaws.com/shop/web:1.0";
    let container = ContainerDefinition::builder().name("web").image(image).memory(64).build();
    ecs.register_task_definition().family("web").container_definitions(container).send().await.unwrap();
    ecs.create_service()
        .cluster("shop")
        .service_name("web")
        .task_definition("web")
        .desired_count(2)
        .send()
        .await
        .unwrap();
    let place = EcsPlace { cluster: "shop".into(), service: "web".into(), desired_in_recovery: None };
    let spec = EcsService { per_region: [(region(AWAY), place)].into() };
    let web = named("web", ResourceSpec::EcsService(spec));
    let change = Change::SetEcsDesiredCount {
        region: region(AWAY),
        cluster: "shop".into(),
        service: "web".into(),
        desired: 4,
    };
    cloud.perform(&shop(), &acting("scale-web", None), &change).await.unwrap();
    let Facts::EcsService(service) = away(&cloud, &web).await else { panic!("no service") };
    assert_eq!((service.desired, service.status.as_str()), (4, "ACTIVE"));
    assert_eq!(service.images, [image]);
    let unread: Vec<Beside> = service.unread.iter().map(|u| u.what).collect();
    assert_eq!(unread, [Beside::ScalingBounds], "{:?}", service.unread);
}

#[tokio::test]
async fn a_functions_concurrency_and_event_sources_are_seen_and_set() {
    let Some((peer, cloud)) = peer().await else { return };
    let lambda = aws_sdk_lambda::Client::from_conf(as_root!(aws_sdk_lambda, peer, AWAY));
    // An empty archive: nothing is ever run.
    let archive = Blob::new([b"PK\x05\x06".as_slice(), &[0; 18]].concat());
    lambda
        .create_function()
        .function_name("sender")
        .runtime(Runtime::Python312)
        .role("arn:aws:iam::222222222222:role/sender")
        .handler("index.handler")
        .code(FunctionCode::builder().zip_file(archive).build())
        .send()
        .await
        .unwrap();
    let mapping = lambda
        .create_event_source_mapping()
        .function_name("sender")
        .event_source_arn("arn:aws:sqs:eu-central-1:222222222222:outbox")
        .enabled(false)
        .send()
        .await
        .unwrap();
    let uuid = mapping.uuid().unwrap().to_owned();
    let place = LambdaPlace { concurrency: Some(50), event_source_mappings: vec![uuid.clone()] };
    let spec = LambdaFunction { function: "sender".into(), per_region: [(region(AWAY), place)].into() };
    let sender = named("sender", ResourceSpec::LambdaFunction(spec));
    let seen = |facts: Facts| match facts {
        Facts::LambdaFunction(f) => (f.reserved, f.mappings[0].state.clone()),
        other => panic!("a function was expected, not {other:?}"),
    };
    assert_eq!(seen(away(&cloud, &sender).await), (None, "Disabled".into()));
    let reserve =
        |reserved| Change::SetLambdaConcurrency { region: region(AWAY), function: "sender".into(), reserved };
    let start = Change::SetEventSource {
        region: region(AWAY),
        function: "sender".into(),
        mapping: uuid,
        enabled: true,
    };
    for change in [reserve(Some(50)), start] {
        cloud.perform(&shop(), &acting("start-sender", None), &change).await.unwrap();
    }
    assert_eq!(seen(away(&cloud, &sender).await), (Some(50), "Enabled".into()));
    cloud.perform(&shop(), &acting("lower-sender", None), &reserve(None)).await.unwrap();
    assert_eq!(seen(away(&cloud, &sender).await).0, None);
}

#[tokio::test]
async fn a_repositorys_images_are_seen() {
    let Some((peer, cloud)) = peer().await else { return };
    let ecr = aws_sdk_ecr::Client::from_conf(as_root!(aws_sdk_ecr, peer, AWAY));
    let images =
        named("images", ResourceSpec::EcrRepository(EcrRepository { repository: "shop/web".into() }));
    let missing = cloud.observe(&shop(), &reading(), &images, &[region(AWAY)]).await;
    assert_eq!(missing[&region(AWAY)].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    ecr.create_repository().repository_name("shop/web").send().await.unwrap();
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{},"layers":[]}"#;
    ecr.put_image()
        .repository_name("shop/web")
        .image_tag("1.0")
        .image_manifest(manifest)
        .send()
        .await
        .unwrap();
    let Facts::EcrRepository(facts) = away(&cloud, &images).await else { panic!("no repository") };
    assert_eq!((facts.images.len(), facts.images[0].tags.as_slice()), (1, ["1.0".to_owned()].as_slice()));
    assert!(facts.replicates_to.is_empty() && facts.left_out == 0, "{facts:?}");
}
