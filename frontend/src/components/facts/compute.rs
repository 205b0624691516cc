//! What was seen of groups of machines, functions and images.

use super::{Words, words};
use crate::components::tone::Tone;
use crate::format;
use holdfast_domain::facts::{
    AutoScalingGroupFacts, EcrRepositoryFacts, EksNodeGroupFacts, LambdaFunctionFacts, TargetHealth, Unread,
};

/// The health of targets and what could not be asked, as lines; `true` where either stands out.
pub(super) fn beside(under: &mut Vec<String>, targets: Option<&TargetHealth>, unread: &[Unread]) -> bool {
    if let Some(health) = targets {
        let all = health.healthy + health.unhealthy + health.other;
        under.push(format!("{} of {all} targets healthy", health.healthy));
    }
    under.extend(unread.iter().map(|u| format!("not known: {}", u.what)));
    targets.is_some_and(|h| h.unhealthy > 0) || !unread.is_empty()
}

fn tone(missing: bool, stands_out: bool) -> Tone {
    if stands_out {
        Tone::Watch
    } else if missing {
        Tone::Moving
    } else {
        Tone::Quiet
    }
}

pub(super) fn auto_scaling_group(group: &AutoScalingGroupFacts) -> Words {
    let mut under = vec![format!("between {} and {}", group.min, group.max)];
    if let Some(warm) = group.warm {
        under.push(format!("{warm} warm"));
    }
    if !group.suspended.is_empty() {
        under.push(format!("suspended: {}", group.suspended.join(", ")));
    }
    if let Some(failure) = &group.launch_failure {
        under.push(format!("launch failed: {failure}"));
    }
    let unhealthy = beside(&mut under, group.targets.as_ref(), &group.unread);
    let tone = tone(group.in_service < group.desired, unhealthy || group.launch_failure.is_some());
    words(format!("{} of {} instances", group.in_service, group.desired), under, tone)
}

pub(super) fn node_group(group: &EksNodeGroupFacts) -> Words {
    let mut under = vec![format!("between {} and {}", group.min, group.max)];
    if group.status != "ACTIVE" {
        under.push(format::plain(&group.status.to_lowercase()));
    }
    under.extend(group.issues.iter().cloned());
    let unread = beside(&mut under, None, &group.unread);
    let updating = group.status == "UPDATING";
    let sick = !updating && (group.status != "ACTIVE" || !group.issues.is_empty());
    let missing = updating || group.in_service.is_some_and(|n| n < group.desired);
    let main = match group.in_service {
        Some(running) => format!("{running} of {} nodes", group.desired),
        None => format!("{} nodes wanted", group.desired),
    };
    words(main, under, tone(missing, sick || unread))
}

pub(super) fn function(function: &LambdaFunctionFacts) -> Words {
    let main = match function.reserved {
        Some(0) => "stopped: nothing reserved for it may run".to_owned(),
        Some(count) => format!("{count} concurrent executions reserved"),
        None => "no concurrency reserved".to_owned(),
    };
    let mut under = Vec::new();
    if function.state != "Active" {
        under.push(format::plain(&function.state.to_lowercase()));
    }
    for warm in &function.provisioned {
        under.push(format!("{} of {} warm for {}", warm.available, warm.requested, warm.qualifier));
    }
    for mapping in &function.mappings {
        let source = mapping
            .source
            .as_deref()
            .map_or(mapping.uuid.as_str(), |arn| arn.rsplit(':').next().unwrap_or(arn));
        under.push(format!("{source}: {}", mapping.state.to_lowercase()));
    }
    let moving = function.mappings.iter().any(|m| m.state.ends_with("ing"))
        || function.provisioned.iter().any(|p| p.status == "IN_PROGRESS");
    let sick = function.state == "Failed" || function.provisioned.iter().any(|p| p.status == "FAILED");
    words(main, under, tone(moving, sick))
}

pub(super) fn repository(repository: &EcrRepositoryFacts) -> Words {
    let listed = format::count(repository.images.len(), "image", "images");
    let main = if repository.left_out > 0 { format!("{listed} and older ones") } else { listed };
    let mut under = vec![match repository.replicates_to.as_slice() {
        [] => "replicated nowhere".to_owned(),
        regions => format!("replicated to {}", regions.join(", ")),
    }];
    if let Some(tags) = repository.images.first().map(|i| i.tags.join(", ")).filter(|t| !t.is_empty()) {
        under.push(format!("newest {tags}"));
    }
    let failed = repository.newest_copies.iter().any(|(_, status)| status == "FAILED");
    let unread = beside(&mut under, None, &repository.unread);
    words(main, under, tone(false, failed || unread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_moves_and_what_fails_stands_out() {
        let mut group = AutoScalingGroupFacts { desired: 6, in_service: 2, max: 8, ..Default::default() };
        assert_eq!(auto_scaling_group(&group).tone, Tone::Moving);
        assert_eq!(auto_scaling_group(&group).main, "2 of 6 instances");
        group.launch_failure = Some("no capacity".into());
        assert_eq!(auto_scaling_group(&group).tone, Tone::Watch);
    }

    #[test]
    fn nodes_that_could_not_be_counted_are_not_called_running() {
        let group = EksNodeGroupFacts { desired: 3, status: "ACTIVE".into(), ..Default::default() };
        assert_eq!(node_group(&group).main, "3 nodes wanted");
    }
}
