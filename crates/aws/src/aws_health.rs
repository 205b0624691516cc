//! AWS Health: which events AWS itself has open in each Region. One question for all Regions, to the one API of the
//! partition: it is answered in us-east-1, and by its standby in us-east-2 where that does not answer (AWS Health user
//! guide, "Using the high availability endpoint"). An account whose support plan does not include it is told so.

use crate::clients::Caller;
use crate::hedge::first_answer;
use crate::registry::everywhere;
use crate::settings::Service;
use crate::signed::{self, HEALTH, Request};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::HealthEvent;
use holdfast_domain::resource::InRegions;
use holdfast_domain::{Facts, RegionCode};
use jiff::Timestamp;
use serde_json::{Value, json};

const EVENTS: &str = "health:DescribeEvents";

pub(crate) const LOOK: &[&str] = &[EVENTS];

/// The active endpoint and its standby.
const ENDPOINTS: [&str; 2] = ["us-east-1", "us-east-2"];
/// What has no Region is of all.
const GLOBAL: &str = "global";
/// As many as AWS tells at once.
const MOST: u32 = 100;

pub(crate) async fn look(caller: &Caller, spec: &InRegions, regions: &[RegionCode]) -> Looked {
    let named = regions.iter().filter(|region| spec.regions.contains(region)).map(|region| region.as_str());
    let asked: Vec<&str> = named.chain([GLOBAL]).collect();
    let order = caller.silence.order(Service::Health, ENDPOINTS);
    let answer =
        first_answer(order, caller.settings.patience, other_may_answer, |at| ask(caller, &asked, at));
    let told = answer.await.unwrap_or_else(|| {
        Err(caller.call(ENDPOINTS[0], EVENTS).error(ErrorKind::Unreachable, "AWS Health was not asked"))
    });
    let (events, more) = match told {
        Ok(told) => told,
        Err(error) => return everywhere(regions, &explained(error)),
    };
    let of = |region: &RegionCode| -> Vec<HealthEvent> {
        // What cannot be placed in one of the Regions that were asked about may be anywhere.
        let here = |event: &&HealthEvent| {
            event.region == region.as_str()
                || event.region == GLOBAL
                || !asked.contains(&event.region.as_str())
        };
        events.iter().filter(here).cloned().collect()
    };
    regions.iter().map(|region| (region.clone(), Ok(Facts::AwsHealth { events: of(region), more }))).collect()
}

fn other_may_answer(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Unreachable | ErrorKind::ServiceError | ErrorKind::Unreadable)
}

async fn ask(caller: &Caller, regions: &[&str], at: String) -> Result<(Vec<HealthEvent>, bool), Error> {
    let filter = json!({
        "filter": {"eventStatusCodes": ["open"], "eventTypeCategories": ["issue"], "regions": regions},
        "maxResults": MOST,
    });
    let answer = signed::call(caller, HEALTH, &at, &Request::json(EVENTS, filter)).await?;
    let Some(found) = answer.json().get("events").and_then(Value::as_array) else {
        return Err(caller
            .call(&at, EVENTS)
            .error(ErrorKind::Unreadable, "the answer has no list of events"));
    };
    let more = answer.json().get("nextToken").and_then(Value::as_str).is_some_and(|token| !token.is_empty());
    Ok((found.iter().map(event).collect(), more))
}

fn event(told: &Value) -> HealthEvent {
    let text = |key: &str| told.get(key).and_then(Value::as_str).unwrap_or("unknown").to_owned();
    // Seconds, with a fraction.
    let began = told.get("startTime").and_then(Value::as_f64);
    HealthEvent {
        service: text("service"),
        code: text("eventTypeCode"),
        region: text("region"),
        since: began.and_then(|seconds| Timestamp::from_second(seconds as i64).ok()),
    }
}

/// What it takes to be told, where that is what is lacking.
fn explained(error: Error) -> Error {
    if !error.message.contains("SubscriptionRequiredException") {
        return error;
    }
    let message = format!(
        "{}. AWS tells its events by API only to accounts with a Business or Enterprise support plan: read the AWS Health Dashboard, or take the entry out",
        error.message
    );
    Error { message, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_with_its_time_and_what_is_not_told_is_unknown() {
        let told = json!({
            "service": "EC2", "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE", "region": "us-east-1",
            "startTime": 1_764_208_800.5,
        });
        let read = event(&told);
        assert_eq!((read.service.as_str(), read.region.as_str()), ("EC2", "us-east-1"));
        assert_eq!(read.since.map(Timestamp::as_second), Some(1_764_208_800));
        assert_eq!(event(&json!({})).code, "unknown");
    }
}
