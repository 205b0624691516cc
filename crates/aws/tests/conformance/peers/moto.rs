//! moto, for the services that ministack lacks. It checks neither external ids nor policies.

use super::process::{Process, element};
use super::{CONTROL, MEMBER, Peer, Running, Which, given};
use crate::words::account;
use aws_credential_types::Credentials;
use holdfast_aws::{AwsCloud, AwsSettings};

impl Peer {
    pub async fn moto() -> Option<Self> {
        let process = Process::start(
            ("moto", "moto_server"),
            |command, port| {
                command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).env_remove("MOTO_ACCOUNT_ID");
            },
            "/moto-api/",
        )
        .await?;
        let settings = AwsSettings {
            endpoint_url: Some(process.url.clone()),
            control_credentials: given("AKIDCONTROL", "control"),
            ..super::ministack::unhurried()
        };
        let root = root(&process).await;
        Some(Self {
            which: Which::Moto,
            cloud: AwsCloud::new(settings.clone()),
            settings,
            account: account(MEMBER, "moto-looks-at-none"),
            url: process.url.clone(),
            root,
            running: Running::Beside(process),
        })
    }
}

/// moto tells accounts apart by whom it gave a session, so root is a session of the member account.
async fn root(process: &Process) -> Credentials {
    let role = format!("arn%3Aaws%3Aiam%3A%3A{MEMBER}%3Arole%2Froot");
    let request = process
        .http
        .post(&process.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=conformance&RoleArn={role}"));
    let given = process.root(CONTROL, "us-east-1", "sts", request).await;
    Credentials::new(
        element(&given, "AccessKeyId"),
        element(&given, "SecretAccessKey"),
        Some(element(&given, "SessionToken")),
        None,
        "conformance",
    )
}
