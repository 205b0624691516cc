//! The codes and the words that each service says no with.

use super::{Protocol, Service};
use crate::auth::AuthFault;
use crate::refusal::Refusal;

impl Service {
    /// The codes of the two families: XML services here, JSON and CBOR ones there.
    fn pick(self, xml: &'static str, json: &'static str) -> &'static str {
        match self.protocol() {
            Protocol::Query | Protocol::RestXml => xml,
            Protocol::RestJson | Protocol::Json | Protocol::Cbor => json,
        }
    }

    pub(in crate::wire) fn auth_refusal(self, fault: AuthFault) -> Refusal {
        let status = if self.protocol() == Protocol::Json { 400 } else { 403 };
        let s3 = matches!(self, Self::S3Control | Self::S3);
        let (code, message) = match fault {
            AuthFault::UnknownKey if s3 => {
                ("InvalidToken", "The provided token is malformed or otherwise invalid.")
            }
            AuthFault::UnknownKey => (
                self.pick("InvalidClientTokenId", "UnrecognizedClientException"),
                "The security token included in the request is invalid.",
            ),
            AuthFault::Expired => (
                self.pick("ExpiredToken", "ExpiredTokenException"),
                "The security token included in the request is expired",
            ),
            AuthFault::BadSignature => (
                self.pick("SignatureDoesNotMatch", "InvalidSignatureException"),
                "The request signature we calculated does not match the signature you provided.",
            ),
            AuthFault::Skewed if s3 => (
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            AuthFault::Skewed => (
                self.pick("SignatureDoesNotMatch", "InvalidSignatureException"),
                "Signature expired: the request was signed more than 15 minutes from now.",
            ),
        };
        Refusal::new(code, message).with_status(status)
    }

    pub(in crate::wire) fn throttled(self) -> Refusal {
        match self {
            Self::S3Control | Self::S3 => {
                Refusal::new("SlowDown", "Please reduce your request rate.").with_status(503)
            }
            Self::Lambda => Refusal::new("TooManyRequestsException", "Rate exceeded").with_status(429),
            _ => Refusal::new(self.pick("Throttling", "ThrottlingException"), "Rate exceeded"),
        }
    }

    pub(in crate::wire) fn failing(self) -> Refusal {
        let code = match self {
            Self::Ecs | Self::Eks | Self::Ecr => "ServerException",
            Self::Lambda => "ServiceException",
            Self::ApplicationAutoScaling => "InternalServiceException",
            Self::GlobalAccelerator => "InternalServiceErrorException",
            Self::S3Control | Self::S3 => "InternalError",
            Self::DynamoDb => "InternalServerError",
            Self::Backup => "ServiceUnavailableException",
            Self::CloudWatch => "InternalServiceFault",
            Self::Sts
            | Self::Rds
            | Self::Route53
            | Self::CloudFront
            | Self::AutoScaling
            | Self::ElbV2
            | Self::ElastiCache => "InternalFailure",
            Self::RecoveryCluster | Self::RecoveryControlConfig | Self::RegionSwitch => {
                "InternalServerException"
            }
            // ---- what the recovery Region must have
            Self::SecretsManager => "InternalServiceError",
            Self::Ssm => "InternalServerError",
            Self::Kms => "KMSInternalException",
            Self::SecurityHub | Self::Health => "InternalException",
            Self::Organizations | Self::Quotas => "ServiceException",
            Self::CloudFormation | Self::Config | Self::Iam => "InternalFailure",
            Self::Ec2 => "InternalError",
        };
        Refusal::new(code, "We encountered an internal error. Please try again.").with_status(500)
    }

    pub(in crate::wire) fn unavailable(self) -> Refusal {
        Refusal::new(
            self.pick("ServiceUnavailable", "ServiceUnavailableException"),
            "The request has failed due to a temporary failure of the server.",
        )
        .with_status(503)
    }

    pub(in crate::wire) fn denied(self, principal: &str, action: &str, resource: &str, why: &str) -> Refusal {
        let status = if self.protocol() == Protocol::Json { 400 } else { 403 };
        Refusal::new(
            self.pick("AccessDenied", "AccessDeniedException"),
            format!("User: {principal} is not authorized to perform: {action} on resource: {resource} because {why}"),
        )
        .with_status(status)
    }

    pub(in crate::wire) fn wrong_region(self, region: &str) -> Refusal {
        Refusal::new(
            self.pick("SignatureDoesNotMatch", "InvalidSignatureException"),
            format!("Credential should be scoped to a valid region, not '{region}'."),
        )
        .with_status(if self.protocol() == Protocol::Json { 400 } else { 403 })
    }

    pub(in crate::wire) fn unknown_operation(self, name: &str) -> Refusal {
        let code = match self.protocol() {
            Protocol::Query => "InvalidAction",
            Protocol::RestXml => "UnknownOperation",
            Protocol::RestJson | Protocol::Json | Protocol::Cbor => "UnknownOperationException",
        };
        Refusal::new(code, format!("The simulator's {} does not know the operation '{name}'.", self.name()))
    }
}
