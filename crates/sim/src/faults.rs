//! Faults on demand: which calls are to go wrong, and how. What a fault looks like on the wire is
//! `wire`'s business; a dark Region is the world's, not a fault of a call.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Refused: rate exceeded.
    Throttle,
    /// Refused: not authorized.
    Deny,
    /// Refused: AWS's own error, a 5xx.
    Error,
    /// Taken, never done, never answered.
    Hang,
    /// Done, and the connection cut without an answer.
    LoseAnswer,
    /// A look is answered as the same look was up to a minute ago, as by a replica of AWS's own that lags behind.
    Stale,
}

/// A standing order to let matching calls go wrong. What is absent matches everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The service as the ledger names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// E.g. `UpdateService`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The Region that the call is signed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The caller's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How.
    pub kind: FaultKind,
    /// 0 to 1; absent is always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How often, then never again; absent is without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Only calls that can change something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changing: bool,
    /// Only the first try of each: what a session asks again under the same agent string is let through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_try: bool,
    /// What a fault of first tries has struck.
    #[serde(skip)]
    pub tried: BTreeSet<String>,
}

impl Fault {
    /// A fault of this kind for every call, to narrow down with the fields.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            service: None,
            operation: None,
            region: None,
            account: None,
            kind,
            probability: None,
            times: None,
            changing: false,
            first_try: false,
            tried: BTreeSet::new(),
        }
    }

    /// What is wrong with this order, if anything.
    pub fn complaint(&self) -> Option<String> {
        match self.probability {
            Some(p) if !(0.0..=1.0).contains(&p) => {
                Some(format!("probability must lie between 0 and 1, not {p}"))
            }
            _ => None,
        }
    }

    fn matches(&self, call: &CallKey<'_>) -> bool {
        let is = |wanted: &Option<String>, actual: &str| wanted.as_ref().is_none_or(|w| w == actual);
        is(&self.service, call.service)
            && is(&self.operation, call.operation)
            && is(&self.region, call.region)
            && is(&self.account, call.account)
            && (call.changing || !self.changing)
            && !(self.first_try && self.tried.contains(&call.try_of()))
    }
}

/// What a fault is matched against.
#[derive(Debug, Clone, Copy)]
pub struct CallKey<'a> {
    /// The service as the ledger names it.
    pub service: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// The Region that the call is signed for.
    pub region: &'a str,
    /// The caller's account.
    pub account: &'a str,
    /// Whether the operation can change something.
    pub changing: bool,
    /// The caller's session; empty for one without.
    pub session: &'a str,
    /// As sent: it names the step of a run.
    pub user_agent: &'a str,
}

impl CallKey<'_> {
    /// The same for every try of one call, at whichever endpoint.
    fn try_of(&self) -> String {
        format!("{} {} {} {}", self.session, self.user_agent, self.service, self.operation)
    }
}

/// The standing orders.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one; the oldest that matches a call wins.
    pub fn add(&mut self, fault: Fault) {
        if fault.times != Some(0) {
            self.0.push(fault);
        }
    }

    /// Takes all back.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All of them, oldest first.
    pub fn list(&self) -> &[Fault] {
        &self.0
    }

    /// Whether any look may be answered as an earlier one.
    pub fn make_stale(&self) -> bool {
        self.0.iter().any(|fault| fault.kind == FaultKind::Stale)
    }

    /// What goes wrong with a call, if anything; uses the fault up. `roll` lies in 0..1.
    pub fn strike(&mut self, call: &CallKey<'_>, mut roll: impl FnMut() -> f64) -> Option<FaultKind> {
        let hit = self.0.iter().position(|f| f.matches(call) && f.probability.is_none_or(|p| roll() < p))?;
        let fault = self.0.get_mut(hit)?;
        let kind = fault.kind;
        if fault.first_try {
            fault.tried.insert(call.try_of());
        }
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(hit);
            }
        }
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallKey<'static> = CallKey {
        service: "ecs",
        operation: "UpdateService",
        region: "eu-central-1",
        account: "222222222222",
        changing: true,
        session: "run-1",
        user_agent: "holdfast-step/scale-web",
    };

    #[test]
    fn a_fault_is_used_up_by_matching_calls_only() {
        let mut faults = Faults::default();
        let operation = Some("UpdateService".to_owned());
        faults.add(Fault { operation, times: Some(1), ..Fault::new(FaultKind::Throttle) });
        assert_eq!(faults.strike(&CallKey { operation: "DescribeServices", ..CALL }, || 0.0), None);
        assert_eq!(faults.strike(&CALL, || 0.0), Some(FaultKind::Throttle));
        assert_eq!(faults.strike(&CALL, || 0.0), None);
    }

    #[test]
    fn probability_decides() {
        let mut faults = Faults::default();
        faults.add(Fault { probability: Some(0.5), ..Fault::new(FaultKind::Error) });
        assert_eq!(faults.strike(&CALL, || 0.7), None);
        assert_eq!(faults.strike(&CALL, || 0.3), Some(FaultKind::Error));
        assert!(Fault { probability: Some(2.0), ..Fault::new(FaultKind::Error) }.complaint().is_some());
    }
    #[test]
    fn a_fault_of_first_tries_strikes_each_call_once_and_looks_never() {
        let mut faults = Faults::default();
        faults.add(Fault { changing: true, first_try: true, ..Fault::new(FaultKind::LoseAnswer) });
        let other = CallKey { user_agent: "holdfast-step/scale-api", ..CALL };
        let elsewhere = CallKey { region: "us-east-1", ..CALL };
        let look = CallKey { operation: "DescribeServices", changing: false, ..CALL };
        for (call, struck) in
            [(&CALL, true), (&look, false), (&other, true), (&elsewhere, false), (&other, false)]
        {
            assert_eq!(faults.strike(call, || 0.0).is_some(), struck, "{call:?}");
        }
    }
}
