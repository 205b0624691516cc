//! Security Hub: whether it is enabled in each Region, and how many grave findings are open there.

use crate::clients::Caller;
use crate::regional::{in_each, not_named, told};
use crate::signed::{self, Body, Request, SECURITY_HUB};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::HubFacts;
use holdfast_domain::resource::InRegions;
use holdfast_domain::{Facts, RegionCode};
use serde_json::{Value, json};

const HUB: &str = "securityhub:DescribeHub";
const FINDINGS: &str = "securityhub:GetFindings";

pub(crate) const LOOK: &[&str] = &[HUB, FINDINGS];

/// The most that AWS gives at once; that there are more is told, and not counted.
const COUNTED: u32 = 100;

pub(crate) async fn look(caller: &Caller, spec: &InRegions, regions: &[RegionCode]) -> Looked {
    let found = in_each(regions, |region| look_in(caller, spec, region)).await;
    told(found, |hub| Facts::SecurityHub { hub })
}

async fn look_in(caller: &Caller, spec: &InRegions, region: &RegionCode) -> Result<Option<HubFacts>, Error> {
    if !spec.regions.contains(region) {
        return Err(not_named(caller, region, HUB, "Security Hub"));
    }
    let request = Request::rest(HUB, ("GET", "/accounts"), Body::Nothing);
    match signed::call(caller, SECURITY_HUB, region.as_str(), &request).await {
        Ok(_) => {}
        Err(error) if says_not_enabled(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    let request = Request::rest(FINDINGS, ("POST", "/findings"), Body::Json(open_and_grave()));
    let answer = signed::call(caller, SECURITY_HUB, region.as_str(), &request).await?;
    let Some(findings) = answer.json().get("Findings").and_then(Value::as_array) else {
        return Err(caller
            .call(region.as_str(), FINDINGS)
            .error(ErrorKind::Unreadable, "the answer has no list of findings"));
    };
    let (mut critical, mut high) = (0, 0);
    for finding in findings {
        match finding.pointer("/Severity/Label").and_then(Value::as_str) {
            Some("CRITICAL") => critical += 1,
            Some("HIGH") => high += 1,
            // Only these two were asked for: one that cannot be told may be either.
            _ => {
                return Err(caller
                    .call(region.as_str(), FINDINGS)
                    .error(ErrorKind::Unreadable, "how grave a finding is cannot be told"));
            }
        }
    }
    let more = answer.json().get("NextToken").and_then(Value::as_str).is_some_and(|token| !token.is_empty());
    Ok(Some(HubFacts { critical, high, more }))
}

/// AWS says so by the error that it also has for keys that may do nothing at all; its words tell the two apart.
fn says_not_enabled(error: &Error) -> bool {
    error.message.starts_with("InvalidAccessException")
        || error.message.starts_with("ResourceNotFoundException")
}

fn open_and_grave() -> Value {
    let is = |value: &str| json!({"Value": value, "Comparison": "EQUALS"});
    json!({
        "Filters": {
            "SeverityLabel": [is("CRITICAL"), is("HIGH")],
            "RecordState": [is("ACTIVE")],
            "WorkflowStatus": [is("NEW"), is("NOTIFIED")],
        },
        "MaxResults": COUNTED,
    })
}
