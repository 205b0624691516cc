use crate::harness::{HOME, RECOVERY, SHOP, acting, code, sim};
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::health::{HealthCheck, Watch};

async fn route53(sim: &Sim) -> aws_sdk_route53::Client {
    aws_sdk_route53::Client::new(&acting(sim, "us-east-1").await)
}

/// Puts a check into the world behind AWS's back.
fn add(sim: &Sim, id: &str, watches: Watch) {
    sim.tamper(|world| {
        world.health_checks.push(HealthCheck {
            account: SHOP.into(),
            id: id.into(),
            domain: "shop.example.com".into(),
            path: "/healthz".into(),
            region: HOME.into(),
            version: 1,
            inverted: false,
            disabled: false,
            watches,
        });
    });
}

async fn said(route53: &aws_sdk_route53::Client, id: &str) -> String {
    let status = route53.get_health_check_status().health_check_id(id).send().await.unwrap();
    status.health_check_observations()[0].status_report().unwrap().status().unwrap().to_owned()
}

#[tokio::test]
async fn a_check_is_changed_under_its_version_only() {
    let sim = sim().await;
    let route53 = route53(&sim).await;
    add(&sim, "check-1", Watch::Endpoint);
    let out = |version| {
        let call = route53.update_health_check().health_check_id("check-1");
        call.health_check_version(version).inverted(true).disabled(true).send()
    };
    let changed = out(1).await.unwrap();
    let check = changed.health_check().unwrap();
    assert_eq!(check.health_check_version(), 2);
    let config = check.health_check_config().unwrap();
    assert_eq!((config.inverted(), config.disabled()), (Some(true), Some(true)));
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    assert_eq!(code(&out(1).await).as_deref(), Some("HealthCheckVersionMismatch"));
    out(2).await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));
    sim.set_control_plane_dark("us-east-1", true);
    assert_eq!(code(&out(2).await).as_deref(), Some("ServiceUnavailable"));
}

#[tokio::test]
async fn checkers_tell_what_they_see_of_every_kind() {
    let sim = sim().await;
    let route53 = route53(&sim).await;
    add(&sim, "endpoint", Watch::Endpoint);
    add(&sim, "any", Watch::Calculated { children: vec!["endpoint".into(), "alarm".into()], threshold: 1 });
    let alarm = |state: &str| Watch::Alarm {
        region: RECOVERY.into(),
        name: "standby".into(),
        state: state.into(),
        insufficient: "Healthy".into(),
    };
    add(&sim, "alarm", alarm("ALARM"));
    add(&sim, "no-data", alarm("INSUFFICIENT_DATA"));
    for (id, seen) in
        [("endpoint", "Success"), ("any", "Success"), ("alarm", "Failure"), ("no-data", "Success")]
    {
        assert!(said(&route53, id).await.starts_with(seen), "{id}");
    }
    sim.set_region_dark(HOME, true);
    for (id, seen) in [("endpoint", "Failure"), ("any", "Failure")] {
        assert!(said(&route53, id).await.starts_with(seen), "{id}");
    }
    let described = route53.get_health_check().health_check_id("no-data").send().await.unwrap();
    let config = described.health_check().unwrap().health_check_config().unwrap().clone();
    assert_eq!(config.alarm_identifier().unwrap().region().as_str(), RECOVERY);
    assert_eq!(config.insufficient_data_health_status().unwrap().as_str(), "Healthy");
    let described = route53.get_health_check().health_check_id("any").send().await.unwrap();
    let config = described.health_check().unwrap().health_check_config().unwrap().clone();
    assert_eq!((config.health_threshold(), config.child_health_checks().len()), (Some(1), 2));
}
