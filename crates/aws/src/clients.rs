//! SDK clients, made the same way for every service: one shared connection pool, credentials already in hand,
//! deadlines by whether the call looks or changes. Clients are cheap; the pool under them is what is kept.

use crate::arc_clusters::Clusters;
use crate::aws_clock::{AwsClock, SigningTime};
use crate::ecs_service::TaskDefinitions;
use crate::failure::Call;
use crate::outside_view::OutsideView;
use crate::settings::{AwsSettings, Service};
use crate::silence::Silence;
use crate::traffic::{Permit, Traffic};
use crate::user_agent::RunMark;
use crate::waited::{Waited, Waiting};
use aws_credential_types::Credentials;
use aws_sdk_s3control::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_sts::config::retry::RetryPartition;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::endpoint::EndpointAuthScheme;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use aws_types::sdk_config::SharedTimeSource;
use holdfast_cloud::{Error, ErrorKind};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The SDK's defaults of a date that was tried, not whatever is newest.
pub(crate) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

pub(crate) fn shared_http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https()
}

pub(crate) fn app_name() -> Option<AppName> {
    AppName::new(concat!("holdfast-", env!("CARGO_PKG_VERSION"))).ok()
}

/// One look or one change on one account: who calls, until when, under which mark.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub account: String,
    pub settings: Arc<AwsSettings>,
    pub http: SharedHttpClient,
    pub silence: Arc<Silence>,
    pub aws_clock: AwsClock,
    pub clusters: Arc<Clusters>,
    pub view: Arc<OutsideView>,
    pub task_definitions: Arc<TaskDefinitions>,
    pub traffic: Arc<Traffic>,
    pub credentials: Credentials,
    pub mark: Option<RunMark>,
    /// Goes with a step's call where AWS takes one; `None` while looking.
    pub token: Option<String>,
    /// A step that sets something in a secret must read what else is in it; no other caller does.
    pub may_read_secrets: bool,
    /// A changing call gets one attempt and nothing of it is repeated.
    pub changing: bool,
    /// Nothing is waited for beyond this, put off by what was waited for turns: see [`Caller::ends`].
    pub deadline: Instant,
    pub waited: Arc<Waited>,
}

/// What every generated configuration has; the SDK crates share no trait for it.
macro_rules! configure {
    ($caller:expr, $builder:expr, $service:expr, $region:expr) => {{
        let caller: &Caller = $caller;
        let mut builder = $builder
            .behavior_version(behavior())
            .region(Region::new($region.to_owned()))
            .credentials_provider(caller.credentials.clone())
            .http_client(caller.http.clone())
            .timeout_config(caller.timeouts($service, $region))
            .retry_config(caller.retries($service, $region))
            .retry_partition(caller.partition($service, $region));
        builder.set_app_name(app_name());
        // In place: without optimisation each word of the chain above is another builder on the stack.
        builder.set_time_source(Some(SharedTimeSource::new(SigningTime)));
        builder.push_interceptor(SharedInterceptor::new(caller.aws_clock.clone()));
        if let Some(mark) = &caller.mark {
            builder = builder.interceptor(mark.clone());
        }
        builder
    }};
}

macro_rules! plain_client {
    ($name:ident, $sdk:ident, $service:expr) => {
        pub(crate) fn $name(&self, region: &str) -> $sdk::Client {
            let mut builder = configure!(self, $sdk::Config::builder(), $service, region);
            builder.set_endpoint_url(self.settings.endpoint($service).map(str::to_owned));
            $sdk::Client::from_conf(builder.build())
        }
    };
}

impl Caller {
    plain_client!(sts, aws_sdk_sts, Service::Sts);
    plain_client!(route53, aws_sdk_route53, Service::Route53);
    plain_client!(global_accelerator, aws_sdk_globalaccelerator, Service::GlobalAccelerator);
    plain_client!(rds, aws_sdk_rds, Service::Rds);
    plain_client!(ecs, aws_sdk_ecs, Service::Ecs);
    plain_client!(cloudwatch, aws_sdk_cloudwatch, Service::CloudWatch);
    plain_client!(cloudfront, aws_sdk_cloudfront, Service::CloudFront);
    plain_client!(
        recovery_control_config,
        aws_sdk_route53recoverycontrolconfig,
        Service::RecoveryControlConfig
    );
    plain_client!(region_switch, aws_sdk_arcregionswitch, Service::RegionSwitch);

    /// Each cluster has addresses of its own, told by its configuration and by no SDK.
    pub(crate) fn recovery_cluster(&self, region: &str, url: &str) -> aws_sdk_route53recoverycluster::Client {
        let mut builder = configure!(
            self,
            aws_sdk_route53recoverycluster::Config::builder(),
            Service::RecoveryCluster,
            region
        );
        builder.set_endpoint_url(Some(url.to_owned()));
        aws_sdk_route53recoverycluster::Client::from_conf(builder.build())
    }
    // ---- compute
    plain_client!(autoscaling, aws_sdk_autoscaling, Service::AutoScaling);
    plain_client!(elbv2, aws_sdk_elasticloadbalancingv2, Service::ElbV2);
    plain_client!(eks, aws_sdk_eks, Service::Eks);
    plain_client!(lambda, aws_sdk_lambda, Service::Lambda);
    plain_client!(application_autoscaling, aws_sdk_applicationautoscaling, Service::ApplicationAutoScaling);
    plain_client!(ecr, aws_sdk_ecr, Service::Ecr);
    // ---- what the recovery Region must have
    plain_client!(secrets_manager, aws_sdk_secretsmanager, Service::SecretsManager);
    plain_client!(kms, aws_sdk_kms, Service::Kms);
    plain_client!(service_quotas, aws_sdk_servicequotas, Service::Quotas);
    plain_client!(cloudformation, aws_sdk_cloudformation, Service::CloudFormation);
    plain_client!(organizations, aws_sdk_organizations, Service::Organizations);
    plain_client!(dynamodb, aws_sdk_dynamodb, Service::DynamoDb);
    plain_client!(elasticache, aws_sdk_elasticache, Service::ElastiCache);
    plain_client!(backup, aws_sdk_backup, Service::Backup);

    pub(crate) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let endpoint = self.settings.endpoint(Service::S3);
        let mut builder = configure!(self, aws_sdk_s3::Config::builder(), Service::S3, region);
        // A bucket's name before an endpoint that is a host and port resolves nowhere.
        builder = builder.force_path_style(endpoint.is_some());
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        aws_sdk_s3::Client::from_conf(builder.build())
    }

    pub(crate) fn s3control(&self, region: &str) -> aws_sdk_s3control::Client {
        let mut builder = configure!(self, aws_sdk_s3control::Config::builder(), Service::S3Control, region);
        if let Some(url) = self.settings.endpoint(Service::S3Control) {
            builder =
                builder.endpoint_resolver(FixedS3Control { url: url.to_owned(), region: region.to_owned() });
        }
        aws_sdk_s3control::Client::from_conf(builder.build())
    }

    /// When this caller's time is up as things stand: what its looks wait for their turns is not AWS's slowness.
    pub(crate) fn ends(&self) -> Instant {
        self.deadline + self.waited.total()
    }

    /// The same caller with so much less time, beginning now.
    pub(crate) fn briefly(&self, time: Duration) -> Self {
        Self { deadline: self.ends().min(Instant::now() + time), waited: Arc::default(), ..self.clone() }
    }

    /// While the answer is of a call that another look makes, and that waits for its turn as this one would.
    pub(crate) fn waits_for_another(&self, service: Service) -> Option<Waiting<'_>> {
        self.gives_way(service).then(|| self.waited.begin())
    }

    pub(crate) fn timeouts(&self, service: Service, region: &str) -> TimeoutConfig {
        let left = self.ends().saturating_duration_since(Instant::now());
        let attempt = match self.changing {
            true => left,
            false if self.is_kept_short(service, region) => SHORTLY.min(left),
            false => self.settings.attempt_timeout.min(left),
        };
        TimeoutConfig::builder()
            .connect_timeout(self.settings.connect_timeout)
            .operation_timeout(left)
            .operation_attempt_timeout(attempt)
            .build()
    }

    pub(crate) fn retries(&self, service: Service, region: &str) -> RetryConfig {
        // A dark Region costs a look one attempt.
        if self.changing || self.silence.is_silent(service, region) {
            return RetryConfig::disabled();
        }
        let attempts = if self.gives_way(service) { SWEEP_ATTEMPTS } else { LOOK_ATTEMPTS };
        RetryConfig::standard().with_max_attempts(attempts).with_initial_backoff(Duration::from_millis(100))
    }

    /// A silent endpoint must not keep a sweep; a run gives it a whole attempt, since one that is slow may answer.
    fn is_kept_short(&self, service: Service, region: &str) -> bool {
        self.gives_way(service) && self.silence.is_silent(service, region)
    }

    pub(crate) fn call(&self, region: &str, operation: &'static str) -> Call {
        Call { account: self.account.clone(), region: region.to_owned(), operation, changing: self.changing }
    }

    /// Who shares what may be retried. By default that is everybody who asks a service: one account that is throttled
    /// would use it up for all, and sweeps for runs.
    pub(crate) fn partition(&self, service: Service, region: &str) -> RetryPartition {
        let who = if self.gives_way(service) { "sweeps" } else { "runs" };
        RetryPartition::new(format!("{}/{}/{region}/{who}", self.account, service.endpoint_key()))
    }

    /// The collector's looks give way; what a run does is not held back, nor are the few calls that make sessions, for
    /// which all the looks of an account wait.
    fn gives_way(&self, service: Service) -> bool {
        self.mark.is_none() && !self.changing && service != Service::Sts
    }

    /// Waits for one SDK call, within the deadline, and remembers whether its endpoint answers at all.
    pub(crate) async fn ask<T, E>(
        &self,
        service: Service,
        region: &str,
        operation: &'static str,
        sent: impl Future<Output = Result<T, SdkError<E, Response>>>,
    ) -> Result<T, Error>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let call = self.call(region, operation);
        let permit = if self.gives_way(service) {
            let _waiting = self.waited.begin();
            self.traffic.admit(&self.account, &self.silence, (service, region), &call).await?
        } else {
            Permit::default()
        };
        let ends = self.ends();
        let mut asked = Asked { caller: self, service, region, since: Instant::now(), answered: false };
        let answer = match tokio::time::timeout_at(ends, self.hold_while_prompt(permit, &asked, sent)).await {
            Ok(answer) => answer.map_err(|error| call.failed(&error)),
            Err(_) => Err(call.out_of_time()),
        };
        asked.answered = true;
        match &answer {
            // Whoever comes with his time all but used up finds out nothing about the endpoint.
            Err(error) if error.kind == ErrorKind::Unreachable && asked.had_too_little_time(ends) => {}
            Err(error) if error.kind == ErrorKind::Unreachable => self.silence.unheard(service, region),
            _ => self.silence.heard(service, region),
        }
        match &answer {
            Err(error) if error.kind == ErrorKind::Throttled => {
                self.traffic.pace.throttled(&self.account, service, std::time::Instant::now());
            }
            Ok(_) => self.traffic.pace.answered(&self.account, service),
            Err(_) => {}
        }
        answer
    }

    /// A call that stays silent gives its place to others and goes on waiting: the calls to a dark Region must not
    /// stand in everybody's way until their deadlines.
    async fn hold_while_prompt<T>(
        &self,
        permit: Permit,
        asked: &Asked<'_>,
        sent: impl Future<Output = T>,
    ) -> T {
        let mut sent = std::pin::pin!(sent);
        tokio::select! {
            biased;
            answer = &mut sent => return answer,
            () = tokio::time::sleep(self.settings.patience) => {}
        }
        // A change may take its time, and a function of one's own does.
        if !self.changing {
            // In this order: whoever waits for the turn must find what this call has found.
            self.silence.overdue(asked.service, asked.region, asked.since);
        }
        drop(permit);
        sent.await
    }
}

/// A call given up because another Region answered first has told something too: its endpoint was silent.
struct Asked<'a> {
    caller: &'a Caller,
    service: Service,
    region: &'a str,
    since: Instant,
    answered: bool,
}

impl Asked<'_> {
    fn had_too_little_time(&self, ends: Instant) -> bool {
        Instant::now() >= ends && self.since.elapsed() < self.caller.settings.patience
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.answered && self.since.elapsed() >= self.caller.settings.patience {
            self.caller.silence.unheard(self.service, self.region);
        }
    }
}

/// Of one reading call of a run. A look makes several, and one that fails for good has the whole look made again: an attempt more
/// is cheaper than that. The deadline of the look bounds them all.
const LOOK_ATTEMPTS: u32 = 5;

/// The collector's look comes round again by itself.
const SWEEP_ATTEMPTS: u32 = 3;

/// What an endpoint gets that was silent a moment ago: enough for a healthy one to show itself.
const SHORTLY: Duration = Duration::from_millis(1500);

/// The SDK's own resolver writes the account id before the host of an overridden endpoint, which resolves
/// nowhere.
#[derive(Debug)]
struct FixedS3Control {
    url: String,
    region: String,
}

impl ResolveEndpoint for FixedS3Control {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        let scheme = EndpointAuthScheme::with_capacity("sigv4", 3)
            .put("disableDoubleEncoding", true)
            .put("signingName", "s3".to_owned())
            .put("signingRegion", self.region.clone());
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.url.clone()).auth_scheme(scheme).build()))
    }
}

#[cfg(test)]
mod tests;
