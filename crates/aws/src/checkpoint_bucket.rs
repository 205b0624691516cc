//! A bucket that keeps what it is given, newest first: where the audit log's checkpoints go that nobody here can take back.
//! With the control account's own credentials, or those that the bucket's policy lets in; no role is assumed.

use crate::aws_clock::SigningTime;
use crate::clients::{app_name, behavior, shared_http_client};
use crate::credentials::Control;
use crate::failure::Call;
use crate::settings::{AwsSettings, Service};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::ObjectLockMode;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;
use holdfast_cloud::{Error, ErrorKind};
use holdfast_domain::RegionCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PUT: &str = "s3:PutObject";
const LIST: &str = "s3:ListBucket";
const GET: &str = "s3:GetObject";

/// Keys begin with what is left until then, in milliseconds and always with as many digits, so that S3's listing, which goes by
/// the key alone, begins with the newest. The year 2286.
const END_OF_TIME_MS: u128 = 9_999_999_999_999;

/// How far ahead the clock of whoever wrote the newest may have been.
const CLOCKS_APART: Duration = Duration::from_secs(86_400);

/// Where, and how long what is put there must stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketPlace {
    pub bucket: String,
    /// Of the keys; empty or ending in `/`.
    pub prefix: String,
    pub region: RegionCode,
    /// Object Lock in compliance mode until then: not even the account's root can delete it earlier. `None`: as the bucket's
    /// own default says.
    pub retain: Option<Duration>,
}

#[derive(Debug, Clone)]
pub struct CheckpointBucket {
    place: BucketPlace,
    client: Client,
}

impl CheckpointBucket {
    #[must_use]
    pub fn new(settings: &AwsSettings, place: BucketPlace) -> Self {
        let http = shared_http_client();
        let endpoint = settings.endpoint(Service::S3);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(settings.connect_timeout)
            .operation_attempt_timeout(settings.attempt_timeout)
            .operation_timeout(settings.change_timeout)
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(behavior())
            .region(Region::new(place.region.to_string()))
            .credentials_provider(SharedCredentialsProvider::new(Control::new(settings, http.clone())))
            .http_client(http)
            .time_source(SigningTime)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .force_path_style(endpoint.is_some());
        config.set_app_name(app_name());
        config.set_endpoint_url(endpoint.map(str::to_owned));
        Self { place, client: Client::from_conf(config.build()) }
    }

    #[must_use]
    pub fn place(&self) -> &BucketPlace {
        &self.place
    }

    /// Keeps one more text. Nothing is ever written over.
    ///
    /// # Errors
    /// What S3 answered, or that it did not.
    pub async fn put(&self, text: &str) -> Result<(), Error> {
        let now = holdfast_clock::system_time();
        let locked_until = self.place.retain.map(|retain| DateTime::from(now + retain));
        let put = self
            .client
            .put_object()
            .bucket(&self.place.bucket)
            .key(key(&self.place.prefix, now))
            .content_type("text/plain; charset=utf-8")
            .if_none_match("*")
            .set_object_lock_mode(locked_until.map(|_| ObjectLockMode::Compliance))
            .set_object_lock_retain_until_date(locked_until)
            .body(ByteStream::from(text.as_bytes().to_vec()))
            .send();
        put.await.map(drop).map_err(|error| self.call(PUT, true).failed(&error))
    }

    /// The newest text that is there; `None`: none yet.
    ///
    /// # Errors
    /// What S3 answered, or that it did not.
    pub async fn newest(&self) -> Result<Option<String>, Error> {
        let (bucket, prefix) = (&self.place.bucket, &self.place.prefix);
        // Only what is called as ours are: a folder's own object or somebody's log would come first otherwise.
        let after = key(prefix, holdfast_clock::system_time() + CLOCKS_APART);
        let list =
            self.client.list_objects_v2().bucket(bucket).prefix(prefix).start_after(after).max_keys(1).send();
        let listed = list.await.map_err(|error| self.call(LIST, false).failed(&error))?;
        let Some(key) = listed.contents().first().and_then(|object| object.key()) else { return Ok(None) };
        let got = self.client.get_object().bucket(bucket).key(key).send().await;
        let body = got.map_err(|error| self.call(GET, false).failed(&error))?.body;
        let unreadable = |why: String| self.call(GET, false).error(ErrorKind::Unreadable, why);
        let bytes = body.collect().await.map_err(|error| unreadable(error.to_string()))?.into_bytes();
        String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| unreadable(format!("{key} is no text")))
    }

    fn call(&self, operation: &'static str, changing: bool) -> Call {
        let region = self.place.region.to_string();
        Call { account: "the control account".into(), region, operation, changing }
    }
}

/// The time again in words, for whoever looks at the bucket.
fn key(prefix: &str, at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = END_OF_TIME_MS.saturating_sub(since.as_millis());
    let words = jiff::Timestamp::try_from(at).map(|at| at.strftime("%Y-%m-%dT%H-%M-%S-%3fZ").to_string());
    format!("{prefix}{left:013}-{}", words.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_keys_come_first_in_a_listing() {
        let at = |ms: u64| UNIX_EPOCH + Duration::from_millis(ms);
        let keys: Vec<String> =
            [1, 999, 1_795_747_200_000, 1_795_747_200_001].map(|ms| key("log/", at(ms))).to_vec();
        assert!(keys.windows(2).all(|pair| pair[1] < pair[0]), "{keys:?}");
        assert_eq!(keys[2], "log/8204252799999-2026-11-27T02-40-00-000Z");
    }
}
