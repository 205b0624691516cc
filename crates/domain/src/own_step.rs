//! Steps of one's own in an application's plan: what no AWS system does by itself. They stand in the inventory's
//! section `plans`, each with its place in the generated plan, and are part of what an approval covers.

use crate::ids::{Name, RegionCode};
use crate::plan_edit::PlanEdits;
use crate::seconds::Seconds;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of one application, in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPlan {
    pub application: Name,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<OwnStep>,
    /// What people have changed about its generated plans, way by way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<PlanEdits>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnStep {
    pub name: Name,
    pub place: Place,
    /// Which moves have it; never empty, in the order of [`Occasion::ALL`].
    pub moves: Vec<Occasion>,
    pub in_emergency: InEmergency,
    /// From start to done; then a person is asked. `None`: as its kind usually takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Seconds>,
    /// The stores that nothing writes to any more in the Region being left once it is done. A planned promotion asks
    /// a person about those that no step fences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fences: Vec<Name>,
    #[serde(flatten)]
    pub work: OwnWork,
}

/// Where in the generated plan: before or after a whole phase, or one step by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Before(Phase),
    After(Phase),
    BeforeStep(String),
    AfterStep(String),
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $( $(#[$of:meta])* $variant:ident = $word:literal, )* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $( $(#[$of])* #[serde(rename = $word)] $variant, )* }
        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

words! {
    /// The parts of a plan, in their order. A plan has those for which something is to be done.
    Phase {
        Observe = "observe",
        StopEventSources = "stop_event_sources",
        Build = "build",
        RaiseCompute = "raise_compute",
        RecordLag = "record_lag",
        SwitchStores = "switch_stores",
        PointEndpoints = "point_endpoints",
        MoveTraffic = "move_traffic",
        ConfirmServing = "confirm_serving",
        StartEventSources = "start_event_sources",
        /// Of a failback: what was raised goes down again.
        Lower = "lower",
        ConfirmProtected = "confirm_protected",
    }
}

words! {
    Occasion {
        Failover = "failover",
        Failback = "failback",
        Drill = "drill",
    }
}

words! {
    /// What becomes of the step when the Region being left may be gone.
    InEmergency {
        CarriedOut = "carried_out",
        LeftOut = "left_out",
    }
}

words! {
    /// A Region by its part in the move.
    Side {
        Target = "target",
        Source = "source",
    }
}

words! {
    /// What a step of one's own calls in an account.
    OwnCall {
        Function = "lambda_invoke",
        Document = "ssm_document",
    }
}

/// Which Region: by its part in the move, or always the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Where {
    Side(Side),
    Region(RegionCode),
}

impl Where {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Side(side) => side.as_str(),
            Self::Region(region) => region.as_str(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OwnWork {
    /// A signed POST. A receiver that keeps ids does nothing twice.
    Webhook { url: String },
    /// One synchronous invocation.
    LambdaInvoke {
        account: Name,
        region: Where,
        function: String,
        /// JSON; `None`: what is moved, as a webhook has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
    },
    /// One command of AWS Systems Manager on the instances with a tag, followed to its end.
    SsmDocument {
        account: Name,
        region: Where,
        document: String,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        parameters: BTreeMap<String, String>,
        target_tag: String,
        target_value: String,
    },
    /// A person says that it is done.
    WaitForPerson {
        says: String,
        /// Only its members; `None`: whoever may steer runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<Name>,
    },
    WaitForTime {
        #[serde(flatten)]
        until: Until,
    },
    /// A resource of the application that tells whether something is well: a probe, an alarm.
    WaitForSignal { signal: Name, region: Where },
    /// Another application makes the same move first, by a run of its own: its policy, its guards, its plan.
    RunPlan { application: Name },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// From the step's start.
    For(Seconds),
    At(Timestamp),
}

impl OwnWork {
    pub const KINDS: [&str; 7] = [
        "webhook",
        "lambda_invoke",
        "ssm_document",
        "wait_for_person",
        "wait_for_time",
        "wait_for_signal",
        "run_plan",
    ];

    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::LambdaInvoke { .. } => "lambda_invoke",
            Self::SsmDocument { .. } => "ssm_document",
            Self::WaitForPerson { .. } => "wait_for_person",
            Self::WaitForTime { .. } => "wait_for_time",
            Self::WaitForSignal { .. } => "wait_for_signal",
            Self::RunPlan { .. } => "run_plan",
        }
    }

    /// The account whose act role makes the call.
    #[must_use]
    pub fn account(&self) -> Option<&Name> {
        self.calls().map(|(account, _)| account)
    }

    /// The same, with what is called there.
    #[must_use]
    pub fn calls(&self) -> Option<(&Name, OwnCall)> {
        match self {
            Self::LambdaInvoke { account, .. } => Some((account, OwnCall::Function)),
            Self::SsmDocument { account, .. } => Some((account, OwnCall::Document)),
            Self::Webhook { .. }
            | Self::WaitForPerson { .. }
            | Self::WaitForTime { .. }
            | Self::WaitForSignal { .. }
            | Self::RunPlan { .. } => None,
        }
    }

    /// The application whose plan it runs.
    #[must_use]
    pub fn other_application(&self) -> Option<&Name> {
        match self {
            Self::RunPlan { application } => Some(application),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_read_back_from_its_stored_form() {
        let name = |text| Name::parse(text).unwrap();
        let step = |work| OwnStep {
            name: name("mine"),
            place: Place::BeforeStep("switch-orders".into()),
            moves: vec![Occasion::Failover],
            in_emergency: InEmergency::LeftOut,
            timeout: Some(Seconds(60)),
            fences: vec![name("orders")],
            work,
        };
        let target = || Where::Side(Side::Target);
        let works = [
            OwnWork::Webhook { url: "https://hooks.example.com/".into() },
            OwnWork::LambdaInvoke {
                account: name("shop-prod"),
                region: Where::Region(RegionCode::parse("eu-central-1").unwrap()),
                function: "warm".into(),
                payload: None,
            },
            OwnWork::SsmDocument {
                account: name("shop-prod"),
                region: target(),
                document: "Warm".into(),
                parameters: BTreeMap::from([("size".into(), "big".into())]),
                target_tag: "role".into(),
                target_value: "cache".into(),
            },
            OwnWork::WaitForPerson { says: "the bank has switched".into(), group: Some(name("sre")) },
            OwnWork::WaitForTime { until: Until::For(Seconds(90)) },
            OwnWork::WaitForTime { until: Until::At(Timestamp::UNIX_EPOCH) },
            OwnWork::WaitForSignal { signal: name("healthy"), region: target() },
            OwnWork::RunPlan { application: name("identity") },
        ];
        for work in works {
            let step = step(work);
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(serde_json::from_str::<OwnStep>(&text).unwrap(), step, "{text}");
            assert!(OwnWork::KINDS.contains(&step.work.kind()) && text.contains(step.work.kind()));
        }
    }
}
