//! ministack, with `AUTH=true`: sessions are real, and what a session policy does not allow is refused.

use super::process::Process;
use super::widening::Widening;
use super::{CONTROL, MEMBER, Peer, Running, Which, given, iam};
use crate::words::{account, nobody_to_ask, region};
use aws_credential_types::Credentials;
use holdfast_aws::{AwsCloud, AwsSettings};
use std::time::Duration;

const EXTERNAL_ID: &str = "shop-and-nobody-else";

/// ministack weighs these against the resource `*` (the service against its cluster), where AWS takes what they name,
/// and so refuses every session that names it. A call that is refused as `not authorized` there and allowed by AWS's
/// documents belongs here, and its scenario on `ministack_widened`.
const WEIGHED_OTHERWISE: &[&str] = &[
    "autoscaling:UpdateAutoScalingGroup",
    "ecs:UpdateService",
    "rds:FailoverGlobalCluster",
    "rds:SwitchoverGlobalCluster",
];

impl Peer {
    pub async fn ministack() -> Option<Self> {
        Self::ministack_with("true").await
    }

    /// The same, and nobody's rights are weighed: for Lambda, whose looks ministack weighs under the names of its changes.
    pub async fn ministack_unweighed() -> Option<Self> {
        Self::ministack_with("false").await
    }

    async fn ministack_with(auth: &str) -> Option<Self> {
        let process = Process::start(
            ("ministack", "ministack"),
            |command, port| {
                command
                    .env("AUTH", auth)
                    .env("GATEWAY_PORT", port.to_string())
                    .env("BIND_HOST", "127.0.0.1")
                    .env("MINISTACK_ACCOUNT_ID", CONTROL)
                    .env("SFTP_ENABLED", "0")
                    .env("IOT_MTLS_ENABLED", "0");
            },
            "/_ministack/health",
        )
        .await?;
        let (key, secret) = iam::roles_for(&process, EXTERNAL_ID).await;
        let settings = AwsSettings {
            endpoint_url: Some(process.url.clone()),
            control_credentials: given(&key, &secret),
            ..unhurried()
        };
        Some(Self {
            which: Which::Ministack,
            cloud: AwsCloud::new(settings.clone()),
            settings,
            account: account(MEMBER, EXTERNAL_ID),
            url: process.url.clone(),
            // Any 12-digit key is that account's root there, with any secret.
            root: Credentials::new(MEMBER, "any", None, None, "conformance"),
            running: Running::Beside(process),
        })
    }

    /// The same, with sessions whose policies allow on everything what ministack weighs otherwise than AWS; the rest of
    /// each policy stands.
    pub async fn ministack_widened() -> Option<Self> {
        let mut peer = Self::ministack().await?;
        let widening =
            Widening::before(&peer.url, &peer.settings.control_credentials, WEIGHED_OTHERWISE).await;
        peer.settings.service_endpoints.insert("STS".to_owned(), widening);
        peer.cloud = AwsCloud::new(peer.settings.clone());
        Some(peer)
    }
}

/// One machine serves all the tests at once; the shipped deadlines are for machines that do nothing else.
pub fn unhurried() -> AwsSettings {
    AwsSettings {
        operation_timeout: Duration::from_secs(30),
        attempt_timeout: Duration::from_secs(15),
        change_timeout: Duration::from_secs(30),
        session_timeout: Duration::from_secs(20),
        outside: nobody_to_ask(),
        ..AwsSettings::new(vec![region("eu-central-1"), region("us-east-1")])
    }
}
