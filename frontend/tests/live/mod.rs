//! An open page takes over its live parts and nothing else (`islands/patch.rs`): what a run moves must stand in one.

use crate::fixtures::{chrome, journals, runs, signed};
use holdfast_failover::StepState;
use holdfast_frontend::pages;
use jiff::SignedDuration;

/// The page's main part without its live parts.
fn still(html: &str) -> String {
    let main = html.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
    let (mut kept, mut rest) = (String::new(), main);
    while let Some(at) = rest.find(" data-live=") {
        let open = rest[..at].rfind('<').unwrap();
        kept.push_str(&rest[..open]);
        let name: String = rest[open + 1..].chars().take_while(char::is_ascii_alphanumeric).collect();
        rest = after_the_end_of(&name, &rest[open..]);
    }
    kept + rest
}

/// What comes after an element that `html` begins with.
fn after_the_end_of<'h>(name: &str, html: &'h str) -> &'h str {
    let closes = format!("</{name}>");
    // `<li`, and not `<line`.
    let opens = |html: &str| [" ", ">"].iter().filter_map(|next| html.find(&format!("<{name}{next}"))).min();
    let (mut depth, mut rest) = (1, &html[1..]);
    while depth > 0 {
        let close = rest.find(&closes).unwrap();
        match opens(rest) {
            Some(open) if open < close => (depth, rest) = (depth + 1, &rest[open + 1..]),
            _ => (depth, rest) = (depth - 1, &rest[close + closes.len()..]),
        }
    }
    rest
}

#[test]
fn nothing_that_a_run_moves_stands_outside_of_the_live_parts() {
    let html = |view| pages::run::page(view, journals::events(14), signed()).render(chrome("/runs/1"));
    let before = runs::live();
    let mut after = before.clone();
    after.at = after.at.saturating_add(SignedDuration::from_secs(95)).unwrap();
    after.seq += 3;
    let step = after.steps.iter_mut().find(|step| !step.state.is_done()).unwrap();
    (step.state, step.ended_at, step.note) =
        (StepState::Succeeded, Some(after.at), Some("it is done".into()));
    after.summary.steps_done += 1;
    after.summary.now = "Something else is under way".into();
    let (before, after) = (html(before), html(after));
    assert_ne!(before, after);
    assert_eq!(still(&before), still(&after));
}
