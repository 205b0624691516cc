use crate::harness::{HOME, RECOVERY, SHOP, acting, code, sim_with};
use aws_sdk_cloudfront::types::DistributionConfig;
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use std::time::Duration;

const ID: &str = "E2EXAMPLE1";

async fn sim() -> Sim {
    let world = World::empty().account(SHOP, "shop-prod", "demo-shop-prod").distribution(
        SHOP,
        ID,
        "www.shop.example.com",
        &[HOME, RECOVERY],
    );
    sim_with(world, None, 0.0).await
}

async fn cloudfront(sim: &Sim) -> aws_sdk_cloudfront::Client {
    aws_sdk_cloudfront::Client::new(&acting(sim, "us-east-1").await)
}

fn members(config: &DistributionConfig) -> Vec<String> {
    let group = &config.origin_groups().unwrap().items()[0];
    group.members().unwrap().items().iter().map(|m| m.origin_id().to_owned()).collect()
}

fn swapped(mut config: DistributionConfig) -> DistributionConfig {
    for group in config.origin_groups.iter_mut().flat_map(|g| g.items.iter_mut().flatten()) {
        for members in group.members.iter_mut() {
            members.items.reverse();
        }
    }
    config
}

#[tokio::test]
async fn origins_are_swapped_under_the_version_that_was_read_and_spread_in_time() {
    let sim = sim().await;
    let cloudfront = cloudfront(&sim).await;
    let read = cloudfront.get_distribution_config().id(ID).send().await.unwrap();
    let (etag, config) = (read.e_tag.unwrap(), read.distribution_config.unwrap());
    assert_eq!(members(&config), [HOME, RECOVERY]);
    assert!(config.origins().unwrap().items()[0].domain_name().contains(HOME));
    let update = |etag: &str, config: DistributionConfig| {
        cloudfront.update_distribution().id(ID).if_match(etag).distribution_config(config).send()
    };
    let after = update(&etag, swapped(config.clone())).await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    let distribution = after.distribution().unwrap();
    assert_eq!(distribution.status(), "InProgress");
    assert_eq!(members(distribution.distribution_config().unwrap()), [RECOVERY, HOME]);
    let stale = update(&etag, config).await;
    assert_eq!(code(&stale).as_deref(), Some("PreconditionFailed"));
    sim.advance(Duration::from_secs(4));
    let now = cloudfront.get_distribution().id(ID).send().await.unwrap();
    assert_eq!(now.distribution().unwrap().status(), "Deployed");
    assert_eq!(now.e_tag(), after.e_tag());
}

#[tokio::test]
async fn a_configuration_that_is_sent_back_as_it_was_read_changes_nothing() {
    let sim = sim().await;
    let cloudfront = cloudfront(&sim).await;
    let read = cloudfront.get_distribution_config().id(ID).send().await.unwrap();
    let (etag, config) = (read.e_tag.unwrap(), read.distribution_config.unwrap());
    cloudfront.update_distribution().id(ID).if_match(&etag).distribution_config(config).send().await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));
    let again = cloudfront.get_distribution_config().id(ID).send().await.unwrap();
    assert_eq!(again.e_tag(), Some(etag.as_str()));
}

#[tokio::test]
async fn edits_need_the_control_plane_of_us_east_1_and_reads_go_on() {
    let sim = sim().await;
    let cloudfront = cloudfront(&sim).await;
    sim.set_control_plane_dark("us-east-1", true);
    let read = cloudfront.get_distribution_config().id(ID).send().await.unwrap();
    let (etag, config) = (read.e_tag.unwrap(), read.distribution_config.unwrap());
    let call = cloudfront.update_distribution().id(ID).if_match(etag).distribution_config(swapped(config));
    assert_eq!(code(&call.send().await).as_deref(), Some("ServiceUnavailable"));
    let absent = cloudfront.get_distribution().id("ENONE").send().await;
    assert_eq!(code(&absent).as_deref(), Some("NoSuchDistribution"));
}
