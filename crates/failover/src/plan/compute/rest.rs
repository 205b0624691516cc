//! What works on in a Region that was left. Where the strategy has nothing run in a Region that stands by, what runs there
//! takes from queues and schedules on old data, and costs: it is found, and goes to rest when the Region is held out. The
//! failback raises it to what stood before.

use super::{At, count, lower_one, sized};
use crate::plan::draft::Draft;
use crate::refusal::Refusal;
use holdfast_domain::{Facts, StepId, Strategy};

/// What of it runs there, in words; `None`: nothing, or the strategy has it run.
pub(crate) fn works_on(strategy: Strategy, facts: &Facts) -> Option<String> {
    match strategy {
        Strategy::BackupRestore | Strategy::PilotLight => {}
        // It stands by at a size of its own, and traffic decides what it does.
        Strategy::WarmStandby | Strategy::ActiveActive => return None,
    }
    if let Facts::LambdaFunction(function) = facts {
        let warm: u32 = function.provisioned.iter().map(|kept| kept.requested).sum();
        return (warm > 0).then(|| count(warm, "provisioned executions"));
    }
    let capacity = facts.capacity()?;
    let running = capacity.running.unwrap_or_default().max(capacity.desired);
    (running > 0).then(|| count(running, capacity.unit))
}

/// Each to nothing, floors included, so that nothing lifts it again. Ceilings stay: they are the failback's.
pub(in crate::plan) fn rest(draft: &mut Draft<'_>, after: &[StepId]) -> Result<(), Refusal> {
    let strategy = draft.picture.application.strategy;
    let from = &draft.movement.from;
    for (resource, unit) in sized(draft) {
        let Some(now) = draft.known(&resource.name, from) else { continue };
        if resource.spec.is_in(from) && works_on(strategy, now).is_some() {
            let at = At { resource, region: from, unit };
            lower_one(draft, at, (&emptied(now.clone()), now), after)?;
        }
    }
    Ok(())
}

fn emptied(mut facts: Facts) -> Facts {
    match &mut facts {
        Facts::EcsService(service) => {
            service.desired = 0;
            if let Some(bounds) = &mut service.scaling {
                bounds.min = 0;
            }
        }
        Facts::AutoScalingGroup(group) => (group.min, group.desired) = (0, 0),
        Facts::EksNodeGroup(group) => (group.min, group.desired) = (0, 0),
        Facts::LambdaFunction(function) => {
            function.provisioned.iter_mut().for_each(|kept| kept.requested = 0);
        }
        _ => {}
    }
    facts
}
