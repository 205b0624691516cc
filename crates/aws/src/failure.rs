//! From what the SDK says went wrong to what it means: which kind, and above all whether a changing call may
//! have happened. In doubt it may have.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use holdfast_cloud::{Error, ErrorKind};
use std::error::Error as StdError;

/// Which call an error is about.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub account: String,
    pub region: String,
    /// As IAM names the action.
    pub operation: &'static str,
    pub changing: bool,
}

impl Call {
    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error {
            kind,
            account: self.account.clone(),
            region: self.region.clone(),
            operation: self.operation.to_owned(),
            request_id: None,
            message: message.into(),
            outcome_unknown: false,
        }
    }

    /// Our own deadline passed while the call was under way.
    pub(crate) fn out_of_time(&self) -> Error {
        Error {
            outcome_unknown: self.changing,
            ..self.error(ErrorKind::Unreachable, "no answer before the deadline")
        }
    }

    /// AWS did as it was asked, as its status says, and what else it says cannot be understood.
    pub(crate) fn unreadable(&self, answer: &impl RequestId, why: impl Into<String>) -> Error {
        Error {
            request_id: answer.request_id().map(str::to_owned),
            outcome_unknown: self.changing,
            ..self.error(ErrorKind::Unreadable, why)
        }
    }

    pub(crate) fn failed<E>(&self, error: &SdkError<E, Response>) -> Error
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let (kind, happened_perhaps, message) = match error {
            SdkError::ConstructionFailure(_) => (ErrorKind::Invalid, false, innermost(error)),
            SdkError::TimeoutError(_) => (ErrorKind::Unreachable, true, "no answer in time".to_owned()),
            SdkError::DispatchFailure(_) => match of_dispatch(error) {
                Dispatch::NoCredentials(why) => (ErrorKind::Denied, false, why),
                Dispatch::NotConnected(why) => {
                    (ErrorKind::Unreachable, false, format!("could not connect: {why}"))
                }
                Dispatch::Broken(why) => {
                    (ErrorKind::Unreachable, true, format!("the connection broke: {why}"))
                }
            },
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                (
                    ErrorKind::Unreadable,
                    true,
                    format!("the answer (HTTP {status}) could not be read: {}", innermost(error)),
                )
            }
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                // The SDK calls an answer that it cannot read the service's error too: AWS did as it was asked.
                if service.raw().status().is_success() {
                    let why = format!("the answer (HTTP {status}) could not be read: {}", innermost(error));
                    let request_id = error.request_id().map(str::to_owned);
                    let unreadable = self.error(ErrorKind::Unreadable, why);
                    return Error { request_id, outcome_unknown: self.changing, ..unreadable };
                }
                let code = error.code().unwrap_or_default();
                let message = error.message().unwrap_or_default();
                let kind =
                    if is_out_of_time(code, message) { ErrorKind::ClockApart } else { kind_of(code, status) };
                // A throttle is turned away at the door, even where it is dressed as a 503.
                let perhaps = status >= 500 && kind != ErrorKind::Throttled;
                let mut words = in_words(code, message, status);
                if kind == ErrorKind::ClockApart {
                    words.push_str(CLOCKS_APART);
                }
                (kind, perhaps, words)
            }
            other => (ErrorKind::Unreadable, true, innermost(other)),
        };
        let request_id = error.request_id().map(str::to_owned);
        Error { request_id, outcome_unknown: self.changing && happened_perhaps, ..self.error(kind, message) }
    }
}

enum Dispatch {
    NoCredentials(String),
    NotConnected(String),
    Broken(String),
}

fn of_dispatch(error: &(dyn StdError + 'static)) -> Dispatch {
    let mut next = Some(error);
    while let Some(link) = next {
        if let Some(credentials) = link.downcast_ref::<CredentialsError>() {
            return Dispatch::NoCredentials(format!(
                "no credentials of the control account could be had: {}. Give the server AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, a profile, or a task or instance role",
                innermost(credentials)
            ));
        }
        // Name lookup, TCP and TLS all fall under "connect": nothing of the request has left by then.
        if link
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
        {
            return Dispatch::NotConnected(innermost(link));
        }
        next = link.source();
    }
    Dispatch::Broken(innermost(error))
}

/// The last link of the chain says what happened; the links before it say only through whom.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

fn in_words(code: &str, message: &str, status: u16) -> String {
    match (code, message) {
        ("", "") => format!("HTTP {status} without a reason"),
        ("", message) => format!("{message} (HTTP {status})"),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    }
}

/// What AWS says of a time that it takes for wrong reads like a wrong secret.
const CLOCKS_APART: &str = " (AWS's clock and the one by which requests are signed, the database's, are further apart than AWS allows: let NTP \
     set the clock of the database's machine; the system page compares the clocks)";

/// S3 has a code for it, the others have words.
fn is_out_of_time(code: &str, message: &str) -> bool {
    matches!(code, "RequestTimeTooSkewed" | "RequestExpired")
        || message.starts_with("Signature expired")
        || message.starts_with("Signature not yet current")
}

/// The codes by which AWS says that it is asked too often.
const THROTTLED: &[&str] = &[
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
];

pub(crate) fn is_throttle(code: &str) -> bool {
    THROTTLED.contains(&code)
}

/// By AWS's error code first: one status stands for many things.
fn kind_of(code: &str, status: u16) -> ErrorKind {
    const DENIED: &[&str] = &[
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    ];
    const CONFLICT: &[&str] = &[
        "ConcurrentUpdateException",
        "ConflictException",
        "HealthCheckVersionMismatch",
        "IllegalStateException",
        "DBClusterAlreadyExistsFault",
        "DBInstanceAlreadyExists",
        "InvalidChangeBatch",
        "InvalidDBClusterStateFault",
        "InvalidDBInstanceState",
        "InvalidGlobalClusterStateFault",
        "InvalidGlobalReplicationGroupState",
        "OperationAborted",
        "PreconditionFailed",
        "ResourceContention",
        "ResourceInUse",
        "ResourceInUseException",
        "ScalingActivityInProgress",
        "ServiceNotActiveException",
        "TransactionInProgressException",
    ];
    if DENIED.contains(&code) {
        ErrorKind::Denied
    } else if is_throttle(code) || status == 429 {
        ErrorKind::Throttled
    } else if CONFLICT.contains(&code) || matches!(status, 409 | 412) {
        ErrorKind::Conflict
    } else if code.starts_with("NoSuch") || code.contains("NotFound") {
        ErrorKind::NotFound
    } else if status >= 500 {
        ErrorKind::ServiceError
    } else if code.is_empty() && matches!(status, 401 | 403) {
        ErrorKind::Denied
    } else if code.is_empty() && status == 404 {
        ErrorKind::NotFound
    } else {
        ErrorKind::Invalid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_aws_takes_for_wrong_is_told_from_a_wrong_secret() {
        let expired = "Signature expired: 20261127T090000Z is now earlier than 20261127T093000Z (20261127T093500Z - 5 min.)";
        let early = "Signature not yet current: 20261127T100000Z is still later than 20261127T094000Z (20261127T093500Z + 5 min.)";
        assert!(is_out_of_time("InvalidSignatureException", expired));
        assert!(is_out_of_time("SignatureDoesNotMatch", early));
        assert!(is_out_of_time(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large."
        ));
        let wrong = "The request signature we calculated does not match the signature you provided.";
        assert!(!is_out_of_time("SignatureDoesNotMatch", wrong));
    }

    #[test]
    fn aws_codes_are_sorted_by_what_the_caller_can_do() {
        for (code, status, kind) in [
            ("AccessDenied", 403, ErrorKind::Denied),
            ("ExpiredToken", 400, ErrorKind::Denied),
            ("", 403, ErrorKind::Denied),
            ("Throttling", 400, ErrorKind::Throttled),
            ("SlowDown", 503, ErrorKind::Throttled),
            ("PriorRequestNotComplete", 400, ErrorKind::Throttled),
            ("InvalidChangeBatch", 400, ErrorKind::Conflict),
            ("ScalingActivityInProgress", 400, ErrorKind::Conflict),
            ("ResourceInUseException", 409, ErrorKind::Conflict),
            ("TooManyRequestsException", 429, ErrorKind::Throttled),
            ("InvalidGlobalClusterStateFault", 400, ErrorKind::Conflict),
            ("GlobalClusterNotFoundFault", 404, ErrorKind::NotFound),
            ("NoSuchHostedZone", 404, ErrorKind::NotFound),
            ("NoSuchMultiRegionAccessPoint", 404, ErrorKind::NotFound),
            ("ServiceNotFoundException", 400, ErrorKind::NotFound),
            ("InternalFailure", 500, ErrorKind::ServiceError),
            ("ServiceUnavailable", 503, ErrorKind::ServiceError),
            ("InvalidParameterException", 400, ErrorKind::Invalid),
        ] {
            assert_eq!(kind_of(code, status), kind, "{code} {status}");
        }
    }
}
