//! Conformance: the adapters against an AWS that nobody here wrote. ministack checks signatures, external ids and
//! IAM policies (`AUTH=true`), so the sessions are real and a policy that forgets an action fails here.
//!
//! `make test` installs it. Without it these tests fail and say so; HOLDFAST_WITHOUT_PEERS=1 leaves them out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

mod common;

use aws_credential_types::Credentials;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use aws_sdk_route53::types::{
    Change as SdkChange, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::region::Region;
use common::*;
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials, policy};
use holdfast_cloud::{Access, Cloud, ErrorKind, Settled};
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Account, Facts, RegionCode, Resource};
use holdfast_failover::Change;
use holdfast_failover::change::AccessPointRouteTarget;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CONTROL: &str = "123456789012";
const MEMBER: &str = "222222222222";
const EXTERNAL_ID: &str = "shop-and-nobody-else";

/// The configuration of an SDK client as the member account's root.
macro_rules! as_root {
    ($sdk:ident, $peer:expr, $region:expr) => {
        $sdk::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new($region.to_owned()))
            .endpoint_url(&$peer.url)
            .credentials_provider(Credentials::new(MEMBER, "any", None, None, "conformance"))
            .http_client(
                aws_smithy_http_client::Builder::new()
                    .tls_provider(Provider::Rustls(CryptoMode::Ring))
                    .build_https(),
            )
            .build()
    };
}

// After the macro that they use.
#[path = "ministack/compute.rs"]
mod compute;
#[path = "ministack/supporting.rs"]
mod supporting;

/// A ministack of this test's own; gone with it.
struct Peer {
    url: String,
    process: Child,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Either it is gone already or it is killed; a test that ends has nothing to do about a third case.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let cache =
        std::env::var_os("HOLDFAST_CACHE").map_or_else(|| home().join(".cache/holdfast"), PathBuf::from);
    cache.join("venvs/ministack/bin/ministack")
}

impl Peer {
    /// `None` only where peers were waived by name.
    async fn start() -> Option<Self> {
        Self::start_with("true").await
    }

    async fn start_with(auth: &str) -> Option<Self> {
        if std::env::var("HOLDFAST_WITHOUT_PEERS").is_ok_and(|value| value == "1") {
            return None;
        }
        let program = program();
        assert!(
            program.exists(),
            "ministack is not at {}: run `scripts/setup test`, or set HOLDFAST_WITHOUT_PEERS=1 to leave this test out",
            program.display()
        );
        // Every test is the first of its process under nextest and one of several under cargo test.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(program)
            .env("AUTH", auth)
            .env("GATEWAY_PORT", port.to_string())
            .env("TMPDIR", folder.path())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_ACCOUNT_ID", CONTROL)
            .env("SFTP_ENABLED", "0")
            .env("IOT_MTLS_ENABLED", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut peer = Self { url: format!("http://127.0.0.1:{port}"), process, http, _folder: folder };
        let began = Instant::now();
        while peer.http.get(format!("{}/_ministack/health", peer.url)).send().await.is_err() {
            assert!(peer.process.try_wait().unwrap().is_none(), "ministack ended while starting");
            assert!(began.elapsed() < Duration::from_secs(60), "ministack did not listen within a minute");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(peer)
    }

    /// What only prepares the world goes under an account's root, whom ministack knows by the key and does not check.
    async fn root(
        &self,
        account: &str,
        region: &str,
        service: &str,
        request: reqwest::RequestBuilder,
    ) -> String {
        let now = jiff::Timestamp::now();
        let (date, time) = (now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ"));
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={account}/{date}/{region}/{service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"
        );
        let request = request
            .header("authorization", signed)
            .header("x-amz-date", time.to_string())
            .header("x-amz-account-id", account);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {body}");
        body
    }

    async fn iam(&self, account: &str, parameters: &[(&str, &str)]) -> String {
        let form: Vec<String> = [("Version", "2010-05-08")]
            .iter()
            .chain(parameters)
            .map(|(key, value)| {
                format!("{key}={}", value.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>())
            })
            .collect();
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.join("&"));
        self.root(account, "us-east-1", "iam", request).await
    }

    /// A user in the control account, both roles in the member account, and the cloud as that user.
    async fn cloud(&self) -> AwsCloud {
        self.iam(CONTROL, &[("Action", "CreateUser"), ("UserName", "holdfast")]).await;
        let assume = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"],"Resource":"arn:aws:iam::*:role/holdfast-*"}]}"#;
        let policy = [
            ("Action", "PutUserPolicy"),
            ("UserName", "holdfast"),
            ("PolicyName", "assume"),
            ("PolicyDocument", assume),
        ];
        self.iam(CONTROL, &policy).await;
        let key = self.iam(CONTROL, &[("Action", "CreateAccessKey"), ("UserName", "holdfast")]).await;
        let principal = format!("arn:aws:iam::{CONTROL}:user/holdfast");
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[
                {{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"{EXTERNAL_ID}"}}}}}},
                {{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":["sts:SetSourceIdentity","sts:TagSession"]}}]}}"#
        );
        let read: Vec<&str> = policy::read_role_actions().into_iter().collect();
        let act: Vec<&str> = policy::act_role_actions().into_iter().collect();
        for (role, actions) in [("holdfast-read", &read), ("holdfast-act", &act)] {
            self.iam(
                MEMBER,
                &[("Action", "CreateRole"), ("RoleName", role), ("AssumeRolePolicyDocument", &trust)],
            )
            .await;
            let document = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
            let document = document.to_string();
            let policy = [
                ("Action", "PutRolePolicy"),
                ("RoleName", role),
                ("PolicyName", "own"),
                ("PolicyDocument", &document),
            ];
            self.iam(MEMBER, &policy).await;
        }
        AwsCloud::new(AwsSettings {
            endpoint_url: Some(self.url.clone()),
            control_credentials: ControlCredentials::Static {
                access_key_id: element(&key, "AccessKeyId"),
                secret_access_key: element(&key, "SecretAccessKey"),
                session_token: None,
            },
            // One machine serves all the tests at once; the shipped deadlines are for machines that do nothing else.
            operation_timeout: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(15),
            change_timeout: Duration::from_secs(30),
            session_timeout: Duration::from_secs(20),
            outside: nobody_to_ask(),
            ..AwsSettings::new(vec![region("eu-central-1"), region("us-east-1")])
        })
    }

    fn rds(&self, region: &str) -> aws_sdk_rds::Client {
        aws_sdk_rds::Client::from_conf(as_root!(aws_sdk_rds, self, region))
    }

    /// `orders`, with its writer in us-east-1 and a secondary in eu-central-1.
    async fn aurora(&self) {
        let (home, recovery) = (self.rds("us-east-1"), self.rds("eu-central-1"));
        let writer = home
            .create_db_cluster()
            .db_cluster_identifier("orders-us-east-1")
            .engine("aurora-postgresql")
            .master_username("owner")
            .master_user_password("not-a-secret-at-all")
            .send()
            .await
            .unwrap();
        let arn = writer.db_cluster().and_then(|cluster| cluster.db_cluster_arn()).unwrap().to_owned();
        home.create_global_cluster()
            .global_cluster_identifier("orders")
            .source_db_cluster_identifier(arn)
            .send()
            .await
            .unwrap();
        recovery
            .create_db_cluster()
            .db_cluster_identifier("orders-eu-central-1")
            .engine("aurora-postgresql")
            .global_cluster_identifier("orders")
            .send()
            .await
            .unwrap();
    }

    async fn lag(&self, milliseconds: f64) {
        let client =
            aws_sdk_cloudwatch::Client::from_conf(as_root!(aws_sdk_cloudwatch, self, "eu-central-1"));
        let datum = MetricDatum::builder()
            .metric_name("AuroraGlobalDBReplicationLag")
            .dimensions(Dimension::builder().name("DBClusterIdentifier").value("orders-eu-central-1").build())
            .timestamp(aws_sdk_cloudwatch::primitives::DateTime::from_secs(
                jiff::Timestamp::now().as_second() - 90,
            ))
            .value(milliseconds)
            .unit(StandardUnit::Milliseconds)
            .build();
        client.put_metric_data().namespace("AWS/RDS").metric_data(datum).send().await.unwrap();
    }

    /// A zone with the weights 100 and 0; its id.
    async fn weighted_records(&self) -> String {
        let client = aws_sdk_route53::Client::from_conf(as_root!(aws_sdk_route53, self, "us-east-1"));
        let zone = client
            .create_hosted_zone()
            .name("example.com")
            .caller_reference("conformance")
            .send()
            .await
            .unwrap();
        let id = zone.hosted_zone().unwrap().id().trim_start_matches("/hostedzone/").to_owned();
        let record = |code: &str, weight, address: &str| {
            let set = ResourceRecordSet::builder()
                .name("shop.example.com")
                .r#type(RrType::A)
                .set_identifier(code)
                .weight(weight)
                .ttl(60)
                .resource_records(ResourceRecord::builder().value(address).build().unwrap())
                .build()
                .unwrap();
            SdkChange::builder().action(ChangeAction::Create).resource_record_set(set).build().unwrap()
        };
        let batch = ChangeBatch::builder()
            .changes(record("us-east-1", 100, "192.0.2.1"))
            .changes(record("eu-central-1", 0, "198.51.100.1"))
            .build()
            .unwrap();
        client.change_resource_record_sets().hosted_zone_id(&id).change_batch(batch).send().await.unwrap();
        id
    }

    /// An access point over two buckets; its ARN.
    async fn access_point(&self) -> String {
        for code in ["us-east-1", "eu-central-1"] {
            let body = match code {
                "us-east-1" => String::new(),
                code => format!(
                    "<CreateBucketConfiguration><LocationConstraint>{code}</LocationConstraint></CreateBucketConfiguration>"
                ),
            };
            let request = self.http.put(format!("{}/assets-{code}", self.url)).body(body);
            self.root(MEMBER, code, "s3", request).await;
        }
        let body = r#"<CreateMultiRegionAccessPointRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><ClientToken>conformance</ClientToken><Details><Name>assets</Name><Regions><Region><Bucket>assets-us-east-1</Bucket></Region><Region><Bucket>assets-eu-central-1</Bucket></Region></Regions></Details></CreateMultiRegionAccessPointRequest>"#;
        let request = self.http.post(format!("{}/v20180820/async-requests/mrap/create", self.url)).body(body);
        self.root(MEMBER, "us-west-2", "s3", request).await;
        let request = self.http.get(format!("{}/v20180820/mrap/instances/assets", self.url));
        let alias = element(&self.root(MEMBER, "us-west-2", "s3", request).await, "Alias");
        format!("arn:aws:s3::{MEMBER}:accesspoint/{alias}")
    }
}

fn element(xml: &str, name: &str) -> String {
    let after = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")).1;
    after.split('<').next().unwrap().to_owned()
}

fn shop() -> Account {
    account(MEMBER, EXTERNAL_ID)
}

fn both() -> [RegionCode; 2] {
    [region("us-east-1"), region("eu-central-1")]
}

async fn seen(cloud: &AwsCloud, resource: &Resource, code: &str) -> Facts {
    cloud.observe(&shop(), &reading(), resource, &both()).await.remove(&region(code)).unwrap().unwrap()
}

async fn member(cloud: &AwsCloud, code: &str) -> AuroraMember {
    match seen(cloud, &aurora("orders"), code).await {
        Facts::AuroraMember(member) => member,
        other => panic!("a member was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn both_roles_of_another_account_are_assumed_and_a_wrong_external_id_is_told() {
    let Some(peer) = Peer::start().await else { return };
    let cloud = peer.cloud().await;
    let read = cloud.probe(&shop(), &reading()).await.unwrap();
    assert_eq!(read.account, MEMBER);
    assert!(read.arn.contains("holdfast-read"), "{}", read.arn);
    let act = cloud.probe(&shop(), &Access::Act(acting("probe", None))).await.unwrap();
    assert!(act.arn.contains("holdfast-act"), "{}", act.arn);

    let error = cloud.probe(&account(MEMBER, "somebody-else"), &reading()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("external id `somebody-else`"), "{}", error.message);
}

#[tokio::test]
async fn a_global_database_is_switched_over_and_then_failed_over_back() {
    // Policies unchecked here: ministack weighs the global cluster calls against the resource `*`, where AWS takes the
    // clusters they name, so it would refuse every policy that names them.
    let Some(peer) = Peer::start_with("false").await else { return };
    let cloud = peer.cloud().await;
    peer.aurora().await;
    peer.lag(120.0).await;
    assert!(member(&cloud, "us-east-1").await.writer);
    let secondary = member(&cloud, "eu-central-1").await;
    assert!(!secondary.writer && secondary.cluster_status.is_some(), "{secondary:?}");
    let lag = secondary.lag.unwrap();
    assert_eq!((lag.milliseconds, lag.metric.as_str()), (120.0, "AuroraGlobalDBReplicationLag"));

    let switch = Change::SwitchAuroraOver {
        region: region("us-east-1"),
        global_cluster: "orders".into(),
        target_cluster_arn: secondary.cluster_arn,
    };
    let answer = cloud.perform(&shop(), &acting("switch-orders", None), &switch).await.unwrap();
    assert_eq!(
        (answer.action.as_str(), answer.region.as_str()),
        ("rds:SwitchoverGlobalCluster", "us-east-1")
    );
    assert!(answer.request_id.is_some());
    assert!(member(&cloud, "eu-central-1").await.writer);
    let home = member(&cloud, "us-east-1").await;
    assert!(!home.writer);

    let fail = Change::FailAuroraOver {
        region: region("us-east-1"),
        global_cluster: "orders".into(),
        target_cluster_arn: home.cluster_arn,
    };
    cloud.perform(&shop(), &acting("fail-orders", None), &fail).await.unwrap();
    assert!(member(&cloud, "us-east-1").await.writer);
}

#[tokio::test]
async fn weights_move_by_compare_and_set_until_in_sync() {
    let Some(peer) = Peer::start().await else { return };
    let cloud = peer.cloud().await;
    let zone = peer.weighted_records().await;
    let front_door = records(&zone, "shop.example.com");
    let [home, recovery] = both();
    let from = record_of(&seen(&cloud, &front_door, "us-east-1").await);
    let to = record_of(&seen(&cloud, &front_door, "eu-central-1").await);
    assert_eq!((weight_of(&from), weight_of(&to)), (100, 0));
    assert_eq!(from.values, ["192.0.2.1"]);

    let change = Change::ReplaceRecords {
        hosted_zone_id: zone,
        replace: vec![reweigh(&home, &from, 0), reweigh(&recovery, &to, 100)],
    };
    let answer = cloud.perform(&shop(), &acting("move-traffic", None), &change).await.unwrap();
    assert_eq!(weight_of(&record_of(&seen(&cloud, &front_door, "eu-central-1").await)), 100);

    let again = cloud.perform(&shop(), &acting("move-traffic", None), &change).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");

    let tracking = answer.tracking.unwrap();
    let access = act("move-traffic", &change);
    let began = Instant::now();
    loop {
        match cloud.settled(&shop(), &access, &change, &tracking).await.unwrap() {
            Settled::Yes => break,
            Settled::NotYet(status) => assert_eq!(status, "PENDING"),
            Settled::NotKnown(why) | Settled::Failed(why) => panic!("{why}"),
        }
        assert!(began.elapsed() < Duration::from_secs(60), "never in sync");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn access_point_routes_are_read_and_turned_through_any_of_the_five_regions() {
    let Some(peer) = Peer::start().await else { return };
    let cloud = peer.cloud().await;
    let arn = peer.access_point().await;
    let route = async |code: &str| match seen(&cloud, &access_point(&arn), code).await {
        Facts::AccessPointRoute { bucket, traffic_dial_percent } => (bucket, traffic_dial_percent),
        other => panic!("a route was expected, not {other:?}"),
    };
    assert_eq!(route("us-east-1").await, ("assets-us-east-1".to_owned(), 100));
    let turn = |dials: [u8; 2]| Change::SetAccessPointRoutes {
        mrap_arn: arn.clone(),
        routes: BTreeMap::from_iter(both().into_iter().zip(dials).map(|(region, traffic_dial_percent)| {
            (
                region.clone(),
                AccessPointRouteTarget { bucket: format!("assets-{region}"), traffic_dial_percent },
            )
        })),
        via: vec![region("ap-southeast-2"), region("us-west-2")],
    };
    let answer = cloud.perform(&shop(), &acting("route-assets", None), &turn([0, 100])).await.unwrap();
    assert_eq!(answer.region, "ap-southeast-2");
    assert_eq!((route("us-east-1").await.1, route("eu-central-1").await.1), (0, 100));

    let nowhere = cloud.perform(&shop(), &acting("route-assets", None), &turn([0, 0])).await.unwrap_err();
    assert_eq!((nowhere.kind, nowhere.outcome_unknown), (ErrorKind::Invalid, false), "{nowhere}");
}

#[tokio::test]
async fn a_step_s_session_is_refused_what_is_not_its_own() {
    let Some(peer) = Peer::start().await else { return };
    let cloud = peer.cloud().await;
    peer.aurora().await;
    let zone = peer.weighted_records().await;
    let switch = Change::SwitchAuroraOver {
        region: region("us-east-1"),
        global_cluster: "orders".into(),
        target_cluster_arn: member(&cloud, "eu-central-1").await.cluster_arn,
    };
    // The act role may list records; the session made for this step may not.
    let looked = cloud
        .observe(&shop(), &act("switch-orders", &switch), &records(&zone, "shop.example.com"), &both())
        .await;
    for facts in looked.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::Denied);
    }
}
