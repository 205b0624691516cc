//! The outside view against the simulator: what its name server answers beside what Route 53 was told, what its
//! health endpoints say, and that neither needs the Region whose control plane is dark.

use crate::route53_records::{named_record, record_of, reweigh};
use crate::words::{account, act, acting, nobody_to_ask, outside, reading, region};
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials, OutsideSettings};
use holdfast_cloud::{Cloud, Delivery, ErrorKind, Looked, Settled};
use holdfast_domain::facts::{NameAnswer, ProbeAnswer};
use holdfast_domain::resource::{Probe, ProbePlace};
use holdfast_domain::{Facts, Name, RegionCode, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_sim::{Sim, SimConfig};
use std::time::Duration;

const ZONE: &str = "Z0123456789ABC";
const HOME: &str = "us-east-1";
const AWAY: &str = "eu-central-1";

async fn sim() -> Sim {
    let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 1.0 };
    holdfast_sim::start(config).await.unwrap()
}

fn cloud(sim: &Sim, outside: OutsideSettings) -> AwsCloud {
    AwsCloud::new(AwsSettings {
        endpoint_url: Some(sim.url()),
        control_credentials: ControlCredentials::Static {
            access_key_id: "AKIDCONTROL".into(),
            secret_access_key: "control".into(),
            session_token: None,
        },
        operation_timeout: Duration::from_secs(5),
        outside,
        ..AwsSettings::new(vec![region(AWAY), region("us-west-2")])
    })
}

async fn look(cloud: &AwsCloud, resource: &Resource) -> Looked {
    let regions: Vec<RegionCode> = [HOME, AWAY].map(region).into();
    cloud.observe(&account("222222222222", "demo-shop-prod"), &reading(), resource, &regions).await
}

async fn answers(cloud: &AwsCloud, name: &str, code: &str) -> NameAnswer {
    match look(cloud, &named_record(ZONE, name)).await.remove(&region(code)).unwrap().unwrap() {
        Facts::DnsRecord { outside: Some(answer), .. } => answer,
        other => panic!("a record with an outside view was expected, not {other:?}"),
    }
}

/// Whether any of the answers led to the Region; `None` where that is not known.
fn leads_here(answer: &NameAnswer) -> Option<bool> {
    match answer {
        NameAnswer::Known { here, .. } => Some(*here > 0),
        NameAnswer::Unknown { .. } => None,
    }
}

fn probe(sim: &Sim, expect: &str) -> Resource {
    let place = |code: &str| ProbePlace {
        url: format!("{}/_sim/health/{code}/shop/web", sim.url()),
        expect: Some(expect.into()),
        timeout: Some("1s".into()),
    };
    let per_region = [HOME, AWAY].into_iter().map(|code| (region(code), place(code))).collect();
    Resource {
        name: Name::parse("health").unwrap(),
        account: Name::parse("shop-prod").unwrap(),
        spec: ResourceSpec::Probe(Probe { per_region }),
    }
}

async fn probed(cloud: &AwsCloud, resource: &Resource, code: &str) -> ProbeAnswer {
    match look(cloud, resource).await.remove(&region(code)).unwrap().unwrap() {
        Facts::Probe(answer) => answer,
        other => panic!("a probe's answer was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn the_name_servers_answer_is_told_beside_the_record_and_follows_a_change() {
    let sim = sim().await;
    let cloud = cloud(&sim, outside(sim.addr));
    let name = "shop.example.com";
    for (code, leads) in [(HOME, true), (AWAY, false)] {
        let answer = answers(&cloud, name, code).await;
        assert_eq!(leads_here(&answer), Some(leads), "{code}: {answer:?}");
        let NameAnswer::Known { answers, from, ttl_seconds, .. } = answer else { unreachable!() };
        assert_eq!((answers, from.as_str(), ttl_seconds), (4, "a test", leads.then_some(60)));
    }
    let front_door = named_record(ZONE, name);
    let mut looked = look(&cloud, &front_door).await;
    let mut old = |code: &str| record_of(&looked.remove(&region(code)).unwrap().unwrap());
    let (home, away) = (old(HOME), old(AWAY));
    let change = Change::ReplaceRecords {
        hosted_zone_id: ZONE.into(),
        replace: vec![reweigh(&region(HOME), &home, 0), reweigh(&region(AWAY), &away, 100)],
    };
    let shop = account("222222222222", "demo-shop-prod");
    cloud.perform(&shop, &acting("move-traffic", None), &change).await.unwrap();
    assert_eq!(leads_here(&answers(&cloud, name, HOME).await), Some(false));
    assert_eq!(leads_here(&answers(&cloud, name, AWAY).await), Some(true));
}

#[tokio::test]
async fn what_route_53_moves_by_itself_is_seen_though_no_record_changed() {
    let sim = sim().await;
    let cloud = cloud(&sim, outside(sim.addr));
    let name = "catalog.shop.example.com";
    let set_identifiers = [(HOME, "primary"), (AWAY, "secondary")];
    let mut front_door = named_record(ZONE, name);
    if let ResourceSpec::Route53Records(spec) = &mut front_door.spec {
        spec.set_identifiers = set_identifiers.map(|(code, id)| (region(code), id.to_owned())).into();
    }
    let leads =
        async |code: &str| match look(&cloud, &front_door).await.remove(&region(code)).unwrap().unwrap() {
            Facts::DnsRecord { outside: Some(answer), .. } => leads_here(&answer),
            other => panic!("{other:?}"),
        };
    assert_eq!(leads(HOME).await, Some(true));
    sim.set_region_dark(HOME, true);
    assert_eq!((leads(HOME).await, leads(AWAY).await), (Some(false), Some(true)));
}

#[tokio::test]
async fn name_servers_that_cannot_be_asked_leave_the_record_known_and_the_outside_unknown() {
    let sim = sim().await;
    let cloud = cloud(&sim, nobody_to_ask());
    let answer = answers(&cloud, "shop.example.com", HOME).await;
    assert!(
        matches!(&answer, NameAnswer::Unknown { reason, .. } if reason.contains("127.0.0.1:9")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn without_an_override_the_zones_own_servers_are_found_through_route_53_and_asked_once() {
    let sim = sim().await;
    let own = OutsideSettings { dns_resolver: None, ..outside(sim.addr) };
    let cloud = cloud(&sim, own);
    let answer = answers(&cloud, "shop.example.com", HOME).await;
    assert!(
        matches!(&answer, NameAnswer::Unknown { reason, .. } if reason.contains("sim.example")),
        "{answer:?}"
    );
    answers(&cloud, "shop.example.com", HOME).await;
    let found = sim.ledger().iter().filter(|entry| entry.operation == "GetHostedZone").count();
    assert_eq!(found, 1, "the delegation is remembered");
}

#[tokio::test]
async fn a_probe_needs_no_session_and_sees_a_region_go_dark() {
    let sim = sim().await;
    let cloud = cloud(&sim, outside(sim.addr));
    let health = probe(&sim, "200 ready");
    assert!(probed(&cloud, &health, HOME).await.healthy);
    assert!(!probed(&cloud, &probe(&sim, "200 green"), HOME).await.healthy);
    sim.set_region_dark(HOME, true);
    let dark = probed(&cloud, &health, HOME).await;
    assert_eq!((dark.healthy, dark.status), (false, None));
    assert!(dark.trouble.unwrap().contains("no answer within 1 s"));
    assert!(probed(&cloud, &health, AWAY).await.healthy);
    assert!(sim.ledger().is_empty(), "no role was assumed for it");
}

#[tokio::test]
async fn production_probes_nothing_on_this_machine() {
    let sim = sim().await;
    let cloud = cloud(&sim, OutsideSettings::production("x"));
    let refused = look(&cloud, &probe(&sim, "200")).await.remove(&region(HOME)).unwrap().unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
    assert!(refused.message.contains("loopback"), "{refused}");
}

#[tokio::test]
async fn a_receivers_no_is_told_from_its_trouble_and_from_silence() {
    let sim = sim().await;
    let cloud = cloud(&sim, outside(sim.addr));
    let delivery = |path: &str| Delivery {
        url: format!("{}{path}", sim.url()),
        id: "msg_1".into(),
        body: "{}".into(),
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
    };
    let refused = cloud.deliver(&delivery("/_sim/nothing")).await.unwrap_err();
    assert_eq!((refused.kind, refused.outcome_unknown), (ErrorKind::NotFound, false), "{refused}");
    let nobody = Delivery { url: "http://127.0.0.1:9/".into(), ..delivery("/") };
    let unreachable = cloud.deliver(&nobody).await.unwrap_err();
    assert_eq!((unreachable.kind, unreachable.outcome_unknown), (ErrorKind::Unreachable, false));
}

#[tokio::test]
async fn a_function_of_ones_own_is_invoked_once_under_a_policy_for_it_alone() {
    let sim = sim().await;
    let cloud = cloud(&sim, outside(sim.addr));
    let platform = account("333333333333", "demo-platform-prod");
    let invoke = |function: &str| Change::InvokeLambda {
        account: platform.name.clone(),
        region: region("us-west-2"),
        function: function.into(),
        payload: r#"{"application": "billing"}"#.into(),
    };
    let change = invoke("notifications-sender");
    let answer = cloud.perform(&platform, &acting("own-warm", None), &change).await.unwrap();
    assert_eq!((answer.action.as_str(), answer.region.as_str()), ("lambda:InvokeFunction", "us-west-2"));
    let ledger = sim.ledger();
    let invoked: Vec<_> = ledger.iter().filter(|entry| entry.operation == "Invoke").collect();
    assert_eq!(invoked.len(), 1);
    assert_eq!(invoked[0].request_id, answer.request_id.unwrap());
    assert_eq!(invoked[0].session_policy, holdfast_aws::policy::changing(&platform, &change).ok());
    let missing = cloud.perform(&platform, &acting("own-warm", None), &invoke("nothing")).await.unwrap_err();
    assert_eq!((missing.kind, missing.outcome_unknown), (ErrorKind::NotFound, false), "{missing}");
}

#[tokio::test]
async fn a_document_is_run_on_the_instances_with_a_tag_and_followed_to_its_end() {
    let sim = sim().await;
    let cloud = cloud(&sim, outside(sim.addr));
    let shop = account("222222222222", "demo-shop-prod");
    let run = |tag: &str| Change::RunDocument {
        account: shop.name.clone(),
        region: region(AWAY),
        document: "AWS-RunShellScript".into(),
        parameters: [("commands".to_owned(), "warm-caches".to_owned())].into(),
        target_tag: tag.into(),
        target_value: "cache".into(),
    };
    for (tag, ends) in [("role", Settled::Yes), ("none", Settled::Failed("no instance has the tag".into()))] {
        let change = run(tag);
        let answer = cloud.perform(&shop, &acting("own-warm", None), &change).await.unwrap();
        let tracking = answer.tracking.unwrap();
        let settled =
            async || cloud.settled(&shop, &act("own-warm", &change), &change, &tracking).await.unwrap();
        assert!(matches!(settled().await, Settled::NotYet(_)), "{tag}");
        sim.advance(Duration::from_secs(3));
        assert_eq!(settled().await, ends, "{tag}");
    }
    let sent = sim.ledger().iter().filter(|entry| entry.operation == "SendCommand").count();
    assert_eq!(sent, 2);
}
