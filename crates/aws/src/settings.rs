//! What the server decides about reaching AWS. Nothing here is read from the environment: in production an
//! endpoint override must come from the configuration file, so the caller says which one holds.

use holdfast_domain::RegionCode;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// Stands for every service that `service_endpoints` does not name. `None`: AWS itself.
    pub endpoint_url: Option<String>,
    /// By the ending of `AWS_ENDPOINT_URL_<SERVICE>`, in any case: `STS`, `ROUTE_53`, `GLOBAL_ACCELERATOR` and the
    /// others of [`Service::endpoint_key`].
    pub service_endpoints: BTreeMap<String, String>,
    pub control_credentials: ControlCredentials,
    /// Regions whose STS is asked for sessions, the preferred one first. The others are asked when it does
    /// not answer; a session from any of them is good everywhere.
    pub sts_regions: Vec<RegionCode>,
    /// How long one look may take in all, however many calls it needs.
    pub operation_timeout: Duration,
    /// How long one attempt of a reading call may take.
    pub attempt_timeout: Duration,
    pub connect_timeout: Duration,
    /// How long the one attempt of a changing call may take; a function of one's own has as long as its step.
    pub change_timeout: Duration,
    /// How long getting a session may take, all STS Regions together.
    pub session_timeout: Duration,
    /// How long an endpoint may stay silent before the next Region is asked beside it.
    pub patience: Duration,
    /// How the outside is looked at: the guard of stored addresses, who is asked for names, where from.
    pub outside: holdfast_outside::Settings,
    /// How many of the collector's calls may be under way at once, and how many of those in one account. Runs are not
    /// counted and do not wait.
    pub looks_at_once: usize,
    pub looks_at_once_per_account: usize,
}

/// Who assumes the members' roles.
#[derive(Clone, Default)]
pub enum ControlCredentials {
    /// As the AWS SDK finds them: environment, profile, web identity, ECS task, EC2 instance.
    #[default]
    Standard,
    /// Given outright; for local mode against an endpoint override.
    Static { access_key_id: String, secret_access_key: String, session_token: Option<String> },
}

impl fmt::Debug for ControlCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str("Standard"),
            // The key's id tells which key it is; the secret and the token stay out of every log.
            Self::Static { access_key_id, .. } => write!(f, "Static({access_key_id})"),
        }
    }
}

impl AwsSettings {
    /// AWS itself, with the standard credentials and deadlines.
    #[must_use]
    pub fn new(sts_regions: Vec<RegionCode>) -> Self {
        Self {
            endpoint_url: None,
            service_endpoints: BTreeMap::new(),
            control_credentials: ControlCredentials::Standard,
            sts_regions,
            operation_timeout: Duration::from_secs(8),
            attempt_timeout: Duration::from_secs(4),
            connect_timeout: Duration::from_secs(2),
            change_timeout: Duration::from_secs(6),
            session_timeout: Duration::from_secs(4),
            patience: Duration::from_millis(800),
            outside: holdfast_outside::Settings::production("this replica"),
            looks_at_once: 128,
            looks_at_once_per_account: 16,
        }
    }

    pub(crate) fn endpoint(&self, service: Service) -> Option<&str> {
        self.service_endpoints
            .iter()
            .find(|(key, _)| same_service(key, service.endpoint_key()))
            .map(|(_, url)| url.as_str())
            .or(self.endpoint_url.as_deref())
    }
}

fn same_service(written: &str, key: &str) -> bool {
    written.len() == key.len()
        && written.bytes().zip(key.bytes()).all(|(w, k)| {
            let w = if matches!(w, b'-' | b' ') { b'_' } else { w.to_ascii_uppercase() };
            w == k
        })
}

/// The AWS services that this crate speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    Sts,
    Route53,
    GlobalAccelerator,
    S3Control,
    Rds,
    Ecs,
    CloudWatch,
    CloudFront,
    /// Its addresses come from its configuration, so nothing stands for it in the settings.
    RecoveryCluster,
    RecoveryControlConfig,
    RegionSwitch,
    // ---- compute
    AutoScaling,
    ElbV2,
    Eks,
    Lambda,
    ApplicationAutoScaling,
    Ecr,
    // ---- what the recovery Region must have
    SecretsManager,
    Ssm,
    Kms,
    Quotas,
    Ec2,
    Config,
    SecurityHub,
    Health,
    CloudFormation,
    Organizations,
    Iam,
    S3,
    DynamoDb,
    ElastiCache,
    Backup,
}

impl Service {
    /// The SDKs' own spelling in `AWS_ENDPOINT_URL_<SERVICE>`.
    pub(crate) fn endpoint_key(self) -> &'static str {
        match self {
            Self::Sts => "STS",
            Self::Route53 => "ROUTE_53",
            Self::GlobalAccelerator => "GLOBAL_ACCELERATOR",
            Self::S3Control => "S3_CONTROL",
            Self::Rds => "RDS",
            Self::Ecs => "ECS",
            Self::CloudWatch => "CLOUDWATCH",
            Self::CloudFront => "CLOUDFRONT",
            Self::RecoveryCluster => "ROUTE53_RECOVERY_CLUSTER",
            Self::RecoveryControlConfig => "ROUTE53_RECOVERY_CONTROL_CONFIG",
            Self::RegionSwitch => "ARC_REGION_SWITCH",
            // ---- compute
            Self::AutoScaling => "AUTO_SCALING",
            Self::ElbV2 => "ELASTIC_LOAD_BALANCING_V2",
            Self::Eks => "EKS",
            Self::Lambda => "LAMBDA",
            Self::ApplicationAutoScaling => "APPLICATION_AUTO_SCALING",
            Self::Ecr => "ECR",
            // ---- what the recovery Region must have
            Self::SecretsManager => "SECRETS_MANAGER",
            Self::Ssm => "SSM",
            Self::Kms => "KMS",
            Self::Quotas => "SERVICE_QUOTAS",
            Self::Ec2 => "EC2",
            Self::Config => "CONFIG_SERVICE",
            Self::SecurityHub => "SECURITYHUB",
            Self::Health => "HEALTH",
            Self::CloudFormation => "CLOUDFORMATION",
            Self::Organizations => "ORGANIZATIONS",
            Self::Iam => "IAM",
            Self::S3 => "S3",
            Self::DynamoDb => "DYNAMODB",
            Self::ElastiCache => "ELASTICACHE",
            Self::Backup => "BACKUP",
        }
    }
}

/// Route 53's control plane is signed for this Region, wherever it is called from.
pub(crate) const ROUTE53_REGION: &str = "us-east-1";
/// IAM and Organizations are signed for this Region, wherever they are called from.
pub(crate) const IAM_REGION: &str = "us-east-1";
/// Global Accelerator's control plane lives here only.
pub(crate) const GLOBAL_ACCELERATOR_REGION: &str = "us-west-2";
/// CloudFront's control plane is signed for this Region.
pub(crate) const CLOUDFRONT_REGION: &str = "us-east-1";
/// ARC tells here, and only here, what a cluster of routing controls is made of.
pub(crate) const RECOVERY_CONTROL_CONFIG_REGION: &str = "us-west-2";
/// The Regions that take and tell the routes of S3 Multi-Region Access Points; any of them will do.
pub(crate) const ACCESS_POINT_ROUTE_REGIONS: [&str; 5] =
    ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_of_its_own_wins_over_the_common_one_however_it_is_spelt() {
        let mut settings = AwsSettings::new(vec![]);
        settings.endpoint_url = Some("http://127.0.0.1:1".into());
        settings.service_endpoints.insert("route_53".into(), "http://127.0.0.1:2".into());
        settings.service_endpoints.insert("s3-control".into(), "http://127.0.0.1:3".into());
        assert_eq!(settings.endpoint(Service::Route53), Some("http://127.0.0.1:2"));
        assert_eq!(settings.endpoint(Service::S3Control), Some("http://127.0.0.1:3"));
        assert_eq!(settings.endpoint(Service::Rds), Some("http://127.0.0.1:1"));
        assert_eq!(AwsSettings::new(vec![]).endpoint(Service::Rds), None);
    }

    #[test]
    fn secrets_do_not_show_when_settings_are_printed() {
        let given = ControlCredentials::Static {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "hush".into(),
            session_token: Some("hush-too".into()),
        };
        assert_eq!(format!("{given:?}"), "Static(AKIDEXAMPLE)");
    }
}
