//! The shapes that values of the pure core have on the wire, for the OpenAPI document alone: the core and the domain
//! know nothing of documents. A test holds each shape against the value that it describes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

macro_rules! shapes {
    ($($(#[$of:meta])* $name:ident as $called:ident { $($(#[$on:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$of])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[schema(as = $called)]
        pub struct $name { $($(#[$on])* pub $field: $kind,)* }
    )*};
}

shapes! {
    /// Something that stands in the way of surviving, with its way out.
    FindingShape as Finding {
        /// Stable, such as `lag_above_rpo`.
        code: String,
        severity: SeverityShape,
        resource: Option<String>,
        region: Option<String>,
        sentence: String,
        way_out: String,
        /// When the evidence was seen, the oldest of it; absent for what the inventory alone shows.
        #[schema(format = DateTime)]
        seen_at: Option<String>,
        /// What was seen, Region by Region; absent where there is no more to it than the sentence.
        #[serde(skip_serializing_if = "Option::is_none")]
        evidence: Option<String>,
    }

    /// A no that helps.
    RefusalShape as Refusal {
        /// Stable.
        code: String,
        sentence: String,
        way_out: String,
    }

    /// Who takes over what of the load of a Region that leaves an active-active application.
    SplitShape as Split {
        leaving: String,
        /// The rule, in words.
        rule: String,
        shares: Vec<ShareShape>,
    }

    ShareShape as Share {
        region: String,
        /// Its part in the load that is taken over, beside the others' parts.
        parts: u64,
        takes_percent: u32,
        /// Of all traffic, as the weights divide it; absent where nothing divides it by weight.
        #[serde(skip_serializing_if = "Option::is_none")]
        now_percent: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        to_be_percent: Option<u32>,
    }

    /// How far a request is.
    TallyShape as Tally {
        rules: Vec<RuleTallyShape>,
        met: bool,
    }

    RuleTallyShape as RuleTally {
        group: String,
        needed: u8,
        /// E-mail addresses of those who count here.
        given: Vec<String>,
    }

    /// One person's yes, with the groups that they were in when they gave it.
    ReviewShape as Review {
        person: String,
        email: String,
        groups: Vec<String>,
        #[schema(format = DateTime)]
        at: String,
        comment: Option<String>,
        /// The other accounts that were known as theirs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<String>,
    }

    /// What an approval rests on: it is voided by a change.
    FactShape as Fact {
        resource: String,
        region: String,
        /// Such as `writer`, `routed`, `record`, `exists`.
        what: String,
        value: String,
    }

    /// What stands beside an approval, with its limit.
    MeasurementShape as Measurement {
        resource: String,
        region: String,
        what: String,
        /// Absent: not known.
        value: Option<f64>,
        unit: String,
        limit: Option<f64>,
        #[schema(format = DateTime)]
        at: Option<String>,
    }

    /// Which Region serves, as it was observed.
    ServingShape as Serving {
        /// In the application's order; empty when nothing can be told.
        regions: Vec<String>,
        /// Pairs of a store and the Region of its writer, null where it is not known.
        #[schema(value_type = Vec<Vec<Option<String>>>)]
        writers: Vec<(String, Option<String>)>,
        /// False when any traffic resource could not be seen, or they disagree.
        certain: bool,
        disagree: bool,
        reasons: Vec<String>,
    }

    /// What protects one store now.
    StoreProtectionShape as StoreProtection {
        store: String,
        /// `yes`, `no` or `not_known`.
        state: String,
        /// Where a copy is that could take over.
        by: Vec<String>,
        sentence: String,
    }

    /// What a run measured.
    MeasuredShape as Measured {
        rto: RtoSplitShape,
        stores: Vec<StoreLagShape>,
    }

    /// In seconds; absent: not known.
    RtoSplitShape as RtoSplit {
        /// The next two together, known also where nothing tells them apart.
        detect_and_decide_seconds: Option<f64>,
        /// From the impact to when it was detected.
        detect_seconds: Option<f64>,
        /// From then to the request.
        decide_seconds: Option<f64>,
        approve_seconds: Option<f64>,
        execute_seconds: Option<f64>,
        verify_seconds: Option<f64>,
        total_seconds: Option<f64>,
        /// Whether the total begins at the impact, or only at the request.
        from_impact: bool,
    }

    /// A store's lag at the cut.
    StoreLagShape as StoreLag {
        store: String,
        /// Absent: could not be measured, and `reason` says why.
        milliseconds: Option<f64>,
        metric: Option<String>,
        #[schema(format = DateTime)]
        measured_at: Option<String>,
        reason: Option<String>,
    }

    /// When a run may be at its end, in seconds from now.
    ForecastShape as Forecast {
        /// By the middle one of earlier runs; absent: some step never ran.
        likely_seconds: Option<f64>,
        /// By the worst of earlier runs, or the limits of steps that never ran.
        latest_seconds: f64,
        /// Ids of the steps that decide the end, in order.
        critical_path: Vec<String>,
        steps_that_ran_before: usize,
        steps_that_never_ran: usize,
        earlier_runs: usize,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Severity)]
pub enum SeverityShape {
    Note,
    Warning,
    Unknown,
    Blocker,
}

/// What was seen of one resource in one Region. `of` names the kind of what was seen, such as `ecs_service`,
/// `aurora_member` or `dns_record`; the other properties are that kind's own, as AWS gives them, units in their names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Facts)]
pub struct FactsShape {
    pub of: String,
    #[serde(flatten)]
    #[schema(additional_properties = true)]
    pub values: BTreeMap<String, serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::Facts;
    use holdfast_failover::approval::RuleTally;
    use holdfast_failover::compliance::{Measured, RtoSplit, StoreLag};
    use holdfast_failover::plan::{Fact, Measurement, Split};
    use holdfast_failover::run::forecast::Forecast;
    use holdfast_failover::serving::{Serving, StoreProtection};
    use holdfast_failover::{Finding, Refusal, Review, Tally};
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    /// The value is one of `Real`, and the shape says the same of it: nothing less, nothing more.
    fn holds<Real, Shape>(value: Value)
    where
        Real: Serialize + DeserializeOwned,
        Shape: Serialize + DeserializeOwned,
    {
        let real: Real = serde_json::from_value(value.clone()).unwrap();
        let written = serde_json::to_value(&real).unwrap();
        assert_eq!(written, value, "the sample is whole");
        let shape: Shape = serde_json::from_value(written).unwrap();
        assert_eq!(serde_json::to_value(&shape).unwrap(), value);
    }

    #[test]
    fn each_shape_is_that_of_its_value() {
        let at = "2026-11-26T16:00:00Z";
        for severity in ["note", "warning", "unknown", "blocker"] {
            holds::<Finding, FindingShape>(json!({
                "code": "lag_above_rpo", "severity": severity, "resource": "orders", "region": "us-east-1",
                "sentence": "s", "way_out": "w", "seen_at": at, "evidence": "e",
            }));
        }
        holds::<Refusal, RefusalShape>(json!({ "code": "c", "sentence": "s", "way_out": "w" }));
        let rule = json!({ "group": "sre", "needed": 2, "given": ["a@example.com"] });
        holds::<RuleTally, RuleTallyShape>(rule.clone());
        holds::<Tally, TallyShape>(json!({ "rules": [rule], "met": false }));
        holds::<Review, ReviewShape>(json!({
            "person": "01900000-0000-7000-8000-000000000001", "email": "a@example.com", "groups": ["sre"], "at": at,
            "comment": null,
        }));
        holds::<Fact, FactShape>(
            json!({ "resource": "orders", "region": "us-east-1", "what": "writer", "value": "yes" }),
        );
        holds::<Measurement, MeasurementShape>(json!({
            "resource": "orders", "region": "us-east-1", "what": "lag", "value": 1.5, "unit": "ms", "limit": null, "at": at,
        }));
        holds::<Serving, ServingShape>(json!({
            "regions": ["us-east-1"], "writers": [["orders", "us-east-1"], ["carts", null]], "certain": true,
            "disagree": false, "reasons": ["r"],
        }));
        holds::<StoreProtection, StoreProtectionShape>(json!({
            "store": "orders", "state": "not_known", "by": ["us-east-1"], "sentence": "s",
        }));
        let rto = json!({
            "detect_and_decide_seconds": 1.0, "detect_seconds": 0.4, "decide_seconds": 0.6, "approve_seconds": null, "execute_seconds": 2.0, "verify_seconds": 3.0,
            "total_seconds": 6.0, "from_impact": true,
        });
        let lag = json!({
            "store": "orders", "milliseconds": 840.0, "metric": "AuroraGlobalDBRPOLag", "measured_at": at, "reason": null,
        });
        holds::<RtoSplit, RtoSplitShape>(rto.clone());
        holds::<StoreLag, StoreLagShape>(lag.clone());
        holds::<Measured, MeasuredShape>(json!({ "rto": rto, "stores": [lag] }));
        holds::<Forecast, ForecastShape>(json!({
            "likely_seconds": 60.0, "latest_seconds": 90.0, "critical_path": ["switch-orders"],
            "steps_that_ran_before": 3, "steps_that_never_ran": 0, "earlier_runs": 2,
        }));
        holds::<Split, SplitShape>(json!({
            "leaving": "us-east-1", "rule": "r", "shares": [{
                "region": "eu-central-1", "parts": 1, "takes_percent": 100, "now_percent": 50, "to_be_percent": 100,
            }],
        }));
        holds::<Facts, FactsShape>(json!({
            "of": "access_point_route", "bucket": "assets-eu", "traffic_dial_percent": 100,
        }));
    }
}
