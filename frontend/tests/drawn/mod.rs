//! What the pages draw of a plan: its graph, and who takes over which share of a load.

use crate::fixtures::{self, plans, requests, runs};
use holdfast_failover::plan::Split;
use holdfast_failover::{RunState, StepState};
use holdfast_frontend::pages;
use holdfast_frontend::screen::Screen;

fn screen(page: Screen) -> String {
    fixtures::show("/", page)
}

fn split() -> Split {
    Split {
        leaving: "us-east-1".parse().unwrap(),
        rule: "The load of us-east-1 is split in the ratio of the stated percentages.".into(),
        shares: plans::shares(),
    }
}

fn nodes(html: &str) -> usize {
    html.matches("class=\"node-box\"").count()
}

#[test]
fn every_step_of_a_plan_is_drawn_and_named_where_it_is_reviewed() {
    let preview = requests::preview();
    let steps = preview.steps.clone();
    let html = screen(pages::review::page(preview, "key".into()));
    assert_eq!(nodes(&html), steps.len());
    for (number, step) in steps.iter().enumerate() {
        assert!(html.contains(&format!("href=\"#p-{}\"", step.id)), "{} is not to be reached", step.id);
        assert!(html.contains(&format!("<title>Step {}, ", number + 1)));
    }
    assert!(html.contains("<ol class=\"plan\">"), "the list stays what is read");
    assert!(!html.contains(" style="), "the policy of the page forbids it");
}

#[test]
fn a_step_that_waits_or_asks_first_looks_and_says_so() {
    let mut preview = requests::preview();
    preview.steps[1].kind = "wait_for_person".into();
    preview.steps[2].only_if = Some("the alarm lag in eu-central-1 is well".into());
    let html = screen(pages::review::page(preview, "key".into()));
    assert!(html.contains("Round: it waits."));
    assert!(html.contains("asks-first") && html.contains("only where the alarm lag in eu-central-1 is well"));
}

#[test]
fn a_live_run_draws_the_state_of_each_step_in_words_beside_its_colour() {
    let mut run = runs::base(RunState::Running);
    run.steps[0].state = StepState::Succeeded;
    run.steps[1].state = StepState::NeedsPerson;
    let html = screen(pages::run::page(run, vec![], fixtures::signed()));
    let node = |class: &str, word: &str| {
        let at =
            html.find(&format!("class=\"node {class}\"")).unwrap_or_else(|| panic!("no node is {class}"));
        html[at..].split("</g>").next().is_some_and(|node| node.contains(word))
    };
    assert!(node("good", "done") && node("bad", "needs a person") && node("quiet", "not begun"));
    assert!(html.contains("href=\"#d-step-"), "a node leads to its step");
}

#[test]
fn a_plan_of_one_step_is_not_drawn() {
    let mut preview = requests::preview();
    preview.steps.truncate(1);
    assert_eq!(nodes(&screen(pages::review::page(preview, "key".into()))), 0);
}

#[test]
fn both_forms_of_a_kept_plan_are_drawn_behind_folds() {
    let html = screen(pages::plan::page(plans::version()));
    assert!(html.contains("id=\"graph-planned\"") && html.contains("role=\"img\""));
}

#[test]
fn the_percentages_now_and_to_be_stand_on_review_run_and_plan() {
    let mut preview = requests::preview();
    preview.split = Some(split());
    let mut run = runs::base(RunState::Running);
    run.split = Some(split());
    let mut waiting = runs::base(RunState::AwaitingApproval);
    waiting.split = Some(split());
    let signed = fixtures::signed;
    for html in [
        screen(pages::review::page(preview, "key".into())),
        screen(pages::run::page(run, vec![], signed())),
        screen(pages::run::page(waiting, vec![], signed())),
        screen(pages::plan::page(plans::version())),
    ] {
        for words in ["25 %", "55 %", "45 %", "60 %", "leaves"] {
            assert!(html.contains(words), "{words}");
        }
    }
}

#[test]
fn shares_of_this_run_alone_are_chosen_by_a_plain_form_and_kept_in_what_is_sent() {
    let mut preview = requests::preview();
    preview.split = Some(split());
    let taken = [("eu-central-1".to_owned(), 60), ("ap-southeast-1".to_owned(), 40)];
    preview.request.split = Some(taken.into_iter().collect());
    let html = screen(pages::review::page(preview, "key".into()));
    assert!(html.contains("name=\"share_eu-central-1\"") && !html.contains("name=\"share_us-east-1\""));
    assert!(html.contains("name=\"split\" value=\"ap-southeast-1=40,eu-central-1=60\""));
    assert!(html.contains("split=ap-southeast-1%3D40%2Ceu-central-1%3D60"), "choosing a mode keeps them");
}
