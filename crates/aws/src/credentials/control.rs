//! The control account's own credentials, with which every session in a member's account begins.

use super::RENEW_BEFORE;
use crate::aws_clock::SigningTime;
use crate::clients::behavior;
use crate::settings::{AwsSettings, ControlCredentials};
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::region::Region;
use tokio::sync::OnceCell;

/// In words: what is deepest says most.
pub(super) fn without_control(why: &CredentialsError) -> String {
    let mut last: &dyn std::error::Error = why;
    while let Some(next) = last.source() {
        last = next;
    }
    format!(
        "no credentials of the control account could be had: {last}. Give the server AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, a profile, or a task or instance role"
    )
}

/// The control account's own credentials, found on first use and kept until shortly before they expire.
#[derive(Debug)]
pub(crate) struct Control {
    given: ControlCredentials,
    region: Option<Region>,
    http: SharedHttpClient,
    chain: OnceCell<DefaultCredentialsChain>,
    kept: tokio::sync::Mutex<Option<Credentials>>,
}

impl Control {
    pub(crate) fn new(settings: &AwsSettings, http: SharedHttpClient) -> Self {
        Self {
            given: settings.control_credentials.clone(),
            region: settings.sts_regions.first().map(|region| Region::new(region.to_string())),
            http,
            chain: OnceCell::new(),
            kept: tokio::sync::Mutex::default(),
        }
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        if let ControlCredentials::Static { access_key_id, secret_access_key, session_token } = &self.given {
            return Ok(Credentials::new(
                access_key_id,
                secret_access_key,
                session_token.clone(),
                None,
                "holdfast-settings",
            ));
        }
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = kept.as_ref().filter(|credentials| lasts(credentials)) {
            return Ok(credentials.clone());
        }
        let chain = self
            .chain
            .get_or_init(|| async {
                let config = ProviderConfig::without_region()
                    .with_http_client(self.http.clone())
                    .with_behavior_version(Some(behavior()))
                    // Some of the chain extend an expiry by what they take for now: by the clock that judges it.
                    .with_time_source(SigningTime)
                    .with_region(self.region.clone());
                DefaultCredentialsChain::builder().configure(config).build().await
            })
            .await;
        let credentials = chain.provide_credentials().await?;
        *kept = Some(credentials.clone());
        Ok(credentials)
    }
}

fn lasts(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|at| {
        at.duration_since(holdfast_clock::system_time()).is_ok_and(|left| left > RENEW_BEFORE)
    })
}

impl ProvideCredentials for Control {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}
