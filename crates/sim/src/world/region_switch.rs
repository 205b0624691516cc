//! ARC Region switch: plans, and executions that take their time, step by step, and set routing controls at
//! their end. Other things that real plans do (scaling, databases) are not carried out here.

use super::World;
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one step of an execution takes.
pub const STEP_MS: i64 = 2_000;

/// A plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SwitchPlan {
    /// Owner.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The six characters at the end of its ARN.
    pub id: String,
    /// `activePassive` or `activeActive`.
    pub approach: String,
    /// The first is the primary.
    pub regions: Vec<String>,
    /// The names of the steps of each of its workflows.
    pub steps: Vec<String>,
    /// The routing control (ARN) that stands for each Region.
    pub controls: BTreeMap<String, String>,
    /// What its last evaluation found; empty when it passed.
    pub warnings: Vec<String>,
    /// A step that fails; an execution then waits there for an operator.
    pub broken_step: Option<String>,
    /// Oldest first.
    pub executions: Vec<Execution>,
}

/// One execution of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Its id.
    pub id: String,
    /// `targetRegion`.
    pub region: String,
    /// `activate` or `deactivate`.
    pub action: String,
    /// `graceful` or `ungraceful`.
    pub mode: String,
    /// What whoever started it said.
    pub comment: Option<String>,
    /// The caller's `clientToken`.
    pub token: Option<String>,
    /// Virtual milliseconds since the epoch.
    pub started_ms: i64,
    /// The step that it stands at for good.
    pub stuck_at: Option<usize>,
    /// How many steps it has.
    pub steps: usize,
    /// Whether what it does in the end is done.
    pub applied: bool,
}

/// A request to start one.
#[derive(Debug, Clone)]
pub struct StartRequest<'a> {
    /// The Region that the call went to.
    pub at: &'a str,
    /// `targetRegion`.
    pub region: &'a str,
    /// `action`.
    pub action: &'a str,
    /// `mode`.
    pub mode: &'a str,
    /// `comment`.
    pub comment: Option<&'a str>,
    /// `clientToken`.
    pub token: Option<&'a str>,
}

impl Execution {
    /// The step that it is at, counted from 0; the number of steps when it is through.
    pub fn at_step(&self, now_ms: i64) -> usize {
        let passed = usize::try_from((now_ms - self.started_ms) / STEP_MS).unwrap_or(0).min(self.steps);
        self.stuck_at.map_or(passed, |stuck| passed.min(stuck))
    }

    /// As the API words it.
    pub fn state(&self, now_ms: i64) -> &'static str {
        let at = self.at_step(now_ms);
        if at >= self.steps {
            "completed"
        } else if self.stuck_at == Some(at) && self.ended_step(at, now_ms) {
            "pausedByFailedStep"
        } else {
            "inProgress"
        }
    }

    /// When it was through, if it is.
    pub fn ended_ms(&self, now_ms: i64) -> Option<i64> {
        let steps = i64::try_from(self.steps).unwrap_or(i64::MAX);
        (self.state(now_ms) == "completed").then(|| self.started_ms + steps * STEP_MS)
    }

    fn ended_step(&self, step: usize, now_ms: i64) -> bool {
        let steps = i64::try_from(step + 1).unwrap_or(i64::MAX);
        now_ms >= self.started_ms + steps * STEP_MS
    }
}

impl SwitchPlan {
    /// The plan's ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:arc-region-switch::{}:plan/{}:{}", self.account, self.name, self.id)
    }

    /// Starts an execution, or answers with the one that this token started before.
    pub fn start(&mut self, request: &StartRequest<'_>, now_ms: i64) -> Result<(String, bool), Refusal> {
        let illegal = |message: String| Err(Refusal::new("IllegalArgumentException", message));
        let StartRequest { at, region, action, mode, comment, token } = *request;
        if let Some(before) = self.executions.iter().find(|e| token.is_some() && e.token.as_deref() == token)
        {
            return Ok((before.id.clone(), false));
        }
        if !self.regions.iter().any(|r| r == region) {
            return illegal(format!("{region} is not a Region of the plan."));
        }
        match (action, self.approach.as_str()) {
            ("activate", _) if at != region => {
                return illegal(format!("Activate {region} through its own endpoint, not through {at}."));
            }
            ("deactivate", "activePassive") => {
                return illegal("An active/passive plan has no deactivate workflow.".into());
            }
            ("deactivate", _) if at == region => {
                return illegal(format!("Deactivate {region} through another Region's endpoint."));
            }
            ("activate" | "deactivate", _) => {}
            (other, _) => return illegal(format!("{other} is no action that this plan has a workflow for.")),
        }
        if !matches!(mode, "graceful" | "ungraceful") {
            return illegal(format!("mode must be graceful or ungraceful, not {mode}."));
        }
        if self.executions.iter().any(|e| e.state(now_ms) != "completed") {
            return Err(Refusal::new(
                "IllegalStateException",
                "Another execution of the plan is in progress.",
            )
            .with_status(409));
        }
        let id = uuid::Uuid::new_v4().to_string();
        self.executions.push(Execution {
            id: id.clone(),
            region: region.to_owned(),
            action: action.to_owned(),
            mode: mode.to_owned(),
            comment: comment.map(str::to_owned),
            token: token.map(str::to_owned),
            started_ms: now_ms,
            stuck_at: self.broken_step.as_ref().and_then(|b| self.steps.iter().position(|s| s == b)),
            steps: self.steps.len(),
            applied: false,
        });
        Ok((id, true))
    }

    /// What the executions that are through by now set, once each: control by ARN.
    fn due(&mut self, now_ms: i64) -> Vec<(String, bool)> {
        let mut due = Vec::new();
        for execution in self.executions.iter_mut().filter(|e| !e.applied) {
            if execution.state(now_ms) != "completed" {
                continue;
            }
            execution.applied = true;
            for (region, control) in &self.controls {
                let target = *region == execution.region;
                match (execution.action.as_str(), target, self.approach.as_str()) {
                    ("activate", true, _) => due.push((control.clone(), true)),
                    ("activate", false, "activePassive") | ("deactivate", true, _) => {
                        due.push((control.clone(), false));
                    }
                    _ => {}
                }
            }
        }
        due
    }
}

impl World {
    /// Brings the executions of plans to their ends; `true` when any came to it.
    pub(super) fn settle_switches(&mut self, now_ms: i64) -> bool {
        let due: Vec<Vec<(String, bool)>> = self.switch_plans.iter_mut().map(|p| p.due(now_ms)).collect();
        let mut any = false;
        for entries in due.into_iter().filter(|e| !e.is_empty()) {
            any = true;
            for cluster in &mut self.clusters {
                let own: Vec<_> =
                    entries.iter().filter(|(arn, _)| cluster.control(arn).is_some()).cloned().collect();
                // A safety rule that refuses leaves the controls as they are, as it does for everybody.
                let _ = cluster.set(&own, &[], now_ms);
            }
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> SwitchPlan {
        SwitchPlan {
            account: "1".into(),
            name: "p".into(),
            id: "abc123".into(),
            approach: "activePassive".into(),
            regions: vec!["here".into(), "there".into()],
            steps: vec!["scale".into(), "switch".into()],
            controls: BTreeMap::from([("here".into(), "arn:h".into()), ("there".into(), "arn:t".into())]),
            warnings: vec![],
            broken_step: None,
            executions: vec![],
        }
    }

    fn to<'a>(region: &'a str, token: Option<&'a str>) -> StartRequest<'a> {
        StartRequest { at: region, region, action: "activate", mode: "graceful", comment: None, token }
    }

    #[test]
    fn an_execution_goes_through_its_steps_and_sets_the_controls_once() {
        let mut plan = plan();
        assert!(plan.start(&to("there", None), 0).is_ok_and(|(_, new)| new));
        assert_eq!(plan.executions[0].state(STEP_MS), "inProgress");
        assert!(plan.due(STEP_MS).is_empty());
        assert!(plan.start(&to("there", None), STEP_MS).is_err_and(|r| r.code == "IllegalStateException"));
        let ended = 2 * STEP_MS;
        assert_eq!(plan.executions[0].ended_ms(ended + 7), Some(ended));
        assert_eq!(plan.due(ended), [("arn:h".to_owned(), false), ("arn:t".to_owned(), true)]);
        assert!(plan.due(ended).is_empty());
    }

    #[test]
    fn a_token_starts_one_execution_however_often_it_is_sent() {
        let mut plan = plan();
        let (first, _) = plan.start(&to("there", Some("t")), 0).unwrap();
        assert_eq!(plan.start(&to("there", Some("t")), 1), Ok((first, false)));
    }

    #[test]
    fn a_failed_step_pauses_the_execution() {
        let mut plan = SwitchPlan { broken_step: Some("switch".into()), ..plan() };
        plan.start(&to("there", None), 0).unwrap();
        assert_eq!(plan.executions[0].state(STEP_MS), "inProgress");
        assert_eq!(plan.executions[0].state(20 * STEP_MS), "pausedByFailedStep");
    }

    #[test]
    fn a_region_is_activated_through_its_own_endpoint() {
        let mut plan = plan();
        let elsewhere = StartRequest { at: "here", ..to("there", None) };
        assert!(plan.start(&elsewhere, 0).is_err_and(|r| r.code == "IllegalArgumentException"));
    }
}
