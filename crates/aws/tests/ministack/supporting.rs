//! Secrets, parameters, keys, alarms and quotas against the peer, those signed by hand among them.

use super::*;
use holdfast_domain::resource::{
    AlarmPlace, CloudwatchAlarm, EndpointSetting, KeyPlace, KmsKey, Secret, SettingPlace, SsmParameter,
};
use holdfast_domain::{Name, ResourceSpec};
use holdfast_failover::change::StoreEndpoint;

const SETTING: &str = r#"{"user":"app","host":"old.example.com"}"#;

fn resource(spec: ResourceSpec) -> Resource {
    Resource { name: Name::parse("thing").unwrap(), account: Name::parse("shop-prod").unwrap(), spec }
}

impl Peer {
    fn secrets(&self, region: &str) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::from_conf(as_root!(aws_sdk_secretsmanager, self, region))
    }

    async fn parameter(&self, region: &str, name: &str, value: &str) {
        let body = serde_json::json!({"Name": name, "Value": value, "Type": "String"}).to_string();
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "AmazonSSM.PutParameter")
            .body(body);
        self.root(MEMBER, region, "ssm", request).await;
    }
}

#[tokio::test]
async fn a_secret_is_there_or_told_as_missing() {
    let Some(peer) = Peer::start().await else { return };
    let cloud = peer.cloud().await;
    peer.secrets("us-east-1")
        .create_secret()
        .name("shop/database")
        .secret_string("hush")
        .send()
        .await
        .unwrap();
    let secret = resource(ResourceSpec::Secret(Secret { secret: Some("shop/database".into()) }));
    let seen_at_home = seen(&cloud, &secret, "us-east-1").await;
    assert!(matches!(seen_at_home, Facts::Secret { secret: Some(_) }), "{seen_at_home:?}");
    assert_eq!(seen(&cloud, &secret, "eu-central-1").await, Facts::Secret { secret: None });
}

#[tokio::test]
async fn a_parameter_is_read_compared_and_set_by_calls_signed_by_hand() {
    let Some(peer) = Peer::start().await else { return };
    let cloud = peer.cloud().await;
    peer.parameter("us-east-1", "/shop/database", "other").await;
    peer.parameter("eu-central-1", "/shop/database", SETTING).await;
    let parameter = ResourceSpec::SsmParameter(SsmParameter { parameter: Some("/shop/database".into()) });
    match seen(&cloud, &resource(parameter), "eu-central-1").await {
        Facts::Parameter { parameter: Some(parameter) } => {
            assert_eq!(parameter.differs_from, Some(vec!["us-east-1".to_owned()]));
        }
        other => panic!("a parameter was expected, not {other:?}"),
    }

    let place =
        SettingPlace { parameter: Some("/shop/database".into()), secret: None, key: Some("host".into()) };
    let per_region = [(region("eu-central-1"), place)].into();
    let setting = resource(ResourceSpec::EndpointSetting(EndpointSetting { store: None, per_region }));
    let change = Change::SetParameterEndpoint {
        region: region("eu-central-1"),
        parameter: "/shop/database".into(),
        key: Some("host".into()),
        to: StoreEndpoint {
            store: Name::parse("orders").unwrap(),
            endpoint: Some("new.example.com".into()),
            on_version: Some("1".into()),
        },
    };
    cloud.perform(&shop(), &acting("point", None), &change).await.unwrap();
    match seen(&cloud, &setting, "eu-central-1").await {
        Facts::Setting { setting: Some(setting) } => {
            assert_eq!(
                (setting.endpoint.as_deref(), setting.version.as_str()),
                (Some("new.example.com"), "2")
            );
        }
        other => panic!("a setting was expected, not {other:?}"),
    }
    let stale = cloud.perform(&shop(), &acting("point", None), &change).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Conflict);
}

#[tokio::test]
async fn a_key_is_told_with_its_state_and_what_is_not_there_as_missing() {
    let Some(peer) = Peer::start().await else { return };
    let cloud = peer.cloud().await;
    let kms = aws_sdk_kms::Client::from_conf(as_root!(aws_sdk_kms, peer, "us-east-1"));
    let made = kms.create_key().send().await.unwrap();
    let key_id = made.key_metadata().unwrap().key_id().to_owned();
    let per_region = both().map(|region| (region, KeyPlace { key_id: key_id.clone() })).into();
    let key = resource(ResourceSpec::KmsKey(KmsKey { per_region }));
    match seen(&cloud, &key, "us-east-1").await {
        Facts::KmsKey { key: Some(key) } => assert_eq!(key.state, "Enabled"),
        other => panic!("a key was expected, not {other:?}"),
    }
    assert_eq!(seen(&cloud, &key, "eu-central-1").await, Facts::KmsKey { key: None });
}

#[tokio::test]
async fn an_alarm_is_told_with_what_it_watches() {
    let Some(peer) = Peer::start().await else { return };
    let cloud = peer.cloud().await;
    let cloudwatch =
        aws_sdk_cloudwatch::Client::from_conf(as_root!(aws_sdk_cloudwatch, peer, "eu-central-1"));
    cloudwatch
        .put_metric_alarm()
        .alarm_name("orders-lag")
        .namespace("AWS/RDS")
        .metric_name("AuroraGlobalDBProgressLag")
        .comparison_operator(aws_sdk_cloudwatch::types::ComparisonOperator::GreaterThanThreshold)
        .evaluation_periods(1)
        .period(60)
        .threshold(30_000.0)
        .statistic(aws_sdk_cloudwatch::types::Statistic::Maximum)
        .send()
        .await
        .unwrap();
    let per_region = both().map(|region| (region, AlarmPlace { alarm: "orders-lag".into() })).into();
    let alarm = resource(ResourceSpec::CloudwatchAlarm(CloudwatchAlarm { per_region }));
    match seen(&cloud, &alarm, "eu-central-1").await {
        Facts::Alarm { alarm: Some(alarm) } => {
            assert_eq!(alarm.metric.as_deref(), Some("AuroraGlobalDBProgressLag"));
        }
        other => panic!("an alarm was expected, not {other:?}"),
    }
    assert_eq!(seen(&cloud, &alarm, "us-east-1").await, Facts::Alarm { alarm: None });
}
