//! AWS Config: whether the recorder of each Region records, and how its last delivery went.

use crate::clients::Caller;
use crate::regional::{in_each, not_named, told, unless_absent};
use crate::signed::{self, CONFIG, Request};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::RecorderFacts;
use holdfast_domain::resource::InRegions;
use holdfast_domain::{Facts, RegionCode};
use serde_json::{Value, json};

const STATUS: &str = "config:DescribeConfigurationRecorderStatus";

pub(crate) const LOOK: &[&str] = &[STATUS];

pub(crate) async fn look(caller: &Caller, spec: &InRegions, regions: &[RegionCode]) -> Looked {
    let found = in_each(regions, |region| look_in(caller, spec, region)).await;
    told(found, |recorder| Facts::ConfigRecorder { recorder })
}

async fn look_in(
    caller: &Caller,
    spec: &InRegions,
    region: &RegionCode,
) -> Result<Option<RecorderFacts>, Error> {
    if !spec.regions.contains(region) {
        return Err(not_named(caller, region, STATUS, "recorder"));
    }
    let request = Request::json(STATUS, json!({}));
    let Some(answer) = unless_absent(signed::call(caller, CONFIG, region.as_str(), &request).await)? else {
        return Ok(None);
    };
    // A Region has one recorder of the customer's own at most.
    let Some(recorders) = answer.json().get("ConfigurationRecordersStatus").and_then(Value::as_array) else {
        let why = "the answer has no list of recorders";
        return Err(caller.call(region.as_str(), STATUS).error(ErrorKind::Unreadable, why));
    };
    let Some(found) = recorders.first() else { return Ok(None) };
    let text = |key: &str| found.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok(Some(RecorderFacts {
        name: text("name").unwrap_or_else(|| "unknown".into()),
        recording: found.get("recording").and_then(Value::as_bool).unwrap_or(false),
        last_status: text("lastStatus").map(|status| status.to_uppercase()),
        message: text("lastErrorMessage").or_else(|| text("lastErrorCode")),
    }))
}
