//! The configuration of ARC routing controls over REST-JSON, at its one endpoint in us-west-2: which endpoints a
//! cluster has, which safety rules a panel, which health checks follow a control. When us-west-2 is dark, so is this.

use super::input::{required, text};
use super::recovery_cluster::endpoint;
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::arc::{Cluster, ENDPOINT_REGIONS, Panel, RuleKind, SafetyRule, not_found};
use crate::world::health::Watch;
use http::Method;
use serde_json::{Map, Value, json};

pub(super) const REGION: &str = "us-west-2";

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeCluster", "route53-recovery-control-config:DescribeCluster", Plane::Control),
    Operation::look("ListClusters", "route53-recovery-control-config:ListClusters", Plane::Control),
    Operation::look("ListSafetyRules", "route53-recovery-control-config:ListSafetyRules", Plane::Control),
    Operation::look(
        "ListAssociatedRoute53HealthChecks",
        "route53-recovery-control-config:ListAssociatedRoute53HealthChecks",
        Plane::Control,
    ),
];

pub(super) fn route(method: &Method, path: &[&str]) -> Option<(&'static str, Map<String, Value>)> {
    let (operation, key, arn) = match (method.as_str(), path) {
        ("GET", ["cluster"]) => ("ListClusters", "", String::new()),
        ("GET", ["cluster", arn @ ..]) => ("DescribeCluster", "ClusterArn", arn.join("/")),
        ("GET", ["controlpanel", arn @ .., "safetyrules"]) => {
            ("ListSafetyRules", "ControlPanelArn", arn.join("/"))
        }
        ("GET", ["routingcontrol", arn @ .., "associatedRoute53HealthChecks"]) => {
            ("ListAssociatedRoute53HealthChecks", "RoutingControlArn", arn.join("/"))
        }
        _ => return None,
    };
    let mut input = Map::new();
    if !key.is_empty() {
        input.insert(key.to_owned(), Value::String(arn));
    }
    Some((operation, input))
}

pub(super) fn resources(input: &Value) -> Vec<String> {
    let arn = ["ClusterArn", "ControlPanelArn", "RoutingControlArn"].iter().find_map(|key| text(input, key));
    vec![arn.unwrap_or("*").to_owned()]
}

pub(super) fn perform(
    world: &World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let mine = || world.clusters.iter().filter(|c| c.account == context.account);
    let body = match operation {
        "ListClusters" => {
            json!({"Clusters": mine().map(|c| cluster_json(c, context)).collect::<Vec<_>>()})
        }
        "DescribeCluster" => {
            let arn = required(input, "ClusterArn", "ValidationException")?;
            let found = world.cluster(context.account, arn).ok_or_else(|| {
                Refusal::new("ResourceNotFoundException", format!("Cluster {arn} was not found."))
                    .with_status(404)
            })?;
            json!({"Cluster": cluster_json(found, context)})
        }
        "ListSafetyRules" => {
            let arn = required(input, "ControlPanelArn", "ValidationException")?;
            let (cluster, panel) = mine()
                .find_map(|c| Some((c, c.panels.iter().find(|p| c.panel_arn(p) == arn)?)))
                .ok_or_else(|| {
                    Refusal::new("ResourceNotFoundException", format!("Control panel {arn} was not found."))
                        .with_status(404)
                })?;
            let rules: Vec<_> = panel.rules.iter().map(|r| rule_json(cluster, panel, r)).collect();
            json!({"SafetyRules": rules})
        }
        _ => {
            let arn = required(input, "RoutingControlArn", "ValidationException")?;
            mine().find_map(|c| c.control(arn)).ok_or_else(|| not_found(arn))?;
            let follows = |watches: &Watch| matches!(watches, Watch::RoutingControl { arn: a } if a == arn);
            let ids: Vec<_> =
                world.health_checks.iter().filter(|c| follows(&c.watches)).map(|c| &c.id).collect();
            json!({"HealthCheckIds": ids})
        }
    };
    Ok(Reply::look(body.to_string()))
}

fn cluster_json(cluster: &Cluster, context: &Context<'_>) -> Value {
    let endpoints =
        ENDPOINT_REGIONS.map(|region| json!({"Endpoint": endpoint(context.host, region), "Region": region}));
    json!({
        "ClusterArn": cluster.arn(), "Name": cluster.name, "Status": "DEPLOYED", "Owner": cluster.account,
        "NetworkType": "IPV4", "ClusterEndpoints": endpoints,
    })
}

fn rule_json(cluster: &Cluster, panel: &Panel, rule: &SafetyRule) -> Value {
    let mut body = json!({
        "SafetyRuleArn": cluster.rule_arn(panel, rule),
        "ControlPanelArn": cluster.panel_arn(panel),
        "Name": rule.name,
        "Status": "DEPLOYED",
        "WaitPeriodMs": 5_000,
        "Owner": cluster.account,
        "RuleConfig": {"Type": rule.matching, "Threshold": rule.threshold, "Inverted": rule.inverted},
    });
    let kind = match &rule.kind {
        RuleKind::Assertion { controls } => {
            body["AssertedControls"] = json!(controls);
            "ASSERTION"
        }
        RuleKind::Gating { gates, targets } => {
            body["GatingControls"] = json!(gates);
            body["TargetControls"] = json!(targets);
            "GATING"
        }
    };
    json!({kind: body})
}
