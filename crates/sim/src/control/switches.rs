//! The control page's tables of what switches traffic: routing controls, health checks, distributions, Region
//! switch plans.

use super::sections::{esc, state, table};
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::health::Watch;

pub(super) fn routing_controls(world: &World) -> String {
    let mut rows = String::new();
    for cluster in &world.clusters {
        for panel in &cluster.panels {
            let rules: Vec<&str> = panel.rules.iter().map(|r| r.name.as_str()).collect();
            for control in &panel.controls {
                let shown = if control.on { state("good", "On") } else { "Off".to_owned() };
                rows.push_str(&format!(
                    "<tr><th scope=\"row\">{}</th><td>{}</td><td>{shown}</td><td>{}</td></tr>",
                    esc(&control.name),
                    esc(&panel.name),
                    esc(&rules.join(", "))
                ));
            }
        }
    }
    table("ARC routing controls", &["Control", "Panel", "State", "Safety rules"], &rows)
}

pub(super) fn health_checks(world: &World, now: Moment) -> String {
    let rows: String = world
        .health_checks
        .iter()
        .map(|check| {
            let watched = match &check.watches {
                Watch::Endpoint => check.domain.clone(),
                Watch::Calculated { children, threshold } => {
                    format!("{threshold} of {} checks", children.len())
                }
                Watch::Alarm { region, name, state, .. } => format!("alarm {name} in {region}: {state}"),
                Watch::Object { bucket, key, .. } => format!("object {key} of {bucket}"),
                Watch::RoutingControl { .. } => format!("routing control of {}", check.region),
            };
            let shown = if world.counts_healthy(check, now) {
                state("good", "healthy")
            } else {
                state("bad", "unhealthy")
            };
            let set: Vec<&str> = [(check.inverted, "inverted"), (check.disabled, "disabled")]
                .into_iter()
                .filter_map(|(is, word)| is.then_some(word))
                .collect();
            format!(
                "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{shown}</td><td>{}</td></tr>",
                esc(check.id.get(..8).unwrap_or(&check.id)),
                esc(&watched),
                set.join(", ")
            )
        })
        .collect();
    table("Route 53 health checks", &["Check", "Watches", "Counts as", "Set"], &rows)
}

pub(super) fn distributions(world: &World, now: Moment) -> String {
    let mut rows = String::new();
    for distribution in &world.distributions {
        let shown = match distribution.status(now.virtual_ms) {
            "Deployed" => state("good", "Deployed"),
            other => state("moving", other),
        };
        for (group, members) in distribution.groups() {
            rows.push_str(&format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{shown}</td></tr>",
                esc(&distribution.id),
                esc(&group),
                esc(&members.join(" → "))
            ));
        }
    }
    table("CloudFront", &["Distribution", "Origin group", "Origins in order", "State"], &rows)
}

pub(super) fn switch_plans(world: &World, now: Moment) -> String {
    let rows: String = world
        .switch_plans
        .iter()
        .map(|plan| {
            let shown = plan.executions.last().map_or_else(
                || "never executed".to_owned(),
                |last| {
                    let class = match last.state(now.virtual_ms) {
                        "completed" => "good",
                        "inProgress" => "moving",
                        _ => "bad",
                    };
                    let words = format!("{} {}: {}", last.action, last.region, last.state(now.virtual_ms));
                    state(class, &words)
                },
            );
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{shown}</td></tr>",
                esc(&plan.name),
                esc(&plan.regions.join(", "))
            )
        })
        .collect();
    table("ARC Region switch", &["Plan", "Regions", "Last execution"], &rows)
}
