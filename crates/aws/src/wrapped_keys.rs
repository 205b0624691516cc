//! Keys of this server that stand in their files as a KMS key has wrapped them. What is wrapped is bound to what it is for, by the
//! encryption context, and opened with the control account's own credentials; no role is assumed.

use crate::aws_clock::SigningTime;
use crate::clients::{app_name, behavior, shared_http_client};
use crate::credentials::Control;
use crate::failure::Call;
use crate::settings::{AwsSettings, Service};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_smithy_types::base64;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;
use holdfast_cloud::{Error, ErrorKind};
use holdfast_domain::RegionCode;

const ENCRYPT: &str = "kms:Encrypt";
const DECRYPT: &str = "kms:Decrypt";

/// With which each line begins that is wrapped.
pub const WRAPPED: &str = "kms:";
/// The key of the encryption context; its value is the purpose.
const CONTEXT: &str = "holdfast";

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Audit,
    Secrets,
}

impl Purpose {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit-key",
            Self::Secrets => "secrets-key",
        }
    }
}

#[derive(Debug, Clone)]
pub struct KeyWrapping {
    settings: AwsSettings,
}

impl KeyWrapping {
    #[must_use]
    pub fn new(settings: AwsSettings) -> Self {
        Self { settings }
    }

    /// `kms:REGION,REGION:CIPHERTEXT` and, where there is one, a name that is no secret. `also_in`: where else the same multi-Region
    /// key is.
    ///
    /// # Errors
    /// When the key is not named by its ARN, or what KMS answered.
    pub async fn wrap(
        &self,
        key_arn: &str,
        also_in: &[RegionCode],
        purpose: Purpose,
        text: &str,
        name: Option<&str>,
    ) -> Result<String, Error> {
        let home = key_arn
            .strip_prefix("arn:")
            .and_then(|rest| rest.split(':').nth(2))
            .and_then(|region| RegionCode::parse(region).ok())
            .ok_or_else(|| {
                let why = format!("`{key_arn}` is no ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID");
                call("", ENCRYPT).error(ErrorKind::Invalid, why)
            })?;
        let sent = self
            .client(&home)
            .encrypt()
            .key_id(key_arn)
            .encryption_context(CONTEXT, purpose.as_str())
            .plaintext(Blob::new(text))
            .send();
        let answer = sent.await.map_err(|error| call(home.as_str(), ENCRYPT).failed(&error))?;
        let sealed = answer.ciphertext_blob.ok_or_else(|| {
            call(home.as_str(), ENCRYPT).error(ErrorKind::Unreadable, "the answer has no ciphertext")
        })?;
        let mut regions = vec![home.as_str()];
        regions.extend(also_in.iter().map(RegionCode::as_str).filter(|region| *region != home.as_str()));
        let name = name.map(|name| format!(" {name}")).unwrap_or_default();
        Ok(format!("{WRAPPED}{}:{}{name}", regions.join(","), base64::encode(sealed)))
    }

    /// Its Regions are asked in their order until one opens it.
    ///
    /// # Errors
    /// When it is no such line, or what the last Region answered.
    pub async fn open(&self, purpose: Purpose, line: &str) -> Result<String, Error> {
        let (regions, sealed) = parts(line)?;
        let mut last = invalid("it names no Region");
        for region in &regions {
            match self.open_in(region, purpose, &sealed).await {
                Err(error) if error.kind != ErrorKind::Unreadable => last = error,
                opened => return opened,
            }
        }
        Err(last)
    }

    /// That each of its Regions opens it, by itself, to this text.
    ///
    /// # Errors
    /// What the first Region answered that does not.
    pub async fn opens_everywhere(&self, purpose: Purpose, line: &str, text: &str) -> Result<(), Error> {
        let (regions, sealed) = parts(line)?;
        for region in &regions {
            if self.open_in(region, purpose, &sealed).await? != text {
                let call = call(region.as_str(), DECRYPT);
                return Err(call.error(ErrorKind::Unreadable, "it opens to something else"));
            }
        }
        Ok(())
    }

    async fn open_in(&self, region: &RegionCode, purpose: Purpose, sealed: &[u8]) -> Result<String, Error> {
        let call = call(region.as_str(), DECRYPT);
        let sent = self
            .client(region)
            .decrypt()
            .encryption_context(CONTEXT, purpose.as_str())
            .ciphertext_blob(Blob::new(sealed))
            .send();
        let answer = sent.await.map_err(|error| call.failed(&error))?;
        let text = answer.plaintext.map(Blob::into_inner).unwrap_or_default();
        String::from_utf8(text).map_err(|_| call.error(ErrorKind::Unreadable, "what it opens to is no text"))
    }

    fn client(&self, region: &RegionCode) -> Client {
        let http = shared_http_client();
        let settings = &self.settings;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(settings.connect_timeout)
            .operation_attempt_timeout(settings.attempt_timeout)
            .operation_timeout(settings.operation_timeout)
            .build();
        let mut config = aws_sdk_kms::Config::builder()
            .behavior_version(behavior())
            .region(Region::new(region.to_string()))
            .credentials_provider(SharedCredentialsProvider::new(Control::new(settings, http.clone())))
            .http_client(http)
            .time_source(SigningTime)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        config.set_app_name(app_name());
        config.set_endpoint_url(settings.endpoint(Service::Kms).map(str::to_owned));
        Client::from_conf(config.build())
    }
}

fn invalid(why: &str) -> Error {
    call("", DECRYPT).error(ErrorKind::Invalid, why.to_owned())
}

/// The Regions and what is wrapped; the name behind it is for people.
fn parts(line: &str) -> Result<(Vec<RegionCode>, Vec<u8>), Error> {
    parted(line).ok_or_else(|| invalid("it is not kms:REGION:CIPHERTEXT"))
}

fn parted(line: &str) -> Option<(Vec<RegionCode>, Vec<u8>)> {
    let word = line.split_whitespace().next()?;
    let (regions, sealed) = word.strip_prefix(WRAPPED)?.split_once(':')?;
    let regions = regions.split(',').map(|region| RegionCode::parse(region).ok()).collect::<Option<_>>()?;
    Some((regions, base64::decode(sealed).ok().filter(|sealed| !sealed.is_empty())?))
}

fn call(region: &str, operation: &'static str) -> Call {
    Call { account: "the control account".into(), region: region.to_owned(), operation, changing: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_its_regions_and_what_is_wrapped_and_anything_else_is_none() {
        let (regions, sealed) = parts("kms:eu-west-1,us-east-1:c2VhbGVk holdfast+1234+abc").unwrap();
        assert_eq!(regions.iter().map(RegionCode::as_str).collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
        assert_eq!(sealed, b"sealed");
        for wrong in [
            "",
            "kms:",
            "kms:eu-west-1",
            "kms:eu-west-1:",
            "kms:nowhere:c2VhbGVk",
            "kms::c2VhbGVk",
            "kms:eu-west-1:%%",
        ] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
