//! Marks every call of a run with the step it belongs to, so that CloudTrail leads back to run, step and
//! direction without our database. It marks; it does not decide anything.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use holdfast_cloud::{Acting, Direction};

#[derive(Debug, Clone)]
pub(crate) struct RunMark(String);

impl RunMark {
    pub(crate) fn of(acting: &Acting) -> Self {
        let direction = match acting.direction {
            Direction::Do => "do",
            Direction::Undo => "undo",
        };
        Self(format!(
            "holdfast-step/{} holdfast-direction/{direction} holdfast-epoch/{}",
            acting.step, acting.epoch
        ))
    }
}

/// The SDKs send the same in both; services log the one or the other.
const LONG: &str = "x-amz-user-agent";
const SHORT: &str = "user-agent";

impl RunMark {
    fn put(&self, header: &'static str, context: &mut BeforeTransmitInterceptorContextMut<'_>) {
        let headers = context.request_mut().headers_mut();
        let marked = match headers.get(header) {
            Some(there) if !there.ends_with(&self.0) => format!("{there} {}", self.0),
            _ => return,
        };
        headers.insert(header, marked);
    }
}

#[dyn_dispatch_hint]
impl Intercept for RunMark {
    fn name(&self) -> &'static str {
        "RunMark"
    }

    // The long form is signed, so it is marked before signing.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.put(LONG, context);
        Ok(())
    }

    // The short form is left out of signatures because proxies change it, and is marked when it is final.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.put(SHORT, context);
        Ok(())
    }
}
