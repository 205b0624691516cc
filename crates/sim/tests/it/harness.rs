//! A simulator with a frozen clock, and SDK clients that assume a role in it.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3control::config::endpoint::{EndpointFuture, Params, ResolveEndpoint};
use aws_smithy_types::endpoint::Endpoint;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use holdfast_sim::world::World;
use holdfast_sim::{Sim, SimConfig, demo_world, start_with};
use std::path::Path;
use std::time::{Duration, SystemTime};

pub const SHOP: &str = "222222222222";
pub const DATA: &str = "444444444444";
pub const HOME: &str = "us-east-1";
pub const RECOVERY: &str = "eu-central-1";

pub async fn sim() -> Sim {
    sim_with(demo_world(), None, 0.0).await
}

pub async fn sim_with(world: World, data: Option<&Path>, speed: f64) -> Sim {
    let config =
        SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: data.map(Path::to_path_buf), speed };
    start_with(config, world).await.unwrap()
}

pub fn control_keys() -> Credentials {
    Credentials::new("AKIACONTROL", "whatever", None, None, "test")
}

/// A configuration without retries: a test wants to see each answer.
pub async fn config(sim: &Sim, region: &str, credentials: Credentials) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(10)).build();
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .endpoint_url(sim.url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .load()
        .await
}

pub async fn sts(sim: &Sim) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(&config(sim, "eu-central-1", control_keys()).await)
}

pub fn credentials_of(output: &aws_sdk_sts::operation::assume_role::AssumeRoleOutput) -> Credentials {
    let c = output.credentials().unwrap();
    Credentials::new(
        c.access_key_id(),
        c.secret_access_key(),
        Some(c.session_token().to_owned()),
        None,
        "test",
    )
}

/// Assumes one of the two roles in the shop's account.
pub async fn role(sim: &Sim, role: &str) -> Credentials {
    role_in(sim, (SHOP, "demo-shop-prod"), role).await
}

async fn role_in(sim: &Sim, (account, external_id): (&str, &str), role: &str) -> Credentials {
    let output = sts(sim)
        .await
        .assume_role()
        .role_arn(format!("arn:aws:iam::{account}:role/{role}"))
        .role_session_name("run-1")
        .source_identity("operator@example.com")
        .external_id(external_id)
        .send()
        .await
        .unwrap();
    credentials_of(&output)
}

/// A configuration in the shop's account that may act.
pub async fn acting(sim: &Sim, region: &str) -> SdkConfig {
    config(sim, region, role(sim, "holdfast-act").await).await
}

/// The same in the account of the demonstration's databases and backups.
pub async fn acting_in_data(sim: &Sim, region: &str) -> SdkConfig {
    config(sim, region, role_in(sim, (DATA, "demo-data-prod"), "holdfast-act").await).await
}

/// The newest data point of a metric, the worst of its minute.
pub async fn newest_metric(
    sim: &Sim,
    config: &SdkConfig,
    metric: (&str, &str),
    dimensions: &[(&str, &str)],
) -> Option<f64> {
    metric_until(sim, config, metric, dimensions, SystemTime::now() + Duration::from_secs(1)).await
}

/// The newest of the ten minutes before an end.
pub async fn metric_until(
    sim: &Sim,
    config: &SdkConfig,
    (namespace, name): (&str, &str),
    dimensions: &[(&str, &str)],
    end: SystemTime,
) -> Option<f64> {
    let cloudwatch = aws_sdk_cloudwatch::Client::new(config);
    let dimensions = dimensions
        .iter()
        .map(|(name, value)| {
            aws_sdk_cloudwatch::types::Dimension::builder().name(*name).value(*value).build()
        })
        .collect();
    let metric = aws_sdk_cloudwatch::types::Metric::builder()
        .namespace(namespace)
        .metric_name(name)
        .set_dimensions(Some(dimensions))
        .build();
    let stat =
        aws_sdk_cloudwatch::types::MetricStat::builder().metric(metric).period(60).stat("Maximum").build();
    let query = aws_sdk_cloudwatch::types::MetricDataQuery::builder().id("m").metric_stat(stat).build();
    let at = aws_smithy_types::DateTime::from;
    let answer = cloudwatch
        .get_metric_data()
        .metric_data_queries(query)
        .start_time(at(end - Duration::from_secs(600)))
        .end_time(at(end))
        .scan_by(aws_sdk_cloudwatch::types::ScanBy::TimestampDescending)
        .send()
        .await
        .unwrap_or_else(|error| panic!("{}: {error:?}", sim.url()));
    answer.metric_data_results().first()?.values().first().copied()
}

/// Keeps the S3 Control client from putting the account id before the host.
#[derive(Debug)]
struct AsGiven(String);

impl ResolveEndpoint for AsGiven {
    fn resolve_endpoint<'a>(&'a self, _params: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).build()))
    }
}

pub fn s3control(sim: &Sim, config: &SdkConfig) -> aws_sdk_s3control::Client {
    let config =
        aws_sdk_s3control::config::Builder::from(config).endpoint_resolver(AsGiven(sim.url())).build();
    aws_sdk_s3control::Client::from_conf(config)
}

/// The code of a refused call.
pub fn code<T, E: aws_smithy_types::error::metadata::ProvideErrorMetadata>(
    result: &Result<
        T,
        aws_smithy_runtime_api::client::result::SdkError<E, aws_smithy_runtime_api::http::Response>,
    >,
) -> Option<String> {
    result.as_ref().err()?.as_service_error()?.code().map(str::to_owned)
}
