//! Which calls a step may make.

use super::*;
use crate::change::StoreEndpoint;
use crate::step::Work;
use crate::testing::region;

#[test]
fn only_the_call_of_the_plan_is_made() {
    let mut story = Story::started();
    story.look("observe-again");
    assert_eq!(code(story.start("scale-web", Some(scale(600)))), "not_in_plan");
    story.start("scale-web", Some(scale(6))).unwrap();
}

fn pointed(endpoint: Option<&str>, on_version: Option<&str>, parameter: &str) -> Change {
    Change::SetParameterEndpoint {
        region: region("eu-central-1"),
        parameter: parameter.into(),
        key: None,
        to: StoreEndpoint {
            store: name("orders"),
            endpoint: endpoint.map(Into::into),
            on_version: on_version.map(Into::into),
        },
    }
}

/// A run that may set an endpoint next, as this plan has it.
fn pointing(planned: Change) -> Story {
    let mut asked = Request { policy: policy(&[]), ..request() };
    asked.plan.steps.retain(|step| ["observe-again", "scale-web"].contains(&step.id.as_str()));
    asked.plan.steps[1].work = Work::Call { change: planned };
    let mut story = Story::of(sealed(asked));
    story.look("observe-again");
    story
}

#[test]
fn a_call_fills_in_what_the_plan_leaves_open_and_nothing_else() {
    let now = |endpoint, parameter| Some(pointed(Some(endpoint), Some("3"), parameter));
    let rule = || pointing(pointed(None, None, "/shop/database"));
    rule().start("scale-web", now("writer.example.com", "/shop/database")).unwrap();
    assert_eq!(code(rule().start("scale-web", now("writer.example.com", "/shop/other"))), "not_in_plan");
    let fixed = || pointing(pointed(Some("reader.example.com"), None, "/shop/database"));
    fixed().start("scale-web", now("reader.example.com", "/shop/database")).unwrap();
    assert_eq!(code(fixed().start("scale-web", now("writer.example.com", "/shop/database"))), "not_in_plan");
}
