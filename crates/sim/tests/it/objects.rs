//! Small objects in S3 and the health checks that watch them: conditions as S3 has them, and what Route 53 makes of one.

use crate::harness::{RECOVERY, SHOP, acting, code, sim_with};
use aws_sdk_s3::primitives::ByteStream;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::clock::Moment;
use holdfast_sim::{Sim, demo_world};

const BUCKET: &str = "switches";
const KEY: &str = "us-east-1/STOP";
const NAME: &str = "catalog.shop.example.com";
const ZONE: &str = "Z0123456789ABC";

/// The catalog's home Region is held out by an object in the recovery Region.
async fn stoppable() -> Sim {
    let world = demo_world().bucket(SHOP, RECOVERY, BUCKET).held_out_by(
        (ZONE, NAME),
        "us-east-1",
        (BUCKET, KEY),
        Some("STOP"),
    );
    sim_with(world, None, 1.0).await
}

async fn s3(sim: &Sim, region: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&acting(sim, region).await).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

fn text(content: &str) -> ByteStream {
    ByteStream::from(content.as_bytes().to_vec())
}

fn effect(sim: &Sim) -> Effect {
    sim.ledger().iter().rev().find(|entry| entry.changing).unwrap().effect
}

/// What Route 53 makes of the check that watches the object.
fn counts_healthy(sim: &Sim) -> bool {
    sim.tamper(|world| {
        let check = world.health_checks.iter().find(|c| c.domain.starts_with("switches.s3.")).unwrap();
        world.counts_healthy(check, Moment { virtual_ms: 0, real_ms: 0 })
    })
}

#[tokio::test]
async fn an_object_is_put_on_nothing_only_and_deleted_under_its_version_only() {
    let sim = stoppable().await;
    let s3 = s3(&sim, RECOVERY).await;
    let put = || s3.put_object().bucket(BUCKET).key(KEY).body(text("STOP"));
    let put_once = put().if_none_match("*").send().await.unwrap();
    let etag = put_once.e_tag().unwrap().to_owned();
    assert_eq!(effect(&sim), Effect::Changed);
    assert_eq!(code(&put().if_none_match("*").send().await).as_deref(), Some("PreconditionFailed"));
    put().if_match(&etag).send().await.unwrap();
    assert_eq!(effect(&sim), Effect::Unchanged);
    assert_eq!(code(&put().if_match("\"another\"").send().await).as_deref(), Some("PreconditionFailed"));

    let listed = s3.list_objects_v2().bucket(BUCKET).prefix(KEY).max_keys(1).send().await.unwrap();
    let found = &listed.contents()[0];
    assert_eq!((found.key(), found.e_tag(), found.size()), (Some(KEY), Some(etag.as_str()), Some(4)));
    let got = s3.get_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "STOP".as_bytes());

    let delete = |etag: &str| s3.delete_object().bucket(BUCKET).key(KEY).if_match(etag).send();
    assert_eq!(code(&delete("\"another\"").await).as_deref(), Some("PreconditionFailed"));
    delete(&etag).await.unwrap();
    assert_eq!(effect(&sim), Effect::Changed);
    assert_eq!(code(&delete(&etag).await).as_deref(), Some("NoSuchKey"), "nothing is of that version");
    s3.delete_object().bucket(BUCKET).key(KEY).send().await.unwrap();
    assert_eq!(effect(&sim), Effect::Unchanged, "without a condition, what is not there is gone already");
    assert_eq!(code(&s3.get_object().bucket(BUCKET).key(KEY).send().await).as_deref(), Some("NoSuchKey"));
    assert_eq!(code(&put().if_match(&etag).send().await).as_deref(), Some("NoSuchKey"));
}

#[tokio::test]
async fn an_inverted_check_holds_its_region_out_while_the_object_is_there_and_says_so() {
    let sim = stoppable().await;
    assert!(counts_healthy(&sim));
    let s3 = s3(&sim, RECOVERY).await;
    s3.put_object().bucket(BUCKET).key(KEY).body(text("a note")).send().await.unwrap();
    assert!(counts_healthy(&sim), "another text than the check looks for");
    s3.put_object().bucket(BUCKET).key(KEY).body(text("STOP")).send().await.unwrap();
    assert!(!counts_healthy(&sim));
    sim.set_region_dark(RECOVERY, true);
    assert!(counts_healthy(&sim), "who cannot be asked has no object");
}

#[tokio::test]
async fn objects_are_the_data_planes_and_a_bucket_is_reached_in_its_own_region() {
    let sim = stoppable().await;
    sim.set_control_plane_dark(RECOVERY, true);
    sim.set_control_plane_dark("us-east-1", true);
    let put = |s3: aws_sdk_s3::Client| async move {
        s3.put_object().bucket(BUCKET).key(KEY).body(text("STOP")).send().await
    };
    put(s3(&sim, RECOVERY).await).await.unwrap();
    assert_eq!(code(&put(s3(&sim, "us-east-1").await).await).as_deref(), Some("PermanentRedirect"));
    let check = aws_sdk_route53::Client::new(&acting(&sim, "us-east-1").await);
    let all = check.list_health_checks().send().await.unwrap();
    let configs = || all.health_checks().iter().filter_map(|check| check.health_check_config());
    let ours = configs().find(|config| config.search_string() == Some("STOP")).unwrap();
    assert_eq!(ours.resource_path(), Some(&format!("/{KEY}")[..]));
    assert_eq!(ours.fully_qualified_domain_name(), Some("switches.s3.eu-central-1.amazonaws.com"));
    assert_eq!(ours.inverted(), Some(true));
}
