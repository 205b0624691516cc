//! Would the switches of traffic work: ARC routing controls, ARC Region switch plans, CloudFront origin groups.

use super::{Look, Severity};
use holdfast_domain::facts::{DistributionOrigin, RegionSwitch, RoutingControl, SafetyRuleKind};
use holdfast_domain::resource::ArcRoutingControl;
use holdfast_domain::{Facts, RegionCode, Resource, Strategy};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// Endpoints that a cluster has; a change needs three of them.
const ENDPOINTS: usize = 5;
/// ARC evaluates a plan every half hour.
const EVALUATION_IS_OLD: SignedDuration = SignedDuration::from_hours(2);

pub(super) fn routing_controls(look: &mut Look<'_>, resource: &Resource, spec: &ArcRoutingControl) {
    let name = &resource.name;
    let mut controls: BTreeMap<&RegionCode, &RoutingControl> = BTreeMap::new();
    for region in look.application.regions() {
        if !spec.per_region.contains_key(region) {
            look.add(
                Severity::Blocker,
                "no_control_for_region",
                Some(resource),
                Some(region),
                format!("{name} has no routing control for {region}."),
                format!("Make one, let {region}'s records follow it by a health check, and name it under per_region."),
            );
        } else if let Some(Facts::RoutingControl(control)) = look.known(resource, region) {
            controls.insert(region, control);
        }
    }
    for (region, control) in &controls {
        one_control(look, resource, region, control);
    }
    let on: Vec<&RegionCode> = controls.iter().filter(|(_, c)| c.on).map(|(region, _)| *region).collect();
    if look.application.strategy != Strategy::ActiveActive && on.len() > 1 {
        look.add(
            Severity::Warning,
            "several_controls_on",
            Some(resource),
            None,
            format!(
                "The controls of {} are On at once, and the application serves from one Region.",
                crate::serving::words(&on.into_iter().cloned().collect::<Vec<_>>())
            ),
            "Switch the standby's off.",
        );
    }
    safety_rules(look, resource, &controls);
}

fn one_control(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, control: &RoutingControl) {
    let name = &resource.name;
    let mut add = |severity, code: &str, sentence: String, way_out: &str| {
        look.add(severity, code, Some(resource), Some(region), sentence, way_out);
    };
    if control.health_checks.is_empty() {
        add(
            Severity::Warning,
            "nothing_follows_control",
            format!(
                "No health check follows the control of {name} for {region}: switching it moves no traffic."
            ),
            "Make a health check of the kind RECOVERY_CONTROL and attach it to the Region's record.",
        );
    }
    if control.endpoints.len() < ENDPOINTS {
        add(
            Severity::Warning,
            "cluster_endpoints_missing",
            format!("The cluster of {name} shows {} of its {ENDPOINTS} endpoints.", control.endpoints.len()),
            "See the cluster's status; a new one needs some minutes.",
        );
    }
    if control.configuration_is_old {
        add(
            Severity::Note,
            "control_configuration_old",
            format!(
                "The endpoints and safety rules of {name} are those of an earlier look: us-west-2 does not answer."
            ),
            "The controls can be switched all the same.",
        );
    }
}

/// Rules that would refuse a failover, and the lack of the one that refuses the worst mistake.
fn safety_rules(look: &mut Look<'_>, resource: &Resource, controls: &BTreeMap<&RegionCode, &RoutingControl>) {
    let name = &resource.name;
    if controls.len() < 2 {
        return;
    }
    let on = |aim: &dyn Fn(&RegionCode, &RoutingControl) -> bool| -> BTreeMap<&str, bool> {
        controls.iter().map(|(region, c)| (c.control_arn.as_str(), aim(region, c))).collect()
    };
    let rules = || controls.values().flat_map(|c| &c.safety_rules);
    let all_off = on(&|_, _| false);
    let asserts = rules().any(|rule| {
        matches!(rule.kind, SafetyRuleKind::Assertion { .. }) && rule.holds(&all_off) == Some(false)
    });
    if !asserts {
        look.add(
            Severity::Warning,
            "no_safety_rule",
            Some(resource),
            None,
            format!("No safety rule keeps all controls of {name} from being Off at once."),
            "Make an assertion rule that one of them at least is On.",
        );
    }
    let serving: Vec<&RegionCode> =
        controls.iter().filter(|(_, c)| c.on).map(|(region, _)| *region).collect();
    let evacuates = look.application.strategy == Strategy::ActiveActive;
    let mut refused: Vec<(String, RegionCode)> = Vec::new();
    for target in controls.keys().filter(|region| evacuates || !serving.contains(region)) {
        for left in serving.iter().filter(|region| *region != target) {
            let afterwards = on(&|region, control| region == *target || (region != *left && control.on));
            if let Some(rule) = rules().find(|rule| rule.holds(&afterwards) == Some(false)) {
                refused.push((rule.name.clone(), (*left).clone()));
            }
        }
    }
    refused.dedup();
    for (rule, left) in refused {
        look.add(
            Severity::Blocker,
            "safety_rule_in_the_way",
            Some(resource),
            Some(&left),
            format!("The safety rule {rule} does not allow {name} to leave {left}."),
            "Change the rule or its gating controls; Holdfast overrides no safety rule.",
        );
    }
}

pub(super) fn region_switch(look: &mut Look<'_>, resource: &Resource) {
    for region in look.application.regions() {
        if let Some(Facts::RegionSwitch(plan)) = look.known(resource, region) {
            one_plan(look, resource, region, plan);
        }
    }
}

fn one_plan(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, plan: &RegionSwitch) {
    let name = &resource.name;
    let old = plan.evaluated_at.is_none_or(|at| look.now.duration_since(at) > EVALUATION_IS_OLD);
    let warnings = plan.warnings.join("; ");
    let mut add = |severity, code: &str, sentence: String, way_out: &str| {
        look.add(severity, code, Some(resource), Some(region), sentence, way_out);
    };
    match plan.evaluation.as_deref() {
        Some("passed") if !old => {}
        Some("passed") => add(
            Severity::Unknown,
            "plan_evaluation_old",
            format!("ARC last evaluated {name} in {region} more than two hours ago."),
            "See in the Region switch console why it is not evaluated.",
        ),
        Some("actionRequired") => add(
            Severity::Blocker,
            "plan_evaluation_failed",
            format!("ARC's evaluation of {name} in {region} asks for action: {warnings}."),
            "Mend what it names, then refresh.",
        ),
        other => add(
            Severity::Unknown,
            "plan_not_evaluated",
            format!("ARC's evaluation of {name} in {region} is {}.", other.unwrap_or("not made yet")),
            "Wait for the next evaluation.",
        ),
    }
    if !plan.actions.iter().any(|action| action == "activate") {
        add(
            Severity::Blocker,
            "plan_without_workflow",
            format!("{name} has no workflow that activates {region}."),
            "Add it to the Region switch plan.",
        );
    }
    if let Some(open) = plan.executions.iter().find(|e| !e.is_completed() && !e.is_given_up()) {
        add(
            Severity::Warning,
            "plan_execution_open",
            format!(
                "An execution of {name} that should {} {} is {}: no other can start.",
                open.action, open.region, open.state
            ),
            "Let it end, or cancel it in the Region switch console.",
        );
    }
}

pub(super) fn distribution(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    let mut any = None;
    for region in look.application.regions() {
        let Some(Facts::DistributionOrigin(origin)) = look.known(resource, region) else { continue };
        any = Some((region, origin));
        if origin.origins.is_empty() {
            look.add(
                Severity::Blocker,
                "no_origin_in_region",
                Some(resource),
                Some(region),
                format!("{name} has no origin in {region}."),
                "Add the Region's origin to the distribution and its origin group.",
            );
        }
    }
    let Some((region, origin)) = any else { return };
    whole(look, resource, region, origin);
    look.add(
        Severity::Note,
        "single_region_plane",
        Some(resource),
        None,
        format!("Swapping the origins of {name} needs CloudFront's control plane, which is in us-east-1."),
        "Its origin groups fail over by themselves, request by request; waive the step by name.",
    );
}

fn whole(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, origin: &DistributionOrigin) {
    let name = &resource.name;
    let mut block = |code: &str, sentence: String, way_out: &str| {
        look.add(Severity::Blocker, code, Some(resource), Some(region), sentence, way_out);
    };
    if !origin.enabled {
        block("distribution_disabled", format!("{name} is disabled."), "Enable the distribution.");
    }
    if origin.groups.is_empty() {
        block(
            "no_origin_group",
            format!("{name} has no origin group: it knows one origin only."),
            "Make an origin group of both Regions' origins and let the cache behaviours use it.",
        );
    } else {
        super::traffic::returns(look, resource, "CloudFront's origin groups return requests");
    }
}
