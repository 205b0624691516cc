//! Signature Version 4 over each attempt as it leaves, so that a repeated attempt carries its own time; and which
//! refusals are worth another attempt.

use super::answer::Said;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

#[derive(Debug)]
pub(super) struct Signature {
    credentials: Credentials,
    region: String,
    name: &'static str,
}

impl Signature {
    pub(super) fn new(credentials: Credentials, region: &str, name: &'static str) -> Self {
        Self { credentials, region: region.to_owned(), name }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Signature {
    fn name(&self) -> &'static str {
        "Signature"
    }

    // After everything that changes a signed header: the mark of a run is put before signing.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.name)
            .time(holdfast_clock::system_time())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let request = context.request_mut();
        let headers: Vec<(String, String)> =
            request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = request.body().bytes().ok_or("a body that is not in memory cannot be signed")?;
        let signable = SignableRequest::new(
            request.method(),
            request.uri(),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(body),
        )?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let signed: Vec<(String, String)> =
            instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for (name, value) in signed {
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }
}

/// The codes by which the services here say that they are asked too often.
#[derive(Debug)]
pub(super) struct Throttled;

impl ClassifyRetry for Throttled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let said = context.output_or_error().and_then(Result::err);
        let said =
            said.and_then(|error| error.as_operation_error()).and_then(|error| error.downcast_ref::<Said>());
        match said.and_then(|said| said.code()) {
            Some(code) if crate::failure::is_throttle(code) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "throttled by a service that is spoken to by hand"
    }
}
