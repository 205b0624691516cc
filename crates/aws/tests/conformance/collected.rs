//! From AssumeRole to what people are shown: the collector, over a database, of an account that turns it away.

use crate::peers::Peer;
use async_trait::async_trait;
use holdfast_api::accounts::Accounts as _;
use holdfast_api::applications::Applications as _;
use holdfast_api::people::{NewPerson, People as _};
use holdfast_app::{App, Settings};
use holdfast_aws::AwsCloud;
use holdfast_domain::{Name, PersonId, Role, RunId};
use holdfast_engine::{Asks, Engine, EngineSettings};
use holdfast_failover::step::run_plan::{Asking, NotAsked};
use holdfast_store::Fence;
use holdfast_testkit::test_database;
use std::sync::Arc;
use std::time::{Duration, Instant};

scenarios! {
    a_wrong_external_id_shows_as_unknown_with_that_reason: simulator, ministack;
}

/// The account is registered under an external id that its roles do not take.
const INVENTORY: &str = r#"version: 1
accounts:
  - id: "222222222222"
    name: shop-prod
    read_role_arn: arn:aws:iam::222222222222:role/holdfast-read
    act_role_arn: arn:aws:iam::222222222222:role/holdfast-act
    external_id: somebody-else
groups:
  - name: approvers
approval_policies:
  - name: one-approver
    rules:
      - {group: approvers, approvals: 1}
    expires_after: 2h
applications:
  - name: shop
    owner: payments
    tier: 1
    strategy: warm_standby
    home_region: us-east-1
    recovery_regions: [eu-central-1]
    objectives: {rto: 15m, rpo: 30s}
    approval_policy: one-approver
    resources:
      - {name: front-door, kind: route53_records, account: shop-prod, hosted_zone_id: Z0123456789ABC, record: shop.example.com, type: A}
      - {name: orders, kind: aurora_global_database, account: shop-prod, global_cluster: orders}
      - name: web
        kind: ecs_service
        account: shop-prod
        per_region:
          us-east-1: {cluster: shop, service: web}
          eu-central-1: {cluster: shop, service: web}
"#;

/// No run is made here.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Asks for Nobody {
    async fn ask(&self, _: &Asking, _: &Fence) -> Result<RunId, NotAsked> {
        Err(NotAsked::Unknown("nothing is asked for in this test".into()))
    }
    async fn bring_back(&self, _: RunId) -> Result<RunId, String> {
        Err("nobody drills here".into())
    }
}

async fn a_wrong_external_id_shows_as_unknown_with_that_reason(peer: &Peer) {
    let database = test_database().await;
    let store = database.store().await;
    let app = App::new(store.clone(), Settings::default());
    app.seed_inventory(INVENTORY).await.unwrap();
    let viewer = NewPerson {
        email: "viewer@example.com".into(),
        role: Role::Viewer,
        groups: vec![],
        password: "a long enough password".into(),
    };
    let viewer = app.create_person(viewer).await.unwrap();
    let viewer = app.actor_of_session(PersonId(viewer.id.parse().unwrap()), None).await.unwrap();

    let data = tempfile::tempdir().unwrap();
    let mut settings = EngineSettings::new(data.path().to_owned());
    settings.sweep_interval = Duration::from_secs(3_600);
    let cloud = Arc::new(AwsCloud::new(peer.settings.clone()));
    let engine = Engine::start(store.clone(), cloud, Arc::new(Nobody), settings).await.unwrap();
    let end = Instant::now() + Duration::from_secs(120);
    while store.last_sweep().await.unwrap().finished_at.is_none() {
        assert!(Instant::now() < end, "no sweep has ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let says_why = |reason: Option<&str>| {
        reason.is_some_and(|reason| reason.contains("somebody-else") && reason.contains("external id"))
    };
    let status = app.application_status(&viewer, &Name::parse("shop").unwrap()).await.unwrap();
    assert_eq!(status.resources.len(), 3);
    for resource in &status.resources {
        assert_eq!(resource.regions.len(), 2, "{}", resource.name);
        for region in &resource.regions {
            let of = format!("{} in {}: {:?}", resource.name, region.region, region.reason);
            assert_eq!(region.state, "unknown", "{of}");
            assert!(says_why(region.reason.as_deref()), "{of}");
            assert!(region.values.is_none() && region.observed_at.is_none(), "{of}");
        }
    }
    assert!(status.serving.regions.is_empty() && !status.serving.certain, "{:?}", status.serving);
    let account = app.account(&viewer, "shop-prod").await.unwrap();
    assert_eq!(account.read.state, "failed");
    assert!(says_why(account.read.reason.as_deref()), "{:?}", account.read);
    assert!(account.read.way_out.is_some_and(|way_out| way_out.contains("external")), "the way out names it");
    engine.shutdown().await;
}
