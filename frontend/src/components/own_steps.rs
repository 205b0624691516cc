//! The steps of one's own that an application's plans are given: what each does, where it stands, when it is there.

use super::tone::badge;
use super::{applications, runs};
use crate::format;
use holdfast_api::runs::OtherRun;
use holdfast_domain::OwnStep;
use holdfast_domain::own_step::{InEmergency, OwnWork, Place, Until};
use leptos::prelude::*;

/// Kinds of steps that call what is one's own.
pub const CALLS: [&str; 3] = ["call_webhook", "invoke_lambda", "run_document"];

/// The kind of step that has another application make the same move.
pub const RUNS_A_PLAN: &str = "run_plan";

/// The run of another application that a step has asked for or waits for, with its page.
#[must_use]
pub fn other_run(run: &OtherRun) -> AnyView {
    let (tone, word) = runs::state_of(run.state, run.set_aside);
    let whose = if run.asked_for { "" } else { ", which somebody else asked for" };
    view! {
        <a class="target" href=runs::href(&run.run)>{format!("Run of {}", run.application)}</a>" "{badge(tone, word)}{whose}
        <div class="muted">{run.now.clone()}</div>
    }
    .into_any()
}

/// The page about what a webhook is signed with.
#[must_use]
pub fn secret_href(application: &str, step: &str) -> String {
    format!("{}/webhooks/{}/secret", applications::href(application), format::encode(step))
}

#[must_use]
pub fn list(application: &str, steps: &[OwnStep]) -> AnyView {
    let rows = steps
        .iter()
        .map(|step| {
            let when = step.moves.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(", ");
            let emergency = match step.in_emergency {
                InEmergency::CarriedOut => "in emergencies too",
                InEmergency::LeftOut => "left out of emergencies",
            };
            let fences = (!step.fences.is_empty()).then(|| {
                let stores = step.fences.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
                view! { <div class="muted">{format!("afterwards nothing writes to {stores} in the Region being left")}</div> }
            });
            let secret = matches!(step.work, OwnWork::Webhook { .. }).then(|| {
                let href = secret_href(application, step.name.as_str());
                view! { <div><a class="target" href=href>"Signing secret"<span class="sr">{format!(" of {}", step.name)}</span></a></div> }
            });
            view! {
                <tr>
                    <th scope="row">{step.name.to_string()}<div class="muted">{place(&step.place)}</div></th>
                    <td>{what(&step.work)}<div class="muted">{format!("{when}; {emergency}")}</div>{fences}{secret}</td>
                </tr>
            }
        })
        .collect_view();
    view! { <table class="plain pairs"><tbody>{rows}</tbody></table> }.into_any()
}

fn place(place: &Place) -> String {
    let phase = |p: &holdfast_domain::own_step::Phase| p.as_str().replace('_', " ");
    match place {
        Place::Before(p) => format!("before {}", phase(p)),
        Place::After(p) => format!("after {}", phase(p)),
        Place::BeforeStep(id) => format!("before the step {id}"),
        Place::AfterStep(id) => format!("after the step {id}"),
    }
}

fn what(work: &OwnWork) -> String {
    match work {
        OwnWork::Webhook { url } => format!("calls {url}, signed"),
        OwnWork::LambdaInvoke { account, region, function, .. } => {
            format!("invokes {function} in the {} Region of {account}", region.as_str())
        }
        OwnWork::SsmDocument { account, region, document, target_tag, target_value, .. } => format!(
            "runs {document} on {target_tag}={target_value} in the {} Region of {account}",
            region.as_str()
        ),
        OwnWork::WaitForPerson { says, group } => {
            let who = group.as_ref().map_or_else(|| "a person".to_owned(), |g| format!("somebody of {g}"));
            format!("waits until {who} says: {says}")
        }
        OwnWork::WaitForTime { until: Until::For(length) } => format!("waits {length}"),
        OwnWork::WaitForTime { until: Until::At(at) } => format!("waits until {at}"),
        OwnWork::WaitForSignal { signal, region } => {
            format!("waits until {signal} in the {} Region is well", region.as_str())
        }
        OwnWork::RunPlan { application } => {
            format!("has {application} make the same move, by a run of its own")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::Seconds;
    use holdfast_domain::own_step::Phase;

    #[test]
    fn a_step_says_where_it_stands_and_what_it_does() {
        assert_eq!(place(&Place::Before(Phase::MoveTraffic)), "before move traffic");
        assert_eq!(place(&Place::AfterStep("switch-orders".into())), "after the step switch-orders");
        let identity = OwnWork::RunPlan { application: "identity".parse().unwrap() };
        assert_eq!(what(&identity), "has identity make the same move, by a run of its own");
        assert_eq!(what(&OwnWork::WaitForTime { until: Until::For(Seconds(90)) }), "waits 1m30s");
    }
}
