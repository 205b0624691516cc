//! The simulator's name server, asked as a resolver asks it, over UDP and over TCP.

use crate::harness::{SHOP, acting, sim};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, RrType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use holdfast_sim::Sim;
use std::collections::BTreeSet;
use std::time::Duration;

fn resolver(sim: &Sim, connection: ConnectionConfig) -> TokioResolver {
    let mut connection = connection;
    connection.port = sim.addr.port();
    let mut server = NameServerConfig::udp_and_tcp(sim.addr.ip());
    server.connections = vec![connection];
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().cache_size = 0;
    builder.options_mut().attempts = 0;
    builder.options_mut().timeout = Duration::from_secs(2);
    builder.build().unwrap()
}

async fn asked(resolver: &TokioResolver, name: &str, kind: RecordType) -> Result<BTreeSet<String>, NetError> {
    let found = resolver.lookup(format!("{name}."), kind).await?;
    Ok(found.answers().iter().map(|r| r.data.to_string()).collect())
}

/// What the name of a Region's balancer answers.
async fn balancer(sim: &Sim, name: &str, region: &str) -> BTreeSet<String> {
    let balancer = sim.look(|world| {
        let records = world.zones.iter().flat_map(|z| &z.records);
        let aliases = records.filter(|r| r.name == format!("{name}.")).filter_map(|r| r.alias.clone());
        aliases.map(|a| a.dns_name).find(|n| n.contains(region)).unwrap()
    });
    asked(&resolver(sim, ConnectionConfig::udp()), balancer.trim_end_matches('.'), RecordType::A)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_name_answers_with_the_addresses_of_the_balancer_that_it_leads_to_over_udp_and_tcp() {
    let sim = sim().await;
    let home = balancer(&sim, "shop.example.com", "us-east-1").await;
    for connection in [ConnectionConfig::udp(), ConnectionConfig::tcp()] {
        let resolver = resolver(&sim, connection);
        assert_eq!(asked(&resolver, "shop.example.com", RecordType::A).await.unwrap(), home);
        assert_eq!(asked(&resolver, "SHOP.example.com", RecordType::A).await.unwrap(), home);
    }
    assert_ne!(home, balancer(&sim, "shop.example.com", "eu-central-1").await);
    // The port is AWS's too.
    acting(&sim, "us-east-1").await;
}

#[tokio::test]
async fn what_is_changed_over_route_53_is_what_is_answered_also_while_its_control_plane_is_dark() {
    let sim = sim().await;
    let route53 = aws_sdk_route53::Client::new(&acting(&sim, "us-east-1").await);
    let page = route53
        .list_resource_record_sets()
        .hosted_zone_id("Z0123456789ABC")
        .start_record_name("shop.example.com")
        .start_record_type(RrType::A)
        .send()
        .await
        .unwrap();
    let sets = page.resource_record_sets.into_iter().filter(|r| r.name() == "shop.example.com.");
    let changes = sets.map(|old| {
        let mut new = old.clone();
        new.weight = Some(if old.weight == Some(0) { 100 } else { 0 });
        Change::builder().action(ChangeAction::Upsert).resource_record_set(new).build().unwrap()
    });
    let batch = ChangeBatch::builder().set_changes(Some(changes.collect())).build().unwrap();
    let call = route53.change_resource_record_sets().hosted_zone_id("Z0123456789ABC").change_batch(batch);
    call.send().await.unwrap();
    sim.set_control_plane_dark("us-east-1", true);
    sim.set_region_dark("us-east-1", true);
    let there = balancer(&sim, "shop.example.com", "eu-central-1").await;
    let resolver = resolver(&sim, ConnectionConfig::udp());
    assert_eq!(asked(&resolver, "shop.example.com", RecordType::A).await.unwrap(), there);
}

#[tokio::test]
async fn a_dark_region_is_answered_past_by_itself_where_health_decides() {
    let sim = sim().await;
    let resolver = resolver(&sim, ConnectionConfig::udp());
    let primary = asked(&resolver, "catalog.shop.example.com", RecordType::A).await.unwrap();
    assert_eq!(primary, balancer(&sim, "catalog.shop.example.com", "us-east-1").await);
    sim.set_region_dark("us-east-1", true);
    let secondary = asked(&resolver, "catalog.shop.example.com", RecordType::A).await.unwrap();
    assert_eq!(secondary, balancer(&sim, "catalog.shop.example.com", "eu-central-1").await);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_told_from_one_that_is_not_ours_or_of_a_private_zone() {
    let sim = sim().await;
    let resolver = resolver(&sim, ConnectionConfig::udp());
    let missing = asked(&resolver, "nothing.shop.example.com", RecordType::A).await.unwrap_err();
    let NetError::Dns(DnsError::NoRecordsFound(none)) = missing else { panic!("{missing}") };
    assert_eq!(none.response_code, ResponseCode::NXDomain);
    for (name, kind) in [("www.example.org", RecordType::A), ("reports-db.data.internal", RecordType::CNAME)]
    {
        let foreign = asked(&resolver, name, kind).await.unwrap_err();
        assert!(matches!(foreign, NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused))), "{foreign}");
    }
}

#[tokio::test]
async fn a_service_s_health_endpoint_says_how_it_is_and_a_dark_region_never_answers() {
    let sim = sim().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().timeout(Duration::from_millis(500)).build().unwrap();
    let ask = async |region: &str, service: &str| {
        http.get(format!("{}/_sim/health/{region}/shop/{service}", sim.url()))
            .send()
            .await
            .map(|r| r.status().as_u16())
    };
    assert_eq!(ask("us-east-1", "web").await.unwrap(), 200);
    assert_eq!(ask("us-east-1", "nothing").await.unwrap(), 404);
    sim.tamper(|world| {
        let web = world
            .services
            .iter_mut()
            .find(|s| s.account == SHOP && s.region == "us-east-1" && s.name == "web");
        let web = web.unwrap();
        (web.desired, web.ran) = (0, 0);
    });
    assert_eq!(ask("us-east-1", "web").await.unwrap(), 503);
    sim.set_region_dark("us-east-1", true);
    assert!(ask("us-east-1", "web").await.unwrap_err().is_timeout());
}
