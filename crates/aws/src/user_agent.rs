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
        Self(format!("holdfast-step/{} holdfast-direction/{direction} holdfast-epoch/{}", acting.step, acting.epoch))
    }
}

#[dyn_dispatch_hint]
impl Intercept for RunMark {
    fn name(&self) -> &'static str {
        "RunMark"
    }

    // After signing, when the SDK has written its own user agent: SigV4 leaves this header out of the signature.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let marked = match headers.get("user-agent") {
            // A second attempt may come by here with the mark already on.
            Some(there) if there.ends_with(&self.0) => return Ok(()),
            Some(there) => format!("{there} {}", self.0),
            None => self.0.clone(),
        };
        headers.insert("user-agent", marked);
        Ok(())
    }
}
