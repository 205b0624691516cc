//! Where the configuration names hosts, nobody stores an address of another.

use crate::house::{HOME, House, name, refused};
use holdfast_api::IfMatch;
use holdfast_api::applications::Applications;
use holdfast_api::inventory::{FileFormat, Inventories, Manner};
use holdfast_api::notices::{NewChannel, Notices};
use holdfast_api::on_call::{OnCalls, PutOnCall};
use holdfast_app::{App, Settings};
use holdfast_domain::{ChannelKind, Hosts, Resource, Seconds};
use holdfast_testkit::sealing;
use serde_json::json;

const ASTRAY: [&str; 5] = [
    "https://hooks.example.net/x",
    "https://evilexample.com/",
    "https://hooks.example.com.example.net/",
    "https://203.0.113.9/",
    "https://example.net:8443/hooks.example.com",
];
const GOOD: [&str; 3] =
    ["https://hooks.example.com/x", "https://example.com", "https://HOOKS.example.com:8443/x?y=z"];

/// The same house, speaking to these hosts only; none: to any.
fn speaking_to(house: &House, hosts: &[&str]) -> App {
    let outside_hosts = Hosts::parse(hosts.iter().copied()).unwrap();
    App::new(house.store.clone(), Settings { outside_hosts, sealing: Some(sealing()), ..Settings::default() })
}

fn channel(kind: ChannelKind, url: &str) -> NewChannel {
    NewChannel { kind, name: url.into(), address: None, url: Some(url.into()), routing_key: None }
}

fn calendar(url: &str) -> PutOnCall {
    PutOnCall { rotation: None, calendar_url: Some(url.into()) }
}

fn plan(url: &str) -> String {
    format!(
        "version: 1\nplans:\n  - application: shop\n    steps:\n      - {{name: tell, kind: webhook, after: observe, url: \"{url}\"}}\n"
    )
}

#[tokio::test]
async fn an_address_of_a_host_that_is_not_named_is_stored_by_no_door() {
    let house = House::new().await;
    let app = speaking_to(&house, &["example.com"]);
    let manner = Manner::default();
    for url in ASTRAY {
        for kind in [ChannelKind::Webhook, ChannelKind::Slack] {
            let no = refused(app.add_channel(&house.operator, channel(kind, url)).await);
            assert_eq!((no.status, no.fields[0].path.as_str()), (422, "url"), "{url}");
        }
        let no = refused(app.put_on_call(&house.operator, &name("approvers"), calendar(url)).await);
        assert_eq!((no.status, no.fields[0].path.as_str()), (422, "calendar_url"), "{url}");
        let file = plan(url);
        let no =
            refused(app.apply_inventory(&house.operator, file.as_bytes(), FileFormat::Yaml, &manner).await);
        let field = &no.fields[0];
        assert_eq!((field.path.as_str(), field.line), ("plans.shop.steps.tell.url", Some(5)), "{url}");
        assert!(field.message.contains("(example.com)") && field.way_out.contains("outside_hosts"), "{no:?}");
        let mut edited = house.store.application(&name("shop")).await.unwrap();
        edited.resources.push(probe(url));
        let no = refused(app.put_application(&house.operator, edited, &IfMatch::Unconditional).await);
        assert_eq!(no.fields[0].path, format!("applications.shop.resources.health.per_region.{HOME}.url"));
    }
    for url in GOOD {
        app.add_channel(&house.operator, channel(ChannelKind::Webhook, url)).await.unwrap();
        app.put_on_call(&house.operator, &name("approvers"), calendar(url)).await.unwrap();
        let file = plan(url);
        app.apply_inventory(&house.operator, file.as_bytes(), FileFormat::Yaml, &manner).await.unwrap();
    }
    let channels = app.channels(&house.operator).await.unwrap();
    assert_eq!(channels.len(), GOOD.len());
}

fn probe(url: &str) -> Resource {
    let places = json!({ HOME: { "url": url } });
    serde_json::from_value(
        json!({ "name": "health", "kind": "probe", "account": "prod", "per_region": places }),
    )
    .unwrap()
}

#[tokio::test]
async fn what_was_stored_before_a_host_was_named_stays_and_keeps_nobody_from_other_edits() {
    let house = House::new().await;
    let manner = Manner::default();
    let file = plan(ASTRAY[0]);
    let before = speaking_to(&house, &[]);
    before.apply_inventory(&house.operator, file.as_bytes(), FileFormat::Yaml, &manner).await.unwrap();
    let app = speaking_to(&house, &["example.com"]);
    let mut edited = house.store.application(&name("shop")).await.unwrap();
    edited.objectives.rto = Seconds(1_234);
    app.put_application(&house.operator, edited, &IfMatch::Unconditional).await.unwrap();
    app.apply_inventory(&house.operator, file.as_bytes(), FileFormat::Yaml, &manner).await.unwrap();
    let other = plan(ASTRAY[1]);
    let no = refused(app.apply_inventory(&house.operator, other.as_bytes(), FileFormat::Yaml, &manner).await);
    assert_eq!(no.fields[0].path, "plans.shop.steps.tell.url");
}
