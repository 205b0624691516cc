use crate::harness::{HOME, RECOVERY, SHOP, acting, code, sim_with};
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use std::time::Duration;

const CONTENT: &str = r#"{"host":"old.example.com","password":"hush"}"#;

async fn sim() -> Sim {
    let world = World::empty()
        .account(SHOP, "shop-prod", "demo-shop-prod")
        .secret(SHOP, "shop/database", &[HOME, RECOVERY], CONTENT)
        .key(SHOP, "shop", &[HOME, RECOVERY])
        .aurora(SHOP, "orders", &[HOME, RECOVERY])
        .lag_alarm(SHOP, RECOVERY, "orders-lag", "orders-eu-central-1", 30.0)
        .quota(SHOP, HOME, ("fargate", "L-3032A538", "vCPU"), 6.0, Some(100.0))
        .quota(SHOP, RECOVERY, ("fargate", "L-3032A538", "vCPU"), 6.0, None)
        .organization(&[SHOP], &[("999999999999", "elsewhere")]);
    sim_with(world, None, 0.0).await
}

async fn secrets(sim: &Sim, region: &str) -> aws_sdk_secretsmanager::Client {
    aws_sdk_secretsmanager::Client::new(&acting(sim, region).await)
}

#[tokio::test]
async fn a_secret_reaches_its_replica_a_little_later_and_not_over_a_cut_link() {
    let sim = sim().await;
    let (home, recovery) = (secrets(&sim, HOME).await, secrets(&sim, RECOVERY).await);
    let token = "3f2c8a54-0000-4000-8000-000000000001";
    let put = || {
        home.put_secret_value()
            .secret_id("shop/database")
            .secret_string("new")
            .client_request_token(token)
            .send()
    };
    assert_eq!(put().await.unwrap().version_id(), Some(token));
    let ledger = sim.ledger();
    let entry = ledger.last().unwrap();
    assert_eq!(entry.effect, Effect::Changed);
    assert!(entry.body["SecretString"].as_str().is_some_and(|told| told.starts_with("sha256:")));
    put().await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));

    let status = || async {
        let described = home.describe_secret().secret_id("shop/database").send().await.unwrap();
        described.replication_status()[0].status().map(|status| status.as_str().to_owned())
    };
    let read = || async {
        let read = recovery.get_secret_value().secret_id("shop/database").send().await.unwrap();
        read.secret_string().map(str::to_owned)
    };
    assert_eq!((status().await.as_deref(), read().await.as_deref()), (Some("InProgress"), Some(CONTENT)));
    sim.set_link_cut(HOME, RECOVERY, true);
    sim.advance(Duration::from_secs(60));
    assert_eq!(status().await.as_deref(), Some("InProgress"));
    sim.set_link_cut(HOME, RECOVERY, false);
    sim.advance(Duration::from_secs(4));
    assert_eq!((status().await.as_deref(), read().await.as_deref()), (Some("InSync"), Some("new")));
}

#[tokio::test]
async fn a_replica_is_read_only_and_what_is_not_there_is_not_found() {
    let sim = sim().await;
    let recovery = secrets(&sim, RECOVERY).await;
    let put = recovery.put_secret_value().secret_id("shop/database").secret_string("x").send().await;
    assert_eq!(code(&put).as_deref(), Some("InvalidRequestException"));
    let other = secrets(&sim, "us-west-2").await.describe_secret().secret_id("shop/database").send().await;
    assert!(other.is_err_and(|e| e.into_service_error().is_resource_not_found_exception()));
}

#[tokio::test]
async fn a_multi_region_key_tells_its_primary_everywhere() {
    let sim = sim().await;
    let kms = aws_sdk_kms::Client::new(&acting(&sim, RECOVERY).await);
    let described = kms.describe_key().key_id(World::key_id("shop")).send().await.unwrap();
    let key = described.key_metadata().unwrap();
    let primary = key.multi_region_configuration().and_then(|c| c.primary_key()).and_then(|p| p.region());
    assert_eq!((key.enabled(), primary), (true, Some(HOME)));
    let none = kms.describe_key().key_id("mrk-none").send().await;
    assert!(none.is_err_and(|e| e.into_service_error().is_not_found_exception()));
}

#[tokio::test]
async fn an_alarm_on_lag_follows_the_lag() {
    let sim = sim().await;
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&acting(&sim, RECOVERY).await);
    let state = || async {
        let described = cloudwatch.describe_alarms().alarm_names("orders-lag").send().await.unwrap();
        described.metric_alarms()[0].state_value().map(|state| state.as_str().to_owned())
    };
    assert_eq!(state().await.as_deref(), Some("OK"));
    sim.set_link_cut(HOME, RECOVERY, true);
    sim.advance(Duration::from_secs(60));
    assert_eq!(state().await.as_deref(), Some("ALARM"));
}

#[tokio::test]
async fn a_quota_that_was_never_raised_has_only_its_default() {
    let sim = sim().await;
    let quotas = aws_sdk_servicequotas::Client::new(&acting(&sim, RECOVERY).await);
    let applied = quotas.get_service_quota().service_code("fargate").quota_code("L-3032A538").send().await;
    assert!(applied.is_err_and(|e| e.into_service_error().is_no_such_resource_exception()));
    let default =
        quotas.get_aws_default_service_quota().service_code("fargate").quota_code("L-3032A538").send().await;
    assert_eq!(default.unwrap().quota().and_then(|q| q.value()), Some(6.0));
}

#[tokio::test]
async fn only_administrators_hear_of_an_organizations_accounts() {
    let sim = sim().await;
    let organizations = aws_sdk_organizations::Client::new(&acting(&sim, HOME).await);
    let listed = organizations.list_accounts().send().await.unwrap();
    let names: Vec<_> = listed.accounts().iter().filter_map(|account| account.name()).collect();
    assert_eq!(names, ["shop-prod", "elsewhere"]);
    sim.tamper(|world| world.supporting.organization.as_mut().unwrap().administrators.clear());
    let denied = organizations.list_accounts().send().await;
    assert!(denied.is_err_and(|e| e.into_service_error().is_access_denied_exception()));
}
