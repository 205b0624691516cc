//! ARC routing controls: clusters with five endpoints, control panels, on/off controls and the safety rules that
//! every change must satisfy. A cluster keeps answering as long as most of its endpoints do.

use super::World;
use super::clock::Moment;
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// Where every cluster has an endpoint.
pub const ENDPOINT_REGIONS: [&str; 5] =
    ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"];
/// From a control's change until a health check that follows it shows it.
pub const FOLLOW_MS: i64 = 2_000;
/// Entries that one UpdateRoutingControlStates takes.
const MAX_ENTRIES: usize = 10;

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cluster {
    /// Owner.
    pub account: String,
    /// The id at the end of its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its control panels.
    pub panels: Vec<Panel>,
}

/// A group of controls, and the rules over them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Panel {
    /// The id in its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its controls.
    pub controls: Vec<Control>,
    /// Its safety rules.
    pub rules: Vec<SafetyRule>,
}

/// A switch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Control {
    /// The id at the end of its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub on: bool,
    /// The state before the last change.
    pub was_on: bool,
    /// When it was last changed: virtual milliseconds since the epoch.
    pub changed_ms: i64,
}

/// What must hold whenever a control is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyRule {
    /// The id at the end of its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub kind: RuleKind,
    /// `ATLEAST`, `AND` or `OR`.
    pub matching: String,
    /// How many must be on, for `ATLEAST`.
    pub threshold: usize,
    /// Turns the result around.
    pub inverted: bool,
}

/// The two kinds of safety rules; controls by ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleKind {
    /// Holds for these controls after each change of one of them.
    Assertion {
        /// The controls.
        controls: Vec<String>,
    },
    /// The first ones decide whether the second ones may be changed.
    Gating {
        /// The switches.
        gates: Vec<String>,
        /// What they guard.
        targets: Vec<String>,
    },
}

impl Cluster {
    /// The cluster's ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:route53-recovery-control::{}:cluster/{}", self.account, self.id)
    }

    /// A panel's ARN.
    pub fn panel_arn(&self, panel: &Panel) -> String {
        format!("arn:aws:route53-recovery-control::{}:controlpanel/{}", self.account, panel.id)
    }

    /// A control's ARN.
    pub fn control_arn(&self, panel: &Panel, control: &Control) -> String {
        format!("{}/routingcontrol/{}", self.panel_arn(panel), control.id)
    }

    /// A safety rule's ARN.
    pub fn rule_arn(&self, panel: &Panel, rule: &SafetyRule) -> String {
        format!("{}/safetyrule/{}", self.panel_arn(panel), rule.id)
    }

    /// Sets several controls at once, or none of them. `Ok(true)` when any is different afterwards.
    pub fn set(
        &mut self,
        entries: &[(String, bool)],
        overridden: &[&str],
        now_ms: i64,
    ) -> Result<bool, Refusal> {
        if entries.is_empty() || entries.len() > MAX_ENTRIES {
            return Err(Refusal::new("ValidationException", "Between 1 and 10 entries are allowed."));
        }
        let mut after = self.clone();
        let mut changed = Vec::new();
        for (arn, on) in entries {
            let found = after.find(arn).ok_or_else(|| not_found(arn))?;
            if let Some(control) = after.control_mut(found)
                && control.on != *on
            {
                control.was_on = control.on;
                control.on = *on;
                control.changed_ms = now_ms;
                changed.push(arn.as_str());
            }
        }
        for panel in &after.panels {
            for rule in
                panel.rules.iter().filter(|r| !overridden.contains(&after.rule_arn(panel, r).as_str()))
            {
                if rule.is_about(&changed) && !rule.holds(&after) {
                    return Err(Refusal::new(
                        "ConflictException",
                        format!(
                            "The routing control states could not be updated: safety rule {} ({}) would be violated.",
                            rule.name,
                            after.rule_arn(panel, rule)
                        ),
                    )
                    .with_status(409));
                }
            }
        }
        let any = !changed.is_empty();
        *self = after;
        Ok(any)
    }

    fn find(&self, arn: &str) -> Option<(usize, usize)> {
        self.panels.iter().enumerate().find_map(|(p, panel)| {
            let at = panel.controls.iter().position(|c| self.control_arn(panel, c) == arn)?;
            Some((p, at))
        })
    }

    fn control_mut(&mut self, (panel, control): (usize, usize)) -> Option<&mut Control> {
        self.panels.get_mut(panel)?.controls.get_mut(control)
    }

    /// A control by its ARN, with its panel.
    pub fn control(&self, arn: &str) -> Option<(&Panel, &Control)> {
        let (panel, control) = self.find(arn)?;
        let panel = self.panels.get(panel)?;
        Some((panel, panel.controls.get(control)?))
    }
}

/// `ResourceNotFoundException` for a control.
pub fn not_found(arn: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("Routing control {arn} was not found."))
        .with_status(404)
}

impl SafetyRule {
    fn is_about(&self, changed: &[&str]) -> bool {
        let guarded = match &self.kind {
            RuleKind::Assertion { controls } => controls,
            RuleKind::Gating { targets, .. } => targets,
        };
        changed.iter().any(|arn| guarded.iter().any(|g| g == arn))
    }

    fn holds(&self, cluster: &Cluster) -> bool {
        let judged = match &self.kind {
            RuleKind::Assertion { controls } => controls,
            RuleKind::Gating { gates, .. } => gates,
        };
        let on = judged.iter().filter(|arn| cluster.control(arn).is_some_and(|(_, c)| c.on)).count();
        let held = match self.matching.as_str() {
            "AND" => on == judged.len(),
            "OR" => on > 0,
            _ => on >= self.threshold,
        };
        held != self.inverted
    }
}

impl World {
    /// The cluster that an account has under this ARN.
    pub fn cluster(&self, account: &str, arn: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|c| c.account == account && c.arn() == arn)
    }

    /// Whether a change can be agreed on: three of the five endpoints must be there.
    pub fn clusters_agree(&self) -> bool {
        let lit = |code: &&&str| !self.regions.get(**code).is_some_and(|r| r.dark);
        ENDPOINT_REGIONS.iter().filter(lit).count() > ENDPOINT_REGIONS.len() / 2
    }

    /// What a health check that follows this control sees.
    pub fn control_as_followed(&self, arn: &str, now: Moment) -> Option<bool> {
        let (_, control) = self.clusters.iter().find_map(|c| c.control(arn))?;
        Some(if now.virtual_ms >= control.changed_ms + FOLLOW_MS { control.on } else { control.was_on })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> Cluster {
        let control =
            |id: &str, on| Control { id: id.into(), name: id.into(), on, was_on: on, changed_ms: 0 };
        let mut cluster = Cluster {
            account: "1".into(),
            id: "c".into(),
            name: "c".into(),
            panels: vec![Panel {
                id: "p".into(),
                name: "p".into(),
                controls: vec![control("here", true), control("there", false), control("gate", true)],
                rules: vec![],
            }],
        };
        let rules = vec![
            SafetyRule {
                id: "one".into(),
                name: "at least one".into(),
                kind: RuleKind::Assertion { controls: vec![arn(&cluster, "here"), arn(&cluster, "there")] },
                matching: "ATLEAST".into(),
                threshold: 1,
                inverted: false,
            },
            SafetyRule {
                id: "gate".into(),
                name: "gate".into(),
                kind: RuleKind::Gating {
                    gates: vec![arn(&cluster, "gate")],
                    targets: vec![arn(&cluster, "there")],
                },
                matching: "OR".into(),
                threshold: 1,
                inverted: false,
            },
        ];
        cluster.panels[0].rules = rules;
        cluster
    }

    fn arn(cluster: &Cluster, id: &str) -> String {
        let panel = &cluster.panels[0];
        cluster.control_arn(panel, panel.controls.iter().find(|c| c.id == id).unwrap())
    }

    #[test]
    fn a_batch_is_judged_by_how_it_ends_and_applied_whole_or_not_at_all() {
        let mut cluster = cluster();
        let (here, there) = (arn(&cluster, "here"), arn(&cluster, "there"));
        let refused = cluster.set(&[(here.clone(), false)], &[], 1);
        assert!(refused.is_err_and(|r| r.code == "ConflictException" && r.message.contains("at least one")));
        assert!(cluster.panels[0].controls[0].on);
        let swap = [(here.clone(), false), (there.clone(), true)];
        assert_eq!(cluster.set(&swap, &[], 1), Ok(true));
        assert_eq!(cluster.set(&swap, &[], 2), Ok(false));
        assert!(
            cluster.set(&[(here, true), ("arn:none".into(), true)], &[], 3).is_err_and(|r| r.status == 404)
        );
        assert!(!cluster.panels[0].controls[0].on);
    }

    #[test]
    fn a_gate_that_is_off_keeps_its_targets_as_they_are_unless_it_is_overridden_by_name() {
        let mut cluster = cluster();
        let (gate, there) = (arn(&cluster, "gate"), arn(&cluster, "there"));
        assert_eq!(cluster.set(&[(gate, false)], &[], 1), Ok(true));
        let open = [(there, true)];
        assert!(cluster.set(&open, &[], 2).is_err_and(|r| r.message.contains("gate")));
        let rule = cluster.rule_arn(&cluster.panels[0], &cluster.panels[0].rules[1]);
        assert_eq!(cluster.set(&open, &[&rule], 3), Ok(true));
    }
}
