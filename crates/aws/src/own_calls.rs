//! Calls to what is one's own: a function invoked. What it does is its affair; what it answers is all that is known.

use crate::clients::Caller;
use crate::perform::answered;
use crate::settings::Service;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use holdfast_cloud::{Error, ErrorKind};
use holdfast_domain::RegionCode;
use holdfast_failover::run::Answer;

/// More of what a function says is not repeated in a journal.
const MOST_SAID: usize = 300;

pub(crate) async fn invoke(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    function: &str,
    payload: &str,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let call = caller.lambda(region).invoke().function_name(function);
    let sent = call.invocation_type(InvocationType::RequestResponse).payload(Blob::new(payload)).send();
    let answer = caller.ask(Service::Lambda, region, action, sent).await?;
    if let Some(error) = answer.function_error() {
        let said =
            answer.payload().map(|p| String::from_utf8_lossy(p.as_ref()).into_owned()).unwrap_or_default();
        let said: String = said.chars().take(MOST_SAID).collect();
        return Err(caller
            .call(region, action)
            .error(ErrorKind::Invalid, format!("{function} ran and failed ({error}): {said}")));
    }
    answered(action, region, &answer, None)
}
