//! What time AWS says it is, by the `Date` of its answers; and the time by which requests are signed, which is the
//! database's: a machine whose own clock is wrong must not have its requests refused.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::sdk_config::TimeSource;
use holdfast_cloud::HeardClock;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

#[derive(Debug, Clone, Copy)]
pub(crate) struct SigningTime;

impl TimeSource for SigningTime {
    fn now(&self) -> SystemTime {
        holdfast_clock::system_time()
    }
}

/// The newest `Date` of all answers, in whole seconds. Clones hear together.
#[derive(Debug, Clone, Default)]
pub(crate) struct AwsClock(Arc<Mutex<Option<(Timestamp, Instant)>>>);

impl AwsClock {
    pub(crate) fn last(&self) -> Option<HeardClock> {
        let heard = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.map(|(said, at)| HeardClock { said, ago: at.elapsed() })
    }

    fn hear(&self, date: &str) {
        // What is no date tells nothing, and the answer may still be good.
        if let Ok(said) = jiff::fmt::rfc2822::parse(date) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((said.timestamp(), Instant::now()));
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for AwsClock {
    fn name(&self) -> &'static str {
        "AwsClock"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.hear(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_heard_and_what_is_none_is_not() {
        let clock = AwsClock::default();
        assert!(clock.last().is_none());
        clock.hear("Fri, 27 Nov 2026 09:41:07 GMT");
        clock.hear("yesterday");
        let heard = clock.last().unwrap();
        assert_eq!(heard.said, "2026-11-27T09:41:07Z".parse().unwrap());
        assert!(heard.ago.as_secs() < 5);
    }
}
