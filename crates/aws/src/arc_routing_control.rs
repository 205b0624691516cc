//! ARC routing controls. States are read and set on the data plane: through any of the cluster's five endpoints, in
//! random order, the next one as soon as one fails or stays silent (ARC developer guide, "Best practices for routing
//! control"). What concerns the cluster itself is asked in us-west-2 and remembered, see [`crate::arc_clusters`].

use crate::arc_clusters::{Configuration, ControlConfiguration};
use crate::clients::Caller;
use crate::hedge::first_answer;
use crate::pages::Pages;
use crate::perform::answered;
use crate::registry::everywhere;
use crate::settings::{RECOVERY_CONTROL_CONFIG_REGION, Service};
use aws_sdk_route53recoverycluster::types::{RoutingControlState, UpdateRoutingControlStateEntry};
use aws_sdk_route53recoverycontrolconfig::types::{Rule, RuleConfig};
use futures::future::{join_all, try_join_all};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{RoutingControl, SafetyRule, SafetyRuleKind};
use holdfast_domain::resource::ArcRoutingControl;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::change::RoutingControlTarget;
use holdfast_failover::run::Answer;
use rand::seq::SliceRandom;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const STATE: &str = "route53-recovery-cluster:GetRoutingControlState";
const DESCRIBE: &str = "route53-recovery-control-config:DescribeCluster";
const RULES: &str = "route53-recovery-control-config:ListSafetyRules";
const CHECKS: &str = "route53-recovery-control-config:ListAssociatedRoute53HealthChecks";

pub(crate) const LOOK: &[&str] = &[STATE, DESCRIBE, RULES, CHECKS];

pub(crate) const CHANGES: &[&str] = &["route53-recovery-cluster:UpdateRoutingControlStates"];

/// What the configuration endpoint gets when what it would say is known already, and each cluster endpoint when a
/// change is sent: there are others.
const SHORTLY: Duration = Duration::from_millis(1500);

pub(crate) async fn look(caller: &Caller, spec: &ArcRoutingControl, regions: &[RegionCode]) -> Looked {
    let (configuration, old) = match configuration(caller, spec).await {
        Ok(known) => known,
        Err(error) => return everywhere(regions, &error),
    };
    let looks = regions.iter().map(|region| {
        let configuration = &configuration;
        async move { (region.clone(), control_in(caller, spec, configuration, old, region).await) }
    });
    join_all(looks).await.into_iter().collect()
}

async fn control_in(
    caller: &Caller,
    spec: &ArcRoutingControl,
    configuration: &Configuration,
    old: bool,
    region: &RegionCode,
) -> Result<Facts, Error> {
    let Some(place) = spec.per_region.get(region) else {
        return Err(caller.call(region.as_str(), STATE).error(
            ErrorKind::Invalid,
            format!("the inventory names no routing control for {region}: add it under per_region"),
        ));
    };
    let arn = place.control_arn.as_str();
    let order = order(caller, &spec.cluster_arn, &configuration.endpoints);
    let asked = first_answer(order, caller.settings.patience, next_may_know, |via| {
        state(caller, &configuration.endpoints, arn, via)
    })
    .await;
    let (told_by, on) = asked.unwrap_or_else(|| {
        Err(caller.call("", STATE).error(ErrorKind::Unreadable, "the cluster has no endpoints"))
    })?;
    let own = configuration.controls.get(arn).cloned().unwrap_or_default();
    Ok(Facts::RoutingControl(RoutingControl {
        cluster_arn: spec.cluster_arn.clone(),
        control_arn: arn.to_owned(),
        on,
        told_by,
        endpoints: configuration.endpoints.clone(),
        safety_rules: own.safety_rules,
        health_checks: own.health_checks,
        configuration_is_old: old,
    }))
}

/// Whether another endpoint of the same cluster is worth asking.
fn next_may_know(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::Unreachable | ErrorKind::ServiceError | ErrorKind::Unreadable | ErrorKind::Throttled
    )
}

/// At random, so that no endpoint is everybody's first; those that were silent a moment ago after the others; and last
/// the one that took the last change, so that a change is read back somewhere else.
fn order(caller: &Caller, cluster_arn: &str, endpoints: &BTreeMap<String, String>) -> Vec<String> {
    // The SDK falls over an address that is none.
    let asked = endpoints.iter().filter(|(_, url)| is_address(url));
    let mut regions: Vec<&str> = asked.map(|(region, _)| region.as_str()).collect();
    regions.shuffle(&mut rand::rng());
    let mut order = caller.silence.order(Service::RecoveryCluster, regions);
    let written = caller.clusters.written_in(cluster_arn);
    order.sort_by_key(|region| Some(region) == written.as_ref());
    order
}

async fn state(
    caller: &Caller,
    endpoints: &BTreeMap<String, String>,
    arn: &str,
    via: String,
) -> Result<(String, bool), Error> {
    let url = endpoints.get(&via).map(String::as_str).unwrap_or_default();
    let sent = caller.recovery_cluster(&via, url).get_routing_control_state().routing_control_arn(arn).send();
    let answer = caller.ask(Service::RecoveryCluster, &via, STATE, sent).await?;
    match answer.routing_control_state {
        RoutingControlState::On => Ok((via, true)),
        RoutingControlState::Off => Ok((via, false)),
        other => Err(caller.call(&via, STATE).error(
            ErrorKind::Unreadable,
            format!("the control is neither On nor Off but {}", other.as_str()),
        )),
    }
}

/// Fresh from us-west-2, or as it was known when that does not answer; the flag says which.
async fn configuration(
    caller: &Caller,
    spec: &ArcRoutingControl,
) -> Result<(Arc<Configuration>, bool), Error> {
    let controls: Vec<&str> = spec.per_region.values().map(|place| place.control_arn.as_str()).collect();
    let known = caller.clusters.known(&spec.cluster_arn, &controls);
    let Some((known, fresh)) = known else {
        return Ok((caller.clusters.keep(&spec.cluster_arn, ask(caller, spec, &controls).await?), false));
    };
    if fresh {
        return Ok((known, false));
    }
    if caller.silence.is_silent(Service::RecoveryControlConfig, RECOVERY_CONTROL_CONFIG_REGION) {
        return Ok((known, true));
    }
    let briefly = caller.briefly(SHORTLY);
    match ask(&briefly, spec, &controls).await {
        Ok(asked) => Ok((caller.clusters.keep(&spec.cluster_arn, asked), false)),
        Err(error) if next_may_know(&error) => Ok((known, true)),
        Err(error) => Err(error),
    }
}

async fn ask(caller: &Caller, spec: &ArcRoutingControl, controls: &[&str]) -> Result<Configuration, Error> {
    let panels: BTreeSet<&str> = controls.iter().filter_map(|arn| panel_of(arn)).collect();
    let (endpoints, rules, checks) = tokio::try_join!(
        endpoints(caller, &spec.cluster_arn),
        try_join_all(panels.into_iter().map(|panel| rules(caller, panel))),
        try_join_all(controls.iter().map(|arn| health_checks(caller, arn))),
    )?;
    let rules: Vec<SafetyRule> = rules.into_iter().flatten().collect();
    let controls = controls
        .iter()
        .zip(checks)
        .map(|(arn, health_checks)| {
            let safety_rules = rules.iter().filter(|rule| concerns(rule, arn)).cloned().collect();
            ((*arn).to_owned(), ControlConfiguration { safety_rules, health_checks })
        })
        .collect();
    Ok(Configuration { endpoints, controls })
}

/// `arn:…:controlpanel/PANEL/routingcontrol/CONTROL`.
fn panel_of(control_arn: &str) -> Option<&str> {
    control_arn.split_once("/routingcontrol/").map(|(panel, _)| panel)
}

fn concerns(rule: &SafetyRule, control_arn: &str) -> bool {
    let controls = match &rule.kind {
        SafetyRuleKind::Assertion { controls } => controls,
        SafetyRuleKind::Gating { targets, .. } => targets,
    };
    controls.iter().any(|arn| arn == control_arn)
}

async fn endpoints(caller: &Caller, cluster_arn: &str) -> Result<BTreeMap<String, String>, Error> {
    let at = RECOVERY_CONTROL_CONFIG_REGION;
    let sent = caller.recovery_control_config(at).describe_cluster().cluster_arn(cluster_arn).send();
    let answer = caller.ask(Service::RecoveryControlConfig, at, DESCRIBE, sent).await?;
    let wrong = |what: String| caller.call(at, DESCRIBE).error(ErrorKind::Unreadable, what);
    let Some(cluster) = answer.cluster else { return Err(wrong("the answer holds no cluster".into())) };
    let overridden = caller.settings.endpoint(Service::RecoveryControlConfig).is_some();
    let mut endpoints = BTreeMap::new();
    for endpoint in cluster.cluster_endpoints() {
        let (Some(region), Some(url)) = (endpoint.region(), endpoint.endpoint()) else {
            return Err(wrong("an endpoint has no Region or no address".into()));
        };
        // Our credentials go there: against AWS itself, nothing but AWS's own names over TLS will do.
        if !is_address(url) || !(overridden || is_of_aws(url)) {
            return Err(wrong(format!("{url} is no address of AWS's")));
        }
        endpoints.insert(region.to_owned(), url.to_owned());
    }
    if endpoints.is_empty() {
        return Err(wrong("the cluster has no endpoints yet: it is being made".into()));
    }
    Ok(endpoints)
}

fn is_address(url: &str) -> bool {
    url.parse::<http::Uri>()
        .is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some_and(|host| !host.is_empty()))
}

fn is_of_aws(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|rest| {
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
        !rest.contains('@') && host.ends_with(".amazonaws.com")
    })
}

async fn rules(caller: &Caller, panel: &str) -> Result<Vec<SafetyRule>, Error> {
    let at = RECOVERY_CONTROL_CONFIG_REGION;
    let client = caller.recovery_control_config(at);
    let mut rules = Vec::new();
    let mut pages = Pages::default();
    loop {
        let sent = client.list_safety_rules().control_panel_arn(panel).set_next_token(pages.token()).send();
        let page = caller.ask(Service::RecoveryControlConfig, at, RULES, sent).await?;
        for found in page.safety_rules() {
            rules.push(rule(found).ok_or_else(|| {
                caller
                    .call(at, RULES)
                    .error(ErrorKind::Unreadable, "a safety rule lacks its name or its condition")
            })?);
        }
        if !pages.go_on(&caller.call(at, RULES), page.next_token)? {
            return Ok(rules);
        }
    }
}

fn rule(found: &Rule) -> Option<SafetyRule> {
    // A rule over no controls would concern none.
    let texts = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let (name, arn, config, kind) = match (found.assertion(), found.gating()) {
        (Some(rule), _) => {
            let kind = SafetyRuleKind::Assertion { controls: texts(rule.asserted_controls())? };
            (rule.name()?, rule.safety_rule_arn()?, rule.rule_config()?, kind)
        }
        (None, Some(rule)) => {
            let (gates, targets) = (texts(rule.gating_controls())?, texts(rule.target_controls())?);
            let kind = SafetyRuleKind::Gating { gates, targets };
            (rule.name()?, rule.safety_rule_arn()?, rule.rule_config()?, kind)
        }
        (None, None) => return None,
    };
    let RuleConfig { inverted, threshold, r#type, .. } = config;
    Some(SafetyRule {
        name: name.to_owned(),
        arn: arn.to_owned(),
        kind,
        matching: r#type.as_ref()?.as_str().to_owned(),
        // AWS tells both of every rule: a rule of at least none would hold always.
        threshold: u32::try_from((*threshold)?).ok()?,
        inverted: (*inverted)?,
    })
}

async fn health_checks(caller: &Caller, control_arn: &str) -> Result<Vec<String>, Error> {
    let at = RECOVERY_CONTROL_CONFIG_REGION;
    let client = caller.recovery_control_config(at);
    let mut ids = Vec::new();
    let mut pages = Pages::default();
    loop {
        let sent = client
            .list_associated_route53_health_checks()
            .routing_control_arn(control_arn)
            .set_next_token(pages.token())
            .send();
        let page = caller.ask(Service::RecoveryControlConfig, at, CHECKS, sent).await?;
        ids.extend(page.health_check_ids.unwrap_or_default());
        if !pages.go_on(&caller.call(at, CHECKS), page.next_token)? {
            return Ok(ids);
        }
    }
}

/// One change, through whichever endpoint takes it. Unlike other changes it goes to the next endpoint after silence
/// too: the entries say how the controls are to stand, the cluster takes them whole, and a second one changes nothing.
pub(crate) async fn set(
    caller: &Caller,
    action: &'static str,
    cluster_arn: &str,
    endpoints: &BTreeMap<String, String>,
    controls: &BTreeMap<RegionCode, RoutingControlTarget>,
) -> Result<Answer, Error> {
    let entries = controls
        .values()
        .map(|target| {
            UpdateRoutingControlStateEntry::builder()
                .routing_control_arn(&target.control_arn)
                .routing_control_state(if target.on {
                    RoutingControlState::On
                } else {
                    RoutingControlState::Off
                })
                .build()
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| {
            caller
                .call("", action)
                .error(ErrorKind::Invalid, format!("the controls cannot be written for AWS: {why}"))
        })?;
    let mut perhaps = false;
    let mut last = None;
    for region in order(caller, cluster_arn, endpoints) {
        if caller.ends() <= Instant::now() {
            break;
        }
        let briefly = caller.briefly(SHORTLY);
        let url = endpoints.get(&region).map(String::as_str).unwrap_or_default();
        let sent = briefly
            .recovery_cluster(&region, url)
            .update_routing_control_states()
            .set_update_routing_control_state_entries(Some(entries.clone()))
            .send();
        match briefly.ask(Service::RecoveryCluster, &region, action, sent).await {
            Ok(answer) => {
                caller.clusters.wrote(cluster_arn, &region);
                return answered(action, &region, &answer, None);
            }
            Err(error) => {
                perhaps |= error.outcome_unknown;
                let error = Error { outcome_unknown: perhaps, ..error };
                if !next_may_know(&error) {
                    return Err(error);
                }
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        caller.call("", action).error(ErrorKind::Invalid, "the change names no endpoint to be sent through")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_asked_nothing() {
        assert!(is_address("https://host.us-east-1.cluster.routing-control.amazonaws.com/v1"));
        assert!(is_address("http://127.0.0.1:4600"));
        for none in ["", "host", "/v1", "https://", "https:///v1", "https://a b"] {
            assert!(!is_address(none), "{none}");
        }
    }

    #[test]
    fn credentials_go_to_no_address_but_awss_own() {
        let own = "https://host-aaaaaa.us-east-1.cluster.routing-control.amazonaws.com/v1";
        assert!(is_of_aws(own));
        for other in [
            "http://host-aaaaaa.us-east-1.cluster.routing-control.amazonaws.com/v1",
            "https://169.254.169.254/",
            "https://amazonaws.com.example.com/",
            "https://x.amazonaws.com@example.com/",
            "https://example.com/.amazonaws.com",
        ] {
            assert!(!is_of_aws(other), "{other}");
        }
    }

    #[test]
    fn a_control_says_which_panel_it_is_of() {
        let arn = "arn:aws:route53-recovery-control::222222222222:controlpanel/abc/routingcontrol/def";
        assert_eq!(panel_of(arn), Some("arn:aws:route53-recovery-control::222222222222:controlpanel/abc"));
        assert_eq!(panel_of("arn:aws:x"), None);
    }
}
