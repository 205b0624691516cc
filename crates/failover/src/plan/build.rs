//! What is built before anything moves: the recovery stacks of pilot light and of backup and restore, one after the
//! other as the inventory has them, because later ones lean on earlier ones.

use super::Picture;
use super::draft::{Draft, Making};
use crate::change::{Change, StackBuild};
use crate::movement::{Intent, Movement};
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::StackStanding;
use holdfast_domain::resource::StackPlace;
use holdfast_domain::{Application, Facts, Name, Resource, ResourceSpec, Sight, StepId, Strategy};

/// What stands ready, or comes home, is not built.
fn builds(application: &Application, movement: &Movement) -> bool {
    matches!(application.strategy, Strategy::PilotLight | Strategy::BackupRestore)
        && movement.intent != Intent::Failback
}

/// Whether the move makes a stack in its target: one that has a template there and was seen not to stand.
fn makes_a_stack(picture: &Picture, movement: &Movement) -> bool {
    let has_template = |spec: &ResourceSpec| match spec {
        ResourceSpec::CloudformationStack(spec) => {
            spec.per_region.get(&movement.to).is_some_and(|place| place.template_url.is_some())
        }
        _ => false,
    };
    let stands_not = |resource: &Name| {
        let sight = picture.observations.get(&(resource.clone(), movement.to.clone()));
        matches!(sight.and_then(Sight::known), Some(Facts::Stack { stack: None }))
    };
    builds(&picture.application, movement)
        && picture.application.resources.iter().any(|r| has_template(&r.spec) && stands_not(&r.name))
}

/// Compute that AWS says is not in the target, where the move makes a stack that does not stand yet. Whether it stood
/// there once is no matter.
pub(crate) fn is_yet_to_be_made(picture: &Picture, movement: &Movement, resource: &Resource) -> bool {
    let sight = picture.observations.get(&(resource.name.clone(), movement.to.clone()));
    resource.spec.kind().unit().is_some()
        && matches!(sight, Some(Sight::Unknown { absent: true, .. }))
        && makes_a_stack(picture, movement)
}

/// The last step of building; `after` itself when nothing is built.
pub(super) fn stacks(draft: &mut Draft<'_>, after: StepId) -> Result<StepId, Refusal> {
    if !builds(&draft.picture.application, draft.movement) {
        return Ok(after);
    }
    let mut last = after;
    for resource in &draft.picture.application.resources {
        let ResourceSpec::CloudformationStack(spec) = &resource.spec else { continue };
        let to = &draft.movement.to;
        let Some(place) = spec.per_region.get(to) else {
            draft.note(format!("{} has no stack in {to}; nothing of it is built there.", resource.name));
            continue;
        };
        let Some(template_url) = &place.template_url else {
            draft.note(format!("{} is not built: its entry has no `template_url`.", resource.name));
            continue;
        };
        let build = StackBuild {
            stack: place.stack.clone(),
            template_url: template_url.clone(),
            parameters: place.parameters.clone(),
            role_arn: place.role_arn.clone(),
        };
        last = step(draft, &resource.name, place, build, last)?;
    }
    Ok(last)
}

fn step(
    draft: &mut Draft<'_>,
    name: &Name,
    place: &StackPlace,
    build: StackBuild,
    after: StepId,
) -> Result<StepId, Refusal> {
    let region = draft.movement.to.clone();
    // One that was never seen is created: where it is there after all, the step finds it.
    let stands = match draft.last(name, &region) {
        Some(Facts::Stack { stack: Some(stack) }) => Some(stack),
        _ => None,
    };
    if let Some(failed) = stands.filter(|stack| stack.standing() == StackStanding::Failed) {
        draft.cannot(
            &format!(
                "Stack {name} in {region} is {}, and can be neither created nor updated.",
                failed.status
            ),
            "Delete it, or mend what its events name, and request the run anew.",
        )?;
        return Ok(after);
    }
    if place.role_arn.is_none() && stands.is_none_or(|stack| stack.role_arn.is_none()) {
        draft.note(format!(
            "{name} has no `role_arn`: CloudFormation works as the step's own session, which may make none of the stack's resources."
        ));
    }
    draft.note(format!(
        "Building {name} may make names (balancers, databases), which needs Route 53 in us-east-1; what stands beforehand does not."
    ));
    let parameters: Vec<String> =
        build.parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let value_to_be = match parameters.as_slice() {
        [] => format!("built from {}", build.template_url),
        some => format!("built from {} with {}", build.template_url, some.join(", ")),
    };
    let value_now = match (stands, draft.last(name, &region)) {
        (Some(stack), _) => stack.status.clone(),
        (None, Some(_)) => "not there".into(),
        (None, None) => "not known".into(),
    };
    let (verb, change) = match stands {
        Some(_) => ("Update", Change::UpdateStack { region: region.clone(), build }),
        None => ("Create", Change::CreateStack { region: region.clone(), build }),
    };
    draft.add(Making {
        id: ("build", &[name.as_str()]),
        title: format!("{verb} stack {} in {region}", place.stack),
        work: Work::Call { change },
        resource: Some(name),
        regions: vec![region],
        after: vec![after],
        timeout_seconds: 7200,
        value_now,
        value_to_be,
        ..Making::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movement::Mode;
    use crate::plan::Picture;
    use crate::testing::world::{A, B, application, key, known, shop, stack, stack_facts};
    use crate::testing::{failover, step_id};

    fn picture(facts: Option<Facts>) -> Picture {
        let resources = vec![stack("network"), stack("platform")];
        let mut picture =
            Picture { application: application(Strategy::PilotLight, &[A, B], resources), ..shop() };
        picture.observations.insert(key("network", B), known(stack_facts("CREATE_COMPLETE", -1000)));
        if let Some(facts) = facts {
            picture.observations.insert(key("platform", B), known(facts));
        }
        picture
    }

    fn built(picture: &Picture, mode: Mode) -> Result<Vec<(String, String, &'static str)>, Refusal> {
        let movement = failover(mode);
        let mut draft = Draft::new(picture, &movement);
        stacks(&mut draft, step_id("observe-again"))?;
        let (plan, _) = draft.finish()?;
        let told = |step: &crate::step::Step| (step.id.to_string(), step.after[0].to_string(), step.kind());
        Ok(plan.steps.iter().map(told).collect())
    }

    #[test]
    fn stacks_are_built_one_after_the_other_created_or_updated_as_they_stand() {
        for (facts, second) in [
            (Some(Facts::Stack { stack: None }), "create_stack"),
            (None, "create_stack"),
            (Some(stack_facts("UPDATE_ROLLBACK_COMPLETE", -9)), "update_stack"),
        ] {
            let steps = built(&picture(facts), Mode::Emergency).unwrap();
            let text = |a: &str, b: &str, kind| (a.to_owned(), b.to_owned(), kind);
            assert_eq!(
                steps,
                [
                    text("build-network", "observe-again", "update_stack"),
                    text("build-platform", "build-network", second)
                ]
            );
        }
    }

    #[test]
    fn a_stack_that_cannot_be_built_refuses_a_planned_move_and_no_emergency() {
        let broken = picture(Some(stack_facts("ROLLBACK_COMPLETE", -9)));
        assert_eq!(built(&broken, Mode::Planned).unwrap_err().code, "not_ready");
        assert_eq!(built(&broken, Mode::Emergency).unwrap().len(), 1);
    }

    #[test]
    fn what_stands_ready_in_a_warm_standby_is_not_built() {
        let mut picture = picture(None);
        picture.application.strategy = Strategy::WarmStandby;
        assert_eq!(built(&picture, Mode::Planned).unwrap(), []);
    }
}
